using System.Collections.Immutable;

namespace Ledger.Domain.Accounts;

// ---- Events: what happened. Names and members are stored for ever; a member is only ever added, and then optional. ----

/// <summary>Something that happened to an account. A closed family.</summary>
public abstract record AccountEvent
{
    private protected AccountEvent()
    {
    }
}

/// <summary>An event that moved the balance. <see cref="Before"/>, <see cref="After"/> and <see cref="Available"/> are witnesses: answers and audits read them, the state never does.</summary>
public abstract record TransactionEvent : AccountEvent
{
    private protected TransactionEvent()
    {
    }

    /// <summary>The transaction's id, which names this event's version.</summary>
    public required TransactionId Id { get; init; }

    /// <summary>How much was moved; more than 0.</summary>
    public required Credits Amount { get; init; }

    /// <summary>The balance before.</summary>
    public required Credits Before { get; init; }

    /// <summary>The balance after.</summary>
    public required Credits After { get; init; }

    /// <summary>What was available after, without the overdraft.</summary>
    public required Credits Available { get; init; }

    /// <summary>From or to which lots, in the order taken or given; without a lot: debt made or paid.</summary>
    public required ValueList<Allocation> Allocations { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }

    /// <summary>The type that clients see.</summary>
    public abstract TransactionType Type();

    /// <summary>Whether the balance rose or fell.</summary>
    public abstract Direction Direction();
}

/// <summary>Credits that came in: they pay the debt that stands first.</summary>
public abstract record IncomingEvent : TransactionEvent
{
    private protected IncomingEvent()
    {
    }

    /// <summary>Which debts were paid, by which lots, in that order; null where none stood.</summary>
    public ValueList<DebtPayment>? Pays { get; init; }
}

/// <summary>A consumption, at once or by a capture.</summary>
public abstract record ConsumptionEvent : TransactionEvent
{
    private protected ConsumptionEvent()
    {
    }

    /// <summary>What the credits were spent on.</summary>
    public Spending? Spending { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Consumption;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Debit;
}

/// <summary>The account exists from here on.</summary>
public sealed record AccountOpened : AccountEvent
{
    /// <summary>16 random characters that its ids carry; see <see cref="AccountTag"/>.</summary>
    public required string Tag { get; init; }

    /// <summary>Whose it is.</summary>
    public required Owner Owner { get; init; }

    /// <summary>The unit that it counts.</summary>
    public required string Unit { get; init; }

    /// <summary>The decimals of its amounts, 0 to 6.</summary>
    public required int Scale { get; init; }

    /// <summary>How far below 0 consumptions may go.</summary>
    public required Credits OverdraftLimit { get; init; }

    /// <summary>What the app notes on it.</summary>
    public Metadata? Metadata { get; init; }
}

/// <summary>Settings were changed; what is null stayed.</summary>
public sealed record AccountChanged : AccountEvent
{
    /// <summary>The new overdraft limit.</summary>
    public Credits? OverdraftLimit { get; init; }

    /// <summary>The new metadata, in place of the old.</summary>
    public Metadata? Metadata { get; init; }
}

/// <summary>Credits were bought.</summary>
public sealed record CreditsPurchased : IncomingEvent
{
    /// <summary>The lot that they are.</summary>
    public required LotId Lot { get; init; }

    /// <summary>What was paid.</summary>
    public required Money Price { get; init; }

    /// <summary>The payment that this counts, once in a tenant.</summary>
    public string? PaymentId { get; init; }

    /// <summary>When they end.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Purchase;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Credit;
}

/// <summary>Credits were given.</summary>
public sealed record CreditsGranted : IncomingEvent
{
    /// <summary>The lot that they are.</summary>
    public required LotId Lot { get; init; }

    /// <summary>Why.</summary>
    public required GrantSource Source { get; init; }

    /// <summary>0 to 255; lower burns first.</summary>
    public required int Priority { get; init; }

    /// <summary>When they end.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Grant;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Credit;
}

/// <summary>Credits were spent at once.</summary>
public sealed record CreditsConsumed : ConsumptionEvent;

/// <summary>A consumption was taken back, in whole or in part.</summary>
public sealed record ConsumptionRefunded : IncomingEvent
{
    /// <summary>The consumption.</summary>
    public required TransactionId RefundOf { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>By how much the debt that the consumption itself had made was lowered.</summary>
    public Credits OwnDebt { get; init; }

    /// <summary>How much of the consumption has been refunded with this.</summary>
    public required RefundedSoFar SoFar { get; init; }

    /// <summary>The resource that may be charged again, where this completed the refund of a once-only charge.</summary>
    public Resource? Freed { get; init; }

    /// <summary>Lots that this makes, opens again, or changes after their end, as they are after it. Other lots only gain their allocation.</summary>
    public ValueList<Lot>? Lots { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.ConsumptionRefund;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Credit;
}

/// <summary>A purchase was taken back, in whole or in part.</summary>
public sealed record PurchaseRefunded : TransactionEvent
{
    /// <summary>The purchase.</summary>
    public required TransactionId RefundOf { get; init; }

    /// <summary>The purchase's lot.</summary>
    public required LotId Lot { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>The purchase's lot as it is after this, where it held nothing any more before it.</summary>
    public ValueList<Lot>? Lots { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.PurchaseRefund;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Debit;
}

/// <summary>The balance was corrected.</summary>
public sealed record CreditsAdjusted : IncomingEvent
{
    /// <summary>Whether it was corrected down.</summary>
    public bool Negative { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>The lot that a correction up makes.</summary>
    public LotId? Lot { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Adjustment;

    /// <inheritdoc/>
    public override Direction Direction() => Negative ? Accounts.Direction.Debit : Accounts.Direction.Credit;
}

/// <summary>Credits went to another account.</summary>
public sealed record CreditsTransferredOut : TransactionEvent
{
    /// <summary>That account.</summary>
    public required AccountId To { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Transfer;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Debit;
}

/// <summary>Credits came from another account.</summary>
public sealed record CreditsTransferredIn : IncomingEvent
{
    /// <summary>That account.</summary>
    public required AccountId From { get; init; }

    /// <summary>The lots that came, in the payer's burn order; one that paid debt alone holds nothing.</summary>
    public required ValueList<Lot> Lots { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Transfer;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Credit;
}

/// <summary>An amount was reserved.</summary>
public sealed record HoldPlaced : AccountEvent
{
    /// <summary>The hold.</summary>
    public required HoldId Id { get; init; }

    /// <summary>What it reserves.</summary>
    public required Credits Amount { get; init; }

    /// <summary>When it ends by itself.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>What it is for.</summary>
    public Spending? Spending { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}

/// <summary>A hold became a consumption; what it reserved beyond the amount is free again.</summary>
public sealed record HoldCaptured : ConsumptionEvent
{
    /// <summary>The hold.</summary>
    public required HoldId Hold { get; init; }
}

/// <summary>A hold was let go.</summary>
public sealed record HoldReleased : AccountEvent
{
    /// <summary>The hold.</summary>
    public required HoldId Hold { get; init; }

    /// <summary>What it had reserved.</summary>
    public required Credits Amount { get; init; }

    /// <summary>What the call used that came to nothing.</summary>
    public Usage? Usage { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}

/// <summary>A hold's time ended.</summary>
public sealed record HoldExpired : AccountEvent
{
    /// <summary>The hold.</summary>
    public required HoldId Hold { get; init; }

    /// <summary>What it had reserved.</summary>
    public required Credits Amount { get; init; }
}

/// <summary>A lot's time ended, or that of the holds that a part of it was kept for. Its note says when that was.</summary>
public sealed record LotExpired : TransactionEvent
{
    /// <summary>The lot.</summary>
    public required LotId Lot { get; init; }

    /// <inheritdoc/>
    public override TransactionType Type() => TransactionType.Expiry;

    /// <inheritdoc/>
    public override Direction Direction() => Accounts.Direction.Debit;
}

/// <summary>Nothing may be spent from here on.</summary>
public sealed record AccountFrozen : AccountEvent
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}

/// <summary>All goes on as before.</summary>
public sealed record AccountUnfrozen : AccountEvent
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}

/// <summary>The account ended, for good.</summary>
public sealed record AccountClosed : AccountEvent
{
    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>What the command said about itself.</summary>
    public Note? Note { get; init; }
}

// ---- State: what the next decision needs, and no more. What is over leaves it as a fact. ----

/// <summary>An account as its events made it. Immutable; equal to another one when all that is saved of them is.</summary>
public sealed partial record Account
{
    /// <summary>The most lots that may hold something at once.</summary>
    public const int LotsMax = 10_000;

    /// <summary>The most holds that may be active at once.</summary>
    public const int HoldsMax = 1_000;

    /// <summary>The most transactions whose debt may stand at once; captures and refunds of purchases, which are never refused for it, may pass it.</summary>
    public const int DebtsMax = 10_000;

    private long soonest; // UTC ticks of the soonest end of a lot that is not settled yet; 0 where not looked for

    /// <summary>Its name.</summary>
    public required AccountId Id { get; init; }

    /// <summary>How many events made it; 0 when it was never opened.</summary>
    public long Version { get; init; }

    /// <summary>What its ids carry; see <see cref="AccountTag"/>.</summary>
    public string Tag { get; init; } = "";

    /// <summary>Whose it is.</summary>
    public Owner Owner { get; init; } = new(OwnerKind.User, "");

    /// <summary>The unit that it counts.</summary>
    public string Unit { get; init; } = "";

    /// <summary>The decimals of its amounts, 0 to 6.</summary>
    public int Scale { get; init; }

    /// <summary>How far below 0 consumptions, holds and captures may take what is available.</summary>
    public Credits OverdraftLimit { get; init; }

    /// <summary>What the app notes on it.</summary>
    public Metadata Metadata { get; init; } = Metadata.Empty;

    /// <summary>Open, frozen or closed.</summary>
    public AccountStatus Status { get; init; }

    /// <summary>When it was opened.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its last event was recorded. Everything due by then has been settled, so a lot that ended by then and still holds something is kept for holds.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What its lots hold, less its debt.</summary>
    public Credits Balance { get; init; }

    /// <summary>What its active holds reserve.</summary>
    public Credits Held { get; init; }

    /// <summary>What stands of its debts, together.</summary>
    public Credits Debt { get; init; }

    /// <summary>Everything that ever came and went.</summary>
    public Totals Totals { get; init; } = Totals.Zero;

    /// <summary>The lots that hold something, in burn order.</summary>
    public ImmutableArray<Lot> Lots
    {
        get;
        init
        {
            field = value;
            soonest = 0;
        }
    } = [];

    /// <summary>The active holds, oldest first.</summary>
    public ImmutableArray<Hold> Holds { get; init; } = [];

    /// <summary>The debts that stand, oldest first.</summary>
    public ImmutableArray<Debt> Debts { get; init; } = [];

    /// <summary>The facts that the last event produced, in order. Not saved.</summary>
    public ImmutableArray<Fact> Left { get; init; } = [];

    /// <summary>Whether it was ever opened.</summary>
    public bool Exists => Version > 0;

    /// <summary>Credits of lots whose payment is disputed: they count and can't be spent. No event disputes a lot yet, so it is 0.</summary>
    public Credits Frozen { get; init; }

    /// <summary>What may be spent without the overdraft; below 0 where that is used.</summary>
    public Credits Available => Balance - Held - Frozen;

    /// <summary>An account that was never opened.</summary>
    public static Account Unopened(AccountId id) => new() { Id = id };

    /// <summary>A lot that holds something, or null.</summary>
    public Lot? FindLot(LotId id)
    {
        foreach (var lot in Lots)
        {
            if (lot.Id == id) return lot;
        }

        return null;
    }

    /// <summary>An active hold, or null.</summary>
    public Hold? FindHold(HoldId id)
    {
        var at = IndexOf(id);
        return at < 0 ? null : Holds[at];
    }

    /// <summary>All that ends at the soonest time after <paramref name="now"/>, or null where nothing ends. Ask the state as settled at that time.</summary>
    public (Credits Amount, DateTimeOffset At)? NextExpiryAfter(DateTimeOffset now)
    {
        var at = DateTimeOffset.MaxValue;
        var amount = Credits.Zero;
        foreach (var lot in Lots)
        {
            if (lot.ExpiresAt is not { } end || end <= now || end > at) continue;
            amount = end == at ? amount + lot.Remaining : lot.Remaining;
            at = end;
        }

        return amount.IsZero ? null : (amount, at);
    }

    /// <summary>Whether all that is saved of both is equal.</summary>
    public bool Equals(Account? other) =>
        other is not null && Id == other.Id && Version == other.Version && Tag == other.Tag && Owner == other.Owner && Unit == other.Unit && Scale == other.Scale && OverdraftLimit == other.OverdraftLimit
        && Metadata.Equals(other.Metadata) && Status == other.Status && CreatedAt == other.CreatedAt && UpdatedAt == other.UpdatedAt && Balance == other.Balance && Held == other.Held && Debt == other.Debt && Frozen == other.Frozen
        && Totals == other.Totals && Lots.AsSpan().SequenceEqual(other.Lots.AsSpan()) && Holds.AsSpan().SequenceEqual(other.Holds.AsSpan()) && Debts.AsSpan().SequenceEqual(other.Debts.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Version);

    private int IndexOf(HoldId id)
    {
        int low = 0, high = Holds.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Holds[middle].Id.CompareTo(id);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }

        return -1;
    }

    // ---- Evolve: total, without rules. What was decided stands in the event; witnesses are never read. ----

    /// <summary>The account after <paramref name="happened"/>, which was recorded at <paramref name="recordedAt"/> as its next version.</summary>
    public Account Evolve(AccountEvent happened, DateTimeOffset recordedAt)
    {
        var next = new Draft(this, recordedAt);
        switch (happened)
        {
            case CreditsConsumed e: next.Consumed(e); break;
            case HoldCaptured e: next.Captured(e); break;
            case HoldPlaced e: next.Placed(e); break;
            case HoldReleased e: next.Ended(e.Hold, HoldState.Released, Credits.Zero, e.Usage); break;
            case HoldExpired e: next.Ended(e.Hold, HoldState.Expired, Credits.Zero, null); break;
            case CreditsGranted e: next.Granted(e); break;
            case CreditsPurchased e: next.Purchased(e); break;
            case ConsumptionRefunded e: next.Refunded(e); break;
            case PurchaseRefunded e: next.Revoked(e); break;
            case CreditsAdjusted e: next.Adjusted(e); break;
            case CreditsTransferredOut e: next.TransferredOut(e); break;
            case CreditsTransferredIn e: next.TransferredIn(e); break;
            case LotExpired e: next.Expired(e); break;
            case AccountOpened e:
                return next.Finish() with { Tag = e.Tag, Owner = e.Owner, Unit = e.Unit, Scale = e.Scale, OverdraftLimit = e.OverdraftLimit, Metadata = e.Metadata ?? Metadata.Empty, CreatedAt = recordedAt };
            case AccountChanged e:
                return next.Finish() with { OverdraftLimit = e.OverdraftLimit ?? OverdraftLimit, Metadata = e.Metadata ?? Metadata };
            case AccountFrozen: return next.Finish() with { Status = AccountStatus.Frozen };
            case AccountUnfrozen: return next.Finish() with { Status = AccountStatus.Open };
            case AccountClosed: return next.Finish() with { Status = AccountStatus.Closed };
        }

        return next.Finish();
    }

    // The next state in the making: mutable while one event is applied, and nowhere else.
    private sealed class Draft(Account was, DateTimeOffset recordedAt)
    {
        private readonly long version = was.Version + 1;
        private ImmutableArray<Lot> lots = was.Lots;
        private ImmutableArray<Hold> holds = was.Holds;
        private ImmutableArray<Debt> debts = was.Debts;
        private Credits balance = was.Balance;
        private Credits held = was.Held;
        private Credits debt = was.Debt;
        private Totals totals = was.Totals;
        private List<Fact>? left;

        public Account Finish() => lots == was.Lots
            ? was with { Version = version, UpdatedAt = recordedAt, Balance = balance, Held = held, Debt = debt, Totals = totals, Holds = holds, Debts = debts, Left = left is null ? [] : [.. left] }
            : was with { Version = version, UpdatedAt = recordedAt, Balance = balance, Held = held, Debt = debt, Totals = totals, Lots = lots, Holds = holds, Debts = debts, Left = left is null ? [] : [.. left] };

        public void Consumed(ConsumptionEvent e)
        {
            Take(e, LotEnd.Depleted);
            totals = totals with { Consumed = totals.Consumed + e.Amount };
            if (e.Spending is { OncePerResource: true, Resource: { } resource }) Leave(FactName.Resource(resource), new ResourceCharged(version));
        }

        public void Captured(HoldCaptured e)
        {
            Consumed(e);
            Ended(e.Hold, HoldState.Captured, e.Amount, null);
        }

        public void Placed(HoldPlaced e)
        {
            holds = holds.Add(new(e.Id, e.Amount, recordedAt, e.ExpiresAt, e.Spending, e.Note));
            held += e.Amount;
        }

        public void Ended(HoldId id, HoldState state, Credits captured, Usage? usage)
        {
            var at = was.IndexOf(id);
            if (at < 0) return;
            var hold = holds[at];
            holds = holds.RemoveAt(at);
            held -= hold.Amount;
            Leave(FactName.Hold(id), new HoldEnded(hold, state, captured, recordedAt, version, usage));
        }

        public void Granted(CreditsGranted e)
        {
            Open(e, new() { Id = e.Lot, Kind = LotKind.Granted, Source = e.Source, Origin = LotOrigin.Grant, Amount = e.Amount, Remaining = Kept(e), Priority = e.Priority, ExpiresAt = e.ExpiresAt, CreatedAt = recordedAt, TransactionId = e.Id });
            totals = totals with { Granted = totals.Granted + e.Amount };
        }

        public void Purchased(CreditsPurchased e)
        {
            Open(e, new()
            {
                Id = e.Lot, Kind = LotKind.Purchased, Origin = LotOrigin.Purchase, Amount = e.Amount, Remaining = Kept(e), Priority = Lot.PriorityDefault, ExpiresAt = e.ExpiresAt, Cost = e.Price, CreatedAt = recordedAt, TransactionId = e.Id,
            });
            totals = totals with { Purchased = totals.Purchased + e.Amount };
            if (e.PaymentId is { } payment) Leave(FactName.Payment(payment), new PaymentCounted(was.Id, version, e.Amount));
        }

        public void Adjusted(CreditsAdjusted e)
        {
            if (e.Negative)
            {
                Take(e, LotEnd.Depleted);
                totals = totals with { Adjusted = totals.Adjusted - e.Amount };
                return;
            }

            if (e.Lot is { } lot)
            {
                Open(e, new() { Id = lot, Kind = LotKind.Granted, Origin = LotOrigin.Adjustment, Amount = e.Amount, Remaining = Kept(e), Priority = Lot.PriorityDefault, CreatedAt = recordedAt, TransactionId = e.Id });
            }

            totals = totals with { Adjusted = totals.Adjusted + e.Amount };
        }

        public void TransferredIn(CreditsTransferredIn e)
        {
            Come(e);
            foreach (var lot in e.Lots) Put(lot);
            totals = totals with { Transferred = totals.Transferred + e.Amount };
        }

        public void TransferredOut(CreditsTransferredOut e)
        {
            Take(e, LotEnd.Transferred, moved: true);
            totals = totals with { Transferred = totals.Transferred - e.Amount };
        }

        public void Expired(LotExpired e)
        {
            Take(e, LotEnd.Expired);
            totals = totals with { Expired = totals.Expired + e.Amount };
        }

        public void Refunded(ConsumptionRefunded e)
        {
            if (e.OwnDebt.IsPositive) LowerDebt(e.RefundOf.Version, e.OwnDebt);
            Come(e);
            foreach (var (lot, amount) in e.Allocations)
            {
                if (lot is not { } id || Among(e.Lots, id)) continue;
                var at = Find(id);
                if (at >= 0) lots = lots.SetItem(at, lots[at] with { Remaining = lots[at].Remaining + amount });
            }

            if (e.Lots is not null)
            {
                foreach (var lot in e.Lots) Put(lot);
            }

            totals = totals with { Refunded = totals.Refunded + e.Amount };
            Leave(FactName.Refunds(e.RefundOf.Version), new ConsumptionRefunds(e.SoFar));
            if (e.Freed is { } resource) Leave(FactName.Resource(resource), new ResourceCharged(null));
        }

        public void Revoked(PurchaseRefunded e)
        {
            var own = Find(e.Lot);
            if (own >= 0) lots = lots.SetItem(own, lots[own] with { Revoked = lots[own].Revoked + e.Amount });
            Take(e, LotEnd.Depleted, revoked: e.Lot);
            if (e.Lots is not null)
            {
                foreach (var lot in e.Lots) Put(lot);
            }

            totals = totals with { Revoked = totals.Revoked + e.Amount };
        }

        // What a lot that comes with a transaction holds: all but what paid debt.
        private static Credits Kept(IncomingEvent e)
        {
            var kept = e.Amount;
            if (e.Pays is null) return kept;
            foreach (var payment in e.Pays) kept -= payment.Amount;
            return kept;
        }

        private static bool Among(ValueList<Lot>? some, LotId id)
        {
            if (some is null) return false;
            foreach (var lot in some)
            {
                if (lot.Id == id) return true;
            }

            return false;
        }

        private void Open(IncomingEvent e, Lot lot)
        {
            Come(e);
            Put(lot);
        }

        private void Come(IncomingEvent e)
        {
            balance += e.Amount;
            if (e.Pays is null) return;
            var index = 0;
            foreach (var payment in e.Pays)
            {
                LowerDebt(payment.Debt, payment.Amount);
                Leave(FactName.Paid(payment.Debt, version, index++), new DebtPaid(payment.Lot, payment.Amount));
            }
        }

        private void LowerDebt(long made, Credits amount)
        {
            for (var at = 0; at < debts.Length; at++)
            {
                if (debts[at].Version != made) continue;
                var rest = debts[at].Left - amount;
                debts = rest.IsPositive ? debts.SetItem(at, new(made, rest)) : debts.RemoveAt(at);
                debt -= amount;
                return;
            }
        }

        // Allocations stand in burn order nearly always, so one walk finds them all; what is elsewhere is looked for from the start.
        private void Take(TransactionEvent e, LotEnd end, bool moved = false, LotId? revoked = null)
        {
            balance -= e.Amount;
            var changed = lots.ToBuilder();
            var at = 0;
            var emptied = 0;
            foreach (var (lot, amount) in e.Allocations)
            {
                if (lot is not { } id)
                {
                    debts = debts.Add(new(version, amount));
                    debt += amount;
                    continue;
                }

                at = Find(changed, id, at);
                if (at < 0)
                {
                    at = 0;
                    continue;
                }

                var rest = changed[at].Remaining - amount;
                changed[at] = changed[at] with { Remaining = rest, Moved = moved ? changed[at].Moved + amount : changed[at].Moved };
                if (rest.IsPositive) continue;
                emptied++;
                Close(changed[at], id == revoked ? LotEnd.Revoked : end);
            }

            if (emptied > 0) changed.RemoveAll(static lot => !lot.Remaining.IsPositive);
            lots = changed.Capacity == changed.Count ? changed.MoveToImmutable() : changed.ToImmutable();
        }

        private void Put(Lot lot)
        {
            var at = Find(lot.Id);
            if (at >= 0) lots = lots.RemoveAt(at);
            if (!lot.Remaining.IsPositive)
            {
                Close(lot, lot.Ended ?? LotEnd.Depleted);
                return;
            }

            int low = 0, high = lots.Length;
            while (low < high)
            {
                var middle = (low + high) >>> 1;
                if (Lot.Compare(lots[middle], lot) < 0) low = middle + 1;
                else high = middle;
            }

            lots = lots.Insert(low, lot);
        }

        private void Close(Lot lot, LotEnd end) => Leave(FactName.Lot(lot.Id), new LotClosed(lot with { Ended = end }));

        private void Leave(FactName name, FactBody body) => (left ??= []).Add(new(name, body));

        private int Find(LotId id)
        {
            for (var at = 0; at < lots.Length; at++)
            {
                if (lots[at].Id == id) return at;
            }

            return -1;
        }

        private static int Find(ImmutableArray<Lot>.Builder lots, LotId id, int from)
        {
            for (var at = from; at < lots.Count; at++)
            {
                if (lots[at].Id == id) return at;
            }

            for (var at = 0; at < from; at++)
            {
                if (lots[at].Id == id) return at;
            }

            return -1;
        }
    }
}
