using Ledger.Api.Payments;
using Ledger.Api.Settings;
using Ledger.Api.Tests.Contract;
using Ledger.Api.Webhooks;
using Ledger.Domain.Payments;
using Ledger.Providers.Fake;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Api.Tests.Payments;

/// <summary>Buys with the provider that is none: what is decided at its page goes in by the hallway of payments, as a webhook's worker would send it.</summary>
internal sealed class Purchaser(ContractService service, string tenant = "default")
{
    private static int events;

    public Client Client => service.As(tenant == "default" ? "admin" : tenant + ":admin");

    public PaymentHallway Hallway => service.Services.GetRequiredService<PaymentHallway>();

    public PaymentCalls Calls => service.Services.GetRequiredService<PaymentCalls>();

    private FakeProvider Provider => service.Services.GetRequiredService<FakeProvider>();

    public Task<TestAccount> OpenAsync(string more = "") => service.OpenAsync(more, Client);

    public Task<Reply> CheckoutAsync(string account, string item = "\"kind\":\"package\",\"id\":\"medium\"", string more = "", string? key = null, string provider = "fake") =>
        Client.Post("/v1/checkouts", $$"""{"accountId":"{{account}}","item":{ {{item}} },"provider":"{{provider}}"{{more}}}""", key);

    /// <summary>A payment that was begun and paid.</summary>
    public async Task<string> BuyAsync(TestAccount account, string item = "\"kind\":\"package\",\"id\":\"medium\"")
    {
        var checkout = (await CheckoutAsync(account.Id, item)).ShouldBe(201);
        await DecideAsync(checkout["paymentId"], FakeDecision.Pay);
        return checkout["paymentId"];
    }

    public Task<Reply> Get(string payment) => Client.Get($"/v1/payments/{payment}");

    public async Task<IReadOnlyList<FactOutcome>> DecideAsync(string payment, FakeDecision decision, bool dryRun = false)
    {
        var settings = (await service.Services.GetRequiredService<TenantSettings>().FindAsync(tenant, "fake", CancellationToken.None))!;
        var notification = Provider.Decide(settings, "fcs_" + payment, decision).ShouldNotBeNull();
        var outcomes = new List<FactOutcome>();
        foreach (var fact in Provider.Translate(notification.Body)) outcomes.Add(await TellAsync(fact, dryRun));
        return outcomes;
    }

    public Task<FactOutcome> TellAsync(ProviderFact fact, bool dryRun = false, string? eventId = null) =>
        Hallway.ApplyAsync(tenant, $"wh/{fact.Provider}/{eventId ?? $"evt_{Interlocked.Increment(ref events)}"}/0", fact, dryRun, CancellationToken.None);
}
