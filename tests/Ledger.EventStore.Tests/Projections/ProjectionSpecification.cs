using Ledger.EventStore;
using Ledger.EventStore.Projections;

namespace Ledger.EventStore.Tests.Projections;

/// <summary>What every projection must keep, whatever its rows: the same rows however the events are cut into batches, live, fed, retried or rebuilt.</summary>
public sealed class ProjectionSpecification(ITestOutputHelper output)
{
    private static readonly string[] Tables = ["thing_log", "thing_totals", "thing_notes"];

    [Fact]
    public async Task a_run_in_many_small_batches_gives_the_rows_of_one_large_batch_and_of_one_in_memory()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LEDGER_SEED"), out var given) ? given : Environment.TickCount;
        output.WriteLine($"LEDGER_SEED={seed}");
        var random = new Random(seed);
        await using var database = await ProjectionDatabase.CreateAsync();
        var last = await database.AppendAsync(700, streams: 30, seed: seed);
        var hashes = new List<string>();
        var runs = Environment.GetEnvironmentVariable("LEDGER_TEST_FULL") == "1" ? 30 : 5;
        for (var run = 0; run < runs; run++)
        {
            var options = run == 0 ? ProjectionDatabase.Quick : ProjectionDatabase.Quick with { PageMax = random.Next(1, 120), CachedRowsMax = random.Next(0, 40), PaceMin = TimeSpan.Zero, PaceMax = TimeSpan.Zero };
            using (database.Daemon(options: options)) await database.UntilSeenAsync(last);
            await database.CheckAsync();
            hashes.Add(string.Join('|', await Task.WhenAll(Tables.Select(database.HashAsync))));
            await database.Store.ExecuteAsync("truncate ledger.thing_log, ledger.thing_totals, ledger.thing_notes; update ledger.projections set last_seq_id = 0");
        }

        hashes.Distinct().ShouldHaveSingleItem();
        var rows = new Rows();
        await foreach (var happened in database.Store.Reader.AllAsync())
        {
            foreach (var projection in ProjectionDatabase.All.All) projection.Apply(happened, rows);
        }

        using (database.Daemon()) await database.UntilSeenAsync(last);
        rows.All(ThingLog.Table).Count.ShouldBe(700);
        (await database.Store.ScalarAsync<decimal>("select sum(count * events) from ledger.thing_totals")).ShouldBe(rows.All(ThingTotals.Table).Sum(r => r.Count * r.Events));
        (await database.Store.ScalarAsync<decimal>("select sum(sum * events) from ledger.thing_notes")).ShouldBe(rows.All(ThingNotes.Table).Sum(r => r.Sum * r.Events));
    }

    [Fact]
    public void only_rows_that_were_named_may_be_looked_up_where_there_is_a_database()
    {
        var rows = new Rows(true, 10);
        Should.Throw<InvalidOperationException>(() => rows.Find(ThingNotes.Table, ("acme", "n1"))).Message.ShouldContain("not named");
        Should.Throw<InvalidOperationException>(() => new RowNeeds().Row(ThingLog.Table, ("acme", "thing/1", 1L))).Message.ShouldContain("log");
        new Rows().Find(ThingNotes.Table, ("acme", "n1")).ShouldBeNull("in memory what was not put is not there");
    }

    [Fact]
    public void two_projections_share_no_name_and_no_table()
    {
        Should.Throw<ArgumentException>(() => new ProjectionCatalog([new ThingLog(), new ThingLog()])).Message.ShouldContain("one name");
        Should.Throw<ArgumentException>(() => new ProjectionCatalog([new ThingTotals(), new ThingTotals("others")])).Message.ShouldContain("thing_totals");
        Should.Throw<ArgumentException>(() => new ProjectionCatalog([new ThingTotals("Totals; drop")])).Message.ShouldContain("no name");
        Should.Throw<ArgumentException>(() => new ProjectionCatalog([new ThingTotals(version: 0)])).Message.ShouldContain("version");
    }

    [Fact]
    public async Task rows_that_somebody_else_has_taken_away_stop_the_projection_rather_than_to_be_forgotten()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var daemon = database.Daemon();
        await database.UntilSeenAsync(await database.AppendAsync(20, streams: 1));
        await database.Store.ExecuteAsync("delete from ledger.thing_totals");
        await database.UntilSeenAsync(await database.AppendAsync(5, streams: 1), "lines", "notes");
        await ProjectionDatabase.UntilAsync(async () => (await database.Desk(daemon: daemon).StatusAsync()).Single(s => s.Name == "totals").State == "failed", "it stops");
        (await database.Desk().StatusAsync()).Single(s => s.Name == "totals").Error!.ShouldContain("Rebuild it");
        using var operations = Poison.Operations(database, ProjectionDatabase.All);
        await operations.RebuildAsync("totals");
        await database.UntilSeenAsync(await database.AppendAsync(5, streams: 1));
        await database.CheckAsync();
    }
}
