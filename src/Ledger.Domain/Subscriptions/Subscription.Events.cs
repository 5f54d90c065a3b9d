using Ledger.Domain.Payments;

namespace Ledger.Domain.Subscriptions;

// ---- Events: what happened. Names and members are stored for ever; a member is only ever added, and then optional. No personal data. ----

/// <summary>Something that happened to a subscription. A closed family. <see cref="Status"/> is a witness of how it stands after: lists and audits read it, the state never does.</summary>
public abstract record SubscriptionEvent
{
    private protected SubscriptionEvent()
    {
    }

    /// <summary>The status after this.</summary>
    public SubscriptionStatus Status { get; init; }
}

/// <summary>Somebody subscribes.</summary>
public sealed record SubscriptionStarted : SubscriptionEvent
{
    /// <summary>The account that it is for.</summary>
    public required AccountId Account { get; init; }

    /// <summary>The plan, as it was then.</summary>
    public required PinnedPlan Plan { get; init; }

    /// <summary>Incomplete, trialing or active.</summary>
    public required SubscriptionStatus As { get; init; }

    /// <summary>Who renews it.</summary>
    public required string Provider { get; init; }

    /// <summary>How many people use it.</summary>
    public int? Seats { get; init; }

    /// <summary>The checkout that pays its first period; null where none is needed.</summary>
    public PaymentId? Checkout { get; init; }
}
