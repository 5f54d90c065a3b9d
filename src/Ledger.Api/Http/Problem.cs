using System.Text.Json;

namespace Ledger.Api.Http;

/// <summary>
/// A refusal on its way to a client: RFC 9457's members and those of its type. A value, not an exception: refusals are everyday.
/// </summary>
/// <param name="type">Its kind.</param>
/// <param name="detail">What is the matter this time, in a sentence for a person. Never SQL, a host or a stack.</param>
public sealed class Problem(ProblemType type, string detail)
{
    /// <summary>The media type of a problem document.</summary>
    public const string MediaType = "application/problem+json";

    private List<KeyValuePair<string, object?>>? members;

    /// <summary>Its kind.</summary>
    public ProblemType Type { get; } = type;

    /// <summary>What is the matter this time.</summary>
    public string Detail { get; } = detail;

    /// <summary>Seconds for the header Retry-After; null leaves it out.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>The members of its own, in the order in which they were added.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>> Members => members ?? (IReadOnlyList<KeyValuePair<string, object?>>)[];

    /// <summary>Adds a member of its own; credits are written as the client prefers them.</summary>
    public Problem With(string name, object? value)
    {
        (members ??= []).Add(new(name, value));
        return this;
    }

    /// <summary>A 400 about one member.</summary>
    /// <param name="member">The member's path, a parameter's or header's name, or <c>body</c>.</param>
    /// <param name="what">What is wrong, as the end of a sentence that begins with the member.</param>
    public static Problem Invalid(string member, string what)
    {
        var errors = new Errors();
        errors.Add(member, what);
        return errors.Problem!;
    }

    /// <summary>A 503 that says when to come back.</summary>
    public static Problem Overloaded(string detail, int retryAfterSeconds = 1) => new(ProblemTypes.Overloaded, detail) { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>Writes the document as one JSON object, as in a line of a batch's answer.</summary>
    public void WriteTo(Utf8JsonWriter writer, string traceId, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("type"u8, Type.Uri);
        writer.WriteString("title"u8, Type.Title);
        writer.WriteNumber("status"u8, Type.Status);
        writer.WriteString("detail"u8, Detail);
        writer.WriteString("traceId"u8, traceId);
        foreach (var (name, value) in Members)
        {
            if (value is null) continue;
            writer.WritePropertyName(name);
            JsonSerializer.Serialize(writer, value, value.GetType(), options);
        }

        writer.WriteEndObject();
    }

    /// <summary>Answers the request with this problem. Does nothing where the answer has begun.</summary>
    public Task WriteAsync(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        var response = http.Response;
        if (response.HasStarted) return Task.CompletedTask;
        response.StatusCode = Type.Status;
        if (RetryAfterSeconds is { } seconds) response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (Type.Status == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = "Bearer";
        // What is left of a body that is too large is not worth reading.
        if (Type.Status is StatusCodes.Status413PayloadTooLarge or StatusCodes.Status408RequestTimeout) response.Headers.Connection = "close";
        var options = LedgerJson.For(http);
        return Answer.Write(http, MediaType, (this, TraceIds.Of(http), options), static (writer, x) => x.Item1.WriteTo(writer, x.Item2, x.options));
    }
}
