using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>A paused subscription goes on, or one that would end with its period does not.</summary>
public sealed record ResumeSubscription : SubscriptionCommand
{
    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => ResumeSubscriptionHandler.Handle(this, draft, plan);
}

/// <summary>Resumes subscriptions.</summary>
public static class ResumeSubscriptionHandler
{
    /// <summary>
    /// Takes an end with the period back. A paused one goes on in the period that runs; where that is over, a new one begins now, counted from now, or where a payment has to come first, it is past due.
    /// </summary>
    public static SubscriptionDecision Handle(ResumeSubscription command, BillingDraft draft, CatalogItem? plan)
    {
        if (SettleSubscriptionHandler.Ready(command, draft, out var subscription) is { } notNow) return SubscriptionDecision.Refuse(notNow);
        var state = subscription.State;
        var paused = state.Status == SubscriptionStatus.Paused;
        if (!paused && !(state.IsLive && state.CancelAtPeriodEnd)) return SubscriptionDecision.Refuse(new SubscriptionConflict("It is neither paused nor canceled with its period: there is nothing to resume.", state.Status));
        if (subscription.AccountIsClosed) return SubscriptionDecision.Refuse(new AccountIsClosed(state.Account));
        if (state.CancelAtPeriodEnd)
        {
            subscription.Add(new CancellationUndone());
            subscription.Ask(ProviderActionKind.UndoCancel);
        }

        if (!paused) return SubscriptionDecision.Accept;
        subscription.Ask(ProviderActionKind.Resume);
        var isOver = state.CurrentPeriodEnd <= draft.Now;
        // A trial that ended without a payment goes on once its provider says that one came.
        if (state.Period == 0 && state.RenewsAtProvider) return SubscriptionDecision.Accept;
        if (!isOver || state.RenewsAtProvider) subscription.Add(new SubscriptionResumed());
        else if (state.Provider != Subscription.Manual) subscription.PastDue(draft.Now, "it was resumed after the end of the period that was paid");
        else Anew(subscription);
        return SubscriptionDecision.Accept;
    }

    private static void Anew(SubscriptionDraft subscription)
    {
        subscription.First(subscription.Now, null, containsNow: true);
        subscription.Deliver(null);
        subscription.Invoice();
    }
}
