using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>A hold becomes a consumption.</summary>
public sealed record CaptureHoldRequest : SpendingRequest
{
    /// <summary>How many credits: all that was held, where it is left out; less, or more where that is available.</summary>
    public Credits? Amount { get; init; }
}

internal sealed class CaptureHoldEndpoint : ICommandEndpoint<CaptureHoldRequest>
{
    public static CommandRoute Route { get; } = new("holds/{itemId}/capture", "capture", RoleSets.Commands, AnswerShape.Transaction, true, "Spends what a hold reserved; the rest is free again.");

    public static AccountCommand ToCommand(CaptureHoldRequest request, CommandTarget target, Errors errors) => new CaptureHold
    {
        Account = target.Account,
        Hold = target.Hold,
        Amount = errors.Amount(request.Amount, "amount"),
        Spending = request.ToSpending(errors),
        Note = request.ToNote(errors),
    };
}
