namespace Ledger.EventStore.Projections;

/// <summary>
/// The events that this node has committed last, on their way to its projections: they need not be read and parsed again. It holds one unbroken run of
/// positions; what another node committed in between breaks it, and is read from the database.
/// </summary>
internal sealed class EventFeed(int keepMax)
{
    private readonly Lock gate = new();
    private readonly Queue<StoredEvent> events = new();
    private long last;

    /// <summary>The last position that was put in; 0 where there is none.</summary>
    public long Last => Interlocked.Read(ref last);

    /// <summary>Takes what was committed. Called after the commit, in the order of commits.</summary>
    public void Put(IReadOnlyList<StoredEvent> committed)
    {
        if (committed.Count == 0) return;
        lock (gate)
        {
            if (committed[0].SeqId != last + 1) events.Clear();
            foreach (var happened in committed) events.Enqueue(happened);
            last = committed[^1].SeqId;
            while (events.Count > keepMax) events.Dequeue();
        }
    }

    /// <summary>The events after a position; null where the next one is not here. What stands before it is forgotten.</summary>
    public EventPage? After(long position, long upTo, int max)
    {
        lock (gate)
        {
            if (last <= position || events.Count == 0 || events.Peek().SeqId > position + 1) return null;
            while (events.Peek().SeqId <= position) events.Dequeue();
            var page = new List<StoredEvent>(Math.Min(max, events.Count));
            foreach (var happened in events)
            {
                if (happened.SeqId > upTo || page.Count == max) break;
                page.Add(happened);
            }

            return page.Count == 0 ? null : new EventPage(position, page[^1].SeqId, page, page.Count == max);
        }
    }

    /// <summary>Forgets all: the database may be another one now than the one that these were committed to.</summary>
    public void Clear()
    {
        lock (gate)
        {
            events.Clear();
            last = 0;
        }
    }
}
