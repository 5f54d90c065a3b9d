using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>Credits are spent.</summary>
public sealed record ConsumeCreditsRequest : SpendingRequest
{
    /// <summary>How many credits; more than 0.</summary>
    public Credits? Amount { get; init; }
}

internal sealed class ConsumeCreditsEndpoint : ICommandEndpoint<ConsumeCreditsRequest>
{
    public static CommandRoute Route { get; } = new("consumptions", "consume", RoleSets.Commands, AnswerShape.Transaction, true, "Spends credits, lot by lot in burn order.");

    public static AccountCommand ToCommand(ConsumeCreditsRequest request, CommandTarget target, Errors errors)
    {
        if (request is { OncePerResource: true, Resource: null }) errors.Add("resource", "is required with oncePerResource");
        return new ConsumeCredits
        {
            Account = target.Account,
            Amount = errors.RequiredAmount(request.Amount, "amount"),
            Spending = request.ToSpending(errors),
            Note = request.ToNote(errors),
        };
    }
}
