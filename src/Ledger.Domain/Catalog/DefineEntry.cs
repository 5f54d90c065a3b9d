using System.Globalization;

namespace Ledger.Domain.Catalog;

/// <summary>What became of a command on the catalogue.</summary>
public abstract record CatalogDecision
{
    private CatalogDecision()
    {
    }

    /// <summary>Refused; nothing is appended.</summary>
    public static CatalogDecision Refuse(Refusal refusal) => new Refused(refusal);

    /// <summary>One event is appended; null where nothing has to change.</summary>
    public sealed record Accepted(CatalogEvent? Happened) : CatalogDecision;

    /// <summary>Refused for a reason.</summary>
    public sealed record Refused(Refusal Refusal) : CatalogDecision;
}

/// <summary>Puts an entry up, or another one in its place.</summary>
/// <param name="Entry">All of it.</param>
public sealed record DefineEntry(CatalogEntry Entry);

/// <summary>Defines entries.</summary>
public static class DefineEntryHandler
{
    /// <summary>The most credits of one package, limit or period.</summary>
    public static readonly Credits AmountMax = Credits.AmountMax;

    /// <summary>Takes the entry as it is; the same one again changes nothing. An archived one is sold again.</summary>
    /// <param name="command">What to put up.</param>
    /// <param name="item">The place.</param>
    /// <param name="holder">The plan that holds the tier and interval of a plan now; null where none does.</param>
    public static CatalogDecision Handle(DefineEntry command, CatalogItem item, string? holder)
    {
        var entry = command.Entry;
        Invariant.Holds(entry.Kind() == item.Kind, "an entry goes to a place of its kind");
        if (entry is Package package && Amount("creditAmount", package.CreditAmount, positive: true) is { } badCredits) return CatalogDecision.Refuse(badCredits);
        if (entry is Plan terms && (Amount("creditsPerPeriod", terms.CreditsPerPeriod, positive: false) ?? Amount("rollover.max", terms.RolloverMax, positive: false)) is { } badTerms) return CatalogDecision.Refuse(badTerms);
        if (entry is Plan { } timed && Term(timed) is { } badTerm) return CatalogDecision.Refuse(badTerm);
        if (entry.Cost() is { Amount: < 0 }) return CatalogDecision.Refuse(new InvalidRequest("price.amount", "must be 0 or more"));
        if (item.Entry == entry && !item.IsArchived) return new CatalogDecision.Accepted(null);
        if (entry is Plan { Active: true } plan && holder is not null && holder != item.Id)
        {
            return CatalogDecision.Refuse(new EntryConflict($"Plan {holder} is sold for the tier {plan.Tier} and the same interval already. Archive it or make it inactive first.", "active"));
        }

        return new CatalogDecision.Accepted(entry.Defined());
    }

    private static InvalidRequest? Term(Plan plan)
    {
        if (plan.Interval != PlanInterval.Fixed) return plan.TermDays is null ? null : new("termDays", "goes with the interval fixed alone");
        if (plan.TermDays is not (>= 1 and <= Plan.TermDaysMax)) return new("termDays", string.Create(CultureInfo.InvariantCulture, $"is required with the interval fixed, 1 to {Plan.TermDaysMax}"));
        if (plan.RolloverMax.IsPositive) return new("rollover.max", "must be 0 with the interval fixed: no period follows that anything could go on into");
        foreach (var named in plan.ProviderRefs)
        {
            if (named.PriceId is not null) return new($"providerRefs.{named.Provider}.priceId", "must be left out with the interval fixed: a provider would charge it again and again");
        }

        return null;
    }

    private static InvalidAmount? Amount(string member, Credits amount, bool positive)
    {
        if (positive ? !amount.IsPositive : amount.IsNegative) return new(member, positive ? "must be more than 0" : "must be 0 or more");
        if (amount > AmountMax) return new(member, $"must be at most {AmountMax}");
        return amount.Scale > Credits.ScaleMax ? new(member, string.Create(CultureInfo.InvariantCulture, $"may have at most {Credits.ScaleMax} decimals")) : null;
    }
}
