using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Http;
using Ledger.EventStore;

namespace Ledger.Api.Quotas;

/// <summary>Takes posts of usage.</summary>
internal sealed class UsageEndpoint(QuotaHallway quotas, EventReader reader)
{
    /// <summary><c>POST /v1/accounts/{accountId}/usage</c>.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<RecordUsageRequest>(http);
        var key = IdempotencyKey.Read(http);
        var errors = new Errors();
        var account = errors.RequiredAccount((string)http.Request.RouteValues["accountId"]!, "accountId");
        var command = read.Value?.ToCommand(account, errors);
        if ((read.Problem ?? errors.Problem ?? key.Problem ?? QueryParameters.Of(http).Problem()) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }

        var result = await quotas.SendAsync(caller.Tenant, command!, CommandHandler.MetaOf(http, caller, key.Value), Fingerprint.Of("record_usage", account.Value, read.Value!), cancellationToken: http.RequestAborted);
        if (result.Problem is { } refused)
        {
            await refused.WriteAsync(http);
            return;
        }

        // Made from the event alone: a repeat is answered as then.
        var stream = QuotaModel.StreamOf(caller.Tenant, account);
        var stored = result.Answer ?? await reader.EventAsync(stream, result.Version, CancellationToken.None) ?? throw new InvalidOperationException($"{stream} has no version {result.Version}.");
        if (result.Replayed) Answer.Replayed(http);
        await Answer.Json(http, StatusCodes.Status201Created, RecordedUsageBody.Of(account, stored));
    }
}
