using System.Diagnostics;
using Ledger.EventStore.Projections;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Ledger.EventStore;

/// <summary>A batch that is decided and not yet durable: what will be written, and what each caller will then hear.</summary>
internal sealed class DecidedBatch
{
    private readonly List<(WorkGroup Group, Outcome[] Outcomes)> decided;
    private readonly long startedAt = Stopwatch.GetTimestamp();

    private readonly List<(WorkGroup Group, Exception Fault)> faults;

    private DecidedBatch(WorkingSet set, List<WorkGroup> groups, List<(WorkGroup Group, Outcome[] Outcomes)> decided, List<(WorkGroup Group, Exception Fault)> faults) =>
        (Set, Groups, this.decided, this.faults) = (set, groups, decided, faults);

    public WorkingSet Set { get; }

    public IReadOnlyList<WorkGroup> Groups { get; }

    /// <summary>The position that it was decided at without the lock; null where it was decided under the lock.</summary>
    public long? Expected { get; init; }

    /// <summary>Whether work with a key was not accepted: it may be a repeat of what was done, which only the key tells.</summary>
    public bool RefusesKeyed => faults.Exists(f => HasKey(f.Group)) || decided.Exists(d => HasKey(d.Group) && Array.Exists(d.Outcomes, static o => o is not (Outcome.Accepted or Outcome.Done)));

    private static bool HasKey(WorkGroup group)
    {
        for (var i = 0; i < group.Works.Count; i++)
        {
            if (group.Works[i].Key is not null) return true;
        }

        return false;
    }

    /// <summary>Names and loads what a batch needs: one round trip, two where what was loaded names more.</summary>
    /// <param name="batch">The works.</param>
    /// <param name="known">Takes out of the needs what needs no loading.</param>
    /// <param name="load">Loads; true for the first trip.</param>
    /// <param name="set">Takes what was loaded.</param>
    public static void Load(List<WorkGroup> batch, WorkingSet set, Action<Needs> known, Action<Needs, List<(string Tenant, string Key)>, bool> load)
    {
        var needs = new Needs();
        var keys = Name(batch, needs);
        known(needs);
        load(needs, keys, true);
        LoadMore(batch, set, known, more => load(more, [], false));
    }

    /// <summary>Names what works need, and returns their keys.</summary>
    public static List<(string Tenant, string Key)> Name(IEnumerable<WorkGroup> groups, Needs needs)
    {
        var keys = new List<(string, string)>();
        foreach (var group in groups)
        {
            foreach (var work in group.Works)
            {
                work.Name(needs);
                if (work.Key is not null) keys.Add((work.Tenant, work.Key));
            }
        }

        return keys;
    }

    /// <summary>Names what follows from what was loaded, and loads it; mostly nothing.</summary>
    public static void LoadMore(List<WorkGroup> batch, WorkingSet set, Action<Needs> known, Action<Needs> load)
    {
        var needs = new Needs();
        foreach (var group in batch)
        {
            foreach (var work in group.Works) work.NameMore(set, needs);
        }

        needs.Streams.RemoveWhere(set.Has);
        known(needs);
        if (needs.Streams.Count > 0 || needs.HasFacts) load(needs);
    }

    /// <summary>Decides. A fault in one decision is that caller's alone: it is taken back, the rest goes on without it, and it is told with the others' answers.</summary>
    public static DecidedBatch Decide(WorkingSet set, List<WorkGroup> batch, long? expected, ILogger logger)
    {
        var decided = new List<(WorkGroup Group, Outcome[] Outcomes)>(batch.Count);
        var faults = new List<(WorkGroup Group, Exception Fault)>();
        for (var i = 0; i < batch.Count; i++)
        {
            try
            {
                decided.Add((batch[i], set.Decide(batch[i])));
            }
            catch (Exception fault)
            {
                logger.LogError(fault, "A decision failed.");
                faults.Add((batch[i], fault));
            }
        }

        set.Finish();
        return new DecidedBatch(set, [.. batch], decided, faults) { Expected = expected };
    }

    /// <summary>Writes and commits; after this returns, it is durable.</summary>
    public void Commit(WriterConnection connection, IReadOnlyList<Projection> projections)
    {
        // Under the lock every earlier attempt is over, and what its key does not tell as done was not done; without it, no work of the batch was attempted before.
        Attempt(false);
        if (Set.Events.Count + Set.NewKeys.Count == 0)
        {
            if (Expected is null) connection.Rollback();
            else if (Set.KeysAreAssumed) connection.Confirm(Set, Expected.Value);
            return;
        }

        Attempt(true);
        try
        {
            connection.WriteAndCommit(Set, projections, Expected);
        }
        catch (Exception refused) when (refused is PostgresException or ProjectionFailedException && WriterFailure.Of(refused) is not WriterFailure.Kind.Unknown)
        {
            // The server itself says that this attempt came to nothing, or it was not sent to commit. A failure ahead of the load says nothing of the attempts before it.
            Attempt(false);
            if (Set.KeysAreAssumed && refused is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "idempotency_keys_pkey" }) throw new KeyMetException(refused);
            throw;
        }
    }

    /// <summary>Tells each caller what came of it.</summary>
    public void Answer(StoreMetrics metrics)
    {
        var took = Stopwatch.GetElapsedTime(startedAt);
        foreach (var (group, outcomes) in decided)
        {
            for (var i = 0; i < outcomes.Length; i++) group.Works[i].Complete(outcomes[i]);
        }

        foreach (var (group, fault) in faults)
        {
            foreach (var work in group.Works) work.Fail(new DecisionFailedException(fault));
        }

        // Listeners to metrics are called from here: last, so that whatever befalls one no caller is left without an answer.
        metrics.Committed(Groups.Count, Set.Events.Count, took);
    }

    private void Attempt(bool attempted)
    {
        foreach (var (group, outcomes) in decided)
        {
            for (var i = 0; i < outcomes.Length; i++)
            {
                if (outcomes[i] is not Outcome.Done) group.Works[i].Attempted = attempted;
            }
        }
    }
}

/// <summary>A key that was taken for a new one had been used: the batch wrote nothing.</summary>
internal sealed class KeyMetException(Exception refused) : Exception("A key that was taken for a new one had been used.", refused);
