using System.Diagnostics;
using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Api.Tests.Http;
using Ledger.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Ledger.Api.Tests.Access;

/// <summary>Two nodes on one real database.</summary>
public sealed class TwoNodes : IAsyncLifetime
{
    internal TestDatabase Database { get; private set; } = null!;

    internal EdgeHost One { get; private set; } = null!;

    internal EdgeHost Two { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await EdgeHost.DatabaseAsync();
        One = await EdgeHost.StartAsync(Database.ConnectionString, map: Map);
        Two = await EdgeHost.StartAsync(Database.ConnectionString, map: Map);
    }

    public async ValueTask DisposeAsync()
    {
        await One.DisposeAsync();
        await Two.DisposeAsync();
        await Database.DisposeAsync();
    }

    internal static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/me", static http => Answer.Ok(http, Caller.Of(http).TenantOrNone ?? "none")).RequireRoles(RoleSets.Queries);
        routes.MapPost("/v1/commands", static http => Answer.Ok(http, "done")).RequireRoles(RoleSets.Commands);
    }
}

public sealed class Keys_and_tenants(TwoNodes nodes) : IClassFixture<TwoNodes>
{
    private readonly TestDatabase database = nodes.Database;
    private readonly EdgeHost one = nodes.One;
    private readonly EdgeHost two = nodes.Two;

    [Fact]
    public async Task a_new_key_works_at_once_on_every_node_and_is_shown_once()
    {
        var made = await CreateAsync("""{"name":"backend","roles":["reader","app"]}""");
        made.Status.ShouldBe(201);
        var key = made.Json.GetProperty("key").GetString()!;
        made.Json.GetProperty("prefix").GetString().ShouldBe(key[..10]);
        made.Json.GetProperty("tenantId").GetString().ShouldBe("default");
        made.Json.GetProperty("createdBy").GetString().ShouldBe("key_development");
        made.Json.GetProperty("roles").EnumerateArray().Select(r => r.GetString()).ShouldBe(["app", "reader"]);
        foreach (var node in new[] { one, two }) (await node.SendAsync(HttpMethod.Get, "/v1/me", key)).Text.ShouldBe("\"default\"");

        var list = await one.SendAsync(HttpMethod.Get, "/v1/api-keys");
        list.Text.ShouldContain(made.Json.GetProperty("id").GetString()!);
        list.Text.ShouldNotContain(key);
        (await ScalarAsync<long>("select count(*) from ledger.api_keys k where k::text like '%' || $1 || '%'", key[10..])).ShouldBe(0);
    }

    [Fact]
    public async Task a_revoked_key_is_refused_on_every_node_within_five_seconds()
    {
        var made = (await CreateAsync("""{"name":"short","roles":["reader"]}""")).Json;
        var (id, key) = (made.GetProperty("id").GetString(), made.GetProperty("key").GetString());
        foreach (var node in new[] { one, two }) (await node.SendAsync(HttpMethod.Get, "/v1/me", key)).Status.ShouldBe(200);
        var revoked = await one.SendAsync(HttpMethod.Post, $"/v1/api-keys/{id}/revoke", headers: ("Idempotency-Key", "revoke"));
        var since = Stopwatch.StartNew();
        revoked.Status.ShouldBe(200);
        revoked.Json.GetProperty("revokedBy").GetString().ShouldBe("key_development");
        foreach (var node in new[] { one, two })
        {
            Reply reply;
            while ((reply = await node.SendAsync(HttpMethod.Get, "/v1/me", key)).Status == 200)
            {
                since.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(5));
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }

            reply.Problem.ShouldBe("unauthenticated");
        }

        var again = await two.SendAsync(HttpMethod.Post, $"/v1/api-keys/{id}/revoke", headers: ("Idempotency-Key", "revoke"));
        (again.Status, again.Headers["Idempotent-Replayed"]).ShouldBe((200, "true"));
        again.Json.GetProperty("revokedAt").GetString().ShouldBe(revoked.Json.GetProperty("revokedAt").GetString());
        (await one.SendAsync(HttpMethod.Post, "/v1/api-keys/key_nothing/revoke", headers: ("Idempotency-Key", "other"))).Problem.ShouldBe("not-found");
    }

    [Fact]
    public async Task a_repeated_request_makes_no_second_key_and_shows_none()
    {
        const string body = """{"name":"once","roles":["app"]}""";
        var first = await CreateAsync(body, "k1");
        var again = await CreateAsync(""" { "roles" : ["app"], "name" : "once", "tenantId": null } """, "k1");
        (again.Status, again.Headers["Idempotent-Replayed"]).ShouldBe((201, "true"));
        again.Json.GetProperty("id").GetString().ShouldBe(first.Json.GetProperty("id").GetString());
        again.Json.TryGetProperty("key", out _).ShouldBeFalse();
        first.Headers.ContainsKey("Idempotent-Replayed").ShouldBeFalse();
        (await CreateAsync("""{"name":"other","roles":["app"]}""", "k1")).Problem.ShouldBe("idempotency-key-reused");
        (await CreateAsync(body, key: null)).Problem.ShouldBe("idempotency-key-missing");
    }

    [Fact]
    public async Task eight_copies_at_once_make_one_key()
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? one : two).SendAsync(
            HttpMethod.Post, "/v1/api-keys", body: """{"name":"eight","roles":["app"]}""", headers: ("Idempotency-Key", "eight"))));
        replies.ShouldAllBe(r => r.Status == 201);
        replies.Select(r => r.Json.GetProperty("id").GetString()).Distinct().Count().ShouldBe(1);
        replies.Count(r => r.Json.TryGetProperty("key", out _)).ShouldBe(1);
        (await ScalarAsync<long>("select count(*) from ledger.api_keys where name = 'eight'")).ShouldBe(1);
    }

    [Theory]
    [InlineData("""{}""", "name,roles")]
    [InlineData("""{"name":"","roles":["app"]}""", "name")]
    [InlineData("""{"name":"x","roles":[]}""", "roles")]
    [InlineData("""{"name":"x","roles":["root"]}""", "roles")]
    [InlineData("""{"name":"x","roles":[null]}""", "roles")]
    [InlineData("""{"name":"x","roles":["user"]}""", "roles")]
    [InlineData("""{"name":"x","roles":["operator","admin"]}""", "roles")]
    [InlineData("""{"name":"x","roles":["operator"],"tenantId":"default"}""", "roles")]
    [InlineData("""{"name":"x","roles":["app"],"tenantId":"No"}""", "tenantId")]
    [InlineData("""{"name":"x","roles":["app"],"rateLimitPerSecond":0}""", "rateLimitPerSecond")]
    [InlineData("""{"name":"x","roles":["app"],"rateLimitPerSecond":1000001}""", "rateLimitPerSecond")]
    [InlineData("""{"name":"x","roles":["app"],"expiresAt":"2020-01-01T00:00:00Z"}""", "expiresAt")]
    [InlineData("""{"name":"x","roles":["app"],"secret":"x"}""", "secret")]
    public async Task a_key_that_can_not_be_is_refused(string body, string members) =>
        (await CreateAsync(body)).WrongMembers.ShouldBe(members.Split(','));

    [Fact]
    public async Task a_name_has_200_characters_and_no_more()
    {
        string Named(int length) => $$"""{"name":"{{new string('n', length)}}","roles":["app"]}""";
        (await CreateAsync(Named(ApiKeyEndpoints.NameMax))).Status.ShouldBe(201);
        (await CreateAsync(Named(ApiKeyEndpoints.NameMax + 1))).WrongMembers.ShouldBe(["name"]);
    }

    [Fact]
    public async Task an_administrator_sees_and_makes_keys_of_its_tenant_alone()
    {
        (await one.SendAsync(HttpMethod.Put, "/v1/tenants/acme", body: """{"name":"Acme"}""")).Status.ShouldBe(201);
        var admin = await KeyAsync("""{"name":"admin","roles":["admin"],"tenantId":"acme"}""");
        var foreign = (await CreateAsync("""{"name":"foreign","roles":["app"]}""")).Json.GetProperty("id").GetString();
        var own = await one.SendAsync(HttpMethod.Post, "/v1/api-keys", admin, """{"name":"own","roles":["app"]}""", headers: ("Idempotency-Key", "k"));
        own.Json.GetProperty("tenantId").GetString().ShouldBe("acme");
        (await two.SendAsync(HttpMethod.Get, "/v1/me", own.Json.GetProperty("key").GetString())).Text.ShouldBe("\"acme\"");

        foreach (var body in new[] { """{"name":"x","roles":["operator"]}""", """{"name":"x","roles":["app"],"tenantId":"default"}""" })
            (await one.SendAsync(HttpMethod.Post, "/v1/api-keys", admin, body, headers: ("Idempotency-Key", "x"))).Problem.ShouldBe("forbidden");
        (await one.SendAsync(HttpMethod.Post, $"/v1/api-keys/{foreign}/revoke", admin, headers: ("Idempotency-Key", "y"))).Problem.ShouldBe("not-found");
        var list = await one.SendAsync(HttpMethod.Get, "/v1/api-keys", admin);
        list.Json.GetProperty("data").EnumerateArray().Select(k => k.GetProperty("name").GetString()).ShouldBe(["own", "admin"]);
        (await one.SendAsync(HttpMethod.Get, "/v1/api-keys?tenantId=default", admin)).WrongMembers.ShouldBe(["tenantId"]);
        (await one.SendAsync(HttpMethod.Get, "/v1/tenants", admin)).Problem.ShouldBe("forbidden");
    }

    [Fact]
    public async Task an_operator_belongs_to_no_tenant_and_reads_no_account()
    {
        var key = await KeyAsync("""{"name":"ops","roles":["operator"]}""");
        (await one.SendAsync(HttpMethod.Get, "/v1/tenants", key)).Status.ShouldBe(200);
        (await one.SendAsync(HttpMethod.Get, "/v1/me", key)).Problem.ShouldBe("forbidden");
        (await one.SendAsync(HttpMethod.Post, "/v1/commands", key)).Problem.ShouldBe("forbidden");
        (await one.SendAsync(HttpMethod.Post, "/v1/api-keys", key, """{"name":"x","roles":["app"]}""", headers: ("Idempotency-Key", "x"))).WrongMembers.ShouldBe(["tenantId"]);
        (await one.SendAsync(HttpMethod.Post, "/v1/api-keys", key, """{"name":"x","roles":["app"],"tenantId":"nobody"}""", headers: ("Idempotency-Key", "x"))).Problem.ShouldBe("not-found");
        (await one.SendAsync(HttpMethod.Post, "/v1/api-keys", key, """{"name":"x","roles":["app"],"tenantId":"default"}""", headers: ("Idempotency-Key", "x"))).Status.ShouldBe(201);
    }

    [Fact]
    public async Task a_reader_posts_no_command() =>
        (await one.SendAsync(HttpMethod.Post, "/v1/commands", await KeyAsync("""{"name":"r","roles":["reader"]}"""))).Problem.ShouldBe("forbidden");

    [Fact]
    public async Task an_expired_key_is_refused()
    {
        var soon = DateTimeOffset.UtcNow.AddSeconds(1.5);
        var key = await KeyAsync($$"""{"name":"soon","roles":["reader"],"expiresAt":"{{Times.Text(soon)}}"}""");
        (await one.SendAsync(HttpMethod.Get, "/v1/me", key)).Status.ShouldBe(200);
        await Task.Delay(soon - DateTimeOffset.UtcNow + TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        (await one.SendAsync(HttpMethod.Get, "/v1/me", key)).Problem.ShouldBe("unauthenticated");
    }

    [Fact]
    public async Task a_limit_is_answered_429_with_the_time_to_wait()
    {
        var key = await KeyAsync("""{"name":"slow","roles":["reader"],"rateLimitPerSecond":2}""");
        var replies = new List<Reply>();
        for (var i = 0; i < 8; i++) replies.Add(await one.SendAsync(HttpMethod.Get, "/v1/me", key));
        replies.Take(2).ShouldAllBe(r => r.Status == 200);
        var limited = replies.Where(r => r.Status != 200).ToList();
        limited.ShouldNotBeEmpty();
        limited.ShouldAllBe(r => r.Problem == "rate-limited" && r.Headers["Retry-After"] == "1");
    }

    [Fact]
    public async Task the_credentials_of_a_suspended_tenant_are_refused()
    {
        await one.SendAsync(HttpMethod.Put, "/v1/tenants/gone", body: """{"name":"Gone","status":"suspended"}""");
        var key = await KeyAsync("""{"name":"x","roles":["reader"],"tenantId":"gone"}""");
        (await one.SendAsync(HttpMethod.Get, "/v1/me", key)).Problem.ShouldBe("forbidden");
    }

    [Fact]
    public async Task tenants_are_made_changed_and_listed()
    {
        (await one.SendAsync(HttpMethod.Put, "/v1/tenants/0-b", body: """{"name":"B","rateLimitPerSecond":100}""")).Status.ShouldBe(201);
        var changed = await one.SendAsync(HttpMethod.Put, "/v1/tenants/0-b", body: """{"name":"B 2"}""");
        changed.Status.ShouldBe(200);
        changed.Json.GetProperty("name").GetString().ShouldBe("B 2");
        changed.Json.TryGetProperty("rateLimitPerSecond", out _).ShouldBeFalse();
        (await one.SendAsync(HttpMethod.Get, "/v1/tenants/0-b")).Text.ShouldBe(changed.Text);
        (await one.SendAsync(HttpMethod.Get, "/v1/tenants/nobody")).Problem.ShouldBe("not-found");
        (await one.SendAsync(HttpMethod.Put, "/v1/tenants/No", body: """{"name":"B","status":"dead"}""")).WrongMembers.ShouldBe(["id", "status"]);
        var page = await one.SendAsync(HttpMethod.Get, "/v1/tenants?limit=1");
        page.Json.GetProperty("data")[0].GetProperty("id").GetString().ShouldBe("0-b");
        var next = await two.SendAsync(HttpMethod.Get, "/v1/tenants?cursor=" + page.Json.GetProperty("nextCursor").GetString());
        next.Json.GetProperty("data").EnumerateArray().Select(t => t.GetProperty("id").GetString()).ShouldContain("default");
        next.Text.ShouldEndWith("\"nextCursor\":null}");
    }

    [Fact]
    public async Task pages_of_keys_follow_one_another()
    {
        await one.SendAsync(HttpMethod.Put, "/v1/tenants/paged", body: """{"name":"Paged"}""");
        for (var i = 0; i < 5; i++) await CreateAsync($$"""{"name":"n{{i}}","roles":["app"],"tenantId":"paged"}""");
        var names = new List<string>();
        string? cursor = null;
        do
        {
            var page = await one.SendAsync(HttpMethod.Get, "/v1/api-keys?tenantId=paged&limit=2" + (cursor is null ? "" : "&cursor=" + cursor));
            names.AddRange(page.Json.GetProperty("data").EnumerateArray().Select(k => k.GetProperty("name").GetString()!));
            cursor = page.Json.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);
        names.ShouldBe(["n4", "n3", "n2", "n1", "n0"]);
    }

    [Fact]
    public async Task the_services_role_neither_owns_nor_deletes_a_key()
    {
        await using var connection = await database.OpenAsync();
        foreach (var sql in new[] { "delete from ledger.api_keys", "delete from ledger.tenants", "truncate ledger.api_keys", "delete from ledger.access_requests", "update ledger.access_requests set key = 'x'" })
        {
            await using var command = new NpgsqlCommand("set role ledger_writer; " + sql, connection);
            (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        }
    }

    [Fact]
    public async Task production_refuses_to_start_with_the_development_key()
    {
        var failure = await Should.ThrowAsync<ConfigurationException>(() => EdgeHost.StartAsync(database.ConnectionString, "Production", settings: ("LEDGER_DEV_API_KEY", "some-key-of-mine")));
        failure.Message.ShouldStartWith("LEDGER_DEV_API_KEY is set, but the environment is Production");
        failure.Message.ShouldNotContain("some-key-of-mine");
        await using var production = await EdgeHost.StartAsync(database.ConnectionString, "Production", TwoNodes.Map);
        (await production.SendAsync(HttpMethod.Get, "/v1/me")).Problem.ShouldBe("unauthenticated");
    }

    private async Task<string> KeyAsync(string body) => (await CreateAsync(body)).Json.GetProperty("key").GetString()!;

    private Task<Reply> CreateAsync(string body) => CreateAsync(body, Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture));

    private Task<Reply> CreateAsync(string body, string? key) =>
        key is null ? one.SendAsync(HttpMethod.Post, "/v1/api-keys", body: body) : one.SendAsync(HttpMethod.Post, "/v1/api-keys", body: body, headers: ("Idempotency-Key", key));

    private async Task<T> ScalarAsync<T>(string sql, params object[] values)
    {
        await using var connection = await database.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values) command.Parameters.AddWithValue(value);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
