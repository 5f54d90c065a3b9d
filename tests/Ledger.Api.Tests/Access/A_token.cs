using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ledger.Api.Access;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ledger.Api.Tests.Access;

/// <summary>The attacks of RFC 8725, each planted.</summary>
public sealed class A_token
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly RSA Rsa = RSA.Create(2048);
    private static readonly ECDsa Ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly string KeySet = $$"""{"keys":[{{Jwk("rsa-1", Rsa)}},{{Jwk("ec-1", Ec)}}]}""";

    private readonly SettableClock clock = new(Now);

    [Theory]
    [InlineData("RS256", "rsa-1")]
    [InlineData("ES256", "ec-1")]
    [InlineData("RS256", null)]
    [InlineData("ES256", null)]
    public void that_is_good_tells_tenant_roles_and_subject(string algorithm, string? kid)
    {
        var claims = Verify(Token(Header(algorithm, kid), Claims())).ShouldNotBeNull();
        (claims.Tenant, claims.Roles, claims.Subject, claims.Owner).ShouldBe(("acme", Roles.App | Roles.Reader, "svc-1", null));
    }

    [Fact]
    public void takes_roles_as_a_list_or_as_words() =>
        Verify(Token(Header(), Claims(("ledger_roles", "reader analyst"))))!.Roles.ShouldBe(Roles.Reader | Roles.Analyst);

    [Fact]
    public void of_a_user_is_held_to_its_owner()
    {
        Verify(Token(Header(), Claims(("ledger_roles", Words("user")), ("sub", "u_1"))))!.Owner.ShouldBe(new OwnerRef("user", "u_1"));
        Verify(Token(Header(), Claims(("ledger_roles", Words("user")), ("sub", "w_1"), ("ledger_owner_kind", "workspace"))))!.Owner.ShouldBe(new OwnerRef("workspace", "w_1"));
        Verify(Token(Header(), Claims(("ledger_roles", Words("user")), ("ledger_owner_kind", "robot")))).ShouldBeNull();
        Verify(Token(Header(), Claims(("ledger_roles", Words("user", "app"))))).ShouldBeNull();
    }

    [Fact]
    public void makes_no_operator_unless_that_is_configured()
    {
        var token = Token(Header(), Claims(("ledger_roles", Words("operator")), ("ledger_tenant", null)));
        Verify(token).ShouldBeNull();
        Verify(token, allowOperator: true)!.Tenant.ShouldBeNull();
        Verify(Token(Header(), Claims(("ledger_roles", Words("operator", "admin")))), allowOperator: true).ShouldBeNull();
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("NONE")]
    [InlineData("")]
    public void without_a_signature_is_refused(string algorithm)
    {
        var unsigned = Part(Header(algorithm, "rsa-1")) + "." + Part(Claims()) + ".";
        Verify(unsigned).ShouldBeNull();
        Verify(unsigned + "AA").ShouldBeNull();
        Verify(Part(new JsonObject { ["typ"] = "JWT" }) + "." + Part(Claims()) + ".AA").ShouldBeNull();
    }

    [Fact]
    public void signed_with_the_public_key_as_a_secret_is_refused()
    {
        foreach (var secret in new[] { Encoding.UTF8.GetBytes(Rsa.ExportSubjectPublicKeyInfoPem()), Rsa.ExportSubjectPublicKeyInfo(), Rsa.ExportParameters(false).Modulus!, Encoding.UTF8.GetBytes(KeySet) })
        {
            foreach (var algorithm in new[] { "HS256", "hs256", "RS256" })
            {
                var content = Part(Header(algorithm, "rsa-1")) + "." + Part(Claims());
                Verify(content + "." + Base64(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(content)))).ShouldBeNull();
            }
        }
    }

    [Fact]
    public void whose_algorithm_is_not_the_keys_is_refused()
    {
        Verify(Token(Header("RS256", "ec-1"), Claims())).ShouldBeNull();
        Verify(Token(Header("ES256", "rsa-1"), Claims())).ShouldBeNull();
        foreach (var algorithm in new[] { "RS384", "PS256", "RS512", "ES384", "rs256", "HS256" })
        {
            var content = Part(Header(algorithm, "rsa-1")) + "." + Part(Claims());
            Verify(content + "." + Base64(Rsa.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))).ShouldBeNull();
        }
    }

    [Fact]
    public void that_brings_its_own_key_is_refused()
    {
        using var attacker = RSA.Create(2048);
        foreach (var header in new[]
        {
            With(Header("RS256", "rsa-1"), ("jwk", JsonNode.Parse(Jwk("rsa-1", attacker)))), With(Header("RS256", "own"), ("jwk", JsonNode.Parse(Jwk("own", attacker)))),
            With(Header("RS256", "rsa-1"), ("jku", "https://attacker.example/keys")), With(Header("RS256", "../../dev/null"), ("x5u", "https://attacker.example/x")),
        })
        {
            var content = Part(header) + "." + Part(Claims());
            Verify(content + "." + Base64(attacker.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))).ShouldBeNull();
        }
    }

    [Theory]
    [InlineData("kid", "unknown")]
    [InlineData("kid", 5)]
    [InlineData("typ", "JWE")]
    [InlineData("typ", 1)]
    [InlineData("crit", "exp")]
    [InlineData("alg", 5)]
    public void with_a_wrong_header_is_refused(string name, object value) =>
        Verify(Token(With(Header(), (name, JsonSerializer.SerializeToNode(value))), Claims())).ShouldBeNull();

    [Fact]
    public void with_a_critical_extension_is_refused() => Verify(Token(With(Header(), ("crit", Words("b64")), ("b64", false)), Claims())).ShouldBeNull();

    [Theory]
    [InlineData("JWT")]
    [InlineData("at+jwt")]
    public void with_a_type_of_token_is_read(string type) => Verify(Token(With(Header(), ("typ", type)), Claims())).ShouldNotBeNull();

    [Theory]
    [InlineData("iss", "https://other.example")]
    [InlineData("iss", "https://issuer.example/")]
    [InlineData("iss", null)]
    [InlineData("aud", "other")]
    [InlineData("aud", "Ledger")]
    [InlineData("aud", null)]
    [InlineData("aud", 5)]
    [InlineData("exp", null)]
    [InlineData("exp", "9999999999")]
    [InlineData("exp", -1)]
    [InlineData("nbf", "soon")]
    [InlineData("iat", "then")]
    [InlineData("sub", null)]
    [InlineData("sub", "")]
    [InlineData("ledger_tenant", null)]
    [InlineData("ledger_tenant", "")]
    [InlineData("ledger_tenant", "*DEFAULT*")]
    [InlineData("ledger_tenant", 5)]
    [InlineData("ledger_roles", null)]
    [InlineData("ledger_roles", "")]
    [InlineData("ledger_roles", "root")]
    [InlineData("ledger_roles", 8)]
    public void with_a_wrong_claim_is_refused(string name, object? value) =>
        Verify(Token(Header(), Claims((name, value is null ? null : JsonSerializer.SerializeToNode(value))))).ShouldBeNull();

    [Theory]
    [InlineData("exp", -61, false)]
    [InlineData("exp", -59, true)]
    [InlineData("nbf", 59, true)]
    [InlineData("nbf", 61, false)]
    [InlineData("iat", 59, true)]
    [InlineData("iat", 61, false)]
    [InlineData("exp", -121, false)]
    public void is_valid_in_its_time_with_a_minute_of_clock_difference(string name, int seconds, bool good) =>
        (Verify(Token(Header(), Claims((name, Now.ToUnixTimeSeconds() + seconds)))) is not null).ShouldBe(good);

    [Fact]
    public void may_name_several_audiences()
    {
        Verify(Token(Header(), Claims(("aud", Words("other", "ledger"))))).ShouldNotBeNull();
        Verify(Token(Header(), Claims(("aud", Words("other"))))).ShouldBeNull();
    }

    [Fact]
    public void that_was_altered_anywhere_is_refused()
    {
        foreach (var token in new[] { Token(Header("RS256", "rsa-1"), Claims()), Token(Header("ES256", "ec-1"), Claims()) })
        {
            Verify(token).ShouldNotBeNull();
            for (var i = 0; i < token.Length; i++)
            {
                var altered = token[..i] + (token[i] == 'A' ? 'B' : 'A') + token[(i + 1)..];
                Verify(altered).ShouldBeNull($"changed at {i}");
            }

            foreach (var tail in new[] { "=", "==", " ", "\n", "A", "." }) Verify(token + tail).ShouldBeNull();
            Verify(token[..^1]).ShouldBeNull();
        }
    }

    [Fact]
    public void with_a_claim_twice_is_refused()
    {
        var claims = Claims().ToJsonString();
        var twice = claims[..^1] + ",\"ledger_roles\":[\"admin\"]}";
        var content = Part(Header()) + "." + Base64(Encoding.UTF8.GetBytes(twice));
        Verify(content + "." + Sign(Header(), content)).ShouldBeNull();
    }

    [Fact]
    public void has_8192_characters_and_no_more()
    {
        string Sized(int length)
        {
            var token = "";
            for (var fill = length / 2; token.Length < length; fill += Math.Max(1, (length - token.Length) / 2)) token = Token(Header(), Claims(("fill", new string('x', fill))));
            return token;
        }

        var good = Sized(JwtVerifier.LengthMax - 4);
        good.Length.ShouldBeLessThanOrEqualTo(JwtVerifier.LengthMax);
        Verify(good).ShouldNotBeNull();
        Verify(Sized(JwtVerifier.LengthMax + 1)).ShouldBeNull();
    }

    [Fact]
    public void that_was_verified_is_refused_once_it_has_expired()
    {
        var verifier = Verifier();
        var token = Token(Header(), Claims(("exp", Now.ToUnixTimeSeconds() + 10)));
        verifier.Verify(token, KeyHash.Of(token)).ShouldNotBeNull();
        clock.Advance(TimeSpan.FromSeconds(69));
        verifier.Verify(token, KeyHash.Of(token)).ShouldNotBeNull();
        clock.Advance(TimeSpan.FromSeconds(1));
        verifier.Verify(token, KeyHash.Of(token)).ShouldBeNull();
    }

    [Fact]
    public void is_refused_once_its_key_has_left_the_file()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, KeySet);
            var verifier = new JwtVerifier(Settings(false), new JwtKeySet(null, file, clock, NullLogger.Instance), clock);
            var (byRsa, byEc) = (Token(Header("RS256", "rsa-1"), Claims()), Token(Header("ES256", "ec-1"), Claims()));
            verifier.Verify(byRsa, KeyHash.Of(byRsa)).ShouldNotBeNull();
            File.WriteAllText(file, $$"""{"keys":[{{Jwk("ec-1", Ec)}}]}""");
            clock.Advance(TimeSpan.FromSeconds(2));
            verifier.Verify(byRsa, KeyHash.Of(byRsa)).ShouldBeNull();
            verifier.Verify(byEc, KeyHash.Of(byEc)).ShouldNotBeNull();

            // A broken file leaves the last good set in place.
            File.WriteAllText(file, "{");
            clock.Advance(TimeSpan.FromSeconds(2));
            verifier.Verify(byEc, KeyHash.Of(byEc)).ShouldNotBeNull();
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void needs_keys_that_are_strong_and_public()
    {
        using var weak = RSA.Create(1024);
        Should.Throw<FormatException>(() => JwtKeySet.Parse($$"""{"keys":[{{Jwk("w", weak)}}]}""")).Message.ShouldContain("2048");
        Should.Throw<FormatException>(() => JwtKeySet.Parse("""{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"s"}]}"""));
        Should.Throw<FormatException>(() => JwtKeySet.Parse("""{"keys":[]}"""));
        Should.Throw<FormatException>(() => JwtKeySet.Parse($$"""{"keys":[{{Jwk("a", Rsa)}},{{Jwk("a", Ec)}}]}"""));
        Should.Throw<FormatException>(() => JwtKeySet.Parse($$"""{"keys":[{{Jwk("a", Rsa).Replace("\"sig\"", "\"enc\"", StringComparison.Ordinal)}}]}"""));
        Should.Throw<FormatException>(() => JwtKeySet.Parse($$"""{"keys":[{{Jwk("a", Rsa)[..^1]}},"alg":"RS512"}]}"""));
    }

    private JwtClaims? Verify(string token, bool allowOperator = false) => JwtVerifier.LooksLikeToken(token) ? Verifier(allowOperator).Verify(token, KeyHash.Of(token)) : null;

    private JwtVerifier Verifier(bool allowOperator = false) => new(Settings(allowOperator), new JwtKeySet(KeySet, null, clock, NullLogger.Instance), clock);

    private static JwtSettings Settings(bool allowOperator) => new("https://issuer.example", "ledger", allowOperator);

    private static JsonObject Header(string algorithm = "RS256", string? kid = "rsa-1")
    {
        var header = new JsonObject { ["alg"] = algorithm };
        if (kid is not null) header["kid"] = kid;
        return header;
    }

    private static JsonObject Claims(params (string Name, JsonNode? Value)[] changes)
    {
        var claims = new JsonObject
        {
            ["iss"] = "https://issuer.example",
            ["aud"] = "ledger",
            ["sub"] = "svc-1",
            ["exp"] = Now.ToUnixTimeSeconds() + 3600,
            ["iat"] = Now.ToUnixTimeSeconds() - 120,
            ["ledger_tenant"] = "acme",
            ["ledger_roles"] = Words("app", "reader"),
        };
        return With(claims, changes);
    }

    private static JsonObject With(JsonObject json, params (string Name, JsonNode? Value)[] changes)
    {
        foreach (var (name, value) in changes)
        {
            if (value is null) json.Remove(name);
            else json[name] = value;
        }

        return json;
    }

    private static JsonArray Words(params string[] words) => new([.. words.Select(w => (JsonNode)w)]);

    private static string Token(JsonObject header, JsonObject claims)
    {
        var content = Part(header) + "." + Part(claims);
        return content + "." + Sign(header, content);
    }

    private static string Sign(JsonObject header, string content)
    {
        var bytes = Encoding.ASCII.GetBytes(content);
        return Base64(header["alg"]?.ToString() == "ES256" ? Ec.SignData(bytes, HashAlgorithmName.SHA256) : Rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    private static string Part(JsonObject json) => Base64(Encoding.UTF8.GetBytes(json.ToJsonString()));

    private static string Base64(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static string Jwk(string kid, RSA key)
    {
        var p = key.ExportParameters(false);
        return string.Create(CultureInfo.InvariantCulture, $$"""{"kty":"RSA","kid":"{{kid}}","use":"sig","n":"{{Base64(p.Modulus!)}}","e":"{{Base64(p.Exponent!)}}"}""");
    }

    private static string Jwk(string kid, ECDsa key)
    {
        var p = key.ExportParameters(false);
        return string.Create(CultureInfo.InvariantCulture, $$"""{"kty":"EC","kid":"{{kid}}","use":"sig","crv":"P-256","x":"{{Base64(p.Q.X!)}}","y":"{{Base64(p.Q.Y!)}}"}""");
    }
}
