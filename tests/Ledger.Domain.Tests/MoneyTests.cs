namespace Ledger.Domain.Tests;

public sealed class MoneyTests(ITestOutputHelper output)
{
    [Fact]
    public void Shares_of_equal_parts_differ_by_at_most_one_unit_and_add_up()
    {
        var price = new Money(1000, "usd");
        price.Share(3, 3, 2).ShouldBe(new Money(333, "usd"));
        price.Share(3, 2, 1).ShouldBe(new Money(333, "usd"));
        price.Share(3, 1, 0).ShouldBe(new Money(334, "usd"));
        price.Share(3, 3, 0).ShouldBe(price);
        price.Share(3, 2, 2).Amount.ShouldBe(0);
    }

    [Fact]
    public void The_largest_cost_of_the_largest_amount_splits_exactly()
    {
        var price = new Money(long.MaxValue, "idr");
        var first = price.Share(Credits.AmountMax, Credits.AmountMax, 0.000001m);
        var last = price.Share(Credits.AmountMax, 0.000001m, 0);
        (first.Amount + last.Amount).ShouldBe(long.MaxValue);
        last.Amount.ShouldBe(10);
    }

    [Fact]
    public void However_a_lot_is_split_the_shares_add_up_to_its_cost()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var index = 0; index < 2_000; index++)
        {
            var price = new Money(random.NextInt64(0, long.MaxValue) >> random.Next(60), "usd");
            Credits amount = random.NextInt64(1, 1_000_000_000_000_000_000) / 1_000_000m;
            var left = amount;
            long sum = 0;
            while (left.IsPositive)
            {
                var after = random.Next(5) == 0 ? Credits.Zero : new Credits(decimal.Round(left.Value * random.Next(100) / 100m, 6));
                var share = price.Share(amount, left, after).Amount;
                share.ShouldBeGreaterThanOrEqualTo(0);
                sum += share;
                left = after;
            }

            sum.ShouldBe(price.Amount, $"seed {seed}");
        }
    }

    [Fact]
    public void A_part_is_within_the_whole()
    {
        Should.Throw<InvariantBrokenException>(() => new Money(1, "usd").Share(1, 2, 0));
        Should.Throw<InvariantBrokenException>(() => new Money(1, "usd").Share(1, 0, 1));
    }

    [Theory]
    [InlineData("usd", 2)]
    [InlineData("eur", 2)]
    [InlineData("idr", 2)]
    [InlineData("jpy", 0)]
    [InlineData("krw", 0)]
    [InlineData("vnd", 0)]
    [InlineData("clp", 0)]
    [InlineData("isk", 0)]
    [InlineData("ugx", 0)]
    [InlineData("kwd", 3)]
    [InlineData("bhd", 3)]
    [InlineData("tnd", 3)]
    [InlineData("huf", 2)]
    [InlineData("twd", 2)]
    public void A_currency_has_the_decimals_of_the_standard(string code, int decimals)
    {
        Currencies.TryGetDecimals(code, out var found).ShouldBeTrue();
        found.ShouldBe(decimals);
    }

    [Theory]
    [InlineData("USD")]
    [InlineData("xxx")]
    [InlineData("us")]
    [InlineData("")]
    [InlineData("btc")]
    [InlineData("dem")]
    public void What_is_no_active_currency_in_lower_case_is_unknown(string code) => Currencies.IsKnown(code).ShouldBeFalse();

    [Fact]
    public void All_codes_are_three_lower_case_letters()
    {
        Currencies.Codes.ShouldAllBe(code => code.Length == 3 && code.All(char.IsAsciiLetterLower));
        Currencies.Codes.Count.ShouldBeGreaterThan(150);
    }
}
