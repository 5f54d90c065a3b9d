namespace Ledger.Domain.Accounts;

/// <summary>Gives back what a refund of a purchase's payment had revoked, since it came to nothing.</summary>
public sealed record RestorePurchase : AccountCommand
{
    /// <summary>The purchase.</summary>
    public required TransactionId Transaction { get; init; }

    /// <summary>How much of what was refunded is refunded no more: what was revoked and the shortfall together. At most all that was refunded of the purchase.</summary>
    public required Credits Amount { get; init; }

    /// <summary>The refund or dispute of the payment; null where it has no id.</summary>
    public string? Refund { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override Names Names => Names.Of(FactName.Lot(Transaction.FirstLot));

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => RestorePurchaseHandler.Handle(this, account, past, now);
}

/// <summary>Gives back what refunds of purchases had revoked.</summary>
public static class RestorePurchaseHandler
{
    /// <summary>
    /// Takes the purchase's shortfall off first, then gives back what others had given or was debt, then what its own lot had given. So several refunds come to the same whichever of them fails.
    /// Where nothing is refunded, nothing changes. It is never refused for the account's state or a limit.
    /// </summary>
    public static Decision Handle(RestorePurchase command, Account account, Recollection past, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (Checks.Size(account, "amount", command.Amount) is { } wrong) return Decision.Refuse(wrong);
        var settled = account.SettledAt(now);
        if (Purchase.Find(command.Transaction, account, settled.Account, past, now) is not { } purchase) return Decision.Refuse(new TransactionNotFound(command.Transaction));

        var undone = Credits.Min(command.Amount, purchase.Lot.Revoked);
        if (!undone.IsPositive) return Decision.Nothing;
        var claims = purchase.Lot.Claims;
        var shortfall = Credits.Min(undone, claims?.Shortfall ?? Credits.Zero);
        var elsewhere = Credits.Min(undone - shortfall, claims?.Elsewhere ?? Credits.Zero);
        var own = undone - shortfall - elsewhere;
        var refund = command.Refund ?? RevokePurchase.Unnamed;
        return undone == shortfall
            ? Checks.Append(settled, purchase.Lifted(shortfall) with { Reason = command.Reason, Refund = refund, Note = command.Note })
            : Checks.Append(settled, purchase.Restore(own, elsewhere, shortfall) with { Reason = command.Reason, Refund = refund, Note = command.Note });
    }
}
