namespace Ledger.Domain.Payments;

/// <summary>The name of a payment: <c>pay_</c> and 26 characters of Crockford's base 32 in lower case (128 bits).</summary>
public readonly record struct PaymentId(string Value)
{
    /// <summary>How many characters follow the prefix.</summary>
    public const int TagLength = StreamIds.TagLength;

    private const string Prefix = "pay_";

    /// <summary>The same characters behind another prefix, such as that of the checkout that began it.</summary>
    public string Behind(string prefix) => string.Concat(prefix, Value.AsSpan(Prefix.Length));

    /// <summary>The id of 16 bytes that are random, or a hash of what names the payment.</summary>
    public static PaymentId Of(UInt128 bits) => new(StreamIds.Of(Prefix, bits));

    /// <summary>Reads an id; false when it has not the shape of one.</summary>
    public static bool TryParse(string? text, out PaymentId id)
    {
        var fits = StreamIds.Fits(Prefix, text);
        id = fits ? new(text!) : default;
        return fits;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
