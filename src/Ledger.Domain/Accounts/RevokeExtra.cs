namespace Ledger.Domain.Accounts;

/// <summary>A cheaper plan takes back what a dearer one had given for the rest of the period.</summary>
public sealed record RevokeExtra : AccountCommand
{
    /// <summary>The lot that it gave.</summary>
    public required LotId Lot { get; init; }

    /// <summary>How many it gave.</summary>
    public required Credits Amount { get; init; }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => RevokeExtraHandler.Handle(this, account, now);
}

/// <summary>Takes back what upgrades gave.</summary>
public static class RevokeExtraHandler
{
    private const string Reason = "the plan was changed back";

    /// <summary>Takes the lot in whole. It is refused where anything of the lot is gone, or holds may need it: then the credits have been used.</summary>
    public static Decision Handle(RevokeExtra command, Account account, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (Checks.NotClosed(account) is { } closed) return Decision.Refuse(closed);
        var settled = account.SettledAt(now);
        var state = settled.Account;
        if (state.FindLot(command.Lot) is not { } lot || lot.Remaining != command.Amount || lot.HasExpiredBy(now) || lot.IsFrozen || state.Available < command.Amount)
        {
            return Decision.Refuse(new Conflict($"Of the {command.Amount} credits that the dearer plan gave for the rest of the period, some have been used."));
        }

        return Checks.Append(settled, new CreditsAdjusted
        {
            Id = state.NextTransaction,
            Negative = true,
            Amount = command.Amount,
            Reason = Reason,
            Before = state.Balance,
            After = state.Balance - command.Amount,
            Available = state.Available - command.Amount,
            Allocations = [new(lot.Id, command.Amount)],
            Note = command.Note,
        });
    }
}
