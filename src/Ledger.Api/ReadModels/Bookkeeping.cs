using System.Collections.Immutable;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Ledger.EventStore.Projections;

namespace Ledger.Api.ReadModels;

/// <summary>
/// Books one event: moves its lots on and makes its postings. Revenue is earned as bought credits are spent (IFRS 15, ASC 606: the contract liability is released), breakage as they end;
/// granted credits have no cost, so they never touch money.
/// </summary>
internal sealed partial class Bookkeeping(StoredEvent happened, string tenant, string account, Rows rows, JournalDayRow day)
{
    // Behind "lot_" and the tag of the account.
    private const int SuffixStart = 4 + AccountTag.Length;

    /// <summary>The postings.</summary>
    public JournalEntry Entry { get; } = new();

    /// <summary>The lots of earlier days that the day has touched by now, as it found them.</summary>
    public ImmutableArray<LotOpening> Opening { get; private set; } = day.Opening;

    public void Book(AccountEvent e)
    {
        switch (e)
        {
            case ConsumptionEvent consumed: Consume(consumed); break;
            case CreditsPurchased bought: Purchase(bought); break;
            case CreditsGranted granted: Grant(granted); break;
            case ConsumptionRefunded refund: GiveBack(refund); break;
            case PurchaseRefunded refund: Revoke(refund); break;
            case PurchaseRestored restored: Restore(restored); break;
            case ShortfallRecorded lacking: Uncover(lacking.Lot, lacking.Shortfall.Amount.Value, lacking.Refund); break;
            case ShortfallLifted lifted: Uncover(lifted.Lot, -lifted.Shortfall.Amount.Value, lifted.Refund); break;
            case LotFrozen frozen: Freeze(frozen.Lot); break;
            case LotUnfrozen unfrozen: Unfreeze(unfrozen); break;
            case CreditsAdjusted { Negative: true } adjusted: AdjustDown(adjusted); break;
            case CreditsAdjusted adjusted: AdjustUp(adjusted); break;
            case CreditsTransferredOut sent: Send(sent); break;
            case CreditsTransferredIn received: Receive(received); break;
            case LotExpired expired: Expire(expired); break;
            default: throw new InvalidOperationException($"{e.GetType().Name} has no bookkeeping.");
        }
    }

    private void Consume(ConsumptionEvent e)
    {
        Entry.Credit(UnitCode.Consumed, e.Amount.Value);
        Take(e, LotEnd.Depleted, (lot, amount, cost) =>
        {
            Earn(MoneyCode.Revenue, lot.Currency, cost);
            return lot with { Used = lot.Used + amount, CostRecognised = lot.CostRecognised + cost };
        });
    }

    private void Purchase(CreditsPurchased e)
    {
        Entry.Debit(UnitCode.Sold, e.Amount.Value);
        Entry.Debit(MoneyCode.Cash, e.Price.Currency, e.Price.Amount);
        Entry.Credit(MoneyCode.Deferred, e.Price.Currency, e.Price.Amount);
        Arrive(e, New(e.Lot, LotKind.Purchased, LotOrigin.Purchase, e.Amount, Lot.PriorityDefault, e.ExpiresAt) with { Currency = e.Price.Currency, Cost = e.Price.Amount, PaymentId = e.PaymentId });
    }

    private void Grant(CreditsGranted e)
    {
        Entry.Debit(e.Source switch { GrantSource.Subscription => UnitCode.Subscription, GrantSource.Compensation => UnitCode.Compensation, _ => UnitCode.Promotion }, e.Amount.Value);
        Arrive(e, New(e.Lot, LotKind.Granted, LotOrigin.Grant, e.Amount, e.Priority, e.ExpiresAt) with { Source = e.Source });
    }

    private void AdjustUp(CreditsAdjusted e)
    {
        Entry.Debit(UnitCode.AdjustedUp, e.Amount.Value);
        Arrive(e, New(e.Lot!.Value, LotKind.Granted, LotOrigin.Adjustment, e.Amount, Lot.PriorityDefault, null));
    }

    private void AdjustDown(CreditsAdjusted e)
    {
        Entry.Credit(UnitCode.AdjustedDown, e.Amount.Value);
        Take(e, LotEnd.Depleted, (lot, amount, cost) =>
        {
            Earn(MoneyCode.Forfeited, lot.Currency, cost);
            return lot with { Adjusted = lot.Adjusted + amount, CostAdjusted = lot.CostAdjusted + cost };
        });
    }

    private void Expire(LotExpired e) => Take(e, LotEnd.Expired, (lot, amount, cost) =>
    {
        Entry.Credit(lot.Kind == LotKind.Purchased ? UnitCode.ExpiredPaid : UnitCode.ExpiredFree, amount);
        Earn(MoneyCode.Breakage, lot.Currency, cost);
        return lot with { Expired = lot.Expired + amount, CostExpired = lot.CostExpired + cost };
    });

    // What comes back reverses the revenue of what it was spent for; what then pays other debt is earned again.
    private void GiveBack(ConsumptionRefunded e)
    {
        Entry.Debit(UnitCode.ConsumptionRefunded, e.Amount.Value);
        var debt = e.OwnDebt.Value + PaidIn(e);
        Entry.Credit(UnitCode.Receivable, debt);
        var made = e.Lots ?? [];
        for (var at = 0; at < made.Count; at++)
        {
            if (made[at].TransactionId != e.Id) continue;
            var lot = made[at];
            var parent = lot.Cost is null ? null : made[at + 1].Id.Value;
            Entry.Debit(MoneyCode.RevenueReversed, lot.Cost?.Currency, lot.Cost?.Amount ?? 0);
            Entry.Credit(MoneyCode.Deferred, lot.Cost?.Currency, lot.Cost?.Amount ?? 0);
            Open(New(lot) with { ParentLot = parent }, lot.Amount.Value - lot.Remaining.Value);
            if (parent is null) continue;
            var old = Touch(parent);
            var cost = lot.Cost!.Value.Amount;
            Put(old with { Replaced = old.Replaced + lot.Amount.Value, CostRecognised = old.CostRecognised - cost, CostMoved = old.CostMoved + cost });
        }

        foreach (var (id, amount) in Returned(e))
        {
            var back = Return(Touch(id.Value), amount.Value, PaidBy(e.Pays, id), out var reversed);
            Entry.Debit(MoneyCode.RevenueReversed, back.Currency, reversed);
            Put(back with { GivenBack = back.GivenBack + amount.Value + PaidBy(e.Pays, id), CostRecognised = back.CostRecognised - reversed });
        }
    }

    // Credits that come back to a lot are deferred again; what of them pays debt at once is earned. The caller says what they had been before.
    private LotRow Return(LotRow lot, decimal kept, decimal paid, out long deferred)
    {
        var full = lot.Remaining + kept + paid;
        deferred = lot.CostOf(full, lot.Remaining);
        var earned = lot.CostOf(full, full - paid);
        Entry.Credit(MoneyCode.Deferred, lot.Currency, deferred);
        Earn(MoneyCode.Revenue, lot.Currency, earned);
        Entry.Credit(OutstandingOf(lot.Kind), kept);
        return lot with { Remaining = full - paid, Used = lot.Used + paid, Ended = full > paid ? null : lot.Ended, CostRecognised = lot.CostRecognised + earned };
    }

    // The part's cost is a share of the whole lot, what it was deferred at depends on what remained: a minor unit may lie between them.
    private void Send(CreditsTransferredOut e)
    {
        Entry.Credit(UnitCode.Transfers, e.Amount.Value);
        Take(e, LotEnd.Transferred, (lot, amount, cost) =>
        {
            var moved = lot.CostOf(lot.Amount - lot.Moved, lot.Amount - lot.Moved - amount);
            Entry.Debit(MoneyCode.Deferred, lot.Currency, cost);
            Entry.Credit(MoneyCode.Transfers, lot.Currency, moved);
            Entry.Debit(MoneyCode.Rounding, lot.Currency, moved - cost);
            return lot with { Transferred = lot.Transferred + amount, CostMoved = lot.CostMoved + moved };
        });
        var lots = new List<string>(e.Allocations.Count);
        foreach (var part in e.Allocations) lots.Add(part.Lot!.Value.Value);
        rows.Put(JournalTables.Transfers, new LotTransferRow(tenant, account, e.To.Value, happened.RecordedAt, e.Amount.Value, string.Join(' ', lots)));
    }

    // What was sent tells only which lots the credits were in before. Where the payer's stream has been put aside it has not been read: the receiver is booked all the same, from its own
    // event, and a rebuild gives the lots their parents.
    private void Receive(CreditsTransferredIn e)
    {
        var sent = rows.Find(JournalTables.Transfers, (tenant, e.From.Value, account));
        var parents = sent is not null && sent.RecordedAt == happened.RecordedAt && sent.Amount == e.Amount.Value ? sent.Lots.Split(' ') : [];
        Entry.Debit(UnitCode.Transfers, e.Amount.Value);
        Entry.Credit(UnitCode.Receivable, PaidIn(e));
        for (var at = 0; at < e.Lots.Count; at++)
        {
            var lot = e.Lots[at];
            Entry.Debit(MoneyCode.Transfers, lot.Cost?.Currency, lot.Cost?.Amount ?? 0);
            Entry.Credit(MoneyCode.Deferred, lot.Cost?.Currency, lot.Cost?.Amount ?? 0);
            Open(New(lot) with { ParentAccount = e.From.Value, ParentLot = at < parents.Length ? parents[at] : null }, lot.Amount.Value - lot.Remaining.Value);
        }
    }

    private void Arrive(IncomingEvent e, LotRow lot)
    {
        var paid = PaidIn(e);
        Entry.Credit(UnitCode.Receivable, paid);
        Open(lot, paid);
    }

    // A lot that begins: what pays debt at once is spent, so it is earned.
    private void Open(LotRow lot, decimal paid)
    {
        var earned = lot.CostOf(lot.Amount, lot.Amount - paid);
        Earn(MoneyCode.Revenue, lot.Currency, earned);
        Entry.Credit(OutstandingOf(lot.Kind), lot.Amount - paid);
        Put(lot with { Remaining = lot.Amount - paid, Used = paid, CostRecognised = earned, Ended = lot.Amount == paid ? LotEnd.Depleted : null });
    }

    // Takes an event's credits from its lots, or makes them debt; what that means is for `book`, which is told the cost that was deferred for them.
    private void Take(TransactionEvent e, LotEnd end, Func<LotRow, decimal, long, LotRow> book)
    {
        foreach (var (id, amount) in e.Allocations)
        {
            if (id is not { } known)
            {
                Entry.Debit(UnitCode.Receivable, amount.Value);
                continue;
            }

            var lot = Touch(known.Value);
            var remaining = lot.Remaining - amount.Value;
            Invariant.Holds(remaining >= 0, "no lot gives more than it holds");
            Entry.Debit(OutstandingOf(lot.Kind), amount.Value);
            Put(book(lot with { Remaining = remaining, Ended = remaining > 0 ? null : end }, amount.Value, lot.CostOf(lot.Remaining, remaining)));
        }
    }

    private void Earn(MoneyCode code, string? currency, long cost)
    {
        Entry.Debit(MoneyCode.Deferred, currency, cost);
        Entry.Credit(code, currency, cost);
    }

    private LotRow New(LotId id, LotKind kind, LotOrigin origin, Credits amount, int priority, DateTimeOffset? end) => new()
    {
        Key = new LotKey(tenant, account, id.Value),
        Kind = kind,
        Origin = origin,
        Amount = amount.Value,
        Priority = priority,
        ExpiresAt = end,
        CreatedAt = happened.RecordedAt,
    };

    private LotRow New(Lot lot) => New(lot.Id, lot.Kind, lot.Origin, lot.Amount, lot.Priority, lot.ExpiresAt) with { Source = lot.Source, Currency = lot.Cost?.Currency, Cost = lot.Cost?.Amount ?? 0 };

    // A lot that is there already; of a bought one of an earlier day the day keeps what it was.
    private LotRow Touch(string id)
    {
        var lot = rows.Find(LotTable.Table, new LotKey(tenant, account, id)) ?? throw new InvalidOperationException($"Lot {id} is named before it is made.");
        if (lot.Cost == 0 || DateOnly.FromDateTime(lot.CreatedAt.UtcDateTime) == day.Key.Day) return lot;
        var suffix = id[SuffixStart..];
        foreach (var known in Opening)
        {
            if (known.Lot == suffix) return lot;
        }

        Opening = Opening.Add(new LotOpening(suffix, lot.Remaining, lot.Moved, lot.PurchaseRefunded));
        return lot;
    }

    private void Put(LotRow lot) => rows.Put(LotTable.Table, lot);

    private static UnitCode OutstandingOf(LotKind kind) => kind == LotKind.Purchased ? UnitCode.OutstandingPaid : UnitCode.OutstandingFree;

    private static decimal PaidIn(IncomingEvent e) => Sum(e.Pays);

    private static decimal Sum(ValueList<DebtPayment>? pays)
    {
        var paid = 0m;
        foreach (var payment in pays ?? []) paid += payment.Amount.Value;
        return paid;
    }

    private static decimal PaidBy(ValueList<DebtPayment>? pays, LotId lot)
    {
        var paid = 0m;
        foreach (var payment in pays ?? [])
        {
            if (payment.Lot == lot) paid += payment.Amount.Value;
        }

        return paid;
    }

    // The lots that were there before and got credits back, those included whose credits all paid debt.
    private static List<(LotId Lot, Credits Amount)> Returned(ConsumptionRefunded e)
    {
        var returned = new List<(LotId Lot, Credits Amount)>();
        foreach (var part in e.Allocations)
        {
            if (part.Lot is { } lot && !IsNew(e, lot)) returned.Add((lot, part.Amount));
        }

        foreach (var payment in e.Pays ?? [])
        {
            if (!IsNew(e, payment.Lot) && !returned.Exists(known => known.Lot == payment.Lot)) returned.Add((payment.Lot, Credits.Zero));
        }

        return returned;
    }

    private static bool IsNew(ConsumptionRefunded e, LotId lot)
    {
        foreach (var made in e.Lots ?? [])
        {
            if (made.Id == lot) return made.TransactionId == e.Id;
        }

        return false;
    }
}
