using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>The calendar of periods: each is counted from the anchor, in UTC, never from the end of the one before. An anchor on the 31st gives 28 February and then 31 March again.</summary>
public static class Periods
{
    /// <summary>When a period begins that comes so many periods after the one that begins at the anchor; null where a lifetime or a fixed term has no such one, or the calendar ends before.</summary>
    /// <param name="anchor">Where the first one begins.</param>
    /// <param name="interval">How long each is.</param>
    /// <param name="after">How many periods later; 0 or more.</param>
    public static DateTimeOffset? StartOf(DateTimeOffset anchor, PlanInterval interval, long after)
    {
        Invariant.Holds(after >= 0, "periods are counted from the anchor on");
        var utc = anchor.ToUniversalTime();
        if (after == 0) return utc;
        if (interval is PlanInterval.Lifetime or PlanInterval.Fixed) return null;
        var months = (Int128)after * Months(interval);
        return months > ((DateTimeOffset.MaxValue.Year - utc.Year) * 12) - utc.Month ? null : utc.AddMonths((int)months);
    }

    /// <summary>When that period ends: when the next one begins; null for never.</summary>
    /// <param name="anchor">Where the first one begins.</param>
    /// <param name="interval">How long each is.</param>
    /// <param name="after">How many periods later it begins; 0 or more.</param>
    /// <param name="termDays">The days of a fixed term.</param>
    public static DateTimeOffset? EndOf(DateTimeOffset anchor, PlanInterval interval, long after, int? termDays = null) =>
        interval == PlanInterval.Fixed ? anchor.ToUniversalTime().AddDays(termDays!.Value) : StartOf(anchor, interval, after + 1);

    /// <summary>How many periods after the anchor's one the period comes that a time lies in; 0 for a time before it.</summary>
    /// <param name="anchor">Where the first one begins.</param>
    /// <param name="interval">How long each is.</param>
    /// <param name="time">The time.</param>
    public static long IndexAt(DateTimeOffset anchor, PlanInterval interval, DateTimeOffset time)
    {
        var (from, at) = (anchor.ToUniversalTime(), time.ToUniversalTime());
        if (interval is PlanInterval.Lifetime or PlanInterval.Fixed || at <= from) return 0;
        long index = ((((at.Year - from.Year) * 12L) + at.Month) - from.Month) / Months(interval);
        while (index > 0 && StartOf(from, interval, index) > at) index--;
        while (EndOf(from, interval, index) <= at) index++;
        return index;
    }

    /// <summary>How many months a period has; 0 for a lifetime and a fixed term.</summary>
    internal static int Months(PlanInterval interval) => interval switch { PlanInterval.Month => 1, PlanInterval.Year => 12, _ => 0 };
}
