using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>An administrator says that the next period, or the one that was missing, is paid.</summary>
public sealed record RenewSubscription : SubscriptionCommand
{
    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => RenewSubscriptionHandler.Handle(this, draft, plan);
}

/// <summary>Renews subscriptions without a payment.</summary>
public static class RenewSubscriptionHandler
{
    /// <summary>x</summary>
    public static SubscriptionDecision Handle(RenewSubscription command, BillingDraft draft, CatalogItem? plan) => SubscriptionDecision.Refuse(new SubscriptionNotFound(command.Subscription));
}
