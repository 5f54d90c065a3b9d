using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Ledger.Domain;

namespace Ledger.Api.Http;

/// <summary>
/// Writes JSON byte by byte into a buffer of the thread: the bytes that the serializer would write, for the few shapes that nearly all requests have. What stands between the values
/// is given as it is. Begin with <see cref="Begin"/> and give the buffer back with <see cref="End"/>.
/// </summary>
internal ref struct PlainJson
{
    private const int KeptBufferMax = 1 << 20;

    [ThreadStatic]
    private static byte[]? spare;

    // What stands in a text as it is; all else goes to the encoder.
    private static readonly SearchValues<char> Plain = SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c).Where(c => c is not ('"' or '\\'))]);

    private byte[] buffer;
    private int length;

    /// <summary>What was written.</summary>
    public readonly ReadOnlySpan<byte> Written => buffer.AsSpan(0, length);

    /// <summary>An empty one.</summary>
    public static PlainJson Begin()
    {
        // Taken away while in use, so a fault leaves nothing behind for the next one.
        var json = new PlainJson { buffer = spare ?? new byte[2048] };
        spare = null;
        return json;
    }

    /// <summary>Gives the buffer back; nothing of <see cref="Written"/> may be looked at after it.</summary>
    public readonly void End()
    {
        if (buffer.Length <= KeptBufferMax) spare = buffer;
    }

    /// <summary>Bytes as they are.</summary>
    public void Raw(scoped ReadOnlySpan<byte> bytes) => bytes.CopyTo(Room(bytes.Length));

    /// <summary>A text that stands for itself, not in quotes.</summary>
    public void Bare(string text)
    {
        var room = Room(Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, room);
    }

    /// <summary>A text in quotes.</summary>
    public void Text(string text)
    {
        if (text.AsSpan().ContainsAnyExcept(Plain))
        {
            Quoted(JsonEncodedText.Encode(text, LedgerJson.Numbers.Encoder).EncodedUtf8Bytes);
            return;
        }

        var room = Room(text.Length + 2);
        room[0] = (byte)'"';
        Encoding.ASCII.GetBytes(text, room[1..]);
        room[^1] = (byte)'"';
    }

    /// <summary>Bytes that need no escaping, in quotes.</summary>
    public void Quoted(scoped ReadOnlySpan<byte> bytes)
    {
        var room = Room(bytes.Length + 2);
        room[0] = (byte)'"';
        bytes.CopyTo(room[1..]);
        room[^1] = (byte)'"';
    }

    /// <summary>A whole number.</summary>
    public void Number(long number)
    {
        Span<byte> text = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, text, out var written);
        Raw(text[..written]);
    }

    /// <summary>Credits, as a number or as a string.</summary>
    public void Amount(Credits amount, bool asString = false)
    {
        Span<byte> text = stackalloc byte[Credits.LengthMax];
        amount.TryFormat(text, out var written);
        if (asString) Quoted(text[..written]);
        else Raw(text[..written]);
    }

    /// <summary>A time.</summary>
    public void Time(DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[Times.LengthMax];
        Quoted(text[..Times.Format(time, text)]);
    }

    private Span<byte> Room(int more)
    {
        if (buffer.Length - length < more) Array.Resize(ref buffer, Math.Max(2 * buffer.Length, length + more));
        var room = buffer.AsSpan(length, more);
        length += more;
        return room;
    }
}
