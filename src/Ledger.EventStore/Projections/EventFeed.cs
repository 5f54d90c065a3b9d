namespace Ledger.EventStore.Projections;

/// <summary>What is in memory of the events after a position, and the ranges between that other nodes have committed.</summary>
/// <param name="After">They come after this position.</param>
/// <param name="Events">Those in memory, in order.</param>
/// <param name="Gaps">What is missing between them: after the first position, up to the second. A gap is older than an event in memory, so all of it can be read.</param>
internal sealed record FedEvents(long After, IReadOnlyList<StoredEvent> Events, IReadOnlyList<(long After, long UpTo)> Gaps)
{
    public long Last => Events.Count == 0 ? After : Events[^1].SeqId;
}

/// <summary>
/// The events that this node has committed last, on their way to its projections: they need not be read and parsed again. What other nodes committed in between is not
/// here, and is read from the database.
/// </summary>
internal sealed class EventFeed(int keepMax)
{
    private readonly Lock gate = new();
    private readonly Queue<StoredEvent> events = new();
    private long last;

    /// <summary>Takes what was committed. Called after the commit, in the order of commits.</summary>
    public void Put(IReadOnlyList<StoredEvent> committed)
    {
        if (committed.Count == 0) return;
        lock (gate)
        {
            // A position that was given before is another database's, say a restored one.
            if (committed[0].SeqId <= last) events.Clear();
            last = committed[^1].SeqId;
            // Those that come next are worth most. What finds no room is read from the database later, as what other nodes commit is.
            if (events.Count + committed.Count > keepMax) return;
            foreach (var happened in committed) events.Enqueue(happened);
        }
    }

    /// <summary>What is here of the next positions, at most so many, and what is not. What stands before them is forgotten.</summary>
    public FedEvents After(long position, long upTo, int max)
    {
        var (found, gaps, at) = (new List<StoredEvent>(), new List<(long, long)>(), position);
        lock (gate)
        {
            while (events.TryPeek(out var first) && first.SeqId <= position) events.Dequeue();
            foreach (var happened in events)
            {
                if (happened.SeqId > upTo || happened.SeqId - position > max) break;
                if (happened.SeqId > at + 1) gaps.Add((at, happened.SeqId - 1));
                found.Add(happened);
                at = happened.SeqId;
            }
        }

        return new FedEvents(position, found, gaps);
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
