using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Catalog;

namespace Ledger.Api.Catalog;

/// <summary>An entry of the catalogue as clients see it.</summary>
public abstract record CatalogBody
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>What people know it by.</summary>
    public required string Name { get; init; }

    /// <summary>For people.</summary>
    public string? Description { get; init; }

    /// <summary>Whether it is sold now.</summary>
    public required bool Active { get; init; }

    /// <summary>Whether it was taken from sale for good.</summary>
    public required bool Archived { get; init; }

    /// <summary>The version that a sale pins.</summary>
    public required long Version { get; init; }

    /// <summary>When it changed last; null for what every tenant begins with and nobody has changed.</summary>
    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>What the app notes on it.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    internal static CatalogBody Of(CatalogItem item) => item.Entry switch
    {
        Package package => PackageBody.Of(item, package),
        Plan plan => PlanBody.Of(item, plan),
        _ => ProductBody.Of(item, (Product)item.Entry!),
    };
}

/// <summary>Credits for money.</summary>
public sealed record PackageBody : CatalogBody
{
    /// <summary>The price of one.</summary>
    public required Money Price { get; init; }

    /// <summary>The credits of one.</summary>
    public required Credits CreditAmount { get; init; }

    /// <summary>After how many days the credits end; null for never.</summary>
    public int? ExpiresAfterDays { get; init; }

    /// <summary>Its place in lists, lower first.</summary>
    public required int SortOrder { get; init; }

    internal static PackageBody Of(CatalogItem item, Package package) => new()
    {
        Id = item.Id,
        Name = package.Name,
        Description = package.Description,
        Active = item.IsForSale,
        Archived = item.IsArchived,
        Version = item.Version,
        UpdatedAt = item.UpdatedAt,
        Metadata = package.Metadata ?? Domain.Metadata.Empty,
        Price = package.Price,
        CreditAmount = package.CreditAmount,
        ExpiresAfterDays = package.ExpiresAfterDays,
        SortOrder = package.SortOrder,
    };
}

/// <summary>Something to have access to.</summary>
public sealed record ProductBody : CatalogBody
{
    /// <summary>The app's word for what it is.</summary>
    public required string Kind { get; init; }

    /// <summary>The price; null: included in every live subscription.</summary>
    public Money? Price { get; init; }

    internal static ProductBody Of(CatalogItem item, Product product) => new()
    {
        Id = item.Id,
        Name = product.Name,
        Description = product.Description,
        Active = item.IsForSale,
        Archived = item.IsArchived,
        Version = item.Version,
        UpdatedAt = item.UpdatedAt,
        Metadata = product.Metadata ?? Domain.Metadata.Empty,
        Kind = product.Type,
        Price = product.Price,
    };
}

/// <summary>How much of a period's credits goes on.</summary>
/// <param name="Max">At most so many credits.</param>
public sealed record RolloverBody(Credits Max);

/// <summary>How many people may use a plan.</summary>
/// <param name="Min">At least.</param>
/// <param name="Max">At most; null for any number.</param>
/// <param name="PricePerSeat">What each costs; null where the price is for all.</param>
public sealed record SeatsBody(int Min, int? Max, Money? PricePerSeat);

/// <summary>What a provider calls a plan.</summary>
/// <param name="PriceId">Its price.</param>
/// <param name="ProductId">Its product.</param>
public sealed record PlanRefBody(string? PriceId, string? ProductId);

/// <summary>What a subscription is to.</summary>
public sealed record PlanBody : CatalogBody
{
    /// <summary>The app's word for how much it gives.</summary>
    public required string Tier { get; init; }

    /// <summary>The price of a period.</summary>
    public required Money Price { get; init; }

    /// <summary>month, year, lifetime or fixed: one period, which nothing follows.</summary>
    public required PlanInterval Interval { get; init; }

    /// <summary>Days of a fixed term; left out for all other intervals.</summary>
    public int? TermDays { get; init; }

    /// <summary>Days of trial.</summary>
    public required int TrialDays { get; init; }

    /// <summary>Credits that come with each period.</summary>
    public required Credits CreditsPerPeriod { get; init; }

    /// <summary>How much of a period's credits goes on.</summary>
    public required RolloverBody Rollover { get; init; }

    /// <summary>How much of each metric may be used; what is not named has no limit.</summary>
    public required IReadOnlyDictionary<string, Credits> Limits { get; init; }

    /// <summary>Whatever the app shows of it.</summary>
    public required JsonElement Features { get; init; }

    /// <summary>How many people may use it.</summary>
    public SeatsBody? Seats { get; init; }

    /// <summary>What providers call it, by provider.</summary>
    public required IReadOnlyDictionary<string, PlanRefBody> ProviderRefs { get; init; }

    /// <summary>Its place in lists, lower first.</summary>
    public required int DisplayOrder { get; init; }

    internal static PlanBody Of(CatalogItem item, Plan plan) => new()
    {
        Id = item.Id,
        Name = plan.Name,
        Description = plan.Description,
        Active = item.IsForSale,
        Archived = item.IsArchived,
        Version = item.Version,
        UpdatedAt = item.UpdatedAt,
        Metadata = plan.Metadata ?? Domain.Metadata.Empty,
        Tier = plan.Tier,
        Price = plan.Price,
        Interval = plan.Interval,
        TermDays = plan.TermDays,
        TrialDays = plan.TrialDays,
        CreditsPerPeriod = plan.CreditsPerPeriod,
        Rollover = new(plan.RolloverMax),
        Limits = plan.Limits.ToDictionary(limit => limit.Metric, limit => limit.Max, StringComparer.Ordinal),
        Features = JsonSerializer.Deserialize<JsonElement>(plan.Features ?? "{}"),
        Seats = plan.Seats is { } seats ? new(seats.Min, seats.Max, seats.PricePerSeat) : null,
        ProviderRefs = plan.ProviderRefs.ToDictionary(named => named.Provider, named => new PlanRefBody(named.PriceId, named.ProductId), StringComparer.Ordinal),
        DisplayOrder = plan.DisplayOrder,
    };
}
