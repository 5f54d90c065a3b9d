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
    /// <summary>Stops grants and what it entitles to; its credits keep their end, and its provider charges nothing. Only what is active, and goes on, can rest.</summary>
    public static SubscriptionDecision Handle(PauseSubscription command, BillingDraft draft, CatalogItem? plan)
    {
        if (SettleSubscriptionHandler.Ready(command, draft, out var subscription) is { } notNow) return SubscriptionDecision.Refuse(notNow);
        var state = subscription.State;
        if (state.Status != SubscriptionStatus.Active) return SubscriptionDecision.Refuse(new SubscriptionConflict("Only an active subscription can be paused.", state.Status));
        if (state.CancelAtPeriodEnd) return SubscriptionDecision.Refuse(new SubscriptionConflict("It ends with its period. Resume it first, then pause it.", state.Status));
        subscription.Add(new SubscriptionPaused());
        subscription.Ask(ProviderActionKind.Pause);
        return SubscriptionDecision.Accept;
    }
}
