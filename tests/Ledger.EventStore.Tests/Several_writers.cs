using System.Collections.Concurrent;
using System.Diagnostics;
using Ledger.EventStore;
using Ledger.EventStore.Tests.Projections;
using Ledger.Testing;

namespace Ledger.EventStore.Tests;

/// <summary>Several nodes on one database: each keeps in memory what the others have not changed, and decides on nothing that they have.</summary>
public sealed class Several_writers(ITestOutputHelper output)
{
    private static readonly StreamRef A = new("acme", "thing/a");
    private static readonly StreamRef B = new("acme", "thing/b");

    [Theory]
    [InlineData(5_000, "none")]
    [InlineData(3, "none")]
    [InlineData(0, "none")]
    [InlineData(5_000, "cut")]
    [InlineData(5_000, "held")]
    public async Task moves_at_random_between_few_things_are_decided_on_what_is_true_at_any_node(int foreignMax, string trouble)
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        await using var database = await StoreDatabase.CreateAsync();
        await using var relay = PostgresRelay.To(database.ConnectionString);
        var options = new GroupCommitOptions
        {
            ForeignMax = foreignMax,
            LockTimeout = TimeSpan.FromMilliseconds(400),
            IdleTimeout = TimeSpan.FromMilliseconds(300),
            CommandTimeout = TimeSpan.FromSeconds(2),
            WaitMax = TimeSpan.FromMinutes(1),
            UnknownMax = TimeSpan.FromMinutes(1),
        };
        using var first = database.Node(options, relay.ConnectionString);
        using var second = database.Node(options);
        GroupCommit[] nodes = [first, second];
        StreamRef[] things = [.. Enumerable.Range(0, 8).Select(i => new StreamRef("acme", $"thing/{i}"))];
        foreach (var thing in things) await second.SubmitAsync(new Count(thing, 20) { Tenant = "acme", Key = thing.Id, Meta = new EventMeta(null, thing.Id, null) });

        var acknowledged = new ConcurrentDictionary<StreamRef, long>();
        var stories = new ConcurrentBag<(Move Move, Outcome Outcome, long AtLeast)>();
        using var ended = new CancellationTokenSource();
        var troubling = TroubleAsync(relay, trouble, ended.Token);
        await Task.WhenAll(Enumerable.Range(0, 24).Select(client => Task.Run(async () =>
        {
            var random = new Random(seed + client);
            for (var i = 0; i < 60; i++)
            {
                var from = random.Next(things.Length);
                var to = (from + 1 + random.Next(things.Length - 1)) % things.Length;
                var key = $"{client}/{i}";
                Move Make() => new(things[from], things[to], 1 + ((client + i) % 9), (client + i) % 3 == 0) { Tenant = "acme", Key = key, Meta = new EventMeta(null, key, null) };
                var move = Make();
                var atLeast = acknowledged.GetValueOrDefault(things[from]);
                var node = random.Next(2);
                var sent = nodes[node].SubmitAsync(move);
                // Now and then a copy goes to the other node, at once or afterwards.
                var copy = random.Next(10) == 0 ? nodes[1 - node].SubmitAsync(Make()) : null;
                var outcome = await sent;
                if (copy is not null) (await copy, outcome).ShouldSatisfyAllConditions(both => (both.Item1 is Outcome.Accepted && both.outcome is Outcome.Accepted).ShouldBeFalse("a key does its work once"));
                // A copy may be done though the first one was refused a moment before: the model goes by the one that was done.
                if (copy is { Result: Outcome.Accepted or Outcome.Done } && outcome is Outcome.Refused) outcome = await nodes[node].SubmitAsync(move = Make());
                if (outcome is Outcome.Accepted accepted)
                {
                    foreach (var stored in accepted.Events) acknowledged.AddOrUpdate(stored.Stream, stored.Version, (_, had) => Math.Max(had, stored.Version));
                }

                stories.Add((move, outcome, atLeast));
            }
        })));
        await ended.CancelAsync();
        await troubling;

        var past = new Dictionary<StreamRef, List<decimal>>();
        var causes = new Dictionary<string, int>();
        foreach (var thing in things)
        {
            var counts = past[thing] = [0];
            foreach (var stored in await database.Reader.EventsAsync(thing, 1, 10_000))
            {
                stored.Version.ShouldBe(counts.Count);
                counts.Add(counts[^1] + ((ThingCounted)stored.Data).By);
                counts[^1].ShouldBeGreaterThanOrEqualTo(0);
                causes[stored.Meta.Causation!] = causes.GetValueOrDefault(stored.Meta.Causation!) + 1;
            }

            var state = (await database.Reader.StateAsync(thing))!;
            (state.Version, ((Thing)state.State).Count).ShouldBe((counts.Count - 1, counts[^1]), "the state that was saved follows from the events");
        }

        past.Values.Sum(counts => counts[^1]).ShouldBe(20 * things.Length, "what is moved is neither lost nor made");
        foreach (var (move, outcome, atLeast) in stories)
        {
            causes.GetValueOrDefault(move.Key!).ShouldBe(outcome is Outcome.Refused ? 0 : 2, $"{move.Key} was answered {outcome}");
            if (outcome is Outcome.Done) continue;
            foreach (var (stream, version, count) in move.Seen) past[stream][(int)version].ShouldBe(count, "what was seen was so");
            if (outcome is Outcome.Accepted accepted) accepted.Events.Select(stored => (stored.Stream, stored.Version - 1)).ShouldBe(move.Seen.Select(seen => (seen.Stream, seen.Version)), "and nothing came between");
            if (outcome is Outcome.Refused) move.Seen[0].Version.ShouldBeGreaterThanOrEqualTo(atLeast, "nobody is refused on what was before an answer that he had");
        }

        (await database.ScalarAsync<long>("select count(*) from ledger.mt_events")).ShouldBe(await database.CheckHashesAsync());
        output.WriteLine($"{stories.Count(story => story.Outcome is Outcome.Accepted)} done, {stories.Count(story => story.Outcome is Outcome.Refused)} refused, {stories.Count(story => story.Outcome is Outcome.Done)} found done");
        stories.ShouldAllBe(story => story.Outcome is Outcome.Accepted || story.Outcome is Outcome.Refused || story.Outcome is Outcome.Done);
    }

    [Fact]
    public async Task what_no_other_node_has_changed_is_kept_in_memory_and_what_one_has_is_loaded()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        using var other = database.Node();
        for (var round = 0; round <= 5; round++)
        {
            await other.SubmitAsync(new Count(B, 10) { Tenant = "acme" });
            // Whoever loads the thing that only this node changes is misled. In the first two rounds it is loaded: nothing is known, and then all was forgotten.
            if (round > 1) await database.ExecuteAsync("update ledger.stream_states set version = version + 1000 where stream_id = 'thing/a'");
            var moved = (await node.SubmitAsync(new Move(B, A, 1) { Tenant = "acme" })).ShouldBeOfType<Outcome.Accepted>();
            moved.Events.Select(stored => stored.Version).ShouldBe([2 + (2 * round), 1 + round]);
        }
    }

    [Fact]
    public async Task nothing_in_memory_is_taken_for_true_after_the_database_was_away()
    {
        const string Session = "select coalesce(max(application_name), '') from pg_stat_activity where application_name like 'ledger writer %' and datname = current_database()";
        await using var database = await StoreDatabase.CreateAsync();
        await using var relay = PostgresRelay.To(database.ConnectionString);
        using var node = database.Node(connectionString: relay.ConnectionString);
        await node.SubmitAsync(new Count(A, 10) { Tenant = "acme" });
        var session = await database.ScalarAsync<string>(Session);
        relay.CutAll();
        await ProjectionDatabase.UntilAsync(async () => await database.ScalarAsync<string>(Session) is { Length: > 0 } other && other != session, "the writer is back");
        // As after a change to a server that had not heard of the last commits, where others have gone on.
        await database.ExecuteAsync("update ledger.stream_states set version = version + 1000 where stream_id = 'thing/a'");
        (await node.SubmitAsync(new Count(A, 10) { Tenant = "acme" })).ShouldBeOfType<Outcome.Accepted>().Events.Single().Version.ShouldBe(1002);
    }

    [Fact]
    public async Task what_comes_while_another_node_has_the_lock_goes_with_the_batch_that_waits_for_it()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        var holder = await database.HoldWriterLockAsync();
        var works = new List<Task<Outcome>> { node.SubmitAsync(new Count(A, 1) { Tenant = "acme", Key = "0" }) };
        await Task.Delay(200);
        for (var i = 1; i <= 40; i++)
        {
            works.Add(node.SubmitAsync(new Count(i % 2 == 0 ? A : B, 1) { Tenant = "acme", Key = $"{i}" }));
            works.Add(node.SubmitAsync(new Count(i % 2 == 0 ? A : B, 1) { Tenant = "acme", Key = $"{i}" }));
        }

        await holder.DisposeAsync();
        var outcomes = await Task.WhenAll(works);
        outcomes.OfType<Outcome.Accepted>().Count().ShouldBe(41);
        outcomes.OfType<Outcome.Done>().Count().ShouldBe(40);
        outcomes.OfType<Outcome.Accepted>().SelectMany(o => o.Events).Select(stored => stored.RecordedAt).Distinct().Count().ShouldBe(1, "it is one batch, with one time");
    }

    [Fact]
    public async Task nodes_that_are_both_busy_take_turns()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var one = database.Node();
        using var two = database.Node();
        GroupCommit[] nodes = [one, two];
        var done = new int[2];
        var strain = 0.0;
        one.Committed += _ => strain = Math.Max(strain, one.UnderWay);
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, 60).Select(client => Task.Run(async () =>
        {
            while (clock.ElapsedMilliseconds < 4_000)
            {
                (await nodes[client % 2].SubmitAsync(new Count(new StreamRef("acme", $"thing/{client}"), 1) { Tenant = "acme" })).ShouldBeOfType<Outcome.Accepted>();
                Interlocked.Increment(ref done[client % 2]);
            }
        })));
        output.WriteLine($"{done[0]} and {done[1]}; {strain} under way");
        done.Min().ShouldBeGreaterThan(done.Sum() / 4, "neither waits for the other longer than for its turn");
        strain.ShouldBeInRange(32, 150, "thirty are under way here, and as many there");
    }

    private static async Task TroubleAsync(PostgresRelay relay, string trouble, CancellationToken ended)
    {
        for (var times = 0; times < 5 && trouble != "none" && !ended.IsCancellationRequested; times++)
        {
            await Task.Delay(100, CancellationToken.None);
            if (trouble == "cut")
            {
                relay.CutAll();
                continue;
            }

            // It stands in the middle of its commit, with the lock, for longer than the others wait.
            relay.PauseAtCommit();
            await Task.Delay(700, CancellationToken.None);
            relay.Resume();
        }
    }

    /// <summary>Moves a count, and tells what it saw when it was decided last.</summary>
    private sealed class Move(StreamRef from, StreamRef to, decimal by, bool hasFacts = false) : Work
    {
        public IReadOnlyList<(StreamRef Stream, long Version, decimal Count)> Seen { get; private set; } = [];

        public override void Name(Needs needs)
        {
            needs.Stream(from);
            needs.Stream(to);
            if (hasFacts) needs.Event(from, 1);
        }

        public override Verdict Decide(IDecisionContext context)
        {
            Seen = [.. new[] { from, to }.Select(stream => (stream, context.Version(stream), ((Thing)context.State(stream)).Count))];
            return Seen[0].Count < by
                ? Verdict.Refuse("below zero")
                : Verdict.Accept([new Append(from, [new ThingCounted(-by)]), new Append(to, [new ThingCounted(by)])], from, context.Version(from) + 1);
        }
    }
}
