using System.Collections.Immutable;

namespace Ledger.Domain.Accounts;

/// <summary>Takes a consumption (or a capture) back, in whole or in part.</summary>
public sealed record RefundConsumption : AccountCommand
{
    /// <summary>How long a lot lasts that takes the place of one that has ended.</summary>
    public static readonly TimeSpan NewLotLife = TimeSpan.FromDays(30);

    /// <summary>The consumption.</summary>
    public required TransactionId Transaction { get; init; }

    /// <summary>How much; null for all that is left of it.</summary>
    public Credits? Amount { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override Names Names => new([FactName.Refunds(Transaction.Version)], [FactName.PaidKind(Transaction.Version)], [Transaction.Version]);

    /// <inheritdoc/>
    public override Names NamesMore(Account account, Recollection past)
    {
        if (past.Event(Transaction.Version) is not ConsumptionEvent consumption) return Names.None;
        var lots = ImmutableArray.CreateBuilder<FactName>();
        foreach (var part in consumption.Allocations)
        {
            if (part.Lot is { } lot) lots.Add(FactName.Lot(lot));
        }

        foreach (var payment in past.OfKind(FactName.PaidKind(Transaction.Version)))
        {
            if (payment.Body is DebtPaid paid) lots.Add(FactName.Lot(paid.Lot));
        }

        return Names.Of(lots.ToImmutable());
    }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => RefundConsumptionHandler.Handle(this, account, past, now);
}

/// <summary>Takes consumptions back.</summary>
public static class RefundConsumptionHandler
{
    /// <summary>
    /// Lowers the consumption's own debt that stands, then gives back to the lots that paid its debt, last payer first, then to the lots that it burned, in reverse.
    /// What goes to a lot pays other debt that stands first, but where its payment is disputed; in place of a lot that has ended comes a new one of its like for 30 days.
    /// </summary>
    public static Decision Handle(RefundConsumption command, Account account, Recollection past, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (command.Amount is { } asked && Checks.Amount(account, "amount", asked) is { } wrong) return Decision.Refuse(wrong);
        if (Checks.Note(command.Note, now) is { } badNote) return Decision.Refuse(badNote);
        if (!TransactionId.TryRead(command.Transaction.Value, account.Tag, out var version) || past.Event(version) is not ConsumptionEvent consumption) return Decision.Refuse(new TransactionNotFound(command.Transaction));
        if (Checks.NotClosed(account) is { } closed) return Decision.Refuse(closed);
        var before = past.Find<ConsumptionRefunds>(FactName.Refunds(version))?.SoFar ?? default;
        var left = consumption.Amount - before.Total();
        var amount = command.Amount ?? left;
        if (left.IsZero || amount > left) return Decision.Refuse(new AlreadyRefunded(command.Transaction, left));

        var settled = account.SettledAt(now);
        var state = settled.Account;
        var ownDebt = Credits.Min(amount, StandingDebt(state, version));
        var payments = past.OfKind(FactName.PaidKind(version));
        var payers = new List<Allocation>(payments.Count);
        foreach (var payment in payments)
        {
            if (payment.Body is DebtPaid paid) payers.Add(new(paid.Lot, paid.Amount));
        }

        var rest = amount - ownDebt;
        var back = new Returning(account, state, past, ownDebt.IsZero ? state.Debts : WithoutOwn(state.Debts, version, ownDebt), now);
        var toPayers = back.Give(payers, before.Paid, rest);
        var toLots = back.Give(consumption.Allocations, before.Lots, rest - toPayers);
        back.Arrive();
        Invariant.Holds(ownDebt + toPayers + toLots == amount, "what a consumption took came from its lots or became debt, so it can all go back");
        if (Checks.Room(state, back.LotsMore) is { } full) return Decision.Refuse(full);

        var soFar = new RefundedSoFar(before.Debt + ownDebt, before.Paid + toPayers, before.Lots + toLots);
        return Checks.Append(settled, new ConsumptionRefunded
        {
            Id = state.NextTransaction,
            RefundOf = command.Transaction,
            Reason = command.Reason,
            Amount = amount,
            OwnDebt = ownDebt,
            SoFar = soFar,
            Freed = soFar.Total() == consumption.Amount && consumption.Spending is { OncePerResource: true } once ? once.Resource : null,
            Before = state.Balance,
            After = state.Balance + amount,
            Available = state.Available + amount - back.Frozen,
            Allocations = back.Allocations(ownDebt),
            Pays = back.Pays,
            Lots = back.Lots,
            Note = command.Note,
        });
    }

    private static Credits StandingDebt(Account account, long version)
    {
        foreach (var debt in account.Debts)
        {
            if (debt.Version == version) return debt.Left;
        }

        return Credits.Zero;
    }

    private static ImmutableArray<Debt> WithoutOwn(ImmutableArray<Debt> debts, long version, Credits lowered)
    {
        for (var at = 0; at < debts.Length; at++)
        {
            if (debts[at].Version != version) continue;
            var left = debts[at].Left - lowered;
            return left.IsPositive ? debts.SetItem(at, new(version, left)) : debts.RemoveAt(at);
        }

        return debts;
    }

    // Credits on their way back to lots. Each lot is met once, however often it took part.
    private sealed class Returning(Account unsettled, Account state, Recollection past, ImmutableArray<Debt> debts, DateTimeOffset now)
    {
        private readonly DebtPayer payer = new(debts.AsMemory());
        private readonly List<(Lot Lot, Credits Amount)> parts = [];
        private readonly List<Allocation> kept = [];
        private readonly List<Lot> changed = [];

        public int LotsMore { get; private set; }

        // What came back to lots whose payment is disputed.
        public Credits Frozen { get; private set; }

        public ValueList<DebtPayment>? Pays => payer.Payments;

        public ValueList<Lot>? Lots => ValueList.OrNull(changed);

        // Goes through what was taken from the last part to the first; the first `skip` of that went back before.
        public Credits Give(IReadOnlyList<Allocation> taken, Credits skip, Credits amount)
        {
            var given = Credits.Zero;
            for (var at = taken.Count - 1; at >= 0 && given < amount; at--)
            {
                if (taken[at].Lot is not { } id) continue;
                var gone = Credits.Min(skip, taken[at].Amount);
                skip -= gone;
                var part = Credits.Min(amount - given, taken[at].Amount - gone);
                if (part.IsZero) continue;
                given += part;
                var known = parts.FindIndex(each => each.Lot.Id == id);
                if (known >= 0)
                {
                    parts[known] = (parts[known].Lot, parts[known].Amount + part);
                    continue;
                }

                var lot = Checks.Lot(unsettled, state, past, id);
                Invariant.Holds(lot is not null, "every lot that a transaction names is live or a fact");
                parts.Add((lot!, part));
            }

            return given;
        }

        public void Arrive()
        {
            var made = 0;
            foreach (var (lot, amount) in parts)
            {
                if (lot.HasExpiredBy(now)) Replace(lot, amount, made++);
                else Return(lot, amount);
            }
        }

        public ValueList<Allocation> Allocations(Credits ownDebt)
        {
            var debt = ownDebt + payer.Paid;
            return debt.IsZero ? [.. kept] : [new(null, debt), .. kept];
        }

        private void Return(Lot lot, Credits amount)
        {
            var rest = lot.IsFrozen ? amount : payer.Pay(lot.Id, amount);
            if (rest.IsZero) return;
            kept.Add(new(lot.Id, rest));
            if (lot.IsFrozen) Frozen += rest;
            if (lot.Remaining.IsPositive) return;
            changed.Add(lot with { Remaining = rest, Ended = null });
            LotsMore++;
        }

        private void Replace(Lot lot, Credits amount, int index)
        {
            var id = LotId.For(state.Tag, state.Version + 1, index);
            var rest = payer.Pay(id, amount);
            if (rest.IsPositive)
            {
                kept.Add(new(id, rest));
                LotsMore++;
            }

            changed.Add(new()
            {
                Id = id,
                Kind = lot.Kind,
                Source = lot.Source,
                Origin = LotOrigin.Refund,
                Amount = amount,
                Remaining = rest,
                Priority = lot.Priority,
                ExpiresAt = now + RefundConsumption.NewLotLife,
                Cost = lot.CostOfNext(amount),
                CreatedAt = now,
                TransactionId = state.NextTransaction,
            });
            if (lot.Cost is not null) changed.Add(lot with { Moved = lot.Moved + amount });
        }
    }
}
