using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

public sealed class Credits_of_periods
{
    private readonly SubscriptionWorld world = new();

    private SubscriptionConflict Conflict(SubscriptionDecision decision) => decision.ShouldBeOfType<SubscriptionDecision.Refused>().Refusal.ShouldBeOfType<SubscriptionConflict>();

    private void Spend(decimal amount) => world.Do(new ConsumeCredits { Account = SubscriptionWorld.Id, Amount = amount });

    [Fact]
    public void Each_period_is_granted_once_and_ends_with_it()
    {
        var id = world.Start("basic");
        world.Account.Balance.ShouldBe(100);
        world.Account.Lots.ShouldHaveSingleItem().ShouldSatisfyAllConditions(lot => lot.ExpiresAt.ShouldBe(SubscriptionWorld.On(2026, 2, 28)), lot => lot.Subscription.ShouldBe(id), lot => lot.Source.ShouldBe(GrantSource.Subscription));
        world.Account.NextResetAfter(world.Now).ShouldBe(SubscriptionWorld.On(2026, 2, 28));
        world.Settle();
        world.Account.Balance.ShouldBe(100);
        world.Wait(SubscriptionWorld.On(2026, 2, 28));
        (world[id].Period, world[id].CurrentPeriodEnd).ShouldBe((2, SubscriptionWorld.On(2026, 3, 31)));
        world.Account.Balance.ShouldBe(150, "100 of the new period, and 50 that rolled");
        world.Send(new SettleSubscription { Subscription = id, Account = SubscriptionWorld.Id }).ShouldBeOfType<SubscriptionDecision.Nothing>();
        world.Check();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_rolls_the_same_whether_the_sweep_or_the_renewal_comes_first(bool sweepFirst)
    {
        var id = world.Start("basic");
        world.Do(new GrantCredits { Account = SubscriptionWorld.Id, Amount = 7, Source = GrantSource.Bonus });
        world.Do(new PurchaseCredits { Account = SubscriptionWorld.Id, CreditAmount = 5, Price = new(500, "usd"), PaymentId = "p" });
        Spend(70);
        world.Now = SubscriptionWorld.On(2026, 2, 28);
        if (sweepFirst) world.Do(new SettleDue { Account = SubscriptionWorld.Id });
        world.Settle();
        world.Account.Balance.ShouldBe(100 + 30 + 12, "30 were left of the period, and what was bought or given otherwise is never touched");
        world.Account.Lots.Select(lot => (lot.Remaining, lot.Subscription is null)).ShouldBe([(30, false), (100, false), (7, true), (5, true)]);
        world[id].PeriodLots.Count.ShouldBe(2);

        // Nothing of both is spent: 130 are left, and at most 50 go on.
        world.Wait(SubscriptionWorld.On(2026, 3, 31));
        world.Account.Balance.ShouldBe(100 + 50 + 12);
        world.Check();
    }

    [Fact]
    public void Three_periods_that_were_missed_are_three_grants_of_which_two_lapse_and_roll()
    {
        var id = world.Start("basic");
        Spend(80);
        world.Wait(SubscriptionWorld.On(2026, 5, 1));
        (world[id].Period, world[id].CurrentPeriodEnd).ShouldBe((4, SubscriptionWorld.On(2026, 5, 31)));
        world.Happened.OfType<PeriodGranted>().Select(e => (e.Amount, e.Rolled)).ShouldBe([(100, 0), (100, 20), (100, 50), (100, 50)]);
        world.Account.Balance.ShouldBe(150);
        world.Invoices.Count().ShouldBe(4);
        world.Check();
    }

    [Fact]
    public void Years_of_standing_still_take_several_commits_and_lose_nothing()
    {
        var id = world.Start("basic");
        world.Now = SubscriptionWorld.On(2029, 2, 1);
        Conflict(world.Cancel(id)).Detail.ShouldContain("still being done");
        world.Settle();
        world[id].Period.ShouldBe(37);
        world.Account.Balance.ShouldBe(150);
        world.Check();
    }

    [Fact]
    public void Debt_is_paid_by_what_a_period_brings_and_frozen_accounts_get_it_and_closed_ones_not()
    {
        var id = world.Start("basic");
        world.Do(new FreezeAccount { Account = SubscriptionWorld.Id, Reason = "review" });
        world.Wait(SubscriptionWorld.On(2026, 2, 28));
        world.Account.Balance.ShouldBe(150);
        world.Do(new CloseAccount { Account = SubscriptionWorld.Id, Forfeit = true });
        world.Wait(SubscriptionWorld.On(2026, 3, 31));
        (world[id].Status, world.Account.Balance, world.Subscriber.Live).ShouldBe((SubscriptionStatus.Canceled, Credits.Zero, null));
        world.Check();
    }

    [Fact]
    public void What_the_accounts_scale_can_not_hold_is_left_out()
    {
        var coarse = new SubscriptionWorld(scale: 0);
        coarse.Sell("odd", SubscriptionWorld.Plan("odd", 0, credits: 10.75m, rollover: 2.5m));
        coarse.Start("odd");
        coarse.Account.Balance.ShouldBe(10);
        coarse.Wait(SubscriptionWorld.On(2026, 2, 28));
        coarse.Account.Balance.ShouldBe(12);
    }

    [Fact]
    public void A_renewal_before_the_end_gives_the_next_periods_credits_now_and_rolls_the_old_ones_at_their_end()
    {
        var id = world.Start("basic");
        Spend(60);
        world.Now = SubscriptionWorld.On(2026, 2, 10);
        world.Renew(id).ShouldBe(SubscriptionDecision.Accept);
        (world[id].Period, world[id].CurrentPeriodStart, world[id].CurrentPeriodEnd).ShouldBe((2, SubscriptionWorld.On(2026, 2, 10), SubscriptionWorld.On(2026, 3, 31)));
        world.Account.Balance.ShouldBe(140, "40 are left until the old end");
        Spend(10);
        world.Live_until(SubscriptionWorld.On(2026, 3, 1));
        world.Account.Balance.ShouldBe(130, "30 rolled into the period that runs");
        world[id].Rolls.ShouldBeEmpty();
        world.Live_until(SubscriptionWorld.On(2026, 3, 31));
        (world[id].Period, world.Account.Balance).ShouldBe((3, 150));
        world.Check();
    }

    [Fact]
    public void Renewed_twice_ahead_and_then_forgotten_it_comes_to_the_same_as_if_each_end_had_been_seen()
    {
        var other = new SubscriptionWorld();
        foreach (var one in new[] { world, other })
        {
            var id = one.Start("basic");
            one.Renew(id);
            one.Renew(id);
            one[id].Rolls.ShouldBe([SubscriptionWorld.On(2026, 2, 28), SubscriptionWorld.On(2026, 3, 31)]);
            one.Account.Balance.ShouldBe(300);
            if (one == world) one.Wait(SubscriptionWorld.On(2026, 4, 10));
            else one.Live_until(SubscriptionWorld.On(2026, 4, 10));
            one.Account.Balance.ShouldBe(150);
            one.Check();
        }
    }

    [Fact]
    public void At_most_twelve_periods_are_renewed_ahead_by_hand()
    {
        var id = world.Start("basic");
        for (var n = 0; n < 12; n++) world.Renew(id).ShouldBe(SubscriptionDecision.Accept);
        Conflict(world.Renew(id)).State.ShouldBe(SubscriptionStatus.Active);
    }

    // ---- Changes within a period: nobody mints credits by going up, spending and going down ----

    [Fact]
    public void A_dearer_plan_gives_what_is_left_of_the_difference_rounded_down_once()
    {
        var id = world.Start("basic");
        world.Now = SubscriptionWorld.On(2026, 2, 10);
        world.Change(id, "plus").ShouldBe(SubscriptionDecision.Accept);
        world.Account.Balance.ShouldBe(100 + 192.857142m, "300 x 18 / 28 days");
        world.Change(id, "basic").ShouldBe(SubscriptionDecision.Accept);
        (world.Account.Balance, world[id].Plan.Id).ShouldBe((100, "basic"));
        world.Change(id, "plus").ShouldBe(SubscriptionDecision.Accept);
        world.Account.Balance.ShouldBe(100, "once for each plan and period");
        world.Change(id, "basic").ShouldBe(SubscriptionDecision.Accept, "nothing was given, so nothing is to be taken back");
        world.Wait(SubscriptionWorld.On(2026, 2, 28));
        world.Change(id, "plus");
        world.Account.Balance.ShouldBe(150 + 300, "in another period again");
        world.Check();
    }

    [Fact]
    public void Who_spent_what_an_upgrade_gave_can_not_go_back_before_the_end_of_the_period()
    {
        var id = world.Start("basic");
        world.Change(id, "plus");
        Spend(100);
        Spend(1);
        Conflict(world.Change(id, "basic")).Detail.ShouldContain("end of the period");
        world.Change(id, "basic", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
        (world[id].Plan.Id, world[id].Scheduled!.Plan.Id).ShouldBe(("plus", "basic"));
        world.Wait(SubscriptionWorld.On(2026, 2, 28));
        (world[id].Plan.Id, world[id].Scheduled).ShouldBe(("basic", null));
        world.Account.Balance.ShouldBe(100 + 100, "299 were left, and the plan that ended lets 100 roll");
        world.Check();
    }

    [Fact]
    public void A_cheaper_plan_than_the_period_began_with_waits_for_its_end()
    {
        var id = world.Start("plus");
        Conflict(world.Change(id, "basic"));
        Conflict(world.Change(id, "free"));
        world.Account.Balance.ShouldBe(400);
    }

    [Fact]
    public void Two_steps_up_are_two_steps_down()
    {
        var id = world.Start("basic");
        world.Change(id, "plus");
        world.Change(id, "top");
        world.Account.Balance.ShouldBe(1000);
        world.Change(id, "basic").ShouldBe(SubscriptionDecision.Accept);
        (world.Account.Balance, world.Account.Lots.Length).ShouldBe((100, 1));
        world.Check();

        var other = new SubscriptionWorld();
        var second = other.Start("basic");
        other.Change(second, "plus");
        other.Change(second, "top");
        other.Do(new ConsumeCredits { Account = SubscriptionWorld.Id, Amount = 101 });
        Conflict(other.Change(second, "basic"));
        other.Change(second, "plus").ShouldBe(SubscriptionDecision.Accept);
        (other[second].Plan.Id, other.Account.Balance).ShouldBe(("plus", 299), "the older lot burns first: the first step is touched, the second is not");
        other.Check();
    }

    [Fact]
    public void Held_credits_are_not_taken_back()
    {
        var id = world.Start("basic");
        world.Change(id, "plus");
        world.Do(new HoldCredits { Account = SubscriptionWorld.Id, Amount = 150 });
        Conflict(world.Change(id, "basic"));
    }

    [Fact]
    public void Periods_of_another_length_count_by_the_month_and_begin_with_the_next_one()
    {
        var id = world.Start("basic");
        world.Change(id, "basic-year").ShouldBe(SubscriptionDecision.Accept);
        world.Account.Balance.ShouldBe(100, "1,200 a year are 100 a month");
        world.Wait(SubscriptionWorld.On(2026, 2, 28));
        (world[id].CurrentPeriodStart, world[id].CurrentPeriodEnd, world.Account.Balance).ShouldBe((SubscriptionWorld.On(2026, 2, 28), SubscriptionWorld.On(2027, 2, 28), 1200), "the plan that ended lets nothing roll");
        world.Check();
    }

    [Fact]
    public void A_detour_over_a_plan_with_few_credits_mints_none()
    {
        world.Sell("lean", SubscriptionWorld.Plan("lean", 2500, credits: 1));
        world.Sell("lean-too", SubscriptionWorld.Plan("lean-too", 2500, credits: 2));
        var id = world.Start("plus");
        world.Change(id, "lean").ShouldBe(SubscriptionDecision.Accept);
        world.Change(id, "lean-too").ShouldBe(SubscriptionDecision.Accept);
        world.Account.Balance.ShouldBe(400);
        world.Change(id, "top").ShouldBe(SubscriptionDecision.Accept);
        world.Account.Balance.ShouldBe(1000, "600 more than the period began with");
        world.Change(id, "plus").ShouldBe(SubscriptionDecision.Accept);
        world.Account.Balance.ShouldBe(400);
        world.Check();
    }

    [Fact]
    public void A_year_at_a_discount_is_no_cheaper_plan()
    {
        var id = world.Start("pro-monthly");
        world.Change(id, "pro-yearly").ShouldBe(SubscriptionDecision.Accept);
        world.Change(id, "pro-monthly").ShouldBe(SubscriptionDecision.Accept, "nothing was given for it");
        world.Change(id, "enterprise-yearly").ShouldBe(SubscriptionDecision.Accept);
        var yearly = new SubscriptionWorld();
        var year = yearly.Start("pro-yearly");
        Conflict(yearly.Change(year, "pro-monthly"));
        Conflict(yearly.Change(year, "plus"));
        yearly.Change(year, "top").ShouldBe(SubscriptionDecision.Accept, "another tier, and more by the month");
    }

    [Fact]
    public void Who_leaves_a_free_plan_and_comes_again_gets_its_credits_once()
    {
        world.Cancel(world.Start("gratis"));
        world.Account.Balance.ShouldBe(10, "they stay until their end");
        var again = world.Start("gratis");
        world.Account.Balance.ShouldBe(10);
        world.Cancel(again);
        world.Now = SubscriptionWorld.On(2026, 2, 27);
        world.Cancel(world.Start("gratis"));
        world.Account.Balance.ShouldBe(10);
        world.Wait(SubscriptionWorld.On(2026, 2, 28));
        world.Account.Balance.ShouldBe(0);
        world.Start("gratis");
        world.Account.Balance.ShouldBe(10);
        world.Check();
    }

    [Fact]
    public void A_pause_stops_grants_and_gives_none_twice()
    {
        var id = world.Start("basic");
        world.Pause(id);
        world.Resume(id);
        world.Account.Balance.ShouldBe(100);
        world.Pause(id);
        world.Wait(SubscriptionWorld.On(2026, 4, 15));
        (world[id].Period, world.Account.Balance, world[id].Entitles).ShouldBe((1, Credits.Zero, false));
        world.Resume(id);
        (world[id].Period, world[id].CurrentPeriodStart, world[id].CurrentPeriodEnd).ShouldBe((2, SubscriptionWorld.On(2026, 4, 15), SubscriptionWorld.On(2026, 5, 15)));
        world.Account.Balance.ShouldBe(150);
        world.Check();
    }

    [Fact]
    public void A_transfer_leaves_the_period_and_does_not_roll_elsewhere()
    {
        world.Start("basic");
        var lot = world.Account.Lots[0];
        var receiver = Account.Unopened(new("acct_2")).Evolve(new AccountOpened { Tag = "zyxwvtsrqpnmkjhg", Owner = new(OwnerKind.User, "u_2"), Unit = "credit", Scale = 6, OverdraftLimit = 0 }, world.Now);
        var sent = new TransferCredits { Account = SubscriptionWorld.Id, To = new("acct_2"), Amount = 30 }.Decide(world.Account, receiver, Recollection.Empty, world.Now).ShouldBeOfType<Decision.Accepted>();
        foreach (var happened in sent.Streams[1].Events) receiver = receiver.Evolve(happened, world.Now);
        receiver.Lots.ShouldHaveSingleItem().ShouldSatisfyAllConditions(part => part.Subscription.ShouldBeNull(), part => part.ExpiresAt.ShouldBe(lot.ExpiresAt));
    }
}
