using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>Another plan, other seats.</summary>
public sealed record ChangeSubscription : SubscriptionCommand
{
    /// <summary>When: at once, or with the next period.</summary>
    public required ChangeWhen When { get; init; }

    /// <summary>Whether a provider that charges the periods by itself settles the rest of this one.</summary>
    public bool Prorate { get; init; } = true;

    /// <summary>How many people use it; null for as many as now, where the plan is for so many.</summary>
    public int? Seats { get; init; }

    /// <summary>Whether the caller may give a plan that costs something.</summary>
    public bool MayGivePaid { get; init; }

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => ChangeSubscriptionHandler.Handle(this, draft, plan);
}

/// <summary>Changes plans and seats.</summary>
public static class ChangeSubscriptionHandler
{
    /// <summary>x</summary>
    public static SubscriptionDecision Handle(ChangeSubscription command, BillingDraft draft, CatalogItem? plan) => SubscriptionDecision.Refuse(new SubscriptionNotFound(command.Subscription));
}
