namespace Ledger.Domain.Catalog;

// ---- State: the entry as it is now, what it was begun with, and how often it changed. ----

/// <summary>A place in the catalogue: an entry, an archived one, or nothing yet.</summary>
public sealed record CatalogItem
{
    /// <summary>What kind of entry it holds.</summary>
    public required ItemKind Kind { get; init; }

    /// <summary>Its name within the kind.</summary>
    public required string Id { get; init; }

    /// <summary>How many events made it.</summary>
    public long Events { get; init; }

    /// <summary>The entry; the last one where it is archived; null where there never was any.</summary>
    public CatalogEntry? Entry { get; init; }

    /// <summary>Whether it is archived.</summary>
    public bool IsArchived { get; init; }

    /// <summary>When it changed last; null for an entry that every tenant begins with and nobody has changed.</summary>
    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>
    /// The version that a sale pins: 1 for what an entry begins with, be that its first event or what every tenant begins with; 0 where there is none.
    /// </summary>
    public long Version => Events + (CatalogDefaults.Find(Kind, Id) is null ? 0 : 1);

    /// <summary>Whether it can be bought now.</summary>
    public bool IsForSale => Entry is { Active: true } && !IsArchived;

    /// <summary>The tier and interval that a plan for sale holds, which no other may hold meanwhile; null for all else.</summary>
    public string? Slot => IsForSale && Entry is Plan plan ? SlotOf(plan) : null;

    /// <summary>The place as it is before its first event.</summary>
    public static CatalogItem Begin(ItemKind kind, string id) => new() { Kind = kind, Id = id, Entry = CatalogDefaults.Find(kind, id) };

    /// <summary>The name of a plan's tier and interval.</summary>
    public static string SlotOf(Plan plan) => $"{plan.Tier}/{(plan.Interval switch { PlanInterval.Month => "month", PlanInterval.Year => "year", PlanInterval.Fixed => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"fixed-{plan.TermDays}"), _ => "lifetime" })}";

    /// <summary>The place after one more event. Total.</summary>
    public CatalogItem Evolve(CatalogEvent happened, DateTimeOffset recordedAt)
    {
        var entry = happened.Entry();
        return this with { Events = Events + 1, Entry = entry ?? Entry, IsArchived = entry is null, UpdatedAt = recordedAt };
    }
}
