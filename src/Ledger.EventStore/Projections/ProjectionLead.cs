using Npgsql;

namespace Ledger.EventStore.Projections;

/// <summary>A projection that this node leads, in one epoch: where it stands, its rows in memory, and what it has trouble with.</summary>
internal sealed class ProjectionLead(Projection projection, long epoch, long position, int keepMax)
{
    private readonly Dictionary<StreamRef, long> parked = [];
    private readonly List<NpgsqlBatchCommand> parking = [];
    private (long SeqId, int Tries) failing;

    public Projection Projection => projection;

    public string Name => projection.Name;

    public long Epoch => epoch;

    public long Position { get; private set; } = position;

    public ProjectionRun Run { get; } = new(projection, keepMax);

    /// <summary>At most so many events are tried at once: halved when the database refuses what came of them, until the one at fault is found.</summary>
    public int Limit { get; private set; } = int.MaxValue;

    /// <summary>Whether it goes by itself for now, so that its trouble is not that of the others.</summary>
    public bool IsAlone { get; set; }

    /// <summary>Not before then is it tried again (a tick count in milliseconds).</summary>
    public long RestsUntil { get; private set; }

    public int RestsMs { get; private set; }

    public int ParkedCount => parked.Count;

    public void Knows(IEnumerable<ParkedStream> streams)
    {
        foreach (var stream in streams) parked[stream.Stream] = stream.FirstSeqId;
    }

    public bool Reads(StoredEvent happened) =>
        (happened.Data is UnreadableEvent unreadable ? unreadable.Type is null || projection.Handles.Contains(unreadable.Type) : projection.Handles.Contains(happened.Data.GetType()))
        && !(parked.Count > 0 && parked.TryGetValue(happened.Stream, out var first) && happened.SeqId >= first);

    public void Choose(EventPage page)
    {
        var chosen = new List<StoredEvent>(page.Events.Count);
        foreach (var happened in page.Events)
        {
            if (Reads(happened)) chosen.Add(happened);
        }

        Run.Events = chosen;
    }

    public void Write(IList<NpgsqlBatchCommand> commands)
    {
        Run.Write(commands);
        foreach (var park in parking) commands.Add(park);
    }

    public void Committed(long reached)
    {
        Position = reached;
        parking.Clear();
        failing = default;
        RestsMs = 0;
        Limit = Limit > 100_000 ? int.MaxValue : Limit * 2;
        IsAlone = Limit < int.MaxValue;
        Run.Committed();
    }

    /// <summary>Counts how often an event was tried.</summary>
    public int Tried(StoredEvent happened)
    {
        failing = (happened.SeqId, failing.SeqId == happened.SeqId ? failing.Tries + 1 : 1);
        return failing.Tries;
    }

    /// <summary>From this event on its stream is passed over; that is written with the next step.</summary>
    public void Park(StoredEvent happened, string error)
    {
        parked[happened.Stream] = happened.SeqId;
        parking.Add(ProjectionStore.Park(Name, happened, failing.Tries, error));
        failing = default;
    }

    public void Halve() => Limit = Math.Max(1, Run.Events.Count / 2);

    /// <summary>It can't go on for a reason that may pass.</summary>
    public void Rest(long now)
    {
        RestsMs = Math.Clamp(RestsMs * 2, 500, 30_000);
        RestsUntil = now + RestsMs;
    }
}
