namespace Ledger.Domain.Accounts;

/// <summary>Stops an account from spending.</summary>
public sealed record FreezeAccount : AccountCommand
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => FreezeAccountHandler.Handle(this, account, now);
}

/// <summary>Freezes accounts.</summary>
public static class FreezeAccountHandler
{
    /// <summary>From here on consumptions, holds, transfers out and negative adjustments are refused. Freezing a frozen account changes nothing.</summary>
    public static Decision Handle(FreezeAccount command, Account account, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (Checks.Note(command.Note, now) is { } wrong) return Decision.Refuse(wrong);
        if (account.Status == AccountStatus.Frozen) return Decision.Nothing;
        if (Checks.NotClosed(account) is { } closed) return Decision.Refuse(closed);
        return Checks.Append(account.SettledAt(now), new AccountFrozen { Reason = command.Reason, Note = command.Note });
    }
}
