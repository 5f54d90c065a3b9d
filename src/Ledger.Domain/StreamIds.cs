namespace Ledger.Domain;

/// <summary>Names that are a prefix and 26 characters of Crockford's base 32 in lower case (128 bits).</summary>
internal static class StreamIds
{
    public const int TagLength = 26;

    public static string Of(string prefix, UInt128 bits)
    {
        Span<char> text = stackalloc char[prefix.Length + TagLength];
        prefix.CopyTo(text);
        for (var at = text.Length - 1; at >= prefix.Length; at--)
        {
            text[at] = AccountTag.Alphabet[(int)(bits & 31)];
            bits >>= 5;
        }

        return new string(text);
    }

    public static bool Fits(string prefix, string? text)
    {
        if (text is null || text.Length != prefix.Length + TagLength || !text.StartsWith(prefix, StringComparison.Ordinal)) return false;
        foreach (var character in text.AsSpan(prefix.Length))
        {
            if (!AccountTag.Alphabet.Contains(character, StringComparison.Ordinal)) return false;
        }

        return true;
    }
}
