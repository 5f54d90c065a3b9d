using Ledger.Api.Payments;
using Ledger.Domain;
using Ledger.Domain.Subscriptions;

namespace Ledger.Api.Subscriptions;

/// <summary>How a provider names the things of a subscription.</summary>
/// <param name="SubscriptionId">Its subscription.</param>
/// <param name="CustomerId">Its customer.</param>
/// <param name="ItemId">Its item.</param>
public sealed record SubscriptionRefsBody(string? SubscriptionId, string? CustomerId, string? ItemId);

/// <summary>What changes with the next period.</summary>
/// <param name="PlanId">The plan from then on.</param>
/// <param name="Seats">The seats from then on; null for as many as now.</param>
/// <param name="At">When.</param>
public sealed record ScheduledChangeBody(string PlanId, int? Seats, DateTimeOffset? At);

/// <summary>A subscription as clients see it.</summary>
public sealed record SubscriptionBody
{
    /// <summary>Its id.</summary>
    public required SubscriptionId Id { get; init; }

    /// <summary>The account that it is for.</summary>
    public required AccountId AccountId { get; init; }

    /// <summary>The plan.</summary>
    public required string PlanId { get; init; }

    /// <summary>The version of the plan that it pins: what was sold holds, whatever the catalogue says later.</summary>
    public required long PlanVersion { get; init; }

    /// <summary>How it stands.</summary>
    public required SubscriptionStatus Status { get; init; }

    /// <summary>Whether its limits, features and included products are the account's now.</summary>
    public required bool Entitles { get; init; }

    /// <summary>Who renews it: manual, or a provider.</summary>
    public required string Provider { get; init; }

    /// <summary>What a period costs, all seats included.</summary>
    public required Money Price { get; init; }

    /// <summary>The number of the running period, from 1; 0 before the first.</summary>
    public required long Period { get; init; }

    /// <summary>When the running period, or trial, began.</summary>
    public DateTimeOffset? CurrentPeriodStart { get; init; }

    /// <summary>When it ends; null for a lifetime.</summary>
    public DateTimeOffset? CurrentPeriodEnd { get; init; }

    /// <summary>When its trial began.</summary>
    public DateTimeOffset? TrialStart { get; init; }

    /// <summary>When its trial ends, or ended.</summary>
    public DateTimeOffset? TrialEnd { get; init; }

    /// <summary>When it begins by itself, where that is later.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>Whether it ends with its period.</summary>
    public required bool CancelAtPeriodEnd { get; init; }

    /// <summary>When somebody asked for its end.</summary>
    public DateTimeOffset? CanceledAt { get; init; }

    /// <summary>Why.</summary>
    public string? CancelReason { get; init; }

    /// <summary>When it ended for good.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>How many people use it.</summary>
    public int? Seats { get; init; }

    /// <summary>What changes with the next period.</summary>
    public ScheduledChangeBody? ScheduledChange { get; init; }

    /// <summary>Since when a payment is missing.</summary>
    public DateTimeOffset? PastDueSince { get; init; }

    /// <summary>When it is canceled where the payment stays away.</summary>
    public DateTimeOffset? GraceEndsAt { get; init; }

    /// <summary>What its provider calls it.</summary>
    public required SubscriptionRefsBody ProviderRefs { get; init; }

    /// <summary>What somebody has to look at; null for nothing.</summary>
    public string? Attention { get; init; }

    /// <summary>How many events made it.</summary>
    public required long Version { get; init; }

    /// <summary>When it began here.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its last event was recorded.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The checkout that the command began: its money opens or renews the subscription.</summary>
    public CheckoutBody? Checkout { get; init; }

    internal static SubscriptionBody Of(Subscription subscription) => new()
    {
        Id = subscription.Id,
        AccountId = subscription.Account,
        PlanId = subscription.Plan.Id,
        PlanVersion = subscription.Plan.Version,
        Status = subscription.Status,
        Entitles = subscription.Entitles,
        Provider = subscription.Provider,
        Price = subscription.Price,
        Period = subscription.Period,
        CurrentPeriodStart = subscription.CurrentPeriodStart,
        CurrentPeriodEnd = subscription.CurrentPeriodEnd,
        TrialStart = subscription.TrialStart,
        TrialEnd = subscription.TrialEnd,
        StartAt = subscription.StartsAt,
        CancelAtPeriodEnd = subscription.CancelAtPeriodEnd,
        CanceledAt = subscription.CanceledAt,
        CancelReason = subscription.CancelReason,
        EndedAt = subscription.EndedAt,
        Seats = subscription.Seats,
        ScheduledChange = subscription.Scheduled is { } change ? new(change.Plan.Id, change.Seats, subscription.CurrentPeriodEnd) : null,
        PastDueSince = subscription.PastDueSince,
        GraceEndsAt = subscription.GraceEndsAt,
        ProviderRefs = new(subscription.Refs.SubscriptionId, subscription.Refs.CustomerId, subscription.Refs.ItemId),
        Attention = subscription.Attention,
        Version = subscription.Version,
        CreatedAt = subscription.CreatedAt,
        UpdatedAt = subscription.UpdatedAt,
    };
}
