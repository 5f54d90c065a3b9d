using Ledger.Domain.Invoices;
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

    // A payment is missing again whose money has gone back for good: that of the running period, for what is over was had.
    public void PlanUnpaid(string reason)
    {
        if (Payment is not { IsFulfilled: true, Subscription: { } id }) return;
        var subscription = new SubscriptionDraft(Billing, id);
        if (subscription.State.Exists && SettleSubscriptionHandler.Settle(subscription) && subscription.State.Status == SubscriptionStatus.Active && Pays(subscription.State)) subscription.PastDue(now, reason);
    }

    // All of the money has gone back, and the payer is not meant to keep what it bought: the period that it paid is not paid any more.
    private void TakePlanBack()
    {
        if (Payment is not { IsFulfilled: true, Subscription: { } id }) return;
        var subscription = new SubscriptionDraft(Billing, id);
        if (!subscription.State.Exists || !SettleSubscriptionHandler.Settle(subscription)) return;
        var state = subscription.State;
        if (!Pays(state))
        {
            if (IsOfTimeToCome()) Add(new AttentionNeeded { Reason = $"All of its money has gone back, and it had settled a change of {id} within a period that still runs: what came with that was not taken back. Look whether credits have to be, or the plan has to be changed back." });
            return;
        }

        if (state.IsTrialPaid) subscription.Add(new TrialPaid { IsUndone = true });
        else
        {
            subscription.RevokePeriod("the money for its period has gone back");
            if (state.Status == SubscriptionStatus.Active) subscription.PastDue(now, "its payment was refunded in full");
        }
    }

    // What settles a change is for the rest of a period, and pays none; that of a period that is over has been had.
    private bool IsOfTimeToCome()
    {
        if (Payment.IsBilled != true) return false;
        var isDated = false;
        foreach (var line in Billing.Find(InvoiceId.Of(Payment.Id)).Lines)
        {
            if (line.PeriodEnd > now) return true;
            isDated |= line.PeriodEnd is not null;
        }

        return !isDated;
    }

    /// <summary>What of the running period will be taken back once all that is on its way has gone back; null where nothing will be.</summary>
    public Credits? PeriodToTake()
    {
        if (Payment is not { IsFulfilled: true, Subscription: { } id } || Billing.Find(id) is not { Exists: true, IsTrialPaid: false } state || !Pays(state)) return null;
        var gone = Payment.Lost;
        foreach (var refund in Payment.Refunds) gone += refund is { Counts: true, KeepsCredits: false } ? refund.Amount : 0;
        if (gone < Payment.Amount.Amount || Account is null) return null;
        var (most, taken) = (Account.Available, Credits.Zero);
        foreach (var lot in SubscriptionDraft.LotsOf(state))
        {
            if (Account.FindLot(lot) is { IsFrozen: false } left && !left.HasExpiredBy(now)) taken += left.Remaining;
        }

        return Credits.Max(Credits.Zero, Credits.Min(taken, most));
    }

    // Who has bought nothing else with it than a period that is over has had it.
    private bool Pays(Subscription state) => state.PaidBy == Payment.Id || (state is { Period: 1, TrialStart: null } && state.Checkout == Payment.Id);

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
        if (state.IsLive) return state.RenewsAtProvider ? null : Renew(subscription);
        var isLate = state.Status is not (SubscriptionStatus.Incomplete or SubscriptionStatus.IncompleteExpired);
        if (isLate && state.RenewsAtProvider) return new SubscriptionConflict("It has ended meanwhile.", state.Status);
        if (isLate && !Buys(state.Plan, state.Seats)) return Differs(state);
        if (subscription.Take(isPaid: true) is { } taken) return taken;
        if (isLate) subscription.First(now, Payment.Id, containsNow: true, Payment.Provider);
        else subscription.Begin(now, Payment.Id);
        // What its provider charges by itself, its paid invoice grants.
        if (!state.RenewsAtProvider) subscription.Deliver(null);
        return null;
    }

    // What was paid is what is given. A page stays open for a day, and the plan may have been changed meanwhile.
    private SubscriptionConflict? Renew(SubscriptionDraft subscription)
    {
        var state = subscription.State;
        if (state.Scheduled is not { } change) return Buys(state.Plan, state.Seats) ? subscription.Renew(Payment.Id, Payment.Provider) : Differs(state);
        if (Buys(change.Plan, change.Seats)) return subscription.Renew(Payment.Id, Payment.Provider);
        if (!Buys(state.Plan, state.Seats)) return Differs(state);
        // Money that pays nothing leaves the change as it is.
        if (subscription.Unrenewable(state with { Scheduled = null }) is { } unpaid) return unpaid;
        subscription.Add(new ChangeUnscheduled());
        var refused = subscription.Renew(Payment.Id, Payment.Provider);
        // The period that was paid comes first, and then the change.
        if (subscription.State is { Status: SubscriptionStatus.Active, CurrentPeriodEnd: not null }) subscription.Add(new ChangeScheduled { Plan = change.Plan, Seats = change.Seats });
        return refused;
    }

    private bool Buys(PinnedPlan plan, int? seats) => Payment.Item is { } item && item.Id == plan.Id && item.Version == plan.Version && Payment.ListPrice == plan.Terms.PriceOf(seats);

    private SubscriptionConflict Differs(Subscription state) => new($"{Payment.ListPrice} was paid for {Payment.Item?.Id}, and it has another plan, or other seats, by now.", state.Status);
}
