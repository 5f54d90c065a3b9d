namespace Ledger.Domain.Quotas;

// Alerts are raised when a level is crossed, and again only after it was well on the other side: the rules of the README, section Alerts.
internal static class Alerts
{
    // What is available must come to so much of the level, and what is used fall below so much of it, for the alert to be cleared.
    private const int BalanceClears = 110;
    private const int QuotaClears = 90;

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
            if (standing is not null && used < Metrics.Share(level, QuotaClears)) draft.Add(new AlertCleared { Raised = standing.Version });
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

    /// <summary>What the account would have spent in all when the next alert of its credits is raised; null where none is left in this period.</summary>
    public static Credits? NextSpent(QuotaDraft draft)
    {
        var sheet = draft.Sheet;
        if (sheet.LimitOf(Metrics.AiCredits) is not { } max) return null;
        var (used, spent) = (sheet.UsedOf(Metrics.AiCredits), draft.Account.Totals.Spent);
        foreach (var percent in (IEnumerable<int>)draft.Quota.AlertsHeld.QuotaPercent)
        {
            if (Find(draft, Metrics.AiCredits, percent, sheet.Period.Start) is null && Metrics.Share(max, percent) is var level && level > used) return spent + level - used;
        }

        return null;
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
