using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Ledger.EventStore;

/// <summary>
/// The hash that chains the events of a stream: SHA-256 over the previous hash (32 zero bytes before the first event) and then, each with its
/// length in bytes ahead of it as a 32-bit big-endian number (0xFFFFFFFF for an absent one): tenant, stream, version in decimal, type, time
/// (RFC 3339, UTC, six decimals, Z), correlation, causation, data as canonical JSON, the headers but this hash as canonical JSON.
/// It stands in the event's header <c>hash</c>, in base64.
/// </summary>
public static class EventHash
{
    /// <summary>Bytes of a hash.</summary>
    public const int Size = 32;

    /// <summary>What stands before the first event of a stream.</summary>
    public static ReadOnlyMemory<byte> Origin { get; } = new byte[Size];

    /// <summary>The hash of an event.</summary>
    /// <param name="previous">The hash of the event ahead of it, 32 bytes.</param>
    /// <param name="stream">Its stream.</param>
    /// <param name="version">Its version in the stream.</param>
    /// <param name="type">Its stored type name.</param>
    /// <param name="recordedAt">When it was recorded: UTC, whole microseconds.</param>
    /// <param name="meta">Correlation, causation and the actor.</param>
    /// <param name="data">Its data in canonical JSON.</param>
    public static byte[] Of(ReadOnlySpan<byte> previous, StreamRef stream, long version, string type, DateTimeOffset recordedAt, EventMeta meta, ReadOnlySpan<byte> data)
    {
        ArgumentNullException.ThrowIfNull(meta);
        ArgumentNullException.ThrowIfNull(type);
        var length = Size + (9 * 4) + data.Length + Max(stream.Tenant) + Max(stream.Id) + 20 + Max(type) + 27 + Max(meta.Correlation) + Max(meta.Causation) + Headers.LengthMax(meta);
        var rented = System.Buffers.ArrayPool<byte>.Shared.Rent(length);
        var to = rented.AsSpan();
        previous.CopyTo(to);
        var at = Size;
        Add(to, ref at, stream.Tenant);
        Add(to, ref at, stream.Id);
        Span<byte> small = stackalloc byte[32];
        version.TryFormat(small, out var written, default, CultureInfo.InvariantCulture);
        Add(to, ref at, small[..written]);
        Add(to, ref at, type);
        Microseconds.Write(recordedAt, small);
        Add(to, ref at, small[..Microseconds.Length]);
        Add(to, ref at, meta.Correlation);
        Add(to, ref at, meta.Causation);
        Add(to, ref at, data);
        written = Headers.WriteWithoutHash(meta, to[(at + 4)..]);
        BinaryPrimitives.WriteInt32BigEndian(to[at..], written);
        at += 4 + written;
        var hash = new byte[Size];
        Sha256.Hash(to[..at], hash);
        System.Buffers.ArrayPool<byte>.Shared.Return(rented);
        return hash;
    }

    /// <summary>An event's id: the first 16 bytes of its hash, marked as a UUID of version 8 (RFC 9562).</summary>
    public static Guid IdOf(ReadOnlySpan<byte> hash)
    {
        Span<byte> id = stackalloc byte[16];
        hash[..16].CopyTo(id);
        id[6] = (byte)((id[6] & 0x0F) | 0x80);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return new Guid(id, bigEndian: true);
    }

    private static int Max(string? text) => text is null ? 0 : Encoding.UTF8.GetMaxByteCount(text.Length);

    private static void Add(Span<byte> to, ref int at, string? text)
    {
        if (text is null)
        {
            BinaryPrimitives.WriteUInt32BigEndian(to[at..], uint.MaxValue);
            at += 4;
            return;
        }

        var length = Encoding.UTF8.GetBytes(text, to[(at + 4)..]);
        BinaryPrimitives.WriteInt32BigEndian(to[at..], length);
        at += 4 + length;
    }

    private static void Add(Span<byte> to, ref int at, ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteInt32BigEndian(to[at..], bytes.Length);
        bytes.CopyTo(to[(at + 4)..]);
        at += 4 + bytes.Length;
    }
}
