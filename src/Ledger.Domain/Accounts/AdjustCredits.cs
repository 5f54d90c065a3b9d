namespace Ledger.Domain.Accounts;

/// <summary>Corrects the balance.</summary>
public sealed record AdjustCredits : AccountCommand
{
    /// <summary>Up or, below 0, down; not 0.</summary>
    public required Credits Amount { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => AdjustCreditsHandler.Handle(this, account, now);
}

/// <summary>Corrects balances.</summary>
public static class AdjustCreditsHandler
{
    /// <summary>Up: a free lot that never ends; debt is paid first. Down: burns lots like a consumption, and never makes debt.</summary>
    public static Decision Handle(AdjustCredits command, Account account, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (command.Amount.IsZero) return Decision.Refuse(new InvalidAmount("amount", "must not be 0"));
        if ((Checks.Size(account, "amount", command.Amount) ?? Checks.Note(command.Note, now) ?? Checks.NotClosed(account)) is { } wrong) return Decision.Refuse(wrong);
        if (command.Amount.IsNegative && Checks.NotFrozen(account) is { } frozen) return Decision.Refuse(frozen);

        var settled = account.SettledAt(now);
        var state = settled.Account;
        if (command.Amount.IsNegative)
        {
            var amount = -command.Amount;
            return amount > state.Available
                ? Decision.Refuse(new InsufficientCredits(state.Available, amount))
                : Checks.Append(settled, Down(state, amount, command.Reason, command.Note, now));
        }

        var up = Up(state, command.Amount, command.Reason, command.Note);
        return (up.Allocations[^1].Lot is null ? null : Checks.Room(state, 1)) is { } full ? Decision.Refuse(full) : Checks.Append(settled, up);
    }

    internal static CreditsAdjusted Down(Account state, Credits amount, string reason, Note? note, DateTimeOffset now)
    {
        var allocations = new List<Allocation>();
        var missing = state.Draw(amount, now, allocations);
        Invariant.Holds(missing.IsZero, "what is available is in lots that have not ended");
        return new()
        {
            Id = state.NextTransaction,
            Negative = true,
            Amount = amount,
            Reason = reason,
            Before = state.Balance,
            After = state.Balance - amount,
            Available = state.Available - amount,
            Allocations = [.. allocations],
            Note = note,
        };
    }

    internal static CreditsAdjusted Up(Account state, Credits amount, string reason, Note? note)
    {
        var id = state.NextTransaction;
        var payer = new DebtPayer(state);
        var allocations = payer.AllocationsOf(id.FirstLot, amount);
        return new()
        {
            Id = id,
            Lot = id.FirstLot,
            Amount = amount,
            Reason = reason,
            Before = state.Balance,
            After = state.Balance + amount,
            Available = state.Available + amount,
            Allocations = allocations,
            Pays = payer.Payments,
            Note = note,
        };
    }
}
