using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Ledger.EventStore;

/// <summary>The <c>headers</c> column: <c>{"actor":"...","hash":"..."}</c>.</summary>
internal static class Headers
{
    public static int LengthMax(EventMeta meta) => meta.Actor is null ? 2 : 16 + (6 * Encoding.UTF8.GetMaxByteCount(meta.Actor.Length));

    public static ReadOnlySpan<byte> WithoutHash(EventMeta meta) =>
        meta.Actor is null ? "{}"u8 : Encoding.UTF8.GetBytes($"{{\"actor\":{Quoted(meta.Actor)}}}");

    public static string WithHash(EventMeta meta, ReadOnlySpan<byte> hash) =>
        meta.Actor is null ? $"{{\"hash\":\"{Convert.ToBase64String(hash)}\"}}" : $"{{\"actor\":{Quoted(meta.Actor)},\"hash\":\"{Convert.ToBase64String(hash)}\"}}";

    public static (string? Actor, byte[] Hash) Read(ReadOnlySpan<byte> json)
    {
        string? actor = null;
        byte[] hash = [];
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName) continue;
            if (reader.ValueTextEquals("actor"u8) && reader.Read()) actor = reader.GetString();
            else if (reader.ValueTextEquals("hash"u8) && reader.Read()) hash = reader.GetBytesFromBase64();
        }

        return (actor, hash);
    }

    private static string Quoted(string text)
    {
        // An actor is mostly the id of a key: letters, digits and underscores, which stand as they are.
        if (!text.AsSpan().ContainsAnyExcept(Plain)) return $"\"{text}\"";
        return $"\"{CanonicalJson.Encoder.Encode(text)}\"";
    }

    private static readonly SearchValues<char> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");
}
