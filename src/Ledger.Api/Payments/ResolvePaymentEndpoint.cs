using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Http;
using Ledger.Domain.Payments;
using Ledger.EventStore;

namespace Ledger.Api.Payments;

/// <summary>Somebody has looked at a payment that needed it.</summary>
public sealed record ResolvePaymentRequest
{
    /// <summary>What was done, or why nothing was to be done.</summary>
    public string? Reason { get; init; }
}

/// <summary>Takes payments off the list of those that somebody has to look at.</summary>
internal sealed class ResolvePaymentEndpoint(PaymentHallway hallway, EventReader reader)
{
    /// <summary><c>POST /v1/payments/{id}/resolve</c>.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<ResolvePaymentRequest>(http);
        var key = IdempotencyKey.Read(http);
        var errors = new Errors();
        errors.RequiredText(read.Value?.Reason, "reason", CommandRequest.TextMax);
        var known = PaymentId.TryParse((string)http.Request.RouteValues["id"]!, out var id);
        var problem = read.Problem ?? errors.Problem ?? key.Problem ?? QueryParameters.Of(http).Problem() ?? (known ? null : PaymentQueries.NotFound());
        if (problem is null) problem = await RunAsync(http, caller, new ResolvePayment { Payment = id, Reason = read.Value!.Reason! }, key.Value!, Fingerprint.Of("resolve_payment", id.Value, read.Value!));
        if (problem is not null) await problem.WriteAsync(http);
    }

    private async Task<Problem?> RunAsync(HttpContext http, Caller caller, ResolvePayment command, string key, UInt128 fingerprint)
    {
        var result = await hallway.SendAsync(caller.Tenant, command, CommandHandler.MetaOf(http, caller, key), fingerprint, cancellationToken: http.RequestAborted);
        if (result.Problem is { } problem) return problem;
        if (result.Replayed) Answer.Replayed(http);
        // As of the commit that resolved it, now and for every repeat.
        var then = result.Payment ?? (Payment)(await reader.StateAtVersionAsync(PaymentModel.StreamOf(caller.Tenant, command.Payment), result.Version, CancellationToken.None) ?? throw new InvalidOperationException($"{command.Payment} has no version {result.Version}.")).State;
        await Answer.Ok(http, PaymentBody.Of(then));
        return null;
    }
}
