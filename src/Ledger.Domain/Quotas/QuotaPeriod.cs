using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Quotas;

/// <summary>The period in which counters count.</summary>
/// <param name="Start">When it began.</param>
/// <param name="End">When it ends; null where that is not known (a payment is missing that would begin the next one).</param>
public readonly record struct QuotaPeriod(DateTimeOffset Start, DateTimeOffset? End)
{
    /// <summary>That of the live subscription where it has one that runs or is over and not renewed yet; else the calendar month, UTC.</summary>
    public static QuotaPeriod Of(Subscription? live, DateTimeOffset now)
    {
        if (live is { CurrentPeriodStart: { } start, CurrentPeriodEnd: { } end } && start <= now) return now < end ? new(start, end) : new(end, null);
        var month = MonthOf(now);
        return new(month, month.AddMonths(1));
    }

    /// <summary>When the calendar month of a time began, UTC.</summary>
    public static DateTimeOffset MonthOf(DateTimeOffset time) => new(time.UtcDateTime.Year, time.UtcDateTime.Month, 1, 0, 0, 0, TimeSpan.Zero);
}
