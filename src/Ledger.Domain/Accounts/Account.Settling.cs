using System.Collections.Immutable;

namespace Ledger.Domain.Accounts;

/// <summary>An account on which nothing is due any more, and the events that made it so.</summary>
/// <param name="Account">The state after them.</param>
/// <param name="Events">What was due, in due order; empty where nothing was.</param>
public readonly record struct Settled(Account Account, ImmutableArray<AccountEvent> Events);

// Settling: what is due by a time (ends of holds and lots) becomes events, in due order; at equal times holds come first, then lots in burn order.
public sealed partial record Account
{
    /// <summary>The soonest time at which settling will write something, or a level of its watch was crossed; null where neither is.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            var settling = NextSettling;
            return Watch?.CrossedAt is { } crossed && (settling is null || crossed < settling) ? crossed : settling;
        }
    }

    // A lot that is kept for holds in whole is not due while they live.
    private DateTimeOffset? NextSettling
    {
        get
        {
            var lot = SoonestLotEnd();
            if (Holds.IsEmpty) return lot == DateTimeOffset.MaxValue ? null : lot;
            var hold = DateTimeOffset.MaxValue;
            foreach (var active in Holds)
            {
                if (active.ExpiresAt < hold) hold = active.ExpiresAt;
            }

            if (hold <= lot) return hold;
            var later = Credits.Zero;
            foreach (var each in Lots)
            {
                if (!each.IsFrozen && (each.ExpiresAt is null || each.ExpiresAt > lot)) later += each.Remaining;
            }

            if (later >= Held) return lot; // what ends later is enough for every hold, so nothing of this lot is kept
            Settle(DateTimeOffset.MaxValue, firstOnly: true, out _, out var first);
            return first;
        }
    }

    /// <summary>The account with everything that is due by <paramref name="now"/> settled. Writes nothing: a command that is accepted appends these events before its own.</summary>
    public Settled SettledAt(DateTimeOffset now)
    {
        if (SoonestLotEnd() > now && !AnyHoldEndsBy(now)) return new(this, []);
        var settled = Settle(now, firstOnly: false, out var events, out _);
        return new(settled, events);
    }

    /// <summary>What is available, without the overdraft, once everything due by <paramref name="now"/> is settled.</summary>
    public Credits AvailableAt(DateTimeOffset now) => SettledAt(now).Account.Available;

    private bool AnyHoldEndsBy(DateTimeOffset now)
    {
        foreach (var hold in Holds)
        {
            if (hold.ExpiresAt <= now) return true;
        }

        return false;
    }

    // The soonest end after UpdatedAt. Remembered until the lots change or that time is passed: every command asks.
    private DateTimeOffset SoonestLotEnd()
    {
        var known = soonest;
        if (known > UpdatedAt.UtcTicks) return new(known, TimeSpan.Zero);
        var found = DateTimeOffset.MaxValue;
        foreach (var lot in Lots)
        {
            if (lot.ExpiresAt is { } end && end < found && end > UpdatedAt) found = end;
        }

        soonest = found.UtcTicks;
        return found;
    }

    private Account Settle(DateTimeOffset now, bool firstOnly, out ImmutableArray<AccountEvent> events, out DateTimeOffset? first)
    {
        // Each step costs at most one pass over lots and holds: an account with as many of both as it may have is settled in a blink too.
        var happened = ImmutableArray.CreateBuilder<AccountEvent>();
        var lots = new List<Lot>();
        var unexpired = Credits.Zero;
        var kept = new KeptLots();
        foreach (var lot in Lots)
        {
            if (lot.HasExpiredBy(UpdatedAt))
            {
                kept.Add(lot, lot.Remaining);
                continue;
            }

            if (!lot.IsFrozen) unexpired += lot.Remaining; // what is frozen serves no hold, so nothing of it is kept for one
            if (lot.HasExpiredBy(now)) lots.Add(lot);
        }

        kept.Sort();
        lots.Sort(ByEnd);
        var reserved = new ReservedBefore(Holds);
        var holds = new List<Hold>();
        foreach (var hold in Holds)
        {
            if (hold.ExpiresAt <= now) holds.Add(hold);
        }

        holds.Sort(static (left, right) => left.ExpiresAt == right.ExpiresAt ? left.Id.CompareTo(right.Id) : left.ExpiresAt.CompareTo(right.ExpiresAt));

        var state = this;
        first = null;
        int nextLot = 0, nextHold = 0, passed = 0;
        while (nextLot < lots.Count || nextHold < holds.Count)
        {
            var before = happened.Count;
            DateTimeOffset at;
            if (nextHold < holds.Count && (nextLot == lots.Count || holds[nextHold].ExpiresAt <= lots[nextLot].ExpiresAt))
            {
                var hold = holds[nextHold++];
                at = hold.ExpiresAt;
                state = state.And(new HoldExpired { Hold = hold.Id, Amount = hold.Amount }, now, happened);
                reserved.End(hold);
                foreach (var (lot, cut) in kept.ShrinkFor(state.Holds)) state = state.And(state.Expire(lot, cut, at), now, happened);
            }
            else
            {
                var lot = lots[nextLot++];
                at = lot.ExpiresAt!.Value;
                for (; passed < lots.Count && lots[passed].ExpiresAt <= at; passed++)
                {
                    if (!lots[passed].IsFrozen) unexpired -= lots[passed].Remaining;
                }

                var keep = lot.IsFrozen ? Credits.Zero : Credits.Min(lot.Remaining, Credits.Max(Credits.Zero, reserved.By(at) - unexpired - kept.Sum));
                if (keep.IsPositive) kept.Add(lot, keep);
                if (keep < lot.Remaining) state = state.And(state.Expire(lot, lot.Remaining - keep, at), now, happened);
            }

            if (happened.Count == before) continue;
            first ??= at;
            if (firstOnly) break;
        }

        events = happened.ToImmutable();
        return state;
    }

    /// <summary>This and one more event.</summary>
    internal Account And(AccountEvent next, DateTimeOffset now, ImmutableArray<AccountEvent>.Builder events)
    {
        events.Add(next);
        return Evolve(next, now);
    }

    /// <summary>
    /// After a hold has ended: lots that ended before <paramref name="before"/> shrink to what the holds that are left can use of them, those that ended first first.
    /// A hold can use the lots that ended after it was placed; so what ended by a time can serve no more than the holds placed before that time.
    /// </summary>
    internal Account LetKeptLotsGo(DateTimeOffset before, DateTimeOffset at, DateTimeOffset now, ImmutableArray<AccountEvent>.Builder events)
    {
        var kept = new KeptLots();
        foreach (var lot in Lots)
        {
            if (lot.ExpiresAt < before) kept.Add(lot, lot.Remaining);
        }

        if (kept.Sum.IsZero) return this;
        kept.Sort();
        var state = this;
        foreach (var (lot, cut) in kept.ShrinkFor(Holds)) state = state.And(state.Expire(lot, cut, at), now, events);
        return state;
    }

    private static int ByEnd(Lot left, Lot right) => left.ExpiresAt == right.ExpiresAt ? Lot.Compare(left, right) : left.ExpiresAt!.Value.CompareTo(right.ExpiresAt!.Value);

    // What has ended and is kept for holds, in order of its end.
    private sealed class KeptLots
    {
        private readonly List<(Lot Lot, Credits Left)> lots = [];
        private int start;

        public Credits Sum { get; private set; }

        public void Add(Lot lot, Credits left)
        {
            lots.Add((lot, left));
            Sum += left;
        }

        public void Sort() => lots.Sort(static (left, right) => ByEnd(left.Lot, right.Lot));

        // A hold can use the lots that ended after it was placed, so what ended by a time can serve no more than the holds placed before it: those that ended first give way first.
        public List<(Lot Lot, Credits Cut)> ShrinkFor(ImmutableArray<Hold> holdsByAge)
        {
            var cuts = new List<(Lot Lot, Credits Cut)>();
            Credits sum = Credits.Zero, reserved = Credits.Zero;
            var hold = 0;
            for (var last = start; last < lots.Count; last++)
            {
                for (; hold < holdsByAge.Length && holdsByAge[hold].CreatedAt < lots[last].Lot.ExpiresAt; hold++) reserved += holdsByAge[hold].Amount;
                sum += lots[last].Left;
                for (var excess = sum - reserved; excess.IsPositive;)
                {
                    var (lot, left) = lots[start];
                    var cut = Credits.Min(excess, left);
                    (excess, sum, Sum) = (excess - cut, sum - cut, Sum - cut);
                    if (cuts.Count > 0 && cuts[^1].Lot.Id == lot.Id) cuts[^1] = (lot, cuts[^1].Cut + cut);
                    else if (cut.IsPositive) cuts.Add((lot, cut));
                    lots[start] = (lot, left - cut);
                    if (cut == left) start++;
                }
            }

            return cuts;
        }
    }

    // What active holds reserve that were placed before a time; asked for times that only rise.
    private sealed class ReservedBefore(ImmutableArray<Hold> holdsByAge)
    {
        private readonly HashSet<HoldId> ended = [];
        private Credits sum;
        private int next;

        public Credits By(DateTimeOffset time)
        {
            for (; next < holdsByAge.Length && holdsByAge[next].CreatedAt < time; next++)
            {
                if (!ended.Contains(holdsByAge[next].Id)) sum += holdsByAge[next].Amount;
            }

            return sum;
        }

        public void End(Hold hold)
        {
            ended.Add(hold.Id);
            if (next > 0 && holdsByAge[next - 1].Id.CompareTo(hold.Id) >= 0) sum -= hold.Amount;
        }
    }

    internal LotExpired Expire(Lot lot, Credits amount, DateTimeOffset at) => new()
    {
        Id = NextTransaction,
        Lot = lot.Id,
        Amount = amount,
        Before = Balance,
        After = Balance - amount,
        Available = lot.IsFrozen ? Available : Available - amount,
        Allocations = [new(lot.Id, amount)],
        Note = new(OccurredAt: at),
    };
}
