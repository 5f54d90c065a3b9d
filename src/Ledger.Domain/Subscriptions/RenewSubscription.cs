using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using System.Globalization;

namespace Ledger.Domain.Subscriptions;

/// <summary>An administrator says that the next period, or the one that was missing, is paid.</summary>
public sealed record RenewSubscription : SubscriptionCommand
{
    /// <summary>Whether the caller may give a plan that costs something.</summary>
    public bool MayGivePaid { get; init; }

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => RenewSubscriptionHandler.Handle(this, draft, plan);
}

/// <summary>Renews subscriptions without a payment.</summary>
public static class RenewSubscriptionHandler
{
    /// <summary>Past due, it is active again, in the period that runs or the one that now lies in; active, the next period begins early; in a trial, the period after it is paid. What costs nothing, and what its provider charges, renews by itself.</summary>
    public static SubscriptionDecision Handle(RenewSubscription command, BillingDraft draft, CatalogItem? plan)
    {
        if (SettleSubscriptionHandler.Ready(command, draft, out var subscription) is { } notNow) return SubscriptionDecision.Refuse(notNow);
        var state = subscription.State;
        if (!state.IsLive || state.Status == SubscriptionStatus.Paused) return SubscriptionDecision.Refuse(new SubscriptionConflict(state.Status == SubscriptionStatus.Paused ? "It is paused. Resume it first." : "Only a live subscription can be renewed. Start another one.", state.Status));
        if (subscription.AccountIsClosed) return SubscriptionDecision.Refuse(new AccountIsClosed(state.Account));
        if (state.RenewsAtProvider) return SubscriptionDecision.Refuse(new SubscriptionConflict($"{state.Provider} charges its periods by itself: it can't be renewed by hand.", state.Status));
        if (state.Provider != Subscription.Manual) return SubscriptionDecision.Refuse(new SubscriptionConflict($"Its periods are paid ahead by {state.Provider}: a checkout of its plan renews it.", state.Status));
        if (state.Price.Amount == 0) return SubscriptionDecision.Refuse(new SubscriptionConflict("It costs nothing, and renews by itself.", state.Status));
        if (!command.MayGivePaid) return SubscriptionDecision.Refuse(new PaidPlanNotAllowed());
        if (state.Rolls.Count >= EarlyMax) return SubscriptionDecision.Refuse(new SubscriptionConflict(string.Create(CultureInfo.InvariantCulture, $"{EarlyMax} periods are renewed ahead. Wait until one of them has ended."), state.Status));
        var before = state.Period;
        if (subscription.Renew(null, null) is { } refused) return SubscriptionDecision.Refuse(refused);
        if (subscription.State.Period > before) subscription.Invoice();
        return SubscriptionDecision.Accept;
    }

    /// <summary>At most so many periods begin before their time.</summary>
    public const int EarlyMax = 12;
}
