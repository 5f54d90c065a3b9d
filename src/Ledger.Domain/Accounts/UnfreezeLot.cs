namespace Ledger.Domain.Accounts;

/// <summary>A dispute of a purchase's payment is over: it was won, or its credits have been revoked.</summary>
public sealed record UnfreezeLot : AccountCommand
{
    /// <summary>The purchase.</summary>
    public required TransactionId Transaction { get; init; }

    /// <summary>The dispute, by the provider's id.</summary>
    public required string Dispute { get; init; }

    /// <inheritdoc/>
    public override Names Names => Names.Of(FactName.Lot(Transaction.FirstLot));

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => UnfreezeLotHandler.Handle(this, account, past, now);
}

/// <summary>Unfreezes lots.</summary>
public static class UnfreezeLotHandler
{
    /// <summary>Takes the mark of the dispute off; with the last one, what the lot holds pays the debt that stands first. A dispute that is not known changes nothing. It is never refused for the account's state.</summary>
    public static Decision Handle(UnfreezeLot command, Account account, Recollection past, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        var settled = account.SettledAt(now);
        if (Purchase.Find(command.Transaction, account, settled.Account, past, now) is not { } purchase) return Decision.Refuse(new TransactionNotFound(command.Transaction));
        return purchase.Lot.IsDisputedBy(command.Dispute) ? Checks.Append(settled, Unfreeze(settled.Account, purchase.Lot, command.Dispute, command.Note)) : Decision.Nothing;
    }

    internal static LotUnfrozen Unfreeze(Account state, Lot lot, string dispute, Note? note)
    {
        var after = lot.Undisputed(dispute);
        var debts = new DebtPayer(state);
        if (!after.IsFrozen) debts.Pay(lot.Id, lot.Remaining);
        return new()
        {
            Lot = lot.Id,
            Dispute = dispute,
            Amount = after.IsFrozen ? Credits.Zero : lot.Remaining,
            Pays = debts.Payments,
            Lots = lot.Remaining.IsPositive ? null : [after],
            Note = note,
        };
    }
}
