using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Http;

namespace Ledger.Api.Webhooks;

/// <summary>The inbox for administrators: what came in, what became of it, and how it is applied again.</summary>
internal sealed class DeliveryEndpoints(DeliveryStore store, DeliveryDesk desk, Inbox inbox, InboxWorker worker, ProviderDirectory providers, InboxOptions options)
{
    /// <summary>At most so many deliveries are begun again by one replay of a period.</summary>
    public const int ReplayMax = 10_000;

    /// <summary>At most so many deliveries are looked at by one dry run.</summary>
    public const int DryRunMax = 500;

    private const string Path = "/v1/webhook-deliveries";
    private const int ForeseenAtOnce = 8;

    public void Map(IEndpointRouteBuilder routes)
    {
        Filters(routes.MapGet(Path, ListAsync).RequireRoles(RoleSets.Administration).ListQuery<DeliveryBody>("Notifications of payment providers, the newest first."));
        routes.MapGet(Path + "/{id}", GetAsync).RequireRoles(RoleSets.Administration).Query<DeliveryBody>("One notification, and what became of it.").Refuses(ProblemTypes.NotFound);
        routes.MapPost(Path + "/{id}/replay", ReplayAsync).RequireRoles(RoleSets.Administration)
            .Command<ReplayRequest, ReplayBody>("Applies a notification again, from its stored body. What it has done already is not done twice.", StatusCodes.Status200OK)
            .Takes("dryRun", "true: only says what would change.", "boolean").Refuses(ProblemTypes.NotFound, ProblemTypes.Conflict);
        Filters(routes.MapPost(Path + "/replay", ReplayRangeAsync).RequireRoles(RoleSets.Administration)
            .Command<ReplayRequest, RangeReplayBody>($"Applies the notifications of a period again, at most {ReplayMax} (a dry run: {DryRunMax}); it goes on in the background.", StatusCodes.Status202Accepted)
            .Takes("dryRun", "true: only says what would change.", "boolean"));
        routes.MapDelete(Path + "/{id}/body", EraseAsync).RequireRoles(RoleSets.Administration)
            .Query<DeliveryBody>("Erases the raw body of a notification for good; its SHA-256 and what was read from it stay, and it can't be applied again.").Refuses(ProblemTypes.NotFound, ProblemTypes.Conflict);
    }

    private static void Filters(IEndpointConventionBuilder route) => route
        .Takes("status", "Only these: received, applied, ignored, waiting or failed.").Takes("provider", "Only this provider's.").Takes("type", "Only this type, in the provider's words.")
        .Takes("from", "Received at this time or later.", "date-time").Takes("to", "Received before this time; not before from.", "date-time");

    private async Task ListAsync(HttpContext http)
    {
        var tenant = Caller.Of(http).Tenant;
        var query = QueryParameters.Of(http);
        var filter = ReadFilter(query);
        var list = ListRequest.Read(query, tenant, Path, text => TryPlace(text, out _));
        (DateTimeOffset, string)? after = list.After is not null && TryPlace(list.After, out var place) ? place : null;
        if (query.Problem() is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        var rows = await desk.ListAsync(tenant, filter, after, list.Limit + 1, http.RequestAborted);
        var page = list.Page(rows, r => string.Create(CultureInfo.InvariantCulture, $"{r.ReceivedAt.UtcTicks} {r.Id}"));
        await Answer.Ok(http, new Page<DeliveryBody>([.. page.Data.Select(DeliveryBody.Of)], page.NextCursor));
    }

    private async Task GetAsync(HttpContext http)
    {
        var problem = QueryParameters.Of(http).Problem();
        var row = problem is null ? await FindAsync(http) : null;
        if (row is not null) await Answer.Ok(http, DeliveryBody.Of(row));
        else await (problem ?? NotFound()).WriteAsync(http);
    }

    private async Task ReplayAsync(HttpContext http)
    {
        var (tenant, id) = (Caller.Of(http).Tenant, Id(http));
        var body = await RequestReader.ReadAsync<ReplayRequest>(http);
        var query = QueryParameters.Of(http);
        var dryRun = query.Flag("dryRun") ?? false;
        var key = IdempotencyKey.Read(http);
        if ((body.Problem ?? query.Problem() ?? key.Problem) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        var fingerprint = Fingerprint.Of("replay_delivery", id, body.Value);
        if (!dryRun && await ReplayedAsync(http, tenant, key.Value!, fingerprint) is { } again)
        {
            if (again.Problem is not null) await again.Problem.WriteAsync(http);
            else if (await FindAsync(http) is { } then) await Answer.Ok(http, new ReplayBody(false, DeliveryBody.Of(then), null));
            else await NotFound().WriteAsync(http);
            return;
        }

        if ((await FindAsync(http) is { } row ? row.BodyErasedAt is null ? null : Erased() : NotFound()) is { } refused)
        {
            await refused.WriteAsync(http);
            return;
        }

        if (dryRun)
        {
            if ((await desk.LookAsync(tenant, new DeliveryFilter(), id, 1, http.RequestAborted)) is not [var looked]) await NotFound().WriteAsync(http);
            else await Answer.Ok(http, new ReplayBody(true, DeliveryBody.Of((await FindAsync(http))!), ForeseenBody.Of(looked, await inbox.ApplyAsync(looked, dryRun: true, http.RequestAborted))));
            return;
        }

        if (await store.TakeAgainAsync(tenant, id, options.Lease, http.RequestAborted) is not { } taken)
        {
            await NotFound().WriteAsync(http);
            return;
        }

        // The key is taken after the work: whoever repeats a request that was lost in between has it applied once more, which changes nothing.
        await worker.WorkAsync(taken, CancellationToken.None);
        if (await desk.TakeKeyAsync(tenant, key.Value!, fingerprint, CancellationToken.None)) await Answer.Ok(http, new ReplayBody(false, DeliveryBody.Of((await FindAsync(http))!), null));
        else await Reused().WriteAsync(http);
    }

    private async Task ReplayRangeAsync(HttpContext http)
    {
        var tenant = Caller.Of(http).Tenant;
        var body = await RequestReader.ReadAsync<ReplayRequest>(http);
        var query = QueryParameters.Of(http);
        var filter = ReadFilter(query);
        if (filter.From is null && query.Text("from") is null) query.Add("from", "is required");
        if (filter.To is null && query.Text("to") is null) query.Add("to", "is required");
        var dryRun = query.Flag("dryRun") ?? false;
        var key = IdempotencyKey.Read(http);
        if ((body.Problem ?? query.Problem() ?? key.Problem) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        if (dryRun)
        {
            await ForeseeAsync(http, tenant, filter);
            return;
        }

        var fingerprint = Fingerprint.Of("replay_deliveries", string.Create(CultureInfo.InvariantCulture, $"{filter.Status} {filter.Provider} {filter.Type} {filter.From:O} {filter.To:O}"), body.Value);
        if (await ReplayedAsync(http, tenant, key.Value!, fingerprint) is { } again)
        {
            // What was begun goes on by itself; how many they were then is not kept.
            if (again.Problem is not null) await again.Problem.WriteAsync(http);
            else await Answer.Json(http, StatusCodes.Status202Accepted, new RangeReplayBody(false, await CountAsync(tenant, filter, http), null, null));
            return;
        }

        if (await desk.ReplayAsync(tenant, filter, ReplayMax, http.RequestAborted) is not { } begun) await TooMany(ReplayMax).WriteAsync(http);
        else if (!await desk.TakeKeyAsync(tenant, key.Value!, fingerprint, CancellationToken.None)) await Reused().WriteAsync(http);
        else
        {
            foreach (var provider in providers.Names) worker.Wake(provider);
            await Answer.Json(http, StatusCodes.Status202Accepted, new RangeReplayBody(false, begun, null, null));
        }
    }

    private async Task ForeseeAsync(HttpContext http, string tenant, DeliveryFilter filter)
    {
        var looked = await desk.LookAsync(tenant, filter, null, DryRunMax + 1, http.RequestAborted);
        if (looked.Count > DryRunMax)
        {
            await TooMany(DryRunMax).WriteAsync(http);
            return;
        }

        var foreseen = new ForeseenBody[looked.Count];
        await Parallel.ForAsync(0, looked.Count, new ParallelOptions { MaxDegreeOfParallelism = ForeseenAtOnce, CancellationToken = http.RequestAborted }, async (n, stop) =>
            foreseen[n] = ForeseenBody.Of(looked[n], await inbox.ApplyAsync(looked[n], dryRun: true, stop)));
        await Answer.Json(http, StatusCodes.Status202Accepted, new RangeReplayBody(true, foreseen.Length, foreseen.Count(f => f.Changes.Count > 0), foreseen));
    }

    private async Task EraseAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var problem = QueryParameters.Of(http).Problem();
        var row = problem is null ? await FindAsync(http) : null;
        if (row is { Status: DeliveryStatus.Received or DeliveryStatus.Waiting })
            problem = new Problem(ProblemTypes.Conflict, "It is still to be applied, and needs its body for that. Erase it once it is settled.").With("state", Words.Of(row.Status));
        if (problem is not null || row is null)
        {
            await (problem ?? NotFound()).WriteAsync(http);
            return;
        }

        await desk.EraseAsync(caller.Tenant, row.Id, caller.Id, http.RequestAborted);
        await Answer.Ok(http, DeliveryBody.Of((await FindAsync(http))!));
    }

    /// <summary>Null where the key is new; else what is answered to the request, or nothing where it is the same request.</summary>
    private async Task<Again?> ReplayedAsync(HttpContext http, string tenant, string key, UInt128 fingerprint)
    {
        if (!await desk.IsTakenAsync(tenant, key, http.RequestAborted)) return null;
        if (!await desk.TakeKeyAsync(tenant, key, fingerprint, http.RequestAborted)) return new Again(Reused());
        Answer.Replayed(http);
        return new Again(null);
    }

    private async Task<int> CountAsync(string tenant, DeliveryFilter filter, HttpContext http) => (await desk.ListAsync(tenant, filter, null, ReplayMax, http.RequestAborted)).Count(r => r.BodyErasedAt is null);

    private DeliveryFilter ReadFilter(QueryParameters query)
    {
        var (status, provider, type, from, to) = (query.Word<DeliveryStatus>("status"), query.Text("provider"), query.Text("type"), query.Time("from"), query.Time("to"));
        if (from > to) query.Add("to", "must not be before from");
        if (provider is not null && providers.Find(provider) is null) query.Add("provider", "must be one of " + string.Join(", ", providers.Names.Order(StringComparer.Ordinal)));
        return new DeliveryFilter(status, provider, type, from, to);
    }

    private Task<DeliveryRow?> FindAsync(HttpContext http) => desk.FindAsync(Caller.Of(http).Tenant, Id(http), http.RequestAborted);

    private static string Id(HttpContext http) => (string)http.Request.RouteValues["id"]!;

    private static bool TryPlace(string text, out (DateTimeOffset At, string Id) place)
    {
        place = default;
        if (text.Split(' ') is not [var ticks, var id] || JsonText.HasForbidden(id) || !long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at) || at > DateTime.MaxValue.Ticks) return false;
        place = (new DateTimeOffset(at, TimeSpan.Zero), id);
        return true;
    }

    private static Problem NotFound() => new(ProblemTypes.NotFound, "There is no such delivery. GET /v1/webhook-deliveries lists them.");

    private static Problem Erased() => new Problem(ProblemTypes.Conflict, "Its body was erased, so it can't be applied again. Reconciliation asks the provider for what is missing.").With("state", "erased");

    private static Problem Reused() => new(ProblemTypes.IdempotencyKeyReused, "This Idempotency-Key was used for another request.");

    private static Problem TooMany(int max) => Problem.Invalid("to", string.Create(CultureInfo.InvariantCulture, $"leaves more than {max} deliveries in the period: choose a shorter one, or name a status"));

    private sealed record Again(Problem? Problem);
}
