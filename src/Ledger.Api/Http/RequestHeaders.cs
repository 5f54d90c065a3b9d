using System.Globalization;

namespace Ledger.Api.Http;

/// <summary>The header <c>Idempotency-Key</c>.</summary>
public static class IdempotencyKey
{
    /// <summary>The header's name.</summary>
    public const string Header = "Idempotency-Key";

    /// <summary>Most characters of a key.</summary>
    public const int LengthMax = 255;

    /// <summary>The key of a request that must have one: 1 to 255 printable ASCII characters.</summary>
    public static Parsed<string> Read(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        var values = http.Request.Headers[Header];
        return values.Count switch
        {
            0 => new Problem(ProblemTypes.IdempotencyKeyMissing, "Send the header Idempotency-Key with 1 to 255 printable ASCII characters, the same with every attempt."),
            1 when IsKey(values[0]) => values[0]!,
            1 => Problem.Invalid(Header, Rule),
            _ => Problem.Invalid(Header, "must be given once"),
        };
    }

    /// <summary>What a client is told about another key.</summary>
    public const string Rule = "must have 1 to 255 printable ASCII characters";

    /// <summary>Whether a text may be a key, in the header or in a line of a batch.</summary>
    public static bool IsKey(string? text) => text is { Length: > 0 and <= LengthMax } && !text.AsSpan().ContainsAnyExceptInRange(' ', '~');
}

/// <summary>The header <c>If-Match</c> (RFC 9110, section 13.1.1), as far as versions need it.</summary>
/// <param name="Given">Whether the request has it.</param>
/// <param name="Version">The version that it names; null where it is <c>*</c>, which any existing account matches.</param>
public readonly record struct IfMatch(bool Given, long? Version)
{
    private const string Header = "If-Match";

    /// <summary>Whether a command may be done on an account that has this version (0: there is none).</summary>
    public bool Allows(long version) => !Given || (Version is { } wanted ? wanted == version : version > 0);

    /// <summary>Reads the header: <c>"7"</c>, <c>*</c>, or none.</summary>
    public static Parsed<IfMatch> Read(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        var values = http.Request.Headers.IfMatch;
        if (values.Count == 0) return default(IfMatch);
        if (values.Count == 1 && values[0] is { } text)
        {
            if (text == "*") return new IfMatch(true, null);
            if (text.Length is > 2 and <= 21 && text[0] == '"' && text[^1] == '"' && text[1] is >= '1' and <= '9'
                && long.TryParse(text.AsSpan(1, text.Length - 2), NumberStyles.None, CultureInfo.InvariantCulture, out var version)) return new IfMatch(true, version);
        }

        return Problem.Invalid(Header, "must be one version in quotes, such as \"7\", or *");
    }
}
