using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Testing;

namespace Ledger.Providers.Tests;

/// <summary>Orders and settings that the tests share.</summary>
internal static class Orders
{
    /// <summary>Quick tries: what is waited for is not the subject.</summary>
    public static CallLimits Quick { get; } = new(TimeSpan.FromSeconds(5), 2, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(20));

    public static CheckoutOrder Order(long amount = 1500, string currency = "usd", string payment = "pay_1", long quantity = 1, long? unit = null) => new()
    {
        Tenant = "default",
        Account = "acct_1",
        Payment = payment,
        ItemName = "15 credits",
        Quantity = quantity,
        UnitPrice = new Money(unit ?? amount / quantity, currency),
        Total = new Money(amount, currency),
        ExpiresAt = DateTimeOffset.UtcNow.AddHours(1),
        SuccessUrl = new Uri("https://app.example.com/ok?session_id={CHECKOUT_SESSION_ID}"),
        CancelUrl = new Uri("https://app.example.com/no"),
    };

    public static ProviderSettings Of(StripeDouble stripe) => new(stripe.SecretKey, [stripe.WebhookSecret], stripe.Address);

    public static ProviderSettings Of(MidtransDouble midtrans) => new(midtrans.ServerKey, [midtrans.ServerKey], midtrans.Address, midtrans.Address);

    public static Money Usd(long amount) => new(amount, "usd");

    /// <summary>An amount of whole rupiah, which are hundredths with us.</summary>
    public static Money Rupiah(long amount) => new(amount * 100, "idr");

    public static byte[] Bytes(JsonNode body) => Encoding.UTF8.GetBytes(body.ToJsonString());

    public static T Only<T>(this ImmutableArray<ProviderFact> facts)
        where T : ProviderFact => facts.ShouldHaveSingleItem().ShouldBeOfType<T>();

    public static T One<T>(this ImmutableArray<ProviderFact> facts)
        where T : ProviderFact => facts.OfType<T>().ShouldHaveSingleItem();
}

/// <summary>A provider that answers what it is told to, time and again.</summary>
internal sealed class ScriptedApi(params DoubleAnswer[] answers) : ProviderDouble
{
    private int _next;

    protected override DoubleAnswer Answer(DoubleRequest request) => answers[Math.Min(_next++, answers.Length - 1)];

    protected override JsonNode Failure(int status) => new JsonObject();
}
