using System.Text.Json;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Catalog;
using Ledger.Domain.Quotas;

namespace Ledger.Api.Catalog;

/// <summary>An entry of the catalogue in a request: what is left out is as it is by default, whatever it was before.</summary>
public abstract record CatalogRequest
{
    /// <summary>Most characters of a name or a tier.</summary>
    public const int NameMax = 200;

    /// <summary>Most characters of a description.</summary>
    public const int DescriptionMax = 2_000;

    /// <summary>What people know it by.</summary>
    public string? Name { get; init; }

    /// <summary>For people.</summary>
    public string? Description { get; init; }

    /// <summary>Whether it is sold now; true where it is left out.</summary>
    public bool? Active { get; init; }

    /// <summary>At most 50 text members. No personal data: it is kept for ever.</summary>
    public IReadOnlyDictionary<string, string?>? Metadata { get; init; }

    internal abstract CatalogEntry ToEntry(Errors errors);

    internal Metadata? Kept(Errors errors) => errors.Metadata(Metadata) is { Count: > 0 } kept ? kept : null;
}

/// <summary>Credits for money.</summary>
public sealed record PackageRequest : CatalogRequest
{
    /// <summary>The price of one.</summary>
    public MoneyBody? Price { get; init; }

    /// <summary>The credits of one; more than 0.</summary>
    public Credits? CreditAmount { get; init; }

    /// <summary>After how many days the credits end, 1 to 36,500; never, where it is left out.</summary>
    public int? ExpiresAfterDays { get; init; }

    /// <summary>Its place in lists, lower first; 0 where it is left out.</summary>
    public int? SortOrder { get; init; }

    internal override CatalogEntry ToEntry(Errors errors) => new Package
    {
        Name = errors.RequiredText(Name, "name", NameMax),
        Description = errors.Text(Description, "description", DescriptionMax),
        Active = Active ?? true,
        Metadata = Kept(errors),
        Price = errors.RequiredMoney(Price, "price"),
        CreditAmount = errors.RequiredAmount(CreditAmount, "creditAmount"),
        ExpiresAfterDays = errors.Range(ExpiresAfterDays, "expiresAfterDays", 1, 36_500),
        SortOrder = SortOrder ?? 0,
    };
}

/// <summary>Something to have access to.</summary>
public sealed record ProductRequest : CatalogRequest
{
    /// <summary>The app's word for what it is; workshop where it is left out.</summary>
    public string? Kind { get; init; }

    /// <summary>The price; without one it is included in every live subscription.</summary>
    public MoneyBody? Price { get; init; }

    internal override CatalogEntry ToEntry(Errors errors) => new Product
    {
        Name = errors.RequiredText(Name, "name", NameMax),
        Description = errors.Text(Description, "description", DescriptionMax),
        Active = Active ?? true,
        Metadata = Kept(errors),
        Type = errors.Id(Kind, "kind") ?? "workshop",
        Price = errors.Money(Price, "price"),
    };
}

/// <summary>How much of a period's credits goes on.</summary>
public sealed record RolloverRequest
{
    /// <summary>At most so many credits; 0 for none.</summary>
    public Credits? Max { get; init; }
}

/// <summary>How many people may use a plan.</summary>
public sealed record SeatsRequest
{
    /// <summary>At least; 1 where it is left out.</summary>
    public int? Min { get; init; }

    /// <summary>At most; any number where it is left out.</summary>
    public int? Max { get; init; }

    /// <summary>What each costs; without it the price is for all.</summary>
    public MoneyBody? PricePerSeat { get; init; }
}

/// <summary>What a provider calls a plan.</summary>
public sealed record PlanRefRequest
{
    /// <summary>Its price.</summary>
    public string? PriceId { get; init; }

    /// <summary>Its product.</summary>
    public string? ProductId { get; init; }
}

/// <summary>What a subscription is to.</summary>
public sealed record PlanRequest : CatalogRequest
{
    /// <summary>Most limits of a plan.</summary>
    public const int LimitsMax = 100;

    /// <summary>The app's word for how much the plan gives, such as pro. One active plan has a tier and an interval.</summary>
    public string? Tier { get; init; }

    /// <summary>The price of a period.</summary>
    public MoneyBody? Price { get; init; }

    /// <summary>month, year, lifetime or fixed: one period of termDays, which nothing follows.</summary>
    public PlanInterval? Interval { get; init; }

    /// <summary>Days of a fixed term, 1 to 3,660; for the interval fixed alone.</summary>
    public int? TermDays { get; init; }

    /// <summary>Days of trial, 0 to 730; 0 where it is left out.</summary>
    public int? TrialDays { get; init; }

    /// <summary>Credits that come with each period; 0 where it is left out.</summary>
    public Credits? CreditsPerPeriod { get; init; }

    /// <summary>How much of a period's credits goes on; none where it is left out.</summary>
    public RolloverRequest? Rollover { get; init; }

    /// <summary>How much of each metric may be used; a metric that is left out has no limit.</summary>
    public IReadOnlyDictionary<string, Quantity?>? Limits { get; init; }

    /// <summary>Whatever the app shows of it: an object of at most 8 KB.</summary>
    public JsonElement? Features { get; init; }

    /// <summary>How many people may use it.</summary>
    public SeatsRequest? Seats { get; init; }

    /// <summary>What providers call it, by provider.</summary>
    public IReadOnlyDictionary<string, PlanRefRequest?>? ProviderRefs { get; init; }

    /// <summary>Its place in lists, lower first; 0 where it is left out.</summary>
    public int? DisplayOrder { get; init; }

    internal override CatalogEntry ToEntry(Errors errors) => new Plan
    {
        Name = errors.RequiredText(Name, "name", NameMax),
        Description = errors.Text(Description, "description", DescriptionMax),
        Active = Active ?? true,
        Metadata = Kept(errors),
        Tier = errors.RequiredId(Tier, "tier"),
        Price = errors.RequiredMoney(Price, "price"),
        Interval = errors.Required(Interval, "interval"),
        TermDays = TermDays,
        TrialDays = errors.Range(TrialDays, "trialDays", 0, 730) ?? 0,
        CreditsPerPeriod = NotNegative(CreditsPerPeriod, "creditsPerPeriod", errors),
        RolloverMax = NotNegative(Rollover?.Max, "rollover.max", errors),
        Limits = [.. LimitsOf(errors)],
        Features = errors.FreeObject(Features, "features") is { } text && text != "{}" ? text : null,
        Seats = SeatsOf(errors),
        ProviderRefs = [.. RefsOf(errors)],
        DisplayOrder = DisplayOrder ?? 0,
    };

    private static Credits NotNegative(Credits? value, string member, Errors errors)
    {
        if (value is { IsNegative: true }) errors.Add(member, "must be 0 or more");
        return value ?? Credits.Zero;
    }

    private List<PlanLimit> LimitsOf(Errors errors)
    {
        var limits = new List<PlanLimit>();
        foreach (var (metric, max) in (Limits ?? new Dictionary<string, Quantity?>()).OrderBy(limit => limit.Key, StringComparer.Ordinal))
        {
            if (!Errors.IsId(metric)) errors.Add("limits", "has a metric with other characters than A-Z a-z 0-9 . _ : -");
            else if (max is { Value: var amount })
            {
                if (amount > Metrics.MaxOf(metric)) errors.Add("limits." + metric, $"must be at most {Metrics.MaxOf(metric)}");
                limits.Add(new(metric, NotNegative(amount, "limits." + metric, errors)));
            }
        }

        if (limits.Count > LimitsMax) errors.Add("limits", $"must have at most {LimitsMax} members");
        return limits;
    }

    private PlanSeats? SeatsOf(Errors errors)
    {
        if (Seats is null) return null;
        var min = errors.Range(Seats.Min, "seats.min", 1, 1_000_000) ?? 1;
        var max = errors.Range(Seats.Max, "seats.max", min, 1_000_000);
        return new PlanSeats(min, max, errors.Money(Seats.PricePerSeat, "seats.pricePerSeat"));
    }

    private List<PlanRef> RefsOf(Errors errors)
    {
        var refs = new List<PlanRef>();
        foreach (var (provider, named) in (ProviderRefs ?? new Dictionary<string, PlanRefRequest?>()).OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (provider is not ("stripe" or "midtrans")) errors.Add("providerRefs", "has another member than stripe and midtrans");
            if (named is null) continue;
            refs.Add(new PlanRef(provider, errors.Text(named.PriceId, $"providerRefs.{provider}.priceId", NameMax), errors.Text(named.ProductId, $"providerRefs.{provider}.productId", NameMax)));
        }

        return refs;
    }
}
