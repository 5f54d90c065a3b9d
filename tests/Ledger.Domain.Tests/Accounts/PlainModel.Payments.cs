using Ledger.Domain.Accounts;

namespace Ledger.Domain.Tests.Accounts;

// Refunds and disputes of purchases, once more.
internal sealed partial class PlainModel
{
    private static Bucket? Bought(Purse purse, TransactionId purchase) => purse.Buckets.Find(each => each.Id == purchase.FirstLot && each.Bought);

    private static decimal Free(Purse purse, Bucket lot, DateTimeOffset now)
    {
        var free = lot.End <= now ? 0 : Math.Min(lot.Left, lot.Amount - lot.Revoked);
        return lot.Disputed ? free : Math.Max(0, Math.Min(free, purse.Available));
    }

    private static void TakeBack(Purse purse, Bucket lot, decimal amount, DateTimeOffset now)
    {
        lot.Revoked += amount;
        var rest = amount;
        var others = purse.Order.Where(each => each != lot && !each.Disputed).ToList();
        foreach (var bucket in new[] { lot }.Concat(others.Where(each => !(each.End <= now))).Concat(others.Where(each => each.End <= now)))
        {
            var part = Math.Min(rest, bucket.Left);
            bucket.Left -= part;
            rest -= part;
            if (bucket == lot) lot.Elsewhere += rest;
        }

        if (rest > 0) purse.Debts.Add(new() { Version = purse.Version + 1, Left = rest });
        purse.Version++;
    }

    private static bool Revoke(Purse purse, RefundPurchase refund, DateTimeOffset now)
    {
        if (Bought(purse, refund.Transaction) is not { } lot) return false;
        var (left, can) = (lot.Amount - lot.Revoked, Free(purse, lot, now));
        var amount = refund.Amount?.Value ?? (refund.AllowDebt ? left : can);
        if (amount == 0 || amount > left || (!refund.AllowDebt && amount > can)) return false;
        TakeBack(purse, lot, amount, now);
        return true;
    }

    private static bool Revoke(Purse purse, RevokePurchase revoke, DateTimeOffset now)
    {
        if (Bought(purse, revoke.Transaction) is not { } lot) return false;
        var (left, wanted) = (lot.Amount - lot.Revoked, revoke.Amount.Value);
        if (!revoke.FromProvider && (wanted > left || (!revoke.AllowDebt && wanted > Free(purse, lot, now)))) return false;
        wanted = Math.Min(wanted, left);
        if (wanted == 0) return false;
        var covered = revoke.AllowDebt ? wanted : Math.Min(wanted, lot.Left);
        lot.Revoked += wanted - covered;
        lot.Shortfall += wanted - covered;
        if (covered > 0) TakeBack(purse, lot, covered, now);
        else purse.Version++;
        return true;
    }

    private static bool Restore(Purse purse, RestorePurchase restore, DateTimeOffset now)
    {
        if (Bought(purse, restore.Transaction) is not { } lot) return false;
        var undone = Math.Min(restore.Amount.Value, lot.Revoked);
        if (undone == 0) return false;
        var shortfall = Math.Min(undone, lot.Shortfall);
        var elsewhere = Math.Min(undone - shortfall, lot.Elsewhere);
        var own = undone - shortfall - elsewhere;
        lot.Revoked -= undone;
        lot.Shortfall -= shortfall;
        lot.Elsewhere -= elsewhere;
        var ended = lot.End <= now;
        var anew = ended ? own + elsewhere : elsewhere;
        if (anew > 0)
        {
            var bucket = new Bucket { Id = Next(purse), Purchased = true, Priority = lot.Priority, End = ended ? now.AddDays(30) : lot.End, Amount = anew };
            bucket.Left = PayDebts(purse, bucket.Id, anew);
            purse.Buckets.Add(bucket);
        }

        if (!ended) lot.Left += lot.Disputed ? own : PayDebts(purse, lot.Id, own);
        purse.Version++;
        return true;
    }

    private static bool Freeze(Purse purse, FreezeLot freeze, DateTimeOffset now)
    {
        if (Bought(purse, freeze.Transaction) is not { } lot || lot.Disputes.Contains(freeze.Dispute)) return false;
        lot.Disputes.Add(freeze.Dispute);
        if (lot.End <= now && lot.Left > 0)
        {
            lot.Left = 0;
            purse.Version++;
        }

        purse.Version++;
        return true;
    }

    private static bool Unfreeze(Purse purse, UnfreezeLot unfreeze)
    {
        if (Bought(purse, unfreeze.Transaction) is not { } lot || !lot.Disputes.Remove(unfreeze.Dispute)) return false;
        if (!lot.Disputed) lot.Left = PayDebts(purse, lot.Id, lot.Left);
        purse.Version++;
        return true;
    }
}
