using System.Text.RegularExpressions;

namespace Ledger.Api.Profiles;

/// <summary>Finds numbers of cards where none may be.</summary>
internal static partial class CardNumbers
{
    /// <summary>Whether a text holds a number as people write those of cards, in one piece or in groups, that stands by itself and whose check digit is right (ISO/IEC 7812-1, annex B).</summary>
    /// <remarks>Digits beside letters, digits or underscores, as in providers' ids, are never one: ids are random, and now and then one would be refused for its check digit.</remarks>
    public static bool Has(string text)
    {
        foreach (var match in Written().EnumerateMatches(text))
        {
            if (Checks(text.AsSpan(match.Index, match.Length))) return true;
        }

        return false;
    }

    // 13 to 19 digits that begin with an industry's digit of payment cards (2 to 6): together, or by 4-4-4-1..4(-3) or 4-6-4..5.
    [GeneratedRegex(@"(?<!\w)[2-6](?:[0-9]{12,18}|[0-9]{3}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{1,4}(?:[ -][0-9]{3})?|[0-9]{3}[ -][0-9]{6}[ -][0-9]{4,5})(?!\w)", RegexOptions.CultureInvariant)]
    private static partial Regex Written();

    private static bool Checks(ReadOnlySpan<char> written)
    {
        var (sum, place) = (0, 0);
        for (var i = written.Length - 1; i >= 0; i--)
        {
            if (!char.IsAsciiDigit(written[i])) continue;
            var digit = written[i] - '0';
            if (place++ % 2 == 1) digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
            sum += digit;
        }

        return sum % 10 == 0;
    }
}
