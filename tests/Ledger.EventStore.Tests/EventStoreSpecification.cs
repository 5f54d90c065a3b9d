using Ledger.EventStore;
using Npgsql;

namespace Ledger.EventStore.Tests;

/// <summary>What a store of events is. Each way to run one (a node, two nodes on one database) passes the same suite.</summary>
public abstract class EventStoreSpecification : IAsyncLifetime
{
    private StoreDatabase database = null!;
    private int turn;

    protected abstract int NodeCount { get; }

    private GroupCommit[] Nodes { get; set; } = [];

    private EventReader Reader => database.Reader;

    private GroupCommit Node => Nodes[Interlocked.Increment(ref turn) % Nodes.Length];

    public async ValueTask InitializeAsync()
    {
        database = await StoreDatabase.CreateAsync();
        Nodes = Enumerable.Range(0, NodeCount).Select(_ => database.Node()).ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes) node.Dispose();
        await database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private static StreamRef Thing(string id) => new("acme", "thing/" + id);

    private Task<Outcome> Append(StreamRef stream, long? expected, params object[] events) => Node.SubmitAsync(new AppendWork((stream, expected, events)) { Tenant = stream.Tenant });

    [Fact]
    public async Task an_appended_event_is_read_back_as_it_was_written()
    {
        var meta = new EventMeta("trace-1", "key-1", "key_app");
        var work = new AppendWork((Thing("a"), 0, [new ThingMade("a \"quoted\" näme"), new ThingCounted(1.50m, "n", new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero))])) { Tenant = "acme", Meta = meta };
        var accepted = (await Node.SubmitAsync(work)).ShouldBeOfType<Outcome.Accepted>();

        var read = await Reader.EventsAsync(Thing("a"), 1, 10);
        read.Select(e => e.Data).ShouldBe([new ThingMade("a \"quoted\" näme"), new ThingCounted(1.5m, "n", new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero))]);
        read.Select(e => e.Version).ShouldBe([1, 2]);
        read.ShouldAllBe(e => e.Meta == meta && e.Stream == Thing("a"));
        read.Zip(accepted.Events).ShouldAllBe(pair => pair.First.Id == pair.Second.Id && pair.First.SeqId == pair.Second.SeqId && pair.First.RecordedAt == pair.Second.RecordedAt);
        (await Reader.EventAsync(Thing("a"), 2))!.Data.ShouldBe(read[1].Data);
        (await Reader.EventAsync(Thing("a"), 3)).ShouldBeNull();
    }

    [Fact]
    public async Task a_stale_expected_version_is_refused_and_nothing_is_written()
    {
        await Append(Thing("a"), 0, new ThingMade("a"));
        await Append(Thing("a"), 1, new ThingCounted(1));
        (await Append(Thing("a"), 1, new ThingCounted(5))).ShouldBe(new Outcome.Refused(new VersionConflict(Thing("a"), 1, 2)));
        (await Append(Thing("a"), 0, new ThingMade("again"))).ShouldBe(new Outcome.Refused(new VersionConflict(Thing("a"), 0, 2)));
        (await Reader.EventsAsync(Thing("a"), 1, 10)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task several_streams_are_appended_to_together_or_not_at_all()
    {
        await Append(Thing("a"), 0, new ThingMade("a"));
        var both = new AppendWork((Thing("b"), 0, [new ThingMade("b")]), (Thing("a"), 7, [new ThingCounted(1)])) { Tenant = "acme" };
        (await Node.SubmitAsync(both)).ShouldBeOfType<Outcome.Refused>();
        (await Reader.EventsAsync(Thing("b"), 1, 10)).ShouldBeEmpty();

        both = new AppendWork((Thing("b"), 0, [new ThingMade("b")]), (Thing("a"), 1, [new ThingCounted(1)])) { Tenant = "acme" };
        (await Node.SubmitAsync(both)).ShouldBeOfType<Outcome.Accepted>().Events.Count.ShouldBe(2);
        (await Reader.StateAsync(Thing("a")))!.Version.ShouldBe(2);
        (await Reader.StateAsync(Thing("b")))!.Version.ShouldBe(1);
    }

    [Fact]
    public async Task a_key_does_its_work_once_and_then_names_what_answered()
    {
        var first = await Node.SubmitAsync(new Count(Thing("a"), 5) { Tenant = "acme", Key = "k", Fingerprint = 1 });
        first.ShouldBeOfType<Outcome.Accepted>().Version.ShouldBe(1);
        for (var copy = 0; copy < 3; copy++)
        {
            (await Node.SubmitAsync(new Count(Thing("a"), 5) { Tenant = "acme", Key = "k", Fingerprint = 1 })).ShouldBe(new Outcome.Done(Thing("a"), 1, 0, First: false));
        }

        (await Node.SubmitAsync(new Count(Thing("a"), 6) { Tenant = "acme", Key = "k", Fingerprint = 2 })).ShouldBeOfType<Outcome.KeyReused>();
        (await Node.SubmitAsync(new Count(new StreamRef("other", "thing/a"), 5) { Tenant = "other", Key = "k", Fingerprint = 1 })).ShouldBeOfType<Outcome.Accepted>();
        ((Thing)(await Reader.StateAsync(Thing("a")))!.State).Count.ShouldBe(5);
    }

    [Fact]
    public async Task a_refused_work_uses_up_no_key()
    {
        (await Node.SubmitAsync(new Count(Thing("a"), -5) { Tenant = "acme", Key = "k", Fingerprint = 1 })).ShouldBe(new Outcome.Refused("below zero"));
        (await Node.SubmitAsync(new Count(Thing("a"), 5) { Tenant = "acme", Key = "k", Fingerprint = 2 })).ShouldBeOfType<Outcome.Accepted>();
    }

    [Fact]
    public async Task copies_of_a_key_that_come_at_once_do_their_work_once()
    {
        var copies = await Task.WhenAll(Enumerable.Range(0, 400).Select(i => Node.SubmitAsync(new Count(Thing("a"), 1) { Tenant = "acme", Key = $"k{i % 50}", Fingerprint = 1 })));
        copies.OfType<Outcome.Accepted>().Count().ShouldBe(50);
        copies.OfType<Outcome.Done>().Count().ShouldBe(350);
        ((Thing)(await Reader.StateAsync(Thing("a")))!.State).Count.ShouldBe(50);
    }

    [Fact]
    public async Task a_later_work_sees_what_an_earlier_one_did()
    {
        await Append(Thing("a"), 0, new ThingMade("a"), new ThingCounted(100));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => Node.SubmitAsync(new Count(Thing("a"), -1) { Tenant = "acme" })));
        outcomes.OfType<Outcome.Accepted>().Count().ShouldBe(100);
        outcomes.OfType<Outcome.Refused>().Count().ShouldBe(200);
        var events = await Reader.EventsAsync(Thing("a"), 1, 1_000);
        events.Select(e => e.Version).ShouldBe(Enumerable.Range(1, 102).Select(v => (long)v));
    }

    [Fact]
    public async Task facts_are_kept_with_their_event_and_named_by_later_works()
    {
        await Append(Thing("a"), 0, new ThingMade("a"), new ThingCounted(500, "wanted"), new ThingCounted(7, "small"), new ThingCounted(900, "more"));
        string? one = null;
        IReadOnlyList<(string Key, string Data)> all = [];
        object? past = null;
        await Node.SubmitAsync(new Count(Thing("a"), 1, look: context =>
        {
            one = context.Fact(new FactName(Thing("a"), "large", "wanted"));
            all = context.FactsOfKind(Thing("a"), "large");
            past = context.Event(Thing("a"), 1)?.Event;
        })
        { Tenant = "acme" });
        one.ShouldBe("{\"by\": 500}");
        all.Select(f => f.Key).ShouldBe(["more", "wanted"]);
        past.ShouldBe(new ThingMade("a"));
        (await Reader.FactsDownAsync(Thing("a"), "large", null, 10)).Select(f => f.Key).ShouldBe(["wanted", "more"]);
        (await Reader.FactsDownAsync(Thing("a"), "large", "wanted", 10)).Select(f => f.Key).ShouldBe(["more"]);
    }

    [Fact]
    public async Task a_group_is_done_whole_or_not_at_all()
    {
        Work[] Group(decimal last) => [new Count(Thing("a"), 5) { Tenant = "acme", Key = "g1" }, new Count(Thing("b"), 500, "wanted") { Tenant = "acme", Key = "g2" }, new Count(Thing("a"), last) { Tenant = "acme", Key = "g3" }];

        var refused = await Node.TogetherAsync(Group(-6));
        refused[0].ShouldBeOfType<Outcome.GroupRefused>();
        refused[1].ShouldBeOfType<Outcome.GroupRefused>();
        refused[2].ShouldBe(new Outcome.Refused("below zero"));
        (await Reader.StateAsync(Thing("a"))).ShouldBeNull();
        (await Reader.FactAsync(new FactName(Thing("b"), "large", "wanted"))).ShouldBeNull();

        var accepted = await Node.TogetherAsync(Group(-5));
        accepted.ShouldAllBe(o => o is Outcome.Accepted);
        var replayed = await Node.TogetherAsync(Group(-5));
        replayed.ShouldAllBe(o => o is Outcome.Done);
        (await Reader.StateAsync(Thing("a")))!.Version.ShouldBe(2);
    }

    [Fact]
    public async Task a_fault_in_one_decision_costs_its_neighbours_nothing()
    {
        var works = Enumerable.Range(0, 100).Select(i => Node.SubmitAsync(new Count(Thing("a"), 1, fault: i == 50) { Tenant = "acme" })).ToList();
        await Should.ThrowAsync<DecisionFailedException>(works[50]);
        works.RemoveAt(50);
        (await Task.WhenAll(works)).ShouldAllBe(o => o is Outcome.Accepted);
        (await Reader.StateAsync(Thing("a")))!.Version.ShouldBe(99);
    }

    [Fact]
    public async Task a_row_that_the_database_does_not_take_costs_its_neighbours_nothing()
    {
        // jsonb holds no NUL character: only the server finds out.
        var works = Enumerable.Range(0, 100).Select(i => Node.SubmitAsync(new Count(Thing("a"), 1, i == 50 ? "\0" : "fine") { Tenant = "acme", Key = $"k{i}" })).ToList();
        await Should.ThrowAsync<DecisionFailedException>(works[50]);
        works.RemoveAt(50);
        (await Task.WhenAll(works)).ShouldAllBe(o => o is Outcome.Accepted);
        (await Reader.StateAsync(Thing("a")))!.Version.ShouldBe(99);
    }

    [Fact]
    public async Task a_stream_is_read_as_of_any_version_and_any_time()
    {
        var times = new List<DateTimeOffset>();
        for (var page = 0; page < 5; page++)
        {
            var accepted = (Outcome.Accepted)await Append(Thing("a"), page * 500, Enumerable.Range(0, 500).Select(_ => (object)new ThingCounted(1)).ToArray());
            times.Add(accepted.Events[0].RecordedAt);
        }

        foreach (var version in new long[] { 1, 2, 999, 1_000, 1_001, 1_999, 2_000, 2_500 })
        {
            var then = await Reader.StateAtVersionAsync(Thing("a"), version);
            then!.Version.ShouldBe(version);
            ((Thing)then.State).Count.ShouldBe(version);
        }

        (await Reader.StateAtVersionAsync(Thing("a"), 0)).ShouldBeNull();
        (await Reader.StateAtVersionAsync(Thing("a"), 2_501)).ShouldBeNull();
        for (var page = 0; page < 5; page++)
        {
            (await Reader.StateAtTimeAsync(Thing("a"), times[page]))!.Version.ShouldBe((page + 1) * 500);
            var before = await Reader.StateAtTimeAsync(Thing("a"), times[page].AddTicks(-10));
            (before?.Version ?? 0).ShouldBe(page * 500);
        }

        (await Reader.StateAtTimeAsync(Thing("none"), times[0])).ShouldBeNull();
        (await database.ScalarAsync<long>("select count(*) from ledger.stream_checkpoints")).ShouldBe(2);
    }

    [Fact]
    public async Task the_hashes_of_a_stream_chain_from_its_first_event_and_are_told_by_the_rows_alone()
    {
        await Node.SubmitAsync(new AppendWork((Thing("a"), 0, [new ThingMade("ä\u2028<&>\"\\/"), new ThingCounted(1000000m), new ThingCounted(0.000001m, "x")])) { Tenant = "acme", Meta = new EventMeta("c", "k", "who \"?\"") });
        await Append(Thing("a"), 3, new ThingCounted(-0.0m));
        (await database.CheckHashesAsync()).ShouldBe(4);
    }

    [Fact]
    public async Task what_is_due_is_listed_in_due_order_until_it_is_done()
    {
        var past = DateTimeOffset.UtcNow.AddDays(-1);
        await Append(Thing("a"), 0, new ThingCounted(1, null, past));
        await Append(Thing("b"), 0, new ThingCounted(1, null, past.AddHours(-1)));
        await Append(Thing("c"), 0, new ThingCounted(1, null, past.AddDays(9)));
        (await Reader.DueAsync("thing", 10)).Select(d => d.Stream).ShouldBe([Thing("b"), Thing("a")]);
        await Append(Thing("b"), 1, new ThingCounted(1));
        (await Reader.DueAsync("thing", 10)).Select(d => d.Stream).ShouldBe([Thing("a")]);
    }

    [Fact]
    public async Task positions_rise_without_gaps_in_the_order_of_commits()
    {
        await Task.WhenAll(Enumerable.Range(0, 500).Select(i => Node.SubmitAsync(new Count(Thing($"t{i % 7}"), i % 5 == 0 ? -1_000 : 1) { Tenant = "acme" })));
        (await database.ScalarAsync<bool>("select count(*) = max(seq_id) and min(seq_id) = 1 from ledger.mt_events")).ShouldBeTrue();
        (await database.ScalarAsync<bool>("select bool_and(ok) from (select version = row_number() over (partition by stream_id order by seq_id) as ok from ledger.mt_events) v")).ShouldBeTrue();
    }

    [Fact]
    public async Task random_works_leave_what_a_plain_model_says()
    {
        var seed = Environment.TickCount;
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        var model = new Dictionary<string, decimal>();
        for (var step = 0; step < 300; step++)
        {
            var (from, to, by) = ($"t{random.Next(4)}", $"t{random.Next(4, 8)}", (decimal)random.Next(-20, 60));
            if (random.Next(3) == 0)
            {
                var may = model.GetValueOrDefault(from) >= Math.Abs(by);
                (await Node.SubmitAsync(new Move(Thing(from), Thing(to), Math.Abs(by)) { Tenant = "acme" })).ShouldBeOfType(may ? typeof(Outcome.Accepted) : typeof(Outcome.Refused), $"seed {seed}, step {step}");
                if (!may) continue;
                model[from] = model.GetValueOrDefault(from) - Math.Abs(by);
                model[to] = model.GetValueOrDefault(to) + Math.Abs(by);
            }
            else
            {
                var may = model.GetValueOrDefault(from) + by >= 0;
                (await Node.SubmitAsync(new Count(Thing(from), by) { Tenant = "acme" })).ShouldBeOfType(may ? typeof(Outcome.Accepted) : typeof(Outcome.Refused), $"seed {seed}, step {step}");
                if (may) model[from] = model.GetValueOrDefault(from) + by;
            }
        }

        foreach (var (id, count) in model)
        {
            var state = await Reader.StateAsync(Thing(id));
            ((Thing?)state?.State)?.Count.ShouldBe(count, $"seed {seed}");
            ((Thing)(await Reader.StateAtVersionAsync(Thing(id), state!.Version))!.State).Count.ShouldBe(count, $"seed {seed}");
        }

        await database.CheckHashesAsync();
    }
}

public sealed class A_store_on_one_node : EventStoreSpecification
{
    protected override int NodeCount => 1;
}

public sealed class A_store_on_two_nodes : EventStoreSpecification
{
    protected override int NodeCount => 2;
}
