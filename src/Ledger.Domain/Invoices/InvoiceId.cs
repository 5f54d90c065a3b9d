using System.Globalization;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Invoices;

/// <summary>The name of an invoice: <c>inv_</c> and what it is for, so that a thing is invoiced once: 26 characters of a payment, or those of a subscription with the number of its period.</summary>
public readonly record struct InvoiceId(string Value)
{
    private const string Prefix = "inv_";

    /// <summary>The invoice of a payment.</summary>
    public static InvoiceId Of(PaymentId payment) => new(payment.Behind(Prefix));

    /// <summary>The invoice of a subscription's period that no payment of this ledger was made for.</summary>
    /// <param name="subscription">The subscription.</param>
    /// <param name="period">The number of its period, from 1.</param>
    public static InvoiceId Of(SubscriptionId subscription, long period) => new(string.Create(CultureInfo.InvariantCulture, $"{subscription.Behind(Prefix)}-{period}"));

    /// <summary>Reads an id; false when it has not the shape of one.</summary>
    public static bool TryParse(string? text, out InvoiceId id)
    {
        id = default;
        if (text is null) return false;
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash >= 0 && !(long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var period) && period > 0 && text[dash + 1] != '0')) return false;
        if (!StreamIds.Fits(Prefix, dash < 0 ? text : text[..dash])) return false;
        id = new(text);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
