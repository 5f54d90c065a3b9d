using Ledger.Domain.Catalog;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

public sealed class Counting_periods
{
    [Theory]
    [InlineData("2026-01-31", PlanInterval.Month, 1, "2026-02-28")]
    [InlineData("2026-01-31", PlanInterval.Month, 2, "2026-03-31")]
    [InlineData("2026-01-31", PlanInterval.Month, 3, "2026-04-30")]
    [InlineData("2028-01-31", PlanInterval.Month, 1, "2028-02-29")]
    [InlineData("2028-02-29", PlanInterval.Year, 1, "2029-02-28")]
    [InlineData("2028-02-29", PlanInterval.Year, 4, "2032-02-29")]
    [InlineData("2028-02-29", PlanInterval.Month, 12, "2029-02-28")]
    [InlineData("2028-02-29", PlanInterval.Month, 1, "2028-03-29")]
    [InlineData("2026-12-15", PlanInterval.Month, 1, "2027-01-15")]
    public void Periods_follow_the_calendar_from_the_anchor(string anchor, PlanInterval interval, long after, string starts) => Periods.StartOf(Day(anchor), interval, after).ShouldBe(Day(starts));

    [Fact]
    public void A_lifetime_has_one_period_and_the_calendar_an_end()
    {
        Periods.StartOf(Day("2026-01-31"), PlanInterval.Lifetime, 0).ShouldBe(Day("2026-01-31"));
        Periods.EndOf(Day("2026-01-31"), PlanInterval.Lifetime, 0).ShouldBeNull();
        Periods.IndexAt(Day("2026-01-31"), PlanInterval.Lifetime, Day("2996-01-31")).ShouldBe(0);
        Periods.StartOf(Day("2026-01-31"), PlanInterval.Year, 8000).ShouldBeNull();
        Periods.StartOf(Day("2026-01-31"), PlanInterval.Month, long.MaxValue - 1).ShouldBeNull();
    }

    // Anchors on the last and first days of every month over leap years and common ones (1900-like 2100 too), with times of day up to the last microsecond.
    [Fact]
    public void Every_period_begins_where_the_one_before_ends_on_the_anchors_day_or_the_months_last()
    {
        var cases = 0;
        var random = new Random(7);
        foreach (var year in new[] { 2023, 2024, 2027, 2028, 2099, 2100 })
        {
            for (var month = 1; month <= 12; month++)
            {
                foreach (var day in new[] { 1, 28, 29, 30, 31 })
                {
                    if (day > DateTime.DaysInMonth(year, month)) continue;
                    foreach (var interval in new[] { PlanInterval.Month, PlanInterval.Year })
                    {
                        var time = random.Next(3) switch { 0 => TimeSpan.Zero, 1 => TimeSpan.FromDays(1) - TimeSpan.FromMicroseconds(1), _ => TimeSpan.FromMicroseconds(random.NextInt64(86_400_000_000)) };
                        Each(new DateTimeOffset(year, month, day, 0, 0, 0, TimeSpan.Zero) + time, interval);
                        cases++;
                    }
                }
            }
        }

        cases.ShouldBeGreaterThan(600);
    }

    private static void Each(DateTimeOffset anchor, PlanInterval interval)
    {
        for (var n = 0; n < 30; n++)
        {
            var (start, end) = (Periods.StartOf(anchor, interval, n)!.Value, Periods.EndOf(anchor, interval, n)!.Value);
            end.ShouldBe(Periods.StartOf(anchor, interval, n + 1)!.Value);
            start.Offset.ShouldBe(TimeSpan.Zero);
            start.TimeOfDay.ShouldBe(anchor.TimeOfDay);
            start.Day.ShouldBe(Math.Min(anchor.Day, DateTime.DaysInMonth(start.Year, start.Month)));
            ((start.Year - anchor.Year) * 12 + start.Month - anchor.Month).ShouldBe(n * (interval == PlanInterval.Year ? 12 : 1));
            Periods.IndexAt(anchor, interval, start).ShouldBe(n);
            Periods.IndexAt(anchor, interval, end - TimeSpan.FromMicroseconds(1)).ShouldBe(n);
        }

        Periods.IndexAt(anchor, interval, anchor - TimeSpan.FromDays(1)).ShouldBe(0);
        Periods.StartOf(anchor.ToOffset(TimeSpan.FromHours(9)), interval, 1).ShouldBe(Periods.StartOf(anchor, interval, 1));
    }

    private static DateTimeOffset Day(string text) => new(DateTime.Parse(text, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.Zero);
}
