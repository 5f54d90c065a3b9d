using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Subscriptions;

// ---- State: what the next decision needs. ----

/// <summary>How a subscription stands.</summary>
public enum SubscriptionStatus
{
    /// <summary>Its first payment is open: it entitles to nothing.</summary>
    Incomplete,

    /// <summary>Its first payment never came. For good.</summary>
    IncompleteExpired,

    /// <summary>In its trial: it entitles to everything.</summary>
    Trialing,

    /// <summary>Live.</summary>
    Active,

    /// <summary>A payment is missing; it entitles until its grace ends.</summary>
    PastDue,

    /// <summary>Rests: it entitles to nothing until it is resumed.</summary>
    Paused,

    /// <summary>Ended because somebody wanted that, or a payment stayed away. For good.</summary>
    Canceled,

    /// <summary>Ended by itself: no payment followed its trial, or the period that was paid ahead. Money that comes late begins it anew.</summary>
    Expired,
}

/// <summary>A plan as a subscription pins it: what was sold holds, whatever the catalogue says later.</summary>
/// <param name="Id">Its id in the catalogue.</param>
/// <param name="Version">Its version.</param>
/// <param name="Terms">All of it.</param>
public sealed record PinnedPlan(string Id, long Version, Plan Terms)
{
    /// <summary>The plan that stands at a place of the catalogue; null where none does.</summary>
    public static PinnedPlan? Of(CatalogItem? item) => item is { Entry: Plan terms } ? new(item.Id, item.Version, terms) : null;
}

/// <summary>What a provider calls a subscription.</summary>
/// <param name="SubscriptionId">Its subscription.</param>
/// <param name="CustomerId">Its customer.</param>
/// <param name="ItemId">Its item, which a change of plan or seats names.</param>
public sealed record SubscriptionRefs(string? SubscriptionId = null, string? CustomerId = null, string? ItemId = null)
{
    /// <summary>These, with what <paramref name="newer"/> knows in place of what they know.</summary>
    public SubscriptionRefs With(SubscriptionRefs? newer) => newer is null ? this : new(newer.SubscriptionId ?? SubscriptionId, newer.CustomerId ?? CustomerId, newer.ItemId ?? ItemId);
}

/// <summary>A change that waits for the end of the period.</summary>
/// <param name="Plan">The plan from then on.</param>
/// <param name="Seats">The seats from then on; null for as many as now.</param>
public sealed record ScheduledChange(PinnedPlan Plan, int? Seats = null);

/// <summary>Credits that an upgrade gave within a period; a downgrade within it takes them back, untouched, or is refused.</summary>
/// <param name="From">The plan that was left for it.</param>
/// <param name="To">The plan that gave them.</param>
/// <param name="Amount">How many; 0 or more.</param>
/// <param name="Lot">Their lot; null where there is none.</param>
/// <param name="IsUndone">Whether they were taken back. The same plan gives no more in this period.</param>
public sealed record ExtraGrant(PinnedPlan From, string To, Credits Amount, LotId? Lot = null, bool IsUndone = false);

/// <summary>What a provider has yet to be told about a subscription.</summary>
public enum ProviderActionKind
{
    /// <summary>Another price or other seats.</summary>
    Change,

    /// <summary>It ends at once.</summary>
    CancelNow,

    /// <summary>It ends with its period.</summary>
    CancelAtPeriodEnd,

    /// <summary>It does not end with its period after all.</summary>
    UndoCancel,

    /// <summary>Nothing is charged until it is resumed.</summary>
    Pause,

    /// <summary>It is charged again.</summary>
    Resume,

    /// <summary>Nothing: it is asked how the subscription stands there.</summary>
    Ask,
}

/// <summary>What a provider has yet to be told.</summary>
/// <param name="Version">The version of the event that wanted it: with the subscription's id it makes the provider's idempotency key.</param>
/// <param name="Kind">What.</param>
/// <param name="PriceId">The provider's price, of a change.</param>
/// <param name="Seats">The seats, of a change.</param>
/// <param name="Prorate">Whether the provider settles the rest of the period, of a change.</param>
/// <param name="Plan">The plan that takes effect here once the provider has done it, of a change at once.</param>
/// <param name="NotAfter">After this it is not told any more: the period ended before; null for at any time.</param>
public sealed record ProviderAction(long Version, ProviderActionKind Kind, string? PriceId = null, int? Seats = null, bool Prorate = false, PinnedPlan? Plan = null, DateTimeOffset? NotAfter = null);

/// <summary>A subscription as its events made it. Immutable.</summary>
public sealed partial record Subscription
{
    /// <summary>The provider of a subscription that nobody but an administrator renews, or that costs nothing.</summary>
    public const string Manual = "manual";

    /// <summary>Its name.</summary>
    public required SubscriptionId Id { get; init; }

    /// <summary>How many events made it; 0 where there is none.</summary>
    public long Version { get; init; }

    /// <summary>The account that it is for.</summary>
    public AccountId Account { get; init; }

    /// <summary>The plan that it pins. Never null where it exists.</summary>
    public PinnedPlan Plan { get; init; } = null!;

    /// <summary>How it stands.</summary>
    public SubscriptionStatus Status { get; init; }

    /// <summary>Who renews it: <see cref="Manual"/>, or a provider.</summary>
    public string Provider { get; init; } = Manual;

    /// <summary>Whether the provider charges each period by itself, and its paid invoices alone say that one is paid.</summary>
    public bool RenewsAtProvider { get; init; }

    /// <summary>How many people use it; null where the plan counts none.</summary>
    public int? Seats { get; init; }

    /// <summary>Days of the trial that it begins with; null for none.</summary>
    public int? TrialDays { get; init; }

    /// <summary>When it begins by itself; null where it has begun, or waits for its payment.</summary>
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>Until when it waits for its first payment.</summary>
    public DateTimeOffset? WaitsUntil { get; init; }

    /// <summary>From where its periods are counted, by the calendar, in UTC.</summary>
    public DateTimeOffset Anchor { get; init; }

    /// <summary>The number of the period that begins at <see cref="Anchor"/>.</summary>
    public long AnchorPeriod { get; init; }

    /// <summary>How long the periods are that are counted from there.</summary>
    public PlanInterval Interval { get; init; }

    /// <summary>The number of the running period, from 1; 0 before the first and in a trial.</summary>
    public long Period { get; init; }

    /// <summary>When the running period (or trial) began; null while incomplete.</summary>
    public DateTimeOffset? CurrentPeriodStart { get; init; }

    /// <summary>When it ends; null while incomplete and for a lifetime.</summary>
    public DateTimeOffset? CurrentPeriodEnd { get; init; }

    /// <summary>When its trial began; null where there was none.</summary>
    public DateTimeOffset? TrialStart { get; init; }

    /// <summary>When its trial ends or ended.</summary>
    public DateTimeOffset? TrialEnd { get; init; }

    /// <summary>Whether the period after the trial is paid.</summary>
    public bool IsTrialPaid { get; init; }

    /// <summary>Whether the end of its trial was announced.</summary>
    public bool IsTrialEndAnnounced { get; init; }

    /// <summary>Whether it ends with its period.</summary>
    public bool CancelAtPeriodEnd { get; init; }

    /// <summary>When somebody asked for its end.</summary>
    public DateTimeOffset? CanceledAt { get; init; }

    /// <summary>Why.</summary>
    public string? CancelReason { get; init; }

    /// <summary>When it ended for good.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What changes at the end of the period.</summary>
    public ScheduledChange? Scheduled { get; init; }

    /// <summary>The period before whose end its provider was asked for a change to periods of another length; 0 for none.</summary>
    public long ChangeAskedIn { get; init; }

    /// <summary>Whether another length of periods waits for the end of this one at a provider that charges them: there it begins when it is asked for.</summary>
    public bool ChangesLength => RenewsAtProvider && IsLive && Status != SubscriptionStatus.Trialing && CurrentPeriodEnd is not null && Scheduled is { } change && change.Plan.Terms.Interval != Interval;

    /// <summary>Whether that was asked for already, with whatever answer: it is asked for by itself once a period.</summary>
    public bool IsChangeAsked => ChangesLength && ChangeAskedIn == Period;

    /// <summary>Whether its provider is being asked for that now.</summary>
    public bool IsChangeBeingAsked => IsChangeAsked && Asks.Any(ask => ask.NotAfter is not null);

    /// <summary>Since when a payment is missing.</summary>
    public DateTimeOffset? PastDueSince { get; init; }

    /// <summary>When it is canceled where the payment stays away.</summary>
    public DateTimeOffset? GraceEndsAt { get; init; }

    /// <summary>What its provider calls it.</summary>
    public SubscriptionRefs Refs { get; init; } = new();

    /// <summary>The checkout that opens it, or opened it; null where it needs none.</summary>
    public PaymentId? Checkout { get; init; }

    /// <summary>The payment of this ledger that paid the running period, or in a trial the one after it; null where none did.</summary>
    public PaymentId? PaidBy { get; init; }

    /// <summary>The last period whose credits were granted; 0 for none.</summary>
    public long GrantedPeriod { get; init; }

    /// <summary>The lot that came with the running period; null where none did.</summary>
    public LotId? PeriodLot { get; init; }

    /// <summary>The lots of the running period: what came with it, and what rolled into it.</summary>
    public ValueList<LotId> PeriodLots { get; init; } = [];

    /// <summary>What had lapsed of its lots when credits rolled last: the account's sum less this may roll next.</summary>
    public Credits Lapsed { get; init; }

    /// <summary>At most so much rolls of the period before: what its plan said.</summary>
    public Credits RolloverMax { get; init; }

    /// <summary>The ends of periods that were followed early by the next one, soonest first: what is left of their credits rolls then.</summary>
    public ValueList<DateTimeOffset> Rolls { get; init; } = [];

    /// <summary>What upgrades gave within the running period, oldest first.</summary>
    public ValueList<ExtraGrant> Extras { get; init; } = [];

    /// <summary>The provider's time of the newest that it told: older news change nothing.</summary>
    public DateTimeOffset? ToldAt { get; init; }

    /// <summary>The last invoice of the provider that paid a period.</summary>
    public string? PaidInvoice { get; init; }

    /// <summary>What the provider has yet to be told, in order.</summary>
    public ValueList<ProviderAction> Asks { get; init; } = [];

    /// <summary>When the first of them is to be told (again); null where nothing is.</summary>
    public DateTimeOffset? NextCall { get; init; }

    /// <summary>How often that was tried in vain.</summary>
    public int Tries { get; init; }

    /// <summary>What the provider refused for good, for somebody to look at; null for nothing.</summary>
    public string? Attention { get; init; }

    /// <summary>When it began here.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its last event was recorded.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Whether there is one.</summary>
    public bool Exists => Version > 0;

    /// <summary>Whether it takes the one place that its account has: not before its first payment, and not after its end.</summary>
    public bool IsLive => Exists && Status is SubscriptionStatus.Trialing or SubscriptionStatus.Active or SubscriptionStatus.PastDue or SubscriptionStatus.Paused;

    /// <summary>Whether its plan's limits, features and products are the account's now.</summary>
    public bool Entitles => Exists && Status is SubscriptionStatus.Trialing or SubscriptionStatus.Active or SubscriptionStatus.PastDue;

    /// <summary>Whether it is over, for good.</summary>
    public bool HasEnded => Status is SubscriptionStatus.IncompleteExpired or SubscriptionStatus.Canceled or SubscriptionStatus.Expired;

    /// <summary>Whether a fixed term runs that nothing follows: with its end it expires.</summary>
    public bool IsLastPeriod => Period > 0 && Scheduled is null && Plan.Terms.Interval == PlanInterval.Fixed && Interval == PlanInterval.Fixed;

    internal const string NoNextTerm = "It is a fixed term, which has no next one. Start another when it has ended, or change to another plan with its end.";

    /// <summary>What the provider has to be told next; null for nothing.</summary>
    public ProviderAction? Asking => Asks.Count == 0 ? null : Asks[0];

    /// <summary>Whether its provider has yet to be told what is wanted of it: what it says of that meanwhile is old. That it is asked how it stands wants nothing.</summary>
    public bool IsToBeTold => Asks.Any(ask => ask.Kind != ProviderActionKind.Ask);

    /// <summary>The change at once that its provider has yet to do; null for none.</summary>
    public ProviderAction? Changing
    {
        get
        {
            foreach (var ask in Asks)
            {
                if (ask.Plan is not null) return ask;
            }

            return null;
        }
    }

    /// <summary>What a period costs, all seats included.</summary>
    public Money Price => Plan.Terms.PriceOf(Seats);

    /// <summary>A subscription that there is not.</summary>
    public static Subscription None(SubscriptionId id) => new() { Id = id };
}
