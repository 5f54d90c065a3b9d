using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Tests.Contract;
using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;
using Ledger.Domain.Subscriptions;

namespace Ledger.Api.Tests.Payments;

public sealed partial class Names_from_elsewhere
{
    // Each of these has a name elsewhere.
    private static readonly IReadOnlyCollection<string> Known =
    [
        .. Words.All<PaymentStatus>(), .. Words.All<ItemKind>(), .. Words.All<PlanInterval>(), .. Words.All<PaymentPurpose>(), .. Words.All<SubscriptionStatus>(), .. Words.All<InvoiceStatus>(),
        .. Metrics.Known,
    ];

    [Fact]
    public void Every_name_on_our_side_is_in_the_code_and_every_status_has_names_elsewhere()
    {
        var page = File.ReadAllLines(Path.Combine(MappedRoute.Root, "docs", "designs.md"));
        var rows = page.Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.EndsWith("| here |", StringComparison.Ordinal) && !line.StartsWith("| ---", StringComparison.Ordinal)).ToList();
        rows.Count.ShouldBeGreaterThan(80);
        var named = rows.SelectMany(row => Quoted().Matches(row.Split('|')[^2]).Select(match => match.Groups[1].Value)).ToHashSet(StringComparer.Ordinal);
        var routes = File.ReadAllLines(Path.Combine(MappedRoute.Root, "docs", "http-api.txt")).Select(line => line.Split(" -> ")[0]).ToHashSet(StringComparer.Ordinal);
        var words = Known.Concat(Words.All<HoldState>()).Concat(Words.All<GrantSource>()).Concat(EventJson.Catalog.Names).ToHashSet(StringComparer.Ordinal);
        named.Where(name => !words.Contains(name) && !routes.Contains(name) && !IsMember(name)).ShouldBeEmpty();
        Known.Except(named).ShouldBeEmpty();
        foreach (var row in rows) Quoted().IsMatch(row.Split('|')[^2]).ShouldBeTrue(row);
    }

    [Theory]
    [InlineData("payment.paidAt", true)]
    [InlineData("payment.providerRefs.orderId", true)]
    [InlineData("payment.paid", false)]
    [InlineData("payment.providerRefs.order", false)]
    [InlineData("paid", false)]
    public void A_member_is_found_where_it_is(string name, bool isThere) => IsMember(name).ShouldBe(isThere);

    /// <summary>Whether there is an answer with such a member: <c>payment.method</c> is the property Method of PaymentBody.</summary>
    private static bool IsMember(string name)
    {
        var parts = name.Split('.');
        if (parts.Length < 2) return false;
        var type = typeof(Problem).Assembly.GetTypes().SingleOrDefault(type => type.Name == Pascal(parts[0]) + "Body");
        foreach (var part in parts[1..])
        {
            var property = type?.GetProperties(BindingFlags.Public | BindingFlags.Instance).SingleOrDefault(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name) == part);
            if (property is null) return false;
            type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        }

        return true;
    }

    private static string Pascal(string word) => char.ToUpperInvariant(word[0]) + word[1..];

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
