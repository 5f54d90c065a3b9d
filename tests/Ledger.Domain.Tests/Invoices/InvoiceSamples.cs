using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Invoices;

/// <summary>Every type of event of invoices at least twice: once with all members set, once with as few as there may be. Stored forms are checked against these.</summary>
public static class InvoiceSamples
{
    /// <summary>All of them, by a name for the file of each.</summary>
    public static IReadOnlyList<(string Name, object Event)> All { get; } =
    [
        ("invoice_numbered_full", new InvoiceNumbered { Invoice = InvoiceId.Of(PaymentId.Of(1)), Year = 2026, Number = 12 }),
        ("invoice_numbered_small", new InvoiceNumbered { Invoice = InvoiceId.Of(SubscriptionId.Of(1), 3), Year = 2026, Number = 1 }),
    ];
}
