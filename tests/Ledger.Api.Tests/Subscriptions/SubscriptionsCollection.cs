using System.Globalization;
using Ledger.Api.Tests.Contract;

namespace Ledger.Api.Tests.Subscriptions;

/// <summary>One service for the classes that move the clock; each test has accounts of its own. They take turns, so that what one makes due is no other's.</summary>
[CollectionDefinition(Name)]
public sealed class SubscriptionsCollection : ICollectionFixture<ContractService>
{
    public const string Name = "subscriptions";
}

/// <summary>What tests of subscriptions do most.</summary>
internal sealed class Subscribing(ContractService service)
{
    public Client Admin => service.Admin;

    /// <summary>An operator's client.</summary>
    public Client Operator => service.As("operator");

    public static string NewId(string prefix = "p") => prefix + Guid.NewGuid().ToString("N");

    public Task<TestAccount> OpenAsync(string more = "") => service.OpenAsync(more);

    /// <summary>A plan with a tier of its own; its id.</summary>
    public async Task<string> PlanAsync(long price = 1_000, string credits = "100", string rollover = "0", int trialDays = 0, string interval = "month", string more = "", Client? client = null)
    {
        var id = NewId();
        (await (client ?? Admin).Put($"/v1/plans/{id}", $$"""{"name":"A plan","tier":"{{id}}","interval":"{{interval}}","price":{"amount":{{price}},"currency":"usd"},"creditsPerPeriod":{{credits}},"rollover":{"max":{{rollover}} },"trialDays":{{trialDays}}{{more}}}""")).ShouldBe(201);
        return id;
    }

    public Task<Reply> StartAsync(TestAccount account, string plan, string more = "", string? key = null, Client? client = null) =>
        (client ?? account.Client).Post($"{account.Path}/subscriptions", $$"""{"planId":"{{plan}}"{{more}}}""", key);

    public Task<Reply> GetAsync(string subscription) => Admin.Get($"/v1/subscriptions/{subscription}");

    public Task<Reply> DoAsync(string subscription, string verb, string body = "{}", string? key = null, Client? client = null) => (client ?? Admin).Post($"/v1/subscriptions/{subscription}/{verb}", body, key);

    public async Task<DateTimeOffset> NowAsync() => DateTimeOffset.Parse((await Operator.Get("/v1/clock")).ShouldBe(200).Text("now"), CultureInfo.InvariantCulture);

    /// <summary>Moves business time there and does all that is due on the way; what was done.</summary>
    public async Task<Reply> RunAsync(DateTimeOffset? at = null) =>
        (await Operator.Post("/v1/maintenance/run", at is { } time ? $$"""{"at":"{{time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)}}"}""" : "{}")).ShouldBe(200);

    /// <summary>The same, so much later than now.</summary>
    public async Task<Reply> PassAsync(TimeSpan time) => await RunAsync(await NowAsync() + time);

    /// <summary>The types of a subscription's events.</summary>
    public Task<string> EventsAsync(string subscription) => service.QueryAsync<string>($"select coalesce(string_agg(type, ' ' order by version), '') from ledger.mt_events where stream_id = 'subscription/{subscription}'");
}
