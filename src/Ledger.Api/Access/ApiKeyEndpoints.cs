using System.Globalization;
using Ledger.Api.Http;

namespace Ledger.Api.Access;

/// <summary>The body of <c>POST /v1/api-keys</c>.</summary>
public sealed record CreateApiKeyRequest
{
    /// <summary>What a person knows the key by.</summary>
    public string? Name { get; init; }

    /// <summary>Of <c>app</c>, <c>reader</c>, <c>analyst</c>, <c>admin</c>; or <c>operator</c> alone.</summary>
    public IReadOnlyList<string>? Roles { get; init; }

    /// <summary>The tenant; the caller's own where it is left out. Only an operator names another.</summary>
    public string? TenantId { get; init; }

    /// <summary>Most requests a second; none where it is left out.</summary>
    public int? RateLimitPerSecond { get; init; }

    /// <summary>When the key ends; never where it is left out.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>The body of <c>POST /v1/api-keys/{id}/revoke</c>: nothing.</summary>
public sealed record RevokeApiKeyRequest;

/// <summary>An API key as answered.</summary>
/// <param name="Id">Its id.</param>
/// <param name="TenantId">Its tenant; absent for an operator's.</param>
/// <param name="Name">What a person knows it by.</param>
/// <param name="Prefix">Its first characters.</param>
/// <param name="Key">The key itself, in the first answer to its creation and never again.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="RateLimitPerSecond">Most requests a second.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="ExpiresAt">When it ends.</param>
/// <param name="RevokedAt">When it was revoked.</param>
/// <param name="RevokedBy">Who revoked it.</param>
public sealed record ApiKeyAnswer(
    string Id, string? TenantId, string Name, string Prefix, string? Key, IReadOnlyList<string> Roles, int? RateLimitPerSecond,
    DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, string? RevokedBy)
{
    internal static ApiKeyAnswer Of(KeyRow row, string? key) => new(
        row.Id, row.TenantId, row.Name, row.Prefix, key, row.Roles, row.RateLimitPerSecond,
        row.CreatedAt, row.CreatedBy, row.ExpiresAt, row.RevokedAt, row.RevokedBy);
}

/// <summary>API keys: an administrator makes and revokes those of its tenant, an operator those of any.</summary>
internal static class ApiKeyEndpoints
{
    public const int NameMax = 200;

    private const string Path = "/v1/api-keys";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Path, CreateAsync).Command<CreateApiKeyRequest, ApiKeyAnswer>("Make an API key; the key itself is in this answer alone").RequireRoles(RoleSets.Keys);
        routes.MapGet(Path, ListAsync).ListQuery<ApiKeyAnswer>("List API keys, newest first").Takes("tenantId", "An operator's filter.").RequireRoles(RoleSets.Keys);
        routes.MapPost(Path + "/{id}/revoke", RevokeAsync).Command<RevokeApiKeyRequest, ApiKeyAnswer>("Revoke an API key; it is refused everywhere within five seconds", StatusCodes.Status200OK).RequireRoles(RoleSets.Keys);
    }

    private static async Task CreateAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var (body, key, problem) = await ReadAsync<CreateApiKeyRequest>(http);
        if (problem is not null || Check(caller, body!, out var draft) is { } refused && (problem = refused) is not null)
        {
            await problem.WriteAsync(http);
            return;
        }

        var secret = KeyText.New();
        var row = draft! with { Id = KeyText.NewId(), Prefix = KeyText.Prefix(secret), CreatedBy = caller.Id };
        var request = Request(caller, key!, Fingerprint.Of("create_api_key", row.TenantId ?? "", body));
        var (change, made) = await Store(http).CreateKeyAsync(row, KeyHash.Of(secret).ToArray(), request, http.RequestAborted);
        await AnswerAsync(http, StatusCodes.Status201Created, change, made, secret);
    }

    private static async Task RevokeAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var (body, key, problem) = await ReadAsync<RevokeApiKeyRequest>(http);
        if (problem is not null)
        {
            await problem.WriteAsync(http);
            return;
        }

        var id = (string)http.Request.RouteValues["id"]!;
        var tenant = caller.Has(Roles.Operator) ? null : caller.Tenant;
        var (change, row) = await Store(http).RevokeKeyAsync(id, tenant, caller.Id, Request(caller, key!, Fingerprint.Of("revoke_api_key", id, body)), http.RequestAborted);
        await AnswerAsync(http, StatusCodes.Status200OK, change, row, null);
    }

    private static async Task ListAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var query = QueryParameters.Of(http);
        var wanted = query.Text("tenantId");
        var list = ListRequest.Read(query, caller.TenantOrNone ?? "", Path, text => TryPlace(text, out _));
        (DateTime, string)? after = list.After is not null && TryPlace(list.After, out var place) ? place : null;
        var tenant = caller.Has(Roles.Operator) ? wanted : caller.Tenant;
        if (wanted is not null && tenant != wanted) query.Add("tenantId", "may name another tenant for an operator only");
        if (query.Problem() is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        var rows = await Store(http).ListKeysAsync(tenant, after, list.Limit + 1, http.RequestAborted);
        var page = list.Page(rows, r => string.Create(CultureInfo.InvariantCulture, $"{r.CreatedAt.Ticks} {r.Id}"));
        await Answer.Ok(http, new Page<ApiKeyAnswer>([.. page.Data.Select(r => ApiKeyAnswer.Of(r, null))], page.NextCursor));
    }

    private static bool TryPlace(string text, out (DateTime CreatedAt, string Id) place)
    {
        place = default;
        if (text.Split(' ') is not [var ticks, var id] || JsonText.HasForbidden(id) || !long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at) || at > DateTime.MaxValue.Ticks) return false;
        place = (new DateTime(at, DateTimeKind.Utc), id);
        return true;
    }

    /// <summary>The key that is asked for, or why there will be none.</summary>
    private static Problem? Check(Caller caller, CreateApiKeyRequest body, out KeyRow? draft)
    {
        draft = null;
        var errors = new Errors();
        var name = errors.RequiredText(body.Name, "name", NameMax);
        errors.Range(body.RateLimitPerSecond, "rateLimitPerSecond", 1, RateLimits.PerSecondMax);
        if (body.TenantId is not null && !TenantId.IsValid(body.TenantId)) errors.Add("tenantId", "is no id of a tenant");
        var roles = Roles.None;
        if (errors.RequiredObject(body.Roles, "roles"))
        {
            if (body.Roles!.Any(r => r is null) || !RoleSets.TryParse(body.Roles!, out roles) || roles == Roles.None || (roles & ~RoleSets.OfKeys) != 0)
                errors.Add("roles", "must be some of " + string.Join(", ", RoleSets.ToWords(RoleSets.OfKeys)));
            else if (roles.HasFlag(Roles.Operator) && (roles != Roles.Operator || body.TenantId is not null))
                errors.Add("roles", "must have operator alone, without a tenant: an operator belongs to none");
        }

        if (errors.Problem is { } problem) return problem;
        if (!caller.Has(Roles.Operator) && (roles.HasFlag(Roles.Operator) || (body.TenantId is { } other && other != caller.Tenant)))
            return new Problem(ProblemTypes.Forbidden, "Only an operator makes keys for operators or for another tenant.");
        var tenant = roles.HasFlag(Roles.Operator) ? null : body.TenantId ?? caller.TenantOrNone;
        if (tenant is null && roles != Roles.Operator) return Problem.Invalid("tenantId", "is required from a caller that belongs to no tenant");
        draft = new KeyRow { TenantId = tenant, Name = name, Roles = [.. RoleSets.ToWords(roles)], RateLimitPerSecond = body.RateLimitPerSecond, ExpiresAt = body.ExpiresAt?.UtcDateTime };
        return null;
    }

    private static async ValueTask<(T? Body, string? Key, Problem? Problem)> ReadAsync<T>(HttpContext http) where T : class
    {
        var body = await RequestReader.ReadAsync<T>(http);
        var query = QueryParameters.Of(http).Problem();
        var key = IdempotencyKey.Read(http);
        return (body.Value, key.Value, body.Problem ?? query ?? key.Problem);
    }

    private static AccessRequest Request(Caller caller, string key, UInt128 fingerprint) => new(caller.TenantOrNone ?? "", key, fingerprint);

    private static Task AnswerAsync(HttpContext http, int status, AccessChange change, KeyRow? row, string? secret)
    {
        switch (change)
        {
            case AccessChange.Done:
                return Answer.Json(http, status, ApiKeyAnswer.Of(row!, secret));
            case AccessChange.Replayed:
                // The key itself is kept nowhere, so the repeated answer can't have it: revoke that key and make another where it was lost.
                Answer.Replayed(http);
                return Answer.Json(http, status, ApiKeyAnswer.Of(row!, null));
            case AccessChange.KeyReused:
                return new Problem(ProblemTypes.IdempotencyKeyReused, "This Idempotency-Key was used for another request.").WriteAsync(http);
            case AccessChange.HasPassed:
                return Problem.Invalid("expiresAt", "must be in the future").WriteAsync(http);
            default:
                return new Problem(ProblemTypes.NotFound, "There is no such API key, or tenant.").WriteAsync(http);
        }
    }

    private static AccessStore Store(HttpContext http) => http.RequestServices.GetRequiredService<AccessStore>();
}
