using System.Collections.Immutable;

namespace Ledger.Domain.Accounts;

public sealed partial record Account
{
    // ---- Evolve: total, without rules. What was decided stands in the event; witnesses are never read. ----

    /// <summary>The account after <paramref name="happened"/>, which was recorded at <paramref name="recordedAt"/> as its next version.</summary>
    public Account Evolve(AccountEvent happened, DateTimeOffset recordedAt)
    {
        var next = Applied(happened, recordedAt);
        return next.Watch is { CrossedAt: null } watch && (watch.IsCrossedBy(next) || next.Period?.ResetsAt != Period?.ResetsAt) ? next with { Watch = watch with { CrossedAt = recordedAt } } : next;
    }

    private Account Applied(AccountEvent happened, DateTimeOffset recordedAt)
    {
        var next = new Draft(this, recordedAt);
        switch (happened)
        {
            case CreditsConsumed e: next.Consumed(e); break;
            case HoldCaptured e: next.Captured(e); break;
            case HoldPlaced e: next.Placed(e); break;
            case HoldReleased e: next.Released(e); break;
            case HoldExpired e: next.Ended(e.Hold, HoldState.Expired, Credits.Zero, null); break;
            case CreditsGranted e: next.Granted(e); break;
            case CreditsPurchased e: next.Purchased(e); break;
            case ConsumptionRefunded e: next.Refunded(e); break;
            case PurchaseRefunded e: next.Revoked(e); break;
            case PurchaseRestored e: next.Restored(e); break;
            case ShortfallRecorded e: next.Uncovered(e.Lot, e.Shortfall.Amount, e.Lots); break;
            case ShortfallLifted e: next.Uncovered(e.Lot, -e.Shortfall.Amount, e.Lots); break;
            case LotFrozen e: next.Froze(e); break;
            case LotUnfrozen e: next.Unfroze(e); break;
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
            case AccountWatched e:
                return next.Finish() with { Watch = e.Below is null && e.Above is null && e.Spent is null && e.Calls is null ? null : new(e.Below, e.Above, e.Spent, Calls: e.Calls) };
            case AccountClosed: return next.Finish() with { Status = AccountStatus.Closed };
        }

        return next.Finish();
    }

    // The next state in the making: mutable while one event is applied, and nowhere else.
    private sealed partial class Draft(Account was, DateTimeOffset recordedAt)
    {
        private readonly long version = was.Version + 1;
        private ImmutableArray<Lot> lots = was.Lots;
        private ImmutableArray<Hold> holds = was.Holds;
        private ImmutableArray<Debt> debts = was.Debts;
        private Credits balance = was.Balance;
        private Credits held = was.Held;
        private Credits debt = was.Debt;
        private Credits frozen = was.Frozen;
        private Totals totals = was.Totals;
        private PeriodCredits? period = was.Period;
        private long calls = was.Calls;
        private List<Fact>? left;

        public Account Finish() => lots == was.Lots
            ? was with { Version = version, UpdatedAt = recordedAt, Balance = balance, Held = held, Debt = debt, Frozen = frozen, Totals = totals, Period = period, Calls = calls, Holds = holds, Debts = debts, Left = left is null ? [] : [.. left] }
            : was with { Version = version, UpdatedAt = recordedAt, Balance = balance, Held = held, Debt = debt, Frozen = frozen, Totals = totals, Period = period, Calls = calls, Lots = lots, Holds = holds, Debts = debts, Left = left is null ? [] : [.. left] };

        public void Consumed(ConsumptionEvent e)
        {
            Take(e, LotEnd.Depleted);
            totals = totals with { Consumed = totals.Consumed + e.Amount };
            calls++;
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

        public void Released(HoldReleased e)
        {
            Ended(e.Hold, HoldState.Released, Credits.Zero, e.Usage);
            if (e.Usage is not null) calls++;
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
            Open(e, new()
            {
                Id = e.Lot,
                Kind = LotKind.Granted,
                Source = e.Source,
                Origin = LotOrigin.Grant,
                Amount = e.Amount,
                Remaining = Kept(e),
                Priority = e.Priority,
                ExpiresAt = e.ExpiresAt,
                CreatedAt = recordedAt,
                TransactionId = e.Id,
                Subscription = e.Period?.Subscription,
            });
            totals = totals with { Granted = totals.Granted + e.Amount };
            if (e.Period is not { } came) return;
            if (period?.Subscription != came.Subscription) period = new(came.Subscription, Credits.Zero);
            if (came.Part == PeriodPart.Period) period = period with { ResetsAt = e.ExpiresAt };
        }

        public void Purchased(CreditsPurchased e)
        {
            Open(e, new()
            {
                Id = e.Lot,
                Kind = LotKind.Purchased,
                Origin = LotOrigin.Purchase,
                Amount = e.Amount,
                Remaining = Kept(e),
                Priority = Lot.PriorityDefault,
                ExpiresAt = e.ExpiresAt,
                Cost = e.Price,
                CreatedAt = recordedAt,
                TransactionId = e.Id,
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
            if (period is not null && Find(e.Lot) is >= 0 and var at && lots[at].Subscription == period.Subscription) period = period with { Lapsed = period.Lapsed + e.Amount };
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
                if (at >= 0) Set(at, lots[at] with { Remaining = lots[at].Remaining + amount });
            }

            PutAll(e.Lots);
            totals = totals with { Refunded = totals.Refunded + e.Amount };
            Leave(FactName.Refunds(e.RefundOf.Version), new ConsumptionRefunds(e.SoFar));
            if (e.Freed is { } resource) Leave(FactName.Resource(resource), new ResourceCharged(null));
        }

        public void Revoked(PurchaseRefunded e)
        {
            var own = Find(e.Lot);
            if (own >= 0) Set(own, lots[own].Refunded(e.Amount, e.Elsewhere ?? Credits.Zero, e.Shortfall?.Amount ?? Credits.Zero));
            Take(e, LotEnd.Depleted, revoked: e.Lot);
            PutAll(e.Lots);
            totals = totals with { Revoked = totals.Revoked + e.Amount };
        }

        public void Restored(PurchaseRestored e)
        {
            Come(e);
            PutAll(e.Lots);
            totals = totals with { Revoked = totals.Revoked - e.Amount };
        }

        public void Uncovered(LotId id, Credits shortfall, ValueList<Lot>? closed)
        {
            var at = Find(id);
            if (at >= 0) Set(at, lots[at].Refunded(Credits.Zero, Credits.Zero, shortfall));
            PutAll(closed);
        }

        public void Froze(LotFrozen e)
        {
            var at = Find(e.Lot);
            if (at >= 0) Set(at, lots[at].Disputed(e.Dispute));
            PutAll(e.Lots);
        }

        public void Unfroze(LotUnfrozen e)
        {
            var at = Find(e.Lot);
            if (at >= 0)
            {
                var lot = lots[at].Undisputed(e.Dispute);
                Put(lot with { Remaining = lot.Remaining - Pay(e.Pays) });
            }

            PutAll(e.Lots);
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
            Pay(e.Pays);
        }

        private Credits Pay(ValueList<DebtPayment>? payments)
        {
            var paid = Credits.Zero;
            if (payments is null) return paid;
            var index = 0;
            foreach (var payment in payments)
            {
                LowerDebt(payment.Debt, payment.Amount);
                Leave(FactName.Paid(payment.Debt, version, index++), new DebtPaid(payment.Lot, payment.Amount));
                paid += payment.Amount;
            }

            return paid;
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
    }
}
