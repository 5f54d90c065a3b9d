namespace Ledger.Api.Profiles;

/// <summary>Finds numbers of cards where none may be.</summary>
internal static class CardNumbers
{
    private const int DigitsMin = 12;
    private const int DigitsMax = 19;

    /// <summary>Whether a text holds a run of 12 to 19 digits, spaces and dashes aside, whose check digit is right (ISO/IEC 7812-1, annex B).</summary>
    public static bool Has(string text)
    {
        Span<int> digits = stackalloc int[DigitsMax + 1];
        var count = 0;
        foreach (var character in text + "x")
        {
            if (char.IsAsciiDigit(character))
            {
                if (count <= DigitsMax) digits[count++] = character - '0';
            }
            else if (character is not (' ' or '-'))
            {
                if (count is >= DigitsMin and <= DigitsMax && Checks(digits[..count])) return true;
                count = 0;
            }
        }

        return false;
    }

    private static bool Checks(ReadOnlySpan<int> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)];
            if (i % 2 == 1) digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
            sum += digit;
        }

        return sum % 10 == 0;
    }
}
