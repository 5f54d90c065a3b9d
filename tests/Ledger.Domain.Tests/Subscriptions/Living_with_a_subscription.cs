using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

public sealed class Living_with_a_subscription
{
    private readonly SubscriptionWorld world = new();

    private static T Refusal<T>(object decision) where T : Refusal => (decision is PaymentDecision.Refused payment ? payment.Refusal : decision.ShouldBeOfType<SubscriptionDecision.Refused>().Refusal).ShouldBeOfType<T>();

    [Fact]
    public void A_start_is_refused_before_anything_is_stored()
    {
        Refusal<EntryNotFound>(world.Start("none", out _)).Kind.ShouldBe(ItemKind.Plan);
        Refusal<InvalidRequest>(world.Start("basic", out _, trialDays: 731)).Member.ShouldBe("trialDays");
        Refusal<InvalidRequest>(world.Start("basic", out _, seats: 2)).Member.ShouldBe("seats");
        Refusal<InvalidRequest>(world.Start("team", out _, seats: 1)).Detail.ShouldContain("2 to 10");
        Refusal<InvalidRequest>(world.Start("basic", out _, at: world.Now.AddDays(400))).Member.ShouldBe("startAt");
        Refusal<InvalidRequest>(world.Start("basic", out _, trialDays: 3, at: world.Now.AddDays(-1))).Member.ShouldBe("trialDays");
        Refusal<PaidPlanNotAllowed>(world.Start("basic", out _, admin: false)).Detail.ShouldContain("administrator");
        world.Sell("old", SubscriptionWorld.Plan("old", 0) with { Active = false });
        Refusal<EntryConflict>(world.Start("old", out _)).State.ShouldBe("inactive");
        world.Subscriptions.ShouldBeEmpty();
        var live = world.Start("basic");
        Refusal<SubscriptionExists>(world.Start("plus", out _)).ShouldSatisfyAllConditions(e => e.Subscription.ShouldBe(live), e => e.Detail.ShouldContain(live.Value));
        Refusal<SubscriptionNotFound>(world.Cancel(SubscriptionId.Of(9))).Detail.ShouldContain("sub_");
        Refusal<EntryNotFound>(world.Change(live, "none"));
        world.Cancel(live);
        world.Do(new CloseAccount { Account = SubscriptionWorld.Id, Forfeit = true });
        Refusal<AccountIsClosed>(world.Start("gratis", out _));
    }

    [Fact]
    public void A_free_one_gives_way_to_one_that_costs_something_and_to_no_free_one()
    {
        var free = world.Start("gratis");
        Refusal<SubscriptionExists>(world.Start("free", out _));
        var paid = world.Start("basic");
        (world[free].Status, world.Subscriber.Live).ShouldBe((SubscriptionStatus.Canceled, paid));
        world.Check();
    }

    [Fact]
    public void A_trial_is_announced_and_ends()
    {
        world.Sell("tried", SubscriptionWorld.Plan("tried", 0, credits: 10, trialDays: 14));
        var id = world.Start("tried");
        (world[id].Status, world[id].TrialEnd, world.Account.Balance).ShouldBe((SubscriptionStatus.Trialing, world.Now.AddDays(14), Credits.Zero));
        world.Wait(world.Now.AddDays(11));
        world.Happened.OfType<TrialEndAnnounced>().ShouldHaveSingleItem().End.ShouldBe(SubscriptionWorld.On(2026, 2, 14));
        world.Wait(SubscriptionWorld.On(2026, 2, 14));
        (world[id].Status, world[id].CurrentPeriodEnd, world.Account.Balance).ShouldBe((SubscriptionStatus.Active, SubscriptionWorld.On(2026, 3, 14), 10));
        world.Cancel(id);
        world[world.Start("tried")].Status.ShouldBe(SubscriptionStatus.Active, "one trial for each account and tier");
        world.Check();
    }

    [Fact]
    public void A_trial_that_was_paid_goes_on_from_its_end()
    {
        var id = world.Start("basic", trialDays: 10);
        var (payment, renewed) = world.Buy("basic");
        renewed.ShouldBe(id);
        world.Pay(payment).ShouldBeOfType<PaymentDecision.Accepted>();
        (world[id].Status, world[payment].IsFulfilled, world.Account.Balance).ShouldBe((SubscriptionStatus.Trialing, true, Credits.Zero));
        Refusal<SubscriptionConflict>(world.Checkout("basic", out _));
        world.Wait(world.Now.AddDays(10));
        (world[id].Status, world[id].Provider, world[id].Period, world.Account.Balance).ShouldBe((SubscriptionStatus.Active, "midtrans", 1, 100));
        world.Invoices.ShouldHaveSingleItem().Payment.ShouldBe(payment);
        world.Check();
    }

    [Fact]
    public void One_that_begins_later_waits_and_one_that_began_before_is_in_the_period_that_runs()
    {
        var later = world.Start("basic", at: world.Now.AddDays(3));
        (world[later].Status, world.Subscriber.Live, world.Account.Balance).ShouldBe((SubscriptionStatus.Incomplete, null, Credits.Zero));
        world.Wait(world.Now.AddDays(3));
        (world[later].Status, world[later].Anchor, world.Account.Balance).ShouldBe((SubscriptionStatus.Active, SubscriptionWorld.On(2026, 2, 3), 100));
        world.Cancel(later);
        var before = world.Start("basic", at: SubscriptionWorld.On(2025, 10, 31));
        (world[before].Period, world[before].CurrentPeriodStart, world[before].CurrentPeriodEnd).ShouldBe((1, SubscriptionWorld.On(2026, 1, 31), SubscriptionWorld.On(2026, 2, 28)));
        world.Wait(SubscriptionWorld.On(2026, 3, 30));
        (world[before].Period, world[before].CurrentPeriodEnd).ShouldBe((2, SubscriptionWorld.On(2026, 3, 31)));
        world.Check();
    }

    [Fact]
    public void Seats_are_counted_and_paid()
    {
        var id = world.Start("team");
        (world[id].Seats, world[id].Price).ShouldBe((2, new Money(4000, "usd")));
        world.Change(id, "team", seats: 5).ShouldBe(SubscriptionDecision.Accept);
        (world[id].Seats, world.Account.Balance).ShouldBe((5, 100));
        Refusal<InvalidRequest>(world.Change(id, "team", seats: 11));
        Refusal<PaidPlanNotAllowed>(world.Change(id, "team", seats: 6, admin: false));
        world.Change(id, "team", seats: 3, admin: false).ShouldBe(SubscriptionDecision.Accept);
        world.Change(id, "team").ShouldBeOfType<SubscriptionDecision.Nothing>();
        world.Change(id, "team", ChangeWhen.PeriodEnd, seats: 10);
        world.Change(id, "team", ChangeWhen.PeriodEnd, seats: 3).ShouldBe(SubscriptionDecision.Accept);
        world[id].Scheduled.ShouldBeNull();
        world.Change(id, "basic", ChangeWhen.PeriodEnd);
        world.Wait(SubscriptionWorld.On(2026, 2, 28));
        world[id].Seats.ShouldBeNull();
        world.Invoices.Select(invoice => invoice.Total.Amount).ShouldBe([4000, 1000], ignoreOrder: true);
    }

    [Fact]
    public void Past_due_goes_on_for_the_days_of_grace()
    {
        world.Policy = BillingPolicy.Default with { GraceDays = 3 };
        var id = world.Start("basic");
        world.PastDue(id);
        (world[id].Status, world[id].GraceEndsAt, world[id].Entitles).ShouldBe((SubscriptionStatus.PastDue, world.Now.AddDays(3), true));
        world.Renew(id).ShouldBe(SubscriptionDecision.Accept);
        (world[id].Status, world[id].Period, world[id].GraceEndsAt).ShouldBe((SubscriptionStatus.Active, 1, null));
        world.PastDue(id);
        world.Wait(world.Now.AddDays(3));
        (world[id].Status, world[id].CancelReason, world.Subscriber.Live).ShouldBe((SubscriptionStatus.Canceled, "its payment did not come within the days of grace", null));
    }

    [Fact]
    public void Without_grace_it_ends_at_once()
    {
        world.Policy = BillingPolicy.Default with { GraceDays = 0 };
        var (payment, id) = world.Buy("basic");
        world.Pay(payment);
        world.Wait(SubscriptionWorld.On(2026, 2, 28));
        world[id].Status.ShouldBe(SubscriptionStatus.Expired);
    }

    [Fact]
    public void An_end_with_the_period_can_be_taken_back_until_then()
    {
        var id = world.Start("basic");
        world.Cancel(id, ChangeWhen.PeriodEnd);
        world.Cancel(id, ChangeWhen.PeriodEnd).ShouldBeOfType<SubscriptionDecision.Nothing>();
        (world[id].CancelAtPeriodEnd, world[id].CancelReason, world[id].Status).ShouldBe((true, "enough", SubscriptionStatus.Active));
        world.Resume(id);
        (world[id].CancelAtPeriodEnd, world[id].CanceledAt).ShouldBe((false, null));
        world.Cancel(id, ChangeWhen.PeriodEnd);
        world.Wait(SubscriptionWorld.On(2026, 2, 28));
        (world[id].Status, world.Account.Balance, world.Invoices.Count()).ShouldBe((SubscriptionStatus.Canceled, Credits.Zero, 1));
        Refusal<SubscriptionConflict>(world.Resume(id));
    }

    [Fact]
    public void A_lifetime_has_no_end()
    {
        var id = world.Start("for-good");
        (world[id].CurrentPeriodEnd, world[id].NextDue, world.Account.NextResetAfter(world.Now), world.Account.Balance).ShouldBe((null, null, null, 5000));
        Refusal<SubscriptionConflict>(world.Renew(id));
        Refusal<SubscriptionConflict>(world.Cancel(id, ChangeWhen.PeriodEnd));
        Refusal<SubscriptionConflict>(world.Change(id, "plus"));
        Refusal<SubscriptionConflict>(world.Change(id, "plus", ChangeWhen.PeriodEnd));
        world.Pause(id);
        world.Wait(SubscriptionWorld.On(2040, 1, 1));
        world.Resume(id);
        (world[id].Status, world.Account.Balance).ShouldBe((SubscriptionStatus.Active, 5000));
        world.Check();
    }

    [Fact]
    public void A_pinned_plan_stays_whatever_the_catalogue_says()
    {
        var id = world.Start("basic");
        world.Sell("basic", SubscriptionWorld.Plan("basic", 9999, credits: 1));
        world.Wait(SubscriptionWorld.On(2026, 2, 28));
        (world[id].Plan.Version, world[id].Price.Amount, world.Account.Balance).ShouldBe((1, 1000, 150));
    }

    // ---- Paid ahead ----

    [Fact]
    public void A_checkout_opens_it_and_the_next_one_renews_it()
    {
        var (payment, id) = world.Buy("basic");
        (world[payment].Purpose, world[payment].Amount, world[id].Status, world.Subscriber.Live).ShouldBe((PaymentPurpose.Subscription, new Money(1000, "usd"), SubscriptionStatus.Incomplete, null));
        world.Pay(payment);
        world.Pay(payment);
        (world[id].Status, world[id].Period, world.Account.Balance, world[payment].IsFulfilled).ShouldBe((SubscriptionStatus.Active, 1, 100, true));
        world.Now = SubscriptionWorld.On(2026, 2, 25);
        var (next, same) = world.Buy("basic");
        same.ShouldBe(id);
        world.Pay(next);
        (world[id].Period, world[id].CurrentPeriodEnd).ShouldBe((2, SubscriptionWorld.On(2026, 3, 31)));
        world.Live_until(SubscriptionWorld.On(2026, 3, 31));
        (world[id].Status, world[id].Period).ShouldBe((SubscriptionStatus.PastDue, 2));
        world.Now = SubscriptionWorld.On(2026, 4, 3);
        var (late, _) = world.Buy("basic");
        world.Pay(late);
        (world[id].Status, world[id].CurrentPeriodStart, world[id].CurrentPeriodEnd).ShouldBe((SubscriptionStatus.Active, SubscriptionWorld.On(2026, 3, 31), SubscriptionWorld.On(2026, 4, 30)));
        world.Invoices.Select(invoice => invoice.Payment).ShouldBe([payment, next, late], ignoreOrder: true);
        Refusal<SubscriptionConflict>(world.Change(id, "plus")).What.ShouldContain("paid ahead");
        world.Change(id, "plus", ChangeWhen.PeriodEnd);
        var (dearer, _) = world.Buy("plus");
        world[dearer].Amount.Amount.ShouldBe(2000);
        world.Pay(dearer);
        (world[id].Plan.Id, world[id].Period).ShouldBe(("plus", 4));
        world.Check();
    }

    [Fact]
    public void A_payment_that_finds_the_place_taken_is_kept_and_asks_for_attention()
    {
        var (payment, id) = world.Buy("basic");
        var other = world.Start("plus");
        world.Pay(payment).ShouldBeOfType<PaymentDecision.Accepted>();
        (world[payment].Status, world[payment].IsFulfilled, world[id].Status).ShouldBe((PaymentStatus.Succeeded, false, SubscriptionStatus.Incomplete));
        world[payment].Attention!.ShouldContain(other.Value);
        world.Cancel(other);
        world.Wait(SubscriptionWorld.On(2026, 2, 5));
        world[id].Status.ShouldBe(SubscriptionStatus.IncompleteExpired);
        world.Pay(payment);
        (world[payment].IsFulfilled, world[id].Status, world.Subscriber.Live).ShouldBe((true, SubscriptionStatus.Active, id));
        world.Check();
    }

    [Fact]
    public void A_payment_for_a_closed_account_grants_nothing_and_is_not_lost()
    {
        var (payment, id) = world.Buy("basic");
        world.Do(new CloseAccount { Account = SubscriptionWorld.Id, Forfeit = true });
        world.Pay(payment);
        (world[payment].Status, world[payment].IsFulfilled, world[id].Status, world.Account.Balance).ShouldBe((PaymentStatus.Succeeded, false, SubscriptionStatus.Canceled, Credits.Zero));
        world[payment].Attention!.ShouldContain("closed");
    }

    [Fact]
    public void A_checkout_of_a_plan_is_refused_where_it_can_not_be()
    {
        Refusal<InvalidRequest>(world.Checkout("basic", out _, provider: null)).Member.ShouldBe("provider");
        Refusal<InvalidRequest>(world.Checkout("basic", out _, trialDays: 5)).Member.ShouldBe("trialDays");
        Refusal<InvalidRequest>(world.Checkout("team", out _, seats: 20)).Member.ShouldBe("seats");
        world.Checkout("team", out var payment, seats: 4);
        world[payment].Amount.Amount.ShouldBe(5000);
        world.Start("plus");
        Refusal<SubscriptionExists>(world.Checkout("basic", out _));
        Refusal<SubscriptionExists>(world.Checkout("plus", out _, provider: "stripe"));
    }

    [Fact]
    public void A_free_plan_at_a_checkout_is_opened_at_once()
    {
        world.Checkout("gratis", out var payment, provider: null).ShouldBeOfType<PaymentDecision.Accepted>();
        (world[payment].IsFulfilled, world.Live!.Plan.Id, world.Account.Balance, world.Invoices.Count()).ShouldBe((true, "gratis", 10, 0));
        Refusal<SubscriptionExists>(world.Checkout("free", out _, provider: null));
        var (paid, id) = world.Buy("basic");
        world.Live!.Plan.Id.ShouldBe("gratis", "until it is paid");
        world.Pay(paid);
        world.Live!.Id.ShouldBe(id);
        world.Check();
    }

    [Fact]
    public void A_refund_in_part_changes_nothing_and_money_that_is_lost_makes_it_past_due()
    {
        var (payment, id) = world.Buy("basic");
        world.Pay(payment);
        world.Tell(payment, new RefundTold { Provider = "midtrans", RefundId = "re_1", Amount = new(999, "usd"), Status = RefundStatus.Succeeded });
        (world[payment].Status, world[id].Status, world.Account.Balance).ShouldBe((PaymentStatus.PartiallyRefunded, SubscriptionStatus.Active, 100));
        var (second, _) = world.Buy("basic");
        world.Pay(second);
        world.Tell(second, new DisputeTold { Provider = "midtrans", DisputeId = "dp_1", Amount = new(1000, "usd"), Status = DisputeStatus.Lost });
        world[id].Status.ShouldBe(SubscriptionStatus.PastDue);
        world.Check();
    }
}
