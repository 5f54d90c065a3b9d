using System.Text.RegularExpressions;
using Ledger.Api.Http;
using Ledger.Api.Tests.Contract;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;

namespace Ledger.Api.Tests.Payments;

public sealed partial class Names_from_elsewhere
{
    private static readonly IReadOnlyCollection<string> Known =
        [.. Words.All<PaymentStatus>(), .. Words.All<ItemKind>(), .. Words.All<PlanInterval>(), .. Words.All<PaymentPurpose>(), .. Metrics.Known];

    [Fact]
    public void Every_name_on_our_side_is_in_the_code_and_every_status_has_names_elsewhere()
    {
        var page = File.ReadAllLines(Path.Combine(MappedRoute.Root, "docs", "designs.md"));
        var rows = page.Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.EndsWith("| here |", StringComparison.Ordinal) && !line.StartsWith("| ---", StringComparison.Ordinal)).ToList();
        rows.Count.ShouldBeGreaterThan(30);
        var named = rows.SelectMany(row => Quoted().Matches(row.Split('|')[^2]).Select(match => match.Groups[1].Value)).ToHashSet(StringComparer.Ordinal);
        named.Where(name => !Known.Contains(name)).ShouldBeEmpty();
        Known.Except(named).ShouldBeEmpty();
        foreach (var row in rows) Quoted().IsMatch(row.Split('|')[^2]).ShouldBeTrue(row);
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
