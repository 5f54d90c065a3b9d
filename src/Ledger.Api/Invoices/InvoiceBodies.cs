using Ledger.Api.Profiles;
using Ledger.Domain;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;

namespace Ledger.Api.Invoices;

/// <summary>One line of an invoice.</summary>
/// <param name="Description">As people read it.</param>
/// <param name="Quantity">How many.</param>
/// <param name="UnitAmount">The price of one.</param>
/// <param name="Amount">What the line adds; negative for a credit.</param>
/// <param name="PeriodStart">When the service that it is for begins.</param>
/// <param name="PeriodEnd">When that service ends.</param>
public sealed record InvoiceLineBody(string Description, long Quantity, Money UnitAmount, Money Amount, DateTimeOffset? PeriodStart, DateTimeOffset? PeriodEnd);

/// <summary>A credit note of an invoice.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Amount">What it takes off what was paid; negative where it takes back earlier notes, because the money stayed after all.</param>
/// <param name="Tax">The tax in that.</param>
/// <param name="IssuedAt">When it was written.</param>
public sealed record CreditNoteBody(string Number, Money Amount, Money Tax, DateTimeOffset IssuedAt);

/// <summary>Who sold it, as the tenant had set when the invoice was written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address.</param>
/// <param name="TaxId">Its number with the tax office.</param>
/// <param name="Footer">What stands below.</param>
public sealed record SellerBody(string? Name, string? Address, string? TaxId, string? Footer);

/// <summary>Who it is for, as the account's profile says now.</summary>
/// <param name="Name">A name; null where none is kept.</param>
/// <param name="Email">A mail address; null where none is kept.</param>
/// <param name="Address">An address; null where none is kept.</param>
public sealed record BuyerBody(string? Name, string? Email, string? Address);

/// <summary>How a provider names its copy.</summary>
/// <param name="Provider">The provider.</param>
/// <param name="InvoiceId">Its id of it.</param>
public sealed record InvoiceRefsBody(string? Provider, string? InvoiceId);

/// <summary>An invoice as clients see it. Prices contain the tax: total = net + tax.</summary>
public sealed record InvoiceBody
{
    /// <summary>Its id.</summary>
    public required InvoiceId Id { get; init; }

    /// <summary>Its number, without gaps within the tenant and year.</summary>
    public required string Number { get; init; }

    /// <summary>The account that it is for.</summary>
    public required AccountId AccountId { get; init; }

    /// <summary>pending, paid, failed, refunded or void.</summary>
    public required InvoiceStatus Status { get; init; }

    /// <summary>The payment that it is for.</summary>
    public PaymentId? PaymentId { get; init; }

    /// <summary>The subscription that it is for.</summary>
    public string? SubscriptionId { get; init; }

    /// <summary>ISO 4217, lower case.</summary>
    public required string Currency { get; init; }

    /// <summary>Its lines.</summary>
    public required IReadOnlyList<InvoiceLineBody> Lines { get; init; }

    /// <summary>The sum of the lines.</summary>
    public required Money Subtotal { get; init; }

    /// <summary>What is taken off that.</summary>
    public required Money Discount { get; init; }

    /// <summary>The total without its tax.</summary>
    public required Money Net { get; init; }

    /// <summary>The tax in the total.</summary>
    public required Money Tax { get; init; }

    /// <summary>The tax's rate when it was written, in percent of the net amount; 0 for none.</summary>
    public required decimal TaxPercent { get; init; }

    /// <summary>The tax's name.</summary>
    public string? TaxName { get; init; }

    /// <summary>What is to be paid, or was.</summary>
    public required Money Total { get; init; }

    /// <summary>What was paid: all or nothing.</summary>
    public required Money AmountPaid { get; init; }

    /// <summary>What its credit notes come to: what has gone back of it.</summary>
    public required Money AmountCredited { get; init; }

    /// <summary>Its credit notes, oldest first.</summary>
    public required IReadOnlyList<CreditNoteBody> CreditNotes { get; init; }

    /// <summary>Who sold it.</summary>
    public SellerBody? Seller { get; init; }

    /// <summary>Who it is for; not in lists.</summary>
    public BuyerBody? Buyer { get; init; }

    /// <summary>When it was written.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>When it has to be paid; null where it was paid when it was written.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>When it was paid.</summary>
    public DateTimeOffset? PaidAt { get; init; }

    /// <summary>When it was taken back.</summary>
    public DateTimeOffset? VoidedAt { get; init; }

    /// <summary>Why charging it failed, or why it was taken back.</summary>
    public string? Reason { get; init; }

    /// <summary>How a provider names its copy.</summary>
    public required InvoiceRefsBody ProviderRefs { get; init; }

    /// <summary>The provider's page of it.</summary>
    public string? HostedUrl { get; init; }

    /// <summary>The provider's PDF of it.</summary>
    public string? PdfUrl { get; init; }

    /// <summary>How many events made it.</summary>
    public required long Version { get; init; }

    internal static InvoiceBody Of(Invoice invoice, Contact? buyer = null) => new()
    {
        Id = invoice.Id,
        Number = invoice.Number,
        AccountId = invoice.Account,
        Status = invoice.Status,
        PaymentId = invoice.Payment,
        SubscriptionId = invoice.Subscription?.Value,
        Currency = invoice.Total.Currency,
        Lines = [.. invoice.Lines.Select(line => new InvoiceLineBody(line.Description, line.Quantity, line.UnitAmount, line.Amount, line.PeriodStart, line.PeriodEnd))],
        Subtotal = invoice.Subtotal,
        Discount = invoice.Discount,
        Net = invoice.Net,
        Tax = invoice.Tax,
        TaxPercent = invoice.TaxPercent,
        TaxName = invoice.TaxName,
        Total = invoice.Total,
        AmountPaid = invoice.AmountPaid,
        AmountCredited = invoice.Credited,
        CreditNotes = [.. invoice.Notes.Select(note => new CreditNoteBody(note.Number, note.Amount, note.Tax, note.IssuedAt))],
        Seller = invoice.Seller is { } seller ? new SellerBody(seller.Name, seller.Address, seller.TaxId, seller.Footer) : null,
        Buyer = buyer is null ? null : new BuyerBody(buyer.Name, buyer.Email, buyer.Address),
        IssuedAt = invoice.IssuedAt,
        DueAt = invoice.DueAt,
        PaidAt = invoice.PaidAt,
        VoidedAt = invoice.VoidedAt,
        Reason = invoice.Reason,
        ProviderRefs = new InvoiceRefsBody(invoice.Provider, invoice.ProviderInvoiceId),
        HostedUrl = invoice.HostedUrl,
        PdfUrl = invoice.PdfUrl,
        Version = invoice.Version,
    };
}
