namespace Ledger.EventStore;

/// <summary>Times as they are hashed: RFC 3339, UTC, always six decimals and Z. By hand, since it is done for each event.</summary>
internal static class Microseconds
{
    /// <summary>Bytes of such a time.</summary>
    public const int Length = 27;

    /// <summary>Writes a time into the first <see cref="Length"/> bytes.</summary>
    public static void Write(DateTimeOffset time, Span<byte> to)
    {
        var utc = time.UtcDateTime;
        "0000-00-00T00:00:00.000000Z"u8.CopyTo(to);
        var (year, month, day) = utc;
        Digits(to[..4], year);
        Digits(to.Slice(5, 2), month);
        Digits(to.Slice(8, 2), day);
        Digits(to.Slice(11, 2), utc.Hour);
        Digits(to.Slice(14, 2), utc.Minute);
        Digits(to.Slice(17, 2), utc.Second);
        Digits(to.Slice(20, 6), (int)(utc.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond));
    }

    private static void Digits(Span<byte> to, int number)
    {
        for (var i = to.Length - 1; i >= 0; i--, number /= 10) to[i] = (byte)('0' + (number % 10));
    }
}
