using Ledger.Domain.Subscriptions;

namespace Ledger.Api.Subscriptions;

/// <summary>What a subscription entitles to at a time.</summary>
internal static class Entitlement
{
    /// <summary>Whether limits, features and included products are the account's, of a subscription as it stands at that time. A grace that is over is over, also while its provider is still asked.</summary>
    public static bool EntitlesAt(this Subscription standing, DateTimeOffset now) => standing.Entitles && !(standing.Status == SubscriptionStatus.PastDue && standing.GraceEndsAt <= now);
}
