using System.Buffers;
using System.Text;
using Ledger.Domain;

namespace Ledger.Api.Commands;

/// <summary>Writes values in few bytes: whole numbers in groups of seven bits, credits as millionths, times as microseconds.</summary>
internal ref struct PackedWriter(IBufferWriter<byte> into)
{
    private const decimal Millionths = 1_000_000m;
    private Span<byte> free = into.GetSpan(256);
    private int used;

    public void Number(Int128 value)
    {
        Room(20);
        var zigzag = (UInt128)((value << 1) ^ (value >> 127));
        while (zigzag >= 0x80)
        {
            free[used++] = (byte)(zigzag | 0x80);
            zigzag >>= 7;
        }

        free[used++] = (byte)zigzag;
    }

    public void Number(long value)
    {
        Room(10);
        var zigzag = (ulong)((value << 1) ^ (value >> 63));
        while (zigzag >= 0x80)
        {
            free[used++] = (byte)(zigzag | 0x80);
            zigzag >>= 7;
        }

        free[used++] = (byte)zigzag;
    }

    public void Credits(Credits value)
    {
        var scaled = value.Value * Millionths;
        if (scaled is >= long.MinValue and <= long.MaxValue) Number((long)scaled);
        else Number((Int128)scaled);
    }

    public void Flag(bool value)
    {
        Room(1);
        free[used++] = value ? (byte)1 : (byte)0;
    }

    public void Time(DateTimeOffset value) => Number((value.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);

    public void Time(DateTimeOffset? value)
    {
        Flag(value is not null);
        if (value is not null) Time(value.Value);
    }

    public void Text(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Number(length);
        Room(length);
        used += Encoding.UTF8.GetBytes(value, free[used..]);
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        Number(value.Length);
        Room(value.Length);
        value.CopyTo(free[used..]);
        used += value.Length;
    }

    public void Flush()
    {
        into.Advance(used);
        used = 0;
        free = default;
    }

    private void Room(int bytes)
    {
        if (free.Length - used >= bytes) return;
        into.Advance(used);
        used = 0;
        free = into.GetSpan(Math.Max(bytes, 1_024));
    }
}

/// <summary>Reads what <see cref="PackedWriter"/> wrote.</summary>
internal ref struct PackedReader(ReadOnlySpan<byte> from)
{
    private readonly ReadOnlySpan<byte> bytes = from;
    private int at;

    public Int128 Wide()
    {
        UInt128 zigzag = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[at++];
            zigzag |= (UInt128)(next & 0x7F) << shift;
            if (next < 0x80) return (Int128)(zigzag >> 1) ^ -(Int128)(zigzag & 1);
        }
    }

    public long Number() => (long)Wide();

    public int Small() => (int)Wide();

    public Credits Credits() => new((decimal)Wide() / 1_000_000m);

    public bool Flag() => bytes[at++] != 0;

    public DateTimeOffset Time() => DateTimeOffset.UnixEpoch.AddTicks(Number() * TimeSpan.TicksPerMicrosecond);

    public DateTimeOffset? TimeOrNull() => Flag() ? Time() : null;

    public string Text() => Encoding.UTF8.GetString(Bytes());

    public ReadOnlySpan<byte> Bytes()
    {
        var length = Small();
        var found = bytes.Slice(at, length);
        at += length;
        return found;
    }
}
