namespace Ledger.EventStore;

/// <summary>Settings of the group commit.</summary>
public sealed record GroupCommitOptions
{
    /// <summary>At most so many works are committed together (an atomic group is never split, so it may pass this).</summary>
    public int BatchMax { get; init; } = 1_000;

    /// <summary>At most so many single commands wait; the next one is refused at once.</summary>
    public int QueueMax { get; init; } = 4_096;

    /// <summary>At most so many lines of bulk requests wait.</summary>
    public int BulkQueueMax { get; init; } = 40_000;

    /// <summary>
    /// When other nodes have appended, a writer asks which streams they changed and keeps what it has in memory of all others. After more events than this it forgets
    /// everything instead.
    /// </summary>
    public int ForeignMax { get; init; } = 5_000;

    /// <summary>A work that could not be started within this time is refused: nothing was done.</summary>
    public TimeSpan WaitMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A work whose commit broke is answered as unknown when its outcome could not be learnt within this time.</summary>
    public TimeSpan UnknownMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one round trip to the database may take.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A writer that stands still in its transaction for so long (a stopped process) loses it, so that the other nodes go on.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long the writer waits for the lock that another node holds.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
