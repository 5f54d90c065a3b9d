using System.Globalization;
using System.Text;
using System.Text.Json;
using Ledger.Api.Access;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Api.Tests.Contract;

/// <summary>A route as it is mapped, with what the API's description says of it.</summary>
internal sealed record MappedRoute(string Method, string Path, RouteAccess? Access, IReadOnlyList<int> Statuses, bool Described)
{
    public override string ToString()
    {
        var roles = Access is null ? "nobody" : Access.IsPublic ? "anybody" : string.Join(" ", RoleSets.ToWords(Access.Roles));
        return $"{Method} {Path} -> {roles}; {(Described ? string.Join(' ', Statuses.Select(status => status.ToString(CultureInfo.InvariantCulture))) : "not described")}";
    }

    /// <summary>All of them, by path and method.</summary>
    public static async Task<IReadOnlyList<MappedRoute>> AllAsync(ContractService service)
    {
        var document = (await service.With(null).Get("/openapi/v1.json")).ShouldBe(200).Json;
        var routes = new List<MappedRoute>();
        foreach (var endpoint in service.Services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>())
        {
            var path = "/" + endpoint.RoutePattern.RawText!.Trim('/');
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["ANY"])
            {
                var operation = default(JsonElement);
                var described = document.GetProperty("paths").TryGetProperty(path, out var item) && item.TryGetProperty(method.ToLowerInvariant(), out operation);
                var statuses = described ? operation.GetProperty("responses").EnumerateObject().Select(response => int.Parse(response.Name, CultureInfo.InvariantCulture)).Order().ToList() : [];
                routes.Add(new MappedRoute(method, path, endpoint.Metadata.GetMetadata<RouteAccess>(), statuses, described));
            }
        }

        return [.. routes.OrderBy(route => route.Path, StringComparer.Ordinal).ThenBy(route => route.Method, StringComparer.Ordinal)];
    }

    /// <summary>The folder of the repository.</summary>
    public static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path_(folder, "Ledger.sln"))) folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests are not below the repository.");
            return folder.FullName;
        }
    }

    /// <summary>A body that passes every check of a route but those of what it names.</summary>
    public string Body(string other) => Path.Split('/')[^1] switch
    {
        "batch" => $$"""{"key":"{{Guid.NewGuid()}}","accountId":"{{other}}","command":"consume","amount":1}""",
        "purchases" => """{"creditAmount":1,"price":{"amount":1,"currency":"usd"}}""",
        "grants" => """{"amount":1,"source":"bonus"}""",
        "consumptions" or "holds" => """{"amount":1}""",
        "adjustments" => """{"amount":1,"reason":"r"}""",
        "transfers" => $$"""{"amount":1,"toAccountId":"{{other}}"}""",
        "refund" or "resolve" => """{"reason":"r"}""",
        "subscriptions" or "change" => """{"planId":"free"}""",
        "payment-methods" => $$"""{"provider":"fake","providerMethodId":"pm_{{Guid.NewGuid():N}}","type":"card"}""",
        "checkouts" => $$"""{"accountId":"{{other}}","item":{"kind":"package","id":"small"},"provider":"fake"}""",
        "{id}" when Path.StartsWith("/v1/packages", StringComparison.Ordinal) => """{"name":"Made by a test of roles","price":{"amount":1,"currency":"usd"},"creditAmount":1}""",
        "{id}" when Path.StartsWith("/v1/products", StringComparison.Ordinal) => """{"name":"Made by a test of roles"}""",
        "{id}" when Path.StartsWith("/v1/plans", StringComparison.Ordinal) => """{"name":"Made by a test of roles","tier":"t","price":{"amount":1,"currency":"usd"},"interval":"year","active":false}""",
        "usage" => """{"metric":"users","quantity":1}""",
        "{metric}" => """{"limit":null}""",
        "auto-topup" => """{"threshold":1,"item":"small"}""",
        "api-keys" => """{"name":"made by a test of roles","roles":["reader"],"tenantId":"default"}""",
        "{accountId}" => """{"owner":{"kind":"user","id":"u_1"}}""",
        "{id}" when Path.StartsWith("/v1/tenants", StringComparison.Ordinal) => """{"name":"Default"}""",
        _ => "{}",
    };

    public string MediaType => Path == "/v1/batch" ? "application/x-ndjson" : "application/json";

    private static string Path_(DirectoryInfo folder, string file) => System.IO.Path.Combine(folder.FullName, file);
}

/// <summary>The API's description and its text form in the repository.</summary>
[Collection(ContractCollection.Name)]
public sealed class Routes(ContractService service)
{
    /// <summary>What is mapped and described nowhere, each with its reason.</summary>
    private static readonly Dictionary<string, string> Undescribed = new(StringComparer.Ordinal)
    {
        ["GET /openapi/v1.json"] = "it is the description",
        ["HEAD /health/live"] = "GET without its body",
        ["HEAD /health/ready"] = "GET without its body",
    };

    [Fact]
    public async Task The_description_is_openapi_3_1_and_has_every_route()
    {
        var document = (await service.With(null).Get("/openapi/v1.json")).ShouldBe(200);
        document.MediaType.ShouldBe("application/json");
        document["openapi"].ShouldStartWith("3.1.");
        var routes = await MappedRoute.AllAsync(service);
        routes.Where(route => !route.Described && !Undescribed.ContainsKey($"{route.Method} {route.Path}")).ShouldBeEmpty();
        routes.Where(route => route.Access is null).ShouldBeEmpty("a route says whom it lets in");
        var described = document.Json.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}"));
        described.Except(routes.Select(route => $"{route.Method} {route.Path}")).ShouldBeEmpty("nothing is described that is not there");
        document.Json.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()).Select(operation => operation.Value.GetProperty("operationId").GetString()).ShouldBeUnique();
        document.Body.ShouldNotContain("#/components/schemas/null");
        foreach (var reference in System.Text.RegularExpressions.Regex.Matches(document.Body, "\"#/components/schemas/([^\"]+)\"").Select(match => match.Groups[1].Value).Distinct())
            document.Json.GetProperty("components").GetProperty("schemas").TryGetProperty(reference, out _).ShouldBeTrue(reference);
    }

    [Fact]
    public async Task The_description_asks_for_a_key_where_the_service_does()
    {
        var document = (await service.With(null).Get("/openapi/v1.json")).Json;
        foreach (var path in document.GetProperty("paths").EnumerateObject().Where(path => path.Name.StartsWith("/v1/", StringComparison.Ordinal)))
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var parameters = operation.Value.TryGetProperty("parameters", out var all) ? all.EnumerateArray().ToList() : [];
                parameters.Select(parameter => parameter.GetProperty("name").GetString()).ShouldBeUnique();
                // Each line of a batch brings its own.
                parameters.Any(parameter => parameter.GetProperty("name").GetString() == "Idempotency-Key" && parameter.GetProperty("required").GetBoolean())
                    .ShouldBe(operation.Name == "post" && path.Name != "/v1/batch", $"{operation.Name} {path.Name}");
                operation.Value.GetProperty("responses").TryGetProperty("422", out _).ShouldBe(operation.Name == "post" && path.Name != "/v1/batch", $"{operation.Name} {path.Name}");
            }
        }
    }

    [Fact]
    public async Task The_list_of_routes_in_the_repository_is_that_of_the_service()
    {
        var text = new StringBuilder("# Every route: method, path, who is let in; the statuses that it answers. Written by a test (LEDGER_WRITE_DOCS=1), compared by it otherwise.\n");
        foreach (var route in await MappedRoute.AllAsync(service)) text.Append(route).Append('\n');
        var file = Path.Combine(MappedRoute.Root, "docs", "http-api.txt");
        if (Environment.GetEnvironmentVariable("LEDGER_WRITE_DOCS") == "1") await File.WriteAllTextAsync(file, text.ToString());
        (await File.ReadAllTextAsync(file)).ShouldBe(text.ToString(), "the routes have changed: run the test with LEDGER_WRITE_DOCS=1 and look at the difference");
    }

    [Fact]
    public async Task Every_kind_of_problem_has_its_page()
    {
        var index = await service.With(null).Get("/problems");
        index.ShouldBe(200).MediaType.ShouldStartWith("text/html");
        foreach (var type in Ledger.Api.Http.ProblemTypes.All)
        {
            index.Body.ShouldContain($"href=\"{type.Uri}\"");
            var page = (await service.With(null).Get(type.Uri)).ShouldBe(200);
            page.MediaType.ShouldStartWith("text/html");
            page.Body.ShouldContain(type.Slug);
        }

        (await service.With(null).Get("/problems/no-such")).ShouldBe(404, "not-found");
        (await service.With(null).Get("/problems/..%2f")).ShouldBe(404);
    }

    [Fact]
    public async Task Other_paths_and_methods_are_problems_too()
    {
        foreach (var path in new[] { "/", "/v1", "/v2/accounts", "/v1/account", "/v1/accounts/a/b", "/favicon.ico", "/v1/accounts/a/grants/x", "/v1/accounts/a/holds/b/grab" }) (await service.Admin.Get(path)).ShouldBe(404, "not-found");
        foreach (var (method, path) in new[] { ("DELETE", "/v1/accounts/a"), ("PATCH", "/v1/accounts/a"), ("POST", "/v1/accounts"), ("GET", "/v1/batch"), ("PUT", "/v1/accounts/a/grants"), ("OPTIONS", "/v1/accounts/a"), ("MADEUP", "/v1/accounts/a") })
            (await service.Admin.Send(new HttpMethod(method), path, null, null)).ShouldBe(405, "method-not-allowed").Headers.ContainsKey("Allow").ShouldBeTrue();
    }
}
