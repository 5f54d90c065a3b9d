using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Ledger.Api.Accounts;
using Ledger.EventStore;

namespace Ledger.Api.Http;

/// <summary>
/// What makes two requests the same: the command, the account and the members, whatever their order, spacing and the spelling of their numbers and
/// times. 16 bytes of a SHA-256 are far beyond a chance meeting of two requests under one key.
/// </summary>
public static class Fingerprint
{
    private const int KeptBufferMax = 1 << 20;

    private static readonly JsonSerializerOptions Canonical = Make();

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? spareBuffer;

    [ThreadStatic]
    private static Utf8JsonWriter? spareWriter;

    /// <summary>
    /// The fingerprint of a request. The members are those of <typeparamref name="T"/>, so a batch line whose record derives from the request of the
    /// single route, with the line's own members beside, has the same one: <c>Fingerprint.Of&lt;ConsumeRequest&gt;("consume", account, line)</c>.
    /// </summary>
    /// <param name="command">The command's name.</param>
    /// <param name="target">What it is done on: the account's id, and what else stands in the path (a hold, a transaction).</param>
    /// <param name="request">The request as read, after it was found valid; members that are null are absent.</param>
    public static UInt128 Of<T>(string command, string target, T request)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(target);
        return typeof(T) == typeof(ConsumeCreditsRequest) && request is ConsumeCreditsRequest plain && OfPlain(command, target, plain) is { } found ? found : OfAny(command, target, request);
    }

    /// <summary>The same for the request that most are, written by hand.</summary>
    private static UInt128? OfPlain(string command, string target, ConsumeCreditsRequest request)
    {
        var json = PlainJson.Begin();
        json.Bare(command);
        json.Raw("\n"u8);
        json.Bare(target);
        json.Raw("\n"u8);
        UInt128? found = PlainConsumption.TryWrite(request, ref json) ? OfBytes(json.Written) : null;
        json.End();
        return found;
    }

    /// <summary>The general way: the serializer's, by the type's shape.</summary>
    internal static UInt128 OfAny<T>(string command, string target, T request)
    {
        // Given back only where all goes well, so a fault leaves nothing behind for the next request.
        var (buffer, writer) = (spareBuffer ?? new ArrayBufferWriter<byte>(1024), spareWriter);
        (spareBuffer, spareWriter) = (null, null);
        Encoding.UTF8.GetBytes(command, buffer);
        buffer.Write("\n"u8);
        Encoding.UTF8.GetBytes(target, buffer);
        buffer.Write("\n"u8);
        if (writer is null) writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = Canonical.Encoder, SkipValidation = true });
        else writer.Reset(buffer);
        JsonSerializer.Serialize(writer, request, (JsonTypeInfo<T>)Info<T>.Value);
        writer.Flush();

        var found = OfBytes(buffer.WrittenSpan);
        if (buffer.Capacity <= KeptBufferMax)
        {
            buffer.ResetWrittenCount();
            (spareBuffer, spareWriter) = (buffer, writer);
        }

        return found;
    }

    private static UInt128 OfBytes(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[EventHash.Size];
        Sha256.Hash(bytes, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    private static class Info<T>
    {
        public static readonly JsonTypeInfo Value = Canonical.GetTypeInfo(typeof(T));
    }

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions(LedgerJson.Numbers)
        {
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { SortMembers } },
        };
        options.Converters.Insert(0, new SortedMapConverter());
        options.Converters.Insert(0, new CanonicalElementConverter());
        options.MakeReadOnly();
        return options;
    }

    private static void SortMembers(JsonTypeInfo info)
    {
        if (info.Kind != JsonTypeInfoKind.Object) return;
        var sorted = info.Properties.OrderBy(p => p.Name, StringComparer.Ordinal).ToList();
        info.Properties.Clear();
        foreach (var property in sorted)
        {
            property.Order = 0;
            info.Properties.Add(property);
        }
    }

    /// <summary>Writes <c>metadata</c> sorted, without members that are null.</summary>
    private sealed class SortedMapConverter : JsonConverter<IReadOnlyDictionary<string, string?>>
    {
        public override IReadOnlyDictionary<string, string?> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, string?> value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            foreach (var (name, text) in value.Count > 1 ? value.OrderBy(p => p.Key, StringComparer.Ordinal) : value.AsEnumerable())
            {
                if (text is not null) writer.WriteString(name, text);
            }

            writer.WriteEndObject();
        }
    }

    /// <summary>Writes free JSON in its canonical spelling.</summary>
    private sealed class CanonicalElementConverter : JsonConverter<JsonElement>
    {
        public override JsonElement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options) => CanonicalJson.Write(writer, value);
    }
}
