using System.Buffers;
using System.Text.Json;

namespace Ledger.Api.Http;

/// <summary>
/// Writes answers. The whole answer is made in a buffer of the thread, so its length is known, it goes out in one piece and a fault while
/// writing it can still be answered as one.
/// </summary>
public static class Answer
{
    /// <summary>The media type of answers.</summary>
    public const string MediaType = "application/json";

    private const int KeptBufferMax = 1 << 20;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? spareBuffer;

    [ThreadStatic]
    private static Utf8JsonWriter? spareWriter;

    /// <summary>Answers with a record as JSON, credits written as the client prefers them.</summary>
    public static Task Json<T>(HttpContext http, int status, T value)
    {
        ArgumentNullException.ThrowIfNull(http);
        http.Response.StatusCode = status;
        return Write(http, MediaType, (value, Options(http)), static (writer, x) => JsonSerializer.Serialize(writer, x.value, x.Item2));
    }

    /// <summary>Answers 200 with a record as JSON.</summary>
    public static Task Ok<T>(HttpContext http, T value) => Json(http, StatusCodes.Status200OK, value);

    /// <summary>Answers with JSON that the caller writes member by member, for the routes where that counts.</summary>
    /// <param name="http">The request.</param>
    /// <param name="status">The status.</param>
    /// <param name="state">What the writing needs; a static lambda then allocates nothing.</param>
    /// <param name="write">Writes one JSON value. <see cref="Preferences.DecimalsAsStrings"/> says how credits are wanted.</param>
    public static Task Json<TState>(HttpContext http, int status, TState state, Action<Utf8JsonWriter, TState> write)
    {
        ArgumentNullException.ThrowIfNull(http);
        http.Response.StatusCode = status;
        Options(http);
        return Write(http, MediaType, state, write);
    }

    /// <summary>Marks an answer as that to a repeated key.</summary>
    public static void Replayed(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        http.Response.Headers["Idempotent-Replayed"] = "true";
    }

    /// <summary>Sets the header ETag to a version.</summary>
    public static void Version(HttpContext http, long version)
    {
        ArgumentNullException.ThrowIfNull(http);
        http.Response.Headers.ETag = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"\"{version}\"");
    }

    internal static Task Write<TState>(HttpContext http, string mediaType, TState state, Action<Utf8JsonWriter, TState> write)
    {
        // Taken away while in use, since a value may answer with another writer in between.
        var (buffer, writer) = (spareBuffer ?? new ArrayBufferWriter<byte>(1024), spareWriter);
        (spareBuffer, spareWriter) = (null, null);
        if (writer is null) writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = LedgerJson.Numbers.Encoder, SkipValidation = true });
        else writer.Reset(buffer);
        write(writer, state);
        writer.Flush();

        Send(http, mediaType, buffer.WrittenSpan);
        if (buffer.Capacity <= KeptBufferMax)
        {
            buffer.ResetWrittenCount();
            spareBuffer = buffer;
            spareWriter = writer;
        }

        // The server sends what was written when the request ends.
        return Task.CompletedTask;
    }

    /// <summary>Answers with JSON that the caller has written already, with <see cref="Options"/>.</summary>
    internal static Task Json(HttpContext http, int status, ReadOnlySpan<byte> json)
    {
        http.Response.StatusCode = status;
        Send(http, MediaType, json);
        return Task.CompletedTask;
    }

    private static void Send(HttpContext http, string mediaType, ReadOnlySpan<byte> body)
    {
        var response = http.Response;
        response.ContentType = mediaType;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) response.BodyWriter.Write(body);
    }

    /// <summary>How the client prefers its credits; where that is not the usual way, the answer says that it is followed.</summary>
    internal static JsonSerializerOptions Options(HttpContext http)
    {
        var options = LedgerJson.For(http);
        if (ReferenceEquals(options, LedgerJson.Strings)) Preferences.Echo(http);
        return options;
    }
}
