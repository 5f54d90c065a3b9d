using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>Does what is due on a subscription by now: ends of trials, periods and grace, announcements, renewals. The worker for due things sends it.</summary>
public sealed record SettleSubscription : SubscriptionCommand
{
    /// <summary>The most steps of one command; what is left is due again.</summary>
    public const int StepsMax = 100;

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => SettleSubscriptionHandler.Handle(this, draft, plan);
}

/// <summary>Settles what is due.</summary>
public static class SettleSubscriptionHandler
{
    /// <summary>x</summary>
    public static SubscriptionDecision Handle(SettleSubscription command, BillingDraft draft, CatalogItem? plan) => SubscriptionDecision.Refuse(new SubscriptionNotFound(command.Subscription));
}
