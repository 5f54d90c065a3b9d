using Ledger.Api.Access;
using Ledger.Api.Accounts;
using Ledger.Api.Http;
using Ledger.Domain.Payments;
using Ledger.EventStore;

namespace Ledger.Api.Payments;

/// <summary>Money is to go back.</summary>
public sealed record RefundPaymentRequest
{
    /// <summary>How much, in minor units of the payment's currency, or as money; all that is left where it is left out.</summary>
    public System.Text.Json.JsonElement? Amount { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether its share of the credits goes back too; true where it is left out.</summary>
    public bool? RevokeCredits { get; init; }

    /// <summary>Whether credits that were spent become debt; without it more than can be revoked is 409.</summary>
    public bool? AllowDebt { get; init; }
}

/// <summary>Begins refunds: one commit records the refund and revokes its credits, then the provider is asked.</summary>
internal sealed class RefundPaymentEndpoint(PaymentHallway hallway, PaymentCalls calls, EventReader reader, ILogger<RefundPaymentEndpoint> logger)
{
    private static readonly TimeSpan CallWait = TimeSpan.FromSeconds(20);

    /// <summary><c>POST /v1/payments/{id}/refund</c>.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        var caller = Caller.Of(http);
        var read = await RequestReader.ReadAsync<RefundPaymentRequest>(http);
        var key = IdempotencyKey.Read(http);
        var query = QueryParameters.Of(http);
        var dryRun = query.Flag("dryRun") ?? false;
        var errors = new Errors();
        string? currency = null;
        var amount = read.Value is { } request ? AmountOf(request.Amount, errors, out currency) : null;
        errors.RequiredText(read.Value?.Reason, "reason", CommandRequest.TextMax);
        var known = PaymentId.TryParse((string)http.Request.RouteValues["id"]!, out var id);
        var problem = read.Problem ?? errors.Problem ?? key.Problem ?? query.Problem() ?? (known ? null : PaymentQueries.NotFound());
        if (problem is null) problem = await RunAsync(http, caller, id, read.Value!, amount, currency, key.Value!, dryRun);
        if (problem is not null) await problem.WriteAsync(http);
    }

    private async Task<Problem?> RunAsync(HttpContext http, Caller caller, PaymentId id, RefundPaymentRequest request, long? amount, string? currency, string key, bool dryRun)
    {
        var fingerprint = Fingerprint.Of("refund_payment", id.Value, request);
        if (currency is not null && await hallway.FindAsync(caller.Tenant, id, http.RequestAborted) is { } payment && payment.Amount.Currency != currency) return Problem.Invalid("amount.currency", $"must be {payment.Amount.Currency}, as the payment's");
        var command = new StartRefund
        {
            Payment = id,
            Refund = PaymentId.Of(PaymentHallway.Hash($"refund\n{caller.Tenant}\n{id}\n{key}\n{fingerprint:x32}")).Behind("rfd_"),
            Amount = amount,
            Reason = request.Reason,
            KeepsCredits = request.RevokeCredits is false,
            AllowsDebt = request.AllowDebt ?? false,
        };
        var result = await hallway.SendAsync(caller.Tenant, command, CommandHandler.MetaOf(http, caller, key), fingerprint, dryRun, cancellationToken: http.RequestAborted);
        if (result.Problem is { } problem) return problem;
        if (result.Unwritten is PaymentDecision.Accepted would)
        {
            await Answer.Ok(http, PaymentBody.Of(would.After) with { Refund = PaymentBody.RefundOf(would.After, would.After.FindRefund(command.Refund)!), PeriodCredits = would.PeriodCredits, DryRun = true });
            return null;
        }

        if (result.Replayed) Answer.Replayed(http);
        else await AskAsync(caller.Tenant, id);
        // As of the commit that began it, now and for every repeat; what the provider says is on the payment.
        var then = result.Payment ?? (Payment)(await reader.StateAtVersionAsync(PaymentModel.StreamOf(caller.Tenant, id), result.Version, CancellationToken.None) ?? throw new InvalidOperationException($"{id} has no version {result.Version}.")).State;
        await Answer.Json(http, StatusCodes.Status201Created, PaymentBody.Of(then) with { Refund = PaymentBody.RefundOf(then, then.Refunds.Last(refund => refund.IsOurs)) });
        return null;
    }

    private async Task AskAsync(string tenant, PaymentId id)
    {
        using var limit = new CancellationTokenSource(CallWait);
        try
        {
            await calls.DoDueAsync(tenant, id, limit.Token);
        }
        catch (Exception failure)
        {
            logger.LogWarning(failure, "The refund of payment {Payment} was not asked for by its request; a worker goes on.", id);
        }
    }

    private static long? AmountOf(System.Text.Json.JsonElement? given, Errors errors, out string? currency)
    {
        currency = null;
        if (given is not { } element || element.ValueKind == System.Text.Json.JsonValueKind.Null) return null;
        if (element.ValueKind == System.Text.Json.JsonValueKind.Object)
        {
            MoneyBody? money = null;
            var parsed = RequestReader.Parse<MoneyBody>(System.Text.Encoding.UTF8.GetBytes(element.GetRawText()));
            if (parsed.Problem is not null) errors.Add("amount", "must be a whole number of minor units, or money");
            else money = parsed.Value;
            var read = errors.Money(money, "amount");
            currency = read?.Currency;
            if (read is { Amount: 0 }) errors.Add("amount.amount", "must be more than 0");
            return read?.Amount;
        }

        if (element.ValueKind == System.Text.Json.JsonValueKind.Number && element.TryGetInt64(out var minor)) return errors.Range((long?)minor, "amount", 1, MoneyBody.AmountMax);
        errors.Add("amount", "must be a whole number of minor units, or money");
        return null;
    }
}
