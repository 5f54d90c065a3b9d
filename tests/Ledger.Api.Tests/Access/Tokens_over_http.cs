using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Api.Tests.Http;
using Ledger.Testing;
using Microsoft.AspNetCore.Builder;

namespace Ledger.Api.Tests.Access;

/// <summary>Tokens on their way through the whole edge, with their tenant in a real database.</summary>
public sealed class Tokens_over_http : IAsyncLifetime
{
    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private TestDatabase database = null!;
    private EdgeHost host = null!;

    public async ValueTask InitializeAsync()
    {
        var point = Key.ExportParameters(false).Q;
        database = await EdgeHost.DatabaseAsync();
        host = await EdgeHost.StartAsync(database.ConnectionString, map: routes => routes.MapGet("/v1/me", static http =>
        {
            var caller = Caller.Of(http);
            return Answer.Ok(http, $"{caller.Tenant} {caller.Id} {caller.Owner?.Kind} {caller.Owner?.Id}".TrimEnd());
        }).RequireRoles(RoleSets.Queries), settings:
        [
            ("Jwt:Issuer", "https://issuer.example"), ("Jwt:Audience", "ledger"),
            ("Jwt:KeySet", $$"""{"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"{{Base64Url.EncodeToString(point.X!)}}","y":"{{Base64Url.EncodeToString(point.Y!)}}"}]}"""),
        ]);
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task let_a_service_and_a_user_in_as_what_they_are()
    {
        (await host.SendAsync(HttpMethod.Get, "/v1/me", Token("default", "reader", "svc"))).Text.ShouldBe("\"default sub:svc\"");
        (await host.SendAsync(HttpMethod.Get, "/v1/me", Token("default", "user", "u_1"))).Text.ShouldBe("\"default sub:u_1 user u_1\"");
    }

    [Fact]
    public async Task of_a_tenant_that_is_not_there_or_suspended_are_refused()
    {
        (await host.SendAsync(HttpMethod.Get, "/v1/me", Token("nobody", "reader", "svc"))).Problem.ShouldBe("unauthenticated");
        await host.SendAsync(HttpMethod.Put, "/v1/tenants/gone", body: """{"name":"Gone","status":"suspended"}""");
        (await host.SendAsync(HttpMethod.Get, "/v1/me", Token("gone", "reader", "svc"))).Problem.ShouldBe("forbidden");
    }

    [Fact]
    public async Task with_another_signature_are_refused_though_the_good_one_is_remembered()
    {
        var good = Token("default", "reader", "svc");
        (await host.SendAsync(HttpMethod.Get, "/v1/me", good)).Status.ShouldBe(200);
        (await host.SendAsync(HttpMethod.Get, "/v1/me", good[..^2] + (good[^2] == 'A' ? "B" : "A") + good[^1])).Problem.ShouldBe("unauthenticated");
    }

    [Fact]
    public async Task share_the_limit_of_their_tenant()
    {
        await host.SendAsync(HttpMethod.Put, "/v1/tenants/slow", body: """{"name":"Slow","rateLimitPerSecond":1}""");
        var replies = new List<Reply>();
        for (var i = 0; i < 6; i++) replies.Add(await host.SendAsync(HttpMethod.Get, "/v1/me", Token("slow", "reader", $"svc-{i}")));
        replies[0].Status.ShouldBe(200);
        replies.Where(r => r.Status != 200).ShouldAllBe(r => r.Problem == "rate-limited");
        replies.ShouldContain(r => r.Status == 429);
    }

    private static string Token(string tenant, string roles, string subject)
    {
        var expires = DateTimeOffset.UtcNow.AddMinutes(5).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var content = Part("""{"alg":"ES256","kid":"k"}""") + "." + Part(
            $$"""{"iss":"https://issuer.example","aud":"ledger","sub":"{{subject}}","exp":{{expires}},"ledger_tenant":"{{tenant}}","ledger_roles":"{{roles}}"}""");
        return content + "." + Base64Url.EncodeToString(Key.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256));
    }

    private static string Part(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
