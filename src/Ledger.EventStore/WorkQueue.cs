using System.Diagnostics;

namespace Ledger.EventStore;

/// <summary>Works that stand or fall together; mostly one.</summary>
internal sealed class WorkGroup(IReadOnlyList<Work> works, bool bulk)
{
    public IReadOnlyList<Work> Works { get; } = works;

    public bool Bulk { get; } = bulk;

    public long EnqueuedAt { get; } = Stopwatch.GetTimestamp();

    /// <summary>Whether any of them may have been done by an attempt whose outcome is not known.</summary>
    public bool Attempted
    {
        get
        {
            for (var i = 0; i < Works.Count; i++)
            {
                if (Works[i].Attempted) return true;
            }

            return false;
        }
    }

    public void Complete(Outcome outcome)
    {
        foreach (var work in Works) work.Complete(outcome);
    }
}

/// <summary>What came of waiting at the queue.</summary>
internal enum Taken
{
    /// <summary>Work.</summary>
    Some,

    /// <summary>Nothing came in the time given.</summary>
    Nothing,

    /// <summary>Somebody called for attention.</summary>
    Nudged,

    /// <summary>The queue is closed and empty.</summary>
    Closed,
}

/// <summary>
/// The bounded queue ahead of the writer: a queue for each tenant, served in turn, so that one tenant's flood leaves the others their share;
/// lines of bulk requests wait in a lower lane that takes at most half of a batch while single commands wait.
/// </summary>
internal sealed class WorkQueue(int singlesMax, int bulkMax, TimeProvider? clock = null) : IDisposable
{
    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private readonly Lock gate = new();
    private readonly Lane singles = new();
    private readonly Lane bulk = new();
    private readonly SemaphoreSlim arrived = new(0);
    private bool signalled;
    private bool nudged;
    private long? singleAt;

    public int Count => singles.Count + bulk.Count;

    public bool Closed { get; private set; }

    /// <summary>Whether it is closed and empty.</summary>
    public bool IsOver
    {
        get
        {
            lock (gate) return Closed && Count == 0;
        }
    }

    public bool TryAdd(WorkGroup group, string tenant)
    {
        lock (gate)
        {
            if (Closed) return false;
            var lane = group.Bulk ? bulk : singles;
            if (!lane.HasRoom(tenant, group.Works.Count, group.Bulk ? bulkMax : singlesMax)) return false;
            lane.Add(group, tenant);
            if (signalled) return true;
            signalled = true;
        }

        arrived.Release();
        return true;
    }

    /// <summary>Adds lines of one tenant's bulk request in their order, under one lock, until there is no room; returns how many were added.</summary>
    public int AddEach(IReadOnlyList<WorkGroup> groups, string tenant)
    {
        var added = 0;
        lock (gate)
        {
            if (Closed) return 0;
            while (added < groups.Count && bulk.HasRoom(tenant, groups[added].Works.Count, bulkMax)) bulk.Add(groups[added++], tenant);
            if (added == 0 || signalled) return added;
            signalled = true;
        }

        arrived.Release();
        return added;
    }

    /// <summary>However few single commands there are, so many lines of bulk requests may go with them.</summary>
    public const int BesideSinglesMin = 250;

    /// <summary>
    /// So long after a single command was taken others are expected: those who send one after the other have sent theirs with the batch under way, and come again when it is
    /// answered. A full batch of lines that is begun meanwhile is what they would all wait for.
    /// </summary>
    public static readonly TimeSpan SinglesComeAgain = TimeSpan.FromMilliseconds(500);

    /// <summary>Waits for work, at most <paramref name="atMost"/>, and takes up to <paramref name="max"/> works.</summary>
    public Taken Take(List<WorkGroup> into, int max, TimeSpan atMost, CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (gate)
            {
                if (nudged)
                {
                    nudged = false;
                    return Taken.Nudged;
                }

                if (Count > 0)
                {
                    Fill(into, max);
                    return Taken.Some;
                }

                signalled = false;
                if (Closed) return Taken.Closed;
            }

            if (!arrived.Wait(atMost, cancellationToken)) return Taken.Nothing;
        }
    }

    /// <summary>Takes what has come since a batch was taken, without waiting, until the batch holds up to <paramref name="max"/> works.</summary>
    public void TakeMore(List<WorkGroup> into, int max)
    {
        lock (gate)
        {
            if (Count > 0) Fill(into, max);
        }
    }

    private void Fill(List<WorkGroup> into, int max)
    {
        var (alone, lines) = (0, 0);
        foreach (var group in into)
        {
            if (group.Bulk) lines += group.Works.Count;
            else alone += group.Works.Count;
        }

        var room = max - alone - lines;
        var singly = singles.Take(into, bulk.Count == 0 ? room : Math.Min(room, Math.Max((max / 2) - alone, room - bulk.Count)));
        (alone, room) = (alone + singly, room - singly);
        if (singly > 0) singleAt = clock.GetTimestamp();
        var areSingles = alone > 0 || (singleAt is { } at && clock.GetElapsedTime(at) < SinglesComeAgain);
        // A single command waits for all that is committed with it or ahead of it: beside some of them, lines of bulk requests are no more than they, or few.
        room -= bulk.Take(into, areSingles ? Math.Min(room, Math.Max(alone, BesideSinglesMin) - lines) : room);
        if (room > 0) singles.Take(into, room);
    }

    /// <summary>Puts work that was taken and not done back to where it was: ahead of what came after it, bound or not.</summary>
    public void PutBack(IEnumerable<WorkGroup> taken)
    {
        lock (gate)
        {
            foreach (var ofLane in taken.GroupBy(group => group.Bulk))
            {
                foreach (var ofTenant in ofLane.GroupBy(group => group.Works[0].Tenant)) (ofLane.Key ? bulk : singles).PutBack(ofTenant.ToList(), ofTenant.Key);
            }
        }
    }

    /// <summary>Takes out what has waited for longer than this.</summary>
    public IReadOnlyList<WorkGroup> TakeOlderThan(TimeSpan age)
    {
        lock (gate)
        {
            if (Count == 0) return [];
            var old = new List<WorkGroup>();
            singles.TakeOlderThan(age, old);
            bulk.TakeOlderThan(age, old);
            return old;
        }
    }

    public void Close()
    {
        lock (gate) Closed = true;
        arrived.Release();
    }

    /// <summary>Wakes whoever waits for work, without any.</summary>
    public void Nudge()
    {
        lock (gate) nudged = true;
        arrived.Release();
    }

    public void Dispose() => arrived.Dispose();

    private sealed class Lane
    {
        private readonly Dictionary<string, Queue<WorkGroup>> tenants = new(StringComparer.Ordinal);
        private readonly Queue<string> turn = new();

        public int Count { get; private set; }

        /// <summary>
        /// A full lane still takes a tenant that has less than an equal share of it waiting: who fills the lane is refused, not who comes after. With all
        /// shares taken up, a lane holds at most twice its maximum.
        /// </summary>
        public bool HasRoom(string tenant, int more, int max)
        {
            if (Count == 0 || Count + more <= max) return true;
            var waiting = tenants.TryGetValue(tenant, out var queue) ? queue.Count : 0;
            return Count + more <= 2 * max && waiting + more <= max / (tenants.Count + (queue is null ? 1 : 0));
        }

        public void Add(WorkGroup group, string tenant)
        {
            if (!tenants.TryGetValue(tenant, out var queue)) tenants.Add(tenant, queue = new Queue<WorkGroup>());
            if (queue.Count == 0) turn.Enqueue(tenant);
            queue.Enqueue(group);
            Count += group.Works.Count;
        }

        public void PutBack(List<WorkGroup> groups, string tenant)
        {
            if (tenants.TryGetValue(tenant, out var queue)) groups.AddRange(queue);
            else turn.Enqueue(tenant);
            tenants[tenant] = new Queue<WorkGroup>(groups);
            Count += groups.Sum(group => group.Works.Count) - (queue?.Sum(group => group.Works.Count) ?? 0);
        }

        /// <summary>Takes from each tenant in turn; returns how many works. A group is never split, so the last one may pass the maximum.</summary>
        public int Take(List<WorkGroup> into, int max)
        {
            var taken = 0;
            while (taken < max && turn.TryDequeue(out var tenant))
            {
                var queue = tenants[tenant];
                var group = queue.Dequeue();
                into.Add(group);
                taken += group.Works.Count;
                if (queue.Count > 0) turn.Enqueue(tenant);
                else tenants.Remove(tenant);
            }

            Count -= taken;
            return taken;
        }

        /// <summary>Each tenant's queue is in order of arrival, so only its head is looked at.</summary>
        public void TakeOlderThan(TimeSpan age, List<WorkGroup> into)
        {
            for (var left = turn.Count; left > 0; left--)
            {
                var tenant = turn.Dequeue();
                var queue = tenants[tenant];
                while (queue.TryPeek(out var group) && Stopwatch.GetElapsedTime(group.EnqueuedAt) >= age)
                {
                    into.Add(queue.Dequeue());
                    Count -= group.Works.Count;
                }

                if (queue.Count > 0) turn.Enqueue(tenant);
                else tenants.Remove(tenant);
            }
        }
    }
}
