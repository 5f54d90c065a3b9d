using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>A subscription rests: it gives nothing until it is resumed.</summary>
public sealed record PauseSubscription : SubscriptionCommand
{
    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => PauseSubscriptionHandler.Handle(this, draft, plan);
}

/// <summary>Pauses subscriptions.</summary>
public static class PauseSubscriptionHandler
{
    /// <summary>x</summary>
    public static SubscriptionDecision Handle(PauseSubscription command, BillingDraft draft, CatalogItem? plan) => SubscriptionDecision.Refuse(new SubscriptionNotFound(command.Subscription));
}
