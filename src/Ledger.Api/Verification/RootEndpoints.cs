using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.EventStore.Verification;

namespace Ledger.Api.Verification;

/// <summary>The roots of the days, for everybody with a credential: a root protects nobody who has not kept a copy of it.</summary>
internal static class RootEndpoints
{
    private const string Path = "/v1/roots";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, ListAsync).ListQuery<RootBody>("The Merkle roots of the days that are over, the newest first.")
            .Takes("from", "From this day on, such as 2026-01-31.").Takes("to", "Before this day.").RequireRoles(RoleSets.Everybody);
        routes.MapGet(Path + "/{day}", GetAsync).Query<RootBody>("The Merkle root of a day, such as 2026-01-31.").Refuses(ProblemTypes.NotFound).RequireRoles(RoleSets.Everybody);
    }

    private static async Task ListAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var (from, to) = (Day(query, "from"), Day(query, "to"));
        if (from >= to) query.Add("from", "must be before to");
        // The list is the same for everybody.
        var list = ListRequest.Read(query, "", Path, text => RootBody.TryDay(text, out _));
        if (query.Problem() is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        var below = to ?? DateOnly.MaxValue;
        if (list.After is not null && RootBody.TryDay(list.After, out var last) && last < below) below = last;
        var found = await Roots(http).ListDownAsync(from, below, list.Limit + 1, http.RequestAborted);
        var page = list.Page(found, root => RootBody.Written(root.Day));
        await Answer.Ok(http, new Page<RootBody>([.. page.Data.Select(RootBody.Of)], page.NextCursor));
    }

    private static async Task GetAsync(HttpContext http)
    {
        var problem = QueryParameters.Of(http).Problem();
        var root = problem is null && RootBody.TryDay((string)http.Request.RouteValues["day"]!, out var day) ? await Roots(http).FindAsync(day, http.RequestAborted) : null;
        if (root is not null) await Answer.Ok(http, RootBody.Of(root));
        else await (problem ?? new Problem(ProblemTypes.NotFound, "There is no root of that day: a day is written as 2026-01-31, has events or days with events before it, and gets its root within minutes after it is over.")).WriteAsync(http);
    }

    private const string DayRule = "must be a day such as 2026-01-31";

    private static DateOnly? Day(QueryParameters query, string name)
    {
        if (query.Text(name) is not { } text) return null;
        if (RootBody.TryDay(text, out var day)) return day;
        query.Add(name, DayRule);
        return null;
    }

    private static DayRoots Roots(HttpContext http) => http.RequestServices.GetRequiredService<DayRoots>();
}
