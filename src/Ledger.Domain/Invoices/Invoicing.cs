namespace Ledger.Domain.Invoices;

// ---- Events ----

/// <summary>Something that happened to a tenant's invoice numbers. A closed family.</summary>
public abstract record InvoicingEvent
{
    private protected InvoicingEvent()
    {
    }
}

/// <summary>The next number of a year was given.</summary>
public sealed record InvoiceNumbered : InvoicingEvent
{
    /// <summary>To this invoice.</summary>
    public required InvoiceId Invoice { get; init; }

    /// <summary>Of this year, UTC.</summary>
    public required int Year { get; init; }

    /// <summary>The number within the year, from 1, without gaps.</summary>
    public required long Number { get; init; }
}

// ---- State ----

/// <summary>The last number of a year.</summary>
/// <param name="Year">The year, UTC.</param>
/// <param name="Last">Its last number.</param>
public sealed record YearNumber(int Year, long Last);

/// <summary>A tenant's invoice numbers: one stream, so that they have no gaps whatever comes at once.</summary>
public sealed record Invoicing
{
    /// <summary>How many events made it.</summary>
    public long Version { get; init; }

    /// <summary>The last number of each year.</summary>
    public ValueList<YearNumber> Years { get; init; } = [];

    /// <summary>The numbers after one more event. Total.</summary>
    public Invoicing Evolve(InvoicingEvent happened)
    {
        var next = this with { Version = Version + 1 };
        if (happened is not InvoiceNumbered e) return next;
        var others = new List<YearNumber>(Years.Count + 1);
        foreach (var year in Years)
        {
            if (year.Year != e.Year) others.Add(year);
        }

        others.Add(new(e.Year, e.Number));
        return next with { Years = [.. others] };
    }

    /// <summary>The next number of a year.</summary>
    public long Next(int year)
    {
        foreach (var known in Years)
        {
            if (known.Year == year) return known.Last + 1;
        }

        return 1;
    }
}
