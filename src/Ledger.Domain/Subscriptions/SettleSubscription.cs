using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>Does what is due on a subscription by now: ends of trials, periods and grace, announcements, renewals. The worker for due things sends it.</summary>
public sealed record SettleSubscription : SubscriptionCommand
{
    /// <summary>The most steps of one command; what is left is due again.</summary>
    public const int StepsMax = 100;

    /// <summary>The most periods that begin in one command.</summary>
    public const int PeriodsMax = 12;

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => SettleSubscriptionHandler.Handle(this, draft, plan);
}

/// <summary>Settles what is due.</summary>
public static class SettleSubscriptionHandler
{
    /// <summary>Does each step in due order, as it would have been done in time: three periods that were missed are three grants, of which the first two lapse and roll.</summary>
    public static SubscriptionDecision Handle(SettleSubscription command, BillingDraft draft, CatalogItem? plan)
    {
        var subscription = new SubscriptionDraft(draft, command.Subscription);
        if (!subscription.State.Exists) return SubscriptionDecision.Refuse(new SubscriptionNotFound(command.Subscription));
        Settle(subscription);
        return subscription.Done("nothing is due");
    }

    /// <summary>The subscription of a command with all that is due on it done, as it would have been by the worker; why not, where there is none, or so much is due that it takes several commits.</summary>
    internal static Refusal? Ready(SubscriptionCommand command, BillingDraft draft, out SubscriptionDraft subscription)
    {
        subscription = new SubscriptionDraft(draft, command.Subscription);
        if (!subscription.State.Exists) return new SubscriptionNotFound(command.Subscription);
        return Settle(subscription) ? null : new SubscriptionConflict("What was due on it is still being done. Send the same request again in a moment.", subscription.State.Status);
    }

    /// <summary>Does what is due by now; false where something is left for another commit.</summary>
    internal static bool Settle(SubscriptionDraft subscription)
    {
        var last = subscription.State.Period + SettleSubscription.PeriodsMax;
        for (var steps = 0; steps < SettleSubscription.StepsMax && subscription.State.Period < last; steps++)
        {
            if (subscription.State.NextStep is not (var step, var at) || at > subscription.Now) return true;
            Do(subscription, step);
        }

        return !(subscription.State.NextStep?.At <= subscription.Now);
    }

    private static void Do(SubscriptionDraft subscription, DueStep step)
    {
        var state = subscription.State;
        switch (step)
        {
            case DueStep.Begin when subscription.AccountIsClosed:
                subscription.EndForClosed();
                break;
            case DueStep.Begin when subscription.Take(isPaid: false) is { } taken:
                subscription.End(SubscriptionStatus.IncompleteExpired, taken.Detail);
                break;
            case DueStep.Begin:
                subscription.Begin(state.StartsAt!.Value, null);
                Deliver(subscription, isPaid: false);
                break;
            case DueStep.GiveUp:
                subscription.End(SubscriptionStatus.IncompleteExpired, "its first payment never came");
                break;
            case DueStep.Announce:
                subscription.Add(new TrialEndAnnounced { End = state.TrialEnd!.Value });
                break;
            case DueStep.EndTrial:
                EndTrial(subscription, state);
                break;
            case DueStep.Roll:
                subscription.Roll();
                break;
            case DueStep.Change:
                // Where that comes too late, the call is given up, and made before the next period ends.
                subscription.Ask(ProviderActionKind.Change, state.Scheduled!.Plan.Terms.PriceAt(state.Provider), state.Scheduled.Seats, notAfter: state.CurrentPeriodEnd);
                break;
            case DueStep.EndPeriod:
                EndPeriod(subscription, state);
                break;
            case DueStep.EndGrace when state is { RenewsAtProvider: true, Refs.SubscriptionId: not null }:
                subscription.Ask(ProviderActionKind.Ask); // its news may have been lost on their way: it is not ended unheard
                break;
            default:
                EndGrace(subscription);
                break;
        }
    }

    /// <summary>The payment stayed away: what was paid ahead has run out, and what was owed is given up.</summary>
    internal static void EndGrace(SubscriptionDraft subscription)
    {
        var isPaidAhead = subscription.State is { RenewsAtProvider: false, Provider: not Subscription.Manual };
        subscription.End(isPaidAhead ? SubscriptionStatus.Expired : SubscriptionStatus.Canceled, "its payment did not come within the days of grace");
    }

    private static void EndTrial(SubscriptionDraft subscription, Subscription state)
    {
        var price = state.Scheduled is { } change ? change.Plan.Terms.PriceOf(change.Seats) : state.Price;
        if (state.CancelAtPeriodEnd) subscription.End(SubscriptionStatus.Canceled, null);
        else if (subscription.AccountIsClosed) subscription.EndForClosed();
        else if (state.RenewsAtProvider) subscription.PastDue(subscription.Now, "its trial has ended, and its payment has not come yet");
        else if (price.Amount == 0 || state.IsTrialPaid)
        {
            subscription.First(state.TrialEnd!.Value, null, containsNow: false);
            Deliver(subscription, isPaid: state.PaidBy is not null);
        }
        else subscription.End(SubscriptionStatus.Expired, "its trial ended without a payment");
    }

    private static void EndPeriod(SubscriptionDraft subscription, Subscription state)
    {
        var price = state.Scheduled is { } change ? change.Plan.Terms.PriceOf(change.Seats) : state.Price;
        if (state.CancelAtPeriodEnd) subscription.End(SubscriptionStatus.Canceled, null);
        else if (subscription.AccountIsClosed) subscription.EndForClosed();
        else if (state.IsLastPeriod) subscription.End(SubscriptionStatus.Expired, "its fixed term has ended");
        // Where nothing was heard, its grace begins with the time when that was seen: the silence may be ours.
        else if (state.RenewsAtProvider || (price.Amount > 0 && state.Provider != Subscription.Manual)) subscription.PastDue(state.RenewsAtProvider ? subscription.Now : state.CurrentPeriodEnd!.Value, "its period has ended, and its payment has not come yet");
        else
        {
            subscription.Next(null, price.Amount == 0 ? Subscription.Manual : null, containsNow: false);
            Deliver(subscription, isPaid: false);
        }
    }

    // What a payment of this ledger paid has its invoice already.
    private static void Deliver(SubscriptionDraft subscription, bool isPaid)
    {
        if (subscription.State.Period == 0) return;
        subscription.Deliver(null);
        if (!isPaid) subscription.Invoice();
    }
}
