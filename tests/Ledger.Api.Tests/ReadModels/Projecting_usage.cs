using Ledger.Api.Commands;
using Ledger.Api.ReadModels;
using Ledger.Domain.Accounts;
using Ledger.Domain.Tests.Accounts;
using Ledger.EventStore;
using Ledger.EventStore.Projections;

namespace Ledger.Api.Tests.ReadModels;

/// <summary>The pure part of usage: rows against sums over the events.</summary>
public sealed class Projecting_usage(ITestOutputHelper output)
{
    private const int Histories = 60;

    private static readonly UsageProjection Projection = new();

    [Fact]
    public void Hours_are_the_sums_of_their_consumptions()
    {
        var seed = RandomEvents.Seed(output);
        for (var history = 0; history < Histories; history++)
        {
            var made = RandomEvents.Of(seed + history);
            var expected =
                from happened in made.Events
                where happened.Data is ConsumptionEvent
                let e = (ConsumptionEvent)happened.Data
                let at = (e.Note?.OccurredAt ?? happened.RecordedAt).UtcDateTime
                group e by new UsageKey("*DEFAULT*", AccountModel.AccountOf(happened.Stream).Value, at.Date.AddHours(at.Hour), e.Spending?.Service ?? "", e.Spending?.Operation ?? "", e.Note?.Actor ?? "") into calls
                let usage = calls.Select(call => call.Spending?.Usage).OfType<Usage>().ToList()
                select new UsageRow(
                    calls.Key, calls.Count(), usage.Count(u => u.Success is true), usage.Count(u => u.Success is false), calls.Sum(call => call.Amount.Value),
                    Sum(usage.Select(u => u.InputTokens)), Sum(usage.Select(u => u.OutputTokens)), Sum(usage.Select(u => u.ProcessingTimeMs)));
            Apply(made.Events).All(UsageTables.Hours).ShouldBe(expected.ToList(), ignoreOrder: true);
        }
    }

    [Fact]
    public void A_release_that_says_what_was_used_is_a_call_for_what_the_hold_was_for()
    {
        var seed = RandomEvents.Seed(output);
        var seen = 0;
        for (var history = 0; history < Histories; history++)
        {
            var made = RandomEvents.Of(seed + history);
            var calls = Apply(made.Events).All(UsageTables.UnchargedCalls).ToDictionary(row => row.Key);
            foreach (var happened in made.Events)
            {
                var key = new VersionKey("*DEFAULT*", AccountModel.AccountOf(happened.Stream).Value, happened.Version);
                if (happened.Data is not HoldReleased { Usage: { } usage } e)
                {
                    calls.ShouldNotContainKey(key);
                    continue;
                }

                var placed = (HoldPlaced)made.World.Stream(new(key.Account)).Single(entry => entry.Event is HoldPlaced p && p.Id == e.Hold).Event;
                calls[key].ShouldBe(new UnchargedCallRow(
                    key, (e.Note?.OccurredAt ?? happened.RecordedAt).UtcDateTime, usage, placed.Spending?.Service, placed.Spending?.Operation, placed.Spending?.Resource, e.Note?.Actor ?? placed.Note?.Actor));
                seen++;
            }
        }

        seen.ShouldBeGreaterThan(Histories / 4, "the histories release holds with usage");
    }

    [Fact]
    public void The_largest_numbers_add_up()
    {
        var row = new UsageRow(default, 0, 0, 0, 0, null, null, null);
        for (var i = 0; i < 3; i++) row = row.With(1_000_000_000_000m, new Usage(long.MaxValue, 0, long.MaxValue));
        (row.Amount, row.InputTokens, row.OutputTokens, row.ProcessingMs).ShouldBe((3_000_000_000_000m, 3m * long.MaxValue, 0m, 3m * long.MaxValue));
    }

    private static Rows Apply(IEnumerable<StoredEvent> events)
    {
        var rows = new Rows();
        foreach (var happened in events.Where(happened => Projection.Handles.Contains(happened.Data.GetType()))) Projection.Apply(happened, rows);
        return rows;
    }

    private static decimal? Sum(IEnumerable<long?> numbers) => numbers.Aggregate((decimal?)null, (sum, number) => number is null ? sum : (sum ?? 0) + number);
}
