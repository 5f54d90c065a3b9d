using Ledger.Testing;

namespace Ledger.Api.Tests.Webhooks;

/// <summary>One service for the classes that pay through Stripe and Midtrans; each test has accounts and payments of its own.</summary>
[CollectionDefinition(Name)]
public sealed class PayingCollection : ICollectionFixture<PayingService>
{
    public const string Name = "paying";
}

/// <summary>The service as it is composed, with doubles of Stripe and Midtrans behind it.</summary>
public sealed class PayingService : IAsyncLifetime
{
    public StripeDouble Stripe { get; } = new();

    public MidtransDouble Midtrans { get; } = new();

    public InboxService Service { get; private set; } = null!;

    /// <summary>Where the doubles are, for a service in this process or in one of its own.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> Settings(StripeDouble stripe, MidtransDouble midtrans) =>
    [
        new("Stripe:SecretKey", stripe.SecretKey), new("Stripe:WebhookSecret", stripe.WebhookSecret), new("Stripe:ApiBase", stripe.Address.AbsoluteUri),
        new("Midtrans:ServerKey", midtrans.ServerKey), new("Midtrans:ApiBase", midtrans.Address.AbsoluteUri), new("Midtrans:SnapBase", midtrans.Address.AbsoluteUri),
    ];

    public async ValueTask InitializeAsync()
    {
        Service = new InboxService { IsReal = true, More = new Dictionary<string, string?>([.. new InboxService().More, .. Settings(Stripe, Midtrans)]) };
        await Service.InitializeAsync();
    }

    /// <summary>A new open account.</summary>
    public async Task<string> OpenAsync()
    {
        var id = InboxService.NewId("acct");
        (await Service.Send(HttpMethod.Put, $"/v1/accounts/{id}", """{"owner":{"kind":"user","id":"u_1"}}""")).ShouldBe(201);
        return id;
    }

    public Task<Answered> CheckoutAsync(string account, string provider, string item = "medium", string? key = null) =>
        Service.Send(HttpMethod.Post, "/v1/checkouts", $$"""{"accountId":"{{account}}","item":{"kind":"package","id":"{{item}}"},"provider":"{{provider}}"}""", key);

    /// <summary>Delivers events of Stripe, in this order; gives our ids of them.</summary>
    public async Task<IReadOnlyList<string>> TellStripe(params IEnumerable<byte[]> bodies)
    {
        var ids = new List<string>();
        foreach (var body in bodies) ids.Add((await Service.Deliver("stripe", body, ("Stripe-Signature", Stripe.Sign(body)))).ShouldBe(200).Text("id"));
        return ids;
    }

    public async Task<string> TellMidtrans(byte[] body) => (await Service.Deliver("midtrans", body)).ShouldBe(200).Text("id");

    public async Task<string> BalanceAsync(string account) => (await Service.Get($"/v1/accounts/{account}")).ShouldBe(200).Text("balance");

    /// <summary>Waits until a payment has come to a status.</summary>
    public async Task<Answered> UntilAsync(string payment, string status, Func<Answered, bool>? also = null)
    {
        var now = await Service.Get($"/v1/payments/{payment}");
        await Reliability.Run.UntilAsync(async () => (now = await Service.Get($"/v1/payments/{payment}")).Text("status") == status && also?.Invoke(now) != false, TimeSpan.FromSeconds(20), $"{payment} is {status}");
        return now;
    }

    public async ValueTask DisposeAsync()
    {
        if (Service is not null) await Service.DisposeAsync();
        await Stripe.DisposeAsync();
        await Midtrans.DisposeAsync();
    }
}
