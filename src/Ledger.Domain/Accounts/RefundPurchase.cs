namespace Ledger.Domain.Accounts;

/// <summary>Takes a purchase back, in whole or in part: its credits are revoked.</summary>
public sealed record RefundPurchase : AccountCommand
{
    /// <summary>The purchase.</summary>
    public required TransactionId Transaction { get; init; }

    /// <summary>How much; null for what can be revoked, or with <see cref="AllowDebt"/> for all that is not refunded yet.</summary>
    public Credits? Amount { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether more than the lot's rest may be revoked: from other lots, then by debt, held credits too.</summary>
    public bool AllowDebt { get; init; }

    /// <inheritdoc/>
    public override Names Names => Names.Of(FactName.Lot(Transaction.FirstLot));

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => RefundPurchaseHandler.Handle(this, account, past, now);
}

/// <summary>Takes purchases back.</summary>
public static class RefundPurchaseHandler
{
    /// <summary>Revokes the rest of the purchase's lot, as far as it is available; with <see cref="RefundPurchase.AllowDebt"/> other lots in burn order, those kept for holds last, and then debt.</summary>
    public static Decision Handle(RefundPurchase command, Account account, Recollection past, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (command.Amount is { } asked && Checks.Amount(account, "amount", asked) is { } wrong) return Decision.Refuse(wrong);
        if (Checks.Note(command.Note, now) is { } badNote) return Decision.Refuse(badNote);
        var settled = account.SettledAt(now);
        if (Purchase.Find(command.Transaction, account, settled.Account, past, now) is not { } purchase) return Decision.Refuse(new TransactionNotFound(command.Transaction));
        if (Checks.NotClosed(account) is { } closed) return Decision.Refuse(closed);
        var amount = command.Amount ?? (command.AllowDebt ? purchase.Left : purchase.Free);
        if (amount.IsZero) return Decision.Refuse(new AlreadyRefunded(command.Transaction, Credits.Zero));
        if (purchase.Refuses(amount, command.AllowDebt) is { } refusal) return Decision.Refuse(refusal);
        return Checks.Append(settled, purchase.Refund(amount, Credits.Zero) with { Reason = command.Reason, Note = command.Note });
    }
}
