using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ledger.Api.Operations;
using Ledger.EventStore;
using Ledger.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Ledger.Api.Tests.Contract;

/// <summary>One service for all classes of the collection; each test has accounts of its own.</summary>
[CollectionDefinition(Name)]
public sealed class ContractCollection : ICollectionFixture<ContractService>
{
    public const string Name = "contract";
}

/// <summary>The whole service as it is composed, on a real socket and a database of its own, with a key of each role in two tenants.</summary>
public sealed class ContractService : IAsyncLifetime
{
    public const string DevelopmentKey = "key-of-the-contract-tests";
    public const string OtherTenant = "other";

    private readonly RSA signing = RSA.Create(2048);
    private readonly Dictionary<string, string> keys = [];
    private TestDatabase? database;
    private WebApplication? app;
    private HttpClient? http;
    private IReadOnlyList<(string Method, string[] Template, IReadOnlySet<int> Statuses)>? documented;

    public HttpClient Http => http!;

    public Uri Address => http!.BaseAddress!;

    public IServiceProvider Services => app!.Services;

    public string ConnectionString => database!.ConnectionString;

    /// <summary>What the service logged as an error or worse: a test that provokes a fault finds it here.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    /// <summary>The kinds of problems whose page was looked at.</summary>
    public ConcurrentDictionary<string, bool> PagesSeen { get; } = new(StringComparer.Ordinal);

    /// <summary>The administrator and app of tenant <c>default</c>.</summary>
    public Client Admin => As("admin");

    public async ValueTask InitializeAsync()
    {
        var template = await TestPostgres.TemplateAsync("ledger", async connection =>
        {
            await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection.ConnectionString) { Pooling = false }.ConnectionString);
            await new SchemaMigrator(source, CommandLineDatabase.SchemaFiles).ApplyAsync();
        });
        database = await TestPostgres.CreateDatabaseAsync(template);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
        builder.Configuration.AddInMemoryCollection(
        [
            new("ConnectionStrings:Ledger", database.ConnectionString), new("LEDGER_DEV_API_KEY", DevelopmentKey),
            new("Jwt:Issuer", "https://issuer.example"), new("Jwt:Audience", "ledger"), new("Jwt:KeySet", KeySet()), new("Logging:LogLevel:Default", "Warning"),
        ]);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = Program.Compose(builder);
        // The service sets its own logging up, so who listens to it besides comes after that.
        app.Services.GetRequiredService<ILoggerFactory>().AddProvider(new Faulty(Faults));
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64, AllowAutoRedirect = false, RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 }) { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(2) };
        await MakeKeysAsync();
    }

    /// <summary>A client with the key of these roles, in tenant <c>default</c>; <c>other:...</c> in the other tenant; <c>operator</c> in none.</summary>
    public Client As(string who) => new(this, keys[who]);

    /// <summary>A client with this credential, or none.</summary>
    public Client With(string? credential) => new(this, credential);

    /// <summary>A client with a token of an end user.</summary>
    public Client AsUser(string owner, string tenant = "default", string? kind = null) => new(this, Token(owner, tenant, kind));

    /// <summary>A new id that no other test has.</summary>
    public static string NewId(string prefix = "acct") => $"{prefix}_{Guid.NewGuid():N}";

    /// <summary>A new open account of tenant <c>default</c>.</summary>
    public async Task<TestAccount> OpenAsync(string more = "", Client? client = null, string? id = null)
    {
        var account = new TestAccount(client ?? Admin, id ?? NewId());
        (await account.Client.Put(account.Path, $$"""{"owner":{"kind":"user","id":"u_1"}{{more}}}""")).ShouldBe(201);
        return account;
    }

    /// <summary>One value from the database.</summary>
    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var session = await database!.OpenAsync();
        await using var command = new NpgsqlCommand(sql, session);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>How many events, keys and API keys there are: what a refused request must leave as it was.</summary>
    public Task<string> WrittenAsync() => QueryAsync<string>(
        "select concat_ws(' ', (select count(*) from ledger.mt_events), (select count(*) from ledger.idempotency_keys), (select count(*) from ledger.api_keys), (select count(*) from ledger.tenants))");

    /// <summary>Moves business time ahead, for every account of this service.</summary>
    public Task PassAsync(TimeSpan time) => QueryAsync<object>(string.Create(CultureInfo.InvariantCulture, $"update ledger.clock set shift = shift + interval '{time.TotalSeconds} seconds' returning shift"));

    /// <summary>Fails where the API's description does not know that this route may answer so.</summary>
    public async Task CheckDocumentedAsync(string method, string path, int status)
    {
        if (!path.StartsWith("/v1/", StringComparison.Ordinal)) return;
        documented ??= await DocumentedAsync();
        var segments = path.Split('?')[0].Trim('/').Split('/');
        foreach (var (verb, template, statuses) in documented)
        {
            if (verb != method || template.Length != segments.Length) continue;
            if (template.Zip(segments).All(pair => pair.First == pair.Second || (pair.First.StartsWith('{') && pair.Second.Length > 0)))
            {
                statuses.Contains(status).ShouldBeTrue($"{method} /{string.Join('/', template)} answers {status}, which its description does not say");
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        http?.Dispose();
        if (app is not null) await app.DisposeAsync();
        if (database is not null) await database.DisposeAsync();
        signing.Dispose();
    }

    private async Task<IReadOnlyList<(string Method, string[] Template, IReadOnlySet<int> Statuses)>> DocumentedAsync()
    {
        using var document = JsonDocument.Parse(await Http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative)));
        return
        [
            .. from path in document.RootElement.GetProperty("paths").EnumerateObject()
               from operation in path.Value.EnumerateObject()
               select (operation.Name.ToUpperInvariant(), path.Name.Trim('/').Split('/'),
                   (IReadOnlySet<int>)operation.Value.GetProperty("responses").EnumerateObject().Select(response => int.Parse(response.Name, CultureInfo.InvariantCulture)).ToHashSet()),
        ];
    }

    private async Task MakeKeysAsync()
    {
        var development = With(DevelopmentKey);
        (await development.Put($"/v1/tenants/{OtherTenant}", """{"name":"Other"}""")).ShouldBe(201);
        foreach (var tenant in new[] { "default", OtherTenant })
        {
            foreach (var role in new[] { "app", "reader", "analyst", "admin" })
            {
                var made = await development.Post("/v1/api-keys", $$"""{"name":"{{role}}","roles":["{{role}}"],"tenantId":"{{tenant}}"}""");
                keys.Add(tenant == "default" ? role : $"{tenant}:{role}", made.ShouldBe(201).Text("key"));
            }
        }

        keys.Add("operator", (await development.Post("/v1/api-keys", """{"name":"operator","roles":["operator"]}""")).ShouldBe(201).Text("key"));
    }

    private string KeySet()
    {
        var key = signing.ExportParameters(false);
        return $$"""{"keys":[{"kty":"RSA","kid":"k1","use":"sig","n":"{{Base64(key.Modulus!)}}","e":"{{Base64(key.Exponent!)}}"}]}""";
    }

    private string Token(string owner, string tenant, string? kind)
    {
        var kindClaim = kind is null ? "" : $$""","ledger_owner_kind":"{{kind}}" """;
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var content = Base64("""{"alg":"RS256","kid":"k1"}"""u8) + "." + Base64(Encoding.UTF8.GetBytes(
            $$"""{"iss":"https://issuer.example","aud":"ledger","sub":"{{owner}}","exp":{{now + 3600}},"ledger_tenant":"{{tenant}}","ledger_roles":["user"]{{kindClaim}}}"""));
        return content + "." + Base64(signing.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    private static string Base64(ReadOnlySpan<byte> bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private sealed class Faulty(ConcurrentQueue<string> faults) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) faults.Enqueue($"{formatter(state, exception)} {exception}");
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>Requests with one credential. Every problem that comes back is held to the contract's form.</summary>
public sealed class Client(ContractService service, string? credential)
{
    /// <summary>Stands for no Idempotency-Key.</summary>
    public const string NoKey = "";

    public ContractService Service => service;

    public string? Credential => credential;

    public Task<Reply> Get(string path, params (string Name, string Value)[] headers) => Send(HttpMethod.Get, path, null, "application/json", headers);

    public Task<Reply> Put(string path, string? body, params (string Name, string Value)[] headers) => Send(HttpMethod.Put, path, body, "application/json", headers);

    /// <summary>A POST with a key: a new one where none is given.</summary>
    public Task<Reply> Post(string path, string? body, string? key = null, params (string Name, string Value)[] headers) =>
        Send(HttpMethod.Post, path, body, "application/json", key == NoKey ? headers : [("Idempotency-Key", key ?? Guid.NewGuid().ToString()), .. headers]);

    /// <summary>A batch; its answer's lines.</summary>
    public async Task<IReadOnlyList<Reply>> Batch(IEnumerable<string> lines, bool atomic = false, params (string Name, string Value)[] headers)
    {
        var reply = await Send(HttpMethod.Post, atomic ? "/v1/batch?atomic=true" : "/v1/batch", string.Join('\n', lines), "application/x-ndjson", headers);
        reply.ShouldBe(200).MediaType.ShouldBe("application/x-ndjson");
        return reply.Lines;
    }

    public async Task<Reply> Send(HttpMethod method, string path, string? body, string? mediaType, params (string Name, string Value)[] headers) =>
        await SendBytes(method, path, body is null ? null : Encoding.UTF8.GetBytes(body), mediaType, headers);

    public async Task<Reply> SendBytes(HttpMethod method, string path, byte[]? body, string? mediaType, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (credential is not null) request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + credential);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            if (mediaType is not null) request.Content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
        }

        foreach (var (name, value) in headers)
        {
            if (name.StartsWith("Content-", StringComparison.Ordinal)) request.Content!.Headers.TryAddWithoutValidation(name, value);
            else request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await service.Http.SendAsync(request);
        var reply = new Reply(
            (int)response.StatusCode, response.Content.Headers.ContentType?.ToString(), await response.Content.ReadAsStringAsync(),
            response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase));
        if (reply.Status >= 400 && !path.StartsWith("/health", StringComparison.Ordinal))
        {
            reply.MediaType.ShouldBe("application/problem+json", $"{method} {path}: {reply.Body}");
            reply.CheckProblem();
            await CheckPage(reply.Text("type"));
        }

        await service.CheckDocumentedAsync(method.Method, path, reply.Status);
        return reply;
    }

    private async Task CheckPage(string type)
    {
        if (!service.PagesSeen.TryAdd(type, true)) return;
        using var page = await service.Http.GetAsync(new Uri(type, UriKind.Relative));
        ((int)page.StatusCode).ShouldBe(200, type);
        page.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        (await page.Content.ReadAsStringAsync()).ShouldContain(type["/problems/".Length..]);
    }
}

/// <summary>An answer, or a line of a batch's answer.</summary>
public sealed record Reply(int Status, string? MediaType, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>The kind of problem.</summary>
    public string Problem => Text("type")["/problems/".Length..];

    public bool Replayed => Headers.TryGetValue("Idempotent-Replayed", out var value) && value == "true";

    /// <summary>The lines of a batch's answer, each as the answer of a single command.</summary>
    public IReadOnlyList<Reply> Lines =>
    [
        .. Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
        {
            var json = JsonDocument.Parse(line).RootElement;
            var status = json.GetProperty("status").GetInt32();
            var replayed = json.TryGetProperty("replayed", out var again) && again.GetBoolean();
            var content = json.EnumerateObject().Single(member => member.Name is not ("status" or "replayed"));
            var reply = new Reply(status, content.Name, content.Value.GetRawText(), replayed ? new Dictionary<string, string> { ["Idempotent-Replayed"] = "true" } : []);
            content.Name.ShouldBeOneOf("transaction", "hold", "problem");
            (content.Name == "problem").ShouldBe(status >= 400);
            if (status >= 400) reply.CheckProblem();
            return reply;
        }),
    ];

    /// <summary>A member's value: the raw text of a number, the text of a string.</summary>
    public string this[string path] => Find(path) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : Find(path).GetRawText();

    public string Text(string path) => Find(path).GetString()!;

    public IEnumerable<JsonElement> Data => Json.GetProperty("data").EnumerateArray();

    public IEnumerable<string> WrongMembers => Json.GetProperty("errors").EnumerateObject().Select(e => e.Name);

    /// <summary>Fails with the whole answer where the status, or the kind of problem, is another.</summary>
    public Reply ShouldBe(int status, string? problem = null)
    {
        Status.ShouldBe(status, Body);
        if (problem is not null) Problem.ShouldBe(problem, Body);
        return this;
    }

    /// <summary>Fails where the answer has not exactly these members; see <see cref="JsonShape"/>.</summary>
    public Reply ShouldHave(string expected)
    {
        JsonShape.Match(Json, expected);
        return this;
    }

    /// <summary>What every problem has, and what its kind has besides.</summary>
    public void CheckProblem()
    {
        var problem = Json;
        Text("type").ShouldStartWith("/problems/");
        Text("title").ShouldNotBeNullOrWhiteSpace();
        problem.GetProperty("status").GetInt32().ShouldBe(Status);
        Text("detail").ShouldNotBeNullOrWhiteSpace();
        Text("traceId").ShouldMatch("^[0-9a-f]{32}$");
        Body.ShouldNotContain("Exception");
        Body.ShouldNotContain("System.");
        switch (Status, Problem)
        {
            case (400, "invalid-request"):
                var errors = problem.GetProperty("errors").EnumerateObject().ToList();
                errors.ShouldNotBeEmpty();
                errors.ShouldAllBe(e => e.Value.GetArrayLength() > 0);
                break;
            case (402, _):
                problem.TryGetProperty("available", out _).ShouldBeTrue(Body);
                problem.TryGetProperty("required", out _).ShouldBeTrue(Body);
                break;
            case (409, _):
                Text("state").ShouldNotBeNullOrEmpty(Body);
                break;
            case (412, _):
                problem.GetProperty("version").GetInt64().ShouldBeGreaterThanOrEqualTo(0);
                break;
            case (429, _) or (503, _):
                if (Headers.Count > 1) Headers.ContainsKey("Retry-After").ShouldBeTrue(Body);
                break;
        }
    }

    private JsonElement Find(string path)
    {
        var found = Json;
        foreach (var part in path.Split('.'))
        {
            if (found.ValueKind == JsonValueKind.Array) found = found[int.Parse(part, CultureInfo.InvariantCulture)];
            else if (!found.TryGetProperty(part, out found)) throw new KeyNotFoundException($"There is no {path} in {Body}");
        }

        return found;
    }
}
