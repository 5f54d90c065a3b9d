using Ledger.Domain;
using Ledger.Domain.Accounts;

namespace Ledger.Api.ReadModels;

// Refunds and disputes of purchases. Money that goes back with a payment lowers the cash clearing; else it is payable, since the account alone knows of it.
internal sealed partial class Bookkeeping
{
    // The purchase's own lot gives its deferred revenue back. What other lots give, they give in place of what was spent: it is earned. What nothing covers is a loss.
    private void Revoke(PurchaseRefunded e)
    {
        Entry.Credit(UnitCode.Revoked, e.Amount.Value);
        var (own, released) = (0m, 0L);
        Take(e, LotEnd.Depleted, (lot, amount, cost) =>
        {
            if (lot.Key.Lot != e.Lot.Value)
            {
                Earn(MoneyCode.Revenue, lot.Currency, cost);
                return lot with { Revoked = lot.Revoked + amount, CostRecognised = lot.CostRecognised + cost };
            }

            Entry.Debit(MoneyCode.Deferred, lot.Currency, cost);
            (own, released) = (amount, cost);
            return lot with { Revoked = lot.Revoked + amount, CostRefunded = lot.CostRefunded + cost, Ended = lot.Remaining > 0 ? null : LotEnd.Revoked };
        });
        var bought = Touch(e.Lot.Value);
        var price = GoBack(ref bought, e.Amount.Value, e.Refund);
        Entry.Debit(own == e.Amount.Value ? MoneyCode.Rounding : MoneyCode.RevenueRefunded, bought.Currency, price - released);
        Lose(ref bought, e.Shortfall?.Amount.Value ?? 0, e.Refund);
        Put(bought);
    }

    private void Uncover(LotId id, decimal shortfall, string? refund)
    {
        var bought = Touch(id.Value);
        Lose(ref bought, shortfall, refund);
        Put(bought);
    }

    // The way back, in reverse. What others had given was earned and stays earned: its lot has no cost.
    private void Restore(PurchaseRestored e)
    {
        Entry.Debit(UnitCode.Revoked, e.Amount.Value);
        Entry.Credit(UnitCode.Receivable, PaidIn(e));
        var bought = Touch(e.Lot.Value);
        Lose(ref bought, -(e.Shortfall?.Amount.Value ?? 0), e.Refund);
        var price = GoBack(ref bought, -e.Amount.Value, e.Refund);
        var deferred = 0L;
        var own = e.Amount.Value - (e.Elsewhere?.Value ?? 0);
        var returned = e.Amount.Value;
        if (e.Lots[0] is var made && made.TransactionId == e.Id)
        {
            returned -= made.Amount.Value;
            var cost = made.Cost?.Amount ?? 0;
            Entry.Credit(MoneyCode.Deferred, made.Cost?.Currency, cost);
            Open(New(made) with { ParentLot = made.Cost is null ? null : e.Lot.Value }, made.Amount.Value - made.Remaining.Value);
            deferred += cost;
            // As if it had been used before it is replaced: its lot has ended, and what goes on from it must have gone.
            if (made.Cost is not null) bought = bought with { Revoked = bought.Revoked - own, Used = bought.Used + own, Replaced = bought.Replaced + own, CostRefunded = bought.CostRefunded - cost, CostMoved = bought.CostMoved + cost };
        }

        if (returned > 0)
        {
            var paid = PaidBy(e.Pays, e.Lot);
            bought = Return(bought, returned - paid, paid, out var cost);
            bought = bought with { Revoked = bought.Revoked - returned, CostRefunded = bought.CostRefunded - cost };
            deferred += cost;
        }

        Entry.Debit(e.Elsewhere is null ? MoneyCode.Rounding : MoneyCode.RevenueRefunded, bought.Currency, price + deferred);
        Put(bought);
    }

    // What a lot pays when its dispute is over is spent, so it is earned.
    private void Unfreeze(LotUnfrozen e)
    {
        var lot = Touch(e.Lot.Value);
        var paid = Sum(e.Pays);
        var earned = lot.CostOf(lot.Remaining, lot.Remaining - paid);
        Entry.Credit(UnitCode.Receivable, paid);
        Entry.Debit(OutstandingOf(lot.Kind), paid);
        Earn(MoneyCode.Revenue, lot.Currency, earned);
        Put(lot with
        {
            Disputes = lot.Disputes - 1,
            Remaining = lot.Remaining - paid,
            Used = lot.Used + paid,
            Ended = paid > 0 && lot.Remaining == paid ? LotEnd.Depleted : lot.Ended,
            CostRecognised = lot.CostRecognised + earned,
        });
    }

    private void Freeze(LotId id)
    {
        var lot = Touch(id.Value);
        Put(lot with { Disputes = lot.Disputes + 1 });
    }

    // The share of the price of credits that are refunded, or below 0 refunded no more; it is counted from what was refunded before.
    private long GoBack(ref LotRow bought, decimal amount, string? refund)
    {
        var after = bought.PurchaseRefunded + amount;
        var price = amount < 0 ? -bought.CostOf(bought.Amount - after, bought.Amount - bought.PurchaseRefunded) : bought.CostOf(bought.Amount - bought.PurchaseRefunded, bought.Amount - after);
        bought = bought with { PurchaseRefunded = after };
        Entry.Credit(refund is null ? MoneyCode.RefundsPayable : MoneyCode.CashRefunded, bought.Currency, price);
        return price;
    }

    private void Lose(ref LotRow bought, decimal amount, string? refund)
    {
        if (amount == 0) return;
        var price = GoBack(ref bought, amount, refund);
        bought = bought with { Shortfall = bought.Shortfall + amount };
        Entry.Debit(MoneyCode.Losses, bought.Currency, price);
    }
}
