using Ledger.EventStore;

namespace Ledger.Api.Maintenance;

/// <summary>What became of what was due on a stream.</summary>
/// <param name="Events">What happened; none where nothing had to.</param>
/// <param name="LeaveAlone">For how long it is left alone: it could not be done, or somebody else is at it. Null where all is done.</param>
/// <param name="HasFailed">Whether it could not be done.</param>
internal sealed record Settled(IReadOnlyList<StoredEvent> Events, TimeSpan? LeaveAlone = null, bool HasFailed = false)
{
    /// <summary>Whether a trial ended with it.</summary>
    public bool TrialEnded { get; init; }

    /// <summary>For so long a stream is left alone that could not be settled; longer with each try, see <see cref="After"/>.</summary>
    private static readonly TimeSpan FailedWait = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FailedWaitMax = TimeSpan.FromMinutes(10);

    /// <summary>Nothing was to be done.</summary>
    public static Settled Nothing { get; } = new([]);

    /// <summary>Somebody else is at it, or there is no room: soon again.</summary>
    public static Settled Later(TimeSpan wait) => new([], wait);

    /// <summary>It could not be done for now.</summary>
    public static Settled Failed() => new([], FailedWait, HasFailed: true);

    /// <summary>How long it is left alone after so many tries; null where it is done.</summary>
    public TimeSpan? After(int tries) => HasFailed ? TimeSpan.FromTicks(Math.Min(FailedWaitMax.Ticks, FailedWait.Ticks << Math.Min(tries - 1, 10))) : LeaveAlone;
}

/// <summary>Lets the workers look at once.</summary>
internal interface IDueWaker
{
    /// <summary>Says that the clock was moved, or something is due sooner than one would look.</summary>
    void Wake();
}

/// <summary>What is done when something is due on streams of one kind. Doing it twice does no harm: who comes second finds nothing due.</summary>
internal interface IDueKind
{
    /// <summary>The kind: what stands before the slash in the ids of its streams.</summary>
    string Kind { get; }

    /// <summary>At most so many streams at once on each node.</summary>
    int AtOnceMax { get; }

    /// <summary>At most so many streams of one tenant at once, so that one tenant's provider that does not answer holds up no other.</summary>
    int OfTenantMax { get; }

    /// <summary>For so long a stream is this node's. What takes longer keeps it longer, see <see cref="DueDesk.KeepAsync"/>; whoever comes all the same does no harm.</summary>
    TimeSpan Lease { get; }

    /// <summary>Whether time alone has to be settled here. Where only providers are asked, a run that an operator asked for leaves it to the workers.</summary>
    bool SettlesTime { get; }

    /// <summary>Does what is due on a stream by now.</summary>
    /// <param name="claim">The stream, which is this node's for the lease.</param>
    /// <param name="mayCall">Whether a provider may be asked too.</param>
    /// <param name="stopping">The service stops.</param>
    Task<Settled> DoAsync(Claim claim, bool mayCall, CancellationToken stopping);
}
