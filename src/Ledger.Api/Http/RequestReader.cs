using System.Buffers;
using System.Text;
using System.Text.Json;
using Ledger.Api.Accounts;

namespace Ledger.Api.Http;

/// <summary>What was read, or why it can't be.</summary>
/// <param name="Value">What was read; its default where there is a problem.</param>
/// <param name="Problem">Null where all is well.</param>
public readonly record struct Parsed<T>(T? Value, Problem? Problem)
{
    /// <summary>What was read.</summary>
    public static implicit operator Parsed<T>(T value) => new(value, null);

    /// <summary>Why it can't be read.</summary>
    public static implicit operator Parsed<T>(Problem problem) => new(default, problem);
}

/// <summary>
/// Reads bodies: size, media type, then strict JSON, each refusal with the member that it is about. Request records are public and all their members
/// nullable, since a null member is an absent one.
/// </summary>
public static class RequestReader
{
    /// <summary>Most bytes of a body.</summary>
    public const int BodyBytesMax = 256 * 1024;

    /// <summary>The member that an error about the whole body is listed under.</summary>
    public const string Body = "body";

    /// <summary>Reads the body of a request; no body is <c>{}</c>.</summary>
    public static async ValueTask<Parsed<T>> ReadAsync<T>(HttpContext http) where T : class
    {
        ArgumentNullException.ThrowIfNull(http);
        var request = http.Request;
        if (request.ContentLength > BodyBytesMax) return TooLarge();
        var reader = request.BodyReader;
        while (true)
        {
            // A lost connection ends the reading by itself; asking for its token would cost each request a source of tokens.
            var read = await reader.ReadAsync(CancellationToken.None);
            var buffer = read.Buffer;
            if (buffer.Length > BodyBytesMax)
            {
                reader.AdvanceTo(buffer.Start, buffer.End);
                return TooLarge();
            }

            if (!read.IsCompleted)
            {
                reader.AdvanceTo(buffer.Start, buffer.End);
                continue;
            }

            var parsed = buffer.IsEmpty ? Parse<T>("{}"u8) : CheckMediaType(request) is { } problem ? problem : Parse<T>(buffer);
            reader.AdvanceTo(buffer.End);
            return parsed;
        }
    }

    /// <summary>Reads a body that is already there, such as a line of a batch.</summary>
    public static Parsed<T> Parse<T>(in ReadOnlySequence<byte> utf8) where T : class
    {
        if (utf8.IsSingleSegment) return Parse<T>(utf8.FirstSpan);
        var rented = ArrayPool<byte>.Shared.Rent((int)utf8.Length);
        try
        {
            utf8.CopyTo(rented);
            return Parse<T>(rented.AsSpan(0, (int)utf8.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Reads a body that is already there.</summary>
    public static Parsed<T> Parse<T>(ReadOnlySpan<byte> utf8) where T : class
    {
        if (typeof(T) == typeof(ConsumeCreditsRequest) && PlainConsumption.Read(utf8) is T plain) return plain;
        return ParseAny<T>(utf8);
    }

    /// <summary>The general way: the serializer's, by the type's shape.</summary>
    internal static Parsed<T> ParseAny<T>(ReadOnlySpan<byte> utf8) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(utf8, LedgerJson.Shape<T>.Info) is { } value ? value : Problem.Invalid(Body, "must be a JSON object");
        }
        catch (JsonException failure)
        {
            return Problem.Invalid(Member(failure.Path), What(failure));
        }
    }

    /// <summary>The 413 for a body.</summary>
    internal static Problem TooLarge() => new(ProblemTypes.TooLarge, $"The body has more than {BodyBytesMax} bytes.");

    /// <summary>Only JSON, only in UTF-8, only as it is.</summary>
    internal static Problem? CheckMediaType(HttpRequest request, string mediaType = "application/json")
    {
        if (request.Headers.ContentEncoding.Count > 0)
            return new Problem(ProblemTypes.UnsupportedMediaType, "The body is compressed. Send it without Content-Encoding.");
        var given = request.ContentType;
        if (string.Equals(given, mediaType, StringComparison.Ordinal)) return null; // the usual one
        return System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(given, out var type)
            && string.Equals(type.MediaType, mediaType, StringComparison.OrdinalIgnoreCase)
            && type.Parameters.All(p => string.Equals(p.Name, "charset", StringComparison.OrdinalIgnoreCase))
            && (type.CharSet is null || string.Equals(type.CharSet.Trim('"'), "utf-8", StringComparison.OrdinalIgnoreCase))
            ? null
            : new Problem(ProblemTypes.UnsupportedMediaType, $"Content-Type must be {mediaType}.");
    }

    /// <summary><c>$.price['a b'].x[2]</c> is <c>price.a b.x[2]</c>; the whole body is <c>body</c>.</summary>
    private static string Member(string? path)
    {
        if (path is null or "$" || !path.StartsWith('$')) return Body;
        var member = new StringBuilder(path.Length);
        var rest = path.AsSpan(1);
        while (!rest.IsEmpty)
        {
            // A name may itself begin with a bracket: its end is looked for behind its beginning.
            if (rest.StartsWith("['") && rest[2..].IndexOf("']") is var length and >= 0)
            {
                member.Append('.').Append(rest.Slice(2, length));
                rest = rest[(length + 4)..];
            }
            else
            {
                member.Append(rest[0]);
                rest = rest[1..];
            }
        }

        // A name may be anything that a client sends; what is echoed is short and printable.
        var name = member.ToString().TrimStart('.');
        var shown = new StringBuilder();
        foreach (var rune in name.EnumerateRunes())
        {
            if (shown.Length >= MemberShownMax) break;
            if (Rune.IsControl(rune) || rune == Rune.ReplacementChar) shown.Append('?');
            else shown.Append(rune.ToString());
        }

        return shown.Length == 0 ? Body : shown.ToString();
    }

    private const int MemberShownMax = 200;

    private static string What(JsonException failure) => failure switch
    {
        MemberException => failure.Message,
        { InnerException: JsonException syntax } => syntax.Message.Contains("depth", StringComparison.OrdinalIgnoreCase) && syntax.Message.Contains("maximum", StringComparison.OrdinalIgnoreCase)
            ? $"is nested deeper than {LedgerJson.DepthMax} levels"
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"is not valid JSON at line {failure.LineNumber + 1}, byte {failure.BytePositionInLine + 1}"),
        _ when failure.Message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal) => "is not a member of this request",
        _ when failure.Message.StartsWith("Duplicate propert", StringComparison.Ordinal) => "is given more than once",
        _ when Member(failure.Path) == Body => "must be a JSON object",
        _ => "has the wrong type",
    };
}
