using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Invoices;

/// <summary>Every type of event of invoices at least twice: once with all members set, once with as few as there may be. Stored forms are checked against these.</summary>
public static class InvoiceSamples
{
    private static readonly DateTimeOffset Time = new(2026, 11, 20, 12, 34, 56, TimeSpan.Zero);

    private static readonly InvoiceLine SmallLine = new("Large", 1, new(3000, "usd"), new(3000, "usd"));

    /// <summary>All of them, by a name for the file of each.</summary>
    public static IReadOnlyList<(string Name, object Event)> All { get; } =
    [
        ("invoice_numbered_full", new InvoiceNumbered { Invoice = InvoiceId.Of(PaymentId.Of(1)), Year = 2026, Number = 12 }),
        ("invoice_numbered_small", new InvoiceNumbered { Invoice = InvoiceId.Of(SubscriptionId.Of(1), 3), Year = 2026, Number = 1 }),
        ("credit_note_numbered_full", new CreditNoteNumbered { Invoice = InvoiceId.Of(PaymentId.Of(1)), Year = 2026, Number = 12 }),
        ("credit_note_numbered_small", new CreditNoteNumbered { Invoice = InvoiceId.Of(SubscriptionId.Of(1), 3), Year = 2026, Number = 1 }),
        ("invoice_issued_full", new InvoiceIssued
        {
            Status = InvoiceStatus.Pending, Number = "INV-2026-000012", Account = new("acct_1"), Payment = PaymentId.Of(1), Subscription = SubscriptionId.Of(1),
            Lines = [new("Pro", 3, new(3000, "usd"), new(9000, "usd"), Time, Time.AddMonths(1)), new("Unused time", 1, new(-500, "usd"), new(-500, "usd"))], Subtotal = new(8500, "usd"), Discount = new(500, "usd"), Total = new(8000, "usd"),
            Tax = new(793, "usd"), TaxPercent = 11, TaxName = "PPN", Seller = new("Shop Ltd", "1 High Street\nLondon", "GB1", "Thanks"), DueAt = Time.AddDays(7), Provider = "stripe", ProviderInvoiceId = "in_1",
            HostedUrl = "https://pay.example/in_1", PdfUrl = "https://pay.example/in_1.pdf",
        }),
        ("invoice_issued_small", new InvoiceIssued { Number = "INV-2026-000001", Account = new("acct_1"), Lines = [SmallLine], Subtotal = new(3000, "usd"), Discount = new(0, "usd"), Total = new(3000, "usd"), Tax = new(0, "usd") }),
        ("invoice_paid_full", new InvoicePaid { Status = InvoiceStatus.Paid, PaidAt = Time }),
        ("invoice_paid_small", new InvoicePaid()),
        ("invoice_charge_failed_full", new InvoiceChargeFailed { Status = InvoiceStatus.Failed, Reason = "card_declined" }),
        ("invoice_charge_failed_small", new InvoiceChargeFailed()),
        ("credit_note_issued_full", new CreditNoteIssued { Status = InvoiceStatus.Paid, Number = "CN-2026-000001", Amount = new(500, "usd"), Tax = new(50, "usd") }),
        ("credit_note_issued_small", new CreditNoteIssued { Number = "CN-2026-000002", Amount = new(-500, "jpy"), Tax = new(0, "jpy") }),
        ("invoice_voided_full", new InvoiceVoided { Status = InvoiceStatus.Void, Reason = "canceled" }),
        ("invoice_voided_small", new InvoiceVoided()),
        ("invoice_linked_full", new InvoiceLinked { Status = InvoiceStatus.Paid, Provider = "stripe", ProviderInvoiceId = "in_1", HostedUrl = "https://pay.example/in_1", PdfUrl = "https://pay.example/in_1.pdf" }),
        ("invoice_linked_small", new InvoiceLinked { Provider = "stripe" }),
    ];
}
