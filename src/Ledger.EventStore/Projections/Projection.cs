namespace Ledger.EventStore.Projections;

/// <summary>
/// A read model: a pure function from events, in the order of their positions, to rows. The same contract serves both lives: inline (rows written in the
/// commit of their events) and async (rows written by the daemon, soon after). Rows follow from events alone: no clock, no random value, no look
/// elsewhere, so that a rebuild gives identical rows.
/// </summary>
public abstract class Projection
{
    /// <summary>Its name, as operators see it: lower case, digits and underscores, such as <c>transactions</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The number of the shape and meaning of its rows, from 1. A read model of another version must be rebuilt.</summary>
    public abstract int Version { get; }

    /// <summary>Whether its rows are written in the commit of their events, and so delay every command of them; else the daemon writes them soon after.</summary>
    public virtual bool IsInline => false;

    /// <summary>The types of events that it reads; others it is never shown.</summary>
    public abstract IReadOnlySet<Type> Handles { get; }

    /// <summary>The tables that it alone writes.</summary>
    public abstract IReadOnlyList<ProjectionTable> Tables { get; }

    /// <summary>Names the rows that <see cref="Apply"/> will look up for this event, so that those of many events are loaded at once.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="needs">Takes the keys.</param>
    public virtual void Need(StoredEvent happened, RowNeeds needs)
    {
    }

    /// <summary>
    /// Applies one event. Pure: it reads the event and the rows that it named (as the events before it left them), and puts rows in place of them. What
    /// it throws parks the event's stream in this projection (async), or refuses the command (inline).
    /// </summary>
    /// <param name="happened">The event: its position, stream, version, type, time and data. Its id, hash and meta are not given where it was read from the database, and must not be used.</param>
    /// <param name="rows">The rows, in memory.</param>
    public abstract void Apply(StoredEvent happened, Rows rows);
}
