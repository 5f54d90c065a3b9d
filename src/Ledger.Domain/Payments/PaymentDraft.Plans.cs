using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Payments;

internal sealed partial class PaymentDraft
{
    // What the subscription can't take is written on the payment, for the money is ours: it is told, and never lost.
    private Refusal? FulfilPlan(SubscriptionId id)
    {
        var subscription = new SubscriptionDraft(Billing, id);
        var refusal = Open(subscription);
        if (refusal is null) Add(new PaymentFulfilled());
        else Add(new AttentionNeeded { Reason = $"It was paid, and its subscription {id} could not be opened or renewed. {refusal.Detail} Refund the payment, or make room and apply its notification again." });
        return refusal;
    }

    // A payment is missing again whose money has gone back for good.
    public void PlanUnpaid(string reason)
    {
        if (Payment is not { IsFulfilled: true, Subscription: { } id }) return;
        var subscription = new SubscriptionDraft(Billing, id);
        if (subscription.State.Exists && SettleSubscriptionHandler.Settle(subscription) && subscription.State.Status == SubscriptionStatus.Active) subscription.PastDue(now, reason);
    }

    private Refusal? Open(SubscriptionDraft subscription)
    {
        if (!subscription.State.Exists) return new SubscriptionNotFound(subscription.State.Id);
        SettleSubscriptionHandler.Settle(subscription);
        if (subscription.AccountIsClosed)
        {
            if (!subscription.State.HasEnded) subscription.EndForClosed();
            return new AccountIsClosed(Payment.Account);
        }

        PlanTelling.Learn(subscription, new(Payment.Refs.SubscriptionId, Payment.Refs.CustomerId), null);
        var state = subscription.State;
        if (state.IsLive) return state.RenewsAtProvider ? null : subscription.Renew(Payment.Id, Payment.Provider);
        if (state.Status is not (SubscriptionStatus.Incomplete or SubscriptionStatus.IncompleteExpired)) return new SubscriptionConflict("It has ended meanwhile.", state.Status);
        if (subscription.Take(isPaid: true) is { } taken) return taken;
        subscription.Begin(now, Payment.Id);
        // What its provider charges by itself, its paid invoice grants.
        if (!state.RenewsAtProvider) subscription.Deliver(null);
        return null;
    }
}
