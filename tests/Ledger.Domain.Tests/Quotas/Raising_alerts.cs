using System.Collections.Immutable;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Quotas;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Quotas;

public sealed class Raising_alerts
{
    private static void Set(QuotaWorld world, Credits[] lowBalance, params int[] percents) =>
        world.Send(new SetAlerts { Account = QuotaWorld.Id, Settings = new([.. lowBalance], [.. percents]) }).ShouldBeOfType<QuotaDecision.Accepted>();

    [Fact]
    public void A_low_balance_is_told_once_when_it_is_crossed_and_again_after_it_was_well_above()
    {
        var world = QuotaWorld.Opened(100);
        Set(world, [50, 20]);
        world.Raised.ShouldBeEmpty();
        world.Account.Watch!.Below.ShouldBe(50);
        world.Consume(50);
        world.Raised.ShouldBeEmpty("50 is not below 50");
        world.Consume(1);
        world.Raised.Single().ShouldSatisfyAllConditions(alert => alert.Threshold.ShouldBe(50), alert => alert.Value.ShouldBe(49));
        (world.Account.Watch!.Below, world.Account.Watch.Above).ShouldBe((20, 55));
        world.Grant(3);
        world.Consume(4);
        world.Raised.Count.ShouldBe(1, "it went up by less than a tenth");
        world.Grant(7);
        world.Happened.OfType<AlertCleared>().ShouldHaveSingleItem();
        world.Consume(45);
        world.Raised.Select(alert => alert.Threshold).ShouldBe([50, 50, 20]);
        (world.Account.Watch!.Below, world.Account.Watch.Above).ShouldBe((null, 22));
    }

    [Fact]
    public void What_expires_lowers_the_balance_too_and_holds_do()
    {
        var world = QuotaWorld.Opened();
        world.Do(new GrantCredits { Account = QuotaWorld.Id, Amount = 30, Source = GrantSource.Bonus, ExpiresAt = world.Now.AddDays(1) });
        world.Grant(12);
        Set(world, [20]);
        world.Do(new HoldCredits { Account = QuotaWorld.Id, Amount = 1, ExpiresAt = world.Now.AddHours(1) });
        world.Raised.ShouldBeEmpty();
        world.Now = world.Now.AddDays(1);
        world.Wake();
        world.Raised.Single().Value.ShouldBe(12);
    }

    [Fact]
    public void What_is_below_already_is_told_when_it_is_set_and_settings_that_go_take_their_alerts_along()
    {
        var world = QuotaWorld.Opened(10);
        Set(world, [50, 20, 5]);
        world.Raised.Select(alert => alert.Threshold).ShouldBe([50, 20]);
        Set(world, [20]);
        world.Quota.Standing.Single().Threshold.ShouldBe(20);
        Set(world, []);
        world.Account.Watch.ShouldBeNull("nothing is watched for any more");
        var version = world.Quota.Version;
        Set(world, []);
        world.Quota.Version.ShouldBe(version, "the same settings change nothing");
    }

    [Fact]
    public void A_quota_is_told_at_each_percentage_once_a_period()
    {
        var world = QuotaWorld.Opened().With(new PlanLimit("exports", 10));
        world.Post("exports", 7);
        world.Raised.ShouldBeEmpty();
        world.Post("exports", 1);
        world.Raised.Single().ShouldSatisfyAllConditions(alert => alert.Percent.ShouldBe(80), alert => alert.Value.ShouldBe(8), alert => alert.Limit.ShouldBe(10), alert => alert.Threshold.ShouldBe(8));
        world.Post("exports", 5);
        world.Post("exports", 5);
        world.Raised.Select(alert => alert.Percent).ShouldBe([80, 100]);
        world.Now = world.Live!.CurrentPeriodEnd!.Value;
        world.Live = world.Live with { CurrentPeriodStart = world.Now, CurrentPeriodEnd = world.Now.AddMonths(1) };
        world.Post("exports", 8);
        world.Raised.Select(alert => alert.Percent).ShouldBe([80, 100, 80]);
        world.Quota.Standing.Count.ShouldBe(2, "the older one of the same level gave way");
    }

    [Fact]
    public void A_gauge_is_told_again_only_after_it_was_well_below()
    {
        var world = QuotaWorld.Opened().With(new PlanLimit("users", 10));
        world.Post("users", 10, UsageMode.Set);
        world.Raised.Select(alert => alert.Percent).ShouldBe([80, 100]);
        world.Post("users", 9, UsageMode.Set);
        world.Post("users", 10, UsageMode.Set);
        world.Raised.Count.ShouldBe(2);
        world.Post("users", 8, UsageMode.Set);
        world.Happened.OfType<AlertCleared>().Count().ShouldBe(1, "8 is below nine tenths of 10, and not of 8");
        world.Post("users", 10, UsageMode.Set);
        world.Raised.Select(alert => alert.Percent).ShouldBe([80, 100, 100]);
    }

    [Fact]
    public void A_limit_that_changes_raises_and_clears_at_once()
    {
        var world = QuotaWorld.Opened();
        world.Post("exports", 9);
        world.Raised.ShouldBeEmpty();
        world.Send(new OverrideLimit { Account = QuotaWorld.Id, Metric = "exports", Limit = 10 });
        world.Raised.Single().Percent.ShouldBe(80);
        world.Send(new OverrideLimit { Account = QuotaWorld.Id, Metric = "exports", Limit = 100 });
        world.Quota.Standing.ShouldBeEmpty();
        world.Send(new OverrideLimit { Account = QuotaWorld.Id, Metric = "exports", Limit = 10 });
        world.Send(new OverrideLimit { Account = QuotaWorld.Id, Metric = "exports" });
        world.Quota.Standing.ShouldBeEmpty("without a limit there is nothing to come near to");
        world.Raised.Count.ShouldBe(2);
    }

    [Fact]
    public void Calls_that_the_ledger_counts_raise_it_by_the_call_itself_and_few_of_them_look()
    {
        var world = QuotaWorld.Opened(10_000).With(new PlanLimit("api_calls", 10));
        world.Consume(1);
        world.Account.Watch.ShouldBeNull("nobody has asked to be told, and calls cost nothing more");
        Set(world, [], 80, 100);
        for (var i = 0; i < 6; i++) world.Consume(1);
        world.Raised.ShouldBeEmpty();
        world.Consume(1);
        world.Raised.Single().ShouldSatisfyAllConditions(alert => alert.Metric.ShouldBe("api_calls"), alert => alert.Percent.ShouldBe(80), alert => alert.Value.ShouldBe(8));
        world.Post("api_calls", 1.5m);
        world.Consume(1);
        world.Raised.Select(alert => alert.Percent).ShouldBe([80, 100], "what is posted besides brings it nearer");
        var looks = 0;
        for (var i = 0; i < 2_000; i++)
        {
            var before = world.Account.Watch;
            world.Consume(1);
            if (world.Account.Watch != before) looks++;
        }

        (world.Raised.Count, looks).ShouldSatisfyAllConditions(both => both.Count.ShouldBe(2), both => both.looks.ShouldBeLessThan(150, "who is far beyond is looked at now and then"));
        world.Now = world.Live!.CurrentPeriodEnd!.Value;
        world.Live = world.Live with { CurrentPeriodStart = world.Now, CurrentPeriodEnd = world.Now.AddMonths(1) };
        world.Send(new SettleQuota { Account = QuotaWorld.Id });
        for (var i = 0; i < 8; i++) world.Consume(1);
        world.Raised.Count.ShouldBe(3, "the next period begins with nothing used");
    }

    [Fact]
    public void Credits_that_the_ledger_sees_raise_it_by_the_consumption_itself()
    {
        var world = QuotaWorld.Opened(100).With(new PlanLimit("ai_credits", 10));
        world.Consume(9);
        world.Raised.ShouldBeEmpty("nobody has asked to be told, and consumptions cost nothing more");
        world.Account.Watch.ShouldBeNull();
        Set(world, [], 50, 95);
        world.Raised.Single().Percent.ShouldBe(50);
        world.Account.Watch!.Spent.ShouldBe(9.5m);
        world.Consume(0.4m);
        world.Raised.Count.ShouldBe(1);
        world.Consume(0.1m);
        world.Raised.Select(alert => alert.Percent).ShouldBe([50, 95]);
        world.Account.Watch!.Spent.ShouldBe(14.5m, "nothing is left to be told in this period, and the next one begins with nothing used");
    }

    [Fact]
    public void The_credits_of_another_period_are_looked_at_anew()
    {
        var world = QuotaWorld.Opened(100).With(new PlanLimit("ai_credits", 10));
        Set(world, [5], 100);
        world.Consume(10);
        world.Raised.Single().Percent.ShouldBe(100);
        world.Account.Watch!.Spent.ShouldBe(20);
        world.Now = world.Live!.CurrentPeriodEnd!.Value;
        world.Live = world.Live with { CurrentPeriodStart = world.Now, CurrentPeriodEnd = world.Now.AddMonths(1) };
        world.Do(new GrantPeriod { Account = QuotaWorld.Id, Subscription = world.Live.Id, Period = 2, Amount = 10, EndsAt = world.Live.CurrentPeriodEnd });
        world.Account.Watch!.Spent.ShouldBe(20, "10 of this period, and the 10 of the one before");
        world.Consume(10);
        world.Raised.Count.ShouldBe(2);
    }

    [Fact]
    public void Credits_of_every_period_are_told_though_nothing_comes_when_it_begins()
    {
        var world = QuotaWorld.Opened(1_000).With(new PlanLimit("ai_credits", 10));
        Set(world, [], 20, 100);
        for (var period = 1; period <= 3; period++)
        {
            world.Consume(1.9m);
            world.Raised.Count.ShouldBe(2 * period - 2);
            world.Consume(0.1m);
            world.Raised[^1].Percent.ShouldBe(20);
            world.Consume(8);
            world.Raised.Count.ShouldBe(2 * period);
            world.Now = world.Live!.CurrentPeriodEnd!.Value;
            world.Live = world.Live with { CurrentPeriodStart = world.Now, CurrentPeriodEnd = world.Now.AddMonths(1) };
        }

        // In the middle of its percentages a period ends too.
        world.Consume(3);
        world.Now = world.Live!.CurrentPeriodEnd!.Value;
        world.Live = world.Live with { CurrentPeriodStart = world.Now, CurrentPeriodEnd = world.Now.AddMonths(1) };
        world.Consume(2);
        world.Raised.Count.ShouldBe(8);
    }

    [Fact]
    public void Posted_credits_bring_the_level_nearer()
    {
        var world = QuotaWorld.Opened(100).With(new PlanLimit("ai_credits", 10));
        Set(world, [], 100);
        world.Post("ai_credits", 6);
        world.Consume(3.9m);
        world.Raised.ShouldBeEmpty();
        world.Consume(0.1m);
        world.Raised.Single().Value.ShouldBe(10);
    }

    [Fact]
    public void A_limit_of_nothing_is_told_at_the_first_use_and_its_level_is_clear_again_at_nothing()
    {
        var world = QuotaWorld.Opened(100).With(new PlanLimit("ai_credits", 0), new PlanLimit("users", 0));
        Set(world, [], 100);
        world.Consume(0.000001m);
        world.Raised.Single().Limit.ShouldBe(0);
        world.Post("users", 1, UsageMode.Set);
        world.Raised.Count.ShouldBe(2);
        world.Post("users", 0, UsageMode.Set);
        world.Happened.OfType<AlertCleared>().ShouldHaveSingleItem();
        world.Post("users", 1, UsageMode.Set);
        world.Raised.Count.ShouldBe(3);
    }

    [Fact]
    public void A_plan_that_comes_changes_or_goes_has_its_limits_looked_at_in_its_commit()
    {
        var world = QuotaWorld.Opened(100);
        Set(world, [], 100);
        world.Consume(9);
        world.Raised.ShouldBeEmpty("nothing limits them");
        world.Account.Watch!.CrossedAt.ShouldBeNull();
        world.With(new PlanLimit("ai_credits", 10));
        var live = world.Live!;

        BillingDraft Draft(Subscription? before) => new(new() { Policy = BillingPolicy.Default, Account = world.Account, Subscriber = new() { Live = before?.Id }, Subscriptions = ImmutableDictionary<SubscriptionId, Subscription>.Empty.Add(live.Id, live) }, world.Now);
        var taken = Draft(null);
        taken.Add(new SubscriptionTaken { Subscription = live.Id });
        taken.Account!.Watch!.CrossedAt.ShouldBe(world.Now);
        taken.AccountEvents.ShouldHaveSingleItem().ShouldBeOfType<AccountWatched>();
        var changed = Draft(live);
        changed.Add(live.Id, new SubscriptionToldOf { At = world.Now });
        changed.AccountEvents.ShouldBeEmpty("neither its plan nor its period is another one");
        var gone = Draft(live);
        gone.Add(new SubscriptionLeft { Subscription = live.Id });
        gone.Account!.NextDue.ShouldBe(world.Now);

        world.Do(new WatchAccount { Account = QuotaWorld.Id, Watch = taken.Account.Watch });
        world.Account.Watch!.Spent.ShouldBe(10);
        world.Consume(1);
        world.Raised.Single().Percent.ShouldBe(100);
    }

    [Theory]
    [InlineData(0, 80)]
    [InlineData(20, 0)]
    [InlineData(20, 1001)]
    public void Levels_are_within_their_bounds(int level, int percent)
    {
        var world = QuotaWorld.Opened();
        var decision = world.Send(new SetAlerts { Account = QuotaWorld.Id, Settings = new([level], [percent]) });
        decision.ShouldBeOfType<QuotaDecision.Refused>().Refusal.ShouldBeOfType<InvalidRequest>();
        world.Send(new SetAlerts { Account = QuotaWorld.Id, Settings = new([1, 1], []) }).ShouldBeOfType<QuotaDecision.Refused>();
        world.Send(new SetAlerts { Account = QuotaWorld.Id, Settings = new([], [.. Enumerable.Range(1, 11)]) }).ShouldBeOfType<QuotaDecision.Refused>();
    }
}
