using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>A paused subscription goes on, or one that would end with its period does not.</summary>
public sealed record ResumeSubscription : SubscriptionCommand
{
    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => ResumeSubscriptionHandler.Handle(this, draft, plan);
}

/// <summary>Resumes subscriptions.</summary>
public static class ResumeSubscriptionHandler
{
    /// <summary>x</summary>
    public static SubscriptionDecision Handle(ResumeSubscription command, BillingDraft draft, CatalogItem? plan) => SubscriptionDecision.Refuse(new SubscriptionNotFound(command.Subscription));
}
