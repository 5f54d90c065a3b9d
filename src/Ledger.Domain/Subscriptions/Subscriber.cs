namespace Ledger.Domain.Subscriptions;

// ---- Events ----

/// <summary>Something that happened to the one place for a subscription that an account has. A closed family.</summary>
public abstract record SubscriberEvent
{
    private protected SubscriberEvent()
    {
    }
}

/// <summary>The account's place is taken.</summary>
public sealed record SubscriptionTaken : SubscriberEvent
{
    /// <summary>By this subscription.</summary>
    public required SubscriptionId Subscription { get; init; }

    /// <summary>The tier whose trial it begins with; null where it begins without one.</summary>
    public string? Trial { get; init; }
}

/// <summary>The account's place is free again.</summary>
public sealed record SubscriptionLeft : SubscriberEvent
{
    /// <summary>This subscription has ended.</summary>
    public required SubscriptionId Subscription { get; init; }

    /// <summary>Until when it had given credits that nobody paid for: till then another one gives no such credits. Null where it had given none.</summary>
    public DateTimeOffset? FreeUntil { get; init; }
}

// ---- State ----

/// <summary>
/// The one place for a subscription that an account has: a stream of its own beside the account, so that of any number of starts at once one wins. A subscription whose first payment is open does not take it.
/// </summary>
public sealed record Subscriber
{
    /// <summary>How many events made it.</summary>
    public long Version { get; init; }

    /// <summary>The live subscription; null for none.</summary>
    public SubscriptionId? Live { get; init; }

    /// <summary>The last one that ended; null for none.</summary>
    public SubscriptionId? Last { get; init; }

    /// <summary>Until when credits that nobody pays for were given: who leaves and comes again gets them once.</summary>
    public DateTimeOffset? FreeUntil { get; init; }

    /// <summary>The tiers of which the account has had its trial.</summary>
    public ValueList<string> Trials { get; init; } = [];

    /// <summary>Whether the account has had the trial of a tier.</summary>
    public bool HasTried(string tier) => Trials.Contains(tier);

    /// <summary>The place after one more event. Total.</summary>
    public Subscriber Evolve(SubscriberEvent happened) => happened switch
    {
        SubscriptionTaken e => this with { Version = Version + 1, Live = e.Subscription, Trials = e.Trial is { } tier && !HasTried(tier) ? [.. Trials.AsSpan(), tier] : Trials },
        SubscriptionLeft e => this with { Version = Version + 1, Live = Live == e.Subscription ? null : Live, Last = e.Subscription, FreeUntil = e.FreeUntil ?? FreeUntil },
        _ => this with { Version = Version + 1 },
    };
}
