using Ledger.EventStore;
using Ledger.EventStore.Projections;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ledger.EventStore.Tests.Projections;

public sealed class Poison
{
    [Fact]
    public async Task parks_its_stream_in_that_projection_after_three_tries_and_a_retry_catches_up_what_was_passed_over()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        await database.AppendAsync(60);
        var poison = await database.AppendAsync(1, streams: 1, by: _ => 13);
        var last = await database.AppendAsync(60, seed: 3);
        var tried = 0;
        var cured = false;
        var projections = new ProjectionCatalog([new ThingTotals(isPoison: e => !cured && ((ThingCounted)e.Data).By == 13 && e.SeqId == poison && Interlocked.Increment(ref tried) > 0), new ThingLog(), new ThingNotes()]);
        var daemon = database.Daemon(projections);
        await database.UntilSeenAsync(last);
        tried.ShouldBe(3);
        var desk = database.Desk(projections, daemon);
        var parked = (await desk.ParkedAsync("totals", 10)).ShouldHaveSingleItem();
        (parked.Stream, parked.FirstSeqId, parked.Tries).ShouldBe((new StreamRef("acme", "thing/0"), poison, 3));
        parked.Error.ShouldContain("planted");
        (await desk.StatusAsync()).Select(s => (s.Name, s.Parked, s.State)).ShouldBe([("lines", 0, "running"), ("notes", 0, "running"), ("totals", 1, "running")]);
        // The stream stands as it was before the event, the others go on.
        var others = "select count(*) from (select stream_id, sum((data->>'by')::numeric) s from ledger.mt_events where stream_id <> 'thing/0' or seq_id < $1 group by 1) e full join ledger.thing_totals t on t.thing = e.stream_id where e.s is distinct from t.count";
        (await database.Store.ScalarAsync<long>(others, poison)).ShouldBe(0);

        using var operations = Operations(database, projections);
        (await operations.RetryAsync("totals")).ShouldBe(new RetryResult(0, 1));
        (await desk.ParkedAsync("totals", 10))[0].Tries.ShouldBe(4);
        cured = true;
        (await operations.RetryAsync("totals")).ShouldBe(new RetryResult(1, 0));
        await database.UntilSeenAsync(await database.AppendAsync(40, seed: 4));
        await database.CheckAsync();
        (await desk.ParkedAsync("totals", 10)).ShouldBeEmpty();
    }

    [Fact]
    public async Task whose_stream_is_replayed_over_many_pages_is_taken_once_though_the_retry_is_interrupted_between_them()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        await database.AppendAsync(1, streams: 1, by: _ => 13);
        var last = await database.AppendAsync(1_300, streams: 1, by: i => 2 + i % 7);
        var (cured, pauseAt) = (false, 700L);
        ProjectionOperations? operations = null;
        var projections = new ProjectionCatalog([new ThingTotals(isPoison: happened =>
        {
            if (cured && happened.Version == pauseAt) operations!.PauseAsync("totals").GetAwaiter().GetResult().ShouldBeTrue();
            return !cured && ((ThingCounted)happened.Data).By == 13;
        }), new ThingLog(), new ThingNotes()]);
        var daemon = database.Daemon(projections);
        await database.UntilSeenAsync(last);
        cured = true;
        using (operations = Operations(database, projections))
        {
            (await Should.ThrowAsync<ProjectionRefusedException>(() => operations.RetryAsync("totals"))).Message.ShouldContain("Retry again");
            (await database.Desk(projections, daemon).ParkedAsync("totals", 10)).ShouldHaveSingleItem().FirstVersion.ShouldBe(501);
            pauseAt = 0;
            (await operations.ResumeAsync("totals")).ShouldBeTrue();
            (await operations.RetryAsync("totals")).ShouldBe(new RetryResult(1, 0));
            await database.CheckAsync();
            var hash = await database.HashAsync("thing_totals");
            await operations.RebuildAsync("totals");
            (await database.HashAsync("thing_totals")).ShouldBe(hash);
        }
    }

    [Fact]
    public async Task is_not_retried_while_another_claim_of_the_projection_lives()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        database.Daemon();
        await database.UntilSeenAsync(await database.AppendAsync(5));
        using var operations = Operations(database, ProjectionDatabase.All);
        await database.Store.ExecuteAsync("update ledger.projections set owner = 'operator/1-other', epoch = epoch + 1, heartbeat_at = clock_timestamp() + interval '1 minute' where name = 'lines'");
        (await Should.ThrowAsync<ProjectionRefusedException>(() => operations.RetryAsync("lines"))).Message.ShouldContain("under way");
        (await database.Store.ScalarAsync<string>("select owner from ledger.projections where name = 'lines'")).ShouldBe("operator/1-other");
        await database.Store.ExecuteAsync("update ledger.projections set heartbeat_at = clock_timestamp() - interval '1 minute' where name = 'lines'");
        (await operations.RetryAsync("lines")).ShouldBe(new RetryResult(0, 0));
    }

    [Fact]
    public async Task that_the_database_refuses_is_found_among_many_and_parks_its_stream_alone()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        await database.AppendAsync(150);
        var poison = await database.AppendAsync(1, streams: 1, by: _ => 666);
        var last = await database.AppendAsync(150, seed: 3);
        database.Daemon();
        await database.UntilSeenAsync(last);
        var parked = (await database.Desk().ParkedAsync("lines", 10)).ShouldHaveSingleItem();
        (parked.FirstSeqId, parked.Tries).ShouldBe((poison, 3));
        parked.Error.ShouldContain("thing_log_by");
        (await database.Store.ScalarAsync<long>("select count(*) from ledger.mt_events e where not exists (select from ledger.thing_log l where l.seq_id = e.seq_id) and (stream_id <> 'thing/0' or seq_id < $1)", poison)).ShouldBe(0);
        await database.Store.ExecuteAsync("alter table ledger.thing_log drop constraint thing_log_by");
        using var operations = Operations(database, ProjectionDatabase.All);
        (await operations.RetryAsync("lines")).ShouldBe(new RetryResult(1, 0));
        await database.CheckAsync();
    }

    [Fact]
    public async Task whose_json_can_not_be_read_is_poison_too()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var poison = await database.AppendAsync(1, streams: 1);
        await database.Store.ExecuteAsync($$"""update ledger.mt_events set data = '{"by":"many"}' where seq_id = {{poison}}""");
        var last = await database.AppendAsync(30, seed: 3);
        database.Daemon();
        await database.UntilSeenAsync(last);
        foreach (var name in new[] { "lines", "totals", "notes" }) (await database.Desk().ParkedAsync(name, 10)).ShouldHaveSingleItem().FirstSeqId.ShouldBe(poison);
    }

    [Fact]
    public async Task in_too_many_streams_stops_the_projection_until_it_is_resumed()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var last = await database.AppendAsync(200, streams: 50);
        var cured = false;
        var projections = new ProjectionCatalog([new ThingTotals(isPoison: _ => !cured), new ThingLog()]);
        var daemon = database.Daemon(projections, ProjectionDatabase.Quick with { ParkedMax = 10 });
        var desk = database.Desk(projections, daemon);
        await database.UntilSeenAsync(last, "lines");
        await ProjectionDatabase.UntilAsync(async () => (await desk.StatusAsync())[1].State == "failed", "it has stopped");
        (await desk.StatusAsync())[1].Error!.ShouldContain("More than 10 streams");
        cured = true;
        using var operations = Operations(database, projections);
        await Should.ThrowAsync<ProjectionRefusedException>(() => operations.RetryAsync("totals"));
        (await operations.ResumeAsync("totals")).ShouldBeTrue();
        await database.UntilSeenAsync(last, "totals");
        (await operations.RetryAsync("totals")).StillParked.ShouldBe(0);
        (await database.Store.ScalarAsync<long>("select count(*) from (select stream_id, sum((data->>'by')::numeric) s from ledger.mt_events group by 1) e full join ledger.thing_totals t on t.thing = e.stream_id where e.s is distinct from t.count")).ShouldBe(0);
    }

    [Fact]
    public async Task an_event_that_this_program_does_not_know_is_not_passed_over()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var last = await database.AppendAsync(10);
        await database.Store.ExecuteAsync($"update ledger.mt_events set type = 'thing_of_tomorrow' where seq_id = {last - 3}");
        using var quick = database.Daemon();
        await Task.Delay(1_000);
        (await database.Store.ScalarAsync<long>("select max(last_seq_id) from ledger.projections")).ShouldBe(0);
        (await database.Store.ScalarAsync<long>("select count(*) from ledger.projections where owner is not null")).ShouldBe(0, "a node that knows it may lead");
    }

    [Fact]
    public async Task that_is_paused_takes_nothing_until_it_is_resumed()
    {
        await using var database = await ProjectionDatabase.CreateAsync();
        var before = await database.AppendAsync(20);
        var daemon = database.Daemon();
        await database.UntilSeenAsync(before);
        using var operations = Operations(database, ProjectionDatabase.All);
        (await operations.PauseAsync("lines")).ShouldBeTrue();
        (await operations.PauseAsync("lines")).ShouldBeFalse();
        var last = await database.AppendAsync(20, seed: 2);
        await database.UntilSeenAsync(last, "totals", "notes");
        await Task.Delay(300);
        var status = (await database.Desk(daemon: daemon).StatusAsync()).Single(s => s.Name == "lines");
        (status.State, status.Position, status.LagEvents, status.Leader).ShouldBe(("paused", before, last - before, null));
        status.LagMs.ShouldBeGreaterThan(200);
        (await database.Desk(daemon: daemon).SeenAsync("lines", last, TimeSpan.FromSeconds(5))).ShouldBeFalse("it does not run, so there is nothing to wait for");
        (await operations.ResumeAsync("lines")).ShouldBeTrue();
        (await operations.ResumeAsync("lines")).ShouldBeFalse();
        await database.UntilSeenAsync(last);
        await database.CheckAsync();
        await Should.ThrowAsync<ProjectionRefusedException>(() => operations.PauseAsync("nothing"));
    }

    internal static ProjectionOperations Operations(ProjectionDatabase database, ProjectionCatalog projections, ProjectionOptions? options = null) =>
        new(database.Store.ConnectionString, ThingModel.Catalog(), projections, options ?? ProjectionDatabase.Quick, NullLogger.Instance);
}
