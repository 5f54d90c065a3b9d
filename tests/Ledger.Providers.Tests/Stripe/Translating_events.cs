using Ledger.Domain.Payments;
using Ledger.Providers.Stripe;

namespace Ledger.Providers.Tests.Stripe;

public sealed class Translating_events
{
    [Theory]
    [InlineData("checkout.session.completed", "paid", PaymentStatus.Succeeded)]
    [InlineData("checkout.session.completed", "no_payment_required", PaymentStatus.Succeeded)]
    [InlineData("checkout.session.completed", "unpaid", PaymentStatus.Pending)]
    [InlineData("checkout.session.async_payment_succeeded", "paid", PaymentStatus.Succeeded)]
    [InlineData("checkout.session.async_payment_failed", "unpaid", PaymentStatus.Failed)]
    [InlineData("checkout.session.expired", "unpaid", PaymentStatus.Expired)]
    public void a_session_tells_how_its_payment_stands(string type, string paid, PaymentStatus status)
    {
        var told = Payloads.Told(type, Payloads.Session(paid: paid)).Only<PaymentTold>();
        (told.Status, told.Amount, told.IsHint, told.Provider).ShouldBe((status, Orders.Usd(1500), false, "stripe"));
        told.Refs.ShouldBe(new ProviderRefs { CheckoutSessionId = "cs_1", PaymentIntentId = "pi_1", CustomerId = "cus_1" });
        told.Marks.ShouldBe(new LedgerMarks("default", "acct_1", "pay_1"));
        told.At.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1_790_000_000));
    }

    [Fact]
    public void a_session_of_a_plan_pays_its_first_period_and_leads_to_the_subscription()
    {
        const string About = """{"id":"cs_1","object":"checkout.session","mode":"subscription","status":"complete","payment_status":"paid","amount_total":2999,"currency":"usd","subscription":"sub_1","invoice":"in_1","customer":"cus_1","metadata":{"ledger_payment":"pay_1","ledger_credits":"99"}}""";
        var told = Payloads.Told("checkout.session.completed", About).Only<PaymentTold>();
        (told.Status, told.Amount).ShouldBe((PaymentStatus.Succeeded, Orders.Usd(2999)));
        told.Refs.ShouldBe(new ProviderRefs { CheckoutSessionId = "cs_1", SubscriptionId = "sub_1", InvoiceId = "in_1", CustomerId = "cus_1" });
        // What it grants, its paid invoices grant, whatever else is written on it.
        told.Marks.ShouldBe(new LedgerMarks(Payment: "pay_1"));
        Payloads.Told("checkout.session.completed", About.Replace("\"paid\"", "\"unpaid\"")).Only<PaymentTold>().Status.ShouldBe(PaymentStatus.Pending);
        Payloads.Told("checkout.session.expired", About).Only<PaymentTold>().Status.ShouldBe(PaymentStatus.Expired);
    }

    [Fact]
    public void a_session_of_a_plan_on_trial_is_done_and_took_nothing()
    {
        var told = Payloads.Told("checkout.session.completed", """{"id":"cs_1","object":"checkout.session","mode":"subscription","status":"complete","payment_status":"no_payment_required","amount_total":0,"currency":"usd","subscription":"sub_1","invoice":"in_1","customer":"cus_1","metadata":{"ledger_payment":"pay_1"}}""").Only<PaymentTold>();
        (told.Status, told.Amount, told.Refs.SubscriptionId, told.Marks.Payment).ShouldBe((PaymentStatus.Succeeded, Orders.Usd(0), "sub_1", "pay_1"));
    }

    [Theory]
    [InlineData("setup")]
    [InlineData("something_new")]
    public void a_session_of_another_mode_is_ignored(string mode) =>
        Payloads.Told("checkout.session.completed", $$$"""{"id":"cs_1","object":"checkout.session","mode":"{{{mode}}}","payment_status":"no_payment_required","amount_total":null,"currency":null,"metadata":{}}""").Only<IgnoredFact>();

    [Theory]
    [InlineData("payment_intent.created", PaymentStatus.Pending, 4000, null)]
    [InlineData("payment_intent.processing", PaymentStatus.Pending, 4000, null)]
    [InlineData("payment_intent.requires_action", PaymentStatus.RequiresAction, 4000, null)]
    [InlineData("payment_intent.amount_capturable_updated", PaymentStatus.Authorized, 3000, null)]
    [InlineData("payment_intent.succeeded", PaymentStatus.Succeeded, 2500, null)]
    [InlineData("payment_intent.canceled", PaymentStatus.Canceled, 4000, "abandoned")]
    public void an_intent_tells_of_what_was_received_once_it_was(string type, PaymentStatus status, long amount, string? reason)
    {
        var told = Payloads.Told(type, Payloads.Intent()).Only<PaymentTold>();
        (told.Status, told.Amount, told.Reason, told.MayStillSucceed).ShouldBe((status, Orders.Usd(amount), reason, false));
        told.Refs.ShouldBe(new ProviderRefs { PaymentIntentId = "pi_1", ChargeId = "ch_1", CustomerId = "cus_1" });
    }

    [Fact]
    public void a_failed_try_keeps_its_reason_and_may_still_succeed()
    {
        var told = Payloads.Told("payment_intent.payment_failed", Payloads.Intent("requires_payment_method", ""","last_payment_error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds"}""")).Only<PaymentTold>();
        (told.Status, told.MayStillSucceed, told.Reason).ShouldBe((PaymentStatus.Failed, true, "card_declined: insufficient_funds"));
    }

    [Fact]
    public void ids_are_read_as_such_and_as_the_objects_that_they_name()
    {
        var told = Payloads.Told("payment_intent.succeeded", Payloads.Intent().Replace("\"latest_charge\":\"ch_1\"", "\"latest_charge\":" + Payloads.Charge(2500, 0)).Replace("\"cus_1\"", """{"id":"cus_1","object":"customer"}""")).Only<PaymentTold>();
        told.Refs.ShouldBe(new ProviderRefs { PaymentIntentId = "pi_1", ChargeId = "ch_1", CustomerId = "cus_1" });
        told.Method!.Last4.ShouldBe("4242");
    }

    [Fact]
    public void credits_for_a_payment_made_elsewhere_are_read_as_they_were_written() =>
        Payloads.Told("payment_intent.succeeded", """{"id":"pi_1","object":"payment_intent","status":"succeeded","amount_received":500,"currency":"usd","metadata":{"ledger_account":"acct_9","ledger_credits":"5.250000"}}""")
            .Only<PaymentTold>().Marks.ShouldBe(new LedgerMarks(null, "acct_9", null, "5.250000"));

    [Theory]
    [InlineData("charge.succeeded")]
    [InlineData("charge.captured")]
    [InlineData("charge.updated")]
    [InlineData("charge.failed")]
    [InlineData("charge.expired")]
    public void a_charge_brings_details_only(string type) =>
        Payloads.Told(type, Payloads.Charge(captured: 2500, refunded: 1500)).Only<DetailsTold>().Method.ShouldBe(new MethodShown("card", "visa", "4242", 12, 2034, "pm_1"));

    [Theory]
    [InlineData(4000, 500, 500)]
    [InlineData(4000, 4000, 4000)]
    [InlineData(2500, 2000, 500)] // 1500 were let go, not given back
    public void what_was_refunded_in_all_counts_captured_money_only(long captured, long refunded, long total) =>
        Payloads.Told("charge.refunded", Payloads.Charge(captured, refunded)).Only<RefundedSoFarTold>().Total.ShouldBe(Orders.Usd(total));

    [Theory]
    [InlineData(2500, 1500)]
    [InlineData(0, 4000)]
    public void what_was_only_let_go_is_no_refund(long captured, long refunded) => Payloads.Told("charge.refunded", Payloads.Charge(captured, refunded)).Only<IgnoredFact>();

    [Theory]
    [InlineData("refund.created", "pending", RefundStatus.Pending)]
    [InlineData("refund.created", "requires_action", RefundStatus.Pending)]
    [InlineData("refund.updated", "succeeded", RefundStatus.Succeeded)]
    [InlineData("refund.failed", "failed", RefundStatus.Failed)]
    [InlineData("charge.refund.updated", "canceled", RefundStatus.Canceled)]
    public void a_refund_is_told_by_its_id(string type, string word, RefundStatus status)
    {
        var told = Payloads.Told(type, Payloads.Refund(word)).Only<RefundTold>();
        (told.RefundId, told.OurRefundId, told.Amount, told.Status, told.IsHint).ShouldBe(("re_1", "ref_1", Orders.Usd(500), status, false));
        told.Refs.ShouldBe(new ProviderRefs { PaymentIntentId = "pi_1", ChargeId = "ch_1" });
    }

    [Fact]
    public void a_refund_that_moved_no_money_is_asked_about_and_a_lapsed_hold_is_none()
    {
        Payloads.Told("refund.updated", Payloads.Refund("succeeded", ""","balance_transaction":null""")).Only<RefundTold>().IsHint.ShouldBeTrue();
        Payloads.Told("refund.updated", Payloads.Refund("succeeded", ""","balance_transaction":"txn_1" """)).Only<RefundTold>().IsHint.ShouldBeFalse();
        Payloads.Told("refund.created", Payloads.Refund("succeeded", ""","reason":"expired_uncaptured_charge" """)).Only<IgnoredFact>();
    }

    [Theory]
    [InlineData("charge.dispute.created", "needs_response", DisputeStatus.Open)]
    [InlineData("charge.dispute.updated", "under_review", DisputeStatus.Open)]
    [InlineData("charge.dispute.funds_withdrawn", "needs_response", DisputeStatus.Open)]
    [InlineData("charge.dispute.closed", "won", DisputeStatus.Won)]
    [InlineData("charge.dispute.funds_reinstated", "won", DisputeStatus.Won)]
    [InlineData("charge.dispute.closed", "lost", DisputeStatus.Lost)]
    [InlineData("charge.dispute.created", "warning_needs_response", DisputeStatus.Inquiry)]
    [InlineData("charge.dispute.closed", "warning_closed", DisputeStatus.Inquiry)]
    public void a_dispute_tells_how_it_stands(string type, string word, DisputeStatus status)
    {
        var told = Payloads.Told(type, Payloads.Dispute(word)).Only<DisputeTold>();
        (told.DisputeId, told.Amount, told.Status, told.Reason).ShouldBe(("du_1", Orders.Usd(700), status, "fraudulent"));
    }

    [Fact]
    public void a_dispute_that_was_prevented_never_was() => Payloads.Told("charge.dispute.closed", Payloads.Dispute("prevented")).Only<IgnoredFact>();

    [Fact]
    public void a_customer_is_linked_and_unlinked()
    {
        const string About = """{"id":"cus_1","object":"customer","metadata":{"ledger_account":"acct_1"}}""";
        var told = Payloads.Told("customer.created", About).Only<CustomerTold>();
        (told.Refs.CustomerId, told.Marks.Account, told.Deleted).ShouldBe(("cus_1", "acct_1", false));
        Payloads.Told("customer.deleted", About).Only<CustomerTold>().Deleted.ShouldBeTrue();
    }

    [Theory]
    [InlineData("billing_portal.session.created")]
    [InlineData("invoice.payment_succeeded")] // the twin of invoice.paid
    [InlineData("never.heard.of")]
    public void all_else_is_ignored(string type) => Payloads.Told(type, """{"id":"x_1","object":"x"}""").Only<IgnoredFact>().Why.ShouldNotBeEmpty();

    [Fact]
    public void thin_events_are_another_product() =>
        StripeEvents.Translate("""{"id":"evt_1","object":"v2.core.event","type":"v1.payment_intent.succeeded","related_object":{"id":"pi_1"}}"""u8).Only<IgnoredFact>();

    [Theory]
    [InlineData("payment_intent.succeeded", """{"id":"pi_1","object":"payment_intent","status":"succeeded","currency":"usd"}""")]
    [InlineData("payment_intent.succeeded", """{"object":"payment_intent","status":"succeeded","currency":"usd","amount_received":5}""")]
    [InlineData("checkout.session.completed", """{"id":"cs_1","mode":"payment","payment_status":"half_paid","amount_total":5,"currency":"usd"}""")]
    [InlineData("checkout.session.completed", """{"id":"cs_1","mode":"payment","payment_status":"paid","amount_total":null,"currency":null}""")]
    [InlineData("charge.dispute.created", """{"id":"du_1","amount":5,"currency":"usd","status":"new_word"}""")]
    [InlineData("refund.created", """{"id":"re_1","amount":5,"currency":"usd","status":"new_word"}""")]
    [InlineData("charge.refunded", """{"id":"ch_1","currency":"usd"}""")]
    [InlineData("invoice.paid", """{"id":"in_1","currency":"usd","status":"paid"}""")]
    public void what_lacks_what_it_must_have_is_kept_for_later(string type, string about) => Should.Throw<UnreadableNotificationException>(() => Payloads.Told(type, about));

    [Fact]
    public void an_event_without_an_object_or_a_body_without_an_event_is_kept_for_later()
    {
        Should.Throw<UnreadableNotificationException>(() => StripeEvents.Translate("""{"id":"evt_1","object":"event","type":"charge.refunded","data":{}}"""u8));
        Should.Throw<UnreadableNotificationException>(() => StripeEvents.Translate("[]"u8));
    }
}
