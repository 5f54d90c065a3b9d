using Ledger.Domain.Payments;

namespace Ledger.Api.Reconciliation;

/// <summary>What may be done about a payment that differs.</summary>
public enum Healing
{
    /// <summary>The provider's words, applied, put it right: <c>./run reconcile --apply</c> does that.</summary>
    Possible,

    /// <summary>It was put right just now.</summary>
    Done,

    /// <summary>A person has to look at it.</summary>
    ByHand,
}

/// <summary>One thing in which a payment differs.</summary>
/// <param name="Kind">missing_here, missing_there, amount, status or credits.</param>
/// <param name="Ledger">What the ledger has; null where it has nothing.</param>
/// <param name="Provider">What the provider has; null where it has nothing.</param>
/// <param name="Why">What that means, and what to do.</param>
public sealed record DifferenceBody(DifferenceKind Kind, string? Ledger, string? Provider, string Why);

/// <summary>A payment that differs between the ledger and its provider.</summary>
public sealed record DifferingPaymentBody
{
    /// <summary>The ledger's payment; null where it has none.</summary>
    public string? PaymentId { get; init; }

    /// <summary>The account that it is for, by the ledger, else by the provider's mark.</summary>
    public string? AccountId { get; init; }

    /// <summary>The strongest reference by which the provider knows it.</summary>
    public string? Reference { get; init; }

    /// <summary>In what.</summary>
    public required IReadOnlyList<DifferenceBody> Differences { get; init; }

    /// <summary>possible, done or by_hand.</summary>
    public required Healing Healing { get; init; }

    /// <summary>Why it can't be put right by itself; what its notification came to, where one came.</summary>
    public string? Note { get; init; }
}

/// <summary>How many payments differ in what; one may differ in several things.</summary>
/// <param name="MissingHere">The provider has money that the ledger knows nothing of.</param>
/// <param name="MissingThere">The ledger has money that the provider knows nothing of.</param>
/// <param name="Amount">The money is another.</param>
/// <param name="Status">It stands elsewhere.</param>
/// <param name="Credits">The credits are not those that the money bought.</param>
public sealed record DifferenceCountsBody(long MissingHere, long MissingThere, long Amount, long Status, long Credits);

/// <summary>A comparison of the ledger with a provider, payment by payment.</summary>
public sealed record ReconciliationBody
{
    /// <summary>The provider.</summary>
    public required string Provider { get; init; }

    /// <summary>Payments made at this time or later.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Payments made before this time.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>When it was compared.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Whether it is that of the daily run; else it was made for this answer.</summary>
    public bool Scheduled { get; init; }

    /// <summary>Whether the provider has a list of its own. Without one only payments that the ledger knows are compared: what is missing here can't be found.</summary>
    public required bool Listed { get; init; }

    /// <summary>How many payments were compared.</summary>
    public long Compared { get; init; }

    /// <summary>How many of the provider's payments are none of this ledger's: nothing on them says so.</summary>
    public long Foreign { get; init; }

    /// <summary>How many differ, those included that were put right.</summary>
    public long Differing { get; init; }

    /// <summary>How many of them were put right.</summary>
    public long Healed { get; init; }

    /// <summary>In what they differ.</summary>
    public required DifferenceCountsBody Counts { get; init; }

    /// <summary>Those that differ, at most 1,000.</summary>
    public required IReadOnlyList<DifferingPaymentBody> Payments { get; init; }

    /// <summary>Why the comparison ended before its end; null where it did not.</summary>
    public string? Error { get; init; }
}
