using Ledger.Domain.Accounts;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Quotas;

/// <summary>What the ledger itself had seen of an account when a period began.</summary>
/// <param name="PeriodStart">When that was.</param>
/// <param name="Spent">Credits ever consumed by then, less what was refunded of them.</param>
/// <param name="Calls">Calls by then.</param>
public sealed record Baseline(DateTimeOffset PeriodStart, Credits Spent, long Calls)
{
    /// <summary>That of an account as it was when the period began.</summary>
    public static Baseline Of(DateTimeOffset periodStart, Account? then) => new(periodStart, then?.Totals.Spent() ?? Credits.Zero, then?.Calls ?? 0);
}

/// <summary>How one metric stands.</summary>
/// <param name="Metric">Its name, as it was asked for.</param>
/// <param name="IsGauge">Whether it is a level that stays.</param>
/// <param name="Used">How much is used.</param>
/// <param name="Limit">How much may be; null for any.</param>
/// <param name="IsOwnLimit">Whether the limit is the account's own.</param>
/// <param name="ResetsAt">When it is counted anew; null where it is not, or that is not known.</param>
/// <param name="Parts">What is used by category, where there is more than one part or a category.</param>
public sealed record QuotaStanding(string Metric, bool IsGauge, Credits Used, Credits? Limit, bool IsOwnLimit, DateTimeOffset? ResetsAt, ValueList<UsedPart> Parts)
{
    /// <summary>How much may still be used; null where there is no limit. Never below 0.</summary>
    public Credits? Remaining => Limit is { } limit ? Credits.Max(Credits.Zero, limit - Used) : null;

    /// <summary>Whether so much more would fit.</summary>
    public bool Allows(Credits more) => Limit is not { } limit || Used + more <= limit;
}

/// <summary>All that is known of what an account uses and may use at one time, put together: decisions and queries read it alike.</summary>
/// <param name="Quota">Its quotas.</param>
/// <param name="Account">The account.</param>
/// <param name="Live">Its live subscription; null for none.</param>
/// <param name="Baseline">What the ledger had seen when the period began; null where that was not looked up.</param>
/// <param name="Now">Business time.</param>
/// <param name="Ended">The last subscription that ended; null for none.</param>
public sealed record QuotaSheet(Quota Quota, Account Account, Subscription? Live, Baseline? Baseline, DateTimeOffset Now, Subscription? Ended = null)
{
    /// <summary>The period in which counters count.</summary>
    public QuotaPeriod Period => QuotaPeriod.Of(Live, Ended, Now);

    /// <summary>Whether what the ledger itself sees of this period is known.</summary>
    public bool IsSeen => Baseline is { } known && known.PeriodStart == Period.Start;

    /// <summary>The limit of a metered metric: the account's own, else that of the live subscription's plan; null for none.</summary>
    public Credits? LimitOf(string metric)
    {
        if (Quota.OverrideOf(metric) is { } own) return own;
        if (Live?.Plan is not { } plan) return null;
        foreach (var limit in plan.Terms.Limits)
        {
            if (Metrics.Metered(limit.Metric) == metric) return Metrics.ToMetered(limit.Metric, limit.Max);
        }

        return null;
    }

    /// <summary>How much is used of a metered metric in this period, or stands.</summary>
    public Credits UsedOf(string metric) => PostedOf(metric) + SeenOf(metric);

    /// <summary>How a metric stands, by any of its names and in that one's unit.</summary>
    public QuotaStanding Of(string name)
    {
        var metric = Metrics.Metered(name);
        var meter = Quota.Find(metric);
        var isGauge = meter?.IsGauge ?? Metrics.IsGauge(metric) ?? false;
        Credits? limit = LimitOf(metric) is { } held ? Metrics.FromMetered(name, held) : null;
        ValueList<UsedPart> parts = meter is null || !meter.CountsIn(Period.Start) ? [] : [.. meter.Parts.Where(part => !part.Amount.IsZero).Select(part => part with { Amount = Metrics.FromMetered(name, part.Amount) })];
        if (parts is [{ Category: "" }]) parts = [];
        return new(name, isGauge, Metrics.FromMetered(name, UsedOf(metric)), limit, Quota.OverrideOf(metric) is not null, isGauge ? null : Period.End, parts);
    }

    /// <summary>The names of all metrics that have a limit, were posted, or are seen by the ledger; in ordinal order. Storage is under both of its names where it is known at all.</summary>
    public IReadOnlyList<string> Names()
    {
        var names = new SortedSet<string>(StringComparer.Ordinal) { Metrics.AiCredits, Metrics.ApiCalls };
        foreach (var meter in Quota.Meters) names.Add(meter.Metric);
        foreach (var own in Quota.Overrides) names.Add(own.Metric);
        if (Live?.Plan is { } plan)
        {
            foreach (var limit in plan.Terms.Limits) names.Add(Metrics.Metered(limit.Metric));
        }

        if (names.Contains(Metrics.StorageBytes)) names.Add(Metrics.StorageMb);
        return [.. names];
    }

    private Credits PostedOf(string metric) => Quota.Find(metric) is { } meter && meter.CountsIn(Period.Start) ? meter.Used : Credits.Zero;

    private Credits SeenOf(string metric) => !IsSeen ? Credits.Zero : metric switch
    {
        Metrics.AiCredits => Credits.Max(Credits.Zero, Account.Totals.Spent() - Baseline!.Spent),
        Metrics.ApiCalls => Math.Max(0, Account.Calls - Baseline!.Calls),
        _ => Credits.Zero,
    };
}
