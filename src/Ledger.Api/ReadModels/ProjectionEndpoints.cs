using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.EventStore.Projections;

namespace Ledger.Api.ReadModels;

/// <summary>Projections, for operators: how they stand, and what may be done with them.</summary>
internal static class ProjectionEndpoints
{
    /// <summary>So many parked streams are shown.</summary>
    public const int ParkedMax = 100;

    private const string Path = "/v1/projections";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, ListAsync).ListQuery<ProjectionBody>("List the projections, by name, and how far each is behind").RequireRoles(RoleSets.Operations);
        routes.MapGet(Path + "/{name}", GetAsync).Query<ProjectionBody>("Read how a projection stands, with the first streams that it has put aside").RequireRoles(RoleSets.Operations);
        Post(routes, "rebuild", "Build the rows of a projection anew beside the live ones and put them in place; goes on in the background", StatusCodes.Status202Accepted, (operations, name, _) =>
        {
            operations.StartRebuild(name);
            return Task.CompletedTask;
        });
        Post(routes, "pause", "Let a projection stand still", StatusCodes.Status200OK, (operations, name, stop) => operations.PauseAsync(name, stop));
        Post(routes, "resume", "Let a projection that was paused, or has failed, go on", StatusCodes.Status200OK, (operations, name, stop) => operations.ResumeAsync(name, stop));
        Post(routes, "retry", "Replay the streams that a projection has put aside", StatusCodes.Status200OK, (operations, name, stop) => operations.RetryAsync(name, stop));
        routes.MapDelete(Path + "/{name}/rebuild", CancelAsync).Query<ProjectionBody>("Cancel the rebuild of a projection; nothing is left of it").Refuses(ProblemTypes.Conflict).RequireRoles(RoleSets.Operations);
    }

    private static void Post(IEndpointRouteBuilder routes, string verb, string summary, int status, Func<ProjectionOperations, string, CancellationToken, Task> act) =>
        routes.MapPost($"{Path}/{{name}}/{verb}", http => ActAsync(http, verb, status, act)).Command<ProjectionRequest, ProjectionBody>(summary, status).Refuses(ProblemTypes.Conflict).RequireRoles(RoleSets.Operations);

    private static async Task ListAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var list = ListRequest.Read(query, "", Path);
        if (query.Problem() is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        var all = (await Desk(http).StatusAsync(http.RequestAborted)).Where(s => list.After is null || string.CompareOrdinal(s.Name, list.After) > 0).Take(list.Limit + 1).Select(s => ProjectionBody.Of(s)).ToList();
        await Answer.Ok(http, list.Page(all, body => body.Name));
    }

    private static async Task GetAsync(HttpContext http)
    {
        if ((QueryParameters.Of(http).Problem() ?? Unknown(http)) is { } problem) await problem.WriteAsync(http);
        else await AnswerAsync(http, StatusCodes.Status200OK);
    }

    private static async Task ActAsync(HttpContext http, string verb, int status, Func<ProjectionOperations, string, CancellationToken, Task> act)
    {
        var body = await RequestReader.ReadAsync<ProjectionRequest>(http);
        var query = QueryParameters.Of(http).Problem();
        var key = IdempotencyKey.Read(http);
        if ((body.Problem ?? query ?? key.Problem) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        var name = Name(http);
        var requests = http.RequestServices.GetRequiredService<OperatorRequests>();
        var known = await requests.TakeAsync(key.Value!, Fingerprint.Of("projection_" + verb, name, body.Value), http.RequestAborted);
        if (known == OperatorKey.Reused)
        {
            await new Problem(ProblemTypes.IdempotencyKeyReused, "This Idempotency-Key was used for another request.").WriteAsync(http);
            return;
        }

        if (known == OperatorKey.Done) Answer.Replayed(http);
        else if (await RefusedAsync(http, name, act) is { } refused)
        {
            await requests.EndAsync(key.Value!, done: false);
            await refused.WriteAsync(http);
            return;
        }

        await requests.EndAsync(key.Value!, done: true);
        await AnswerAsync(http, status);
    }

    private static async Task<Problem?> RefusedAsync(HttpContext http, string name, Func<ProjectionOperations, string, CancellationToken, Task> act)
    {
        if (Unknown(http) is { } unknown) return unknown;
        try
        {
            await act(http.RequestServices.GetRequiredService<ProjectionOperations>(), name, http.RequestAborted);
            return null;
        }
        catch (ProjectionRefusedException refused)
        {
            return await ConflictAsync(http, refused.Message);
        }
    }

    private static async Task CancelAsync(HttpContext http)
    {
        var problem = QueryParameters.Of(http).Problem() ?? Unknown(http);
        if (problem is null && !await http.RequestServices.GetRequiredService<ProjectionOperations>().CancelRebuildAsync(Name(http), http.RequestAborted))
            problem = await ConflictAsync(http, "No rebuild of this projection is under way.");
        if (problem is not null) await problem.WriteAsync(http);
        else await AnswerAsync(http, StatusCodes.Status200OK);
    }

    private static async Task AnswerAsync(HttpContext http, int status)
    {
        var name = Name(http);
        // One whose daemon has not begun yet has no row: it is asked for again in a moment.
        var found = (await Desk(http).StatusAsync(http.RequestAborted)).FirstOrDefault(s => s.Name == name);
        if (found is null) await Problem.Overloaded("The projection has not begun yet.").WriteAsync(http);
        else await Answer.Json(http, status, ProjectionBody.Of(found, await Desk(http).ParkedAsync(name, ParkedMax, http.RequestAborted)));
    }

    private static async Task<Problem> ConflictAsync(HttpContext http, string detail)
    {
        var status = (await Desk(http).StatusAsync(http.RequestAborted)).FirstOrDefault(s => s.Name == Name(http));
        return new Problem(ProblemTypes.Conflict, detail).With("state", status?.State);
    }

    private static Problem? Unknown(HttpContext http) => ReadModelServices.All.Find(Name(http)) is null ? new Problem(ProblemTypes.NotFound, "There is no such projection. GET /v1/projections lists them.") : null;

    private static string Name(HttpContext http) => (string)http.Request.RouteValues["name"]!;

    private static ProjectionDesk Desk(HttpContext http) => http.RequestServices.GetRequiredService<ProjectionDesk>();
}
