using Ledger.Domain;
using Ledger.Providers.Stripe;

namespace Ledger.Providers.Tests.Stripe;

public sealed class Amounts_at_stripe
{
    [Theory]
    [InlineData("usd", 1000, 1000)]
    [InlineData("idr", 15_000_000, 15_000_000)] // two decimals at Stripe too
    [InlineData("jpy", 500, 500)]
    [InlineData("kwd", 5120, 5120)]
    [InlineData("isk", 5000, 500_000)] // none in ISO 4217, two at Stripe
    [InlineData("ugx", 5000, 500_000)]
    [InlineData("mga", 500, 5)] // two in ISO 4217, none at Stripe
    [InlineData("iqd", 10_000, 1000)] // three in ISO 4217, two at Stripe
    public void are_counted_as_stripe_counts_them_and_back(string currency, long ours, long stripes)
    {
        StripeMoney.ToStripe(new Money(ours, currency)).ShouldBe(stripes);
        StripeMoney.FromStripe(stripes, currency.ToUpperInvariant()).ShouldBe(new Money(ours, currency));
    }

    [Theory]
    [InlineData("kwd", 5123)] // the third decimal can't be paid
    [InlineData("mga", 501)]
    public void that_stripe_does_not_have_are_none(string currency, long ours) => StripeMoney.ToStripe(new Money(ours, currency)).ShouldBeNull();

    [Fact]
    public void between_the_units_can_not_be_read() => Should.Throw<UnreadableNotificationException>(() => StripeMoney.FromStripe(500_050, "isk"));

    [Fact]
    public void of_every_currency_survive_the_way_there_and_back()
    {
        foreach (var currency in Currencies.Codes) StripeMoney.FromStripe(StripeMoney.ToStripe(new Money(123_000, currency))!.Value, currency).ShouldBe(new Money(123_000, currency));
    }

    [Theory]
    [InlineData("usd", 49, "50 cents")]
    [InlineData("usd", 100_000_000, "as large as")]
    [InlineData("kwd", 5123, "last digit")]
    [InlineData("usd", 0, "above 0")]
    public void that_can_not_be_paid_are_objected_to(string currency, long amount, string why)
    {
        using var stripe = new StripeProvider();
        stripe.Objection(Orders.Order(amount, currency)).ShouldNotBeNull().ShouldContain(why);
    }

    [Theory]
    [InlineData("usd", 50)]
    [InlineData("usd", 99_999_999)]
    [InlineData("idr", 15_000_000_000)]
    [InlineData("kwd", 5120)]
    [InlineData("jpy", 500)]
    public void that_can_be_paid_are_not(string currency, long amount)
    {
        using var stripe = new StripeProvider();
        stripe.Objection(Orders.Order(amount, currency)).ShouldBeNull();
    }
}
