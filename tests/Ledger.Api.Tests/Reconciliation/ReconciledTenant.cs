using System.Text.Json;
using System.Text.Json.Nodes;
using Ledger.Api.Reconciliation;
using Ledger.Api.Tests.Webhooks;
using Ledger.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Api.Tests.Reconciliation;

/// <summary>A tenant of its own with its own doubles, so that a comparison finds what its test did and nothing else. None of its notifications are delivered.</summary>
internal sealed class ReconciledTenant(InboxService service) : IAsyncDisposable
{
    private string key = "";

    public string Id { get; } = "rec-" + Guid.NewGuid().ToString("N")[..12];

    public StripeDouble Stripe { get; } = new();

    public MidtransDouble Midtrans { get; } = new();

    public DateTimeOffset From { get; } = DateTimeOffset.UtcNow.AddHours(-1);

    public DateTimeOffset To { get; } = DateTimeOffset.UtcNow.AddHours(1);

    public string Period => $"&from={From.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}&to={To.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}";

    public static async Task<ReconciledTenant> NewAsync(InboxService service, bool setUp = true)
    {
        var tenant = new ReconciledTenant(service);
        (await service.Send(HttpMethod.Put, "/v1/tenants/" + tenant.Id, """{"name":"Reconciled"}""")).ShouldBe(201);
        tenant.key = (await service.Send(HttpMethod.Post, "/v1/api-keys", $$"""{"name":"all","roles":["app","admin"],"tenantId":"{{tenant.Id}}"}""")).ShouldBe(201).Text("key");
        if (setUp) await tenant.SetAsync(tenant.Stripe.SecretKey);
        return tenant;
    }

    public async Task SetAsync(string stripeKey) => (await Send(HttpMethod.Put, "/v1/settings",
        $$"""{"stripe":{"secretKey":"{{stripeKey}}","apiBase":"{{Stripe.Address}}"},"midtrans":{"serverKey":"{{Midtrans.ServerKey}}","apiBase":"{{Midtrans.Address}}","snapBase":"{{Midtrans.Address}}" } }""")).ShouldBe(200);

    public Task<Answered> Send(HttpMethod method, string path, string? body = null) => service.Send(method, path, body, credential: key);

    public Task<Answered> Get(string path) => service.Get(path, key);

    public async Task<string> OpenAsync()
    {
        var id = InboxService.NewId("acct");
        (await Send(HttpMethod.Put, $"/v1/accounts/{id}", """{"owner":{"kind":"user","id":"u_1"}}""")).ShouldBe(201);
        return id;
    }

    public async Task<string> CheckoutAsync(string account, string provider = "stripe", string item = "medium") =>
        (await Send(HttpMethod.Post, "/v1/checkouts", $$"""{"accountId":"{{account}}","item":{"kind":"package","id":"{{item}}"},"provider":"{{provider}}"}""")).ShouldBe(201).Text("paymentId");

    public async Task<string> RefAsync(string payment, string name) => (await Get($"/v1/payments/{payment}")).ShouldBe(200).Json.GetProperty("providerRefs").GetProperty(name).GetString()!;

    /// <summary>Pays at Stripe's page, and nobody is told; the intent.</summary>
    public async Task<string> PayAsync(string payment)
    {
        var session = await RefAsync(payment, "checkoutSessionId");
        Stripe.Pay(session);
        return (string)Stripe.Look(session)!["payment_intent"]!;
    }

    /// <summary>A payment outside of our checkouts; the intent.</summary>
    public string PayElsewhere(long amount, params (string Name, string Value)[] marks) =>
        (string)JsonNode.Parse(Stripe.PayElsewhere(amount, "usd", marks.ToDictionary(mark => mark.Name, mark => mark.Value))[0].Body)!["data"]!["object"]!["id"]!;

    /// <summary>Changes an object of Stripe's behind everybody's back.</summary>
    public void Change(string id, Action<JsonObject> change)
    {
        var found = Stripe.Look(id)!;
        change(found);
        Stripe.Plant(found);
    }

    public async Task<string> BalanceAsync(string account) => (await Get($"/v1/accounts/{account}")).ShouldBe(200).Text("balance");

    public async Task<JsonElement> ReportAsync(string provider = "stripe") => (await Get($"/v1/reports/reconciliation?provider={provider}{Period}")).ShouldBe(200).Json;

    public async Task<ReconciliationBody> ApplyAsync(string provider = "stripe") =>
        (await service.Services.GetRequiredService<Reconciler>().RunAsync(new ReconciliationScope(Id, provider, From, To, Apply: true, 1_000), null, CancellationToken.None)).ShouldNotBeNull();

    /// <summary>How many events the tenant has.</summary>
    public Task<long> EventsAsync() => service.QueryAsync<long>($"select count(*) from ledger.mt_events where tenant_id = '{Id}'");

    public async ValueTask DisposeAsync()
    {
        // Nobody asks doubles that are gone.
        await Send(HttpMethod.Put, "/v1/settings", """{"stripe":{"secretKey":""},"midtrans":{"serverKey":""}}""");
        await Stripe.DisposeAsync();
        await Midtrans.DisposeAsync();
    }
}
