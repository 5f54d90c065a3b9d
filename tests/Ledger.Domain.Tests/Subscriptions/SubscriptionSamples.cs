using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

/// <summary>Every type of event of subscriptions at least twice: once with all members set, once with as few as there may be. Stored forms are checked against these.</summary>
public static class SubscriptionSamples
{
    private static readonly SubscriptionId First = SubscriptionId.Of(1);

    private static readonly PinnedPlan Pro = new("pro-monthly", 2, new Plan { Name = "Pro", Active = true, Tier = "pro", Price = new(2999, "usd"), Interval = PlanInterval.Month, CreditsPerPeriod = 100 });

    /// <summary>All of them, by a name for the file of each.</summary>
    public static IReadOnlyList<(string Name, object Event)> All { get; } =
    [
        ("subscription_started_full", new SubscriptionStarted { Status = SubscriptionStatus.Incomplete, Account = new("acct_1"), Plan = Pro, As = SubscriptionStatus.Incomplete, Provider = "stripe", Seats = 3, Checkout = PaymentId.Of(1) }),
        ("subscription_started_small", new SubscriptionStarted { Account = new("acct_1"), Plan = Pro, As = SubscriptionStatus.Active, Provider = Subscription.Manual }),
        ("subscription_taken_full", new SubscriptionTaken { Subscription = First }),
        ("subscription_taken_small", new SubscriptionTaken { Subscription = SubscriptionId.Of(2) }),
        ("subscription_left_full", new SubscriptionLeft { Subscription = First }),
        ("subscription_left_small", new SubscriptionLeft { Subscription = SubscriptionId.Of(2) }),
    ];
}
