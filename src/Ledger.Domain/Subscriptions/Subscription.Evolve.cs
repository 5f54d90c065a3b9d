namespace Ledger.Domain.Subscriptions;

public sealed partial record Subscription
{
    /// <summary>When something is due on it next: the end of its trial, period or grace, an announcement, a call to its provider. Null where nothing is.</summary>
    public DateTimeOffset? NextDue => Status == SubscriptionStatus.Trialing ? TrialEnd : CurrentPeriodEnd;

    // ---- Evolve: total, without rules. What was decided stands in the event; witnesses are never read. ----

    /// <summary>The subscription after <paramref name="happened"/>, which was recorded at <paramref name="recordedAt"/> as its next version.</summary>
    public Subscription Evolve(SubscriptionEvent happened, DateTimeOffset recordedAt)
    {
        var next = this with { Version = Version + 1, UpdatedAt = recordedAt };
        switch (happened)
        {
            case SubscriptionStarted e:
                return next with { Account = e.Account, Plan = e.Plan, Status = e.As, Provider = e.Provider, Seats = e.Seats, Checkout = e.Checkout, CreatedAt = recordedAt };
        }

        return next;
    }
}
