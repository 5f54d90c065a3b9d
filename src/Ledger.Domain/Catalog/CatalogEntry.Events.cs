namespace Ledger.Domain.Catalog;

// ---- Events: what an entry was from then on, whole. Names and members are stored for ever; a member is only ever added, and then optional. ----

/// <summary>Something that happened to an entry of the catalogue. A closed family.</summary>
public abstract record CatalogEvent
{
    private protected CatalogEvent()
    {
    }

    /// <summary>The entry from here on; null where it is archived.</summary>
    public abstract CatalogEntry? Entry();
}

/// <summary>A package was put up, or is another one from here on.</summary>
public sealed record PackageDefined : CatalogEvent
{
    /// <summary>All of it.</summary>
    public required Package Package { get; init; }

    /// <inheritdoc/>
    public override CatalogEntry Entry() => Package;
}

/// <summary>A package is not sold any more. What was sold stays as it was.</summary>
public sealed record PackageArchived : CatalogEvent
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override CatalogEntry? Entry() => null;
}

/// <summary>A product was put up, or is another one from here on.</summary>
public sealed record ProductDefined : CatalogEvent
{
    /// <summary>All of it.</summary>
    public required Product Product { get; init; }

    /// <inheritdoc/>
    public override CatalogEntry Entry() => Product;
}

/// <summary>A product is not sold any more.</summary>
public sealed record ProductArchived : CatalogEvent
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override CatalogEntry? Entry() => null;
}

/// <summary>A plan was put up, or is another one from here on.</summary>
public sealed record PlanDefined : CatalogEvent
{
    /// <summary>All of it.</summary>
    public required Plan Plan { get; init; }

    /// <inheritdoc/>
    public override CatalogEntry Entry() => Plan;
}

/// <summary>A plan is not sold any more.</summary>
public sealed record PlanArchived : CatalogEvent
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override CatalogEntry? Entry() => null;
}
