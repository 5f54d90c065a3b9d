using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>A consumption is taken back, in whole or in part.</summary>
public sealed record RefundConsumptionRequest : CommandRequest
{
    /// <summary>How many credits; all that is left of the consumption, where it is left out.</summary>
    public Credits? Amount { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }
}

internal sealed class RefundConsumptionEndpoint : ICommandEndpoint<RefundConsumptionRequest>
{
    public static CommandRoute Route { get; } = new("consumptions/{itemId}/refund", "refund_consumption", RoleSets.Commands, AnswerShape.Transaction, true, "Gives credits back to the lots that a consumption took them from.");

    public static AccountCommand ToCommand(RefundConsumptionRequest request, CommandTarget target, Errors errors) => new RefundConsumption
    {
        Account = target.Account,
        Transaction = target.Transaction,
        Amount = errors.Amount(request.Amount, "amount"),
        Reason = errors.RequiredText(request.Reason, "reason", CommandRequest.TextMax),
        Note = request.ToNote(errors),
    };
}
