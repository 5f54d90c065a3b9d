using System.Globalization;

namespace Ledger.Api.Accounts;

/// <summary>Which of two forms of an answer a client would rather have, by its header <c>Accept</c> (RFC 9110, section 12.5.1).</summary>
internal static class AcceptedType
{
    private const int RangesMax = 50;

    /// <summary>
    /// Whether CSV is preferred to JSON: where its weight is higher, or, at the same weight, where the client names it more exactly. A header that names neither, or can't be
    /// read, gets JSON: an answer in another form than asked for serves a client better than none.
    /// </summary>
    public static bool PrefersCsv(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        var header = http.Request.Headers.Accept.ToString();
        if (header.Length == 0) return false;
        var (csv, json) = (Weigh(header, "text", "csv"), Weigh(header, "application", "json"));
        return csv.Weight > json.Weight || (csv.Weight > 0 && csv.Weight == json.Weight && csv.Exactness > json.Exactness);
    }

    /// <summary>The media type of those that the client would have first: the one with the highest weight, then the one that it names most exactly, then the first; null where it takes none of them.</summary>
    public static string? Choose(HttpContext http, params ReadOnlySpan<string> offered)
    {
        ArgumentNullException.ThrowIfNull(http);
        var header = http.Request.Headers.Accept.ToString();
        if (header.Length == 0) return offered[0];
        string? chosen = null;
        (int Weight, int Exactness) best = (0, 0);
        foreach (var type in offered)
        {
            var slash = type.IndexOf('/', StringComparison.Ordinal);
            var weight = Weigh(header, type[..slash], type[(slash + 1)..]);
            if (weight.Weight == 0 || weight.CompareTo(best) <= 0) continue;
            (chosen, best) = (type, weight);
        }

        return chosen;
    }

    /// <summary>The weight (0 to 1,000) of the range that names the type most exactly, and how exactly: 0 not at all, 1 any type, 2 any of its kind, 3 itself.</summary>
    private static (int Weight, int Exactness) Weigh(string header, string type, string subtype)
    {
        (int Weight, int Exactness) best = (0, 0);
        foreach (var range in header.Split(',', RangesMax))
        {
            var parts = range.Split(';', StringSplitOptions.TrimEntries);
            var exactness = Is(parts[0], "*/*") ? 1 : Is(parts[0], $"{type}/*") ? 2 : Is(parts[0], $"{type}/{subtype}") ? 3 : 0;
            if (exactness > best.Exactness) best = (WeightOf(parts), exactness);
        }

        return best;
    }

    private static int WeightOf(string[] parts)
    {
        foreach (var parameter in parts.Skip(1))
        {
            if (!parameter.StartsWith("q=", StringComparison.OrdinalIgnoreCase)) continue;
            return decimal.TryParse(parameter.AsSpan(2), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var weight) && weight <= 1 ? (int)(weight * 1000) : 0;
        }

        return 1000;
    }

    private static bool Is(string text, string range) => text.Equals(range, StringComparison.OrdinalIgnoreCase);
}
