namespace Ledger.Domain.Accounts;

// A purchase as it stands: what refunds of it can revoke, and what failed ones give back.
internal sealed class Purchase
{
    private readonly TransactionId id;
    private readonly Account state;
    private readonly Lot? live;
    private readonly DateTimeOffset now;

    private Purchase(TransactionId id, Account state, Lot? live, Lot lot, DateTimeOffset now)
    {
        this.id = id;
        this.state = state;
        this.live = live;
        this.now = now;
        Lot = lot;
    }

    /// <summary>Its lot, live or not.</summary>
    public Lot Lot { get; }

    /// <summary>What its lot holds.</summary>
    public Credits Remaining => live?.Remaining ?? Credits.Zero;

    /// <summary>What is not refunded yet.</summary>
    public Credits Left => Lot.Amount - Lot.Revoked;

    /// <summary>What can be revoked without debt and without touching what others need: what is held, or kept for holds. What is frozen nobody else needs.</summary>
    public Credits Free
    {
        get
        {
            if (live is null || live.HasExpiredBy(now)) return Credits.Zero;
            var free = Credits.Min(live.Remaining, Left);
            return live.IsFrozen ? free : Credits.Min(free, Credits.Max(Credits.Zero, state.Available));
        }
    }

    /// <summary>A purchase of this account, or null.</summary>
    public static Purchase? Find(TransactionId id, Account account, Account settled, Recollection past, DateTimeOffset now)
    {
        if (!TransactionId.TryRead(id.Value, account.Tag, out _) || past.Lot(account, id.FirstLot) is not { Origin: LotOrigin.Purchase }) return null;
        var live = settled.FindLot(id.FirstLot);
        return new(id, settled, live, live ?? Checks.Lot(account, settled, past, id.FirstLot)!, now);
    }

    /// <summary>Why so much can't be revoked, or null.</summary>
    public Refusal? Refuses(Credits amount, bool allowDebt)
    {
        if (Left.IsZero || amount > Left) return new AlreadyRefunded(id, Left);
        return allowDebt || amount <= Free ? null : new Conflict($"Of {id}, {Free} can be revoked now; the rest has been spent or is held. Ask for no more than that, or allow debt.");
    }

    /// <summary>Revokes: from its own lot, frozen or not, then from others in burn order, those kept for holds last, then by debt. What is frozen of others stays. The shortfall is on top of the amount.</summary>
    public PurchaseRefunded Refund(Credits amount, Credits shortfall)
    {
        var allocations = new List<Allocation>();
        var rest = Take(allocations, live, amount);
        var elsewhere = rest;
        if (rest.IsPositive) rest = TakeOthers(allocations, rest, kept: false);
        if (rest.IsPositive) rest = TakeOthers(allocations, rest, kept: true);
        if (rest.IsPositive) allocations.Add(new(null, rest));
        return new()
        {
            Id = state.NextTransaction,
            RefundOf = id,
            Lot = Lot.Id,
            Amount = amount,
            Before = state.Balance,
            After = state.Balance - amount,
            Available = state.Available - (live is { IsFrozen: true } ? elsewhere : amount),
            Allocations = [.. allocations],
            Elsewhere = elsewhere.IsZero ? null : elsewhere,
            Shortfall = shortfall.IsZero ? null : ShortfallOf(Left - amount, shortfall),
            Lots = live is null ? [Lot.Refunded(amount, elsewhere, shortfall)] : null,
        };
    }

    /// <summary>Refunds without revoking anything: all of it is a shortfall.</summary>
    public ShortfallRecorded Uncovered(Credits shortfall) => new()
    {
        RefundOf = id,
        Lot = Lot.Id,
        Shortfall = ShortfallOf(Left, shortfall),
        Lots = live is null ? [Lot.Refunded(Credits.Zero, Credits.Zero, shortfall)] : null,
    };

    /// <summary>Takes shortfall off, and nothing else.</summary>
    public ShortfallLifted Lifted(Credits shortfall) => new()
    {
        RefundOf = id,
        Lot = Lot.Id,
        Shortfall = ShortfallOf(Left + shortfall, shortfall),
        Lots = live is null ? [Lot.Refunded(Credits.Zero, Credits.Zero, -shortfall)] : null,
    };

    /// <summary>
    /// Gives back: what its own lot had given returns there, what others had given comes as a lot of its like without a cost; where its time has ended, all comes as one for 30 days. Debt is paid first,
    /// but what returns to a frozen lot stays frozen. The shortfall is on top of both.
    /// </summary>
    public PurchaseRestored Restore(Credits own, Credits elsewhere, Credits shortfall)
    {
        var ended = Lot.HasExpiredBy(now);
        var (made, returned) = ended ? (own + elsewhere, Credits.Zero) : (elsewhere, own);
        var debts = new DebtPayer(state);
        var kept = new List<Allocation>(2);
        var lots = new List<Lot>(2);
        if (made.IsPositive)
        {
            var newLot = new Lot
            {
                Id = LotId.For(state.Tag, state.Version + 1),
                Kind = Lot.Kind,
                Origin = LotOrigin.Refund,
                Amount = made,
                Remaining = made,
                Priority = Lot.Priority,
                ExpiresAt = ended ? now + RefundConsumption.NewLotLife : Lot.ExpiresAt,
                Cost = ended && own.IsPositive ? Lot.CostOfNext(own) : null,
                CreatedAt = now,
                TransactionId = state.NextTransaction,
            };
            lots.Add(newLot with { Remaining = debts.Pay(newLot.Id, made) });
        }

        var rest = Lot.IsFrozen ? returned : debts.Pay(Lot.Id, returned);
        var after = Lot.Refunded(-own - elsewhere, -elsewhere, -shortfall);
        var holds = Remaining + rest;
        lots.Add(after with { Remaining = holds, Moved = ended ? after.Moved + own : after.Moved, Ended = holds.IsPositive ? null : after.Ended });
        if (rest.IsPositive) kept.Add(new(Lot.Id, rest));
        if (made.IsPositive && lots[0].Remaining.IsPositive) kept.Add(new(lots[0].Id, lots[0].Remaining));
        var amount = own + elsewhere;
        return new()
        {
            Id = state.NextTransaction,
            RefundOf = id,
            Lot = Lot.Id,
            Amount = amount,
            Before = state.Balance,
            After = state.Balance + amount,
            Available = state.Available + (Lot.IsFrozen ? amount - rest : amount),
            Allocations = debts.Paid.IsZero ? [.. kept] : [new(null, debts.Paid), .. kept],
            Pays = debts.Payments,
            Elsewhere = elsewhere.IsZero ? null : elsewhere,
            Shortfall = shortfall.IsZero ? null : ShortfallOf(Left + shortfall, shortfall),
            Lots = [.. lots],
        };
    }

    // The share of the price of so many credits, counted from where `before` were not refunded.
    private Shortfall ShortfallOf(Credits before, Credits amount)
    {
        Invariant.Holds(Lot.Cost is not null, "what was bought has a price");
        return new(amount, Lot.Cost!.Value.Share(Lot.Amount, before, before - amount));
    }

    private Credits TakeOthers(List<Allocation> allocations, Credits rest, bool kept)
    {
        foreach (var other in state.Lots)
        {
            if (rest.IsZero) break;
            if (other.Id != Lot.Id && !other.IsFrozen && other.HasExpiredBy(now) == kept) rest = Take(allocations, other, rest);
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
