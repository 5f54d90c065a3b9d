using System.Globalization;
using Ledger.Domain.Invoices;

namespace Ledger.Domain.Payments;

internal sealed partial class PaymentDraft
{
    // The invoice of a payment is written in the commit of its success, and its credit notes in those of what goes back, so that both always say the same.
    private void WriteInvoice()
    {
        var id = InvoiceId.Of(Payment.Id);
        if (Payment.HasSucceeded) InvoiceBook.Issue(Billing, id, Terms());
        if (!Billing.Find(id).Exists) return;
        if (Payment is { Provider: { } provider, Refs.InvoiceId: { } theirs }) InvoiceBook.Link(Billing, id, provider, theirs, null);
        InvoiceBook.Credit(Billing, id, Payment.Amount with { Amount = Payment.IsReversed ? Payment.Amount.Amount : Payment.Refunded + Payment.Lost });
    }

    private InvoiceTerms Terms() => new()
    {
        Account = Payment.Account,
        Payment = Payment.Id,
        Subscription = Payment.Subscription,
        Lines = [Line()],
        Discount = Payment.ListPrice with { Amount = Payment.ListPrice.Amount - Payment.Amount.Amount },
        IsPaid = true,
        PaidAt = Payment.PaidAt,
        Provider = Payment.Refs.InvoiceId is null ? null : Payment.Provider,
        ProviderInvoiceId = Payment.Refs.InvoiceId,
    };

    private InvoiceLine Line() => Payment.Item is { } item
        ? Within(new(item.Name, item.Quantity, item.UnitPrice, Payment.ListPrice))
        : new(string.Create(CultureInfo.InvariantCulture, $"{Payment.CreditAmount ?? Credits.Zero} credits"), 1, Payment.ListPrice, Payment.ListPrice);

    // The period that this very commit began is what was paid for; one that was paid ahead has not begun, and is not named.
    private InvoiceLine Within(InvoiceLine line) =>
        Payment.Subscription is { } id && Billing.Find(id) is { CurrentPeriodStart: { } start } subscription && start == now ? line with { PeriodStart = start, PeriodEnd = subscription.CurrentPeriodEnd } : line;
}
