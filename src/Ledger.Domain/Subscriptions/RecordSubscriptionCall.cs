using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>What came of a call to the provider. What the provider answered is a fact of its own.</summary>
public sealed record RecordSubscriptionCall : SubscriptionCommand
{
    /// <summary>Which action it was, by its version.</summary>
    public required long Action { get; init; }

    /// <summary>What the provider, or the way to it, said; null where it was done.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the provider won't do it, now or later.</summary>
    public bool IsFinal { get; init; }

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => RecordSubscriptionCallHandler.Handle(this, draft, plan);
}

/// <summary>Keeps what came of calls.</summary>
public static class RecordSubscriptionCallHandler
{
    /// <summary>x</summary>
    public static SubscriptionDecision Handle(RecordSubscriptionCall command, BillingDraft draft, CatalogItem? plan) => SubscriptionDecision.Refuse(new SubscriptionNotFound(command.Subscription));
}
