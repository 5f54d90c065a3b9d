using Ledger.Domain.Accounts;
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

/// <summary>Somebody subscribes. It is incomplete until its trial or its first period begins.</summary>
public sealed record SubscriptionStarted : SubscriptionEvent
{
    /// <summary>The account that it is for.</summary>
    public required AccountId Account { get; init; }

    /// <summary>The plan, as it was then.</summary>
    public required PinnedPlan Plan { get; init; }

    /// <summary>Who renews it: <see cref="Subscription.Manual"/>, or a provider.</summary>
    public required string Provider { get; init; }

    /// <summary>Whether the provider charges each period by itself; else each is paid by a payment of this ledger, or by nobody.</summary>
    public bool RenewsAtProvider { get; init; }

    /// <summary>How many people use it.</summary>
    public int? Seats { get; init; }

    /// <summary>Days of the trial that it begins with, once it begins; null for none.</summary>
    public int? TrialDays { get; init; }

    /// <summary>The checkout that pays its first period; null where none is needed.</summary>
    public PaymentId? Checkout { get; init; }

    /// <summary>When it begins by itself; null where it begins at once, or by its payment.</summary>
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>Until when it waits for its payment.</summary>
    public DateTimeOffset? WaitsUntil { get; init; }

    /// <summary>What its provider calls it, where the provider told of it first.</summary>
    public SubscriptionRefs? Refs { get; init; }
}

/// <summary>Its trial runs, or runs until another time than before.</summary>
public sealed record TrialStarted : SubscriptionEvent
{
    /// <summary>From when.</summary>
    public required DateTimeOffset Start { get; init; }

    /// <summary>Until when.</summary>
    public required DateTimeOffset End { get; init; }
}

/// <summary>The first period was paid while the trial runs: it begins with the trial's end.</summary>
public sealed record TrialPaid : SubscriptionEvent
{
    /// <summary>By this payment; null where an administrator says so.</summary>
    public PaymentId? Payment { get; init; }

    /// <summary>Who renews it from now on; null where that stays.</summary>
    public string? Provider { get; init; }

    /// <summary>Whether its money has gone back: it is not paid after all.</summary>
    public bool? IsUndone { get; init; }
}

/// <summary>The end of its trial was announced.</summary>
public sealed record TrialEndAnnounced : SubscriptionEvent
{
    /// <summary>When it ends.</summary>
    public required DateTimeOffset End { get; init; }
}

/// <summary>A period runs: it is active.</summary>
public sealed record PeriodStarted : SubscriptionEvent
{
    /// <summary>Its number, from 1.</summary>
    public required long Period { get; init; }

    /// <summary>From when.</summary>
    public required DateTimeOffset Start { get; init; }

    /// <summary>Until when; null for good.</summary>
    public DateTimeOffset? End { get; init; }

    /// <summary>From where periods are counted from this one on; null where that stays.</summary>
    public DateTimeOffset? Anchor { get; init; }

    /// <summary>The number of the period that begins at the anchor; null where the anchor stays, or it is this one.</summary>
    public long? AnchorPeriod { get; init; }

    /// <summary>The end of the period before, where that has not come yet: what is left of its credits rolls then.</summary>
    public DateTimeOffset? RollsAt { get; init; }

    /// <summary>The plan from now on; null where it stays.</summary>
    public PinnedPlan? Plan { get; init; }

    /// <summary>The seats from now on, where the plan changes.</summary>
    public int? Seats { get; init; }

    /// <summary>Who renews it from now on; null where that stays.</summary>
    public string? Provider { get; init; }

    /// <summary>The payment of this ledger that paid it; null for none.</summary>
    public PaymentId? Payment { get; init; }
}

/// <summary>The credits of the running period were given, once.</summary>
public sealed record PeriodGranted : SubscriptionEvent
{
    /// <summary>The period.</summary>
    public required long Period { get; init; }

    /// <summary>What came with it; 0 or more.</summary>
    public required Credits Amount { get; init; }

    /// <summary>What rolled into it from the period before; 0 or more.</summary>
    public Credits Rolled { get; init; }

    /// <summary>The lots of both; null for none.</summary>
    public ValueList<LotId>? Lots { get; init; }

    /// <summary>What had lapsed of the subscription's lots so far: of that, nothing rolls any more. Null where nothing was to roll yet.</summary>
    public Credits? Lapsed { get; init; }

    /// <summary>The provider's invoice that paid it; null for none.</summary>
    public string? Invoice { get; init; }

    /// <summary>The payment that this invoice is; null for none.</summary>
    public PaymentId? Payment { get; init; }
}

/// <summary>A period that had been followed early by the next one came to its end: what was left of its credits rolled.</summary>
public sealed record CreditsRolled : SubscriptionEvent
{
    /// <summary>Its end.</summary>
    public required DateTimeOffset End { get; init; }

    /// <summary>What rolled; 0 or more.</summary>
    public required Credits Rolled { get; init; }

    /// <summary>The lot of it; null for none.</summary>
    public LotId? Lot { get; init; }

    /// <summary>What had lapsed of the subscription's lots so far.</summary>
    public required Credits Lapsed { get; init; }
}

/// <summary>The plan or the seats are others from now on, within the period.</summary>
public sealed record PlanChanged : SubscriptionEvent
{
    /// <summary>The plan from now on.</summary>
    public required PinnedPlan Plan { get; init; }

    /// <summary>The seats from now on.</summary>
    public int? Seats { get; init; }

    /// <summary>What the dearer plan gave for the rest of the period, also where that is nothing; null where the plan is no dearer one.</summary>
    public ExtraGrant? Extra { get; init; }

    /// <summary>To how many of what upgrades gave in this period, counted from the newest, a cheaper plan put an end; what they gave was revoked.</summary>
    public int Undone { get; init; }
}

/// <summary>The plan or the seats will be others with the next period.</summary>
public sealed record ChangeScheduled : SubscriptionEvent
{
    /// <summary>The plan from then on.</summary>
    public required PinnedPlan Plan { get; init; }

    /// <summary>The seats from then on.</summary>
    public int? Seats { get; init; }
}

/// <summary>All stays as it is with the next period.</summary>
public sealed record ChangeUnscheduled : SubscriptionEvent;

/// <summary>It will end with its period.</summary>
public sealed record CancellationScheduled : SubscriptionEvent
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>When somebody asked for it, where the provider told that.</summary>
    public DateTimeOffset? CanceledAt { get; init; }
}

/// <summary>It goes on after its period.</summary>
public sealed record CancellationUndone : SubscriptionEvent;

/// <summary>It rests.</summary>
public sealed record SubscriptionPaused : SubscriptionEvent
{
    /// <summary>Why, where somebody said.</summary>
    public string? Reason { get; init; }
}

/// <summary>It is active again, in the period that runs: it rests no more, or what was missing was paid.</summary>
public sealed record SubscriptionResumed : SubscriptionEvent
{
    /// <summary>The payment of this ledger that paid what was missing; null for none.</summary>
    public PaymentId? Payment { get; init; }
}

/// <summary>A payment is missing.</summary>
public sealed record SubscriptionPastDue : SubscriptionEvent
{
    /// <summary>Since when.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>When it ends where the payment stays away.</summary>
    public required DateTimeOffset GraceEndsAt { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }
}

/// <summary>It is over, for good.</summary>
public sealed record SubscriptionEnded : SubscriptionEvent
{
    /// <summary>Canceled, expired or incomplete_expired.</summary>
    public required SubscriptionStatus As { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }
}

/// <summary>Its provider told of it: older news change nothing from now on.</summary>
public sealed record SubscriptionToldOf : SubscriptionEvent
{
    /// <summary>When it was so, by the provider's clock; null where it does not say.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>What the provider calls it; null where that is known.</summary>
    public SubscriptionRefs? Refs { get; init; }
}

/// <summary>Its provider has to be told something.</summary>
public sealed record SubscriptionCallWanted : SubscriptionEvent
{
    /// <summary>What.</summary>
    public required ProviderActionKind Kind { get; init; }

    /// <summary>The provider's price, of a change.</summary>
    public string? PriceId { get; init; }

    /// <summary>The seats, of a change.</summary>
    public int? Seats { get; init; }

    /// <summary>Whether the provider settles the rest of the period, of a change.</summary>
    public bool Prorate { get; init; }

    /// <summary>The plan that takes effect here once the provider has done it, of a change at once.</summary>
    public PinnedPlan? Plan { get; init; }

    /// <summary>After this it is not told any more; null for at any time.</summary>
    public DateTimeOffset? NotAfter { get; init; }
}

/// <summary>The provider was told.</summary>
public sealed record SubscriptionCallDone : SubscriptionEvent
{
    /// <summary>What, by the version of the event that wanted it.</summary>
    public required long Action { get; init; }
}

/// <summary>The provider could not be told; it is tried again at <see cref="NextAt"/>.</summary>
public sealed record SubscriptionCallTried : SubscriptionEvent
{
    /// <summary>What, by the version of the event that wanted it.</summary>
    public required long Action { get; init; }

    /// <summary>What the provider, or the way to it, said.</summary>
    public string? Reason { get; init; }

    /// <summary>When it is tried again.</summary>
    public required DateTimeOffset NextAt { get; init; }
}

/// <summary>The provider won't do it: somebody has to look.</summary>
public sealed record SubscriptionCallRefused : SubscriptionEvent
{
    /// <summary>What, by the version of the event that wanted it.</summary>
    public required long Action { get; init; }

    /// <summary>What the provider said.</summary>
    public required string Reason { get; init; }
}
