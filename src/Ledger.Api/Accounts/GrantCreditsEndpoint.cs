using Ledger.Api.Access;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.Accounts;

/// <summary>Credits are given.</summary>
public sealed record GrantCreditsRequest : CommandRequest
{
    /// <summary>How many credits; more than 0.</summary>
    public Credits? Amount { get; init; }

    /// <summary>Why.</summary>
    public GrantSource? Source { get; init; }

    /// <summary>When the credits end; never, where it is left out.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>0 to 255; lower burns first. 100 where it is left out.</summary>
    public int? Priority { get; init; }
}

internal sealed class GrantCreditsEndpoint : ICommandEndpoint<GrantCreditsRequest>
{
    public static CommandRoute Route { get; } = new("grants", "grant", RoleSets.Commands, AnswerShape.Transaction, true, "Gives credits.");

    public static AccountCommand ToCommand(GrantCreditsRequest request, CommandTarget target, Errors errors) => new GrantCredits
    {
        Account = target.Account,
        Amount = errors.RequiredAmount(request.Amount, "amount"),
        Source = errors.Required(request.Source, "source"),
        ExpiresAt = request.ExpiresAt,
        Priority = errors.Range(request.Priority, "priority", 0, Lot.PriorityMax),
        Note = request.ToNote(errors),
    };
}
