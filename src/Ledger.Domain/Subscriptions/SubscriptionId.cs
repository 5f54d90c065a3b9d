using Ledger.Domain.Payments;

namespace Ledger.Domain.Subscriptions;

/// <summary>The name of a subscription: <c>sub_</c> and 26 characters of Crockford's base 32 in lower case (128 bits).</summary>
public readonly record struct SubscriptionId(string Value)
{
    private const string Prefix = "sub_";

    /// <summary>The id of 16 bytes that are random, or a hash of what names the subscription.</summary>
    public static SubscriptionId Of(UInt128 bits) => new(StreamIds.Of(Prefix, bits));

    /// <summary>The subscription that a checkout of this payment opens.</summary>
    public static SubscriptionId Of(PaymentId payment) => new(payment.Behind(Prefix));

    /// <summary>The same characters behind another prefix.</summary>
    public string Behind(string prefix) => string.Concat(prefix, Value.AsSpan(Prefix.Length));

    /// <summary>Reads an id; false when it has not the shape of one.</summary>
    public static bool TryParse(string? text, out SubscriptionId id)
    {
        var fits = StreamIds.Fits(Prefix, text);
        id = fits ? new(text!) : default;
        return fits;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
