using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>Credits are reserved.</summary>
public sealed record HoldCreditsRequest : SpendingRequest
{
    /// <summary>How many credits; more than 0.</summary>
    public Credits? Amount { get; init; }

    /// <summary>When the hold ends by itself: in 15 minutes, where it is left out; in 30 days at most.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

internal sealed class HoldCreditsEndpoint : ICommandEndpoint<HoldCreditsRequest>
{
    public static CommandRoute Route { get; } = new("holds", "hold", RoleSets.Commands, AnswerShape.Hold, true, "Reserves credits until they are captured or released.");

    public static AccountCommand ToCommand(HoldCreditsRequest request, CommandTarget target, Errors errors)
    {
        if (request is { OncePerResource: true, Resource: null }) errors.Add("resource", "is required with oncePerResource");
        return new HoldCredits
        {
            Account = target.Account,
            Amount = errors.RequiredAmount(request.Amount, "amount"),
            ExpiresAt = request.ExpiresAt,
            Spending = request.ToSpending(errors),
            Note = request.ToNote(errors),
        };
    }
}
