namespace Ledger.Domain.Quotas;

// Alerts are raised when a level is crossed, and again only after it was well on the other side: the rules of the README, section Alerts.
internal static class Alerts
{
    // What is available must come to so much of the level, and what is used fall below so much of it, for the alert to be cleared.
    private const int BalanceClears = 110;
    private const int QuotaClears = 90;
    private const decimal Least = 0.000001m;
    private const decimal CallsMax = 1_000_000_000_000_000_000m;
    private const int LooksBeyond = 20;

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
    /// What the account would have spent in all when the next alert of its credits could be raised. Null where none was asked for; where there is no limit, a sum that is far away: the watch has to stand, for a plan that comes crosses it.
    /// </summary>
    public static Credits? NextSpent(QuotaDraft draft)
    {
        if (draft.Quota.Alerts is not { QuotaPercent.Count: > 0 }) return null;
        var spent = draft.Account.Totals.Spent();
        return spent + (Next(draft, Metrics.AiCredits, Least) ?? Credits.AmountMax);
    }

    /// <summary>How many calls the account would have made in all when the next alert of them could be raised; null where none was asked for, or there is no limit.</summary>
    public static long? NextCalls(QuotaDraft draft) => Next(draft, Metrics.ApiCalls, 1) is { } more ? draft.Account.Calls + (long)Math.Min(CallsMax, Math.Ceiling(more.Value)) : null;

    // How much more of it the next alert is away, in this period or any later one, which begins with nothing used: so the lowest percentage counts from now too.
    private static Credits? Next(QuotaDraft draft, string metric, Credits least)
    {
        var sheet = draft.Sheet;
        if (draft.Quota.Alerts is not { QuotaPercent: { Count: > 0 } percents } || sheet.LimitOf(metric) is not { } max) return null;
        var used = sheet.UsedOf(metric);
        var (next, isOver) = (Metrics.Share(max, percents[0]), true);
        foreach (var percent in (IEnumerable<int>)percents)
        {
            var level = Metrics.Share(max, percent);
            if (Find(draft, metric, percent, sheet.Period.Start) is not null || level <= used) continue;
            (next, isOver) = (Credits.Min(next, level - used), false);
        }

        // Of a limit of nothing the first alert comes with the first use. Who is far beyond the limit is looked at now and then, not with each step.
        if (isOver) next = Credits.Max(next, Metrics.Up(used.Value / LooksBeyond));
        return next.IsPositive ? Credits.Max(next, least) : used.IsPositive ? 1 : least;
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
