namespace Ledger.Domain.Catalog;

/// <summary>What may be sold.</summary>
public enum ItemKind
{
    /// <summary>Credits for money, once.</summary>
    Package,

    /// <summary>A subscription.</summary>
    Plan,

    /// <summary>Access to something, such as a workshop.</summary>
    Product,
}

/// <summary>An entry of the catalogue. A closed family.</summary>
public abstract record CatalogEntry
{
    private protected CatalogEntry()
    {
    }

    /// <summary>What people know it by.</summary>
    public required string Name { get; init; }

    /// <summary>For people.</summary>
    public string? Description { get; init; }

    /// <summary>Whether it is sold now.</summary>
    public required bool Active { get; init; }

    /// <summary>What the app notes on it.</summary>
    public Metadata? Metadata { get; init; }

    /// <summary>What kind of entry it is.</summary>
    public abstract ItemKind Kind();

    /// <summary>What it costs; null for a product that is included in every live subscription.</summary>
    public abstract Money? Cost();

    /// <summary>Its place in lists, lower first.</summary>
    public abstract int Order();

    /// <summary>The event that puts it up.</summary>
    public abstract CatalogEvent Defined();
}

/// <summary>Credits for money.</summary>
public sealed record Package : CatalogEntry
{
    /// <summary>The price of one.</summary>
    public required Money Price { get; init; }

    /// <summary>The credits of one; more than 0.</summary>
    public required Credits CreditAmount { get; init; }

    /// <summary>After how many days the credits end; null for never.</summary>
    public int? ExpiresAfterDays { get; init; }

    /// <summary>Its place in lists, lower first.</summary>
    public int SortOrder { get; init; }

    /// <inheritdoc/>
    public override ItemKind Kind() => ItemKind.Package;

    /// <inheritdoc/>
    public override Money? Cost() => Price;

    /// <inheritdoc/>
    public override int Order() => SortOrder;

    /// <inheritdoc/>
    public override CatalogEvent Defined() => new PackageDefined { Package = this };
}

/// <summary>Something to have access to.</summary>
public sealed record Product : CatalogEntry
{
    /// <summary>The app's word for what it is, such as workshop.</summary>
    public required string Type { get; init; }

    /// <summary>The price; null: included in every live subscription.</summary>
    public Money? Price { get; init; }

    /// <inheritdoc/>
    public override ItemKind Kind() => ItemKind.Product;

    /// <inheritdoc/>
    public override Money? Cost() => Price;

    /// <inheritdoc/>
    public override int Order() => 0;

    /// <inheritdoc/>
    public override CatalogEvent Defined() => new ProductDefined { Product = this };
}

/// <summary>How long a plan's period is.</summary>
public enum PlanInterval
{
    /// <summary>A calendar month.</summary>
    Month,

    /// <summary>A calendar year.</summary>
    Year,

    /// <summary>For good.</summary>
    Lifetime,

    /// <summary>So many days, once: <see cref="Plan.TermDays"/>. No other period follows.</summary>
    Fixed,
}

/// <summary>A limit of a plan.</summary>
/// <param name="Metric">The app's word for what is limited.</param>
/// <param name="Max">How much; 0 or more. A metric that a plan does not name has no limit.</param>
public sealed record PlanLimit(string Metric, Credits Max);

/// <summary>How many people may use a plan.</summary>
/// <param name="Min">At least.</param>
/// <param name="Max">At most; null for any number.</param>
/// <param name="PricePerSeat">What each costs; null where the price is for all.</param>
public sealed record PlanSeats(int Min, int? Max = null, Money? PricePerSeat = null);

/// <summary>What a provider calls a plan.</summary>
/// <param name="Provider">The provider.</param>
/// <param name="PriceId">Its price.</param>
/// <param name="ProductId">Its product.</param>
public sealed record PlanRef(string Provider, string? PriceId = null, string? ProductId = null);

/// <summary>What a subscription is to.</summary>
public sealed record Plan : CatalogEntry
{
    /// <summary>The app's word for how much a plan gives, such as pro. One active plan has a tier and an interval.</summary>
    public required string Tier { get; init; }

    /// <summary>The price of a period.</summary>
    public required Money Price { get; init; }

    /// <summary>How long a period is.</summary>
    public required PlanInterval Interval { get; init; }

    /// <summary>The days of a fixed term, 1 to <see cref="TermDaysMax"/>, of 24 hours each; null for all other intervals.</summary>
    public int? TermDays { get; init; }

    /// <summary>The longest fixed term, in days.</summary>
    public const int TermDaysMax = 3_660;

    /// <summary>Days of trial; 0 for none.</summary>
    public int TrialDays { get; init; }

    /// <summary>Credits that come with each period.</summary>
    public Credits CreditsPerPeriod { get; init; }

    /// <summary>At most so many of a period's credits go on into the next one; 0 for none.</summary>
    public Credits RolloverMax { get; init; }

    /// <summary>Limits, by metric in ordinal order.</summary>
    public ValueList<PlanLimit> Limits { get; init; } = [];

    /// <summary>Whatever the app shows of it: canonical JSON text of an object; the domain does not look into it.</summary>
    public string? Features { get; init; }

    /// <summary>How many people may use it; null where that is not limited.</summary>
    public PlanSeats? Seats { get; init; }

    /// <summary>What providers call it, by provider in ordinal order.</summary>
    public ValueList<PlanRef> ProviderRefs { get; init; } = [];

    /// <summary>Its place in lists, lower first.</summary>
    public int DisplayOrder { get; init; }

    /// <summary>What a period costs for so many seats.</summary>
    /// <param name="seats">How many; null where it counts none.</param>
    public Money PriceOf(int? seats) =>
        Seats?.PricePerSeat is { } each && seats is { } count ? Price with { Amount = (long)Int128.Min(long.MaxValue, Price.Amount + ((Int128)each.Amount * count)) } : Price;

    /// <summary>What a provider calls its price, where that provider charges its periods by itself; null where it does not.</summary>
    /// <param name="provider">The provider.</param>
    public string? PriceAt(string? provider)
    {
        foreach (var known in ProviderRefs)
        {
            if (known.Provider == provider) return known.PriceId;
        }

        return null;
    }

    /// <inheritdoc/>
    public override ItemKind Kind() => ItemKind.Plan;

    /// <inheritdoc/>
    public override Money? Cost() => Price;

    /// <inheritdoc/>
    public override int Order() => DisplayOrder;

    /// <inheritdoc/>
    public override CatalogEvent Defined() => new PlanDefined { Plan = this };
}
