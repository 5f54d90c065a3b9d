namespace Ledger.Domain.Accounts;

/// <summary>Writes down what is due: holds and lots whose time has ended. The sweep sends it; every other command settles by itself.</summary>
public sealed record SettleDue : AccountCommand
{
    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => SettleDueHandler.Handle(this, account, now);
}

/// <summary>Settles what is due.</summary>
public static class SettleDueHandler
{
    /// <summary>Appends what is due by now, in due order; nothing where nothing is.</summary>
    public static Decision Handle(SettleDue command, Account account, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(command.Account));
        var due = account.SettledAt(now).Events;
        return due.IsEmpty ? Decision.Nothing : Decision.Append(account.Id, due, 0);
    }
}
