using System.Globalization;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

// What several commands ask of a plan.
internal static class PlanTerms
{
    private const long PriceMax = 1_000_000_000_000_000;

    /// <summary>How many seats it is for: those asked for, else those that there are, else the least; why not, where that can't be.</summary>
    public static Refusal? Seats(Plan plan, int? asked, int? now, out int? seats)
    {
        seats = null;
        if (plan.Seats is not { } limits) return asked is null ? null : new InvalidRequest("seats", "are not counted by this plan; leave them out");
        seats = asked ?? (now >= limits.Min && !(now > limits.Max) ? now : limits.Min);
        if (seats < limits.Min || seats > limits.Max || seats < 0)
        {
            return new InvalidRequest("seats", limits.Max is { } most
                ? string.Create(CultureInfo.InvariantCulture, $"must be {limits.Min} to {most} in this plan")
                : string.Create(CultureInfo.InvariantCulture, $"must be at least {limits.Min} in this plan"));
        }

        return plan.PriceOf(seats).Amount > PriceMax ? new InvalidRequest("seats", "make the price larger than any payment may be") : null;
    }

    /// <summary>As many seats as there are, where the plan is for so many; else the least.</summary>
    public static int? SeatsOf(Plan plan, int? now) => Seats(plan, null, now, out var seats) is null ? seats : plan.Seats?.Min;

    /// <summary>The seats that a provider tells of, as its quantity: where seats have no price of their own it charges one of the plan's, which says nothing of them, and they are as many as there are.</summary>
    public static int? SeatsTold(Plan plan, long? quantity, int? now) =>
        plan.Seats is null ? null : plan.Seats.PricePerSeat is null ? SeatsOf(plan, now) : (int)Math.Clamp(quantity ?? now ?? 1, 0, int.MaxValue);

    /// <summary>Whether the left plan is dearer (1), cheaper (-1) or neither (0): by the price of a period. A plan of another tier is dearer too where it costs more by the month: more for less time is no cheaper plan.</summary>
    public static int Compare(Plan left, int? leftSeats, Plan right, int? rightSeats)
    {
        Int128 ours = left.PriceOf(leftSeats).Amount, theirs = right.PriceOf(rightSeats).Amount;
        var order = ours.CompareTo(theirs);
        return left.Tier == right.Tier ? order : Math.Max(order, (ours * ByMonth(right)).CompareTo(theirs * ByMonth(left)));
    }

    /// <summary>Whether the left plan gives more credits a month than the right one.</summary>
    public static bool GivesMore(Plan left, Plan right) => Micros(left) * Months(right) > Micros(right) * Months(left);

    /// <summary>
    /// What a dearer plan gives for the rest of a period: (new - old credits) x time left / period, rounded down to the scale; 0 where it gives no more. Where a plan's own period is another one, its credits count by the month.
    /// </summary>
    /// <param name="from">The plan whose credits were given.</param>
    /// <param name="to">The dearer plan.</param>
    /// <param name="interval">How long the running period is.</param>
    /// <param name="left">What is left of it.</param>
    /// <param name="whole">How long it is in all; more than 0.</param>
    /// <param name="scale">Decimals of the account's amounts, 0 to 6.</param>
    public static Credits Extra(Plan from, Plan to, PlanInterval interval, TimeSpan left, TimeSpan whole, int scale)
    {
        // At most 10^18 millionths, 12 x 12 months and 3.2 x 10^14 ticks of a year: the product stays below 2^127.
        Int128 months = Math.Max(1, Periods.Months(interval));
        var more = (Micros(to) * months * Months(from)) - (Micros(from) * months * Months(to));
        if (more <= 0 || left <= TimeSpan.Zero) return Credits.Zero;
        var micros = more * left.Ticks / ((Int128)Months(from) * Months(to) * whole.Ticks);
        return new Credits((decimal)micros / 1_000_000m).DownTo(scale);
    }

    // A fixed term counts as the months that it is nearest to.
    private static int ByMonth(Plan plan) => plan.TermDays is { } days ? Math.Max(1, (days + 15) / 30) : Months(plan);

    private static int Months(Plan plan) => Math.Max(1, Periods.Months(plan.Interval));

    private static Int128 Micros(Plan plan) => (Int128)(plan.CreditsPerPeriod.Value * 1_000_000m);
}
