using System.Globalization;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Api.Tests.Contract;

/// <summary>A tenant of its own, so that reports are of what one test did alone.</summary>
internal sealed class BookedTenant
{
    private readonly Random random;

    private BookedTenant(ContractService service, string tenant, Client admin, Client app, Client analyst, int seed) =>
        (Service, Tenant, Admin, App, Analyst, random) = (service, tenant, admin, app, analyst, new Random(seed));

    public ContractService Service { get; }

    public string Tenant { get; }

    public Client Admin { get; }

    public Client App { get; }

    public Client Analyst { get; }

    public List<TestAccount> Accounts { get; } = [];

    public static async Task<BookedTenant> MakeAsync(ContractService service, int seed = 1)
    {
        var development = service.With(ContractService.DevelopmentKey);
        var tenant = $"books-{Guid.NewGuid():N}";
        (await development.Put($"/v1/tenants/{tenant}", """{"name":"Books"}""")).ShouldBe(201);
        async Task<Client> Key(string role) =>
            service.With((await development.Post("/v1/api-keys", $$"""{"name":"{{role}}","roles":["{{role}}"],"tenantId":"{{tenant}}"}""")).ShouldBe(201).Text("key"));
        return new BookedTenant(service, tenant, await Key("admin"), await Key("app"), await Key("analyst"), seed);
    }

    public async Task<TestAccount> OpenAsync(string more = "", string owner = "u_1")
    {
        var account = new TestAccount(Admin, ContractService.NewId());
        (await Admin.Put(account.Path, $$"""{"owner":{"kind":"user","id":"{{owner}}"}{{more}}}""")).ShouldBe(201);
        Accounts.Add(account);
        return account;
    }

    /// <summary>All events of the tenant, in the order of their positions.</summary>
    public async Task<List<StoredEvent>> EventsAsync()
    {
        var events = new List<StoredEvent>();
        await foreach (var happened in Service.Services.GetRequiredService<EventReader>().AllAsync())
        {
            if (happened.Stream.Tenant == Tenant) events.Add(happened);
        }

        return events;
    }

    /// <summary>Random commands of every kind on the accounts; refused ones do nothing. Business time passes.</summary>
    public async Task LiveAsync(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            if (random.Next(12) == 0) await Service.PassAsync(TimeSpan.FromHours(random.Next(1, 30)));
            var account = Accounts[random.Next(Accounts.Count)];
            var other = Accounts[random.Next(Accounts.Count)];
            var amount = (random.Next(1, 20_000) / 1000m).ToString(CultureInfo.InvariantCulture);
            var expires = random.Next(2) == 0 ? "" : $$""","expiresAt":"{{(await Service.Services.GetRequiredService<EventReader>().NowAsync()).AddHours(random.Next(1, 60)):yyyy-MM-ddTHH:mm:ss}}Z" """;
            var (command, body) = random.Next(20) switch
            {
                < 4 => ("purchases", $$"""{"creditAmount":{{amount}},"price":{"amount":{{random.Next(0, 3000)}},"currency":"{{(random.Next(4) == 0 ? "eur" : "usd")}}"}{{expires}}}"""),
                < 6 => ("grants", $$"""{"amount":{{amount}},"source":"{{(random.Next(3) switch { 0 => "bonus", 1 => "subscription", _ => "compensation" })}}"{{expires}}}"""),
                < 11 => ("consumptions", $$"""{"amount":{{amount}},"service":"{{(random.Next(2) == 0 ? "chat" : "image")}}","actor":"a{{random.Next(2)}}","resource":{"type":"doc","id":"{{random.Next(3)}}"},"usage":{"inputTokens":{{random.Next(100)}} } }"""),
                < 13 => ("holds", $$"""{"amount":{{amount}}}"""),
                13 => ("transfers", $$"""{"amount":{{amount}},"toAccountId":"{{other.Id}}"}"""),
                14 => ("adjustments", $$"""{"amount":{{(random.Next(2) == 0 ? "-" : "")}}{{amount}},"reason":"r"}"""),
                15 => (await CaptureAsync(account), """{}"""),
                < 18 => ($"consumptions/{await SomeAsync(account, "consumption")}/refund", random.Next(2) == 0 ? """{"reason":"r"}""" : $$"""{"reason":"r","amount":{{amount}}}"""),
                _ => ($"purchases/{await SomeAsync(account, "purchase")}/refund", random.Next(2) == 0 ? """{"reason":"r"}""" : """{"reason":"r","allowDebt":true}"""),
            };
            (await account.Post(command, body)).Status.ShouldBeOneOf(200, 201, 400, 402, 404, 409);
        }
    }

    private async Task<string> CaptureAsync(TestAccount account)
    {
        var holds = (await account.Get("/holds?state=active")).ShouldBe(200).Data.ToList();
        return $"holds/{(holds.Count == 0 ? "hold_none" : holds[random.Next(holds.Count)].GetProperty("id").GetString())}/capture";
    }

    private async Task<string> SomeAsync(TestAccount account, string type)
    {
        var found = (await account.Get($"/transactions?type={type}")).ShouldBe(200).Data.ToList();
        return found.Count == 0 ? "txn_none" : found[random.Next(found.Count)].GetProperty("id").GetString()!;
    }
}
