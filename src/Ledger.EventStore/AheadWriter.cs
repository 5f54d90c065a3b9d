using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ledger.EventStore;

/// <summary>
/// Decides the next batch while the one before it is being committed: on the states that it keeps in memory, as that batch will leave them, without the lock. The
/// commit then takes the lock and states the position that all this rests on; where another writer has appended since, nothing is written and the batch is
/// decided again under the lock. Nobody is answered before the commit of his own batch and of all before it. See docs/adr/0012.
/// </summary>
internal sealed class AheadWriter : IDisposable
{
    /// <summary>After another node has appended, so many batches in a row must find nobody else's events before anything is decided ahead again.</summary>
    private const int RestMax = 64;

    /// <summary>After a used key was taken for a new one, the keys of so many batches are looked up.</summary>
    private const int AsksMax = 256;

    /// <summary>Each new duration counts for one part in so many of the average.</summary>
    private const int Smoothing = 8;

    private readonly Func<WriterConnection> open;
    private readonly Func<WorkingSet> newSet;
    private readonly EventCatalog catalog;
    private readonly int foreignMax;
    private readonly ILogger logger;
    private readonly StateCache cache = new(streamsMax: 50_000, bytesMax: 48_000_000);
    private readonly RecentKeys recent = new(keysMax: 200_000);
    private readonly KnownTime now = new();
    private readonly CommitThread committer;
    private WriterConnection? reader;
    private WorkingSet? last;
    private long? position;
    private int rest;
    private int asks;
    private long decideTicks;

    /// <summary>Starts the thread that commits.</summary>
    /// <param name="open">Opens a connection of the writer's.</param>
    /// <param name="newSet">Makes an empty working set.</param>
    /// <param name="catalog">The events.</param>
    /// <param name="foreignMax">After so many events of other nodes all is forgotten.</param>
    /// <param name="logger">Where faults are told.</param>
    /// <param name="commit">Commits a batch; called on the thread that commits.</param>
    /// <param name="answer">Answers the callers of a batch that is durable; called in the order of commits, by one thread at a time. It does not throw.</param>
    /// <param name="failed">Told when that failed, on the same thread.</param>
    public AheadWriter(Func<WriterConnection> open, Func<WorkingSet> newSet, EventCatalog catalog, int foreignMax, ILogger logger, Action<WriterConnection, DecidedBatch> commit, Action<DecidedBatch> answer, Action failed)
    {
        (this.open, this.newSet, this.catalog, this.foreignMax, this.logger) = (open, newSet, catalog, foreignMax, logger);
        committer = new CommitThread(commit, answer, failed);
    }

    /// <summary>Whether nothing is being committed.</summary>
    public bool IsIdle => committer.IsIdle;

    /// <summary>Whether a commit broke whose batch has not been taken back yet.</summary>
    public bool HasFailed => committer.HasFailed;

    /// <summary>Whether this batch may be decided ahead: the position is known, nobody else writes, and nothing in it is in doubt.</summary>
    public bool MayDecide(List<WorkGroup> batch) => position is not null && rest == 0 && !batch.Exists(group => group.Attempted);

    /// <summary>Decides a batch on what is known and on what is loaded without the lock.</summary>
    public DecidedBatch Decide(List<WorkGroup> batch)
    {
        var began = Stopwatch.GetTimestamp();
        var decided = Decide(batch, mayAssume: true);
        // What is refused writes no key that the commit could object to: such keys are looked up before anybody is told no.
        if (decided.Set.KeysAreAssumed && decided.RefusesKeyed) decided = Decide(batch, mayAssume: false);
        Remember(decided.Set);
        decideTicks += (Stopwatch.GetTimestamp() - began - decideTicks) / Smoothing;
        return decided;
    }

    private DecidedBatch Decide(List<WorkGroup> batch, bool mayAssume)
    {
        var set = newSet();
        var at = position ?? throw new InvalidOperationException("The position is not known.");
        DecidedBatch.Load(batch, set, needs => Seed(set, needs, TryKnown), (needs, keys, first) =>
        {
            // Facts and past events are read from the database alone, so what is on its way there must have come in.
            if (needs.HasFacts) WaitUntilIdle(batch);
            if (first && mayAssume && needs.Streams.Count == 0 && !needs.HasFacts && AreNew(keys) && now.TryEstimate(out var estimate))
            {
                // All that is needed is known, or taken for granted until the commit, which makes sure of it.
                set.Clock = last is not null && last.Clock > estimate ? last.Clock : estimate;
                set.KeysAreAssumed = true;
            }
            else
            {
                reader ??= open();
                reader.Load(set, catalog, needs, keys, first, locked: false);
                if (!first) return;
                now.Learn(set.Clock);
                if (set.LastSeqId > at) throw new MovedOnException();
            }

            set.LastSeqId = at;
            // The batch on its way may or may not have been seen by that load.
            foreach (var (tenant, key) in keys)
            {
                if (last is not null && last.TryKey(tenant, key, out var row)) set.Loaded(tenant, key, row);
            }
        });
        return DecidedBatch.Decide(set, batch, at, logger);
    }

    /// <summary>Waits while deciding can wait: what comes meanwhile goes with the next batch in place of the one after it.</summary>
    public void WaitForMore() => committer.WaitUntilLeft(2 * decideTicks);

    /// <summary>Hands a decided batch to the thread that commits: see <see cref="CommitThread.Hand"/>.</summary>
    public void Hand(WriterConnection connection, DecidedBatch batch, List<WorkGroup> groups) => committer.Hand(connection, batch, groups);

    /// <summary>Waits until nothing is being committed, whatever came of it.</summary>
    public void Wait() => committer.Wait();

    /// <summary>See <see cref="CommitThread.WaitUntilIdle"/>.</summary>
    public void WaitUntilIdle(List<WorkGroup> groups) => committer.WaitUntilIdle(groups);

    /// <summary>See <see cref="CommitThread.TakeBack"/>. What was decided on them must then be forgotten: <see cref="Forget"/>.</summary>
    public Exception? TakeBack(List<WorkGroup> groups) => committer.TakeBack(groups);

    /// <summary>What to ask for ahead of a batch under the lock: the events since the position at which the states in memory hold. Null where there are none.</summary>
    public ForeignEvents? Foreign() => position is { } since ? new ForeignEvents(since, foreignMax) : null;

    /// <summary>Takes streams of a batch under the lock as they are in memory. Ahead of <see cref="CatchUp"/> that is a guess, which it corrects.</summary>
    public void SeedLocked(WorkingSet set, Needs needs) => Seed(set, needs, cache.TryGet);

    /// <summary>Forgets the streams that others have changed, or all where it is not known which; those of them that the batch took as they were in memory need to be loaded.</summary>
    public void CatchUp(WorkingSet set, ForeignEvents foreign, Needs needs)
    {
        var all = foreign.AreAll(set.LastSeqId);
        set.Foreign = Math.Max(0, set.LastSeqId - foreign.Since);
        if (all) foreign.Streams.ForEach(cache.Remove);
        else cache.Clear();
        foreach (var stream in all ? foreign.Streams : set.Slots.Select(slot => slot.Stream).ToList())
        {
            if (!set.IsSeeded(stream)) continue;
            set.Drop(stream);
            needs.Stream(stream);
        }
    }

    /// <summary>Takes note of a batch that was committed under the lock, after it had caught up: its states and the position are true.</summary>
    public void Learn(WorkingSet set)
    {
        if (position is not null && set.LastSeqId != position) rest = RestMax;
        else if (rest > 0) rest--;
        Remember(set);
    }

    /// <summary>Forgets all that was decided ahead: the next batch is decided under the lock.</summary>
    /// <param name="othersWrite">Whether that is so because another node has appended.</param>
    public void Forget(bool othersWrite)
    {
        cache.Clear();
        now.Forget();
        (last, position) = (null, null);
        if (othersWrite) rest = RestMax;
        reader?.Dispose();
        reader = null;
    }

    /// <summary>A key that was taken for a new one was none: for a while all are looked up, since whoever repeats one thing repeats more.</summary>
    public void AskForKeys() => asks = AsksMax;

    /// <inheritdoc/>
    public void Dispose()
    {
        committer.Dispose();
        reader?.Dispose();
    }

    /// <summary>Whether all keys may be taken for new ones: none has been seen here lately, and nobody has met a used one lately.</summary>
    private bool AreNew(List<(string Tenant, string Key)> keys)
    {
        if (asks > 0)
        {
            asks--;
            return false;
        }

        foreach (var (tenant, key) in keys)
        {
            if (recent.Has(tenant, key)) return false;
        }

        return true;
    }

    private delegate bool Known(StreamRef stream, out CachedStream known);

    private bool TryKnown(StreamRef stream, out CachedStream known) => cache.TryGet(stream, out known) || (last is not null && last.TryLeft(stream, out known));

    private static void Seed(WorkingSet set, Needs needs, Known tryKnown)
    {
        needs.Streams.RemoveWhere(stream =>
        {
            if (!tryKnown(stream, out var known)) return false;
            set.Seed(stream, known);
            return true;
        });
    }

    private void Remember(WorkingSet set)
    {
        foreach (var slot in set.Slots)
        {
            if (slot.Version > 0 && (slot.IsChanged || !slot.IsSeeded)) cache.Put(slot.Stream, slot.Left, slot.SavedLength);
        }

        foreach (var (tenant, key, _) in set.NewKeys) recent.Add(tenant, key);
        position = set.LastSeqId + set.Events.Count;
        last = set;
    }
}

/// <summary>Another writer has appended since the position that a batch was to be decided at.</summary>
internal sealed class MovedOnException() : Exception("Another writer has appended.");
