using System.Globalization;
using Ledger.Domain.Accounts;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;

namespace Ledger.Domain.Tests.Quotas;

/// <summary>Random consumptions, grants, posts, outcomes of payments and passing time, by seed: what must hold after each step does.</summary>
public sealed class Random_days(ITestOutputHelper output)
{
    private const int Runs = 60;
    private const int Steps = 80;

    [Fact]
    public void No_limit_that_is_enforced_is_passed_nothing_is_bought_twice_and_levels_are_told_once_for_each_crossing()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LEDGER_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount;
        output.WriteLine($"LEDGER_SEED={seed}");
        var (bought, raised, refused) = (0, 0, 0);
        for (var run = 0; run < Runs; run++)
        {
            var random = new Random(seed + run);
            var settings = new AutoTopUp { Threshold = random.Next(0, 60), Package = "small", Quantity = random.Next(1, 10), Price = new(0, ""), MaxPerMonth = random.Next(1, 6), CooldownMinutes = random.Next(0, 600), Enabled = true };
            var world = QuotaWorld.Opened(100).With(new("exports", 20), new("users", 5), new("ai_credits", 150));
            world.Send(new SetAlerts { Account = QuotaWorld.Id, Settings = new([30, 10], [50, 100]) });
            world.Send(new SetAutoTopUp { Account = QuotaWorld.Id, Settings = settings });
            for (var step = 0; step < Steps; step++)
            {
                Step(world, random, ref refused);
                Check(world, settings, $"LEDGER_SEED={seed + run} step {step}");
            }

            bought += world.Happened.OfType<TopUpStarted>().Count();
            raised += world.Raised.Count;
        }

        output.WriteLine($"{bought} top-ups, {raised} alerts, {refused} refused");
        (bought > Runs, raised > Runs, refused > Runs).ShouldBe((true, true, true));
    }

    private static void Step(QuotaWorld world, Random random, ref int refused)
    {
        switch (random.Next(9))
        {
            case 0:
                world.Grant(random.Next(1, 30));
                break;
            case 1 or 2 or 3:
                if (world.Account.Available.Value >= 1) world.Consume(random.Next(1, (int)Math.Min(40, world.Account.Available.Value) + 1));
                break;
            case 4:
                var decision = random.Next(2) == 0 ? world.Post("exports", random.Next(1, 8), enforce: true) : world.Post("users", random.Next(0, 8), UsageMode.Set, enforce: true, category: random.Next(2) == 0 ? "a" : null);
                if (decision is QuotaDecision.Refused) refused++;
                break;
            case 5:
                if (world.Open is { Standing: PaymentStatus.Pending }) world.Tell(random.Next(3) == 0 ? PaymentStatus.Failed : PaymentStatus.Succeeded);
                break;
            case 6:
                world.Method = random.Next(4) == 0 ? null : new("fake", "cus_1", "pm_1");
                break;
            case 7:
                world.Pass(TimeSpan.FromMinutes(random.Next(1, 90)));
                break;
            default:
                world.Pass(TimeSpan.FromHours(random.Next(1, 100)));
                if (world.Live!.CurrentPeriodEnd <= world.Now) world.Live = world.Live with { CurrentPeriodStart = world.Live.CurrentPeriodEnd, CurrentPeriodEnd = world.Live.CurrentPeriodEnd.Value.AddMonths(1) };
                world.Wake();
                break;
        }
    }

    private static void Check(QuotaWorld world, AutoTopUp settings, string where)
    {
        world.Sheet.Of("exports").Used.ShouldBeLessThanOrEqualTo(20, where);
        world.Sheet.Of("users").Used.ShouldBeLessThanOrEqualTo(5, where);
        (world.Account.Watch?.CrossedAt).ShouldBeNull(where);

        var starts = world.Happened.OfType<TopUpStarted>().ToList();
        starts.Select(start => start.Number).ShouldBe(Enumerable.Range(1, starts.Count).Select(number => (long)number), where);
        world.Happened.OfType<PaymentIntended>().Count().ShouldBe(starts.Count, where);
        (starts.Count - world.Happened.OfType<TopUpEnded>().Count()).ShouldBeInRange(0, 1, where);
        var begun = starts.Select(start => start.CheckAt - TimeSpan.FromSeconds(10)).ToList();
        begun.Zip(begun.Skip(1), (one, next) => next - one).ShouldAllBe(pause => pause >= TimeSpan.FromMinutes(settings.CooldownMinutes), where);
        world.Quota.TopUp.InMonth.ShouldBeInRange(0, settings.MaxPerMonth, where);
        // Either enough is there, or something is under way or waited for.
        (world.Account.Available >= settings.Threshold || world.Quota.TopUp.Open is not null || world.Quota.TopUp.WakeAt > world.Now).ShouldBeTrue(where);

        foreach (var level in new Credits[] { 30, 10 })
        {
            var stands = world.Quota.Standing.Any(alert => alert.Kind == AlertKind.LowBalance && alert.Threshold == level);
            if (world.Account.Available < level) stands.ShouldBeTrue(where);
            if (world.Account.Available >= level.Value * 1.1m) stands.ShouldBeFalse(where);
        }

        var folded = new Quota();
        foreach (var happened in world.Happened.OfType<QuotaEvent>()) folded = folded.Evolve(happened, QuotaWorld.Begin);
        (folded.Version, folded.Standing, folded.AutoTopUp).ShouldBe((world.Quota.Version, world.Quota.Standing, world.Quota.AutoTopUp), where);
    }
}
