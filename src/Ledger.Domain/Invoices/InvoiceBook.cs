using Ledger.Domain.Billing;

namespace Ledger.Domain.Invoices;

/// <summary>
/// Writes invoices in the commit of what they are for, so that they always equal it. Each call is safe to repeat. An invoice is never changed: what goes back of its money is a credit note, and a note that turns out
/// to be wrong is taken back by one with the opposite sign.
/// </summary>
public static class InvoiceBook
{
    /// <summary>Gives the next number of the year of business time and writes the invoice; nothing where it exists already, or where nothing is to be paid: over 0 there is no invoice.</summary>
    /// <param name="draft">What happens beside it.</param>
    /// <param name="id">Its name, made of what it is for.</param>
    /// <param name="terms">What it is written over.</param>
    public static void Issue(BillingDraft draft, InvoiceId id, InvoiceTerms terms)
    {
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(terms);
        if (draft.Find(id).Exists) return;
        Invariant.Holds(terms.Lines.Count > 0, "an invoice has a line");
        var subtotal = terms.Discount with { Amount = 0 };
        foreach (var line in terms.Lines)
        {
            Invariant.Holds(line.Amount.Currency == subtotal.Currency && line.UnitAmount.Currency == subtotal.Currency, "an invoice is in one currency");
            subtotal = subtotal with { Amount = subtotal.Amount + line.Amount.Amount };
        }

        var total = subtotal with { Amount = subtotal.Amount - terms.Discount.Amount };
        if (total.Amount <= 0) return;
        var year = draft.Now.Year;
        var number = draft.Invoicing.Next(year);
        draft.Add(new InvoiceNumbered { Invoice = id, Year = year, Number = number });
        Add(draft, id, new InvoiceIssued
        {
            Number = Invoicing.TextOf(year, number),
            Account = terms.Account,
            Payment = terms.Payment,
            Subscription = terms.Subscription,
            Lines = terms.Lines,
            Subtotal = subtotal,
            Discount = terms.Discount,
            Total = total,
            Tax = Tax.In(total, draft.Policy.TaxPercent),
            TaxPercent = Tax.Plain(draft.Policy.TaxPercent),
            TaxName = draft.Policy.TaxPercent > 0 ? draft.Policy.TaxName : null,
            Seller = draft.Policy.Seller,
            DueAt = terms.IsPaid ? null : terms.DueAt,
            Provider = terms.Provider,
            ProviderInvoiceId = terms.ProviderInvoiceId,
            HostedUrl = terms.HostedUrl,
            PdfUrl = terms.PdfUrl,
        });
        if (terms.IsPaid) Paid(draft, id, terms.PaidAt);
    }

    /// <summary>It is paid in full; nothing where it is already, was taken back, or does not exist.</summary>
    /// <param name="draft">What happens beside it.</param>
    /// <param name="id">The invoice.</param>
    /// <param name="paidAt">When, by the provider's clock; null for now.</param>
    public static void Paid(BillingDraft draft, InvoiceId id, DateTimeOffset? paidAt = null)
    {
        ArgumentNullException.ThrowIfNull(draft);
        if (draft.Find(id).Status is InvoiceStatus.Pending or InvoiceStatus.Failed) Add(draft, id, new InvoicePaid { PaidAt = paidAt });
    }

    /// <summary>Charging it came to nothing; it may still be paid. Nothing where that is known, or where it is not open.</summary>
    public static void Failed(BillingDraft draft, InvoiceId id, string? reason)
    {
        ArgumentNullException.ThrowIfNull(draft);
        var invoice = draft.Find(id);
        if (invoice.Status == InvoiceStatus.Pending || (invoice.Status == InvoiceStatus.Failed && invoice.Reason != reason)) Add(draft, id, new InvoiceChargeFailed { Reason = reason });
    }

    /// <summary>
    /// Writes the credit note that is missing, so that all notes together are what has gone back of the money by now. The figure is cumulative, so that told twice it is written once; where it is less than before (a refund
    /// failed, a dispute was won) the difference is a note of the opposite sign. Nothing for an invoice that was never paid.
    /// </summary>
    /// <param name="draft">What happens beside it.</param>
    /// <param name="id">The invoice.</param>
    /// <param name="refundedSoFar">All that has gone back by now; more than the total counts as the total.</param>
    public static void Credit(BillingDraft draft, InvoiceId id, Money refundedSoFar)
    {
        ArgumentNullException.ThrowIfNull(draft);
        var invoice = draft.Find(id);
        if (invoice.Status is not (InvoiceStatus.Paid or InvoiceStatus.Refunded)) return;
        Invariant.Holds(refundedSoFar.Currency == invoice.Total.Currency, "money goes back in the currency that it came in");
        var credited = invoice.Credited;
        var target = invoice.Total with { Amount = Math.Clamp(refundedSoFar.Amount, 0, invoice.Total.Amount) };
        if (target == credited) return;
        var year = draft.Now.Year;
        var number = draft.Invoicing.NextNote(year);
        draft.Add(new CreditNoteNumbered { Invoice = id, Year = year, Number = number });
        // The tax is a difference of what is in both sums, so that the notes of all of the money hold all of the tax.
        Add(draft, id, new CreditNoteIssued
        {
            Number = Invoicing.NoteTextOf(year, number),
            Amount = target with { Amount = target.Amount - credited.Amount },
            Tax = target with { Amount = Tax.In(target, invoice.TaxPercent).Amount - Tax.In(credited, invoice.TaxPercent).Amount },
        });
    }

    /// <summary>Takes it back; nothing where it is paid, taken back, or does not exist.</summary>
    public static void Void(BillingDraft draft, InvoiceId id, string? reason = null)
    {
        ArgumentNullException.ThrowIfNull(draft);
        if (draft.Find(id).Status is InvoiceStatus.Pending or InvoiceStatus.Failed) Add(draft, id, new InvoiceVoided { Reason = reason });
    }

    /// <summary>The provider told where its own copy is; nothing where that is known, or there is no invoice.</summary>
    public static void Link(BillingDraft draft, InvoiceId id, string provider, string? providerInvoiceId, string? hostedUrl, string? pdfUrl = null)
    {
        ArgumentNullException.ThrowIfNull(draft);
        var invoice = draft.Find(id);
        if (!invoice.Exists || (providerInvoiceId ?? hostedUrl ?? pdfUrl) is null) return;
        var linked = new InvoiceLinked { Provider = provider, ProviderInvoiceId = providerInvoiceId, HostedUrl = hostedUrl, PdfUrl = pdfUrl };
        if (invoice.Evolve(linked, draft.Now) != invoice with { Version = invoice.Version + 1 }) Add(draft, id, linked);
    }

    private static void Add(BillingDraft draft, InvoiceId id, InvoiceEvent happened) => draft.Add(id, happened with { Status = draft.Find(id).Evolve(happened, draft.Now).Status });
}
