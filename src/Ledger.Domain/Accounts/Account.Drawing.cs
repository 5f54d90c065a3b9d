namespace Ledger.Domain.Accounts;

// Drawing: which lots pay. A lot that has ended is kept for holds and pays only for them; one whose payment is disputed pays for nothing.
public sealed partial record Account
{
    /// <summary>The id of the transaction that the next event is.</summary>
    internal TransactionId NextTransaction => TransactionId.For(Tag, Version + 1);

    /// <summary>Adds to <paramref name="allocations"/> what <paramref name="amount"/> takes from the lots, in burn order, and gives what they lack.</summary>
    internal Credits Draw(Credits amount, DateTimeOffset now, List<Allocation> allocations)
    {
        foreach (var lot in Lots)
        {
            if (amount.IsZero) break;
            if (lot.IsFrozen || lot.HasExpiredBy(now)) continue;
            var taken = Credits.Min(amount, lot.Remaining);
            allocations.Add(new(lot.Id, taken));
            amount -= taken;
        }

        return amount;
    }

    /// <summary>
    /// The same for a capture. It may also take from lots that ended after its hold was placed, up to what was held, and at first no more of each than leaves enough for the other holds
    /// that it is kept for. Where the credits are short for all of them, the hold that comes first is served: no debt is made while something is kept for it.
    /// </summary>
    internal Credits DrawFor(Hold hold, Credits amount, DateTimeOffset now, List<Allocation> allocations)
    {
        var anyKept = false;
        foreach (var lot in Lots) anyKept |= lot.HasExpiredBy(now);
        if (!anyKept) return Draw(amount, now, allocations);

        var taken = new Credits[Lots.Length];
        var fromKept = Credits.Min(amount, hold.Amount);
        for (var pass = 0; pass < 2; pass++)
        {
            for (var index = 0; index < taken.Length && amount.IsPositive; index++)
            {
                var lot = Lots[index];
                if (lot.IsFrozen) continue;
                var usable = lot.Remaining - taken[index];
                var isKept = lot.HasExpiredBy(now);
                if (isKept)
                {
                    if (hold.CreatedAt >= lot.ExpiresAt) continue;
                    if (pass == 0) usable = Credits.Max(Credits.Zero, usable - NeededByOthers(hold, index, taken, now));
                    usable = Credits.Min(usable, fromKept);
                }

                var part = Credits.Min(amount, usable);
                taken[index] += part;
                amount -= part;
                if (isKept) fromKept -= part;
            }
        }

        for (var index = 0; index < taken.Length; index++)
        {
            if (taken[index].IsPositive) allocations.Add(new(Lots[index].Id, taken[index]));
        }

        return amount;
    }

    // What the other holds placed before this lot's end need of it: all that they reserve, less what the lots that end no sooner (and serve them all) have left.
    private Credits NeededByOthers(Hold hold, int which, Credits[] taken, DateTimeOffset now)
    {
        var end = Lots[which].ExpiresAt!.Value;
        var needed = Credits.Zero;
        foreach (var other in Holds)
        {
            if (other.CreatedAt < end && other.Id != hold.Id) needed += other.Amount;
        }

        for (var index = 0; index < taken.Length && needed.IsPositive; index++)
        {
            if (index != which && !Lots[index].IsFrozen && (!Lots[index].HasExpiredBy(now) || Lots[index].ExpiresAt >= end)) needed -= Lots[index].Remaining - taken[index];
        }

        return Credits.Max(Credits.Zero, needed);
    }
}

// Pays debts with credits that come in, the oldest debt first, and remembers which lot paid which.
internal sealed class DebtPayer(ReadOnlyMemory<Debt> debts)
{
    private readonly List<DebtPayment> payments = [];
    private int at;
    private Credits paidOfCurrent;

    public DebtPayer(Account account)
        : this(account.Debts.AsMemory())
    {
    }

    /// <summary>All that was paid.</summary>
    public Credits Paid { get; private set; }

    /// <summary>The payments, or null where there were none.</summary>
    public ValueList<DebtPayment>? Payments => ValueList.OrNull(payments);

    /// <summary>Pays what it can with <paramref name="amount"/> of this lot; gives what the lot keeps.</summary>
    public Credits Pay(LotId lot, Credits amount)
    {
        for (; at < debts.Length && amount.IsPositive; at++)
        {
            var debt = debts.Span[at];
            var part = Credits.Min(amount, debt.Left - paidOfCurrent);
            if (part.IsPositive)
            {
                payments.Add(new(debt.Version, lot, part));
                Paid += part;
                amount -= part;
                paidOfCurrent += part;
            }

            if (paidOfCurrent < debt.Left) break;
            paidOfCurrent = Credits.Zero;
        }

        return amount;
    }

    /// <summary>The allocations of one lot that came with <paramref name="amount"/>: debt first, then the lot.</summary>
    public ValueList<Allocation> AllocationsOf(LotId lot, Credits amount)
    {
        var kept = Pay(lot, amount);
        return Paid.IsZero ? [new(lot, kept)] : kept.IsZero ? [new(null, Paid)] : [new(null, Paid), new(lot, kept)];
    }
}
