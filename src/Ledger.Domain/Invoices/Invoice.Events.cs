using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Invoices;

// ---- Events: names and members are stored for ever; a member is only ever added, and then optional. No personal data: who it is for is shown from the account's profile when it is read. ----

/// <summary>Something that happened to an invoice. A closed family.</summary>
public abstract record InvoiceEvent
{
    private protected InvoiceEvent()
    {
    }

    /// <summary>The status after this: a witness, which the state never reads.</summary>
    public InvoiceStatus Status { get; init; }
}

/// <summary>An invoice was written and given its number. What it says of the seller and the tax holds for good, whatever is set later.</summary>
public sealed record InvoiceIssued : InvoiceEvent
{
    /// <summary>Its number, <c>INV-2026-000001</c>.</summary>
    public required string Number { get; init; }

    /// <summary>The account that it is for.</summary>
    public required AccountId Account { get; init; }

    /// <summary>The payment that it is for; null where none was made here.</summary>
    public PaymentId? Payment { get; init; }

    /// <summary>The subscription that it is for; null where it is for none.</summary>
    public SubscriptionId? Subscription { get; init; }

    /// <summary>At least one.</summary>
    public required ValueList<InvoiceLine> Lines { get; init; }

    /// <summary>The sum of the lines.</summary>
    public required Money Subtotal { get; init; }

    /// <summary>What is taken off that.</summary>
    public required Money Discount { get; init; }

    /// <summary>What is to be paid, the tax in it; more than 0.</summary>
    public required Money Total { get; init; }

    /// <summary>The tax in the total; 0 where there is none.</summary>
    public required Money Tax { get; init; }

    /// <summary>The tax's rate, in percent of the net amount; 0 for none.</summary>
    public decimal TaxPercent { get; init; }

    /// <summary>The tax's name.</summary>
    public string? TaxName { get; init; }

    /// <summary>Who sold it, as the tenant had set by then.</summary>
    public Seller? Seller { get; init; }

    /// <summary>When it has to be paid; null where it was paid already.</summary>
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

/// <summary>It was paid in full.</summary>
public sealed record InvoicePaid : InvoiceEvent
{
    /// <summary>When, by the provider's clock; null for when it is recorded.</summary>
    public DateTimeOffset? PaidAt { get; init; }
}

/// <summary>A try to charge it came to nothing.</summary>
public sealed record InvoiceChargeFailed : InvoiceEvent
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }
}

/// <summary>A credit note was written: money of the invoice went back, or came again after all.</summary>
public sealed record CreditNoteIssued : InvoiceEvent
{
    /// <summary>Its number, <c>CN-2026-000001</c>.</summary>
    public required string Number { get; init; }

    /// <summary>What it takes off what was paid; negative where it takes back earlier notes, because the money stayed after all.</summary>
    public required Money Amount { get; init; }

    /// <summary>The tax in that, with its sign.</summary>
    public required Money Tax { get; init; }
}

/// <summary>It was taken back before it was paid.</summary>
public sealed record InvoiceVoided : InvoiceEvent
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }
}

/// <summary>The provider told where its own copy is.</summary>
public sealed record InvoiceLinked : InvoiceEvent
{
    /// <summary>The provider.</summary>
    public required string Provider { get; init; }

    /// <summary>The provider's id of it.</summary>
    public string? ProviderInvoiceId { get; init; }

    /// <summary>The provider's page of it.</summary>
    public string? HostedUrl { get; init; }

    /// <summary>The provider's PDF of it.</summary>
    public string? PdfUrl { get; init; }
}

/// <summary>How an invoice stands.</summary>
public enum InvoiceStatus
{
    /// <summary>Being written; it has no number.</summary>
    Draft,

    /// <summary>Sent, not paid.</summary>
    Pending,

    /// <summary>Paid in full; some of it may have gone back.</summary>
    Paid,

    /// <summary>Charging it failed; it may still be paid.</summary>
    Failed,

    /// <summary>Paid, and all of the money has gone back.</summary>
    Refunded,

    /// <summary>Taken back before it was paid.</summary>
    Void,
}

/// <summary>One line of an invoice.</summary>
/// <param name="Description">As people read it.</param>
/// <param name="Quantity">How many; from 1.</param>
/// <param name="UnitAmount">The price of one.</param>
/// <param name="Amount">What the line adds; negative for a credit.</param>
/// <param name="PeriodStart">When the service that it is for begins; null where it has no time.</param>
/// <param name="PeriodEnd">When that service ends.</param>
public sealed record InvoiceLine(string Description, long Quantity, Money UnitAmount, Money Amount, DateTimeOffset? PeriodStart = null, DateTimeOffset? PeriodEnd = null);

/// <summary>Who sells: what a tenant wants its invoices to say of itself.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its address, in lines.</param>
/// <param name="TaxId">Its number with the tax office.</param>
/// <param name="Footer">What stands below: bank, register, thanks.</param>
public sealed record Seller(string? Name = null, string? Address = null, string? TaxId = null, string? Footer = null);
