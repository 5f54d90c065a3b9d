namespace Ledger.Domain.Payments;

/// <summary>The name of a payment: <c>pay_</c> and 26 characters of Crockford's base 32 in lower case (128 bits).</summary>
public readonly record struct PaymentId(string Value)
{
    /// <summary>How many characters follow the prefix.</summary>
    public const int TagLength = 26;

    private const string Prefix = "pay_";

    /// <summary>The same characters behind another prefix, such as that of the checkout that began it.</summary>
    public string Behind(string prefix) => string.Concat(prefix, Value.AsSpan(Prefix.Length));

    /// <summary>The id of 16 bytes that are random, or a hash of what names the payment.</summary>
    public static PaymentId Of(UInt128 bits)
    {
        Span<char> text = stackalloc char[Prefix.Length + TagLength];
        Prefix.CopyTo(text);
        for (var at = text.Length - 1; at >= Prefix.Length; at--)
        {
            text[at] = AccountTag.Alphabet[(int)(bits & 31)];
            bits >>= 5;
        }

        return new(new string(text));
    }

    /// <summary>Reads an id; false when it has not the shape of one.</summary>
    public static bool TryParse(string? text, out PaymentId id)
    {
        id = default;
        if (text is null || text.Length != Prefix.Length + TagLength || !text.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        foreach (var character in text.AsSpan(Prefix.Length))
        {
            if (!AccountTag.Alphabet.Contains(character, StringComparison.Ordinal)) return false;
        }

        id = new(text);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
