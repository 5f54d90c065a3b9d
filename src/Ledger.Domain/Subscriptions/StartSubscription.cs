using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>Subscribes an account to a plan that no provider has to be paid for: one that costs nothing, or one that an administrator gives.</summary>
public sealed record StartSubscription : SubscriptionCommand
{
    /// <summary>Days of trial, 0 to <see cref="TrialDaysMax"/>; null for those of the plan, where the account has had none of its tier before.</summary>
    public int? TrialDays { get; init; }

    /// <summary>How many people use it; null for the least that the plan is for.</summary>
    public int? Seats { get; init; }

    /// <summary>When it begins, at most a year from now or before; null for now.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>Whether the caller may give a plan that costs something.</summary>
    public bool MayGivePaid { get; init; }

    /// <summary>The most days of a trial.</summary>
    public const int TrialDaysMax = 730;

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => StartSubscriptionHandler.Handle(this, draft, plan);
}

/// <summary>Starts subscriptions without a payment.</summary>
public static class StartSubscriptionHandler
{
    /// <summary>x</summary>
    public static SubscriptionDecision Handle(StartSubscription command, BillingDraft draft, CatalogItem? plan) => SubscriptionDecision.Refuse(new SubscriptionNotFound(command.Subscription));
}
