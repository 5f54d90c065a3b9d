using System.Globalization;
using Ledger.Domain.Invoices;

namespace Ledger.Domain.Payments;

internal sealed partial class PaymentDraft
{
    // The invoice of a payment is written in the commit of its success, and its credit notes in those of what goes back, so that both always say the same.
    private void WriteInvoice()
    {
        var id = InvoiceId.Of(Payment.Id);
        // What a provider bills is invoiced before it is paid; what was taken back before anything was known of it, never.
        if (Payment.HasSucceeded || (Payment.IsBilled == true && Payment.Standing != PaymentStatus.Canceled)) InvoiceBook.Issue(Billing, id, Terms());
        if (!Billing.Find(id).Exists) return;
        if (Payment.IsBilled == true) Mirror(id);
        if (Payment is { Provider: { } provider, Refs.InvoiceId: { } theirs }) InvoiceBook.Link(Billing, id, provider, theirs, Bill?.HostedUrl);
        var unasked = Payment.IsBilled == true ? Math.Max(0, Billing.Find(id).Total.Amount - Payment.Amount.Amount) : 0; // less was charged in the end
        InvoiceBook.Credit(Billing, id, Payment.Amount with { Amount = unasked + (Payment.IsReversed ? Payment.Amount.Amount : Payment.Refunded + Payment.Lost) });
    }

    /// <summary>What the provider's invoice says, where this is news of it; else null.</summary>
    public BillTold? Bill { get; init; }

    private void Mirror(InvoiceId id)
    {
        if (Payment.HasSucceeded) InvoiceBook.Paid(Billing, id, Payment.PaidAt);
        else if (Payment.Standing == PaymentStatus.Canceled) InvoiceBook.Void(Billing, id, Payment.FailureReason);
        else if (Payment is { FailureReason: { } reason }) InvoiceBook.Failed(Billing, id, reason);
    }

    private InvoiceTerms Terms() => new()
    {
        Account = Payment.Account,
        Payment = Payment.Id,
        Subscription = Payment.Subscription,
        Lines = Bill?.Lines ?? [Payment.IsBilled == true ? Whole() : Line()],
        Discount = Bill?.Discount ?? Payment.ListPrice with { Amount = Payment.IsBilled == true ? 0 : Payment.ListPrice.Amount - Payment.Amount.Amount },
        IsPaid = Payment.HasSucceeded,
        PaidAt = Payment.PaidAt,
        Provider = Payment.Refs.InvoiceId is null ? null : Payment.Provider,
        ProviderInvoiceId = Payment.Refs.InvoiceId,
        HostedUrl = Bill?.HostedUrl,
    };

    private InvoiceLine Whole() => new(Payment.Item?.Name ?? "Subscription", 1, Payment.Amount, Payment.Amount);

    private InvoiceLine Line() => Payment.Item is { } item
        ? Within(new(item.Name, item.Quantity, item.UnitPrice, Payment.ListPrice))
        : new(string.Create(CultureInfo.InvariantCulture, $"{Payment.CreditAmount ?? Credits.Zero} credits"), 1, Payment.ListPrice, Payment.ListPrice);

    // The period that this very commit began is what was paid for; one that was paid ahead has not begun, and is not named.
    private InvoiceLine Within(InvoiceLine line) =>
        Payment.Subscription is { } id && Billing.Find(id) is { CurrentPeriodStart: { } start } subscription && start == now ? line with { PeriodStart = start, PeriodEnd = subscription.CurrentPeriodEnd } : line;
}
