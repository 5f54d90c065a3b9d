namespace Ledger.Domain.Accounts;

/// <summary>
/// Revokes credits of a purchase because money of its payment goes back, or has gone. Of a dispute that is lost, revoke first and then unfreeze the lot: what is unfrozen pays debt at once.
/// </summary>
public sealed record RevokePurchase : AccountCommand
{
    /// <summary>Stands for a refund or dispute that nobody gave an id: its events say that the money went back with a payment all the same.</summary>
    public const string Unnamed = "unnamed";

    /// <summary>The purchase.</summary>
    public required TransactionId Transaction { get; init; }

    /// <summary>How many at most; never more than is left to refund.</summary>
    public required Credits Amount { get; init; }

    /// <summary>Whether what the purchase's lot does not hold is taken from other lots, and then becomes debt. A closed account makes no debt.</summary>
    public bool AllowDebt { get; init; }

    /// <summary>
    /// Whether a payment provider told it, so that it can't be refused: the lot gives all that it holds, whatever holds reserve, and what can't be revoked is the event's shortfall. Else it is a refund
    /// that we are about to start, and is refused as <see cref="RefundPurchase"/> is.
    /// </summary>
    public bool FromProvider { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>The refund or dispute of the payment; null where it has no id.</summary>
    public string? Refund { get; init; }

    /// <inheritdoc/>
    public override Names Names => Names.Of(FactName.Lot(Transaction.FirstLot));

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => RevokePurchaseHandler.Handle(this, account, past, now);
}

/// <summary>Revokes credits of purchases.</summary>
public static class RevokePurchaseHandler
{
    /// <summary>Takes from the purchase's lot, frozen or not, then, with <see cref="RevokePurchase.AllowDebt"/>, as a purchase's refund does. Of what a provider tells, the rest is a shortfall.</summary>
    public static Decision Handle(RevokePurchase command, Account account, Recollection past, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        var form = command.FromProvider ? Checks.Size(account, "amount", command.Amount) : Checks.Amount(account, "amount", command.Amount) ?? Checks.Note(command.Note, now);
        if (form is { } wrong) return Decision.Refuse(wrong);
        var settled = account.SettledAt(now);
        if (Purchase.Find(command.Transaction, account, settled.Account, past, now) is not { } purchase) return Decision.Refuse(new TransactionNotFound(command.Transaction));
        var allowDebt = command.AllowDebt && account.Status != AccountStatus.Closed;
        if (!command.FromProvider && purchase.Refuses(command.Amount, allowDebt) is { } refusal) return Decision.Refuse(refusal);

        var wanted = Credits.Min(command.Amount, purchase.Left);
        if (!wanted.IsPositive) return Decision.Nothing;
        var refund = command.Refund ?? RevokePurchase.Unnamed;
        var amount = allowDebt ? wanted : Credits.Min(wanted, purchase.Remaining);
        return amount.IsZero
            ? Checks.Append(settled, purchase.Uncovered(wanted) with { Reason = command.Reason, Refund = refund, Note = command.Note })
            : Checks.Append(settled, purchase.Refund(amount, wanted - amount) with { Reason = command.Reason, Refund = refund, Note = command.Note });
    }
}
