using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Ledger.EventStore;

/// <summary>The <c>headers</c> column: <c>{"actor":"...","hash":"..."}</c>.</summary>
internal static class Headers
{
    public static int LengthMax(EventMeta meta) => meta.Actor is null ? 2 : 16 + (6 * Encoding.UTF8.GetMaxByteCount(meta.Actor.Length));

    /// <summary>Writes them without the hash, as UTF-8; returns how many bytes. There must be room for <see cref="LengthMax"/>.</summary>
    public static int WriteWithoutHash(EventMeta meta, Span<byte> to)
    {
        var written = 2;
        if (meta.Actor is null) "{}"u8.CopyTo(to);
        else Utf8.TryWrite(to, CultureInfo.InvariantCulture, $"{{\"actor\":\"{Escaped(meta.Actor)}\"}}", out written);
        return written;
    }

    /// <summary>All of them, as UTF-8.</summary>
    public static byte[] WithHash(EventMeta meta, ReadOnlySpan<byte> hash)
    {
        ReadOnlySpan<byte> name = meta.Actor is null ? "{\"hash\":\""u8 : ",\"hash\":\""u8;
        var length = LengthMax(meta) + name.Length + Base64.GetMaxEncodedToUtf8Length(hash.Length) + 2;
        var to = length <= 1024 ? stackalloc byte[length] : new byte[length];
        // Over the brace that ends them without it.
        var at = meta.Actor is null ? 0 : WriteWithoutHash(meta, to) - 1;
        name.CopyTo(to[at..]);
        at += name.Length;
        Base64.EncodeToUtf8(hash, to[at..], out _, out var written);
        at += written;
        "\"}"u8.CopyTo(to[at..]);
        return to[..(at + 2)].ToArray();
    }

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

    // An actor is mostly the id of a key: letters, digits and underscores, which stand as they are.
    private static string Escaped(string text) => text.AsSpan().ContainsAnyExcept(Plain) ? CanonicalJson.Encoder.Encode(text) : text;

    private static readonly SearchValues<char> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");
}
