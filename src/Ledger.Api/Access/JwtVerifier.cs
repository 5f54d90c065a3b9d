using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;

namespace Ledger.Api.Access;

/// <summary>How tokens are checked; <c>Jwt:...</c> in the configuration. All of issuer, audience and keys are needed, else every token is refused.</summary>
internal sealed record JwtSettings(string Issuer, string Audience, bool AllowOperator)
{
    /// <summary>Reads <c>Jwt:Issuer</c>, <c>Jwt:Audience</c>, <c>Jwt:KeySet</c> or <c>Jwt:KeySetFile</c>, <c>Jwt:AllowOperator</c>; null where tokens are not configured.</summary>
    public static (JwtSettings Settings, JwtKeySet Keys)? From(IConfiguration configuration, TimeProvider clock, ILogger logger)
    {
        var section = configuration.GetSection("Jwt");
        var (issuer, audience, inline, file) = (section["Issuer"], section["Audience"], section["KeySet"], section["KeySetFile"]);
        if (string.IsNullOrEmpty(issuer) && string.IsNullOrEmpty(audience) && string.IsNullOrEmpty(inline) && string.IsNullOrEmpty(file)) return null;
        if (string.IsNullOrEmpty(issuer) || string.IsNullOrEmpty(audience) || string.IsNullOrEmpty(inline) == string.IsNullOrEmpty(file))
            throw new ConfigurationException("Tokens need Jwt:Issuer, Jwt:Audience, and one of Jwt:KeySet and Jwt:KeySetFile.");
        try
        {
            var keys = new JwtKeySet(string.IsNullOrEmpty(inline) ? null : inline, string.IsNullOrEmpty(file) ? null : file, clock, logger);
            return (new JwtSettings(issuer, audience, section.GetValue("AllowOperator", false)), keys);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException or FormatException or System.Security.Cryptography.CryptographicException or InvalidOperationException)
        {
            throw new ConfigurationException("The key set of Jwt:KeySet or Jwt:KeySetFile can't be read: " + failure.Message, failure);
        }
    }
}

/// <summary>What a verified token says.</summary>
/// <param name="Subject">Its <c>sub</c>.</param>
/// <param name="Tenant">Its <c>ledger_tenant</c>; null for an operator.</param>
/// <param name="Roles">Its <c>ledger_roles</c>.</param>
/// <param name="Owner">For role <c>user</c>: whose accounts it sees.</param>
/// <param name="ExpiresAt">Seconds since 1970, leeway not counted.</param>
internal sealed record JwtClaims(string Subject, string? Tenant, Roles Roles, OwnerRef? Owner, long ExpiresAt);

/// <summary>
/// Verifies tokens (RFC 7519) by RFC 8725's rules: RS256 and ES256 alone, the algorithm is the key's and never the token's choice, keys come from
/// the key set alone, issuer, audience and expiry are always checked, and what the token calls critical is refused.
/// </summary>
internal sealed class JwtVerifier(JwtSettings settings, JwtKeySet keys, TimeProvider clock)
{
    /// <summary>Most characters of a token.</summary>
    public const int LengthMax = 8 * 1024;

    /// <summary>Most verified tokens that are remembered.</summary>
    public const int RememberedMax = 10_000;

    /// <summary>So far clocks may differ.</summary>
    public static readonly TimeSpan Leeway = TimeSpan.FromSeconds(60);

    private const int SubjectMax = 200;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    private readonly ConcurrentDictionary<KeyHash, Remembered> verified = new();

    /// <summary>Whether a credential has the form of a token.</summary>
    public static bool LooksLikeToken(ReadOnlySpan<char> credential) => credential.Count('.') == 2;

    /// <summary>The claims of a token that is valid now; null for any other, with no word about why: the caller learns nothing from it.</summary>
    public JwtClaims? Verify(string token, KeyHash hash)
    {
        if (token.Length > LengthMax) return null;
        var set = keys.Current;
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        if (verified.TryGetValue(hash, out var known) && known.KeySet == set.Number)
        {
            if (IsLive(known.Claims, now)) return known.Claims;
            verified.TryRemove(hash, out _);
            return null;
        }

        var claims = Check(token, set, now);
        if (claims is not null) Remember(hash, new Remembered(claims, set.Number), now);
        return claims;
    }

    private JwtClaims? Check(string token, JwtKeySet.Snapshot set, long now)
    {
        var (first, second) = (token.IndexOf('.', StringComparison.Ordinal), token.LastIndexOf('.'));
        if (Decode(token.AsSpan(0, first)) is not { } header || Decode(token.AsSpan(first + 1, second - first - 1)) is not { } payload || Decode(token.AsSpan(second + 1)) is not { Length: > 0 } signature) return null;
        try
        {
            using var head = JsonDocument.Parse(header, Strict);
            if (Key(head.RootElement, set) is not { } key) return null;
            if (!key.Verifies(Encoding.ASCII.GetBytes(token, 0, second), signature)) return null;
            using var body = JsonDocument.Parse(payload, Strict);
            return Claims(body.RootElement, now);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or System.Security.Cryptography.CryptographicException)
        {
            return null;
        }
    }

    private static JwtKey? Key(JsonElement header, JwtKeySet.Snapshot set)
    {
        if (header.ValueKind != JsonValueKind.Object || header.TryGetProperty("crit", out _)) return null;
        if (Text(header, "alg") is not (JwtKey.Rs256 or JwtKey.Es256)) return null;
        if (header.TryGetProperty("typ", out _) && Text(header, "typ")?.ToUpperInvariant() is not ("JWT" or "AT+JWT" or "APPLICATION/AT+JWT")) return null;
        if (header.TryGetProperty("kid", out var kid) && kid.ValueKind != JsonValueKind.String) return null;
        return set.Find(Text(header, "kid"), Text(header, "alg")!);
    }

    private JwtClaims? Claims(JsonElement claims, long now)
    {
        if (claims.ValueKind != JsonValueKind.Object) return null;
        if (Text(claims, "iss") != settings.Issuer || !HasAudience(claims)) return null;
        var leeway = (long)Leeway.TotalSeconds;
        if (!Time(claims, "exp", out var expires) || expires is null || expires + leeway <= now) return null;
        if (!Time(claims, "nbf", out var notBefore) || notBefore - leeway > now) return null;
        if (!Time(claims, "iat", out var issued) || issued - leeway > now || issued > expires) return null;
        if (Text(claims, "sub") is not { Length: > 0 and <= SubjectMax } subject || Http.JsonText.HasForbidden(subject)) return null;
        if (RoleWords(claims) is not { } words || !RoleSets.TryParse(words, out var roles) || roles == Roles.None) return null;

        var tenant = Text(claims, "ledger_tenant");
        if (roles.HasFlag(Roles.Operator))
        {
            return settings.AllowOperator && roles == Roles.Operator && tenant is null ? new JwtClaims(subject, null, roles, null, expires.Value) : null;
        }

        if (tenant is null || !TenantId.IsValid(tenant)) return null;
        if (!roles.HasFlag(Roles.User)) return new JwtClaims(subject, tenant, roles, null, expires.Value);
        // A user's token is held to its owner's accounts; another role beside it would undo that.
        if (roles != Roles.User) return null;
        var kind = claims.TryGetProperty("ledger_owner_kind", out _) ? Text(claims, "ledger_owner_kind") : "user";
        return kind is "user" or "workspace" ? new JwtClaims(subject, tenant, roles, new OwnerRef(kind, subject), expires.Value) : null;
    }

    private bool HasAudience(JsonElement claims) => claims.TryGetProperty("aud", out var audience) && audience.ValueKind switch
    {
        JsonValueKind.String => audience.ValueEquals(settings.Audience),
        JsonValueKind.Array => audience.EnumerateArray().Any(a => a.ValueKind == JsonValueKind.String && a.ValueEquals(settings.Audience)),
        _ => false,
    };

    private static string[]? RoleWords(JsonElement claims)
    {
        if (!claims.TryGetProperty("ledger_roles", out var roles)) return null;
        if (roles.ValueKind == JsonValueKind.String) return roles.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return roles.ValueKind == JsonValueKind.Array ? [.. roles.EnumerateArray().Select(r => r.GetString() ?? "")] : null;
    }

    /// <summary>A NumericDate: seconds, perhaps with a fraction, in the range of years 1970 to 9999. False where it is there and is none.</summary>
    private static bool Time(JsonElement claims, string name, out long? seconds)
    {
        seconds = null;
        if (!claims.TryGetProperty(name, out var value)) return true;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDecimal(out var number) || number is < 0 or > 253_402_300_799) return false;
        seconds = (long)number;
        return true;
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Base64url without padding, in its one spelling (RFC 7515, section 2): a changed spare bit is a changed token.</summary>
    private static byte[]? Decode(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || !Base64Url.IsValid(text)) return null;
        var bytes = Base64Url.DecodeFromChars(text);
        return text.SequenceEqual(Base64Url.EncodeToString(bytes)) ? bytes : null;
    }

    private static bool IsLive(JwtClaims claims, long now) => claims.ExpiresAt + (long)Leeway.TotalSeconds > now;

    private void Remember(KeyHash hash, Remembered entry, long now)
    {
        if (verified.Count >= RememberedMax)
        {
            foreach (var (old, e) in verified)
            {
                if (!IsLive(e.Claims, now) || e.KeySet != entry.KeySet) verified.TryRemove(old, out _);
            }

            if (verified.Count >= RememberedMax) verified.Clear();
        }

        verified[hash] = entry;
    }

    private sealed record Remembered(JwtClaims Claims, int KeySet);
}
