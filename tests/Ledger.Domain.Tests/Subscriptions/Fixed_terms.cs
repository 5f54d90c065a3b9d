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
