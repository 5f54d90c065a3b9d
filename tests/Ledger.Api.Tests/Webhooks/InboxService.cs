using System.Text;
using Ledger.Api.Operations;
using Ledger.Api.Tests.Reliability;
using Ledger.Api.Webhooks;
using Ledger.EventStore;
using Ledger.Providers;
using Ledger.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Ledger.Api.Tests.Webhooks;

/// <summary>One service for the classes of the inbox; each test has events of its own.</summary>
[CollectionDefinition(Name)]
public sealed class InboxCollection : ICollectionFixture<InboxService>
{
    public const string Name = "inbox";
}

/// <summary>The service with two providers of these tests, one whose word counts and one that only hints, and a ledger in memory behind the inbox.</summary>
public sealed class InboxService : IAsyncLifetime
{
    public const string Pay = "testpay";
    public const string Hint = "testhint";

    private const string Key = "key-of-the-inbox-tests";

    private TestDatabase? database;
    private WebApplication? app;
    private HttpClient? http;

    internal TestPay Payer { get; } = new(Pay, hints: false);

    internal TestPay Hinter { get; } = new(Hint, hints: true);

    internal TestSettings Settings { get; } = new();

    internal TestLedger Ledger { get; } = new();

    public HttpClient Http => http!;

    public IServiceProvider Services => app!.Services;

    /// <summary>Waits are short here, so that what is tried again is tried soon.</summary>
    public IReadOnlyDictionary<string, string?> More { get; init; } = new Dictionary<string, string?>
    {
        ["Webhooks:WaitMin"] = "00:00:00.1",
        ["Webhooks:LookEvery"] = "00:00:00.1",
        ["Webhooks:Lease"] = "00:00:05",
        ["Webhooks:AskEvery"] = "00:00:00.05",
        ["Webhooks:BodyTimeMax"] = "00:00:00.5",
    };

    /// <summary>Whether it is the service as it is composed, with real adapters and the real ledger.</summary>
    public bool IsReal { get; init; }

    public static string NewId(string prefix = "evt") => $"{prefix}_{Guid.NewGuid():N}";

    public async ValueTask InitializeAsync()
    {
        var template = await TestPostgres.TemplateAsync("ledger", async connection =>
        {
            await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection.ConnectionString) { Pooling = false }.ConnectionString);
            await new SchemaMigrator(source, CommandLineDatabase.SchemaFiles).ApplyAsync();
        });
        database = await TestPostgres.CreateDatabaseAsync(template);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:Ledger", database.ConnectionString), new("LEDGER_DEV_API_KEY", Key), new("Logging:LogLevel:Default", "None"), .. More]);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        if (!IsReal) builder.Services.AddSingleton<IPaymentProvider>(Payer).AddSingleton<IPaymentProvider>(Hinter)
            .AddSingleton<IProviderSettingsSource>(Settings).AddSingleton<IRetentionSource>(Settings).AddSingleton<IFactApplier>(Ledger);
        app = Program.Compose(builder);
        await app.StartAsync();
        http = new HttpClient { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
        (await Send(HttpMethod.Put, "/v1/tenants/other", """{"name":"Other"}""")).ShouldBe(201);
    }

    /// <summary>A notification as a provider sends it: signed, unless it is said otherwise.</summary>
    public async Task<Answered> Tell(byte[] body, string? signature = "", string provider = Pay, string tenant = "default")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/webhooks/{provider}/{tenant}") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json") { CharSet = "utf-8" };
        if (signature is not null) request.Headers.TryAddWithoutValidation("Test-Signature", signature.Length == 0 ? TestPay.Sign(body, secret: tenant == "other" ? TestPay.Secret + "-of-other" : TestPay.Secret) : signature);
        using var response = await Http.SendAsync(request);
        return await Answered.ReadAsync(response);
    }

    /// <summary>A body as it is, to the webhook of a real provider.</summary>
    public async Task<Answered> Deliver(string provider, byte[] body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/webhooks/{provider}/default") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Http.SendAsync(request);
        return await Answered.ReadAsync(response);
    }

    /// <summary>Tells something and gives our id of it.</summary>
    internal async Task<string> TellNew(string type, string? id = null, string? intent = null, string provider = Pay, string more = "", string tenant = "default") =>
        (await Tell(TestPay.Body(id ?? NewId(), type, intent, more), provider: provider, tenant: tenant)).ShouldBe(200).Text("id");

    /// <summary>A request with the key of Development, or another credential.</summary>
    public async Task<Answered> Send(HttpMethod method, string path, string? body = null, string? key = null, string credential = Key)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + credential);
        if (method == HttpMethod.Post) request.Headers.TryAddWithoutValidation("Idempotency-Key", key ?? Guid.NewGuid().ToString());
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Http.SendAsync(request);
        return await Answered.ReadAsync(response);
    }

    public Task<Answered> Get(string path, string credential = Key) => Send(HttpMethod.Get, path, credential: credential);

    /// <summary>Waits until a delivery has come to this status.</summary>
    internal async Task<Answered> Until(string id, DeliveryStatus status, Func<Answered, bool>? also = null)
    {
        var now = await Get("/v1/webhook-deliveries/" + id);
        await Run.UntilAsync(async () => (now = await Get("/v1/webhook-deliveries/" + id)).Text("status") == Api.Http.Words.Of(status) && also?.Invoke(now) != false, TimeSpan.FromSeconds(20), $"{id} is {status}; it is {now.Body}");
        return now;
    }

    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var session = await database!.OpenAsync();
        await using var command = new NpgsqlCommand(sql, session);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The service's database, for commands beside the service.</summary>
    public string ConnectionString => database!.ConnectionString;

    /// <summary>The name of the service's database.</summary>
    public string DatabaseName => database!.Name;

    public async ValueTask DisposeAsync()
    {
        http?.Dispose();
        if (app is not null) await app.DisposeAsync();
        if (database is not null) await database.DisposeAsync();
    }
}

/// <summary>An answer as these tests look at it.</summary>
public sealed record Answered(int Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public System.Text.Json.JsonElement Json => System.Text.Json.JsonDocument.Parse(Body).RootElement;

    public static async Task<Answered> ReadAsync(HttpResponseMessage response) =>
        new((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase));

    public string Text(string member) => Json.TryGetProperty(member, out var value) ? value.ToString() : throw new KeyNotFoundException($"There is no {member} in {Body}");

    public Answered ShouldBe(int status, string? problem = null)
    {
        Status.ShouldBe(status, Body);
        if (problem is not null) Text("type").ShouldBe("/problems/" + problem, Body);
        return this;
    }
}
