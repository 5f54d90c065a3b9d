namespace Ledger.Domain.Accounts;

/// <summary>Spends credits.</summary>
public sealed record ConsumeCredits : AccountCommand
{
    /// <summary>How many; more than 0.</summary>
    public required Credits Amount { get; init; }

    /// <summary>On what.</summary>
    public Spending? Spending { get; init; }

    /// <inheritdoc/>
    public override Names Names => Spending is { OncePerResource: true, Resource: { } resource } ? Names.Of(FactName.Resource(resource)) : Names.None;

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => ConsumeCreditsHandler.Handle(this, account, past, now);
}

/// <summary>Spends credits.</summary>
public static class ConsumeCreditsHandler
{
    /// <summary>Draws lots in burn order; what is missing becomes debt, within the overdraft limit. A resource that was charged once answers with that consumption.</summary>
    public static Decision Handle(ConsumeCredits command, Account account, Recollection past, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if ((Checks.Amount(account, "amount", command.Amount) ?? Checks.Note(command.Note, now) ?? Checks.Once(command.Spending)) is { } wrong) return Decision.Refuse(wrong);
        if (command.Spending is { OncePerResource: true, Resource: { } resource } && past.Find<ResourceCharged>(FactName.Resource(resource)) is { Version: { } first }) return Decision.Already(account.Id, first);
        if ((Checks.NotClosed(account) ?? Checks.NotFrozen(account)) is { } refusal) return Decision.Refuse(refusal);

        var settled = account.SettledAt(now);
        var state = settled.Account;
        if (command.Amount > state.Available + state.OverdraftLimit) return Decision.Refuse(new InsufficientCredits(state.Available, command.Amount));
        var allocations = new List<Allocation>(2);
        var debt = state.Draw(command.Amount, now, allocations);
        if (debt.IsPositive)
        {
            if (state.Debts.Length >= Account.DebtsMax) return Decision.Refuse(new LimitReached("transactions whose debt stands", Account.DebtsMax));
            allocations.Add(new(null, debt));
        }

        return Checks.Append(settled, new CreditsConsumed
        {
            Id = state.NextTransaction,
            Amount = command.Amount,
            Before = state.Balance,
            After = state.Balance - command.Amount,
            Available = state.Available - command.Amount,
            Allocations = [.. allocations],
            Spending = command.Spending,
            Note = command.Note,
        });
    }
}
