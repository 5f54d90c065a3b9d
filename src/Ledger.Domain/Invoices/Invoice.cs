using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Invoices;

// ---- Events: names and members are stored for ever; a member is only ever added, and then optional. No personal data. ----

/// <summary>Something that happened to an invoice. A closed family.</summary>
public abstract record InvoiceEvent
{
    private protected InvoiceEvent()
    {
    }

    /// <summary>The status after this: a witness, which the state never reads.</summary>
    public InvoiceStatus Status { get; init; }
}

/// <summary>How an invoice stands.</summary>
public enum InvoiceStatus
{
    /// <summary>Being written; it has no number.</summary>
    Draft,

    /// <summary>Sent, not paid.</summary>
    Pending,

    /// <summary>Paid in full.</summary>
    Paid,

    /// <summary>Charging it failed; it may still be paid.</summary>
    Failed,

    /// <summary>Paid, and all of the money has gone back.</summary>
    Refunded,

    /// <summary>Taken back before it was paid.</summary>
    Void,
}

// ---- State ----

/// <summary>An invoice as its events made it. Immutable.</summary>
public sealed partial record Invoice
{
    /// <summary>Its name.</summary>
    public required InvoiceId Id { get; init; }

    /// <summary>How many events made it; 0 where there is none.</summary>
    public long Version { get; init; }

    /// <summary>Whether there is one.</summary>
    public bool Exists => Version > 0;

    /// <summary>An invoice that there is not.</summary>
    public static Invoice None(InvoiceId id) => new() { Id = id };

    /// <summary>The invoice after one more event. Total.</summary>
    public Invoice Evolve(InvoiceEvent happened, DateTimeOffset recordedAt) => this with { Version = Version + 1 };
}

/// <summary>One line of an invoice.</summary>
/// <param name="Description">As people read it.</param>
/// <param name="Quantity">How many; from 1.</param>
/// <param name="UnitAmount">The price of one.</param>
/// <param name="Amount">What the line adds; negative for a credit.</param>
/// <param name="PeriodStart">When the service that it is for begins; null where it has no time.</param>
/// <param name="PeriodEnd">When that service ends.</param>
public sealed record InvoiceLine(string Description, long Quantity, Money UnitAmount, Money Amount, DateTimeOffset? PeriodStart = null, DateTimeOffset? PeriodEnd = null);

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
