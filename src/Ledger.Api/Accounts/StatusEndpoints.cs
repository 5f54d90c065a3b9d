using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>An account's status is changed.</summary>
public record ChangeStatusRequest : CommandRequest
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }
}

/// <summary>An account is closed for good.</summary>
public sealed record CloseAccountRequest : ChangeStatusRequest
{
    /// <summary>Whether holds are released and the balance, or the debt, is adjusted to 0 first.</summary>
    public bool? Forfeit { get; init; }
}

internal sealed class FreezeAccountEndpoint : ICommandEndpoint<ChangeStatusRequest>
{
    public static CommandRoute Route { get; } = new("freeze", "freeze", RoleSets.Administration, AnswerShape.Account, false, "Stops all spending from the account.");

    public static AccountCommand ToCommand(ChangeStatusRequest request, CommandTarget target, Errors errors) =>
        new FreezeAccount { Account = target.Account, Reason = errors.Text(request.Reason, "reason", CommandRequest.TextMax), Note = request.ToNote(errors) };
}

internal sealed class UnfreezeAccountEndpoint : ICommandEndpoint<ChangeStatusRequest>
{
    public static CommandRoute Route { get; } = new("unfreeze", "unfreeze", RoleSets.Administration, AnswerShape.Account, false, "Lets spending go on.");

    public static AccountCommand ToCommand(ChangeStatusRequest request, CommandTarget target, Errors errors) =>
        new UnfreezeAccount { Account = target.Account, Reason = errors.Text(request.Reason, "reason", CommandRequest.TextMax), Note = request.ToNote(errors) };
}

internal sealed class CloseAccountEndpoint : ICommandEndpoint<CloseAccountRequest>
{
    public static CommandRoute Route { get; } = new("close", "close", RoleSets.Administration, AnswerShape.Account, false, "Closes the account for good.");

    public static AccountCommand ToCommand(CloseAccountRequest request, CommandTarget target, Errors errors) => new CloseAccount
    {
        Account = target.Account,
        Reason = errors.Text(request.Reason, "reason", CommandRequest.TextMax),
        Forfeit = request.Forfeit ?? false,
        Note = request.ToNote(errors),
    };
}
