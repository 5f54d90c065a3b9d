using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Providers;

namespace Ledger.Api.Reconciliation;

/// <summary><c>GET /v1/reports/reconciliation</c>: compares a period now, or tells what the daily comparison found last. It changes nothing.</summary>
internal sealed class ReconciliationEndpoint(Reconciler reconciler, ReconciliationStore store)
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromMinutes(2);

    public async Task HandleAsync(HttpContext http)
    {
        var tenant = Caller.Of(http).Tenant;
        var query = QueryParameters.Of(http);
        var provider = query.Text("provider", Errors.IdLengthMax);
        var (hasFrom, hasTo) = (http.Request.Query.ContainsKey("from"), http.Request.Query.ContainsKey("to"));
        var (from, to) = (query.Time("from"), query.Time("to"));
        if (provider is null && !http.Request.Query.ContainsKey("provider")) query.Add("provider", "is required");
        else if (provider is not null && !reconciler.Providers.Contains(provider)) query.Add("provider", "must be one of " + string.Join(", ", reconciler.Providers));
        if (hasFrom != hasTo) query.Add(hasFrom ? "to" : "from", "is required where the other end of the period is given");
        if (from is { } begin && to is { } end && ReconciliationScope.Objection(begin, end) is var (member, what)) query.Add(member, what);
        var problem = query.Problem();
        if (problem is null) problem = hasFrom ? await CompareAsync(http, new ReconciliationScope(tenant, provider!, from!.Value, to!.Value, Apply: false, ReconciliationScope.AnsweredMax)) : await LatestAsync(http, tenant, provider!);
        if (problem is not null) await problem.WriteAsync(http);
    }

    private async Task<Problem?> LatestAsync(HttpContext http, string tenant, string provider)
    {
        if (await store.LatestAsync(tenant, provider, http.RequestAborted) is not { } latest)
            return new Problem(ProblemTypes.NotFound, $"No daily comparison with {provider} has been made yet. Name a period with from and to to compare it now.");
        await Answer.Ok(http, latest);
        return null;
    }

    private async Task<Problem?> CompareAsync(HttpContext http, ReconciliationScope scope)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        limit.CancelAfter(TimeMax);
        try
        {
            if (await reconciler.RunAsync(scope, null, limit.Token) is not { } report)
                return new Problem(ProblemTypes.NotAvailable, $"provider can't be {scope.Provider}: nobody has set its key. Set it with PUT /v1/settings.");
            await Answer.Ok(http, report);
            return null;
        }
        catch (TooManyPaymentsException many)
        {
            return Problem.Invalid("to", $"gives a period of too many payments for one answer. {many.Message} Or run ./run reconcile, which takes {ReconciliationScope.ComparedMax}");
        }
        catch (ProviderException failure)
        {
            return Problem.Overloaded($"{scope.Provider} could not be asked: {failure.Message} Send the same request again.", 5);
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            return Problem.Overloaded($"{scope.Provider} did not answer all of it in time. Take a shorter period, or run ./run reconcile.", 5);
        }
    }
}
