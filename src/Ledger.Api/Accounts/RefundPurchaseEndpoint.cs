using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>A purchase is taken back, in whole or in part.</summary>
public sealed record RefundPurchaseRequest : CommandRequest
{
    /// <summary>How many credits; what can be revoked, where it is left out.</summary>
    public Credits? Amount { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether more than what is left of the lot may be revoked: from other lots, then by debt.</summary>
    public bool? AllowDebt { get; init; }
}

internal sealed class RefundPurchaseEndpoint : ICommandEndpoint<RefundPurchaseRequest>
{
    public static CommandRoute Route { get; } = new("purchases/{itemId}/refund", "refund_purchase", RoleSets.Commands, AnswerShape.Transaction, true, "Revokes what is left of the credits of a purchase.");

    public static AccountCommand ToCommand(RefundPurchaseRequest request, CommandTarget target, Errors errors) => new RefundPurchase
    {
        Account = target.Account,
        Transaction = target.Transaction,
        Amount = errors.Amount(request.Amount, "amount"),
        Reason = errors.RequiredText(request.Reason, "reason", CommandRequest.TextMax),
        AllowDebt = request.AllowDebt ?? false,
        Note = request.ToNote(errors),
    };
}
