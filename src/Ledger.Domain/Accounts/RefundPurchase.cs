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
        var notFound = new TransactionNotFound(command.Transaction);
        if (!TransactionId.TryRead(command.Transaction.Value, account.Tag, out _) || past.Lot(account, command.Transaction.FirstLot) is not { Origin: LotOrigin.Purchase }) return Decision.Refuse(notFound);
        if (Checks.NotClosed(account) is { } closed) return Decision.Refuse(closed);

        var settled = account.SettledAt(now);
        var state = settled.Account;
        var live = state.FindLot(command.Transaction.FirstLot);
        var lot = live ?? Checks.Lot(account, state, past, command.Transaction.FirstLot)!;
        var left = lot.Amount - lot.Revoked;
        if (left.IsZero || command.Amount > left) return Decision.Refuse(new AlreadyRefunded(command.Transaction, left));

        var free = live is null || (live.HasExpiredBy(now) && !command.AllowDebt) ? Credits.Zero : live.Remaining;
        var can = Credits.Min(Credits.Min(free, left), Credits.Max(Credits.Zero, state.Available));
        var amount = command.Amount ?? (command.AllowDebt ? left : can);
        if (amount.IsZero) return Decision.Refuse(new AlreadyRefunded(command.Transaction, Credits.Zero));
        if (!command.AllowDebt && amount > can)
        {
            return Decision.Refuse(new Conflict($"Of {command.Transaction}, {can} can be revoked now; the rest has been spent or is held. Ask for no more than that, or allow debt."));
        }

        var allocations = new List<Allocation>();
        var rest = Take(allocations, live, amount);
        if (rest.IsPositive) rest = TakeOthers(allocations, state, live, rest, now, kept: false);
        if (rest.IsPositive) rest = TakeOthers(allocations, state, live, rest, now, kept: true);
        if (rest.IsPositive) allocations.Add(new(null, rest));
        return Checks.Append(settled, new PurchaseRefunded
        {
            Id = state.NextTransaction,
            RefundOf = command.Transaction,
            Lot = lot.Id,
            Reason = command.Reason,
            Amount = amount,
            Before = state.Balance,
            After = state.Balance - amount,
            Available = state.Available - amount,
            Allocations = [.. allocations],
            Lots = live is null ? [lot with { Revoked = lot.Revoked + amount }] : null,
            Note = command.Note,
        });
    }

    private static Credits TakeOthers(List<Allocation> allocations, Account state, Lot? own, Credits rest, DateTimeOffset now, bool kept)
    {
        foreach (var lot in state.Lots)
        {
            if (rest.IsZero) break;
            if (lot.Id != own?.Id && lot.HasExpiredBy(now) == kept) rest = Take(allocations, lot, rest);
        }

        return rest;
    }

    private static Credits Take(List<Allocation> allocations, Lot? lot, Credits rest)
    {
        if (lot is null) return rest;
        var taken = Credits.Min(rest, lot.Remaining);
        if (taken.IsPositive) allocations.Add(new(lot.Id, taken));
        return rest - taken;
    }
}
