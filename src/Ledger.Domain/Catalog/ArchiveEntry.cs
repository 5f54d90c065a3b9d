namespace Ledger.Domain.Catalog;

/// <summary>Takes an entry from sale for good, unless it is put up anew. What was sold stays as it was.</summary>
/// <param name="Reason">Why.</param>
public sealed record ArchiveEntry(string? Reason = null);

/// <summary>Archives entries.</summary>
public static class ArchiveEntryHandler
{
    /// <summary>Archives what is there; an archived one stays as it is.</summary>
    public static CatalogDecision Handle(ArchiveEntry command, CatalogItem item)
    {
        if (item.Entry is null) return CatalogDecision.Refuse(new EntryNotFound(item.Kind, item.Id));
        if (item.IsArchived) return new CatalogDecision.Accepted(null);
        return new CatalogDecision.Accepted(item.Kind switch
        {
            ItemKind.Package => new PackageArchived { Reason = command.Reason },
            ItemKind.Product => new ProductArchived { Reason = command.Reason },
            _ => new PlanArchived { Reason = command.Reason },
        });
    }
}
