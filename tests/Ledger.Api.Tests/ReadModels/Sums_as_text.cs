using System.Collections.Immutable;
using Ledger.Api.ReadModels;

namespace Ledger.Api.Tests.ReadModels;

public sealed class Sums_as_text
{
    [Fact]
    public void sums_are_written_alike_however_they_came_about()
    {
        foreach (var (one, other) in new[] { (49.3366m, 49.336600m), (100m, 100.00m), (-0.5m, 0.25m - 0.750000m), (1_000_000_000_000.000001m, 999_999_999_999.500001m + 0.5000m) })
        {
            JournalTotals.Write(Sums(one), ChartOfAccounts.Money).ShouldBe(JournalTotals.Write(Sums(other), ChartOfAccounts.Money));
            JournalTotals.Read(JournalTotals.Write(Sums(other), ChartOfAccounts.Money))["usd"][0].ShouldBe(one);
        }
    }

    private static ImmutableSortedDictionary<string, decimal[]> Sums(decimal amount)
    {
        var amounts = new decimal[ChartOfAccounts.Money.Length];
        amounts[0] = amount;
        return ImmutableSortedDictionary<string, decimal[]>.Empty.Add("usd", amounts);
    }
}
