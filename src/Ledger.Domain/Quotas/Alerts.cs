namespace Ledger.Domain.Quotas;

// Alerts are raised when a level is crossed, and again only after it was well on the other side: the rules of the README, section Alerts.
internal static class Alerts
{
    // What is available must come to so much of the level, and what is used fall below so much of it, for the alert to be cleared.
    private const int BalanceClears = 110;
    private const int QuotaClears = 90;
    private const decimal Least = 0.000001m;

    public static void OfBalance(QuotaDraft draft)
    {
        var available = draft.Account.Available;
        foreach (var level in (IEnumerable<Credits>)draft.Quota.AlertsHeld.LowBalance)
        {
            var standing = Find(draft, level);
            if (standing is null && available < level) draft.Add(new AlertRaised { Kind = AlertKind.LowBalance, Threshold = level, Value = available });
            if (standing is not null && available >= Metrics.Share(level, BalanceClears)) draft.Add(new AlertCleared { Raised = standing.Version });
        }
    }

    public static void OfQuota(QuotaDraft draft, string metric)
    {
        var sheet = draft.Sheet;
        var (limit, used, start) = (sheet.LimitOf(metric), sheet.UsedOf(metric), sheet.Of(metric).IsGauge ? (DateTimeOffset?)null : sheet.Period.Start);
        foreach (var percent in (IEnumerable<int>)draft.Quota.AlertsHeld.QuotaPercent)
        {
            var standing = Find(draft, metric, percent, start);
            if (limit is not { } max)
            {
                if (standing is not null) draft.Add(new AlertCleared { Raised = standing.Version });
                continue;
            }

            var level = Metrics.Share(max, percent);
            if (standing is null && used.IsPositive && used >= level)
                draft.Add(new AlertRaised { Kind = AlertKind.Quota, Metric = metric, Percent = percent, Threshold = level, Value = used, Limit = max, PeriodStart = start });
            if (standing is not null && (used < Metrics.Share(level, QuotaClears) || used.IsZero)) draft.Add(new AlertCleared { Raised = standing.Version });
        }
    }

    /// <summary>Where the account's available credits would raise the next low-balance alert, and where they would clear one.</summary>
    public static (Credits? Below, Credits? Above) Levels(QuotaDraft draft)
    {
        Credits? below = null, above = null;
        foreach (var level in (IEnumerable<Credits>)draft.Quota.AlertsHeld.LowBalance)
        {
            if (Find(draft, level) is null)
            {
                if (below is null || level > below) below = level;
            }
            else if (Metrics.Share(level, BalanceClears) is var clears && (above is null || clears < above))
            {
                above = clears;
            }
        }

        return (below, above);
    }

    /// <summary>
    /// What the account would have spent in all when the next alert of its credits could be raised, in this period or any later one, which begins with nothing used: so the lowest percentage counts from now too. Null where
    /// none was asked for; where there is no limit, a sum that is far away: the watch has to stand, for a plan that comes crosses it.
    /// </summary>
    public static Credits? NextSpent(QuotaDraft draft)
    {
        if (draft.Quota.Alerts is not { QuotaPercent: { Count: > 0 } percents }) return null;
        var (sheet, spent) = (draft.Sheet, draft.Account.Totals.Spent());
        if (sheet.LimitOf(Metrics.AiCredits) is not { } max) return spent + Credits.AmountMax;
        var used = sheet.UsedOf(Metrics.AiCredits);
        var next = Metrics.Share(max, percents[0]);
        foreach (var percent in (IEnumerable<int>)percents)
        {
            if (Find(draft, Metrics.AiCredits, percent, sheet.Period.Start) is null && Metrics.Share(max, percent) is var level && level > used) next = Credits.Min(next, level - used);
        }

        // Of a limit of nothing the first alert comes with the first use; after that it is enough to look now and then.
        if (!next.IsPositive) next = used.IsPositive ? 1 : Least;
        return spent + next;
    }

    private static StandingAlert? Find(QuotaDraft draft, Credits level)
    {
        foreach (var alert in draft.Quota.Standing)
        {
            if (alert.Kind == AlertKind.LowBalance && alert.Threshold == level) return alert;
        }

        return null;
    }

    // One of a period before is as if it were not there.
    private static StandingAlert? Find(QuotaDraft draft, string metric, int percent, DateTimeOffset? start)
    {
        foreach (var alert in draft.Quota.Standing)
        {
            if (alert.Kind == AlertKind.Quota && alert.Metric == metric && alert.Percent == percent) return start is null || alert.PeriodStart >= start ? alert : null;
        }

        return null;
    }
}
