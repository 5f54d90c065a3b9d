using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>Ends a subscription.</summary>
public sealed record CancelSubscription : SubscriptionCommand
{
    /// <summary>When: at once, or with its period.</summary>
    public required ChangeWhen When { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => CancelSubscriptionHandler.Handle(this, draft, plan);
}

/// <summary>Ends subscriptions.</summary>
public static class CancelSubscriptionHandler
{
    /// <summary>x</summary>
    public static SubscriptionDecision Handle(CancelSubscription command, BillingDraft draft, CatalogItem? plan) => SubscriptionDecision.Refuse(new SubscriptionNotFound(command.Subscription));
}
