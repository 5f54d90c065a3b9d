using Ledger.Api.Http;

namespace Ledger.Api.Access;

/// <summary>The body of <c>PUT /v1/tenants/{id}</c>.</summary>
public sealed record PutTenantRequest
{
    /// <summary>What a person knows the tenant by.</summary>
    public string? Name { get; init; }

    /// <summary>Most requests a second of all its credentials together, on each node; none where it is left out.</summary>
    public int? RateLimitPerSecond { get; init; }

    /// <summary><c>active</c> or <c>suspended</c> (every credential is answered 403); stays as it is where it is left out.</summary>
    public string? Status { get; init; }
}

/// <summary>A tenant as answered.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What a person knows it by.</param>
/// <param name="Status"><c>active</c> or <c>suspended</c>.</param>
/// <param name="RateLimitPerSecond">Most requests a second.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
public sealed record TenantAnswer(string Id, string Name, string Status, int? RateLimitPerSecond, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    internal static TenantAnswer Of(TenantRow row) => new(row.Id, row.Name, row.Status, row.RateLimitPerSecond, row.CreatedAt, row.UpdatedAt);
}

/// <summary>Tenants, for operators.</summary>
internal static class TenantEndpoints
{
    public const int NameMax = 200;

    private const string Path = "/v1/tenants";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut(Path + "/{id}", PutAsync).Command<PutTenantRequest, TenantAnswer>("Make a tenant, or change it").OrAnswers(StatusCodes.Status200OK).RequireRoles(RoleSets.Operations);
        routes.MapGet(Path + "/{id}", GetAsync).Query<TenantAnswer>("Read a tenant").RequireRoles(RoleSets.Operations);
        routes.MapGet(Path, ListAsync).ListQuery<TenantAnswer>("List tenants, by id").RequireRoles(RoleSets.Operations);
    }

    private static async Task PutAsync(HttpContext http)
    {
        var read = await RequestReader.ReadAsync<PutTenantRequest>(http);
        var id = (string)http.Request.RouteValues["id"]!;
        var errors = new Errors();
        if (!TenantId.IsValid(id)) errors.Add("id", $"must have 1 to {TenantId.LengthMax} of the characters a-z 0-9 _ - and begin with a letter or digit");
        var name = errors.RequiredText(read.Value?.Name, "name", NameMax);
        errors.Range(read.Value?.RateLimitPerSecond, "rateLimitPerSecond", 1, RateLimits.PerSecondMax);
        errors.OneOf(read.Value?.Status, "status", TenantRow.Active, TenantRow.Suspended);
        if ((read.Problem ?? errors.Problem ?? QueryParameters.Of(http).Problem()) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        var (tenant, made) = await Store(http).PutTenantAsync(id, name, read.Value!.Status, read.Value.RateLimitPerSecond, http.RequestAborted);
        await Answer.Json(http, made ? StatusCodes.Status201Created : StatusCodes.Status200OK, TenantAnswer.Of(tenant));
    }

    private static async Task GetAsync(HttpContext http)
    {
        var problem = QueryParameters.Of(http).Problem();
        var tenant = problem is null ? await Store(http).FindTenantAsync((string)http.Request.RouteValues["id"]!, http.RequestAborted) : null;
        if (tenant is not null) await Answer.Ok(http, TenantAnswer.Of(tenant));
        else await (problem ?? new Problem(ProblemTypes.NotFound, "There is no such tenant.")).WriteAsync(http);
    }

    private static async Task ListAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var list = ListRequest.Read(query, "", Path);
        if (query.Problem() is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        var page = list.Page(await Store(http).ListTenantsAsync(list.After, list.Limit + 1, http.RequestAborted), r => r.Id);
        await Answer.Ok(http, new Page<TenantAnswer>([.. page.Data.Select(TenantAnswer.Of)], page.NextCursor));
    }

    private static AccessStore Store(HttpContext http) => http.RequestServices.GetRequiredService<AccessStore>();
}
