using System.Text.Json;
using Ledger.Api.Access;
using Ledger.Api.Http;

namespace Ledger.Api.Maintenance;

/// <summary>All that is due is to be done now.</summary>
public sealed record RunMaintenanceRequest
{
    /// <summary>What is due by this time; by now where it is left out. Later than now in Development alone: it moves the clock.</summary>
    public DateTimeOffset? At { get; init; }
}

/// <summary>Accounts without a subscription are to get the free plan.</summary>
public sealed record BackfillFreeRequest
{
    /// <summary>One tenant's; all tenants' where it is left out.</summary>
    public string? TenantId { get; init; }
}

/// <summary>Maintenance, for operators.</summary>
internal sealed class MaintenanceEndpoints(MaintenanceRun run, FreePlanBackfill backfill, TestClock clock, OperatorRequests requests, IHostEnvironment environment)
{
    private const string Path = "/v1/maintenance";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Path + "/run", RunAsync).RequireRoles(RoleSets.Operations)
            .Command<RunMaintenanceRequest, MaintenanceBody>("Does all that is due over all tenants, as it is done by itself, and says what was done. A second run finds nothing.", StatusCodes.Status200OK).Refuses(ProblemTypes.Conflict);
        routes.MapPost(Path + "/backfill-free", BackfillAsync).RequireRoles(RoleSets.Operations)
            .Command<BackfillFreeRequest, BackfillBody>("Opens the tenant's free plan for every open account without a live subscription. Again, it goes on where it ended and finds nothing more to do.", StatusCodes.Status200OK);
    }

    private async Task RunAsync(HttpContext http)
    {
        var read = await RequestReader.ReadAsync<RunMaintenanceRequest>(http);
        await HandleAsync<RunMaintenanceRequest, MaintenanceBody>(http, "maintenance_run", read, new Errors(), async request =>
        {
            if (request.At is { } at && await clock.ObjectionAsync(at, environment.IsDevelopment(), http.RequestAborted) is { } wrong) return Problem.Invalid("at", wrong);
            // Once begun it goes on, whoever still waits for the answer.
            return await run.RunAsync(request.At, MaintenanceRun.OverHttpMax, null, CancellationToken.None) is { } done ? done
                : new Problem(ProblemTypes.Conflict, "Another run of maintenance is under way. Wait for its end; it does all that is due.").With("state", "running");
        });
    }

    private async Task BackfillAsync(HttpContext http)
    {
        var read = await RequestReader.ReadAsync<BackfillFreeRequest>(http);
        var errors = new Errors();
        if (read.Value?.TenantId is { } tenant && !TenantId.IsValid(tenant)) errors.Add("tenantId", $"must have 1 to {TenantId.LengthMax} of the characters a-z 0-9 _ - and begin with a letter or digit");
        await HandleAsync<BackfillFreeRequest, BackfillBody>(http, "maintenance_backfill_free", read, errors, async request => await backfill.RunAsync(request.TenantId, MaintenanceRun.OverHttpMax, null, CancellationToken.None));
    }

    private async Task HandleAsync<TRequest, TAnswer>(HttpContext http, string name, Parsed<TRequest> read, Errors errors, Func<TRequest, Task<Parsed<TAnswer>>> act)
        where TRequest : class
        where TAnswer : class
    {
        var key = IdempotencyKey.Read(http);
        var problem = read.Problem ?? errors.Problem ?? QueryParameters.Of(http).Problem() ?? key.Problem;
        if (problem is null)
        {
            var known = await requests.TakeAsync(key.Value!, Fingerprint.Of(name, "", read.Value!), http.RequestAborted);
            if (known == OperatorKey.Reused)
            {
                problem = new Problem(ProblemTypes.IdempotencyKeyReused, "This Idempotency-Key was used for another request.");
            }
            else if (known == OperatorKey.Done && await requests.AnswerAsync(key.Value!, http.RequestAborted) is { } answered)
            {
                Answer.Replayed(http);
                await Answer.Ok(http, JsonSerializer.Deserialize<TAnswer>(answered, LedgerJson.Numbers)!);
                return;
            }
            else
            {
                var done = await act(read.Value!);
                problem = done.Problem;
                await requests.EndAsync(key.Value!, done: problem is null, problem is null ? JsonSerializer.Serialize(done.Value!, LedgerJson.Numbers) : null);
                if (problem is null)
                {
                    await Answer.Ok(http, done.Value!);
                    return;
                }
            }
        }

        await problem.WriteAsync(http);
    }
}
