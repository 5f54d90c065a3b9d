using System.Collections.Immutable;

namespace Ledger.Domain.Catalog;

/// <summary>
/// What every tenant's catalogue begins with, whenever the tenant was made: the entries are there without an event, at version 1, until somebody changes or archives them.
/// They never change with the program: a sale has pinned them.
/// </summary>
public static class CatalogDefaults
{
    /// <summary>All of them.</summary>
    public static ImmutableArray<(string Id, CatalogEntry Entry)> All { get; } =
    [
        ("small", Pack("Small", 500, 5, 1)),
        ("medium", Pack("Medium", 1500, 15, 2)),
        ("large", Pack("Large", 3000, 30, 3)),
        ("free", Subscription("Free", "free", 0, PlanInterval.Month, 0)),
        ("pro-monthly", Subscription("Pro", "pro", 2999, PlanInterval.Month, 1)),
        ("pro-yearly", Subscription("Pro, by the year", "pro", 28800, PlanInterval.Year, 2)),
        ("enterprise-yearly", Subscription("Enterprise, by the year", "enterprise", 99900, PlanInterval.Year, 3)),
    ];

    /// <summary>What this place begins with; null where that is nothing.</summary>
    public static CatalogEntry? Find(ItemKind kind, string id)
    {
        foreach (var (name, entry) in All)
        {
            if (name == id && entry.Kind() == kind) return entry;
        }

        return null;
    }

    /// <summary>The plan that holds a tier and interval from the beginning on; null where none does.</summary>
    public static string? HolderOf(string slot)
    {
        foreach (var (name, entry) in All)
        {
            if (entry is Plan plan && CatalogItem.SlotOf(plan) == slot) return name;
        }

        return null;
    }

    private static Package Pack(string name, long cents, int credits, int order) =>
        new() { Name = name, Active = true, Price = new(cents, "usd"), CreditAmount = credits, SortOrder = order };

    private static Plan Subscription(string name, string tier, long cents, PlanInterval interval, int order) =>
        new() { Name = name, Tier = tier, Active = true, Price = new(cents, "usd"), Interval = interval, DisplayOrder = order };
}
