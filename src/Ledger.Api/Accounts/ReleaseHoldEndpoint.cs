using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>A hold is let go.</summary>
public sealed record ReleaseHoldRequest : CommandRequest
{
    /// <summary>What the call used that came to nothing.</summary>
    public UsageRequest? Usage { get; init; }
}

internal sealed class ReleaseHoldEndpoint : ICommandEndpoint<ReleaseHoldRequest>
{
    public static CommandRoute Route { get; } = new("holds/{itemId}/release", "release", RoleSets.Commands, AnswerShape.Hold, true, "Lets a hold go: what it reserved is free again.");

    public static AccountCommand ToCommand(ReleaseHoldRequest request, CommandTarget target, Errors errors) => new ReleaseHold
    {
        Account = target.Account,
        Hold = target.Hold,
        Usage = request.Usage?.ToUsage(errors),
        Note = request.ToNote(errors),
    };
}
