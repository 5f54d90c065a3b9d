using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>Somebody says that a payment is missing.</summary>
public sealed record MarkPastDue : SubscriptionCommand
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => MarkPastDueHandler.Handle(this, draft, plan);
}

/// <summary>Marks subscriptions as past due.</summary>
public static class MarkPastDueHandler
{
    /// <summary>x</summary>
    public static SubscriptionDecision Handle(MarkPastDue command, BillingDraft draft, CatalogItem? plan) => SubscriptionDecision.Refuse(new SubscriptionNotFound(command.Subscription));
}
