using System.Globalization;
using Ledger.Api.Profiles;
using Ledger.Domain;
using Ledger.Domain.Invoices;

namespace Ledger.Api.Invoices;

/// <summary>One row of an invoice's sums.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Amount">How much.</param>
/// <param name="Strong">Whether it is what counts.</param>
internal sealed record PaperSum(string Label, string Amount, bool Strong = false);

/// <summary>One line of an invoice, as text.</summary>
/// <param name="Description">What it is.</param>
/// <param name="Period">The time that it is for; null for none.</param>
/// <param name="Quantity">How many.</param>
/// <param name="UnitAmount">The price of one.</param>
/// <param name="Amount">What it adds.</param>
internal sealed record PaperLine(string Description, string? Period, string Quantity, string UnitAmount, string Amount);

/// <summary>What an invoice says to people, as text: the page and the PDF show the same.</summary>
internal sealed record InvoicePaper
{
    public required string Number { get; init; }

    public required string Status { get; init; }

    public required IReadOnlyList<string> Seller { get; init; }

    public required IReadOnlyList<string> Buyer { get; init; }

    public required IReadOnlyList<(string Label, string Text)> Facts { get; init; }

    public required IReadOnlyList<PaperLine> Lines { get; init; }

    public required IReadOnlyList<PaperSum> Sums { get; init; }

    public required IReadOnlyList<(string Number, string Date, string Amount)> Notes { get; init; }

    public required IReadOnlyList<string> Footer { get; init; }

    public static InvoicePaper Of(Invoice invoice, Contact? buyer)
    {
        var seller = invoice.Seller;
        return new InvoicePaper
        {
            Number = invoice.Number,
            Status = invoice.Status switch
            {
                InvoiceStatus.Paid when invoice.Credited.Amount > 0 => "Paid, partly refunded",
                InvoiceStatus.Pending => "Payment due",
                InvoiceStatus.Failed => "Payment failed",
                var status => status.ToString(),
            },
            Seller = [.. Parts(seller?.Name), .. Parts(seller?.Address), .. seller?.TaxId is { } id ? [$"Tax id {id}"] : Array.Empty<string>()],
            Buyer = [.. Parts(buyer?.Name), .. Parts(buyer?.Address), .. Parts(buyer?.Email), $"Account {invoice.Account}"],
            Facts = [.. FactsOf(invoice)],
            Lines = [.. invoice.Lines.Select(LineOf)],
            Sums = [.. SumsOf(invoice)],
            Notes = [.. invoice.Notes.Select(note => (note.Number, Day(note.IssuedAt), Text(note.Amount with { Amount = -note.Amount.Amount })))],
            Footer = [.. Parts(seller?.Footer)],
        };
    }

    /// <summary>Money for people: 1,500.00 USD, 1,500 JPY, 1.500 KWD.</summary>
    public static string Text(Money money)
    {
        var decimals = Currencies.TryGetDecimals(money.Currency, out var known) ? known : 0;
        var amount = (decimal)money.Amount;
        for (var i = 0; i < decimals; i++) amount /= 10;
        return string.Create(CultureInfo.InvariantCulture, $"{amount.ToString("N" + decimals, CultureInfo.InvariantCulture)} {money.Currency.ToUpperInvariant()}");
    }

    private static PaperLine LineOf(InvoiceLine line) => new(
        line.Description, line is { PeriodStart: { } start, PeriodEnd: { } end } ? $"{Day(start)} to {Day(end)}" : null, line.Quantity.ToString("N0", CultureInfo.InvariantCulture), Text(line.UnitAmount), Text(line.Amount));

    private static IEnumerable<(string, string)> FactsOf(Invoice invoice)
    {
        yield return ("Number", invoice.Number);
        yield return ("Issued", Day(invoice.IssuedAt));
        if (invoice.DueAt is { } due) yield return ("Due", Day(due));
        if (invoice.PaidAt is { } paid) yield return ("Paid", Day(paid));
        if (invoice.VoidedAt is { } taken) yield return ("Taken back", Day(taken));
        if (invoice.Payment is { } payment) yield return ("Payment", payment.Value);
    }

    private static IEnumerable<PaperSum> SumsOf(Invoice invoice)
    {
        if (invoice.Discount.Amount > 0)
        {
            yield return new PaperSum("Subtotal", Text(invoice.Subtotal));
            yield return new PaperSum("Discount", Text(invoice.Discount with { Amount = -invoice.Discount.Amount }));
        }

        yield return new PaperSum("Total", Text(invoice.Total), Strong: true);
        if (invoice.TaxPercent > 0)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{invoice.TaxName ?? "Tax"} {invoice.TaxPercent:0.####} %");
            yield return new PaperSum("Net", Text(invoice.Net));
            yield return new PaperSum($"{name}, in the total", Text(invoice.Tax));
        }

        if (invoice.PaidAt is not null) yield return new PaperSum("Paid", Text(invoice.AmountPaid));
        if (invoice.Notes.Count > 0) yield return new PaperSum("Credited", Text(invoice.Credited with { Amount = -invoice.Credited.Amount }));
    }

    private static string[] Parts(string? text) => text is null ? [] : text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
