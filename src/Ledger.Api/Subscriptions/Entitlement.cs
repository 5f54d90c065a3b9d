using Ledger.Domain.Subscriptions;

namespace Ledger.Api.Subscriptions;

/// <summary>What a subscription entitles to at a time.</summary>
internal static class Entitlement
{
    /// <summary>Whether its limits, features and included products are the account's at a time: an end that is due counts from its time on, whether it is written down yet or not.</summary>
    public static bool EntitlesAt(this Subscription subscription, DateTimeOffset now) =>
        subscription.Entitles && !(subscription.CancelAtPeriodEnd && subscription.CurrentPeriodEnd <= now) && !(subscription.Status == SubscriptionStatus.PastDue && subscription.GraceEndsAt <= now);
}
