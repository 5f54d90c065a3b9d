using System.Diagnostics;
using Ledger.EventStore;
using Ledger.EventStore.Projections;

namespace Ledger.EventStore.Tests.Projections;

public sealed class A_rebuild(ITestOutputHelper output)
{
    private const string Shape =
        """
        select string_agg(x, E'\n' order by x) from (
            select i.indisunique || substring(pg_get_indexdef(i.indexrelid) from ' USING .*') as x from pg_inherits h join pg_class c on c.oid = h.inhrelid join pg_index i on i.indrelid = c.oid cross join lateral (select h.inhparent::regclass::text) p(t) where p.t = $1
            union all select format('%s %s %s %s %s', p.t, c.reloptions, c.relrowsecurity, c.relowner::regrole, (select count(*) from pg_constraint k where k.conrelid = c.oid)) from pg_inherits h join pg_class c on c.oid = h.inhrelid cross join lateral (select h.inhparent::regclass::text) p(t) where p.t = $1
        ) q
        """;

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(20)]
    public async Task gives_the_same_rows_and_the_same_table_while_events_go_on_coming(int rowsMax)
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var daemon = database.Daemon();
        await database.UntilSeenAsync(await database.AppendAsync(7_000, streams: 200));
        var tables = new (string Name, string Table)[] { ("totals", "thing_totals"), ("lines", "thing_log"), ("notes", "thing_notes") };
        using var operations = Poison.Operations(database, ProjectionDatabase.All, ProjectionDatabase.Quick with { RebuildRowsMax = rowsMax, CachedRowsMax = 10 });
        foreach (var (name, table) in tables)
        {
            var shape = await database.Store.ScalarAsync<string>(Shape, "ledger." + table);
            var told = new List<RebuildProgress>();
            var more = database.AppendAsync(400, streams: 300, seed: 5);
            await operations.RebuildAsync(name, told.Add);
            await database.UntilSeenAsync(await more);
            await database.CheckAsync();
            told[^1].Phase.ShouldBe("done");
            told.Select(p => p.Position).ShouldBeInOrder();
            (await database.Store.ScalarAsync<string>(Shape, "ledger." + table)).ShouldBe(shape);
            (await LeftAsync(database)).ShouldBe(3, "one part for each table");
            (await database.Store.ScalarAsync<long>($"select last_seq_id from ledger.mt_event_progression where name = '{name}:All'")).ShouldBeGreaterThan(6_999);
        }

        (await database.Store.ScalarAsync<long>("select count(*) from ledger.thing_view")).ShouldBeGreaterThan(1_000, "views go on over a swap");
        await using var service = database.Store.Reader.Source.CreateCommand("select count(*) from ledger.thing_log");
        ((long)(await service.ExecuteScalarAsync())!).ShouldBeGreaterThan(7_000, "the service's role sees the rows");
        daemon.Progress.Of("lines").ShouldNotBeNull();
    }

    [Fact]
    public async Task that_is_cancelled_leaves_nothing_behind_and_the_live_table_goes_on()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        database.Daemon();
        await database.UntilSeenAsync(await database.AppendAsync(12_000, streams: 50));
        using var operations = Poison.Operations(database, ProjectionDatabase.All);
        using var cancel = new CancellationTokenSource();
        await Should.ThrowAsync<OperationCanceledException>(() => operations.RebuildAsync("lines", p => cancel.Cancel(), cancel.Token));
        (await LeftAsync(database)).ShouldBe(3);
        (await database.Desk().StatusAsync()).Single(s => s.Name == "lines").Rebuild!.Phase.ShouldBe("cancelled");
        await database.UntilSeenAsync(await database.AppendAsync(100, seed: 9));
        await database.CheckAsync();
        await operations.RebuildAsync("lines");
        await database.UntilSeenAsync(await database.AppendAsync(100, seed: 10));
        await database.CheckAsync();
    }

    [Fact]
    public async Task stops_at_a_poison_event_and_says_why()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        database.Daemon();
        var last = await database.AppendAsync(300);
        await database.UntilSeenAsync(last);
        var hash = await database.HashAsync("thing_log");
        var broken = new ProjectionCatalog([new ThingLog(isPoison: e => e.SeqId == 150)]);
        using var operations = Poison.Operations(database, broken);
        (await Should.ThrowAsync<ProjectionFailedException>(() => operations.RebuildAsync("lines"))).Message.ShouldContain("150");
        var status = (await database.Desk().StatusAsync()).Single(s => s.Name == "lines");
        (status.Rebuild!.Phase, status.State, status.Parked).ShouldBe(("failed", "running", 0));
        status.Rebuild.Error!.ShouldContain("planted");
        (await LeftAsync(database)).ShouldBe(3);
        (await database.HashAsync("thing_log")).ShouldBe(hash);
    }

    [Fact]
    public async Task is_one_at_a_time_and_can_be_cancelled_from_elsewhere()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        database.Daemon();
        await database.UntilSeenAsync(await database.AppendAsync(6_000));
        using var operations = Poison.Operations(database, ProjectionDatabase.All);
        using var elsewhere = Poison.Operations(database, ProjectionDatabase.All);
        using var reached = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        var first = operations.RebuildAsync("lines", _ =>
        {
            reached.Set();
            go.Wait(TimeSpan.FromSeconds(20));
        });
        reached.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue();
        await Should.ThrowAsync<ProjectionRefusedException>(() => elsewhere.RebuildAsync("lines"));
        (await elsewhere.CancelRebuildAsync("lines")).ShouldBeTrue();
        await Task.Delay(2_500);
        go.Set();
        await Should.ThrowAsync<OperationCanceledException>(() => first);
        (await LeftAsync(database)).ShouldBe(3);
        (await elsewhere.CancelRebuildAsync("lines")).ShouldBeFalse("there is none any more");
    }

    [Fact]
    public async Task that_was_silent_for_so_long_that_another_began_ends_without_touching_what_that_one_made()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        database.Daemon();
        await database.UntilSeenAsync(await database.AppendAsync(12_000));
        using var operations = Poison.Operations(database, ProjectionDatabase.All);
        using var elsewhere = Poison.Operations(database, ProjectionDatabase.All);
        using var reached = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        var first = operations.RebuildAsync("lines", _ =>
        {
            reached.Set();
            go.Wait(TimeSpan.FromSeconds(30));
        });
        reached.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue();
        var part = await database.Store.ScalarAsync<string>("select max(relname) from pg_class where relname ~ '^thing_log_[0-9]+$' and not relispartition");
        await database.Store.ExecuteAsync("update ledger.projection_rebuilds set heartbeat_at = clock_timestamp() - interval '1 minute'");
        await elsewhere.RebuildAsync("lines");
        await Task.Delay(1_500);
        go.Set();
        (await Should.ThrowAsync<ProjectionRefusedException>(() => first)).Message.ShouldContain("Another rebuild");
        (await database.Store.ScalarAsync<long>("select count(*) from pg_class where relname = $1", part)).ShouldBe(0, "its name is not used again");
        (await LeftAsync(database)).ShouldBe(3);
        (await database.Desk().StatusAsync()).Single(s => s.Name == "lines").Rebuild!.Phase.ShouldBe("done");
        await database.UntilSeenAsync(await database.AppendAsync(50, seed: 3));
        await database.CheckAsync();
    }

    [Fact]
    public async Task waits_for_a_long_query_while_the_projection_goes_on()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        database.Daemon();
        await database.UntilSeenAsync(await database.AppendAsync(100));
        using var operations = Poison.Operations(database, ProjectionDatabase.All);
        await using var connection = await database.Store.Reader.Source.OpenConnectionAsync();
        await using var query = await connection.BeginTransactionAsync();
        await using (var command = new Npgsql.NpgsqlCommand("select count(*) from ledger.thing_log", connection, query)) await command.ExecuteScalarAsync();
        var rebuild = operations.RebuildAsync("lines");
        await ProjectionDatabase.UntilAsync(async () => await database.Store.ScalarAsync<long>("select count(*) from ledger.projections where owner like 'operator/%'") == 1, "it tries to swap");
        var last = await database.AppendAsync(100, seed: 2);
        await database.UntilSeenAsync(last);
        rebuild.IsCompleted.ShouldBeFalse();
        await query.RollbackAsync();
        await rebuild;
        (await LeftAsync(database)).ShouldBe(3);
        await database.CheckAsync();
    }

    [Fact]
    public async Task brings_a_projection_of_another_version_up_which_stands_outdated_until_then()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var old = database.Daemon();
        await database.UntilSeenAsync(await database.AppendAsync(100));
        old.Dispose();
        var projections = new ProjectionCatalog([new ThingTotals(version: 2), new ThingLog(), new ThingNotes()]);
        var daemon = database.Daemon(projections);
        var last = await database.AppendAsync(50, seed: 2);
        await database.UntilSeenAsync(last, "lines", "notes");
        var desk = database.Desk(projections, daemon);
        var status = (await desk.StatusAsync()).Single(s => s.Name == "totals");
        (status.State, status.Version, status.ProgramVersion, status.Leader).ShouldBe(("outdated", 1, 2, null));
        (await desk.SeenAsync("totals", 1, TimeSpan.Zero)).ShouldBeFalse("rows of another version answer nothing");
        using var operations = Poison.Operations(database, projections);
        (await Should.ThrowAsync<ProjectionRefusedException>(() => operations.RetryAsync("totals"))).Message.ShouldContain("rebuild it");
        await operations.RebuildAsync("totals");
        await database.UntilSeenAsync(await database.AppendAsync(50, seed: 3));
        await database.CheckAsync();
        (await desk.StatusAsync()).Single(s => s.Name == "totals").State.ShouldBe("running");
        // The older program neither retries nor puts its rows back in place.
        using var older = Poison.Operations(database, ProjectionDatabase.All);
        await Should.ThrowAsync<ProjectionRefusedException>(() => older.RetryAsync("totals"));
        await Should.ThrowAsync<ProjectionRefusedException>(() => older.RebuildAsync("totals"));
        (await database.Store.ScalarAsync<int>("select version from ledger.projections where name = 'totals'")).ShouldBe(2);
        (await LeftAsync(database)).ShouldBe(3);
    }

    [Fact]
    public async Task is_begun_by_the_daemon_itself_where_there_are_no_rows_yet()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var old = database.Daemon();
        await ProjectionDatabase.UntilAsync(async () => await database.Store.ScalarAsync<long>("select count(*) from ledger.projections") == 3, "they are known");
        old.Dispose();
        var projections = new ProjectionCatalog([new ThingTotals(version: 2), new ThingLog(), new ThingNotes()]);
        database.Daemon(projections);
        await database.UntilSeenAsync(await database.AppendAsync(50));
        await database.CheckAsync();
        (await database.Store.ScalarAsync<int>("select version from ledger.projections where name = 'totals'")).ShouldBe(2);
    }

    [Fact]
    public async Task of_an_inline_projection_gives_the_rows_that_its_commits_have_written()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var inline = new ProjectionCatalog([new ThingTotals(isInline: true)]);
        using var node = new GroupCommit(database.Store.ConnectionString, ThingModel.Catalog(), new StreamModels(new ThingModel()), inline.Inline, new GroupCommitOptions(), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        for (var i = 0; i < 40; i++) (await node.SubmitAsync(new Count(new StreamRef("acme", $"thing/{i % 7}"), i + 1, i % 3 == 0 ? $"n{i}" : null) { Tenant = "acme" })).ShouldBeOfType<Outcome.Accepted>();
        var hash = await database.HashAsync("thing_totals");
        (await database.Store.ScalarAsync<decimal>("select sum(count) from ledger.thing_totals")).ShouldBe(40 * 41 / 2);
        using var operations = Poison.Operations(database, inline);
        await operations.RebuildAsync("totals");
        (await database.HashAsync("thing_totals")).ShouldBe(hash);
        await database.Store.ExecuteAsync("delete from ledger.thing_totals where thing = 'thing/2'; update ledger.thing_totals set count = 1 where thing = 'thing/3'; insert into ledger.thing_totals values ('acme', 'thing/none', 0, 1, 1)");
        await operations.RebuildAsync("totals");
        (await database.HashAsync("thing_totals")).ShouldBe(hash);
    }

    [Fact]
    public async Task copies_a_log_with_flat_memory()
    {
        var events = Environment.GetEnvironmentVariable("LEDGER_TEST_FULL") == "1" ? 400_000 : 60_000;
        await using var database = await ProjectionDatabase.CreateAsync();
        await database.Store.ExecuteAsync(
            $$"""
            insert into ledger.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, correlation_id, causation_id, headers, is_archived)
            select i, gen_random_uuid(), 'thing/' || i % 1000, 1 + i / 1000, jsonb_build_object('by', i % 50 + 0.5, 'note', 'n' || i % 9), 'thing_counted', now(), 'acme', null, 'key-' || i, jsonb_build_object('actor', 'key_1', 'hash', encode(sha256(i::text::bytea), 'base64')), false
            from generate_series(1, {{events}}) i;
            select setval('ledger.mt_events_sequence', {{events}});
            """);
        database.Daemon(new ProjectionCatalog([new ThingNotes()]));
        await database.UntilSeenAsync(0, "notes");
        var projections = new ProjectionCatalog([new ThingLog()]);
        database.Daemon(projections, ProjectionDatabase.Quick with { PageMax = 1 }); // it comes to its rows slowly, and the rebuild passes it
        await database.UntilSeenAsync(1, "lines");
        using var operations = Poison.Operations(database, projections);
        var clock = Stopwatch.StartNew();
        var memory = GC.GetTotalMemory(true);
        var copied = TimeSpan.Zero;
        await operations.RebuildAsync("lines", p => copied = p.Phase == "copying" ? clock.Elapsed : copied);
        var grew = (GC.GetTotalMemory(true) - memory) / 1024.0 / 1024;
        output.WriteLine($"{events} events: copied in {copied.TotalSeconds:f2} s ({events / copied.TotalSeconds:f0} a second), all in {clock.Elapsed.TotalSeconds:f2} s; memory grew by {grew:f1} MB");
        (await database.Store.ScalarAsync<long>("select count(*) from ledger.thing_log")).ShouldBe(events);
        grew.ShouldBeLessThan(100, "however many events there are");
    }

    private static Task<long> LeftAsync(ProjectionDatabase database) => database.Store.ScalarAsync<long>("select count(*) from pg_class where relname ~ '^thing_(totals|log|notes)_[0-9]+$' and relkind = 'r'");
}
