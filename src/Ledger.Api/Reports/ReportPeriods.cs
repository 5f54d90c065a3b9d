using System.Globalization;
using Ledger.Api.Http;

namespace Ledger.Api.Reports;

/// <summary>A part of a report's period.</summary>
/// <param name="Label">The day or month, such as 2026-11-20 or 2026-11; null where the report is not grouped.</param>
/// <param name="From">Where it begins; that instant is in it.</param>
/// <param name="To">Where it ends; that instant is not in it.</param>
internal readonly record struct ReportPeriod(string? Label, DateTimeOffset From, DateTimeOffset To);

/// <summary>The period that a report is asked for, and how it is cut.</summary>
internal sealed class ReportPeriods
{
    /// <summary>A report by day covers at most so many days.</summary>
    public const int DaysMax = 400;

    /// <summary>A report by month covers at most so many months.</summary>
    public const int MonthsMax = 120;

    private const string Days = "day";
    private const string Months = "month";

    private readonly DateTimeOffset? from;
    private readonly DateTimeOffset? to;
    private readonly string? groupBy;

    private ReportPeriods(DateTimeOffset? from, DateTimeOffset? to, string? groupBy) => (this.from, this.to, this.groupBy) = (from, to, groupBy);

    /// <summary>The instants at its ends that are known beforehand.</summary>
    public IEnumerable<DateTimeOffset> Ends => new[] { from, to }.OfType<DateTimeOffset>();

    /// <summary>Reads <c>from</c>, <c>to</c> and <c>groupBy</c>.</summary>
    public static ReportPeriods Read(QueryParameters query, string? groupByDefault = null)
    {
        var (from, to) = (query.Time("from"), query.Time("to"));
        if (from > to) query.Add("to", "must not be before from");
        var words = query.WordList("groupBy", Days, Months);
        if (words is { Count: > 1 }) query.Add("groupBy", "must be one of day, month");
        return new ReportPeriods(from, to, words is { Count: 1 } ? words[0] : groupByDefault);
    }

    /// <summary>Cuts the period; where an end was left out it is the beginning of the first day that has something (in a report by days or months not more of them ago than it covers at most), and now.</summary>
    /// <param name="first">The first day that has something.</param>
    /// <param name="now">Now.</param>
    /// <param name="periods">The parts, the oldest first.</param>
    /// <returns>What is wrong with it; null where nothing is.</returns>
    public Problem? Cut(DateOnly? first, DateTimeOffset now, out IReadOnlyList<ReportPeriod> periods)
    {
        var end = to ?? (from > now ? from.Value : now);
        var start = from ?? (first is { } day && At(day) < end ? Latest(At(day), Earliest(end)) : end);
        var cut = new List<ReportPeriod>();
        periods = cut;
        if (groupBy is null)
        {
            cut.Add(new ReportPeriod(null, start, end));
            return null;
        }

        var (max, many) = groupBy == Days ? (DaysMax, "days") : (MonthsMax, "months");
        for (var at = start; at < end;)
        {
            if (cut.Count == max) return Problem.Invalid("groupBy", string.Create(CultureInfo.InvariantCulture, $"gives more than {max} {many}: take a shorter period (from, to){(groupBy == Days ? " or group by month" : "")}"));
            var next = Next(at);
            var until = next is null || next > end ? end : next.Value;
            cut.Add(new ReportPeriod(at.UtcDateTime.ToString(groupBy == Days ? "yyyy-MM-dd" : "yyyy-MM", CultureInfo.InvariantCulture), at, until));
            at = until;
        }

        return null;
    }

    /// <summary>Where the period as a whole begins and ends.</summary>
    public (DateTimeOffset From, DateTimeOffset To) Whole(IReadOnlyList<ReportPeriod> periods, DateTimeOffset now) => periods.Count > 0 ? (periods[0].From, periods[^1].To) : (from ?? to ?? now, to ?? from ?? now);

    /// <summary>Where a report that ends there may begin at the earliest.</summary>
    private DateTimeOffset Earliest(DateTimeOffset end)
    {
        var day = DateOnly.FromDateTime(end.UtcDateTime);
        return groupBy switch
        {
            Days when day.DayNumber >= DaysMax => At(day.AddDays(1 - DaysMax)),
            Months when day.Year > MonthsMax / 12 => At(new DateOnly(day.Year, day.Month, 1).AddMonths(1 - MonthsMax)),
            _ => DateTimeOffset.MinValue,
        };
    }

    private static DateTimeOffset Latest(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private DateTimeOffset? Next(DateTimeOffset at)
    {
        var day = DateOnly.FromDateTime(at.UtcDateTime);
        if (groupBy == Days) return day == DateOnly.MaxValue ? null : At(day.AddDays(1));
        return day is { Year: 9999, Month: 12 } ? null : At(new DateOnly(day.Year, day.Month, 1).AddMonths(1));
    }

    private static DateTimeOffset At(DateOnly day) => new(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
}
