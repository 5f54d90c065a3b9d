using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Ledger.Domain.Tests;

public sealed class CreditsTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("-0", "0")]
    [InlineData("0.000", "0")]
    [InlineData("1.0", "1")]
    [InlineData("100", "100")]
    [InlineData("100.500000", "100.5")]
    [InlineData("-0.000001", "-0.000001")]
    [InlineData("007.10", "7.1")]
    [InlineData("1000000000000", "1000000000000")]
    [InlineData("999999999999.999999", "999999999999.999999")]
    [InlineData("79228162514264337593543950335", "79228162514264337593543950335")]
    [InlineData("0.0000000000000000000000000001", "0.0000000000000000000000000001")]
    [InlineData("00000000000000000000000000000000000000000000000000000000000000000001.0000000000000000000000000000000000000000000000000000", "1")]
    public void Plain_notation_is_read_and_written_back_without_zeros_at_the_end(string text, string written)
    {
        Credits.TryParse(text, out var amount).ShouldBeTrue();
        amount.ToString().ShouldBe(written);
        Credits.TryParse(Encoding.UTF8.GetBytes(text), out var fromBytes).ShouldBeTrue();
        fromBytes.ShouldBe(amount);
        Utf8(amount).ShouldBe(written);
        Credits.TryParseNumber(text, out var number).ShouldBeTrue();
        number.ShouldBe(amount);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("+1")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("-.5")]
    [InlineData("1.2.3")]
    [InlineData("1..2")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1,000")]
    [InlineData("1e2")]
    [InlineData("--1")]
    [InlineData("0x10")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("\u0661")]
    [InlineData("\uFF11")]
    [InlineData("1\0")]
    [InlineData("79228162514264337593543950336")]
    [InlineData("0.00000000000000000000000000001")]
    public void What_is_not_plain_notation_or_does_not_fit_is_refused(string text)
    {
        Credits.TryParse(text, out var amount).ShouldBeFalse();
        amount.ShouldBe(Credits.Zero);
        Credits.TryParse(Encoding.UTF8.GetBytes(text), out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("1e2", "100")]
    [InlineData("1E+2", "100")]
    [InlineData("1.50E+1", "15")]
    [InlineData("120e-1", "12")]
    [InlineData("1e-6", "0.000001")]
    [InlineData("1000000e-12", "0.000001")]
    [InlineData("-2.5e3", "-2500")]
    [InlineData("0e400", "0")]
    [InlineData("0.0e-99999999999999999999", "0")]
    [InlineData("1e000000000000000000000012", "1000000000000")]
    [InlineData("0.000000000000000000000000000000000000000001e42", "1")]
    public void An_exponent_is_followed_exactly(string text, string written)
    {
        Credits.TryParseNumber(text, out var amount).ShouldBeTrue();
        amount.ToString().ShouldBe(written);
        Credits.TryParseNumber(Encoding.UTF8.GetBytes(text), out var fromBytes).ShouldBeTrue();
        fromBytes.ShouldBe(amount);
    }

    [Theory]
    [InlineData("1e400")]
    [InlineData("1e-400")]
    [InlineData("1e999999999999999999999999")]
    [InlineData("1e-999999999999999999999999")]
    [InlineData("8e28")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("1e1.5")]
    [InlineData("e5")]
    [InlineData("1ee5")]
    [InlineData("1e5 ")]
    [InlineData("1.e5")]
    public void An_exponent_that_does_not_fit_is_refused_at_once(string text)
    {
        Credits.TryParseNumber(text, out _).ShouldBeFalse();
        Credits.TryParseNumber(Encoding.UTF8.GetBytes(text), out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("1", 0)]
    [InlineData("1.000000", 0)]
    [InlineData("1.500000", 1)]
    [InlineData("0.000001", 6)]
    [InlineData("0.0000001", 7)]
    [InlineData("100.10", 1)]
    [InlineData("-3.25", 2)]
    public void Zeros_at_the_end_are_no_decimals(string text, int scale)
    {
        Credits.TryParse(text, out var amount).ShouldBeTrue();
        amount.Scale.ShouldBe(scale);
        (amount + 1.0000m - 1.00m).Scale.ShouldBe(scale);
        new Credits(decimal.Parse(text, CultureInfo.InvariantCulture)).Scale.ShouldBe(scale);
    }

    [Fact]
    public void Equal_amounts_are_equal_however_written()
    {
        new Credits(1.0m).ShouldBe(new Credits(1.000000m));
        new Credits(1.0m).GetHashCode().ShouldBe(new Credits(1.000000m).GetHashCode());
        new Credits(-0.0m).ShouldBe(Credits.Zero);
        new Credits(-0.0m).ToString().ShouldBe("0");
        (new Credits(2) > 1 && new Credits(1) < 2 && new Credits(1) <= 1 && new Credits(1) >= 1).ShouldBeTrue();
        Credits.Min(1, 2).ShouldBe(new Credits(1));
        Credits.Max(1, 2).ShouldBe(new Credits(2));
        (-new Credits(3)).ShouldBe(Credits.Zero - 3);
        Credits.Abs(-3).ShouldBe(new Credits(3));
    }

    [Fact]
    public void Writing_into_too_little_room_fails_and_writes_nothing()
    {
        Credits amount = 1.25m;
        Span<byte> small = stackalloc byte[3];
        amount.TryFormat(small, out var written).ShouldBeFalse();
        written.ShouldBe(0);
        Credits.Zero.TryFormat([], out _).ShouldBeFalse();
        new Credits(decimal.MinValue).TryFormat(new byte[Credits.LengthMax], out var most).ShouldBeTrue();
        most.ShouldBe(30);
        new Credits(-1.0000000000000000000000000001m).TryFormat(new byte[Credits.LengthMax], out most).ShouldBeTrue();
        most.ShouldBe(31);
    }

    [Fact]
    public void Whatever_is_written_reads_back_the_same()
    {
        var decimals = Gen.Choose(0, 28).SelectMany(scale => Gen.ArrayOf(ArbMap.Default.GeneratorFor<int>(), 3).Select(bits => new decimal(bits[0], bits[1], bits[2], bits[0] % 2 == 0, (byte)scale)));
        Prop.ForAll(decimals.ToArbitrary(), value =>
        {
            Credits amount = value;
            return Credits.TryParse(amount.ToString(), out var back) && back == amount && Utf8(amount) == amount.ToString() && Credits.TryParseNumber(Encoding.UTF8.GetBytes(amount.ToString()), out var number) && number == amount;
        }).QuickCheckThrowOnFailure();
    }

    /// <summary>Sums, splits and text at the edges of scale and size, against whole micro-units in integers. LEDGER_CREDITS_CASES makes it longer.</summary>
    [Fact]
    public void At_the_edges_no_unit_is_made_or_lost()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var cases = int.TryParse(Environment.GetEnvironmentVariable("LEDGER_CREDITS_CASES"), CultureInfo.InvariantCulture, out var wanted) ? wanted : 100_000;
        const long Max = 1_000_000_000_000_000_000; // the largest amount in micro-units
        long[] edges = [1, 2, 9, 10, 999_999, 1_000_000, 1_000_001, 333_333, 666_667, Max - 1, Max, Max / 2, Max / 3, 100_000_000_000_000_001];
        Span<byte> text = stackalloc byte[Credits.LengthMax];
        for (var index = 0; index < cases; index++)
        {
            var micros = random.Next(3) == 0 ? edges[random.Next(edges.Length)] : random.NextInt64(1, Max) >> random.Next(60);
            if (micros == 0) micros = 1;
            var amount = OfMicros(micros);
            var part = OfMicros(random.NextInt64(0, micros + 1));
            var rest = amount - part;
            if (part + rest != amount || amount - rest != part || rest.Value * 1_000_000m != micros - (part.Value * 1_000_000m)) Assert.Fail($"seed {seed}: {micros}");
            if (!amount.TryFormat(text, out var length) || !Credits.TryParse(text[..length], out var back) || back != amount || amount.Scale > 6) Assert.Fail($"seed {seed}: {micros}");
            if (!Credits.TryParseNumber(string.Create(CultureInfo.InvariantCulture, $"{micros}e-6"), out var number) || number != amount) Assert.Fail($"seed {seed}: {micros}");
        }
    }

    private static Credits OfMicros(long micros) => new(new decimal(micros) / 1_000_000m);

    private static string Utf8(Credits amount)
    {
        Span<byte> text = stackalloc byte[Credits.LengthMax];
        amount.TryFormat(text, out var length).ShouldBeTrue();
        return Encoding.UTF8.GetString(text[..length]);
    }
}
