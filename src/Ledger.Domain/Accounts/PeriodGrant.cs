using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Accounts;

/// <summary>Why credits came with a subscription's period.</summary>
public enum PeriodPart
{
    /// <summary>The plan gives so many each period.</summary>
    Period,

    /// <summary>They were left of the period before.</summary>
    Rolled,

    /// <summary>A dearer plan gave them for the rest of the period.</summary>
    Extra,
}

/// <summary>The subscription's period that credits came with.</summary>
/// <param name="Subscription">The subscription.</param>
/// <param name="Number">The number of its period, from 1.</param>
/// <param name="Part">Why they came.</param>
public sealed record PeriodGrant(SubscriptionId Subscription, long Number, PeriodPart Part);

/// <summary>What an account keeps of the credits that come with its subscription.</summary>
/// <param name="Subscription">The subscription that gave such credits last.</param>
/// <param name="Lapsed">All that ended by time of the lots that bear it: what ended since the last grant may roll into the next one.</param>
/// <param name="ResetsAt">When the credits of the period that was granted last end; null for never.</param>
public sealed record PeriodCredits(SubscriptionId Subscription, Credits Lapsed, DateTimeOffset? ResetsAt = null);
