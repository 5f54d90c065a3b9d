using Ledger.Domain.Accounts;

namespace Ledger.Domain.Quotas;

/// <summary>Does what is due: raises and clears alerts, begins a top-up or looks how it went, and sets the account's watch anew. Sent where the account's watch was crossed, and when the quotas are due.</summary>
public sealed record SettleQuota : QuotaCommand
{
    /// <inheritdoc/>
    public override QuotaDecision Decide(QuotaStates states, DateTimeOffset now) => SettleQuotaHandler.Handle(this, states, now);
}

/// <summary>Settles quotas.</summary>
public static class SettleQuotaHandler
{
    /// <summary>By business time and what is true now: the second time it finds nothing to do.</summary>
    public static QuotaDecision Handle(SettleQuota command, QuotaStates states, DateTimeOffset now)
    {
        if (!states.Account.Exists) return QuotaDecision.Refuse(new AccountNotFound(command.Account));
        var draft = new QuotaDraft(command, states, now);
        if (draft.IsOutdated) return new QuotaDecision.Outdated();
        Settle(draft);
        return draft.Done();
    }

    internal static void Settle(QuotaDraft draft)
    {
        if (draft.Account.Status != AccountStatus.Closed)
        {
            Alerts.OfBalance(draft);
            foreach (var name in draft.Sheet.Names()) Alerts.OfQuota(draft, Metrics.Metered(name));
        }

        TopUps.Settle(draft);
        draft.Watch(WatchOf(draft));
    }

    /// <summary>The levels at which there would be something to do. None of them is crossed now: what is crossed has just been done.</summary>
    private static AccountWatch WatchOf(QuotaDraft draft)
    {
        var (below, above) = Alerts.Levels(draft);
        if (TopUps.Level(draft) is { } level && (below is null || level > below)) below = level;
        return new AccountWatch(below, above, Alerts.NextSpent(draft), Calls: Alerts.NextCalls(draft));
    }
}
