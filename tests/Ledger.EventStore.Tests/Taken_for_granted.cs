using Ledger.EventStore;

namespace Ledger.EventStore.Tests;

/// <summary>Works on states that the writer has in memory are decided without asking the database: it tells at the commit, or before a refusal, where that was wrong.</summary>
public sealed class Taken_for_granted
{
    private static readonly StreamRef A = new("acme", "thing/a");
    private static readonly StreamRef B = new("acme", "thing/b");

    [Fact]
    public async Task a_used_key_that_was_taken_for_a_new_one_is_met_at_the_commit_and_answered_as_what_it_was()
    {
        await using var database = await StoreDatabase.CreateAsync();
        long made;
        using (var earlier = database.Node())
        {
            await earlier.SubmitAsync(new Count(A, 100) { Tenant = "acme" });
            made = (await earlier.SubmitAsync(new Move(A, B, 1) { Tenant = "acme", Key = "old" })).ShouldBeOfType<Outcome.Accepted>().Version;
        }

        using var retries = new Retries();
        using var node = database.Node();
        await WarmAsync(node);
        var before = retries.Count;
        // Decided together with others, which it costs nothing but a second attempt.
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => node.SubmitAsync(new Move(A, B, 1) { Tenant = "acme", Key = i == 7 ? "old" : $"new/{i}" })));
        var old = outcomes[7].ShouldBeOfType<Outcome.Done>();
        (old.Version, old.First).ShouldBe((made, false));
        outcomes.Where((_, i) => i != 7).ShouldAllBe(o => o is Outcome.Accepted);
        retries.Count.ShouldBeGreaterThan(before, "it was taken for a new key first");
        ((Thing)(await database.Reader.StateAsync(B))!.State).Count.ShouldBe(1 + 1 + 19);

        // Another request under that key is refused, and the keys that this node has made are known to it.
        (await node.SubmitAsync(new Move(A, B, 2) { Tenant = "acme", Key = "old", Fingerprint = 1 })).ShouldBeOfType<Outcome.KeyReused>();
        before = retries.Count;
        (await node.SubmitAsync(new Move(A, B, 1) { Tenant = "acme", Key = "new/3" })).ShouldBeOfType<Outcome.Done>();
        retries.Count.ShouldBe(before);
    }

    [Fact]
    public async Task a_repeat_is_never_refused_for_what_its_first_copy_has_changed()
    {
        await using var database = await StoreDatabase.CreateAsync();
        long made;
        using (var earlier = database.Node())
        {
            await earlier.SubmitAsync(new Count(A, 5) { Tenant = "acme" });
            made = (await earlier.SubmitAsync(new Move(A, B, 5) { Tenant = "acme", Key = "all of it" })).ShouldBeOfType<Outcome.Accepted>().Version;
        }

        using var node = database.Node();
        await WarmAsync(node, 0);
        // Now there is nothing left, so without its key the repeat would be refused; alone, and among others that are accepted.
        (await node.SubmitAsync(new Move(A, B, 5) { Tenant = "acme", Key = "all of it" })).ShouldBeOfType<Outcome.Done>().Version.ShouldBe(made);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => node.SubmitAsync(new Move(i == 4 ? A : B, i == 4 ? B : A, i == 4 ? 5 : 0) { Tenant = "acme", Key = i == 4 ? "all of it" : $"other/{i}" })));
        outcomes[4].ShouldBeOfType<Outcome.Done>().Version.ShouldBe(made);
        (await node.SubmitAsync(new Move(A, B, 6) { Tenant = "acme", Key = "all of it", Fingerprint = 7 })).ShouldBeOfType<Outcome.KeyReused>();
        (await node.SubmitAsync(new Move(A, B, 6) { Tenant = "acme", Key = "more" })).ShouldBeOfType<Outcome.Refused>();
    }

    [Fact]
    public async Task nothing_is_refused_on_what_another_node_has_changed_since()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        using var other = database.Node();
        for (var round = 1; round <= 5; round++)
        {
            await WarmAsync(node, 0);
            (await node.SubmitAsync(new Move(A, B, 5) { Tenant = "acme", Key = $"too much/{round}" })).ShouldBeOfType<Outcome.Refused>();
            (await other.SubmitAsync(new Count(A, 5) { Tenant = "acme" })).ShouldBeOfType<Outcome.Accepted>();
            (await node.SubmitAsync(new Move(A, B, 5) { Tenant = "acme", Key = $"too much/{round}" })).ShouldBeOfType<Outcome.Accepted>("what the other has acknowledged is there");
        }
    }

    [Fact]
    public async Task a_clock_that_was_moved_is_noticed_by_the_next_work()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        await WarmAsync(node, 100);
        var was = (await node.SubmitAsync(new Move(A, B, 1) { Tenant = "acme" })).ShouldBeOfType<Outcome.Accepted>().Events[0].RecordedAt;
        foreach (var days in new[] { 1, 30 })
        {
            await database.ExecuteAsync($"update ledger.clock set shift = interval '{days} days'");
            var now = (await node.SubmitAsync(new Move(A, B, 1) { Tenant = "acme" })).ShouldBeOfType<Outcome.Accepted>().Events[0].RecordedAt;
            (now - was).ShouldBeInRange(TimeSpan.FromDays(days), TimeSpan.FromDays(days) + TimeSpan.FromMinutes(1));
        }

        // A refusal goes by the new time too.
        await database.ExecuteAsync("update ledger.clock set shift = interval '60 days'");
        DateTimeOffset seen = default;
        var refused = await node.SubmitAsync(new Look(A, now => seen = now) { Tenant = "acme" });
        refused.ShouldBeOfType<Outcome.Refused>();
        (seen - was).ShouldBeInRange(TimeSpan.FromDays(60), TimeSpan.FromDays(60) + TimeSpan.FromMinutes(1));
    }

    // The first work is decided under the lock; from then on the states are known.
    private static async Task WarmAsync(GroupCommit node, decimal by = 1)
    {
        await node.SubmitAsync(new Count(A, by) { Tenant = "acme" });
        for (var i = 0; i < 70; i++) await node.SubmitAsync(new Count(B, by == 1 && i == 0 ? 1 : 0) { Tenant = "acme" });
    }

    private sealed class Look(StreamRef stream, Action<DateTimeOffset> see) : Work
    {
        public override void Name(Needs needs) => needs.Stream(stream);

        public override Verdict Decide(IDecisionContext context)
        {
            see(context.NowFor(stream));
            return Verdict.Refuse("only looked");
        }
    }

    private sealed class Retries : IDisposable
    {
        private readonly System.Diagnostics.Metrics.MeterListener listener = new();
        private long count;

        public Retries()
        {
            listener.InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name == "ledger.commit.retried") listening.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref count, value));
            listener.Start();
        }

        public long Count => Interlocked.Read(ref count);

        public void Dispose() => listener.Dispose();
    }
}
