using System.Globalization;
using Ledger.Api.Http;
using Ledger.Domain.Billing;
using Ledger.Domain.Invoices;
using Ledger.EventStore;
using Ledger.EventStore.Verification;

namespace Ledger.Api.Invoices;

/// <summary>What must hold on an invoice besides what the store sees: the status that its events carry, and that all of its sums add up.</summary>
internal sealed class InvoiceAudit : IStreamAudit
{
    public string Kind => BillingDraft.InvoiceKind;

    public Disagreement? Witness(StreamRef stream, object before, object @event, object after)
    {
        var (e, now) = ((InvoiceEvent)@event, (Invoice)after);
        if (((Invoice)before).Exists == @event is InvoiceIssued) return new("an invoice begins once, with its first event", "an issue first, and only then", e.GetType().Name);
        return e.Status == now.Status ? null : new("the status after it, which the event carries", Words.Of(now.Status), Words.Of(e.Status));
    }

    public Disagreement? Whole(object state)
    {
        var invoice = (Invoice)state;
        if (!invoice.Exists) return null;
        var lines = invoice.Lines.Sum(line => line.Amount.Amount);
        if (lines != invoice.Subtotal.Amount) return new("the lines of an invoice add up to its subtotal", Text(invoice.Subtotal.Amount), Text(lines));
        var total = invoice.Subtotal.Amount - invoice.Discount.Amount;
        if (total != invoice.Total.Amount) return new("an invoice's total is its subtotal less its discount", Text(total), Text(invoice.Total.Amount));
        var tax = Tax.In(invoice.Total, invoice.TaxPercent).Amount;
        if (tax != invoice.Tax.Amount) return new("an invoice's tax is its rate's share of the total", Text(tax), Text(invoice.Tax.Amount));
        var credited = invoice.Credited;
        if (credited.Amount < 0 || credited.Amount > invoice.Total.Amount) return new("an invoice's credit notes come to 0 to its total", $"0 to {invoice.Total.Amount}", Text(credited.Amount));
        var (back, share) = (invoice.Notes.Sum(note => note.Tax.Amount), Tax.In(credited, invoice.TaxPercent).Amount);
        return back == share ? null : new("the tax in an invoice's credit notes is that of what they come to", Text(share), Text(back));
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>That a tenant's numbers have no gap: each is the next of its year and series.</summary>
internal sealed class InvoicingAudit : IStreamAudit
{
    public string Kind => BillingDraft.InvoicingKind;

    public Disagreement? Witness(StreamRef stream, object before, object @event, object after)
    {
        var (expected, given) = @event switch
        {
            InvoiceNumbered e => (((Invoicing)before).Next(e.Year), e.Number),
            CreditNoteNumbered e => (((Invoicing)before).NextNote(e.Year), e.Number),
            _ => (0, 0),
        };
        return expected == given ? null : new("a number is the one after the last of its year", expected.ToString(CultureInfo.InvariantCulture), given.ToString(CultureInfo.InvariantCulture));
    }

    public Disagreement? Whole(object state) => null;
}
