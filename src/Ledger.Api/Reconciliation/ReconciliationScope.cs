namespace Ledger.Api.Reconciliation;

/// <summary>What is compared.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Provider">The provider.</param>
/// <param name="From">Payments made at this time or later.</param>
/// <param name="To">Payments made before this time.</param>
/// <param name="Apply">Whether what is safe is put right.</param>
/// <param name="PaymentsMax">At most so many payments, on either side.</param>
internal sealed record ReconciliationScope(string Tenant, string Provider, DateTimeOffset From, DateTimeOffset To, bool Apply, int PaymentsMax)
{
    /// <summary>A comparison covers at most so many days.</summary>
    public const int DaysMax = 92;

    /// <summary>At most so many payments in an answer to a request, whose sender waits for it.</summary>
    public const int AnsweredMax = 1_000;

    /// <summary>At most so many payments in one comparison: of each its id is kept until the end.</summary>
    public const int ComparedMax = 200_000;

    /// <summary>What is wrong with a period, with the name of its member; null where nothing is.</summary>
    public static (string Member, string What)? Objection(DateTimeOffset from, DateTimeOffset to)
    {
        if (to <= from) return ("to", "must be after from");
        return to - from > TimeSpan.FromDays(DaysMax) ? ("to", $"must be at most {DaysMax} days after from") : null;
    }
}

/// <summary>There are more payments than may be compared at once.</summary>
/// <param name="max">How many may be.</param>
internal sealed class TooManyPaymentsException(int max) : Exception($"There are more than {max} payments in the period: take a shorter one.");
