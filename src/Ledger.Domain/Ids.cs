using System.Buffers;

namespace Ledger.Domain;

/// <summary>The name of an account, given by the app: 1 to 128 of A-Z a-z 0-9 . _ : - with at least one letter or digit.</summary>
public readonly record struct AccountId(string Value)
{
    /// <summary>The most characters.</summary>
    public const int LengthMax = 128;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    /// <summary>Reads an account's id; false when it has other characters, none, too many, or only punctuation.</summary>
    public static bool TryParse(string? text, out AccountId id)
    {
        id = default;
        if (string.IsNullOrEmpty(text) || text.Length > LengthMax || text.AsSpan().ContainsAnyExcept(Allowed)) return false;
        foreach (var character in text)
        {
            if (!char.IsAsciiLetterOrDigit(character)) continue;
            id = new(text);
            return true;
        }

        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The name of a transaction: <c>txn_</c>, the account's tag, and the version of the event that it is, so an id leads to its event.</summary>
public readonly record struct TransactionId(string Value)
{
    private const string Prefix = "txn_";

    /// <summary>The id of the transaction that is event <paramref name="version"/> of the account with this tag.</summary>
    public static TransactionId For(string tag, long version) => new(Tagged.Write(Prefix, tag, version, 0));

    /// <summary>Reads an id of any account; false when it has not the shape of one.</summary>
    public static bool TryParse(string? text, out TransactionId id)
    {
        var fits = Tagged.TryRead(Prefix, text, out _, out _, out var part) && part == 0;
        id = fits ? new(text!) : default;
        return fits;
    }

    /// <summary>The version of the event that <paramref name="text"/> names; false when it is no transaction of the account with this tag.</summary>
    public static bool TryRead(string? text, string tag, out long version) =>
        Tagged.TryRead(Prefix, text, out var found, out version, out var part) && part == 0 && found.SequenceEqual(tag);

    /// <summary>The version that the id names, whatever account it is of; 0 when it is no id.</summary>
    public long Version => Tagged.TryRead(Prefix, Value, out _, out var version, out var part) && part == 0 ? version : 0;

    /// <summary>The first lot that this transaction made, if it made one.</summary>
    public LotId FirstLot => new(string.Concat(LotId.Prefix, Value.AsSpan(Prefix.Length)));

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The name of a lot: <c>lot_</c>, the account's tag, the version of the event that made it, and a number where that made several. In ordinal order the older comes first.</summary>
public readonly record struct LotId(string Value)
{
    internal const string Prefix = "lot_";

    /// <summary>The id of a lot that event <paramref name="version"/> makes; <paramref name="part"/> counts from 0, up to 32,767.</summary>
    public static LotId For(string tag, long version, int part = 0) => new(Tagged.Write(Prefix, tag, version, part));

    /// <summary>Reads an id of any account; false when it has not the shape of one.</summary>
    public static bool TryParse(string? text, out LotId id)
    {
        var fits = Tagged.TryRead(Prefix, text, out _, out _, out _);
        id = fits ? new(text!) : default;
        return fits;
    }

    /// <summary>Ordinal order, which is that of age.</summary>
    public int CompareTo(LotId other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The name of a hold: <c>hold_</c>, the account's tag, and the version of the event that placed it. In ordinal order the older comes first.</summary>
public readonly record struct HoldId(string Value)
{
    private const string Prefix = "hold_";

    /// <summary>The id of the hold that event <paramref name="version"/> places.</summary>
    public static HoldId For(string tag, long version) => new(Tagged.Write(Prefix, tag, version, 0));

    /// <summary>Reads an id of any account; false when it has not the shape of one.</summary>
    public static bool TryParse(string? text, out HoldId id)
    {
        var fits = Tagged.TryRead(Prefix, text, out _, out _, out var part) && part == 0;
        id = fits ? new(text!) : default;
        return fits;
    }

    /// <summary>The version that the id names, whatever account it is of; 0 when it is no id.</summary>
    public long Version => Tagged.TryRead(Prefix, Value, out _, out var version, out var part) && part == 0 ? version : 0;

    /// <summary>Ordinal order, which is that of age.</summary>
    public int CompareTo(HoldId other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The tag of an account: 16 random characters of Crockford's base 32 in lower case, given when it opens, so that ids of different accounts never meet.</summary>
public static class AccountTag
{
    /// <summary>How many characters a tag has (80 random bits).</summary>
    public const int Length = 16;

    /// <summary>The characters of Crockford's base 32, lower case, in order of value.</summary>
    public const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    private static readonly SearchValues<char> Allowed = SearchValues.Create(Alphabet);

    /// <summary>Whether <paramref name="tag"/> is one.</summary>
    public static bool IsValid(string? tag) => tag is { Length: Length } && !tag.AsSpan().ContainsAnyExcept(Allowed);
}

// {prefix}{tag: 16}{version: 8 base-32 digits}[-{part: 3 base-32 digits}]; fixed widths keep the ordinal order that of age.
internal static class Tagged
{
    private const int VersionDigits = 8;
    private const int PartDigits = 3;

    public static string Write(string prefix, string tag, long version, int part)
    {
        Invariant.Holds(tag.Length == AccountTag.Length && version is > 0 and < 1L << (5 * VersionDigits) && part is >= 0 and < 1 << (5 * PartDigits), "an id has a tag, a version and a part within its widths");
        var length = prefix.Length + tag.Length + VersionDigits + (part == 0 ? 0 : 1 + PartDigits);
        return string.Create(length, (prefix, tag, version, part), static (text, from) =>
        {
            from.prefix.CopyTo(text);
            text = text[from.prefix.Length..];
            from.tag.CopyTo(text);
            text = text[from.tag.Length..];
            Digits(text[..VersionDigits], from.version);
            if (from.part == 0) return;
            text[VersionDigits] = '-';
            Digits(text[(VersionDigits + 1)..], from.part);
        });
    }

    public static bool TryRead(string prefix, string? text, out ReadOnlySpan<char> tag, out long version, out long part)
    {
        tag = default;
        version = part = 0;
        if (text is null || !text.StartsWith(prefix, StringComparison.Ordinal)) return false;
        var rest = text.AsSpan(prefix.Length);
        const int Short = AccountTag.Length + VersionDigits;
        if (rest.Length != Short && rest.Length != Short + 1 + PartDigits) return false;
        if (!TryDigits(rest[..AccountTag.Length], out _) || !TryDigits(rest[AccountTag.Length..Short], out var number) || number == 0) return false;
        if (rest.Length > Short && (rest[Short] != '-' || !TryDigits(rest[(Short + 1)..], out part) || part == 0)) return false;
        tag = rest[..AccountTag.Length];
        version = number;
        return true;
    }

    private static void Digits(Span<char> text, long number)
    {
        for (var at = text.Length - 1; at >= 0; at--)
        {
            text[at] = AccountTag.Alphabet[(int)(number & 31)];
            number >>= 5;
        }
    }

    private static bool TryDigits(ReadOnlySpan<char> text, out long number)
    {
        number = 0;
        foreach (var character in text)
        {
            var digit = AccountTag.Alphabet.IndexOf(character, StringComparison.Ordinal);
            if (digit < 0) return false;
            number = (number << 5) | (uint)digit;
        }

        return true;
    }
}
