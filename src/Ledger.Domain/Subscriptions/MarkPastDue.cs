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
    /// <summary>From now on its grace runs; a payment, or a renewal, makes it active again.</summary>
    public static SubscriptionDecision Handle(MarkPastDue command, BillingDraft draft, CatalogItem? plan)
    {
        if (SettleSubscriptionHandler.Ready(command, draft, out var subscription) is { } notNow) return SubscriptionDecision.Refuse(notNow);
        var state = subscription.State;
        if (state.Status == SubscriptionStatus.PastDue) return new SubscriptionDecision.Nothing("it is past due already");
        if (state.Status != SubscriptionStatus.Active) return SubscriptionDecision.Refuse(new SubscriptionConflict("Only an active subscription can be past due.", state.Status));
        if (state.Price.Amount == 0) return SubscriptionDecision.Refuse(new SubscriptionConflict("It costs nothing: no payment can be missing.", state.Status));
        subscription.PastDue(draft.Now, command.Reason);
        return SubscriptionDecision.Accept;
    }
}
