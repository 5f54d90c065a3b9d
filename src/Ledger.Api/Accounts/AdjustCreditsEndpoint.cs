using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>The balance is corrected.</summary>
public sealed record AdjustCreditsRequest : CommandRequest
{
    /// <summary>Up or, below 0, down; not 0.</summary>
    public Credits? Amount { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }
}

internal sealed class AdjustCreditsEndpoint : ICommandEndpoint<AdjustCreditsRequest>
{
    public static CommandRoute Route { get; } = new("adjustments", "adjust", RoleSets.Administration, AnswerShape.Transaction, true, "Corrects the balance, either way.");

    public static AccountCommand ToCommand(AdjustCreditsRequest request, CommandTarget target, Errors errors) => new AdjustCredits
    {
        Account = target.Account,
        Amount = errors.RequiredSignedAmount(request.Amount, "amount"),
        Reason = errors.RequiredText(request.Reason, "reason", CommandRequest.TextMax),
        Note = request.ToNote(errors),
    };
}
