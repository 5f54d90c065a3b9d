using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ledger.Api.Http;

/// <summary>Times as the contract has them: RFC 3339 with an offset in, UTC with <c>Z</c> out, to the microsecond that the database keeps.</summary>
public static class Times
{
    /// <summary>What a client is told about a time that can't be read.</summary>
    public const string Rule = "must be a time with its offset (RFC 3339), such as 2026-01-31T12:00:00Z";

    /// <summary>Most characters of a time as written: with six decimals.</summary>
    public const int LengthMax = 27;

    private const int ReadLengthMax = 40;

    /// <summary>Reads a time (RFC 3339, section 5.6); truncated to microseconds, in UTC.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset time)
    {
        time = default;
        if (text.Length > ReadLengthMax) return false;
        Span<byte> ascii = stackalloc byte[ReadLengthMax];
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] > 127) return false;
            ascii[i] = (byte)text[i];
        }

        return TryParse(ascii[..text.Length], out time);
    }

    /// <summary>Reads a time (RFC 3339, section 5.6); truncated to microseconds, in UTC.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out DateTimeOffset time)
    {
        time = default;
        if (text.Length is < 20 or > ReadLengthMax) return false;
        if (text[4] != '-' || text[7] != '-' || (text[10] | 0x20) != 't' || text[13] != ':' || text[16] != ':') return false;
        if (!Digits(text[..4], out var year) || !Digits(text[5..7], out var month) || !Digits(text[8..10], out var day)
            || !Digits(text[11..13], out var hour) || !Digits(text[14..16], out var minute) || !Digits(text[17..19], out var second)) return false;
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59) return false;

        var rest = text[19..];
        long micros = 0;
        if (rest[0] == '.')
        {
            var length = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            if (length < 1) return false;
            for (var i = 0; i < 6; i++) micros = (micros * 10) + (i < length ? rest[1 + i] - '0' : 0);
            rest = rest[(1 + length)..];
        }

        var offset = TimeSpan.Zero;
        if (rest.Length == 1 && (rest[0] | 0x20) == 'z')
        {
        }
        else if (rest.Length == 6 && rest[0] is (byte)'+' or (byte)'-' && rest[3] == ':' && Digits(rest[1..3], out var hours) && Digits(rest[4..6], out var minutes) && hours <= 23 && minutes <= 59)
        {
            offset = new TimeSpan(hours, minutes, 0);
            if (rest[0] == '-') offset = -offset;
        }
        else
        {
            return false;
        }

        var ticks = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks + (micros * TimeSpan.TicksPerMicrosecond) - offset.Ticks;
        if (ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks) return false;
        time = new DateTimeOffset(ticks, TimeSpan.Zero);
        return true;
    }

    /// <summary>Writes a time in UTC with as many decimals as it needs, at most six.</summary>
    /// <returns>The bytes written; the target must have room for <see cref="LengthMax"/>.</returns>
    public static int Format(DateTimeOffset time, Span<byte> target)
    {
        var utc = time.UtcDateTime;
        var (date, clock) = (DateOnly.FromDateTime(utc), utc.TimeOfDay);
        Pad(target, date.Year, 4);
        target[4] = (byte)'-';
        Pad(target[5..], date.Month, 2);
        target[7] = (byte)'-';
        Pad(target[8..], date.Day, 2);
        target[10] = (byte)'T';
        Pad(target[11..], clock.Hours, 2);
        target[13] = (byte)':';
        Pad(target[14..], clock.Minutes, 2);
        target[16] = (byte)':';
        Pad(target[17..], clock.Seconds, 2);
        var length = 19;
        var micros = (int)(clock.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond);
        if (micros > 0)
        {
            target[19] = (byte)'.';
            Pad(target[20..], micros, 6);
            length = 26;
            while (target[length - 1] == '0') length--;
        }

        target[length] = (byte)'Z';
        return length + 1;
    }

    /// <summary>The time as text.</summary>
    public static string Text(DateTimeOffset time)
    {
        Span<byte> target = stackalloc byte[LengthMax];
        return System.Text.Encoding.ASCII.GetString(target[..Format(time, target)]);
    }

    private static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var b in text)
        {
            if (b is < (byte)'0' or > (byte)'9') return false;
            value = (value * 10) + (b - '0');
        }

        return true;
    }

    private static void Pad(Span<byte> target, int value, int width)
    {
        for (var i = width - 1; i >= 0; i--, value /= 10) target[i] = (byte)('0' + (value % 10));
    }
}

/// <summary>Reads and writes times by <see cref="Times"/>.</summary>
internal sealed class TimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped && Times.TryParse(reader.ValueSpan, out var time)) return time;
        throw new MemberException(Times.Rule);
    }

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        Span<byte> target = stackalloc byte[Times.LengthMax];
        writer.WriteStringValue(target[..Times.Format(value, target)]);
    }
}
