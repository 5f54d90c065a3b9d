using System.Diagnostics;
using Ledger.EventStore;
using Ledger.Testing;
using Npgsql;

namespace Ledger.EventStore.Tests;

public sealed class Group_commit
{
    private static readonly StreamRef A = new("acme", "thing/a");

    [Fact]
    public async Task a_full_queue_refuses_at_once_and_what_waits_too_long_is_given_up()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node(new GroupCommitOptions { QueueMax = 10, WaitMax = TimeSpan.FromMilliseconds(300), LockTimeout = TimeSpan.FromMilliseconds(100) });
        await using var holder = await database.HoldWriterLockAsync();
        var works = new List<Task<Outcome>> { node.SubmitAsync(new Count(A, 1) { Tenant = "acme" }) };
        await Task.Delay(100); // the writer has taken the first one and waits for the lock
        works.AddRange(Enumerable.Range(0, 11).Select(_ => node.SubmitAsync(new Count(A, 1) { Tenant = "acme" })));
        works[^1].IsCompleted.ShouldBeTrue("the eleventh is refused at once");
        (await Task.WhenAll(works)).ShouldAllBe(o => o is Outcome.Overloaded);
        await holder.DisposeAsync();
        (await node.SubmitAsync(new Count(A, 1) { Tenant = "acme" })).ShouldBeOfType<Outcome.Accepted>().Version.ShouldBe(1);
    }

    [Fact]
    public async Task a_writer_that_stands_still_in_its_transaction_loses_it_and_others_go_on()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        // Another node's writer, stopped after it took the lock, with the session settings that a writer has.
        await using var stopped = await database.HoldWriterLockAsync("set idle_in_transaction_session_timeout = 500");
        var clock = Stopwatch.StartNew();
        (await node.SubmitAsync(new Count(A, 1) { Tenant = "acme" })).ShouldBeOfType<Outcome.Accepted>();
        clock.ElapsedMilliseconds.ShouldBeInRange(100, 5_000);
    }

    [Fact]
    public async Task an_answer_to_commit_that_never_comes_is_resolved_by_the_key()
    {
        await using var database = await StoreDatabase.CreateAsync();
        await using var relay = PostgresRelay.To(database.ConnectionString);
        using var node = database.Node(new GroupCommitOptions { CommandTimeout = TimeSpan.FromSeconds(1) }, relay.ConnectionString);
        await node.SubmitAsync(new Count(A, 0) { Tenant = "acme" });
        for (var round = 1; round <= 8; round++)
        {
            relay.SwallowCommit();
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => node.SubmitAsync(new Count(A, 1) { Tenant = "acme", Key = $"{round}/{i}" })));
            outcomes.ShouldAllBe(o => o is Outcome.Accepted || (o is Outcome.Done && ((Outcome.Done)o).First));
            ((Thing)(await database.Reader.StateAsync(A))!.State).Count.ShouldBe(round * 20);
        }

        relay.Swallowed.ShouldBe(8);
    }

    [Fact]
    public async Task a_connection_cut_before_the_commit_loses_nothing_and_does_nothing_twice()
    {
        await using var database = await StoreDatabase.CreateAsync();
        await using var relay = PostgresRelay.To(database.ConnectionString);
        using var node = database.Node(null, relay.ConnectionString);
        var sent = 0;
        var load = Task.Run(async () =>
        {
            var works = new List<Task<Outcome>>();
            for (var i = 0; i < 600; i++)
            {
                works.Add(node.SubmitAsync(new Count(A, 1) { Tenant = "acme", Key = $"k{i}" }));
                sent++;
                if (i % 10 == 0) await Task.Delay(5);
            }

            return await Task.WhenAll(works);
        });
        for (var cut = 0; cut < 10; cut++)
        {
            await Task.Delay(25);
            relay.CutAll();
        }

        (await load).ShouldAllBe(o => o is Outcome.Accepted || o is Outcome.Done);
        ((Thing)(await database.Reader.StateAsync(A))!.State).Count.ShouldBe(sent);
        await database.CheckHashesAsync();
    }

    [Fact]
    public async Task a_tenants_flood_leaves_the_others_their_turn()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node(new GroupCommitOptions { BatchMax = 20 });
        await using var holder = await database.HoldWriterLockAsync();
        var flood = Enumerable.Range(0, 500).Select(i => node.SubmitAsync(new Count(new StreamRef("loud", "thing/a"), 1) { Tenant = "loud" })).ToList();
        var quiet = node.SubmitAsync(new Count(new StreamRef("quiet", "thing/a"), 1) { Tenant = "quiet" });
        await holder.DisposeAsync();
        var position = ((Outcome.Accepted)await quiet).Events[0].SeqId;
        await Task.WhenAll(flood);
        position.ShouldBeLessThanOrEqualTo(520 / 5, "it waits for its turn, not for the flood");
    }

    [Fact]
    public async Task lines_of_bulk_requests_take_at_most_half_of_a_batch_while_single_commands_wait()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node(new GroupCommitOptions { BatchMax = 20 });
        await using var holder = await database.HoldWriterLockAsync();
        var bulk = Enumerable.Range(0, 200).Select(i => node.SubmitAsync(new Count(A, 1) { Tenant = "acme" }, bulk: true)).ToList();
        var singles = Enumerable.Range(0, 20).Select(i => node.SubmitAsync(new Count(new StreamRef("acme", "thing/b"), 1) { Tenant = "acme" })).ToList();
        await holder.DisposeAsync();
        var last = (await Task.WhenAll(singles)).Cast<Outcome.Accepted>().Max(o => o.Events[0].SeqId);
        await Task.WhenAll(bulk);
        last.ShouldBeLessThanOrEqualTo(20 + 40, "the batch under way, then half of each of the next two");
    }

    [Fact]
    public async Task a_tenant_that_fills_the_queue_is_refused_and_another_one_is_not()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node(new GroupCommitOptions { QueueMax = 20 });
        await using var holder = await database.HoldWriterLockAsync();
        _ = node.SubmitAsync(new Count(new StreamRef("loud", "thing/a"), 1) { Tenant = "loud" });
        await Task.Delay(100); // the writer has taken it and waits for the lock; woken in the middle of what follows it would take a part of that
        var loud = Enumerable.Range(0, 60).Select(_ => node.SubmitAsync(new Count(new StreamRef("loud", "thing/a"), 1) { Tenant = "loud" })).ToList();
        loud.Count(w => w.IsCompleted).ShouldBeGreaterThanOrEqualTo(20, "at most 20 are in work and 20 wait; the rest is refused at once");
        var quiet = Enumerable.Range(0, 12).Select(_ => node.SubmitAsync(new Count(new StreamRef("quiet", "thing/a"), 1) { Tenant = "quiet" })).ToList();
        quiet.Count(w => w.IsCompleted).ShouldBe(2, "its share is half of the queue");
        await holder.DisposeAsync();
        (await Task.WhenAll(quiet.Take(10))).ShouldAllBe(o => o is Outcome.Accepted);
        await Task.WhenAll(loud);
    }

    [Fact]
    public async Task lines_of_one_account_are_done_in_their_order()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node(new GroupCommitOptions { BatchMax = 7 });
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => node.SubmitAsync(new Count(A, i) { Tenant = "acme" }, bulk: true)));
        outcomes.Cast<Outcome.Accepted>().Select(o => o.Version).ShouldBe(Enumerable.Range(1, 100).Select(v => (long)v));
    }

    [Fact]
    public async Task positions_of_a_transaction_that_stays_open_are_never_passed_by_a_later_one()
    {
        // A foreign writer that follows the rule takes the lock before it numbers; nobody commits a higher number while it is open.
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        await node.SubmitAsync(new Count(A, 1) { Tenant = "acme" });
        await using var holder = await database.HoldWriterLockAsync();
        var late = node.SubmitAsync(new Count(A, 1) { Tenant = "acme" });
        await Task.Delay(300);
        (await database.ScalarAsync<long>("select max(seq_id) from ledger.mt_events")).ShouldBe(1);
        late.IsCompleted.ShouldBeFalse();
        await holder.DisposeAsync();
        ((Outcome.Accepted)await late).Events[0].SeqId.ShouldBe(2);
    }

    [Fact]
    public async Task a_state_saved_in_another_form_is_folded_anew()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using (var older = database.Node())
        {
            for (var i = 0; i < 12; i++) await older.SubmitAsync(new Count(A, 3) { Tenant = "acme" });
        }

        var models = new StreamModels(new ThingModel(format: 2));
        using var newer = database.Node(models: models);
        (await newer.SubmitAsync(new Count(A, -36) { Tenant = "acme" })).ShouldBeOfType<Outcome.Accepted>();
        (await newer.SubmitAsync(new Count(A, -1) { Tenant = "acme" })).ShouldBeOfType<Outcome.Refused>();
        ((Thing)(await database.Reader.StateAsync(A))!.State).Count.ShouldBe(0); // the older form's reader folds too
    }

    [Fact]
    public async Task a_time_recorded_is_never_before_the_one_ahead_of_it()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        await node.SubmitAsync(new Count(A, 1) { Tenant = "acme" });
        await database.ExecuteAsync("update ledger.clock set shift = '2 days'");
        await node.SubmitAsync(new Count(A, 1) { Tenant = "acme" });
        await database.ExecuteAsync("update ledger.clock set shift = '0'");
        await node.SubmitAsync(new Count(A, 1) { Tenant = "acme" });
        var times = (await database.Reader.EventsAsync(A, 1, 10)).Select(e => e.RecordedAt).ToList();
        (times[1] - times[0]).ShouldBeGreaterThan(TimeSpan.FromDays(1.9));
        times[2].ShouldBe(times[1]);
        times.ShouldAllBe(t => t.Ticks % 10 == 0);
    }

    [Fact]
    public async Task draining_answers_all_that_was_taken()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        var works = Enumerable.Range(0, 2_000).Select(_ => node.SubmitAsync(new Count(A, 1) { Tenant = "acme" })).ToList();
        node.Drain(TimeSpan.FromSeconds(30));
        works.ShouldAllBe(w => w.IsCompleted);
        (await Task.WhenAll(works)).ShouldAllBe(o => o is Outcome.Accepted);
        (await node.SubmitAsync(new Count(A, 1) { Tenant = "acme" })).ShouldBeOfType<Outcome.Overloaded>();
    }

    [Fact]
    public async Task a_commit_is_told_in_the_process_with_its_events_and_to_others_by_a_notification()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        var told = new List<long>();
        node.Committed += events =>
        {
            lock (told) told.AddRange(events.Select(e => e.SeqId));
            if (events[0].SeqId == 1) throw new InvalidOperationException("a listener's fault is its own");
        };
        await using var listener = new NpgsqlConnection(database.ConnectionString);
        await listener.OpenAsync();
        var notified = new List<long>();
        listener.Notification += (_, e) => notified.Add(long.Parse(e.Payload, System.Globalization.CultureInfo.InvariantCulture));
        await using (var listen = new NpgsqlCommand("listen ledger_events", listener)) await listen.ExecuteNonQueryAsync();

        for (var i = 0; i < 3; i++) (await node.SubmitAsync(new Count(A, 1) { Tenant = "acme" })).ShouldBeOfType<Outcome.Accepted>();

        while (notified.Count < 3 && await listener.WaitAsync(TimeSpan.FromSeconds(5)))
        {
        }

        notified.ShouldBe([1, 2, 3]);
        for (var waited = 0; waited < 100 && told.Count < 3; waited++) await Task.Delay(20);
        told.ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task what_was_decided_ahead_on_a_state_that_another_node_has_changed_since_is_decided_again()
    {
        await using var database = await StoreDatabase.CreateAsync();
        var again = 0L;
        using var metrics = new System.Diagnostics.Metrics.MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "ledger.commit.retried") listener.EnableMeasurementEvents(instrument);
            },
        };
        metrics.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref again, value));
        metrics.Start();
        using var first = database.Node();
        using var second = database.Node();
        (await first.SubmitAsync(new Count(A, 1) { Tenant = "acme" })).ShouldBeOfType<Outcome.Accepted>().Version.ShouldBe(1);
        await using var holder = await database.HoldWriterLockAsync();
        var other = second.SubmitAsync(new Count(A, 1) { Tenant = "acme" });
        await Task.Delay(300); // the second node stands at the lock, and will read what is there once it has it
        var ahead = first.SubmitAsync(new Count(A, 1) { Tenant = "acme" });
        await Task.Delay(300); // the first one has decided version 2 from memory, and stands behind it
        var before = Interlocked.Read(ref again);

        await holder.DisposeAsync();

        (await other).ShouldBeOfType<Outcome.Accepted>().Version.ShouldBe(2);
        (await ahead).ShouldBeOfType<Outcome.Accepted>().Version.ShouldBe(3);
        Interlocked.Read(ref again).ShouldBeGreaterThan(before, "what was decided ahead was thrown away once");
        ((Thing)(await database.Reader.StateAsync(A))!.State).Count.ShouldBe(3);
    }

    [Fact]
    public async Task batches_decided_on_one_whose_commit_breaks_are_decided_again_and_nothing_is_answered_from_them()
    {
        await using var database = await StoreDatabase.CreateAsync();
        await using var relay = PostgresRelay.To(database.ConnectionString);
        using var node = database.Node(new GroupCommitOptions { CommandTimeout = TimeSpan.FromSeconds(1) }, relay.ConnectionString);
        await node.SubmitAsync(new Count(A, 1) { Tenant = "acme", Key = "0" });
        for (var round = 1; round <= 5; round++)
        {
            relay.SwallowCommit();
            // Single commands come one after the other while the commit ahead of them hangs: they are decided on what it would have left.
            var works = new List<Task<Outcome>>();
            for (var i = 0; i < 60; i++)
            {
                works.Add(node.SubmitAsync(new Count(A, 1) { Tenant = "acme", Key = $"{round}/{i}" }));
                works.Add(node.SubmitAsync(new Count(A, 1) { Tenant = "acme", Key = $"{round}/{i}" }));
                if (i % 6 == 0) await Task.Delay(5);
            }

            var outcomes = await Task.WhenAll(works);
            outcomes.ShouldAllBe(o => o is Outcome.Accepted || o is Outcome.Done);
            for (var i = 0; i < outcomes.Length; i += 2) Version(outcomes[i]).ShouldBe(Version(outcomes[i + 1]), "a copy is answered as the first");
            ((Thing)(await database.Reader.StateAsync(A))!.State).Count.ShouldBe(1 + (round * 60));
        }

        var versions = (await database.Reader.EventsAsync(A, 1, 1_000)).Select(e => e.Version).ToList();
        versions.ShouldBe(Enumerable.Range(1, versions.Count).Select(i => (long)i));

        static long Version(Outcome outcome) => outcome is Outcome.Accepted accepted ? accepted.Version : ((Outcome.Done)outcome).Version;
    }

    [Fact]
    public async Task what_is_under_way_is_counted_while_it_lasts_and_is_nothing_afterwards()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        node.UnderWay.ShouldBe(0);
        var highest = 0.0;
        node.Committed += _ => highest = Math.Max(highest, node.UnderWay);
        await node.SubmitAsync(new Count(A, 1) { Tenant = "acme" });
        List<Task<Outcome>> held;
        await using (await database.HoldWriterLockAsync())
        {
            held = Enumerable.Range(0, 200).Select(_ => node.SubmitAsync(new Count(A, 1) { Tenant = "acme" })).ToList();
            await Task.Delay(500);
        }

        await Task.WhenAll(held);

        // Two hundred commands, all under way for half a second.
        for (var waited = 0; waited < 500 && highest < 20; waited++) await Task.Delay(10);
        highest.ShouldBeInRange(20, 600);
        await Task.Delay(1_100);
        node.UnderWay.ShouldBe(0);
    }

    [Fact]
    public async Task the_last_batch_of_a_burst_whose_commit_is_given_up_is_decided_again_though_nothing_comes_after_it()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node(new GroupCommitOptions { BatchMax = 1, LockTimeout = TimeSpan.FromSeconds(3) });
        await node.SubmitAsync(new Count(A, 1) { Tenant = "acme" });
        var one = await database.HoldWriterLockAsync();
        var works = Enumerable.Range(0, 3).Select(i => node.SubmitAsync(new Count(A, 1) { Tenant = "acme", Key = $"k{i}" })).ToList();
        await Task.Delay(200);
        var two = database.HoldWriterLockAsync(); // behind the first of them
        await Task.Delay(200);
        await one.DisposeAsync();
        var held = await two;
        await Task.Delay(200);
        var three = database.HoldWriterLockAsync(); // behind the second
        await Task.Delay(200);
        await held.DisposeAsync();
        var last = await three;

        // The third one stands at the lock until it is given up, while its writer has nothing else to do.
        await Task.Delay(3_500);
        await last.DisposeAsync();

        var outcomes = await Task.WhenAll(works);
        outcomes.Select(o => o.ShouldBeOfType<Outcome.Accepted>().Version).ShouldBe([2, 3, 4]);
        ((Thing)(await database.Reader.StateAsync(A))!.State).Count.ShouldBe(4);
    }

    [Fact]
    public async Task a_group_of_which_a_part_had_been_done_before_is_in_doubt_as_a_whole_when_its_commit_is_not_answered()
    {
        await using var database = await StoreDatabase.CreateAsync();
        await using var relay = PostgresRelay.To(database.ConnectionString);
        using var node = database.Node(new GroupCommitOptions { CommandTimeout = TimeSpan.FromSeconds(1) }, relay.ConnectionString);
        await node.SubmitAsync(new Count(A, 1) { Tenant = "acme", Key = "done" });
        relay.SwallowCommit();
        var outcomes = await node.TogetherAsync(new Count(A, 1) { Tenant = "acme", Key = "done" }, new Count(A, 1) { Tenant = "acme", Key = "new" });
        outcomes[0].ShouldBeOfType<Outcome.Done>().First.ShouldBeFalse();
        outcomes[1].ShouldBeOfType<Outcome.Done>().First.ShouldBeTrue();
        relay.Swallowed.ShouldBe(1);
    }
}
