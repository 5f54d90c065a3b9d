using System.Collections.Immutable;

namespace Ledger.Domain.Accounts;

public sealed partial record Account
{
    // What happens to the lots of the next state.
    private sealed partial class Draft
    {
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
                if (changed[at].IsFrozen) frozen -= amount;
                changed[at] = changed[at] with { Remaining = rest, Moved = moved ? changed[at].Moved + amount : changed[at].Moved };
                if (rest.IsPositive) continue;
                emptied++;
                Close(changed[at], id == revoked ? LotEnd.Revoked : end);
            }

            if (emptied > 0) changed.RemoveAll(static lot => !lot.Remaining.IsPositive);
            lots = changed.Capacity == changed.Count ? changed.MoveToImmutable() : changed.ToImmutable();
        }

        private void Set(int at, Lot lot)
        {
            frozen += FrozenIn(lot) - FrozenIn(lots[at]);
            lots = lots.SetItem(at, lot);
        }

        private static Credits FrozenIn(Lot lot) => lot.IsFrozen ? lot.Remaining : Credits.Zero;

        private void PutAll(ValueList<Lot>? some)
        {
            if (some is null) return;
            foreach (var lot in some) Put(lot);
        }

        private void Put(Lot lot)
        {
            var at = Find(lot.Id);
            frozen += FrozenIn(lot);
            if (at >= 0)
            {
                frozen -= FrozenIn(lots[at]);
                lots = lots.RemoveAt(at);
            }

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
