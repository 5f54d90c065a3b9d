using System.Globalization;
using System.Numerics;

namespace Ledger.Domain;

/// <summary>An exact amount of credits of one unit, with at most 28 digits. 1.0 and 1 are the same amount. It may be negative (a balance, a signed adjustment).</summary>
public readonly record struct Credits : IComparable<Credits>
{
    /// <summary>The most decimals that any account may have.</summary>
    public const int ScaleMax = 6;

    /// <summary>The most bytes (and characters) that an amount takes when written: a sign, 29 digits, a point.</summary>
    public const int LengthMax = 32;

    /// <summary>An amount of <paramref name="value"/> credits.</summary>
    public Credits(decimal value) => Value = value;

    /// <summary>Nothing.</summary>
    public static Credits Zero => default;

    /// <summary>The most that one command may move: 1,000,000,000,000 credits.</summary>
    public static Credits AmountMax { get; } = new(1_000_000_000_000m);

    /// <summary>The amount as a decimal number; zeros at its end mean nothing.</summary>
    public decimal Value { get; }

    /// <summary>How many decimals the amount needs, 0 to 28; zeros at the end do not count.</summary>
    public int Scale
    {
        get
        {
            int scale = Value.Scale;
            if (scale == 0) return 0;
            Span<int> bits = stackalloc int[4];
            decimal.GetBits(Value, bits);
            var digits = new UInt128((uint)bits[2], ((ulong)(uint)bits[1] << 32) | (uint)bits[0]);
            if (digits == 0) return 0;
            while (scale > 0 && digits % 10 == 0)
            {
                digits /= 10;
                scale--;
            }

            return scale;
        }
    }

    /// <summary>Whether this is exactly nothing.</summary>
    public bool IsZero => Value == 0m;

    /// <summary>Whether this is more than nothing.</summary>
    public bool IsPositive => Value > 0m;

    /// <summary>Whether this is less than nothing.</summary>
    public bool IsNegative => Value < 0m;

    /// <summary>The sum.</summary>
    public static Credits operator +(Credits left, Credits right) => new(left.Value + right.Value);

    /// <summary>The difference.</summary>
    public static Credits operator -(Credits left, Credits right) => new(left.Value - right.Value);

    /// <summary>The same amount the other way.</summary>
    public static Credits operator -(Credits amount) => new(-amount.Value);

    /// <summary>Whether the left is less.</summary>
    public static bool operator <(Credits left, Credits right) => left.Value < right.Value;

    /// <summary>Whether the left is more.</summary>
    public static bool operator >(Credits left, Credits right) => left.Value > right.Value;

    /// <summary>Whether the left is less or the same.</summary>
    public static bool operator <=(Credits left, Credits right) => left.Value <= right.Value;

    /// <summary>Whether the left is more or the same.</summary>
    public static bool operator >=(Credits left, Credits right) => left.Value >= right.Value;

    /// <summary>A whole number of credits.</summary>
    public static implicit operator Credits(int value) => new(value);

    /// <summary>A decimal number of credits.</summary>
    public static implicit operator Credits(decimal value) => new(value);

    /// <summary>The smaller of two.</summary>
    public static Credits Min(Credits left, Credits right) => left < right ? left : right;

    /// <summary>The larger of two.</summary>
    public static Credits Max(Credits left, Credits right) => left > right ? left : right;

    /// <summary>The amount with no more than so many decimals; what it has beyond is cut off.</summary>
    /// <param name="scale">0 to <see cref="ScaleMax"/>.</param>
    public Credits DownTo(int scale) => Scale <= scale ? this : new(decimal.Round(Value, scale, MidpointRounding.ToZero));

    /// <summary>The amount without its sign.</summary>
    public static Credits Abs(Credits amount) => new(Math.Abs(amount.Value));

    /// <inheritdoc/>
    public int CompareTo(Credits other) => Value.CompareTo(other.Value);

    /// <summary>Plain notation: an optional minus, digits, and a point with digits where there are any; no exponent, no zeros at the end, no "-0".</summary>
    public override string ToString()
    {
        Span<char> text = stackalloc char[LengthMax];
        if (IsZero) return "0";
        Value.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
        if (Value.Scale > 0)
        {
            while (text[length - 1] == '0') length--;
            if (text[length - 1] == '.') length--;
        }

        return new string(text[..length]);
    }

    /// <summary>Writes what <see cref="ToString"/> gives as UTF-8; false when there is no room (<see cref="LengthMax"/> is always enough).</summary>
    public bool TryFormat(Span<byte> utf8, out int written)
    {
        written = 0;
        if (IsZero)
        {
            if (utf8.IsEmpty) return false;
            utf8[0] = (byte)'0';
            written = 1;
            return true;
        }

        Span<byte> text = stackalloc byte[LengthMax];
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(Value, bits);
        int length;
        // Nearly all amounts are whole and small.
        if (Value.Scale == 0 && (bits[1] | bits[2]) == 0 && bits[0] >= 0)
        {
            (IsNegative ? -bits[0] : bits[0]).TryFormat(text, out length, default, CultureInfo.InvariantCulture);
        }
        else
        {
            Value.TryFormat(text, out length, default, CultureInfo.InvariantCulture);
            if (Value.Scale > 0)
            {
                while (text[length - 1] == (byte)'0') length--;
                if (text[length - 1] == (byte)'.') length--;
            }
        }

        if (!text[..length].TryCopyTo(utf8)) return false;
        written = length;
        return true;
    }

    /// <summary>Reads plain notation, <c>-?[0-9]+(\.[0-9]+)?</c>; false for all else and for what does not fit exactly.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Credits amount) => Read(text, exponent: false, out amount);

    /// <summary>Reads plain notation as UTF-8, <c>-?[0-9]+(\.[0-9]+)?</c>; false for all else and for what does not fit exactly.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out Credits amount) => Read(utf8, exponent: false, out amount);

    /// <summary>Reads plain notation or a JSON number (RFC 8259), whose exponent is followed exactly: 1e2 is 100, 120e-1 is 12; false where that does not fit.</summary>
    public static bool TryParseNumber(ReadOnlySpan<char> text, out Credits amount) => Read(text, exponent: true, out amount);

    /// <summary>Reads plain notation or a JSON number (RFC 8259) as UTF-8, whose exponent is followed exactly; false where that does not fit.</summary>
    public static bool TryParseNumber(ReadOnlySpan<byte> utf8, out Credits amount) => Read(utf8, exponent: true, out amount);

    // The number is digits * 10^power with no zero at the end of digits, so that 120e-1 and 12.000 are both 12 and a long tail of zeros costs nothing.
    private static bool Read<T>(ReadOnlySpan<T> text, bool exponent, out Credits amount)
        where T : unmanaged, IBinaryInteger<T>
    {
        amount = Zero;
        var at = 0;
        var negative = at < text.Length && Is(text[at], '-');
        if (negative) at++;

        UInt128 digits = 0;
        int count = 0, zeros = 0, decimals = 0;
        var start = at;
        var point = -1;
        for (; at < text.Length; at++)
        {
            if (Is(text[at], '.'))
            {
                if (point >= 0 || at == start) return false;
                point = at;
                continue;
            }

            var digit = Digit(text[at]);
            if (digit < 0) break;
            if (point >= 0) decimals++;
            if (digit == 0)
            {
                if (count > 0) zeros++;
                continue;
            }

            count += zeros + 1;
            if (count > 29) return false;
            for (; zeros > 0; zeros--) digits *= 10;
            digits = (digits * 10) + (uint)digit;
        }

        if (at == start || point == at - 1) return false;
        var power = 0;
        if (at < text.Length && (!exponent || !ReadExponent(text[at..], out power))) return false;
        if (digits == 0) return true;

        var shift = (long)power + zeros - decimals;
        if (shift > 0)
        {
            if (count + shift > 29) return false;
            for (; shift > 0; shift--) digits *= 10;
        }

        if (shift < -28 || digits >> 96 != 0) return false;
        amount = new(new decimal((int)(uint)digits, (int)(uint)(digits >> 32), (int)(uint)(digits >> 64), negative, (byte)-shift));
        return true;
    }

    private static bool ReadExponent<T>(ReadOnlySpan<T> text, out int power)
        where T : unmanaged, IBinaryInteger<T>
    {
        power = 0;
        if (!Is(text[0], 'e') && !Is(text[0], 'E')) return false;
        var at = 1;
        var negative = at < text.Length && Is(text[at], '-');
        if (negative || (at < text.Length && Is(text[at], '+'))) at++;
        if (at == text.Length) return false;
        for (; at < text.Length; at++)
        {
            var digit = Digit(text[at]);
            if (digit < 0) return false;
            power = Math.Min((power * 10) + digit, 10_000_000); // beyond any amount; kept small so that it can't overflow
        }

        if (negative) power = -power;
        return true;
    }

    private static bool Is<T>(T unit, char wanted)
        where T : unmanaged, IBinaryInteger<T> => unit == T.CreateTruncating((ushort)wanted);

    private static int Digit<T>(T unit)
        where T : unmanaged, IBinaryInteger<T>
    {
        var code = int.CreateTruncating(unit);
        return code is >= '0' and <= '9' ? code - '0' : -1;
    }
}
