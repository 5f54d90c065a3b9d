namespace Ledger.Domain.Accounts;

/// <summary>A dispute of a purchase's payment was opened: what is left of its lot is not to be spent until it is decided.</summary>
public sealed record FreezeLot : AccountCommand
{
    /// <summary>The purchase.</summary>
    public required TransactionId Transaction { get; init; }

    /// <summary>The dispute, by the provider's id.</summary>
    public required string Dispute { get; init; }

    /// <inheritdoc/>
    public override Names Names => Names.Of(FactName.Lot(Transaction.FirstLot));

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => FreezeLotHandler.Handle(this, account, past, now);
}

/// <summary>Freezes lots.</summary>
public static class FreezeLotHandler
{
    /// <summary>
    /// Marks the lot, though it may hold nothing: what comes back to it is frozen too. What is kept of it for holds expires, since its time has ended and a frozen lot serves none. A dispute that is known changes
    /// nothing. It is never refused for the account's state.
    /// </summary>
    public static Decision Handle(FreezeLot command, Account account, Recollection past, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        var settled = account.SettledAt(now);
        var state = settled.Account;
        if (Purchase.Find(command.Transaction, account, state, past, now) is not { } purchase) return Decision.Refuse(new TransactionNotFound(command.Transaction));
        var lot = purchase.Lot;
        if (lot.IsDisputedBy(command.Dispute)) return Decision.Nothing;

        var events = Checks.Begin(settled);
        if (lot.Remaining.IsPositive && lot.HasExpiredBy(now))
        {
            state.And(state.Expire(lot, lot.Remaining, now), now, events);
            lot = lot with { Remaining = Credits.Zero, Ended = LotEnd.Expired };
        }

        events.Add(new LotFrozen
        {
            Lot = lot.Id,
            Dispute = command.Dispute,
            Amount = lot.IsFrozen ? Credits.Zero : lot.Remaining,
            Lots = lot.Remaining.IsPositive ? null : [lot.Disputed(command.Dispute)],
            Note = command.Note,
        });
        return Decision.Append(account.Id, events.ToImmutable(), events.Count - 1);
    }
}
