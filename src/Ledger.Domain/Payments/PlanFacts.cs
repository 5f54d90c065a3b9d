namespace Ledger.Domain.Payments;

/// <summary>Where a provider says that an invoice stands.</summary>
public enum ToldInvoiceStatus
{
    /// <summary>Being written; it has no number yet.</summary>
    Draft,

    /// <summary>Sent, not paid.</summary>
    Open,

    /// <summary>Paid; also one over nothing (the start of a trial).</summary>
    Paid,

    /// <summary>Taken back; nothing is ever granted for it.</summary>
    Void,

    /// <summary>Given up as bad debt; it may still be paid later.</summary>
    Uncollectible,
}

/// <summary>What has just happened to an invoice.</summary>
public enum InvoiceNews
{
    /// <summary>It changed; there is nothing to do but to keep it.</summary>
    Changed,

    /// <summary>It was paid: its period is granted, once for each invoice.</summary>
    Paid,

    /// <summary>A try to charge it failed: the subscription is past due.</summary>
    PaymentFailed,

    /// <summary>The payer has to authenticate: past due until then.</summary>
    ActionRequired,
}

/// <summary>One line of an invoice.</summary>
/// <param name="PriceId">The provider's price; null for a line without one.</param>
/// <param name="Quantity">How many; null where it is not told.</param>
/// <param name="Amount">What the line adds; negative for a credit.</param>
/// <param name="PeriodStart">When the service that it is for begins.</param>
/// <param name="PeriodEnd">When that service ends.</param>
/// <param name="IsProration">Whether it settles a change within a period and is no period of its own.</param>
public sealed record InvoiceLineTold(string? PriceId, long? Quantity, Money Amount, DateTimeOffset PeriodStart, DateTimeOffset PeriodEnd, bool IsProration);

/// <summary>An invoice of a provider. The invoice, the subscription and the customer are in <see cref="ProviderFact.Refs"/>.</summary>
public sealed record InvoiceTold : ProviderFact
{
    /// <summary>The provider's id of the invoice.</summary>
    public required string InvoiceId { get; init; }

    /// <summary>Where it stands.</summary>
    public required ToldInvoiceStatus Status { get; init; }

    /// <summary>What has just happened.</summary>
    public required InvoiceNews News { get; init; }

    /// <summary>The provider's number; null while it is a draft.</summary>
    public string? Number { get; init; }

    /// <summary>Why it was written, in the provider's word: <c>subscription_create</c>, <c>subscription_cycle</c>, <c>subscription_update</c> ...</summary>
    public string? BillingReason { get; init; }

    /// <summary>What it asks in all.</summary>
    public required Money Total { get; init; }

    /// <summary>What was paid of it; 0 at the start of a trial, which is no payment.</summary>
    public required Money AmountPaid { get; init; }

    /// <summary>What has to be paid of it, once what was put down before is taken off; null where that is not told.</summary>
    public Money? AmountDue { get; init; }

    /// <summary>When it was paid in full; null where it was not, and where that is not told.</summary>
    public DateTimeOffset? PaidAt { get; init; }

    /// <summary>Whether its subscription began with it; null where that is not told.</summary>
    public bool? IsFirst { get; init; }

    /// <summary>How often charging it was tried.</summary>
    public long AttemptCount { get; init; }

    /// <summary>When it is tried again; null where no more is tried.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>Its lines, as they are told. The period that is paid for stands here.</summary>
    public ValueList<InvoiceLineTold> Lines { get; init; } = [];

    /// <summary>Whether it has lines that are not told here.</summary>
    public bool HasMoreLines { get; init; }

    /// <summary>The page where people look at it.</summary>
    public string? HostedUrl { get; init; }
}

/// <summary>Where a provider says that a subscription stands.</summary>
public enum ToldSubscriptionStatus
{
    /// <summary>Its first payment is open: it entitles to nothing.</summary>
    Incomplete,

    /// <summary>Its first payment never came.</summary>
    IncompleteExpired,

    /// <summary>In its trial.</summary>
    Trialing,

    /// <summary>Live.</summary>
    Active,

    /// <summary>A payment failed and is tried again.</summary>
    PastDue,

    /// <summary>No more is tried, and it was not ended.</summary>
    Unpaid,

    /// <summary>The trial ended without a payment method.</summary>
    Paused,

    /// <summary>Ended.</summary>
    Canceled,
}

/// <summary>One item of a subscription.</summary>
/// <param name="ItemId">The provider's id of the item.</param>
/// <param name="PriceId">The provider's price.</param>
/// <param name="Quantity">Seats; null where it is not told.</param>
/// <param name="PeriodStart">When the running period began.</param>
/// <param name="PeriodEnd">When it ends.</param>
public sealed record SubscriptionItemTold(string? ItemId, string? PriceId, long? Quantity, DateTimeOffset? PeriodStart, DateTimeOffset? PeriodEnd);

/// <summary>A subscription at a provider, whole: the newest wins. It grants nothing; a paid invoice does.</summary>
public sealed record SubscriptionTold : ProviderFact
{
    /// <summary>The provider's id of the subscription.</summary>
    public required string SubscriptionId { get; init; }

    /// <summary>Where it stands.</summary>
    public required ToldSubscriptionStatus Status { get; init; }

    /// <summary>What is subscribed to.</summary>
    public ValueList<SubscriptionItemTold> Items { get; init; } = [];

    /// <summary>When its trial began.</summary>
    public DateTimeOffset? TrialStart { get; init; }

    /// <summary>When its trial ends.</summary>
    public DateTimeOffset? TrialEnd { get; init; }

    /// <summary>Whether this is said because the trial ends soon.</summary>
    public bool TrialEndsSoon { get; init; }

    /// <summary>When it will end. Set for an end with the period too, which <see cref="CancelAtPeriodEnd"/> may not show.</summary>
    public DateTimeOffset? CancelAt { get; init; }

    /// <summary>Whether it ends with its period.</summary>
    public bool CancelAtPeriodEnd { get; init; }

    /// <summary>When somebody asked for its end.</summary>
    public DateTimeOffset? CanceledAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it was canceled: the provider's word.</summary>
    public string? CancelReason { get; init; }

    /// <summary>Why its last charge came to nothing, where that is the news.</summary>
    public string? ChargeFailure { get; init; }
}
