using Ledger.Api.Http;

namespace Ledger.Api.Access;

/// <summary>Who somebody is, or why that is not known.</summary>
internal readonly record struct Authenticated(Caller? Caller, Problem? Problem);

/// <summary>
/// Finds the caller of a credential. It stands in for the framework's authentication stack, which would make a ticket, a principal and claims for
/// each request; here a known key costs a hash and a look-up. Only hashes of credentials are kept, in memory too.
/// </summary>
internal sealed class Authentication : IDisposable
{
    private static readonly Problem Missing = new(ProblemTypes.Unauthenticated, "Send the header Authorization: Bearer with an API key or a token.");
    private static readonly Problem Refused = new(ProblemTypes.Unauthenticated, "The API key or token is not valid: unknown, malformed, expired or revoked.");
    private static readonly Problem Suspended = new(ProblemTypes.Forbidden, "The tenant is suspended.");
    private static readonly Problem Unconfirmed = Problem.Overloaded("The credential can't be confirmed at the moment, as the database does not answer. Nothing was done.");

    private readonly FreshCache<KeyHash, Credential> keys;
    private readonly FreshCache<string, TenantRow> tenants;
    private readonly DevelopmentKey development;
    private readonly JwtVerifier? tokens;
    private readonly RateLimits limits;
    private readonly TimeProvider clock;

    public Authentication(AccessStore store, DevelopmentKey development, JwtVerifier? tokens, RateLimits limits, TimeProvider clock)
    {
        this.development = development;
        this.tokens = tokens;
        this.limits = limits;
        this.clock = clock;
        keys = new(async (hash, cancellationToken) => await store.FindCredentialAsync(hash.ToArray(), cancellationToken) is { } row ? ToCredential(row) : null, clock);
        tenants = new(store.FindTenantAsync, clock);
    }

    public void Dispose()
    {
        keys.Dispose();
        tenants.Dispose();
    }

    /// <summary>The caller behind the header Authorization.</summary>
    public ValueTask<Authenticated> FindAsync(HttpContext http)
    {
        const string scheme = "Bearer ";
        var headers = http.Request.Headers.Authorization;
        if (headers.Count == 0) return new(new Authenticated(null, Missing));
        if (headers.Count > 1 || headers[0] is not { } header || !header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return new(new Authenticated(null, Refused));
        var credential = header.AsSpan(scheme.Length).Trim();
        if (credential.Length is 0 or > JwtVerifier.LengthMax) return new(new Authenticated(null, Refused));
        var hash = KeyHash.Of(credential);
        if (development.Matches(hash)) return new(new Authenticated(DevelopmentKey.Caller, null));
        if (KeyText.IsKey(credential))
        {
            var found = keys.GetAsync(hash);
            return found.IsCompletedSuccessfully ? new(Judge(found.Result)) : KeyAsync(found);
        }

        if (tokens is null || !JwtVerifier.LooksLikeToken(credential) || tokens.Verify(credential.ToString(), hash) is not { } claims) return new(new Authenticated(null, Refused));
        return TokenAsync(claims);
    }

    private async ValueTask<Authenticated> KeyAsync(ValueTask<Credential?> pending)
    {
        try
        {
            return Judge(await pending);
        }
        catch (UnconfirmedException)
        {
            return new Authenticated(null, Unconfirmed);
        }
    }

    private Authenticated Judge(Credential? credential)
    {
        if (credential is null || credential.ExpiresAt <= clock.GetUtcNow()) return new Authenticated(null, Refused);
        return credential.IsSuspended ? new Authenticated(null, Suspended) : new Authenticated(credential.Caller, null);
    }

    private async ValueTask<Authenticated> TokenAsync(JwtClaims claims)
    {
        var id = "sub:" + claims.Subject;
        if (claims.Tenant is null) return new Authenticated(new Caller { Id = id, Roles = claims.Roles }, null);
        try
        {
            if (await tenants.GetAsync(claims.Tenant) is not { } tenant) return new Authenticated(null, Refused);
            if (!tenant.IsActive) return new Authenticated(null, Suspended);
            return new Authenticated(new Caller { Id = id, Roles = claims.Roles, TenantOrNone = tenant.Id, Owner = claims.Owner, Limits = limits.For(id, null, tenant.Id, tenant.RateLimitPerSecond) }, null);
        }
        catch (UnconfirmedException)
        {
            return new Authenticated(null, Unconfirmed);
        }
    }

    private Credential ToCredential(CredentialRow row)
    {
        // A constraint of the table keeps other words out.
        if (!RoleSets.TryParse(row.Roles, out var roles)) throw new InvalidOperationException($"Key {row.Id} has a role that this version does not know.");
        return new Credential(
            new Caller { Id = row.Id, Roles = roles, TenantOrNone = row.TenantId, Limits = limits.For(row.Id, row.RateLimitPerSecond, row.TenantId, row.TenantRateLimit) },
            row.ExpiresAt is { } at ? new DateTimeOffset(at) : null,
            row.TenantStatus is not (null or TenantRow.Active));
    }

    private sealed record Credential(Caller Caller, DateTimeOffset? ExpiresAt, bool IsSuspended);
}
