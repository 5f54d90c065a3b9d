using Npgsql;

namespace Ledger.EventStore;

/// <summary>A read model that is written in the commit of its events. Pure: rows follow from the events alone.</summary>
public abstract class InlineProjection
{
    /// <summary>The types of events that it reads.</summary>
    public abstract IReadOnlySet<Type> Handles { get; }

    /// <summary>Adds the statements that bring the read model up to these events, which are in order and of the handled types.</summary>
    protected abstract void Project(IReadOnlyList<StoredEvent> events, IList<NpgsqlBatchCommand> commands);

    internal void Collect(List<PendingEvent> events, IList<NpgsqlBatchCommand> commands)
    {
        List<StoredEvent>? handled = null;
        foreach (var pending in events)
        {
            if (Handles.Contains(pending.Stored.Data.GetType())) (handled ??= []).Add(pending.Stored);
        }

        if (handled is not null) Project(handled, commands);
    }
}
