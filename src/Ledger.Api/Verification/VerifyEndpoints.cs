using System.Text.Json;
using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.EventStore.Verification;

namespace Ledger.Api.Verification;

/// <summary>The body of <c>POST /v1/verify</c>: nothing.</summary>
public sealed record VerifyRequest;

/// <summary>A run of the verification as answered.</summary>
/// <param name="Id">Its number.</param>
/// <param name="State"><c>running</c>, <c>passed</c> (nothing differs), <c>failed</c> (something does), <c>cancelled</c> (its node stopped) or <c>broken</c> (it could not be finished).</param>
/// <param name="StartedAt">When it was started.</param>
/// <param name="StartedBy">Who started it.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Done">How many events it has read, those of each pass counted.</param>
/// <param name="Total">How many it will read.</param>
/// <param name="Report">What it found, once it has ended.</param>
public sealed record VerificationBody(long Id, string State, DateTimeOffset StartedAt, string StartedBy, DateTimeOffset? EndedAt, long Done, long Total, ReportBody? Report)
{
    internal static VerificationBody Of(VerificationRun run) => new(
        run.Id, run.State, run.StartedAt, run.StartedBy, run.EndedAt, run.Done, run.Total, run.Report is null ? null : JsonSerializer.Deserialize<ReportBody>(run.Report, LedgerJson.Numbers));
}

/// <summary>Verification in the background, for operators.</summary>
internal static class VerifyEndpoints
{
    private const string Path = "/v1/verify";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Path, StartAsync).Command<VerifyRequest, VerificationBody>("Start a verification in the background; only one runs at a time.", StatusCodes.Status202Accepted)
            .Refuses(ProblemTypes.Conflict, ProblemTypes.IdempotencyKeyReused).RequireRoles(RoleSets.Operations);
        routes.MapGet(Path, GetAsync).Query<VerificationBody>("The verification that was started last: how far it is, or what it found.").Refuses(ProblemTypes.NotFound).RequireRoles(RoleSets.Operations);
    }

    private static async Task StartAsync(HttpContext http)
    {
        var body = await RequestReader.ReadAsync<VerifyRequest>(http);
        var query = QueryParameters.Of(http).Problem();
        var key = IdempotencyKey.Read(http);
        if ((body.Problem ?? query ?? key.Problem) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        var requests = http.RequestServices.GetRequiredService<OperatorRequests>();
        var known = await requests.TakeAsync(key.Value!, Fingerprint.Of("verify", "", body.Value), http.RequestAborted);
        if (known == OperatorKey.Reused)
        {
            await new Problem(ProblemTypes.IdempotencyKeyReused, "This Idempotency-Key was used for another request.").WriteAsync(http);
            return;
        }

        var started = false;
        try
        {
            var (run, replayed) = await Runs(http).StartAsync(key.Value!, Caller.Of(http).Id, http.RequestAborted);
            started = true;
            if (replayed) Answer.Replayed(http);
            await Answer.Json(http, StatusCodes.Status202Accepted, VerificationBody.Of(run));
        }
        catch (VerificationRunningException)
        {
            await new Problem(ProblemTypes.Conflict, "A verification of this database is under way. GET /v1/verify tells how far it is; start another when it has ended.").With("state", "running").WriteAsync(http);
        }
        finally
        {
            await requests.EndAsync(key.Value!, started);
        }
    }

    private static async Task GetAsync(HttpContext http)
    {
        var problem = QueryParameters.Of(http).Problem();
        var run = problem is null ? await Runs(http).LastAsync(http.RequestAborted) : null;
        if (run is not null) await Answer.Ok(http, VerificationBody.Of(run));
        else await (problem ?? new Problem(ProblemTypes.NotFound, "No verification was started yet: POST /v1/verify starts one.")).WriteAsync(http);
    }

    private static VerificationRuns Runs(HttpContext http) => http.RequestServices.GetRequiredService<VerificationRuns>();
}
