using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

public sealed class Fixed_terms
{
    [Fact]
    public void A_checkout_pays_one_period_that_ends_and_another_checkout_begins_another()
    {
        var world = new SubscriptionWorld();
        var (payment, id) = world.Buy("term");
        world.Pay(payment);
        var end = SubscriptionWorld.Begin.AddDays(30);
        (world[id].Status, world[id].CurrentPeriodEnd, world.Account.Available).ShouldBe((SubscriptionStatus.Active, end, 100));
        world.Checkout("term", out _).ShouldBeOfType<PaymentDecision.Refused>().Refusal.Detail.ShouldContain("fixed term");
        world.Renew(id).ShouldBeOfType<SubscriptionDecision.Refused>();
        world.Wait(end.AddMicroseconds(-1));
        world[id].Status.ShouldBe(SubscriptionStatus.Active);
        world.Wait(end);
        (world[id].Status, world.Live, world.Account.Available).ShouldBe((SubscriptionStatus.Expired, null, 0), "nothing rolls, and nothing is owed");
        var (again, next) = world.Buy("term");
        world.Pay(again);
        (next == id, world[next].CurrentPeriodEnd, world.Account.Available).ShouldBe((false, end.AddDays(30), 100));
        world.Check();
    }

    [Fact]
    public void Money_that_comes_twice_is_kept_on_its_payment_and_late_money_begins_the_term_anew()
    {
        var world = new SubscriptionWorld();
        var (first, id) = world.Buy("term");
        var (second, other) = world.Buy("term");
        world.Pay(first);
        world.Pay(second);
        (world[other].IsLive, world[second].Attention is not null, world.Account.Available).ShouldBe((false, true, 100));
        world.Live_until(SubscriptionWorld.Begin.AddDays(31));
        world[id].Status.ShouldBe(SubscriptionStatus.Expired);

        var late = new SubscriptionWorld();
        var trial = late.Start("term", trialDays: 14);
        late.Wait(SubscriptionWorld.Begin.AddDays(1));
        var (paid, renewed) = late.Buy("term");
        renewed.ShouldBe(trial, "a trial's first term is paid ahead");
        late.Wait(SubscriptionWorld.Begin.AddDays(15));
        late[trial].Status.ShouldBe(SubscriptionStatus.Expired);
        late.Pay(paid);
        (late[trial].Status, late[trial].CurrentPeriodEnd).ShouldBe((SubscriptionStatus.Active, SubscriptionWorld.Begin.AddDays(45)));
        late.Check();
    }

    [Fact]
    public void It_ends_also_paused_or_after_days_of_standing_still()
    {
        foreach (var rests in new[] { false, true })
        {
            var world = new SubscriptionWorld();
            var id = world.Start("term");
            if (rests) world.Pause(id);
            world.Wait(SubscriptionWorld.Begin.AddDays(400));
            (world[id].Status, world[id].Period, world.Account.Available).ShouldBe((SubscriptionStatus.Expired, 1, 0));
            world.Resume(id).ShouldBeOfType<SubscriptionDecision.Refused>();
            world.Check();
        }
    }

    [Fact]
    public void It_is_changed_with_a_periods_end_alone_and_then_the_other_plan_runs()
    {
        var world = new SubscriptionWorld();
        var id = world.Start("term");
        world.Change(id, "top").ShouldBeOfType<SubscriptionDecision.Refused>().Refusal.Detail.ShouldContain("fixed term");
        world.Change(id, "basic", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
        var end = SubscriptionWorld.Begin.AddDays(30);
        world.Live_until(end.AddDays(1));
        (world[id].Status, world[id].Plan.Id, world[id].Period, world[id].CurrentPeriodEnd).ShouldBe((SubscriptionStatus.Active, "basic", 2, end.AddMonths(1)));
        world.Change(id, "term", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
        world.Live_until(end.AddMonths(1).AddDays(1));
        (world[id].Plan.Id, world[id].CurrentPeriodEnd).ShouldBe(("term", end.AddMonths(1).AddDays(30)));
        world.Live_until(end.AddMonths(1).AddDays(30));
        world[id].Status.ShouldBe(SubscriptionStatus.Expired);
        world.Check();
    }

    private static SubscriptionWorld Two_terms(int days)
    {
        var world = new SubscriptionWorld();
        world.Sell("other", SubscriptionWorld.Plan("other", 1400, PlanInterval.Fixed, credits: 70) with { TermDays = days, ProviderRefs = [] });
        return world;
    }

    [Theory]
    [InlineData(30)]
    [InlineData(5)]
    [InlineData(90)]
    public void Another_term_follows_it_with_all_of_its_days(int days)
    {
        var end = SubscriptionWorld.Begin.AddDays(30);
        var world = Two_terms(days);
        var id = world.Start("term");
        world.Change(id, "other", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
        world.Live_until(end);
        (world[id].Status, world[id].Plan.Id, world[id].CurrentPeriodStart, world[id].CurrentPeriodEnd, world.Account.Available).ShouldBe((SubscriptionStatus.Active, "other", end, end.AddDays(days), 70));
        world.Live_until(end.AddDays(days));
        (world[id].Status, world[id].Period).ShouldBe((SubscriptionStatus.Expired, 2));
        world.Check();

        foreach (var late in new[] { -10, 3 })
        {
            var ahead = Two_terms(days);
            var (first, bought) = ahead.Buy("term");
            ahead.Pay(first);
            ahead.Change(bought, "other", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
            ahead.Live_until(end.AddDays(late));
            var (second, renewed) = ahead.Buy("other");
            renewed.ShouldBe(bought);
            ahead.Pay(second);
            (ahead[bought].Status, ahead[bought].CurrentPeriodStart, ahead[bought].CurrentPeriodEnd).ShouldBe((SubscriptionStatus.Active, late < 0 ? ahead.Now : end, end.AddDays(days)));
            ahead.Check();
        }
    }

    [Fact]
    public void Nobody_pays_for_a_term_that_would_be_over()
    {
        var world = Two_terms(2);
        var (first, id) = world.Buy("term");
        world.Pay(first);
        world.Change(id, "other", ChangeWhen.PeriodEnd);
        world.Live_until(SubscriptionWorld.Begin.AddDays(33));
        world[id].Status.ShouldBe(SubscriptionStatus.PastDue);
        world.Pay(world.Buy("other").Payment);
        (world[id].Status, world[id].CurrentPeriodStart, world[id].CurrentPeriodEnd, world.Account.Available).ShouldBe((SubscriptionStatus.Active, world.Now, world.Now.AddDays(2), 70));
        world.Check();
    }

    [Fact]
    public void The_same_plan_does_not_follow_it_with_other_seats_or_as_another_version()
    {
        var world = new SubscriptionWorld();
        var plan = SubscriptionWorld.Plan("crew", 1500, PlanInterval.Fixed, credits: 100) with { TermDays = 30, ProviderRefs = [], Seats = new(1, 10) };
        world.Sell("crew", plan);
        var id = world.Start("crew", seats: 2);
        string Refused(SubscriptionDecision decision) => decision.ShouldBeOfType<SubscriptionDecision.Refused>().Refusal.ShouldBeOfType<SubscriptionConflict>().What;
        Refused(world.Change(id, null, ChangeWhen.PeriodEnd, seats: 3)).ShouldContain("does not follow");
        world.Sell("crew", plan with { Price = new(1200, "usd") });
        Refused(world.Change(id, "crew", ChangeWhen.PeriodEnd)).ShouldContain("does not follow");
        world.Change(id, "basic", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
        world.Change(id, null, ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept, "what was to follow is taken back");
        world.Change(id, null, seats: 3).ShouldBe(SubscriptionDecision.Accept);
        world.Live_until(SubscriptionWorld.Begin.AddDays(30));
        (world[id].Status, world[id].Period).ShouldBe((SubscriptionStatus.Expired, 1));
        world.Check();
    }

    [Fact]
    public void A_plan_says_its_days_and_nothing_that_needs_another_period()
    {
        var term = SubscriptionWorld.Plan("term", 1500, PlanInterval.Fixed, credits: 10) with { TermDays = 30, ProviderRefs = [] };
        string? Wrong(Plan plan) => (DefineEntryHandler.Handle(new DefineEntry(plan), CatalogItem.Begin(ItemKind.Plan, "term"), null) as CatalogDecision.Refused)?.Refusal is InvalidRequest wrong ? wrong.Member : null;
        Wrong(term).ShouldBeNull();
        foreach (var days in new int?[] { null, 0, -1, 3_661 }) Wrong(term with { TermDays = days }).ShouldBe("termDays");
        Wrong(term with { Interval = PlanInterval.Month }).ShouldBe("termDays");
        Wrong(term with { RolloverMax = 1 }).ShouldBe("rollover.max");
        Wrong(term with { ProviderRefs = [new("stripe", "price_1")] }).ShouldBe("providerRefs.stripe.priceId");
        Wrong(term with { ProviderRefs = [new("stripe", null, "prod_1")] }).ShouldBeNull();
        CatalogItem.SlotOf(term).ShouldBe("term/fixed-30", "a term of other days is another interval");
    }
}
