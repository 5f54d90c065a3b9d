using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Invoices;

// ---- State ----

/// <summary>A credit note of an invoice.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Amount">What it takes off what was paid; negative where it takes back earlier notes.</param>
/// <param name="Tax">The tax in that, with its sign.</param>
/// <param name="IssuedAt">When it was written.</param>
public sealed record CreditNote(string Number, Money Amount, Money Tax, DateTimeOffset IssuedAt);

/// <summary>An invoice as its events made it. Immutable.</summary>
public sealed partial record Invoice
{
    /// <summary>Its name.</summary>
    public required InvoiceId Id { get; init; }

    /// <summary>How many events made it; 0 where there is none.</summary>
    public long Version { get; init; }

    /// <summary>Its number, <c>INV-2026-000001</c>; empty while it is a draft.</summary>
    public string Number { get; init; } = "";

    /// <summary>The account that it is for.</summary>
    public AccountId Account { get; init; }

    /// <summary>The payment that it is for; null where none was made here.</summary>
    public PaymentId? Payment { get; init; }

    /// <summary>The subscription that it is for; null where it is for none.</summary>
    public SubscriptionId? Subscription { get; init; }

    /// <summary>Its lines.</summary>
    public ValueList<InvoiceLine> Lines { get; init; } = [];

    /// <summary>The sum of the lines.</summary>
    public Money Subtotal { get; init; } = new(0, "");

    /// <summary>What is taken off that.</summary>
    public Money Discount { get; init; } = new(0, "");

    /// <summary>What is to be paid, the tax in it.</summary>
    public Money Total { get; init; } = new(0, "");

    /// <summary>The tax in the total.</summary>
    public Money Tax { get; init; } = new(0, "");

    /// <summary>The tax's rate, in percent of the net amount; 0 for none.</summary>
    public decimal TaxPercent { get; init; }

    /// <summary>The tax's name.</summary>
    public string? TaxName { get; init; }

    /// <summary>Who sold it; null where the tenant had set nothing.</summary>
    public Seller? Seller { get; init; }

    /// <summary>When it was written.</summary>
    public DateTimeOffset IssuedAt { get; init; }

    /// <summary>When it has to be paid; null where it was paid when it was written.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>When it was paid; null where it is not.</summary>
    public DateTimeOffset? PaidAt { get; init; }

    /// <summary>When it was taken back; null where it was not.</summary>
    public DateTimeOffset? VoidedAt { get; init; }

    /// <summary>Whether the last try to charge it came to nothing.</summary>
    public bool IsFailed { get; init; }

    /// <summary>Why charging it came to nothing, or why it was taken back.</summary>
    public string? Reason { get; init; }

    /// <summary>Its credit notes, oldest first.</summary>
    public ValueList<CreditNote> Notes { get; init; } = [];

    /// <summary>The provider, where it wrote one too.</summary>
    public string? Provider { get; init; }

    /// <summary>The provider's id of it.</summary>
    public string? ProviderInvoiceId { get; init; }

    /// <summary>The provider's page of it.</summary>
    public string? HostedUrl { get; init; }

    /// <summary>The provider's PDF of it.</summary>
    public string? PdfUrl { get; init; }

    /// <summary>Whether there is one.</summary>
    public bool Exists => Version > 0;

    /// <summary>The total without its tax.</summary>
    public Money Net => Total with { Amount = Total.Amount - Tax.Amount };

    /// <summary>What was paid of it: all or nothing. What went back is in <see cref="Credited"/>.</summary>
    public Money AmountPaid => Total with { Amount = PaidAt is null ? 0 : Total.Amount };

    /// <summary>What its credit notes come to, 0 to the total: what has gone back of its money.</summary>
    public Money Credited
    {
        get
        {
            long sum = 0;
            foreach (var note in Notes) sum += note.Amount.Amount;
            return Total with { Amount = sum };
        }
    }

    /// <summary>How it stands.</summary>
    public InvoiceStatus Status
    {
        get
        {
            if (!Exists) return InvoiceStatus.Draft;
            if (VoidedAt is not null) return InvoiceStatus.Void;
            if (PaidAt is null) return IsFailed ? InvoiceStatus.Failed : InvoiceStatus.Pending;
            return Credited.Amount >= Total.Amount ? InvoiceStatus.Refunded : InvoiceStatus.Paid;
        }
    }

    /// <summary>An invoice that there is not.</summary>
    public static Invoice None(InvoiceId id) => new() { Id = id };

    // ---- Evolve: total, without rules. What was decided stands in the event; witnesses are never read. ----

    /// <summary>The invoice after <paramref name="happened"/>, which was recorded at <paramref name="recordedAt"/> as its next version.</summary>
    public Invoice Evolve(InvoiceEvent happened, DateTimeOffset recordedAt)
    {
        var next = this with { Version = Version + 1 };
        switch (happened)
        {
            case InvoiceIssued e:
                return next with
                {
                    Number = e.Number,
                    Account = e.Account,
                    Payment = e.Payment,
                    Subscription = e.Subscription,
                    Lines = e.Lines,
                    Subtotal = e.Subtotal,
                    Discount = e.Discount,
                    Total = e.Total,
                    Tax = e.Tax,
                    TaxPercent = e.TaxPercent,
                    TaxName = e.TaxName,
                    Seller = e.Seller,
                    IssuedAt = recordedAt,
                    DueAt = e.DueAt,
                    Provider = e.Provider,
                    ProviderInvoiceId = e.ProviderInvoiceId,
                    HostedUrl = e.HostedUrl,
                    PdfUrl = e.PdfUrl,
                };
            case InvoicePaid e:
                return next with { PaidAt = e.PaidAt ?? recordedAt, IsFailed = false, Reason = null };
            case InvoiceChargeFailed e:
                return next with { IsFailed = true, Reason = e.Reason };
            case CreditNoteIssued e:
                return next with { Notes = [.. Notes.AsSpan(), new(e.Number, e.Amount, e.Tax, recordedAt)] };
            case InvoiceVoided e:
                return next with { VoidedAt = recordedAt, Reason = e.Reason };
            case InvoiceLinked e:
                return next with { Provider = e.Provider, ProviderInvoiceId = e.ProviderInvoiceId ?? ProviderInvoiceId, HostedUrl = e.HostedUrl ?? HostedUrl, PdfUrl = e.PdfUrl ?? PdfUrl };
        }

        return next;
    }
}

/// <summary>What an invoice is written over. Prices are what is paid: a tax is in them, and shown apart by the tenant's rate.</summary>
public sealed record InvoiceTerms
{
    /// <summary>The account that it is for.</summary>
    public required AccountId Account { get; init; }

    /// <summary>The payment that it is for; null where none was made here.</summary>
    public PaymentId? Payment { get; init; }

    /// <summary>The subscription that it is for; null where it is for none.</summary>
    public SubscriptionId? Subscription { get; init; }

    /// <summary>At least one.</summary>
    public required ValueList<InvoiceLine> Lines { get; init; }

    /// <summary>What is taken off the sum of the lines; 0 or more.</summary>
    public required Money Discount { get; init; }

    /// <summary>Whether it is paid already.</summary>
    public required bool IsPaid { get; init; }

    /// <summary>When it was paid, by the provider's clock; null for now.</summary>
    public DateTimeOffset? PaidAt { get; init; }

    /// <summary>When it has to be paid; null where it is paid.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>The provider, where it wrote one too.</summary>
    public string? Provider { get; init; }

    /// <summary>The provider's id of it.</summary>
    public string? ProviderInvoiceId { get; init; }

    /// <summary>The provider's page of it.</summary>
    public string? HostedUrl { get; init; }

    /// <summary>The provider's PDF of it.</summary>
    public string? PdfUrl { get; init; }
}
