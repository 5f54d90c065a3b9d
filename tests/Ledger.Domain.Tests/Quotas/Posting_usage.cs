using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Quotas;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Quotas;

public sealed class Posting_usage
{
    private static UsageRecorded Recorded(QuotaDecision decision) => decision.ShouldBeOfType<QuotaDecision.Accepted>().Quota[0].ShouldBeOfType<UsageRecorded>();

    private static T Refused<T>(QuotaDecision decision) where T : Refusal => decision.ShouldBeOfType<QuotaDecision.Refused>().Refusal.ShouldBeOfType<T>();

    [Fact]
    public void A_limit_that_is_enforced_is_never_passed_and_one_that_is_not_is_only_told()
    {
        var world = QuotaWorld.Opened().With(new PlanLimit("exports", 3));
        for (var i = 0; i < 3; i++) Recorded(world.Post("exports", 1, enforce: true)).Used.ShouldBe(i + 1);
        var refused = Refused<QuotaExceeded>(world.Post("exports", 1, enforce: true));
        (refused.Limit, refused.Used, refused.Remaining).ShouldBe((3, 3, 0));
        world.Sheet.Of("exports").Used.ShouldBe(3);
        Recorded(world.Post("exports", 2)).Used.ShouldBe(5);
        world.Sheet.Of("exports").ShouldSatisfyAllConditions(quota => quota.Remaining.ShouldBe(0), quota => quota.Allows(1).ShouldBeFalse(), quota => quota.ResetsAt.ShouldBe(world.Live!.CurrentPeriodEnd));
        Refused<QuotaExceeded>(world.Post("exports", 0.000001m, enforce: true)).Remaining.ShouldBe(0);
    }

    [Fact]
    public void Bytes_go_as_far_as_a_long_and_not_beyond()
    {
        var world = QuotaWorld.Opened();
        const decimal most = long.MaxValue;
        world.Send(new OverrideLimit { Account = QuotaWorld.Id, Metric = "storage_bytes", Limit = most }).ShouldBeOfType<QuotaDecision.Accepted>();
        Recorded(world.Post("storage_bytes", 9_000_000_000_000_000_000, UsageMode.Set, enforce: true, category: "cache")).Used.ShouldBe(9_000_000_000_000_000_000m);
        Recorded(world.Post("storage_bytes", most - 9_000_000_000_000_000_000m, enforce: true)).Used.ShouldBe(most);
        Refused<InvalidAmount>(world.Post("storage_bytes", 1)).Member.ShouldBe("quantity");
        world.Sheet.Of("storage_mb").ShouldSatisfyAllConditions(mb => mb.Used.ShouldBe(8_796_093_022_208m), mb => mb.Limit.ShouldBe(8_796_093_022_208m), mb => mb.Remaining.ShouldBe(0));
        world.Raised.Select(alert => alert.Percent).ShouldBe([80, 100]);
        Refused<InvalidAmount>(world.Post("storage_mb", 8_796_093_022_208m, UsageMode.Set)).Message.ShouldContain("8796093022207");
        Refused<InvalidAmount>(world.Post("storage_bytes", most + 1, UsageMode.Set));
        Refused<InvalidAmount>(world.Send(new OverrideLimit { Account = QuotaWorld.Id, Metric = "storage_mb", Limit = 8_796_093_022_208m }));
        for (var i = 0; i < 3; i++) Recorded(world.Post("rows", 3_000_000_000_000_000_000.000001m));
        Refused<InvalidAmount>(world.Post("rows", 1_000_000_000_000_000_000m)).Message.ShouldContain("in all");
        world.Sheet.Of("rows").Used.ShouldBe(9_000_000_000_000_000_000.000003m, "no decimal is lost on the way");
    }

    [Fact]
    public void Without_a_limit_everything_is_allowed_and_months_are_the_periods()
    {
        var world = QuotaWorld.Opened();
        Recorded(world.Post("exports", 1_000_000, enforce: true)).Limit.ShouldBeNull();
        var quota = world.Sheet.Of("exports");
        (quota.Limit, quota.Remaining, quota.ResetsAt).ShouldBe((null, null, new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero)));
        world.Now = new(2026, 12, 1, 0, 0, 0, TimeSpan.Zero);
        world.Sheet.Of("exports").Used.ShouldBe(0);
        Recorded(world.Post("exports", 1)).Used.ShouldBe(1);
    }

    [Fact]
    public void A_counter_of_an_older_period_counts_as_nothing_though_nothing_has_reset_it()
    {
        var world = QuotaWorld.Opened().With(new PlanLimit("exports", 3));
        world.Post("exports", 3, enforce: true);
        world.Now = world.Live!.CurrentPeriodEnd!.Value;
        var next = world.Live with { CurrentPeriodStart = world.Now, CurrentPeriodEnd = world.Now.AddMonths(1) };
        // Not renewed yet: the period is over all the same, and when the next one ends is not known.
        (world.Sheet.Of("exports").Used, world.Sheet.Of("exports").ResetsAt).ShouldBe((0, null));
        Recorded(world.Post("exports", 2, enforce: true)).Used.ShouldBe(2);
        world.Live = next;
        world.Sheet.Of("exports").Used.ShouldBe(2);
        Refused<QuotaExceeded>(world.Post("exports", 2, enforce: true)).Used.ShouldBe(2);
    }

    [Fact]
    public void What_belongs_to_an_older_period_is_history_alone()
    {
        var world = QuotaWorld.Opened().With(new PlanLimit("exports", 3));
        world.Post("exports", 3, enforce: true);
        var late = Recorded(world.Post("exports", 2, enforce: true, at: QuotaWorld.Begin.AddDays(-6)));
        (late.IsCounted, late.Change, late.Used, late.PeriodStart).ShouldBe((false, 2, 3, null));
        world.Sheet.Of("exports").Used.ShouldBe(3);
        Refused<InvalidRequest>(world.Post("exports", 1, at: QuotaWorld.Begin.AddDays(-35).AddSeconds(-1))).Member.ShouldBe("occurredAt");
        Recorded(world.Post("exports", 1, at: QuotaWorld.Begin.AddDays(-35)));
        Refused<InvalidRequest>(world.Post("exports", 1, at: QuotaWorld.Begin.AddMinutes(2))).Member.ShouldBe("occurredAt");
    }

    [Fact]
    public void Gauges_stay_are_set_by_category_and_never_fall_below_nothing()
    {
        var world = QuotaWorld.Opened().With(new PlanLimit("users", 5), new PlanLimit("storage_mb", 2));
        Recorded(world.Post("users", 4)).IsGauge.ShouldBeTrue();
        world.Now = world.Now.AddMonths(3);
        world.Sheet.Of("users").ShouldSatisfyAllConditions(quota => quota.Used.ShouldBe(4), quota => quota.ResetsAt.ShouldBeNull(), quota => quota.IsGauge.ShouldBeTrue());
        Recorded(world.Post("users", -3)).Used.ShouldBe(1);
        Refused<LevelTooLow>(world.Post("users", -2)).Level.ShouldBe(1);

        Recorded(world.Post("storage_bytes", 1_048_576, UsageMode.Set, enforce: true, category: "avatars")).Used.ShouldBe(1_048_576);
        Recorded(world.Post("storage_mb", 0.5m, UsageMode.Set, enforce: true, category: "attachments")).PostedAs.ShouldBe("storage_mb");
        world.Sheet.Of("storage_mb").ShouldSatisfyAllConditions(quota => quota.Used.ShouldBe(1.5m), quota => quota.Limit.ShouldBe(2), quota => quota.Parts.Count.ShouldBe(2));
        world.Sheet.Of("storage_bytes").ShouldSatisfyAllConditions(quota => quota.Used.ShouldBe(1_572_864), quota => quota.Limit.ShouldBe(2_097_152), quota => quota.Remaining.ShouldBe(524_288));
        // The limit holds against the sum; what makes it smaller is never refused.
        Refused<QuotaExceeded>(world.Post("storage_bytes", 1_048_577, UsageMode.Set, enforce: true, category: "attachments")).Used.ShouldBe(1_572_864);
        Recorded(world.Post("storage_bytes", 0, UsageMode.Set, enforce: true, category: "avatars")).Used.ShouldBe(524_288);
        world.Sheet.Of("storage_mb").Parts.Count.ShouldBe(1);
    }

    [Fact]
    public void A_level_that_was_before_the_last_one_that_was_set_does_not_take_its_place()
    {
        var world = QuotaWorld.Opened();
        world.Post("devices", 7, UsageMode.Set, at: QuotaWorld.Begin.AddHours(-1));
        Recorded(world.Post("devices", 3, UsageMode.Set, at: QuotaWorld.Begin.AddHours(-2))).IsCounted.ShouldBeFalse();
        world.Sheet.Of("devices").Used.ShouldBe(7);
        world.Now = world.Now.AddMonths(2);
        world.Sheet.Of("devices").Used.ShouldBe(7, "the first post set it, so it is a level");
    }

    [Fact]
    public void Levels_of_one_category_do_not_shadow_those_of_another_and_a_clock_that_is_ahead_shadows_none()
    {
        var world = QuotaWorld.Opened();
        world.Post("storage_bytes", 7, UsageMode.Set, category: "avatars");
        Recorded(world.Post("storage_bytes", 5, UsageMode.Set, category: "drive", at: QuotaWorld.Begin.AddMinutes(-5))).IsCounted.ShouldBeTrue();
        world.Sheet.Of("storage_bytes").Used.ShouldBe(12);
        // What was set to nothing still shadows what was before it, and is shown no more.
        world.Post("storage_bytes", 0, UsageMode.Set, category: "avatars");
        Recorded(world.Post("storage_bytes", 9, UsageMode.Set, category: "avatars", at: QuotaWorld.Begin.AddMinutes(-1))).IsCounted.ShouldBeFalse();
        world.Sheet.Of("storage_bytes").Parts.Select(part => part.Category).ShouldBe(["drive"]);
        world.Now = world.Now.AddDays(36);
        world.Post("storage_bytes", 6, UsageMode.Set, category: "drive", at: world.Now.AddSeconds(50));
        world.Quota.Find("storage_bytes")!.Parts.Count.ShouldBe(1, "nothing older can be told of the other by now");
        world.Now = world.Now.AddSeconds(1);
        Recorded(world.Post("storage_bytes", 8, UsageMode.Set, category: "drive")).IsCounted.ShouldBeTrue();
        for (var i = 0; i < 200; i++)
        {
            Recorded(world.Post("storage_bytes", 1, UsageMode.Set, category: $"c{i}"));
            Recorded(world.Post("storage_bytes", 0, UsageMode.Set, category: $"c{i}"));
        }

        world.Quota.Find("storage_bytes")!.Parts.Count.ShouldBe(1 + Quota.CategoriesMax);
    }

    [Fact]
    public void When_a_subscription_ends_counters_go_on_till_the_month_is_over()
    {
        var world = QuotaWorld.Opened(100);
        world.Consume(20);
        world.Now = QuotaWorld.Begin.AddDays(3);
        var subscribed = QuotaWorld.Opened().With().Live! with { CurrentPeriodStart = world.Now, CurrentPeriodEnd = world.Now.AddMonths(1) };
        world.Live = subscribed;
        world.Consume(5);
        world.Post("ai_credits", 1);
        world.Post("exports", 2);
        world.Sheet.Of("ai_credits").Used.ShouldBe(6);
        world.Now = world.Now.AddDays(2);
        (world.Live, world.Ended) = (null, subscribed with { Status = SubscriptionStatus.Canceled, EndedAt = world.Now });
        world.Sheet.Of("ai_credits").ShouldSatisfyAllConditions(quota => quota.Used.ShouldBe(6), quota => quota.ResetsAt.ShouldBe(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero)));
        world.Sheet.Of("exports").Used.ShouldBe(2);
        world.Now = new(2026, 12, 20, 0, 0, 0, TimeSpan.Zero);
        world.Sheet.Period.Start.ShouldBe(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero), "its period would have ended in this month, and counts no more");
        world.Sheet.Of("ai_credits").Used.ShouldBe(0);
    }

    [Fact]
    public void Credits_and_calls_are_what_the_ledger_sees_of_the_period_and_what_is_posted_besides()
    {
        var world = QuotaWorld.Opened(100).With(new PlanLimit("ai_credits", 50), new PlanLimit("api_calls", 4));
        world.Now = world.Live!.CurrentPeriodStart!.Value.AddMonths(1).AddDays(-1);
        world.Consume(30);
        (world.Sheet.Of("ai_credits").Used, world.Sheet.Of("api_calls").Used).ShouldBe((30, 1));
        world.Now = world.Now.AddDays(2);
        world.Live = world.Live with { CurrentPeriodStart = world.Live.CurrentPeriodEnd, CurrentPeriodEnd = world.Live.CurrentPeriodEnd!.Value.AddMonths(1) };
        world.Sheet.Of("ai_credits").Used.ShouldBe(0);
        world.Consume(20);
        world.Do(new HoldCredits { Account = QuotaWorld.Id, Amount = 5, ExpiresAt = world.Now.AddHours(1) });
        world.Do(new CaptureHold { Account = QuotaWorld.Id, Hold = world.Account.Holds[0].Id, Amount = 4 });
        world.Sheet.Of("ai_credits").Used.ShouldBe(24);
        Recorded(world.Post("ai_credits", 26, enforce: true)).Used.ShouldBe(50);
        Refused<QuotaExceeded>(world.Post("ai_credits", 0.1m, enforce: true)).Used.ShouldBe(50);
        Recorded(world.Post("api_calls", 2, enforce: true)).Used.ShouldBe(4);
        Refused<QuotaExceeded>(world.Post("api_calls", 1, enforce: true)).Used.ShouldBe(4);
    }

    [Fact]
    public void What_was_looked_up_for_another_period_is_looked_up_again()
    {
        var world = QuotaWorld.Opened(100);
        var states = new QuotaStates { Quota = world.Quota, Account = world.Account };
        var command = new RecordUsage { Account = QuotaWorld.Id, Metric = "ai_credits", Quantity = 1, Mode = UsageMode.Add };
        command.Decide(states, world.Now).ShouldBeOfType<QuotaDecision.Outdated>();
        (command with { LookedUp = new(new Baseline(QuotaPeriod.MonthOf(world.Now).AddMonths(-1), 0, 0)) }).Decide(states, world.Now).ShouldBeOfType<QuotaDecision.Outdated>();
        (command with { LookedUp = new(new Baseline(QuotaPeriod.MonthOf(world.Now), 0, 0)) }).Decide(states, world.Now).ShouldBeOfType<QuotaDecision.Accepted>();
        (command with { Metric = "exports" }).Decide(states, world.Now).ShouldBeOfType<QuotaDecision.Accepted>("nothing has to be looked up for what only the app knows");
    }

    [Fact]
    public void A_limit_of_the_accounts_own_goes_before_the_plans_until_it_is_taken_away()
    {
        var world = QuotaWorld.Opened().With(new PlanLimit("storage_mb", 1));
        world.Send(new OverrideLimit { Account = QuotaWorld.Id, Metric = "storage_mb", Limit = 3 }).ShouldBeOfType<QuotaDecision.Accepted>().Quota.Length.ShouldBe(1);
        world.Send(new OverrideLimit { Account = QuotaWorld.Id, Metric = "storage_bytes", Limit = 3_145_728 }).ShouldBeOfType<QuotaDecision.Accepted>().Quota.ShouldBeEmpty();
        (world.Sheet.Of("storage_mb").Limit, world.Sheet.Of("storage_mb").IsOwnLimit).ShouldBe((3, true));
        world.Send(new OverrideLimit { Account = QuotaWorld.Id, Metric = "storage_mb" });
        (world.Sheet.Of("storage_mb").Limit, world.Sheet.Of("storage_mb").IsOwnLimit).ShouldBe((1, false));
        Refused<InvalidAmount>(world.Send(new OverrideLimit { Account = QuotaWorld.Id, Metric = "users", Limit = -1 }));
        world.Send(new OverrideLimit { Account = QuotaWorld.Id, Metric = "users", Limit = 0 });
        Refused<QuotaExceeded>(world.Post("users", 1, enforce: true)).Limit.ShouldBe(0);
    }

    [Fact]
    public void Checks_go_in_the_usual_order_and_refusals_append_nothing()
    {
        var world = new QuotaWorld();
        Refused<AccountNotFound>(world.Post("exports", -1));
        world = QuotaWorld.Opened();
        world.Do(new CloseAccount { Account = QuotaWorld.Id });
        Refused<InvalidAmount>(world.Post("exports", -1)).Member.ShouldBe("quantity");
        Refused<InvalidAmount>(world.Post("exports", 0));
        Refused<InvalidAmount>(world.Post("exports", -1, UsageMode.Set));
        Refused<InvalidAmount>(world.Post("exports", long.MaxValue + 1m));
        Refused<InvalidAmount>(world.Post("exports", 0.0000001m));
        Refused<AccountIsClosed>(world.Post("exports", 1));
        world.Quota.Version.ShouldBe(0);
    }

    [Fact]
    public void An_account_has_at_most_200_metrics_and_a_metric_50_categories()
    {
        var world = QuotaWorld.Opened();
        for (var i = 0; i < Quota.MetricsMax; i++) Recorded(world.Post($"m{i}", 1));
        Refused<LimitReached>(world.Post("one-more", 1)).Max.ShouldBe(200);
        for (var i = 0; i < Quota.CategoriesMax - 1; i++) Recorded(world.Post("m0", 1, category: $"c{i}"));
        Refused<LimitReached>(world.Post("m0", 1, category: "one-more")).Max.ShouldBe(50);
        Recorded(world.Post("m0", 1, category: "c7"));
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("a_b.c-9", true)]
    [InlineData("", false)]
    [InlineData("A", true)]
    [InlineData("team:Seats", true)]
    [InlineData("ä", false)]
    [InlineData("a b", false)]
    public void Names_have_one_shape(string name, bool fits)
    {
        Metrics.IsName(name).ShouldBe(fits);
        Metrics.IsName(new string('a', 64)).ShouldBeTrue();
        Metrics.IsName(new string('a', 65)).ShouldBeFalse();
    }
}
