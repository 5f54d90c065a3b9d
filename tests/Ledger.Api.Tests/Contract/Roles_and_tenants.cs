using System.Diagnostics;
using Ledger.Api.Access;

namespace Ledger.Api.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class Roles_and_tenants(ContractService service)
{
    private static readonly (string Name, Roles Role)[] Everybody =
        [("app", Roles.App), ("reader", Roles.Reader), ("analyst", Roles.Analyst), ("admin", Roles.Admin), ("operator", Roles.Operator), ("user", Roles.User)];

    private static readonly string[] CatalogPaths = ["/v1/packages/{id}", "/v1/products/{id}", "/v1/plans/{id}"];

    /// <summary>The contract's table, in words: who may do what.</summary>
    private static Roles Expected(MappedRoute route) => (route.Method, route.Path) switch
    {
        (_, var path) when !path.StartsWith("/v1/", StringComparison.Ordinal) => Roles.None,
        (_, var path) when path.StartsWith("/v1/tenants", StringComparison.Ordinal) => Roles.Operator,
        (_, var path) when path.StartsWith("/v1/api-keys", StringComparison.Ordinal) => Roles.Admin | Roles.Operator,
        ("POST", var path) when path.EndsWith("/adjustments", StringComparison.Ordinal) || path.EndsWith("freeze", StringComparison.Ordinal) || path.EndsWith("/close", StringComparison.Ordinal) => Roles.Admin,
        ("PUT", var path) when path.EndsWith("/quotas/{metric}", StringComparison.Ordinal) => Roles.Admin,
        ("DELETE", var path) when path.EndsWith("/personal-data", StringComparison.Ordinal) => Roles.Admin,
        ("GET", var path) when path.StartsWith("/v1/accounts", StringComparison.Ordinal) => Roles.App | Roles.Reader | Roles.Analyst | Roles.Admin | Roles.User,
        (_, var path) when path == "/v1/batch" || path.StartsWith("/v1/accounts", StringComparison.Ordinal) => Roles.App | Roles.Admin,
        _ => route.Access!.Roles,
    };

    [Fact]
    public async Task Every_role_is_let_in_where_the_contract_says_and_nowhere_else()
    {
        var wrong = new List<string>();
        var account = await service.OpenAsync();
        var before = await service.QueryAsync<long>($"select count(*) from ledger.mt_events where stream_id = 'account/{account.Id}'");
        foreach (var route in (await MappedRoute.AllAsync(service)).Where(route => route.Access is { IsPublic: false }))
        {
            var path = route.Path.Replace("{accountId}", "nobody-" + account.Id, StringComparison.Ordinal).Replace("{itemId}", "x", StringComparison.Ordinal).Replace("{metric}", "users", StringComparison.Ordinal).Replace("{id}", "nothing-here", StringComparison.Ordinal);
            foreach (var credential in new[] { null, "", "x", "lk_" + new string('A', 43), "a.b.c" })
            {
                var reply = await service.With(credential).Send(new HttpMethod(route.Method), path, "{", "text/plain");
                if (reply.Status != 401) wrong.Add($"{route} with {credential ?? "nothing"}: {reply.Status}");
            }

            foreach (var (name, role) in Everybody)
            {
                var client = role == Roles.User ? service.AsUser("u_1") : service.As(name);
                var allowed = (Expected(route) & role) != Roles.None;
                // What may be done for good is asked in a way that is refused for its form.
                var reply = await client.Send(new HttpMethod(route.Method), route.Method == "GET" ? path : path + "?not-a-parameter=1", route.Method == "GET" ? null : route.Body(account.Id), route.MediaType, ("Idempotency-Key", Guid.NewGuid().ToString()));
                if (allowed ? reply.Status is 401 or 403 : reply is not { Status: 403, Problem: "forbidden" }) wrong.Add($"{route} as {name}: {reply.Status}");
            }
        }

        wrong.ShouldBeEmpty();
        (await service.QueryAsync<long>($"select count(*) from ledger.mt_events where stream_id = 'account/{account.Id}'")).ShouldBe(before);
    }

    [Fact]
    public async Task Public_routes_need_no_credential_and_all_others_say_bearer()
    {
        foreach (var path in new[] { "/health/live", "/health/ready", "/problems", "/problems/conflict", "/openapi/v1.json" }) (await service.With(null).Get(path)).ShouldBe(200);
        (await service.With(null).Get("/v1/accounts")).ShouldBe(401, "unauthenticated").Headers["WWW-Authenticate"].ShouldBe("Bearer");
    }

    [Fact]
    public async Task No_route_shows_or_changes_what_belongs_to_another_tenant()
    {
        var admin = service.As("other:admin");
        var secret = "secret" + Guid.NewGuid().ToString("N");
        var foreign = await service.OpenAsync($$""","unit":"{{secret}}","metadata":{"a":"{{secret}}"}""", admin, ContractService.NewId(secret));
        var bought = await foreign.Purchase("100", $$""","description":"{{secret}}" """);
        var used = (await foreign.Consume("10", $$""","description":"{{secret}}" """)).ShouldBe(201);
        var hold = (await foreign.Hold("5", $$""","description":"{{secret}}" """)).ShouldBe(201);
        var key = (await admin.Post("/v1/api-keys", $$"""{"name":"{{secret}}","roles":["reader"]}""")).ShouldBe(201);
        var own = await service.OpenAsync();
        await own.Grant("10");
        var before = await foreign.Get();
        var cursor = (await admin.Get(foreign.Path + "/events?limit=1")).Text("nextCursor");

        var shown = new List<string>();
        foreach (var route in (await MappedRoute.AllAsync(service)).Where(route => route.Access is { IsPublic: false } && route.Path.StartsWith("/v1/", StringComparison.Ordinal)))
        {
            var item = route.Path.Contains("/holds/", StringComparison.Ordinal) ? hold["id"] : route.Path.Contains("/purchases/", StringComparison.Ordinal) ? bought["id"] : used["id"];
            // Everything foreign, and the foreign item below an account of one's own.
            foreach (var account in route.Path.Contains("{itemId}", StringComparison.Ordinal) ? new[] { foreign.Id, own.Id } : [foreign.Id])
            {
                var path = route.Path.Replace("{accountId}", account, StringComparison.Ordinal).Replace("{itemId}", item, StringComparison.Ordinal).Replace("{metric}", "users", StringComparison.Ordinal).Replace("{id}", route.Path.Contains("tenants", StringComparison.Ordinal) ? ContractService.OtherTenant : key["id"], StringComparison.Ordinal);
                foreach (var client in new[] { service.Admin, service.As("app"), service.As("reader"), service.As("operator"), service.AsUser("u_1"), service.AsUser("nobody", ContractService.OtherTenant) })
                {
                    if (route.Method == "PUT" && route.Path.EndsWith("{accountId}", StringComparison.Ordinal)) continue; // opens one's own: asked below
                    if (route.Method == "PUT" && CatalogPaths.Contains(route.Path)) continue; // puts up one's own
                    if (route.Path.EndsWith("/access", StringComparison.Ordinal)) path += path.EndsWith("product=x", StringComparison.Ordinal) ? "" : "?product=x";
                    if (client.Credential == service.As("operator").Credential && !route.Path.Contains("accounts", StringComparison.Ordinal)) continue; // an operator may see tenants and keys
                    var reply = await client.Send(new HttpMethod(route.Method), path, route.Method == "GET" ? null : route.Body(path.EndsWith("/transfers", StringComparison.Ordinal) ? own.Id : foreign.Id), route.MediaType, ("Idempotency-Key", Guid.NewGuid().ToString()));
                    var named = route.Path.Contains('{', StringComparison.Ordinal);
                    if (named && reply.Status is not (401 or 403 or 404)) shown.Add($"{route.Method} {path}: {reply.Status} {reply.Body}");
                    if (route.Path == "/v1/batch" && reply.Status == 200) reply.Lines.Single().Status.ShouldBeOneOf(403, 404);
                    // An id that the caller sent itself may come back to it.
                    if (reply.Body.Replace(foreign.Id, "", StringComparison.Ordinal).Contains(secret, StringComparison.Ordinal)) shown.Add($"{route.Method} {path}: {reply.Body}");
                }
            }
        }

        shown.ShouldBeEmpty();
        (await own.Client.Get($"{foreign.Path}/events?limit=1&cursor={cursor}")).Status.ShouldBeOneOf(400, 404);
        (await own.Post("transfers", $$"""{"amount":1,"toAccountId":"{{foreign.Id}}"}""")).ShouldBe(404, "account-not-found");
        (await service.Admin.Get($"/v1/api-keys?tenantId={ContractService.OtherTenant}")).ShouldBe(400);
        (await service.Admin.Post("/v1/api-keys", $$"""{"name":"x","roles":["reader"],"tenantId":"{{ContractService.OtherTenant}}"}""")).ShouldBe(403, "forbidden");
        (await service.Admin.Post("/v1/api-keys", """{"name":"x","roles":["operator"]}""")).ShouldBe(403, "forbidden");

        var same = (await service.Admin.Put(foreign.Path, """{"owner":{"kind":"user","id":"mine"}}""")).ShouldBe(201);
        (same["balance"], same["owner.id"], same["metadata"]).ShouldBe(("0", "mine", "{}"));
        (await foreign.Get()).Body.ShouldBe(before.Body);
        (await admin.Get($"/v1/api-keys?limit=500")).Data.Single(each => each.GetProperty("id").GetString() == key["id"]).TryGetProperty("revokedAt", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task A_user_sees_its_own_accounts_alone()
    {
        var (mine, theirs) = (ContractService.NewId("u"), ContractService.NewId("u"));
        Task<Reply> Open(string owner, string kind) => service.Admin.Put($"/v1/accounts/{ContractService.NewId()}", $$"""{"owner":{"id":"{{owner}}","kind":"{{kind}}"} }""");
        var (own, second, other, workspace) = ((await Open(mine, "user"))["id"], (await Open(mine, "user"))["id"], (await Open(theirs, "user"))["id"], (await Open(mine, "workspace"))["id"]);
        (await service.Admin.Post($"/v1/accounts/{own}/grants", """{"amount":5,"source":"bonus"}""")).ShouldBe(201);
        var user = service.AsUser(mine);
        static IEnumerable<string?> Ids(Reply list) => list.ShouldBe(200).Data.Select(account => account.GetProperty("id").GetString());
        Ids(await user.Get("/v1/accounts")).ShouldBe([second, own]);
        Ids(await user.Get($"/v1/accounts?ownerId={theirs}")).ShouldBeEmpty();
        Ids(await user.Get("/v1/accounts?ownerKind=workspace")).ShouldBeEmpty();
        Ids(await service.AsUser(mine, kind: "workspace").Get("/v1/accounts")).ShouldBe([workspace]);
        var first = await user.Get("/v1/accounts?limit=1");
        Ids(await user.Get($"/v1/accounts?limit=1&cursor={first["nextCursor"]}")).ShouldBe([own]);
        foreach (var list in new[] { "", "/transactions", "/lots", "/holds", "/events" })
        {
            (await user.Get($"/v1/accounts/{own}{list}")).ShouldBe(200);
            foreach (var account in new[] { other, workspace, ContractService.NewId() }) (await user.Get($"/v1/accounts/{account}{list}")).ShouldBe(404, "account-not-found");
        }

        (await user.Post($"/v1/accounts/{own}/consumptions", """{"amount":1}""")).ShouldBe(403, "forbidden");
        (await user.Put($"/v1/accounts/{ContractService.NewId()}", $$"""{"owner":{"kind":"user","id":"{{mine}}"} }""")).ShouldBe(403, "forbidden");
        (await service.AsUser(mine, ContractService.OtherTenant).Get($"/v1/accounts/{own}")).ShouldBe(404, "account-not-found");
        (await service.AsUser(mine, "no-such-tenant").Get($"/v1/accounts/{own}")).ShouldBe(401, "unauthenticated");
        (await service.With(user.Credential![..^4] + "AAAA").Get("/v1/accounts")).ShouldBe(401, "unauthenticated");
    }

    [Fact]
    public async Task A_revoked_key_is_refused_within_5_seconds()
    {
        var made = (await service.Admin.Post("/v1/api-keys", """{"name":"to be revoked","roles":["reader","app"]}""")).ShouldBe(201);
        var client = service.With(made.Text("key"));
        (await client.Get("/v1/accounts")).ShouldBe(200);
        (await client.Post($"/v1/api-keys/{made["id"]}/revoke", "{}")).ShouldBe(403, "forbidden");
        (await service.Admin.Post($"/v1/api-keys/{made["id"]}/revoke", "{}")).ShouldBe(200)["revokedAt"].ShouldNotBeEmpty();
        var waited = Stopwatch.StartNew();
        while ((await client.Get("/v1/accounts")).Status != 401)
        {
            waited.Elapsed.TotalSeconds.ShouldBeLessThan(5);
            await Task.Delay(50);
        }

        (await client.Get("/v1/accounts")).ShouldBe(401, "unauthenticated");
    }

    [Fact]
    public async Task A_key_holds_several_roles_and_operator_goes_with_none()
    {
        var both = service.With((await service.Admin.Post("/v1/api-keys", """{"name":"x","roles":["reader","app"]}""")).ShouldBe(201).Text("key"));
        var account = await service.OpenAsync(client: both);
        (await account.Get()).ShouldBe(200);
        foreach (var body in new[] { """{"name":"x","roles":["operator","admin"]}""", """{"name":"x","roles":[]}""", """{"name":"x","roles":["user"]}""", """{"name":"x","roles":[null]}""", """{"name":"x","roles":"admin"}""", """{"name":"x"}""" })
            (await service.With(ContractService.DevelopmentKey).Post("/v1/api-keys", body)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["roles"], body);
    }

    [Fact]
    public async Task A_key_that_has_expired_or_is_limited_is_told_so()
    {
        var soon = DateTimeOffset.UtcNow.AddSeconds(2).ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        var ending = service.With((await service.Admin.Post("/v1/api-keys", $$"""{"name":"x","roles":["reader"],"expiresAt":"{{soon}}"}""")).ShouldBe(201).Text("key"));
        var limited = service.With((await service.Admin.Post("/v1/api-keys", """{"name":"x","roles":["reader"],"rateLimitPerSecond":1}""")).ShouldBe(201).Text("key"));
        (await ending.Get("/v1/accounts")).ShouldBe(200);
        var replies = new List<Reply>();
        for (var i = 0; i < 5; i++) replies.Add(await limited.Get("/v1/accounts"));
        replies.ShouldContain(reply => reply.Status == 429 && reply.Problem == "rate-limited" && reply.Headers["Retry-After"] == "1");
        await Task.Delay(2100);
        (await ending.Get("/v1/accounts")).ShouldBe(401, "unauthenticated");
    }
}
