using Ledger.Domain.Billing;

namespace Ledger.Domain.Subscriptions;

/// <summary>How a subscription stands by business time: with all done that is due on it, whether that is written down yet or not. What somebody may have and use is judged by this, never by whether a worker came by.</summary>
public static class SubscriptionAt
{
    // Each goes on for up to twelve periods: so ten years of months are made up for at once.
    private const int GoesMax = 12;

    /// <summary>The subscription as it would be written down at that time. Pure; nothing is written.</summary>
    /// <param name="subscription">As it is written down.</param>
    /// <param name="states">Its account, that account's place for a subscription, and what the tenant has set.</param>
    /// <param name="now">Business time.</param>
    public static Subscription Of(Subscription subscription, BillingStates states, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        ArgumentNullException.ThrowIfNull(states);
        if (states.Account is not { Exists: true } || !(subscription.NextStepAt <= now)) return subscription;
        var draft = new SubscriptionDraft(new BillingDraft(states with { Subscriptions = states.Subscriptions.SetItem(subscription.Id, subscription) }, now), subscription.Id);
        for (var goes = 0; goes < GoesMax && !SettleSubscriptionHandler.Settle(draft); goes++)
        {
        }

        return draft.State;
    }

    /// <summary>An account's live subscription and the last one that ended, by business time.</summary>
    /// <param name="live">The one that has the account's place; null for none.</param>
    /// <param name="ended">The last one that ended, where none is live; null for none.</param>
    /// <param name="states">As for <see cref="Of"/>.</param>
    /// <param name="now">Business time.</param>
    public static (Subscription? Live, Subscription? Ended) Both(Subscription? live, Subscription? ended, BillingStates states, DateTimeOffset now)
    {
        if (live is null) return (null, ended);
        var settled = Of(live, states, now);
        return settled.IsLive ? (settled, ended) : (null, settled);
    }
}
