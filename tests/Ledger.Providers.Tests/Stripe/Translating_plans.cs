using Ledger.Domain.Payments;

namespace Ledger.Providers.Tests.Stripe;

public sealed class Translating_plans
{
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000);
    private static readonly DateTimeOffset End = DateTimeOffset.FromUnixTimeSeconds(1_792_592_000);

    // As it is since 2025-03-31, and as it was before.
    private const string NewInvoice = """
        {"id":"in_1","object":"invoice","status":"paid","number":"A-1","billing_reason":"subscription_cycle","total":2999,"amount_paid":2999,"currency":"usd","customer":"cus_1","attempt_count":1,"next_payment_attempt":null,"metadata":{},
         "period_start":1,"period_end":2,"hosted_invoice_url":"https://invoice.example.test/1",
         "parent":{"type":"subscription_details","subscription_details":{"subscription":"sub_1","metadata":{"ledger_account":"acct_1"}}},
         "lines":{"has_more":true,"data":[{"id":"il_1","amount":2999,"currency":"usd","quantity":2,"period":{"start":1790000000,"end":1792592000},"pricing":{"price_details":{"price":"price_1"}},
                   "parent":{"subscription_item_details":{"subscription":"sub_1","proration":false}}}]}}
        """;

    private const string OldInvoice = """
        {"id":"in_1","object":"invoice","status":"paid","number":"A-1","billing_reason":"subscription_cycle","total":2999,"amount_paid":2999,"currency":"usd","customer":"cus_1","attempt_count":1,"metadata":{},"paid":true,
         "subscription":"sub_1","subscription_details":{"metadata":{"ledger_account":"acct_1"}},"payment_intent":"pi_1","charge":"ch_1","hosted_invoice_url":"https://invoice.example.test/1",
         "lines":{"has_more":true,"data":[{"id":"il_1","amount":2999,"currency":"usd","quantity":2,"period":{"start":1790000000,"end":1792592000},"price":{"id":"price_1"},"subscription":"sub_1","proration":false}]}}
        """;

    [Theory]
    [InlineData(NewInvoice, "2026-07-29.dahlia", false)]
    [InlineData(OldInvoice, "2024-06-20", true)]
    public void a_paid_invoice_is_read_in_both_shapes(string about, string version, bool old)
    {
        var told = Payloads.Told("invoice.paid", about, version).Only<InvoiceTold>();
        (told.InvoiceId, told.Status, told.News, told.Number, told.BillingReason).ShouldBe(("in_1", ToldInvoiceStatus.Paid, InvoiceNews.Paid, "A-1", "subscription_cycle"));
        (told.Total, told.AmountPaid, told.AttemptCount, told.NextAttemptAt, told.HasMoreLines).ShouldBe((Orders.Usd(2999), Orders.Usd(2999), 1, null, true));
        told.Lines.ShouldBe([new InvoiceLineTold("price_1", 2, Orders.Usd(2999), Start, End, false)]);
        told.Marks.Account.ShouldBe("acct_1");
        told.Refs.ShouldBe(new ProviderRefs { InvoiceId = "in_1", SubscriptionId = "sub_1", CustomerId = "cus_1", PaymentIntentId = old ? "pi_1" : null, ChargeId = old ? "ch_1" : null });
    }

    [Theory]
    [InlineData("invoice.payment_failed", "open", InvoiceNews.PaymentFailed, ToldInvoiceStatus.Open)]
    [InlineData("invoice.payment_action_required", "open", InvoiceNews.ActionRequired, ToldInvoiceStatus.Open)]
    [InlineData("invoice.created", "draft", InvoiceNews.Changed, ToldInvoiceStatus.Draft)]
    [InlineData("invoice.finalized", "open", InvoiceNews.Changed, ToldInvoiceStatus.Open)]
    [InlineData("invoice.voided", "void", InvoiceNews.Changed, ToldInvoiceStatus.Void)]
    [InlineData("invoice.marked_uncollectible", "uncollectible", InvoiceNews.Changed, ToldInvoiceStatus.Uncollectible)]
    public void an_invoice_says_what_happened_to_it(string type, string word, InvoiceNews news, ToldInvoiceStatus status)
    {
        var told = Payloads.Told(type, NewInvoice.Replace("\"status\":\"paid\"", $"\"status\":\"{word}\"").Replace("\"next_payment_attempt\":null", "\"next_payment_attempt\":1792592000")).Only<InvoiceTold>();
        (told.News, told.Status, told.NextAttemptAt).ShouldBe((news, status, End));
    }

    [Fact]
    public void the_payment_of_an_invoice_links_it_to_its_intent()
    {
        var told = Payloads.Told("invoice_payment.paid", """{"id":"inpay_1","object":"invoice_payment","invoice":"in_1","payment":{"type":"payment_intent","payment_intent":"pi_1"},"status":"paid"}""").Only<DetailsTold>();
        told.Refs.ShouldBe(new ProviderRefs { InvoiceId = "in_1", PaymentIntentId = "pi_1" });
    }

    [Theory]
    [InlineData("""{"id":"sub_1","object":"subscription","status":"trialing","customer":"cus_1","items":{"data":[{"id":"si_1","quantity":3,"price":{"id":"price_1"},"current_period_start":1790000000,"current_period_end":1792592000}]},"trial_start":1790000000,"trial_end":1792592000,"cancel_at":1792592000,"cancel_at_period_end":false,"metadata":{"ledger_account":"acct_1"}}""")]
    [InlineData("""{"id":"sub_1","object":"subscription","status":"trialing","customer":"cus_1","current_period_start":1790000000,"current_period_end":1792592000,"items":{"data":[{"id":"si_1","quantity":3,"plan":{"id":"price_1"}}]},"trial_start":1790000000,"trial_end":1792592000,"cancel_at":1792592000,"cancel_at_period_end":false,"metadata":{"ledger_account":"acct_1"}}""")]
    public void a_subscription_is_read_in_both_shapes(string about)
    {
        var told = Payloads.Told("customer.subscription.trial_will_end", about).Only<SubscriptionTold>();
        (told.SubscriptionId, told.Status, told.TrialEndsSoon, told.CancelAtPeriodEnd).ShouldBe(("sub_1", ToldSubscriptionStatus.Trialing, true, false));
        (told.TrialStart, told.TrialEnd, told.CancelAt, told.EndedAt).ShouldBe((Start, End, End, null));
        told.Items.ShouldBe([new SubscriptionItemTold("si_1", "price_1", 3, Start, End)]);
        told.Marks.Account.ShouldBe("acct_1");
    }

    [Theory]
    [InlineData("created", "incomplete", ToldSubscriptionStatus.Incomplete)]
    [InlineData("updated", "incomplete_expired", ToldSubscriptionStatus.IncompleteExpired)]
    [InlineData("updated", "active", ToldSubscriptionStatus.Active)]
    [InlineData("updated", "past_due", ToldSubscriptionStatus.PastDue)]
    [InlineData("updated", "unpaid", ToldSubscriptionStatus.Unpaid)]
    [InlineData("paused", "paused", ToldSubscriptionStatus.Paused)]
    [InlineData("resumed", "active", ToldSubscriptionStatus.Active)]
    [InlineData("deleted", "canceled", ToldSubscriptionStatus.Canceled)]
    public void a_subscription_stands_where_stripe_says(string type, string word, ToldSubscriptionStatus status)
    {
        var told = Payloads.Told($"customer.subscription.{type}", $$$"""{"id":"sub_1","object":"subscription","status":"{{{word}}}","ended_at":1792592000,"cancellation_details":{"reason":"payment_failed"}}""").Only<SubscriptionTold>();
        (told.Status, told.EndedAt, told.CancelReason, told.TrialEndsSoon).ShouldBe((status, End, "payment_failed", false));
    }
}
