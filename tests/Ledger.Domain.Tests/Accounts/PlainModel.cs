using Ledger.Domain.Accounts;

namespace Ledger.Domain.Tests.Accounts;

/// <summary>
/// The rules once more, as plainly as can be: lists, sorted anew each time, and decimals. It shares no code with the domain but ids and commands; it says whether a command is accepted and what every
/// lot, hold and debt is after it.
/// </summary>
internal sealed partial class PlainModel
{
    public sealed class Bucket
    {
        public required LotId Id;
        public bool Purchased;
        public bool Bought;
        public int Priority = 100;
        public DateTimeOffset? End;
        public decimal Amount;
        public decimal Left;
        public decimal Revoked;
        public decimal Elsewhere;
        public decimal Shortfall;
        public List<string> Disputes = [];

        public bool Disputed => Disputes.Count > 0;
    }

    public sealed class Owed
    {
        public required long Version;
        public decimal Left;
        public List<(LotId Lot, decimal Amount)> PaidBy = [];
    }

    public sealed class Spent
    {
        public decimal Amount;
        public decimal Refunded;
        public List<(LotId Lot, decimal Amount)> From = [];
    }

    public sealed class Purse
    {
        public required string Tag;
        public long Version;
        public decimal Overdraft;
        public bool Frozen;
        public List<Bucket> Buckets = [];
        public List<(HoldId Id, decimal Amount, DateTimeOffset At, DateTimeOffset End)> Holds = [];
        public List<Owed> Debts = [];
        public Dictionary<long, Spent> Spendings = [];
        public HashSet<LotId> Kept = [];

        public decimal Debt => Debts.Sum(debt => debt.Left);

        public decimal Balance => Buckets.Sum(bucket => bucket.Left) - Debt;

        public decimal Held => Holds.Sum(hold => hold.Amount);

        public decimal DisputedCredits => Buckets.Where(bucket => bucket.Disputed).Sum(bucket => bucket.Left);

        public decimal Available => Balance - Held - DisputedCredits;

        public IEnumerable<Bucket> Order => Buckets.Where(bucket => bucket.Left > 0).OrderBy(bucket => bucket.Priority).ThenBy(bucket => bucket.End ?? DateTimeOffset.MaxValue).ThenBy(bucket => bucket.Purchased).ThenBy(bucket => bucket.Id.Value, StringComparer.Ordinal);

        public Purse Copy() => new()
        {
            Tag = Tag,
            Version = Version,
            Overdraft = Overdraft,
            Frozen = Frozen,
            Buckets = [.. Buckets.Select(bucket => new Bucket { Id = bucket.Id, Purchased = bucket.Purchased, Bought = bucket.Bought, Priority = bucket.Priority, End = bucket.End, Amount = bucket.Amount, Left = bucket.Left, Revoked = bucket.Revoked, Elsewhere = bucket.Elsewhere, Shortfall = bucket.Shortfall, Disputes = [.. bucket.Disputes] })],
            Holds = [.. Holds],
            Debts = [.. Debts.Select(debt => new Owed { Version = debt.Version, Left = debt.Left, PaidBy = [.. debt.PaidBy] })],
            Spendings = Spendings.ToDictionary(each => each.Key, each => new Spent { Amount = each.Value.Amount, Refunded = each.Value.Refunded, From = [.. each.Value.From] }),
            Kept = [.. Kept],
        };
    }

    public Dictionary<AccountId, Purse> Purses = [];

    /// <summary>Whether the command is accepted; a refused one leaves everything as it was.</summary>
    public bool Send(AccountCommand command, DateTimeOffset now)
    {
        var before = Purses.ToDictionary(each => each.Key, each => each.Value.Copy());
        var purse = Purses.GetValueOrDefault(command.Account);
        if (purse is not null) Settle(purse, now);
        var accepted = command switch
        {
            OpenAccount open => Purses.TryAdd(open.Account, new() { Tag = open.Tag, Version = 1, Overdraft = open.OverdraftLimit?.Value ?? 0 }),
            SettleDue => true,
            FreezeAccount => Do(purse!, !purse!.Frozen, () => purse.Frozen = true),
            UnfreezeAccount => Do(purse!, purse!.Frozen, () => purse.Frozen = false),
            GrantCredits grant => Come(purse!, grant.Amount.Value, new() { Id = Next(purse!), Priority = grant.Priority ?? 100, End = grant.ExpiresAt }),
            PurchaseCredits buy => Come(purse!, buy.CreditAmount.Value, new() { Id = Next(purse!), Purchased = true, Bought = true, End = buy.ExpiresAt }),
            AdjustCredits { Amount.Value: > 0 } up => Come(purse!, up.Amount.Value, new() { Id = Next(purse!) }),
            AdjustCredits down => Do(purse!, !purse!.Frozen && -down.Amount.Value <= purse.Available, () => Take(purse, -down.Amount.Value, now)),
            ConsumeCredits consume => Do(purse!, !purse!.Frozen && consume.Amount.Value <= purse.Available + purse.Overdraft, () => Spend(purse, consume.Amount.Value, now, null)),
            HoldCredits hold => Do(purse!, !purse!.Frozen && hold.Amount.Value <= purse.Available + purse.Overdraft, () => purse.Holds.Add((HoldId.For(purse.Tag, purse.Version + 1), hold.Amount.Value, now, hold.ExpiresAt ?? now.AddMinutes(15)))),
            CaptureHold capture => Capture(purse!, capture, now),
            ReleaseHold release => Release(purse!, release.Hold, now),
            RefundConsumption refund => Refund(purse!, refund, now),
            RefundPurchase refund => Revoke(purse!, refund, now),
            RevokePurchase revoke => Revoke(purse!, revoke, now),
            RestorePurchase restore => Restore(purse!, restore, now),
            FreezeLot freeze => Freeze(purse!, freeze, now),
            UnfreezeLot unfreeze => Unfreeze(purse!, unfreeze),
            TransferCredits transfer => Transfer(purse!, transfer, now),
            _ => throw new NotSupportedException(command.ToString()),
        };
        if (!accepted) Purses = before;
        return accepted;
    }

    private static LotId Next(Purse purse, int part = 0) => LotId.For(purse.Tag, purse.Version + 1, part);

    private static bool Do(Purse purse, bool allowed, Action change)
    {
        if (!allowed) return false;
        change();
        purse.Version++;
        return true;
    }

    private static decimal PayDebts(Purse purse, LotId by, decimal amount)
    {
        foreach (var debt in purse.Debts.Where(debt => debt.Left > 0).OrderBy(debt => debt.Version))
        {
            var part = Math.Min(amount, debt.Left);
            if (part == 0) break;
            debt.Left -= part;
            debt.PaidBy.Add((by, part));
            amount -= part;
        }

        return amount;
    }

    private static bool Come(Purse purse, decimal amount, Bucket bucket) => Do(purse, true, () =>
    {
        bucket.Amount = amount;
        bucket.Left = PayDebts(purse, bucket.Id, amount);
        purse.Buckets.Add(bucket);
    });

    private static List<(LotId Lot, decimal Amount)> Take(Purse purse, decimal amount, DateTimeOffset now)
    {
        var parts = new List<(LotId, decimal)>();
        foreach (var bucket in purse.Order.Where(bucket => !bucket.Disputed && !(bucket.End <= now)).ToList())
        {
            var part = Math.Min(amount, bucket.Left);
            if (part == 0) break;
            bucket.Left -= part;
            amount -= part;
            parts.Add((bucket.Id, part));
        }

        if (amount > 0) purse.Debts.Add(new() { Version = purse.Version + 1, Left = amount });
        return parts;
    }

    private static void Spend(Purse purse, decimal amount, DateTimeOffset now, List<(LotId, decimal)>? kept)
    {
        var rest = amount - (kept?.Sum(part => part.Item2) ?? 0);
        var from = Take(purse, rest, now).Concat(kept ?? []);
        purse.Spendings[purse.Version + 1] = new() { Amount = amount, From = [.. from] };
    }

    private static bool Capture(Purse purse, CaptureHold capture, DateTimeOffset now)
    {
        var hold = purse.Holds.Find(each => each.Id == capture.Hold);
        if (hold.Id == default) return false;
        var amount = capture.Amount?.Value ?? hold.Amount;
        if (amount > hold.Amount && (purse.Frozen || amount - hold.Amount > purse.Available + purse.Overdraft)) return false;
        var from = new List<(Bucket Bucket, decimal Amount)>();
        var quota = Math.Min(amount, hold.Amount);
        var rest = amount;
        foreach (var careful in new[] { true, false })
        {
            foreach (var bucket in purse.Order.Where(bucket => !bucket.Disputed).ToList())
            {
                var usable = bucket.Left;
                if (bucket.End <= now)
                {
                    if (hold.At >= bucket.End) continue;
                    var others = purse.Holds.Where(each => each.Id != hold.Id && each.At < bucket.End).Sum(each => each.Amount);
                    var elsewhere = purse.Buckets.Where(each => each != bucket && !each.Disputed && (!(each.End <= now) || each.End >= bucket.End)).Sum(each => each.Left);
                    if (careful) usable = Math.Max(0, usable - Math.Max(0, others - elsewhere));
                    usable = Math.Min(usable, quota);
                }

                var part = Math.Min(rest, usable);
                if (part == 0) continue;
                bucket.Left -= part;
                rest -= part;
                if (bucket.End <= now) quota -= part;
                from.Add((bucket, part));
            }
        }

        if (rest > 0) purse.Debts.Add(new() { Version = purse.Version + 1, Left = rest });
        var inOrder = from.GroupBy(part => part.Bucket).Select(group => (Bucket: group.Key, Amount: group.Sum(part => part.Amount)))
            .OrderBy(part => part.Bucket.Priority).ThenBy(part => part.Bucket.End ?? DateTimeOffset.MaxValue).ThenBy(part => part.Bucket.Purchased).ThenBy(part => part.Bucket.Id.Value, StringComparer.Ordinal);
        purse.Spendings[purse.Version + 1] = new() { Amount = amount, From = [.. inOrder.Select(part => (part.Bucket.Id, part.Amount))] };
        purse.Holds.Remove(hold);
        purse.Version++;
        Shrink(purse);
        return true;
    }

    private static bool Release(Purse purse, HoldId id, DateTimeOffset now) =>
        Do(purse, purse.Holds.RemoveAll(hold => hold.Id == id) > 0, () => { }) && Shrink(purse);

    // What ended by a time serves only holds placed before it: from the first end on, what is too much goes, first ended first.
    private static bool Shrink(Purse purse)
    {
        var kept = purse.Buckets.Where(bucket => purse.Kept.Contains(bucket.Id) && bucket.Left > 0).OrderBy(bucket => bucket.End).ThenBy(bucket => bucket.Priority).ThenBy(bucket => bucket.Purchased).ThenBy(bucket => bucket.Id.Value, StringComparer.Ordinal).ToList();
        var touched = new HashSet<Bucket>();
        foreach (var last in kept)
        {
            var mine = kept.TakeWhile(bucket => bucket != last).Append(last).ToList();
            var excess = mine.Sum(bucket => bucket.Left) - purse.Holds.Where(hold => hold.At < last.End).Sum(hold => hold.Amount);
            foreach (var bucket in mine)
            {
                var cut = Math.Max(0, Math.Min(excess, bucket.Left));
                if (cut == 0) continue;
                bucket.Left -= cut;
                excess -= cut;
                touched.Add(bucket);
            }
        }

        purse.Version += touched.Count;
        return true;
    }

    private static void Settle(Purse purse, DateTimeOffset now)
    {
        while (true)
        {
            var hold = purse.Holds.Where(each => each.End <= now).OrderBy(each => each.End).ThenBy(each => each.Id.Value, StringComparer.Ordinal).FirstOrDefault();
            var lot = purse.Order.Where(each => each.End <= now && !purse.Kept.Contains(each.Id)).OrderBy(each => each.End).FirstOrDefault();
            if (hold.Id == default && lot is null) return;
            if (hold.Id != default && (lot is null || hold.End <= lot.End))
            {
                Release(purse, hold.Id, now);
                continue;
            }

            var end = lot!.End!.Value;
            var needed = purse.Holds.Where(each => each.At < end).Sum(each => each.Amount);
            var others = purse.Buckets.Where(each => !each.Disputed && (each.End is null || each.End > end || purse.Kept.Contains(each.Id))).Sum(each => each.Left);
            var keep = lot.Disputed ? 0 : Math.Min(lot.Left, Math.Max(0, needed - others));
            if (keep < lot.Left) purse.Version++;
            lot.Left = keep;
            purse.Kept.Add(lot.Id);
        }
    }

    private static bool Refund(Purse purse, RefundConsumption refund, DateTimeOffset now)
    {
        if (!purse.Spendings.TryGetValue(refund.Transaction.Version, out var spent)) return false;
        var amount = refund.Amount?.Value ?? spent.Amount - spent.Refunded;
        if (amount == 0 || amount > spent.Amount - spent.Refunded) return false;
        spent.Refunded += amount;
        var own = purse.Debts.Find(debt => debt.Version == refund.Transaction.Version);
        var lowered = Math.Min(amount, own?.Left ?? 0);
        if (own is not null) own.Left -= lowered;
        var back = new List<(LotId Lot, decimal Amount)>();
        var rest = amount - lowered;
        foreach (var list in new[] { own?.PaidBy ?? [], spent.From })
        {
            for (var at = list.Count - 1; at >= 0 && rest > 0; at--)
            {
                var part = Math.Min(rest, list[at].Amount);
                list[at] = (list[at].Lot, list[at].Amount - part);
                rest -= part;
                if (part == 0) continue;
                var known = back.FindIndex(each => each.Lot == list[at].Lot);
                if (known < 0) back.Add((list[at].Lot, part));
                else back[known] = (list[at].Lot, back[known].Amount + part);
            }
        }

        var made = 0;
        foreach (var (id, part) in back)
        {
            var bucket = purse.Buckets.Single(each => each.Id == id);
            if (bucket.End <= now)
            {
                bucket = new() { Id = Next(purse, made++), Purchased = bucket.Purchased, Priority = bucket.Priority, End = now.AddDays(30), Amount = part };
                purse.Buckets.Add(bucket);
            }

            bucket.Left += bucket.Disputed ? part : PayDebts(purse, bucket.Id, part);
        }

        purse.Version++;
        return true;
    }

    private bool Transfer(Purse from, TransferCredits transfer, DateTimeOffset now)
    {
        if (!Purses.TryGetValue(transfer.To, out var to) || to == from || from.Frozen || transfer.Amount.Value > from.Available) return false;
        Settle(to, now);
        var part = 0;
        foreach (var (id, amount) in Take(from, transfer.Amount.Value, now))
        {
            var bucket = from.Buckets.Single(each => each.Id == id);
            var lot = Next(to, part++);
            to.Buckets.Add(new() { Id = lot, Purchased = bucket.Purchased, Priority = bucket.Priority, End = bucket.End, Amount = amount, Left = PayDebts(to, lot, amount) });
        }

        from.Version++;
        to.Version++;
        return true;
    }
}
