using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Ledger.EventStore.Verification;

namespace Ledger.Api.Verification;

/// <summary>What must hold on an account besides what the store sees: the balances that an event carries as a witness, and that the state's sums are those of its parts.</summary>
internal sealed class AccountAudit : IStreamAudit
{
    public string Kind => AccountModel.StreamKind;

    public Disagreement? Witness(StreamRef stream, object before, object @event, object after)
    {
        var (was, now) = ((Account)before, (Account)after);
        if (was.Exists == @event is AccountOpened) return new("an account is opened once, by its first event", was.Exists ? "any other event" : nameof(AccountOpened), @event.GetType().Name);
        if (@event is LotFrozen frozen) return Compare("what it froze, which the event carries", was.Available - now.Available, frozen.Amount);
        if (@event is LotUnfrozen freed) return Compare("what it freed, which the event carries", now.Available - was.Available, freed.Amount);
        if (@event is not TransactionEvent e) return null;
        if (e.Before != was.Balance) return new("the balance before it, which the event carries", was.Balance.ToString(), e.Before.ToString());
        if (e.After != now.Balance) return new("the balance after it, which the event carries", now.Balance.ToString(), e.After.ToString());
        if (e.Available != now.Available) return new("what is available after it, which the event carries", now.Available.ToString(), e.Available.ToString());
        var expected = TransactionId.For(now.Tag, now.Version);
        return e.Id == expected ? null : new("the transaction's id names its account and version", expected.Value, e.Id.Value);
    }

    public Disagreement? Whole(object state)
    {
        var account = (Account)state;
        Credits remaining = 0, debt = 0, held = 0, frozen = 0;
        foreach (var lot in account.Lots)
        {
            remaining += lot.Remaining;
            if (lot.IsFrozen) frozen += lot.Remaining;
        }

        foreach (var stands in account.Debts) debt += stands.Left;
        foreach (var hold in account.Holds) held += hold.Amount;
        var t = account.Totals;
        var moved = t.Purchased + t.Granted + t.Refunded + t.Adjusted + t.Transferred - t.Consumed - t.Revoked - t.Expired;
        return Compare("the balance is what the lots hold less the debt", remaining - debt, account.Balance)
            ?? Compare("the balance is the sum of all that came and went", moved, account.Balance)
            ?? Compare("the debt is the sum of the debts", debt, account.Debt)
            ?? Compare("what is held is the sum of the holds", held, account.Held)
            ?? Compare("what is frozen is what disputed lots hold", frozen, account.Frozen);
    }

    public bool MayAnswer(short answer, object @event) => answer == AnswerKind.Unchanged || (answer == AnswerKind.Already && @event is TransactionEvent);

    private static Disagreement? Compare(string what, Credits expected, Credits found) => expected == found ? null : new(what, expected.ToString(), found.ToString());
}
