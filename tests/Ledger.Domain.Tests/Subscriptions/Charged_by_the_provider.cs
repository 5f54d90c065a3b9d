using Ledger.Domain.Accounts;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

/// <summary>What a provider charges by itself: a payment and an invoice for each of its invoices, in whatever order it tells of them. The world checks after each step that both say the same.</summary>
public sealed class Charged_by_the_provider
{
    private static readonly string[] Told = ["finalized", "failed", "paid"];

    private readonly SubscriptionWorld world = new();

    private static DateTimeOffset On(int month, int day) => SubscriptionWorld.On(2026, month, day);

    private SubscriptionId Active()
    {
        var (payment, id) = world.Buy("basic", "stripe");
        world.Pay(payment);
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active));
        world.Tell(id, world.Invoiced(InvoiceNews.Paid));
        world.Now = On(2, 28).AddMinutes(2);
        return id;
    }

    private SubscriptionDecision Tell(SubscriptionId id, string news, string invoice = "in_2", ProviderRefs? more = null)
    {
        var told = world.Invoiced(news switch { "paid" => InvoiceNews.Paid, "failed" => InvoiceNews.PaymentFailed, "action" => InvoiceNews.ActionRequired, _ => InvoiceNews.Changed }, On(2, 28), invoice);
        told = told with
        {
            Status = news switch { "void" => ToldInvoiceStatus.Void, "uncollectible" => ToldInvoiceStatus.Uncollectible, _ => told.Status },
            AmountDue = new(1000, "usd"),
            NextAttemptAt = news == "failed" ? world.Now.AddDays(3) : null,
            Refs = more is null ? told.Refs : told.Refs.With(more),
        };
        return world.Tell(id, told);
    }

    public static TheoryData<string> Orders => [.. new int[][] { [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0] }.Select(order => string.Join(' ', order.Select(at => Told[at])))];

    [Theory]
    [MemberData(nameof(Orders))]
    public void Its_invoices_are_heard_in_any_order_and_twice_and_come_to_one_payment_and_one_invoice(string order)
    {
        var id = Active();
        foreach (var news in order.Split(' '))
        {
            Tell(id, news);
            Tell(id, news);
        }

        var (payment, invoice) = (world.Billed("in_2"), world.BillOf("in_2"));
        (payment.Status, payment.IsFulfilled, payment.Purpose, payment.Attention, payment.Item!.Id).ShouldBe((PaymentStatus.Succeeded, true, PaymentPurpose.Subscription, null, "basic"));
        (invoice.Status, invoice.Total.Amount, invoice.ProviderInvoiceId, invoice.Lines[0].PeriodStart).ShouldBe((InvoiceStatus.Paid, 1000, "in_2", On(2, 28)));
        (world[id].Status, world[id].Period, world[id].PaidBy, world.Account.Balance).ShouldBe((SubscriptionStatus.Active, 2, payment.Id, 150));
        world.Payments.Count().ShouldBe(2);
        world.Invoices.Count().ShouldBe(2);
        world.Check();
    }

    [Fact]
    public void Before_it_is_paid_it_is_pending_failed_or_taken_back()
    {
        var id = Active();
        Tell(id, "finalized");
        (world.Billed("in_2").Status, world.BillOf("in_2").Status, world.Account.Balance).ShouldBe((PaymentStatus.Pending, InvoiceStatus.Pending, 100));
        Tell(id, "failed");
        (world.Billed("in_2").Status, world.BillOf("in_2").Status, world.BillOf("in_2").Reason).ShouldBe((PaymentStatus.Pending, InvoiceStatus.Failed, "charging it failed"));
        Tell(id, "failed").ShouldBeOfType<SubscriptionDecision.Nothing>();
        world.Tell(world.Billed("in_2").Id, new PaymentTold { Provider = "stripe", Refs = new() { PaymentIntentId = "pi_2", InvoiceId = "in_2" }, Status = PaymentStatus.Failed, MayStillSucceed = true, Reason = "card_declined" });
        world.BillOf("in_2").Reason.ShouldBe("card_declined");
        Tell(id, "action");
        world.Billed("in_2").Status.ShouldBe(PaymentStatus.RequiresAction);
        Tell(id, "void");
        (world.Billed("in_2").Status, world.BillOf("in_2").Status).ShouldBe((PaymentStatus.Canceled, InvoiceStatus.Void));
        Tell(id, "finalized").ShouldBeOfType<SubscriptionDecision.Nothing>("it was taken back since");

        Tell(id, "void", "in_3");
        Tell(id, "finalized", "in_3");
        world.Billed("in_3").Status.ShouldBe(PaymentStatus.Canceled);
        world.Invoices.Count().ShouldBe(2, "what was taken back before anything was known of it uses no number");
        Tell(id, "uncollectible", "in_4");
        (world.Billed("in_4").Status, world.BillOf("in_4").Status).ShouldBe((PaymentStatus.Failed, InvoiceStatus.Failed));
        Tell(id, "paid", "in_4");
        (world.Billed("in_4").Status, world.BillOf("in_4").Status, world.Account.Balance).ShouldBe((PaymentStatus.Succeeded, InvoiceStatus.Paid, 150), "a bad debt may still be paid");
        world.Check();
    }

    [Fact]
    public void A_success_of_its_intent_pays_it_and_gives_nothing_until_the_invoice_is_paid()
    {
        var id = Active();
        Tell(id, "finalized", more: new() { PaymentIntentId = "pi_2" });
        world.Tell(world.Billed("in_2").Id, new PaymentTold { Provider = "stripe", Refs = new() { PaymentIntentId = "pi_2", ChargeId = "ch_2" }, Status = PaymentStatus.Succeeded, Amount = new(1000, "usd") });
        (world.Billed("in_2").Status, world.Billed("in_2").IsFulfilled, world.BillOf("in_2").Status, world.Account.Balance).ShouldBe((PaymentStatus.Succeeded, false, InvoiceStatus.Paid, 100));
        Tell(id, "paid");
        Tell(id, "paid").ShouldBeOfType<SubscriptionDecision.Nothing>();
        (world.Billed("in_2").IsFulfilled, world.Billed("in_2").Refs.ChargeId, world.Account.Balance).ShouldBe((true, "ch_2", 150));
        world.Check();
    }

    [Fact]
    public void What_goes_back_takes_the_period_back_and_is_credited_and_what_is_lost_is_past_due()
    {
        var id = Active();
        Tell(id, "paid");
        var payment = world.Billed("in_2").Id;
        world.Tell(payment, Refund(400, "re_1"));
        (world[id].Status, world.Account.Balance, world.BillOf("in_2").Credited.Amount).ShouldBe((SubscriptionStatus.Active, 150, 400));
        world.Tell(payment, Refund(600, "re_2"));
        (world[id].Status, world.Account.Balance, world.BillOf("in_2").Status, world[payment].Status).ShouldBe((SubscriptionStatus.PastDue, 50, InvoiceStatus.Refunded, PaymentStatus.Refunded));
        Tell(id, "paid").ShouldBeOfType<SubscriptionDecision.Nothing>();

        Tell(id, "paid", "in_2b");
        (world[id].Status, world[id].PaidBy, world.Billed("in_2b").IsFulfilled, world.Billed("in_2b").Attention).ShouldBe((SubscriptionStatus.Active, world.Billed("in_2b").Id, true, null), "what was missing is paid");
        world.Tell(world.Billed("in_2b").Id, new DisputeTold { Provider = "stripe", DisputeId = "du_1", Amount = new(1000, "usd"), Status = DisputeStatus.Lost });
        (world[id].Status, world.BillOf("in_2b").Credited.Amount).ShouldBe((SubscriptionStatus.PastDue, 1000));
        world.Check();
    }

    [Fact]
    public void Nothing_is_given_for_money_that_had_gone_back_before_its_invoice_was_heard()
    {
        var id = Active();
        Tell(id, "finalized", more: new() { PaymentIntentId = "pi_2" });
        var payment = world.Billed("in_2").Id;
        world.Tell(payment, Refund(1000, "re_1")).ShouldBeOfType<PaymentDecision.Waits>();
        world.Tell(payment, new PaymentTold { Provider = "stripe", Refs = new() { PaymentIntentId = "pi_2" }, Status = PaymentStatus.Succeeded, Amount = new(1000, "usd") });
        world.Tell(payment, Refund(1000, "re_1"));
        Tell(id, "paid");
        (world[id].Period, world.Account.Balance, world[payment].Status, world.BillOf("in_2").Status).ShouldBe((1, 100, PaymentStatus.Refunded, InvoiceStatus.Refunded));
        world.Check();
    }

    [Fact]
    public void Money_for_which_nothing_can_be_given_is_kept_and_somebody_looks()
    {
        var id = Active();
        world.Now = On(3, 28).AddMinutes(2);
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(3, 28), "in_3"));
        var balance = world.Account.Balance;
        Tell(id, "paid");
        (world.Billed("in_2").Status, world.Billed("in_2").IsFulfilled, world.BillOf("in_2").Status, world.Account.Balance).ShouldBe((PaymentStatus.Succeeded, false, InvoiceStatus.Paid, balance));
        world.Billed("in_2").Attention!.ShouldContain("which was over");
        Tell(id, "paid").ShouldBeOfType<SubscriptionDecision.Nothing>();

        world.Do(new CloseAccount { Account = SubscriptionWorld.Id, Forfeit = true });
        world.Now = On(4, 28);
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(4, 28), "in_4"));
        (world[id].Status, world.Billed("in_4").Status, world.BillOf("in_4").Status).ShouldBe((SubscriptionStatus.Canceled, PaymentStatus.Succeeded, InvoiceStatus.Paid));
        world.Billed("in_4").Attention!.ShouldContain("closed");
    }

    [Fact]
    public void Its_lines_are_those_of_the_provider_and_what_is_taken_off_is_a_discount()
    {
        var id = Active();
        var told = world.Invoiced(InvoiceNews.Paid, id: "in_p", amount: 700, proration: true);
        var (from, until) = (world.Now, On(3, 28));
        world.Tell(id, told with { Lines = [new("price_basic_m", 1, new(-300, "usd"), from, until, true), new("price_plus_m", 2, new(1100, "usd"), from, until, true)] }, "plus");
        var invoice = world.BillOf("in_p");
        invoice.Lines.Select(line => (line.Description, line.Quantity, line.UnitAmount.Amount, line.Amount.Amount)).ShouldBe([("basic, unused time", 1, -300, -300), ("plus, rest of the period", 2, 550, 1100)]);
        (invoice.Subtotal.Amount, invoice.Discount.Amount, invoice.Total.Amount, world.Billed("in_p").IsFulfilled).ShouldBe((800, 100, 700, true));
        world.Tell(id, told with { InvoiceId = "in_q", Refs = told.Refs with { InvoiceId = "in_q" }, Lines = [new("price_basic_m", 1, new(500, "usd"), from, until, true)] });
        world.BillOf("in_q").Lines.ShouldHaveSingleItem().Amount.Amount.ShouldBe(700, "lines that are less than what was paid are not all of it");
        world.Check();
    }

    [Fact]
    public void Less_than_was_asked_is_what_was_paid_and_the_rest_is_credited()
    {
        var id = Active();
        Tell(id, "finalized");
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(2, 28), "in_2", amount: 900) with { PaidAt = On(2, 27) });
        (world.Billed("in_2").PaidAt, world.BillOf("in_2").PaidAt).ShouldBe((On(2, 27), On(2, 27)), "when it was paid, whenever that was told");
        (world.Billed("in_2").Amount.Amount, world.BillOf("in_2").Total.Amount, world.BillOf("in_2").Credited.Amount, world.Account.Balance).ShouldBe((900, 1000, 100, 150));
        world.Billed("in_2").Attention!.ShouldContain("had been asked");
        world.Check();
    }

    [Fact]
    public void A_period_that_was_granted_before_such_payments_were_kept_gets_no_second_invoice()
    {
        var id = Active();
        Tell(id, "finalized", "in_9"); // any other
        var count = world.Payments.Count();
        world.Send(new ApplyInvoiceFact { Subscription = id, Account = SubscriptionWorld.Id, Tenant = "default", Fact = world.Invoiced(InvoiceNews.Paid, On(2, 28), "in_old"), Payment = SubscriptionWorld.Bill("in_old"), Checkout = world[id].Checkout, IsGranted = true })
            .ShouldBeOfType<SubscriptionDecision.Nothing>();
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, SubscriptionWorld.Begin)).ShouldBeOfType<SubscriptionDecision.Nothing>("the page's own");
        world.Payments.Count().ShouldBe(count);
    }

    [Fact]
    public void A_manual_period_that_was_not_paid_and_is_then_paid_by_a_checkout_has_one_invoice_that_stands()
    {
        var id = world.Start("basic");
        world.Now = On(2, 5);
        world.Renew(id);
        world.PastDue(id);
        var (payment, renewed) = world.Buy("basic");
        renewed.ShouldBe(id);
        world.Pay(payment);
        (world[id].Status, world[id].Period, world.Account.Balance).ShouldBe((SubscriptionStatus.Active, 2, 200));
        var written = world.Invoices.Single(one => one.Id == InvoiceId.Of(id, 2));
        (written.Status, world.Invoices.Single(one => one.Id == InvoiceId.Of(payment)).Status).ShouldBe((InvoiceStatus.Refunded, InvoiceStatus.Paid));
        world.Check();
    }

    [Fact]
    public void A_refund_shows_beforehand_what_of_the_period_goes_back()
    {
        var id = Active();
        Tell(id, "paid");
        world.Do(new ConsumeCredits { Account = SubscriptionWorld.Id, Amount = 60 });
        Credits? Foreseen(long? amount, bool keeps = false) =>
            new StartRefund { Payment = world.Billed("in_2").Id, Refund = "rfd_1", Amount = amount, KeepsCredits = keeps }.Decide(world.Billed("in_2"), world.Account, world.Past(), world.Now).ShouldBeOfType<PaymentDecision.Accepted>().PeriodCredits;
        Foreseen(400).ShouldBeNull();
        Foreseen(null, keeps: true).ShouldBeNull();
        var foreseen = Foreseen(null).ShouldNotBeNull();
        var before = world.Account.Balance;
        world.Tell(world.Billed("in_2").Id, Refund(1000, "re_1"));
        (before - world.Account.Balance).ShouldBe(foreseen, "and so it is");
        foreseen.ShouldBeGreaterThan(Credits.Zero);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_page_that_took_other_money_gives_nothing_whichever_of_it_and_its_invoice_is_heard_first(bool pageFirst)
    {
        var (payment, id) = world.Buy("basic", "stripe");
        void Page() => world.Tell(payment, new PaymentTold { Provider = "stripe", Status = PaymentStatus.Succeeded, Amount = new(1200, "usd"), Refs = new() { PaymentIntentId = "pi_1" } });
        if (pageFirst) Page();
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active));
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, amount: 1200));
        if (!pageFirst) Page();
        var page = world[payment];
        (page.Status, page.IsMismatched, page.IsFulfilled, world.Account.Balance, world.Invoices.Count()).ShouldBe((PaymentStatus.Failed, true, false, 0, 0));
        page.Attention!.ShouldStartWith("1200 usd was paid, and 1000 usd was asked. Nothing was delivered");
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, amount: 1200)).ShouldBeOfType<SubscriptionDecision.Nothing>();
        world.Billed("in_1").Id.ShouldBe(payment, "what names the invoice alone leads to the page");

        world.Now = On(2, 28).AddMinutes(2);
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(2, 28), "in_2", amount: 1200));
        (world.Account.Balance, world.Billed("in_2").Amount.Amount, world[id].PaidBy).ShouldBe((100, 1200, world.Billed("in_2").Id), "what it charges by itself is what it charges");
        world.Check();
    }

    [Fact]
    public void A_dispute_of_a_period_that_was_had_leaves_the_one_that_is_paid()
    {
        var id = Active();
        Tell(id, "paid");
        world.Now = On(3, 28).AddMinutes(2);
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(3, 28), "in_3"));
        world.Tell(world.Billed("in_2").Id, new DisputeTold { Provider = "stripe", DisputeId = "du_1", Amount = new(1000, "usd"), Status = DisputeStatus.Lost });
        (world[id].Status, world.Billed("in_2").Status, world.Billed("in_2").Attention).ShouldBe((SubscriptionStatus.Active, PaymentStatus.DisputeLost, null));
        world.Tell(world.Billed("in_3").Id, new DisputeTold { Provider = "stripe", DisputeId = "du_2", Amount = new(1000, "usd"), Status = DisputeStatus.Lost });
        world[id].Status.ShouldBe(SubscriptionStatus.PastDue);
        world.Check();
    }

    [Fact]
    public void All_of_what_settled_a_change_goes_back_and_somebody_looks()
    {
        var id = Active();
        Tell(id, "paid");
        var told = world.Invoiced(InvoiceNews.Paid, id: "in_p", amount: 700, proration: true);
        world.Tell(id, told with { Lines = [new("price_basic_m", 1, new(-300, "usd"), world.Now, On(3, 28), true), new("price_plus_m", 1, new(1000, "usd"), world.Now, On(3, 28), true)] }, "plus");
        world.Tell(id, told with { InvoiceId = "in_q", Refs = told.Refs with { InvoiceId = "in_q" } });
        world.Tell(world.Billed("in_p").Id, Refund(300, "re_1"));
        world.Billed("in_p").Attention.ShouldBeNull();
        world.Tell(world.Billed("in_p").Id, Refund(400, "re_2"));
        (world.Billed("in_p").Status, world[id].Status).ShouldBe((PaymentStatus.Refunded, SubscriptionStatus.Active));
        world.Billed("in_p").Attention!.ShouldContain("settled a change");
        world.Now = On(4, 28);
        world.Tell(world.Billed("in_q").Id, Refund(700, "re_3"));
        world.Billed("in_q").Attention.ShouldBeNull("what is over was had");
        world.Check();
    }

    [Fact]
    public void What_is_paid_while_another_one_has_its_place_is_kept_and_given_once_there_is_room()
    {
        var (first, id) = world.Buy("basic", "stripe");
        world.Now = On(2, 20);
        world.Settle();
        var other = world.Start("basic");
        world.Now = world.Now.AddMinutes(1);
        var news = world.Invoiced(InvoiceNews.Paid, id: "in_2") with { IsFirst = false };
        world.Tell(id, news).ShouldBe(SubscriptionDecision.Accept);
        (world.Billed("in_2").Status, world.Billed("in_2").IsFulfilled, world.BillOf("in_2").Status, world[id].IsLive, world.Account.Balance).ShouldBe((PaymentStatus.Succeeded, false, InvoiceStatus.Paid, false, 100));
        world.Billed("in_2").Attention!.ShouldContain("can't begin");
        world.Tell(id, news).ShouldBeOfType<SubscriptionDecision.Nothing>();
        world.Cancel(other);
        world.Tell(id, news);
        (world[id].Status, world.Billed("in_2").IsFulfilled, world[id].PaidBy).ShouldBe((SubscriptionStatus.Active, true, world.Billed("in_2").Id));
        first.ShouldNotBe(world.Billed("in_2").Id);
        world.Check();
    }

    [Fact]
    public void What_somebody_has_looked_at_is_not_listed_again_when_it_is_told_again()
    {
        var id = Active();
        world.Now = On(3, 28).AddMinutes(2);
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(3, 28), "in_3"));
        Tell(id, "paid");
        world.Send(new ResolvePayment { Payment = world.Billed("in_2").Id, Reason = "granted by hand" }).ShouldBeOfType<PaymentDecision.Accepted>();
        Tell(id, "paid").ShouldBeOfType<SubscriptionDecision.Nothing>();
        world.Billed("in_2").Attention.ShouldBeNull();

        Tell(id, "finalized", "in_4");
        var free = world.Invoiced(InvoiceNews.Paid, On(3, 28), "in_4") with { AmountPaid = new(0, "usd") };
        world.Tell(id, free);
        world.Billed("in_4").Status.ShouldBe(PaymentStatus.Canceled);
        world.Tell(id, free).ShouldBeOfType<SubscriptionDecision.Nothing>();
    }

    private static RefundTold Refund(long amount, string id) => new() { Provider = "stripe", RefundId = id, Amount = new(amount, "usd"), Status = RefundStatus.Succeeded };
}
