using System.Diagnostics;
using Ledger.EventStore;
using Ledger.EventStore.Projections;

namespace Ledger.EventStore.Tests.Projections;

public sealed class The_daemon
{
    [Fact]
    public async Task brings_every_projection_up_to_the_events_and_goes_on_with_new_ones()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var last = await database.AppendAsync(300);
        database.Daemon();
        await database.UntilSeenAsync(last);
        await database.CheckAsync();
        last = await database.AppendAsync(500, streams: 40, seed: 2, tenant: "default");
        await database.UntilSeenAsync(last);
        await database.CheckAsync();
        (await database.Store.ScalarAsync<string>("select string_agg(name || ' ' || last_seq_id, ', ' order by name) from ledger.mt_event_progression")).ShouldBe($"lines:All {last}, notes:All {last}, totals:All {last}");
    }

    [Fact]
    public async Task takes_what_its_own_node_has_committed_without_reading_it_and_comes_to_the_same()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var daemon = database.Daemon();
        await database.UntilSeenAsync(0);
        await ProjectionDatabase.UntilAsync(async () => await database.Store.ScalarAsync<long>("select count(*) from ledger.projections where owner is not null") == 3, "it leads");
        using var node = database.Store.Node();
        for (var round = 0; round < 30; round++)
        {
            var outcome = (Outcome.Accepted)await node.SubmitAsync(new AppendWork((new StreamRef("acme", $"thing/{round % 4}"), null, [new ThingCounted(1.50m + round, "fed"), new ThingMade("x")])) { Tenant = "acme" });
            daemon.Committed(outcome.Events);
            if (round % 10 == 9) await node.SubmitAsync(new AppendWork((new StreamRef("acme", "thing/other"), null, [new ThingCounted(2)])) { Tenant = "acme" }); // another node's: it is not handed over
        }

        await database.UntilSeenAsync(await database.HighestAsync());
        await database.CheckAsync();
        // To the last zero: 1.50 from memory is 1.5 from the database.
        var fed = await Task.WhenAll(new[] { "thing_log", "thing_totals", "thing_notes" }.Select(database.HashAsync));
        using var operations = Poison.Operations(database, ProjectionDatabase.All);
        foreach (var name in new[] { "lines", "totals", "notes" }) await operations.RebuildAsync(name);
        (await Task.WhenAll(new[] { "thing_log", "thing_totals", "thing_notes" }.Select(database.HashAsync))).ShouldBe(fed);
    }

    [Fact]
    public async Task takes_what_its_own_node_has_committed_from_memory_and_what_others_did_between_from_the_tables()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var daemon = database.Daemon(options: ProjectionDatabase.Quick with { PageMax = 9, FeedPageMax = 23, FeedMax = 60 });
        await ProjectionDatabase.UntilAsync(async () => await database.Store.ScalarAsync<long>("select count(*) from ledger.projections where owner is not null") == 3, "it leads");
        using var own = database.Store.Node(new GroupCommitOptions { BatchMax = 5 });
        using var other = database.Store.Node(new GroupCommitOptions { BatchMax = 5 });
        own.Committed += daemon.Committed;
        var random = new Random(1);
        for (var round = 0; round < 25; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, random.Next(1, 40)).Select(i => (random.Next(2) == 0 ? own : other).SubmitAsync(
                new AppendWork((new StreamRef("acme", $"thing/{i % 6}"), null, [new ThingCounted(i, "fed"), new ThingMade("x")])) { Tenant = "acme" })));
            // A server that crashes at the wrong moment leaves a hole.
            if (round % 8 == 7) await database.Store.ExecuteAsync($"begin; select pg_advisory_xact_lock({0x4C65646765720002}); select setval('ledger.mt_events_sequence', last_value + 2) from ledger.mt_events_sequence; rollback");
        }

        await database.UntilSeenAsync(await database.HighestAsync());
        await database.CheckAsync();
        var fed = await Task.WhenAll(new[] { "thing_log", "thing_totals", "thing_notes" }.Select(database.HashAsync));
        using var operations = Poison.Operations(database, ProjectionDatabase.All);
        foreach (var name in new[] { "lines", "totals", "notes" }) await operations.RebuildAsync(name);
        (await Task.WhenAll(new[] { "thing_log", "thing_totals", "thing_notes" }.Select(database.HashAsync))).ShouldBe(fed);
    }

    [Fact]
    public async Task is_woken_within_milliseconds_by_a_notification()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var daemon = database.Daemon(options: ProjectionDatabase.Quick with { BeatEvery = TimeSpan.FromSeconds(10), StaleAfter = TimeSpan.FromSeconds(30) });
        await database.AppendAsync(1);
        await ProjectionDatabase.UntilAsync(async () => await database.Store.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and application_name like 'ledger projections %'") == 2, "it listens");
        await ProjectionDatabase.UntilAsync(() => Task.FromResult(daemon.Progress.Of("lines") is not null), "it leads");
        var times = new List<double>();
        for (var i = 0; i < 10; i++)
        {
            var last = await database.AppendAsync(1);
            var clock = Stopwatch.StartNew();
            await database.Store.ScalarAsync<string>("select pg_notify('ledger_events', $1)::text", $"{last}");
            (await database.Desk(daemon: daemon).SeenAsync("lines", last, TimeSpan.FromSeconds(5))).ShouldBeTrue();
            times.Add(clock.Elapsed.TotalMilliseconds);
        }

        times.Order().ElementAt(5).ShouldBeLessThan(100);
        await database.CheckAsync();
    }

    [Fact]
    public async Task gives_way_to_commands_only_while_it_is_not_far_behind()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var last = await database.AppendAsync(1_000);
        var options = ProjectionDatabase.Quick with { PageMax = 50, GiveWayLagMax = 100, StrainedShare = 0.000_01, RestMax = TimeSpan.FromMinutes(1) };
        using var daemon = new ProjectionDaemon(database.Store.ConnectionString, ThingModel.Catalog(), ProjectionDatabase.All, options, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance) { UnderWay = () => options.GiveWayAbove + 1 };
        daemon.Start();
        await database.UntilSeenAsync(last - 100);
        await Task.Delay(500);
        (await database.Store.ScalarAsync<long>("select max(last_seq_id) from ledger.projections")).ShouldBeLessThan(last, "it is near enough, and gives way");
    }

    [Fact]
    public async Task goes_on_with_its_others_while_the_row_of_one_is_held()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        database.Daemon();
        await database.UntilSeenAsync(await database.AppendAsync(10));
        const string epochs = "select string_agg(name || ' ' || epoch, ', ' order by name) from ledger.projections";
        var before = await database.Store.ScalarAsync<string>(epochs);
        await database.Store.ExecuteAsync("begin; select from ledger.projections where name = 'lines' for update; select pg_sleep(1.5); commit");
        (await database.Store.ScalarAsync<string>(epochs)).ShouldBe(before, "nobody stood down");
        await database.UntilSeenAsync(await database.AppendAsync(10, seed: 2));
        await database.CheckAsync();
    }

    [Fact]
    public async Task does_nothing_on_an_idle_ledger_but_say_that_it_lives()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var last = await database.AppendAsync(50);
        var daemon = database.Daemon(options: new ProjectionOptions());
        await database.UntilSeenAsync(last);
        await Task.Delay(2_500); // until the sessions have told what they did before
        var steps = daemon.Steps;
        var written = await database.Store.ScalarAsync<long>("select xact_commit from pg_stat_database where datname = current_database()");
        await Task.Delay(4_000);
        daemon.Steps.ShouldBe(steps);
        // Two beats of two statements; the rest is these questions themselves.
        (await database.Store.ScalarAsync<long>("select xact_commit from pg_stat_database where datname = current_database()") - written).ShouldBeLessThan(15);
    }

    [Fact]
    public async Task of_one_node_leads_each_projection_and_another_takes_over_at_once_when_it_ends()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var first = database.Daemon(options: new ProjectionOptions());
        await ProjectionDatabase.UntilAsync(async () => await LeadersAsync(database) == $"{first.Node}*3", "the first leads");
        var second = database.Daemon(options: new ProjectionOptions());
        await Task.Delay(300);
        (await LeadersAsync(database)).ShouldBe($"{first.Node}*3");
        var clock = Stopwatch.StartNew();
        first.Dispose();
        await ProjectionDatabase.UntilAsync(async () => await LeadersAsync(database) == $"{second.Node}*3", "the second leads");
        clock.ElapsedMilliseconds.ShouldBeLessThan(2_000, "a clean end is told");
        await database.UntilSeenAsync(await database.AppendAsync(20));
        await database.CheckAsync();
    }

    [Fact]
    public async Task that_was_replaced_while_it_stood_still_can_write_nothing()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var last = await database.AppendAsync(20);
        var daemon = database.Daemon();
        await database.UntilSeenAsync(last);
        var (epoch, position) = (await database.Store.ScalarAsync<long>("select epoch from ledger.projections where name = 'lines'"), last);
        daemon.Dispose();
        var other = database.Daemon();
        await database.UntilSeenAsync(last = await database.AppendAsync(20));

        // The first one wakes up and writes what it had in mind.
        await using var late = await database.Store.Reader.Source.OpenConnectionAsync();
        await using var transaction = await late.BeginTransactionAsync();
        await using var write = new Npgsql.NpgsqlCommand("insert into ledger.thing_log values ('acme', 'thing/late', 1, 1, 1, null, null)", late);
        await write.ExecuteNonQueryAsync();
        foreach (var (mine, expected) in new[] { (epoch, position), (epoch, last), (epoch + 1, position) })
        {
            await transaction.SaveAsync("a");
            await using var advance = new Npgsql.NpgsqlCommand("select ledger.advance_projections(array['lines'], array[$1], $2, $3)::text", late) { Parameters = { new() { Value = mine }, new() { Value = expected }, new() { Value = last + 1 } } };
            (await Should.ThrowAsync<Npgsql.PostgresException>(() => advance.ExecuteScalarAsync())).SqlState.ShouldBe("LP001");
            await transaction.RollbackAsync("a");
        }

        await transaction.RollbackAsync();
        await database.CheckAsync();
        (await LeadersAsync(database)).ShouldBe($"{other.Node}*3");
    }

    [Fact]
    public async Task that_leads_stands_down_when_another_has_taken_over()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var last = await database.AppendAsync(20);
        var daemon = database.Daemon(options: ProjectionDatabase.Quick with { BeatEvery = TimeSpan.FromSeconds(20), StaleAfter = TimeSpan.FromSeconds(60) });
        await database.UntilSeenAsync(last);
        await database.Store.ExecuteAsync("update ledger.projections set owner = 'another', epoch = epoch + 1, heartbeat_at = clock_timestamp() where name = 'lines'");
        last = await database.AppendAsync(10);
        daemon.Committed((await database.Store.Reader.EventsAsync(new StreamRef("acme", "thing/1"), 1, 1)) is { Count: 1 } any ? [any[0] with { SeqId = last }] : []);
        await database.UntilSeenAsync(last, "totals", "notes");
        (await database.Store.ScalarAsync<long>("select last_seq_id from ledger.projections where name = 'lines'")).ShouldBe(last - 10);
        daemon.Progress.Of("lines").ShouldBeNull();
        daemon.Progress.Of("totals").ShouldBe(last);
    }

    private static Task<string> LeadersAsync(ProjectionDatabase database) =>
        database.Store.ScalarAsync<string>("select coalesce(string_agg(owner || '*' || n, ' '), '') from (select owner, count(*) n from ledger.projections where owner is not null group by owner) x");
}
