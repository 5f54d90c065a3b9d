using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Ledger.Api.Http;
using Ledger.Api.Operations;
using Ledger.EventStore;
using Ledger.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Ledger.Api.Tests.Http;

/// <summary>The edge alone on a real socket, with the routes that a test maps, on the database that it names.</summary>
internal sealed class EdgeHost : IAsyncDisposable
{
    public const string Key = "key-of-the-tests";

    private readonly WebApplication app;

    private EdgeHost(WebApplication app, Uri address)
    {
        this.app = app;
        Http = new HttpClient { BaseAddress = address };
    }

    public HttpClient Http { get; }

    public IServiceProvider Services => app.Services;

    public static async Task<EdgeHost> StartAsync(
        string connectionString = "Host=127.0.0.1;Port=1;Timeout=1", string environment = "Development", Action<IEndpointRouteBuilder>? map = null,
        Action<IServiceCollection>? services = null, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.Configuration["Logging:LogLevel:Default"] = "Warning";
        builder.Configuration.AddInMemoryCollection(settings.Select(s => new KeyValuePair<string, string?>(s.Key, s.Value)));
        builder.Configuration["ConnectionStrings:Ledger"] = connectionString;
        if (environment == "Development") builder.Configuration["LEDGER_DEV_API_KEY"] = Key;
        services?.Invoke(builder.Services);
        builder.AddEdge();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapEdge();
        map?.Invoke(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new EdgeHost(app, new Uri(address));
    }

    /// <summary>A fresh database with the whole schema.</summary>
    public static async Task<TestDatabase> DatabaseAsync()
    {
        var template = await TestPostgres.TemplateAsync("ledger", async connection =>
        {
            await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection.ConnectionString) { Pooling = false }.ConnectionString);
            await new SchemaMigrator(source, CommandLineDatabase.SchemaFiles).ApplyAsync();
        });
        return await TestPostgres.CreateDatabaseAsync(template);
    }

    public Task StopAsync() => app.StopAsync(TestContext.Current.CancellationToken);

    public async Task<Reply> SendAsync(HttpMethod method, string path, string? key = Key, string? body = null, string mediaType = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (key is not null) request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + key);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
        }

        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        return await Reply.ReadAsync(response);
    }

    /// <summary>Bytes on the wire, for what no client would send; the answer until the server closes, which the request must make it do.</summary>
    public async Task<string> RawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Http.BaseAddress!.Host, Http.BaseAddress.Port, TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.DisposeAsync();
    }
}

/// <summary>An answer as a test looks at it.</summary>
internal sealed record Reply(int Status, string? MediaType, string Text, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    /// <summary>The kind of problem; fails where this is no problem document.</summary>
    public string Problem
    {
        get
        {
            MediaType.ShouldBe("application/problem+json", Text);
            Json.GetProperty("status").GetInt32().ShouldBe(Status);
            Json.GetProperty("traceId").GetString()!.Length.ShouldBe(32);
            Json.GetProperty("title").GetString().ShouldNotBeNullOrEmpty();
            Json.GetProperty("detail").GetString().ShouldNotBeNullOrEmpty();
            return Json.GetProperty("type").GetString()!["/problems/".Length..];
        }
    }

    public IEnumerable<string> WrongMembers => Json.GetProperty("errors").EnumerateObject().Select(e => e.Name);

    public static async Task<Reply> ReadAsync(HttpResponseMessage response) => new(
        (int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
        response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase));
}
