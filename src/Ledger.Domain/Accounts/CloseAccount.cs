namespace Ledger.Domain.Accounts;

/// <summary>Ends an account, for good.</summary>
public sealed record CloseAccount : AccountCommand
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether holds are released and the balance, or the debt, is adjusted to 0 first.</summary>
    public bool Forfeit { get; init; }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => CloseAccountHandler.Handle(this, account, now);
}

/// <summary>Closes accounts.</summary>
public static class CloseAccountHandler
{
    private const string Forfeited = "forfeited at closing";

    /// <summary>Closes at balance 0 without holds and disputed credits; with <see cref="CloseAccount.Forfeit"/> it makes it so first. Closing a closed account changes nothing.</summary>
    public static Decision Handle(CloseAccount command, Account account, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (Checks.Note(command.Note, now) is { } wrong) return Decision.Refuse(wrong);
        if (account.Status == AccountStatus.Closed) return Decision.Nothing;

        var settled = account.SettledAt(now);
        var state = settled.Account;
        if (!command.Forfeit && !(state.Balance.IsZero && state.Holds.IsEmpty))
        {
            return Decision.Refuse(new Conflict($"Account {account.Id} has a balance of {state.Balance} and {state.Held} held. Bring both to 0, or close it with forfeit."));
        }

        if (!command.Forfeit && !state.Frozen.IsZero)
        {
            return Decision.Refuse(new Conflict($"Account {account.Id} has {state.Frozen} in lots whose payment is disputed. Wait until the dispute is decided, or close it with forfeit."));
        }

        var events = Checks.Begin(settled);
        while (!state.Holds.IsEmpty) state = ReleaseHoldHandler.Release(state, state.Holds[0], null, null, now, events);
        while (FirstFrozen(state) is { } lot) state = state.And(UnfreezeLotHandler.Unfreeze(state, lot, lot.Claims!.Disputes![0], null), now, events);
        if (!state.Balance.IsZero)
        {
            var reason = command.Reason ?? Forfeited;
            state = state.And(
                state.Balance.IsPositive ? AdjustCreditsHandler.Down(state, state.Balance, reason, command.Note, now) : AdjustCreditsHandler.Up(state, -state.Balance, reason, command.Note),
                now,
                events);
        }

        Invariant.Holds(state.Balance.IsZero && state.Held.IsZero && state.Lots.IsEmpty && state.Debts.IsEmpty, "a closed account has nothing and owes nothing");
        events.Add(new AccountClosed { Reason = command.Reason, Note = command.Note });
        return Decision.Append(account.Id, events.ToImmutable(), events.Count - 1);
    }

    private static Lot? FirstFrozen(Account state)
    {
        if (state.Frozen.IsZero) return null;
        foreach (var lot in state.Lots)
        {
            if (lot.IsFrozen) return lot;
        }

        return null;
    }
}
