namespace Ledger.Domain.Accounts;

/// <summary>Lets a frozen account spend again.</summary>
public sealed record UnfreezeAccount : AccountCommand
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => UnfreezeAccountHandler.Handle(this, account, now);
}

/// <summary>Unfreezes accounts.</summary>
public static class UnfreezeAccountHandler
{
    /// <summary>All goes on as before it was frozen. Unfreezing an open account changes nothing.</summary>
    public static Decision Handle(UnfreezeAccount command, Account account, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (Checks.Note(command.Note, now) is { } wrong) return Decision.Refuse(wrong);
        if (account.Status == AccountStatus.Open) return Decision.Nothing;
        if (Checks.NotClosed(account) is { } closed) return Decision.Refuse(closed);
        return Checks.Append(account.SettledAt(now), new AccountUnfrozen { Reason = command.Reason, Note = command.Note });
    }
}
