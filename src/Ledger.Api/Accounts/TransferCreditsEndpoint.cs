using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>Credits move to another account.</summary>
public sealed record TransferCreditsRequest : CommandRequest
{
    /// <summary>The account that they go to; it counts the same unit.</summary>
    public string? ToAccountId { get; init; }

    /// <summary>How many credits; more than 0.</summary>
    public Credits? Amount { get; init; }
}

internal sealed class TransferCreditsEndpoint : ICommandEndpoint<TransferCreditsRequest>
{
    public static CommandRoute Route { get; } = new("transfers", "transfer", RoleSets.Commands, AnswerShape.Transaction, true, "Moves credits, with their lots, to another account.");

    public static AccountCommand ToCommand(TransferCreditsRequest request, CommandTarget target, Errors errors)
    {
        var to = errors.RequiredAccount(request.ToAccountId, "toAccountId");
        if (to == target.Account) errors.Add("toAccountId", "must be another account");
        return new TransferCredits { Account = target.Account, To = to, Amount = errors.RequiredAmount(request.Amount, "amount"), Note = request.ToNote(errors) };
    }
}
