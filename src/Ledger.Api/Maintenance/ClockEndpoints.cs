using Ledger.Api.Access;
using Ledger.Api.Http;

namespace Ledger.Api.Maintenance;

/// <summary>Business time is to be moved forward.</summary>
public sealed record MoveClockRequest
{
    /// <summary>By so many seconds; 0 or more.</summary>
    public decimal? AdvanceSeconds { get; init; }

    /// <summary>To this time, which must not be past.</summary>
    public DateTimeOffset? At { get; init; }
}

/// <summary>The test clock, for operators, in Development alone: elsewhere these routes are not there.</summary>
internal sealed class ClockEndpoints(TestClock clock, DueWorker worker)
{
    private const string Path = "/v1/clock";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, GetAsync).Query<ClockBody>("Business time, and by how much it was moved. In Development alone.").RequireRoles(RoleSets.Operations);
        routes.MapPut(Path, PutAsync).Command<MoveClockRequest, ClockBody>("Moves business time forward, for the whole database and for good; what is due by then is done soon after. In Development alone.", StatusCodes.Status200OK).RequireRoles(RoleSets.Operations);
    }

    private async Task GetAsync(HttpContext http)
    {
        if (QueryParameters.Of(http).Problem() is { } problem) await problem.WriteAsync(http);
        else await Answer.Ok(http, await clock.ReadAsync(http.RequestAborted));
    }

    private async Task PutAsync(HttpContext http)
    {
        var read = await RequestReader.ReadAsync<MoveClockRequest>(http);
        var errors = new Errors();
        if (read.Value is { } request)
        {
            if (request.AdvanceSeconds is null == request.At is null) errors.Add("advanceSeconds", "is required, or at; one of them");
            errors.Range(request.AdvanceSeconds, "advanceSeconds", 0, TestClock.AheadDaysMax * 86_400m);
        }

        var problem = read.Problem ?? errors.Problem ?? QueryParameters.Of(http).Problem();
        if (problem is null)
        {
            var moved = read.Value!.At is { } at ? await clock.MoveToAsync(at, http.RequestAborted) : await clock.AdvanceAsync(TimeSpan.FromTicks((long)(read.Value.AdvanceSeconds!.Value * TimeSpan.TicksPerSecond)), http.RequestAborted);
            if (moved is not null)
            {
                worker.Wake();
                await Answer.Ok(http, moved);
                return;
            }

            problem = Problem.Invalid(read.Value.At is null ? "advanceSeconds" : "at", $"must not be past, and at most {TestClock.AheadDaysMax} days ahead of real time: the clock goes forward only");
        }

        await problem.WriteAsync(http);
    }
}
