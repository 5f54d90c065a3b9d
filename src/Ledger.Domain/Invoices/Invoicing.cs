using System.Globalization;

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

/// <summary>The next number of a year was given to a credit note; they have a series of their own.</summary>
public sealed record CreditNoteNumbered : InvoicingEvent
{
    /// <summary>To a note of this invoice.</summary>
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

    /// <summary>The last number of invoices of each year.</summary>
    public ValueList<YearNumber> Years { get; init; } = [];

    /// <summary>The last number of credit notes of each year.</summary>
    public ValueList<YearNumber> NoteYears { get; init; } = [];

    /// <summary>The numbers after one more event. Total.</summary>
    public Invoicing Evolve(InvoicingEvent happened)
    {
        var next = this with { Version = Version + 1 };
        return happened switch
        {
            InvoiceNumbered e => next with { Years = With(Years, e.Year, e.Number) },
            CreditNoteNumbered e => next with { NoteYears = With(NoteYears, e.Year, e.Number) },
            _ => next,
        };
    }

    /// <summary>The next number of invoices of a year.</summary>
    public long Next(int year) => Last(Years, year) + 1;

    /// <summary>The next number of credit notes of a year.</summary>
    public long NextNote(int year) => Last(NoteYears, year) + 1;

    /// <summary>How the number of an invoice is written: <c>INV-2026-000001</c>, with more digits where six are too few.</summary>
    public static string TextOf(int year, long number) => string.Create(CultureInfo.InvariantCulture, $"INV-{year:0000}-{number:000000}");

    /// <summary>How the number of a credit note is written: <c>CN-2026-000001</c>.</summary>
    public static string NoteTextOf(int year, long number) => string.Create(CultureInfo.InvariantCulture, $"CN-{year:0000}-{number:000000}");

    private static ValueList<YearNumber> With(ValueList<YearNumber> years, int year, long last)
    {
        var all = new List<YearNumber>(years.Count + 1);
        foreach (var known in years)
        {
            if (known.Year != year) all.Add(known);
        }

        all.Add(new(year, last));
        return [.. all];
    }

    private static long Last(ValueList<YearNumber> years, int year)
    {
        foreach (var known in years)
        {
            if (known.Year == year) return known.Last;
        }

        return 0;
    }
}
