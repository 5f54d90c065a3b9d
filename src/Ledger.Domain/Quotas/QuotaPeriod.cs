using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Quotas;

/// <summary>The period in which counters count.</summary>
/// <param name="Start">When it began.</param>
/// <param name="End">When it ends; null where that is not known (a payment is missing that would begin the next one).</param>
public readonly record struct QuotaPeriod(DateTimeOffset Start, DateTimeOffset? End)
{
    /// <summary>
    /// That of the live subscription where it has one that runs or is over and not renewed yet; else the calendar month, UTC. In the month in which a subscription has ended it is what is left of the month since the last
    /// of its periods began, so that counters go on as they were counted.
    /// </summary>
    /// <param name="live">The live subscription; null for none.</param>
    /// <param name="last">The last one that ended; null for none.</param>
    /// <param name="now">Business time.</param>
    public static QuotaPeriod Of(Subscription? live, Subscription? last, DateTimeOffset now)
    {
        if (live is { CurrentPeriodStart: { } start, CurrentPeriodEnd: { } end } && start <= now) return now < end ? new(start, end) : new(end, null);
        var month = MonthOf(now);
        var begun = live is null && last is { CurrentPeriodStart: { } began, EndedAt: { } ended } ? (last.CurrentPeriodEnd <= ended ? last.CurrentPeriodEnd.Value : began) : month;
        return new(begun > month && begun <= now ? begun : month, month.AddMonths(1));
    }

    /// <summary>When the calendar month of a time began, UTC.</summary>
    public static DateTimeOffset MonthOf(DateTimeOffset time) => new(time.UtcDateTime.Year, time.UtcDateTime.Month, 1, 0, 0, 0, TimeSpan.Zero);
}
