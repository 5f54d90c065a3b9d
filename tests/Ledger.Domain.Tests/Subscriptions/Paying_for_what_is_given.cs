using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

/// <summary>Nothing is given that was not paid, nothing is paid that is not given, and nobody who pays is ended unheard.</summary>
public sealed class Paying_for_what_is_given
{
    private readonly SubscriptionWorld world = new();

    private static DateTimeOffset On(int month, int day) => SubscriptionWorld.On(2026, month, day);

    private static string Conflict(SubscriptionDecision decision) => decision.ShouldBeOfType<SubscriptionDecision.Refused>().Refusal.ShouldBeOfType<SubscriptionConflict>().What;

    private SubscriptionId AtStripe(string plan = "basic", string price = "price_basic_m", DateTimeOffset? end = null)
    {
        var (payment, id) = world.Buy(plan, "stripe");
        world.Pay(payment);
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, price: price) with { Items = [new("si_1", price, 1, world.Now, end ?? world.Now.AddMonths(1))] });
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, price: price, end: end));
        return id;
    }

    private SubscriptionId Ahead(out PaymentId payment)
    {
        (payment, var id) = world.Buy("basic");
        world.Pay(payment);
        return id;
    }

    private PaymentDecision Refund(PaymentId payment, RefundStatus status = RefundStatus.Succeeded) =>
        world.Tell(payment, new RefundTold { Provider = "midtrans", RefundId = "re_1", Amount = world[payment].Amount, Status = status });

    [Fact]
    public void A_declined_upgrade_gives_nothing_and_one_that_is_charged_gives_it_then()
    {
        var id = AtStripe();
        world.Change(id, "plus").ShouldBe(SubscriptionDecision.Accept);
        Conflict(world.Change(id, "top")).ShouldContain("plus");
        Conflict(world.Change(id, "basic")).ShouldContain("plus");
        world.Answer(id, "Your card was declined.").ShouldBe(SubscriptionDecision.Accept);
        (world[id].Plan.Id, world.Account.Balance, world[id].Attention, world[id].Changing).ShouldBe(("basic", 100, "Your card was declined.", null));
        world.Change(id, "plus");
        world.Answer(id);
        (world[id].Plan.Id, world.Account.Balance).ShouldBe(("plus", 400));
        world.Check();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_year_instead_of_a_month_on_its_first_day_is_granted_by_its_invoice(bool invoiceFirst)
    {
        var id = AtStripe();
        world.Now = world.Now.AddHours(2);
        world.Change(id, "basic-year");
        var (from, until) = (world.Now, world.Now.AddYears(1));
        void Invoice() => world.Tell(id, world.Invoiced(InvoiceNews.Paid, from, "in_y", "price_basic_y", 9000, until));
        if (invoiceFirst) Invoice();
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, price: "price_basic_y") with { Items = [new("si_1", "price_basic_y", 1, from, until)] });
        world.Answer(id);
        Invoice();
        (world[id].Plan.Id, world[id].Period, world[id].CurrentPeriodEnd, world[id].Interval).ShouldBe(("basic-year", 2, until, PlanInterval.Year));
        world.Account.Balance.ShouldBe(1300, "the year's own, and no extra");
        world.Check();
    }

    [Fact]
    public void A_late_invoice_of_the_plan_before_grants_nothing_of_the_new_one()
    {
        var (payment, id) = world.Buy("basic", "stripe");
        world.Pay(payment);
        world.Now = world.Now.AddHours(2);
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, price: "price_basic_y") with { Items = [new("si_1", "price_basic_y", 1, world.Now, world.Now.AddYears(1))] }, "basic-year");
        world[id].Period.ShouldBe(2);
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, SubscriptionWorld.Begin));
        world.Account.Balance.ShouldBe(0);
    }

    [Fact]
    public void Shorter_periods_are_had_from_a_provider_with_the_end_of_the_longer_one_that_is_paid()
    {
        var id = AtStripe("basic-year", "price_basic_y", world.Now.AddYears(1));
        world.Account.Balance.ShouldBe(1200);
        Conflict(world.Change(id, "top")).ShouldContain("shorter periods");
        world.Change(id, "top", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
        world[id].Asks.ShouldBeEmpty("Stripe would begin them at once");
        var manual = new SubscriptionWorld();
        var year = manual.Start("basic-year");
        manual.Change(year, "top").ShouldBe(SubscriptionDecision.Accept);
        manual.Account.Balance.ShouldBe(1200, "the next period brings all of the new plan");
    }

    [Fact]
    public void A_downgrade_in_the_portal_and_an_upgrade_here_mint_nothing()
    {
        var id = AtStripe("plus", "price_plus_m");
        world.Account.Balance.ShouldBe(400);
        world.Now = On(2, 1);
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, SubscriptionWorld.Begin, at: world.Now), "basic");
        world[id].Plan.Id.ShouldBe("basic");
        world.Change(id, "plus");
        world.Answer(id);
        (world[id].Plan.Id, world.Account.Balance).ShouldBe(("plus", 400));
        world.Now = On(2, 2);
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, SubscriptionWorld.Begin, at: world.Now), "basic");
        world.Change(id, "top");
        world.Answer(id);
        world.Account.Balance.Value.ShouldBeInRange(900, 1000, "more than the most that was given, and no more");
        world.Check();
    }

    [Fact]
    public void Silence_of_a_provider_ends_nobody_who_pays()
    {
        world.Policy = BillingPolicy.Default with { GraceDays = 0 };
        var id = AtStripe();
        world.Wait(On(5, 1));
        (world[id].Status, world[id].Asking!.Kind, world[id].NextStepAt).ShouldBe((SubscriptionStatus.PastDue, ProviderActionKind.Ask, null));
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, On(4, 28)));
        world.Answer(id);
        (world[id].Status, world[id].CurrentPeriodStart, world.Account.Balance).ShouldBe((SubscriptionStatus.Active, On(4, 28), 0));
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(4, 28), "in_5"));
        world.Account.Balance.ShouldBe(150);
        world.Check();
        var other = new SubscriptionWorld();
        var (payment, second) = other.Buy("basic", "stripe");
        other.Pay(payment);
        other.Tell(second, other.Told(ToldSubscriptionStatus.Active));
        other.Wait(On(4, 1));
        (other[second].Status, other[second].PastDueSince, other[second].GraceEndsAt).ShouldBe((SubscriptionStatus.PastDue, On(4, 1), On(4, 8)));
    }

    [Fact]
    public void A_trial_that_is_paid_changes_to_nothing_dearer_and_is_not_canceled_ahead_and_its_money_can_go_back()
    {
        var id = world.Start("basic", trialDays: 10);
        var (payment, _) = world.Buy("basic");
        world.Pay(payment);
        foreach (var when in Enum.GetValues<ChangeWhen>()) Conflict(world.Change(id, "plus", when)).ShouldContain("paid already");
        Conflict(world.Cancel(id, ChangeWhen.PeriodEnd)).ShouldContain("is paid");
        Refund(payment);
        (world[id].IsTrialPaid, world[id].Status).ShouldBe((false, SubscriptionStatus.Trialing));
        world.Wait(world.Now.AddDays(10));
        (world[id].Status, world.Account.Balance).ShouldBe((SubscriptionStatus.Expired, 0));
        world.Check();
    }

    [Fact]
    public void A_trial_that_an_administrator_says_is_paid_has_its_invoice()
    {
        var id = world.Start("basic", trialDays: 10);
        world.Renew(id);
        world.Wait(world.Now.AddDays(10));
        (world[id].Status, world[id].Period).ShouldBe((SubscriptionStatus.Active, 1));
        world.Invoices.ShouldHaveSingleItem().Subscription.ShouldBe(id);
    }

    [Fact]
    public void A_page_that_was_opened_before_a_change_pays_what_it_said()
    {
        var id = Ahead(out _);
        var (cheap, _) = world.Buy("basic");
        world.Change(id, "plus", ChangeWhen.PeriodEnd);
        var (dear, _) = world.Buy("plus");
        world.Pay(cheap);
        (world[id].Plan.Id, world[id].Period, world[id].Scheduled!.Plan.Id, world.Account.Balance).ShouldBe(("basic", 2, "plus", 200));
        world.Pay(dear);
        (world[id].Plan.Id, world[id].Period, world[id].Scheduled).ShouldBe(("plus", 3, null));
        var (plus, _) = world.Buy("plus");
        world.Change(id, "basic", ChangeWhen.PeriodEnd);
        var (basic, _) = world.Buy("basic");
        world.Change(id, "plus", ChangeWhen.PeriodEnd);
        world.Pay(basic);
        (world[basic].IsFulfilled, world[id].Period).ShouldBe((false, 3));
        world[basic].Attention!.ShouldContain("another plan");
        world.Pay(plus);
        (world[plus].IsFulfilled, world[id].Period).ShouldBe((true, 4));
        world.Check();
    }

    [Fact]
    public void Money_that_pays_nothing_leaves_what_was_to_follow()
    {
        var id = world.Start("plus", trialDays: 10);
        var pages = new[] { world.Buy("plus").Payment, world.Buy("plus").Payment };
        world.Pay(pages[0]);
        world.Change(id, "basic", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
        world.Pay(pages[1]);
        (world[pages[1]].IsFulfilled, world[pages[1]].Attention is not null, world[id].Scheduled?.Plan.Id).ShouldBe((false, true, "basic"));
        world.Check();
    }

    [Fact]
    public void Money_that_comes_after_the_end_begins_it_anew()
    {
        var id = Ahead(out _);
        world.Wait(On(3, 7));
        world.Live_until(On(3, 6));
        var late = new SubscriptionWorld();
        var (first, bought) = late.Buy("basic");
        late.Pay(first);
        late.Live_until(On(3, 6));
        late[bought].Status.ShouldBe(SubscriptionStatus.PastDue);
        var (payment, same) = late.Buy("basic");
        same.ShouldBe(bought);
        late.Live_until(On(3, 8));
        (late[bought].Status, late.Subscriber.Live).ShouldBe((SubscriptionStatus.Expired, null));
        late.Pay(payment);
        (late[bought].Status, late[bought].CurrentPeriodStart, late[bought].EndedAt, late[bought].CancelReason, late[payment].IsFulfilled).ShouldBe((SubscriptionStatus.Active, On(3, 8), null, null, true));
        late.Subscriber.Live.ShouldBe(bought);
        late.Check();
    }

    [Fact]
    public void A_refund_in_full_takes_back_what_is_left_of_the_period_and_it_is_past_due()
    {
        var id = Ahead(out var payment);
        world.Do(new GrantCredits { Account = SubscriptionWorld.Id, Amount = 7, Source = GrantSource.Bonus });
        world.Do(new ConsumeCredits { Account = SubscriptionWorld.Id, Amount = 30 });
        Refund(payment, RefundStatus.Pending);
        (world[id].Status, world.Account.Balance).ShouldBe((SubscriptionStatus.Active, 77), "until it is sure");
        Refund(payment);
        (world[id].Status, world.Account.Balance).ShouldBe((SubscriptionStatus.PastDue, 7));
        Refund(payment);
        world.Account.Balance.ShouldBe(7);
        world.Check();
    }

    [Fact]
    public void A_refund_that_leaves_the_credits_or_is_for_a_period_that_is_over_takes_nothing()
    {
        var id = Ahead(out var payment);
        world.Send(new StartRefund { Payment = payment, Refund = "rfd_1", Reason = "goodwill", KeepsCredits = true });
        world.Tell(payment, new RefundTold { Provider = "midtrans", RefundId = "re_1", OurRefundId = "rfd_1", Amount = new(1000, "usd"), Status = RefundStatus.Succeeded });
        (world[payment].Status, world[id].Status, world.Account.Balance).ShouldBe((PaymentStatus.Refunded, SubscriptionStatus.Active, 100));
        var (second, _) = world.Buy("basic");
        world.Pay(second);
        var (third, _) = world.Buy("basic");
        world.Pay(third);
        Refund(second);
        (world[id].Status, world.Account.Balance).ShouldBe((SubscriptionStatus.Active, 300));
    }

    [Fact]
    public void Only_an_administrator_renews_by_hand_and_only_what_nobody_pays()
    {
        var id = world.Start("basic");
        world.Send(new RenewSubscription { Subscription = id, Account = SubscriptionWorld.Id }).ShouldBeOfType<SubscriptionDecision.Refused>().Refusal.ShouldBeOfType<PaidPlanNotAllowed>();
        world.Cancel(id);
        Conflict(world.Renew(Ahead(out _))).ShouldContain("checkout");
        var trial = new SubscriptionWorld();
        var paid = trial.Start("basic", trialDays: 5);
        trial.Renew(paid);
        var before = trial[paid];
        Conflict(trial.Renew(paid)).ShouldContain("paid already");
        trial[paid].ShouldBe(before);
    }

    [Fact]
    public void An_end_with_the_period_takes_the_price_of_a_scheduled_change_back()
    {
        var id = AtStripe();
        world.Change(id, "plus", ChangeWhen.PeriodEnd);
        world.Cancel(id, ChangeWhen.PeriodEnd);
        world[id].Asks.Select(ask => (ask.Kind, ask.PriceId)).ShouldBe([(ProviderActionKind.Change, "price_plus_m"), (ProviderActionKind.Change, "price_basic_m"), (ProviderActionKind.CancelAtPeriodEnd, null)]);
    }

    [Fact]
    public void Seats_alone_leave_the_plan_as_it_is_pinned()
    {
        var id = world.Start("team");
        world.Sell("team", SubscriptionWorld.Plan("team", 9000, credits: 1) with { Seats = new(2, 10, new Money(900, "usd")) });
        world.Change(id, null, seats: 4).ShouldBe(SubscriptionDecision.Accept);
        (world[id].Plan.Version, world[id].Seats, world[id].Price.Amount).ShouldBe((1, 4, 5000));
    }

    [Fact]
    public void Time_that_has_passed_brings_no_free_credits()
    {
        world.Start("gratis", out _, at: world.Now.AddDays(-20), admin: false).ShouldBeOfType<SubscriptionDecision.Refused>().Refusal.ShouldBeOfType<InvalidRequest>().Member.ShouldBe("startAt");
        world.Cancel(world.Start("gratis"));
        var again = world.Start("gratis", at: world.Now.AddDays(-27));
        world.Live_until(world[again].CurrentPeriodEnd!.Value);
        (world[again].Period, world.Account.Balance).ShouldBe((2, 10));
    }

    [Fact]
    public void An_invoice_whose_lines_are_not_all_told_waits()
    {
        var id = AtStripe();
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(2, 28), "in_2", proration: true) with { HasMoreLines = true }).ShouldBeOfType<SubscriptionDecision.Waits>().Why.ShouldContain("in_2");
    }

    [Fact]
    public void What_begins_after_all_is_not_ended_by_an_older_wish()
    {
        var (payment, id) = world.Buy("basic", "stripe");
        world.Tell(id, world.Told(ToldSubscriptionStatus.Incomplete));
        world.Wait(On(2, 5));
        (world[id].Status, world[id].Asking!.Kind).ShouldBe((SubscriptionStatus.IncompleteExpired, ProviderActionKind.CancelNow));
        world.Pay(payment);
        (world[id].Status, world[id].Asking, world[id].NextCall).ShouldBe((SubscriptionStatus.Active, null, null));
        world.Check();
    }
}
