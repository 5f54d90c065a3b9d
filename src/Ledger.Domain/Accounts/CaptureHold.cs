using System.Collections.Immutable;

namespace Ledger.Domain.Accounts;

/// <summary>Turns a hold into a consumption.</summary>
public sealed record CaptureHold : AccountCommand
{
    /// <summary>The hold.</summary>
    public required HoldId Hold { get; init; }

    /// <summary>How many; more than 0, less or more than was held. Null: what was held.</summary>
    public Credits? Amount { get; init; }

    /// <summary>What it was spent on; members that are null are the hold's.</summary>
    public Spending? Spending { get; init; }

    /// <inheritdoc/>
    public override Names Names => Names.Of(FactName.Hold(Hold));

    /// <inheritdoc/>
    public override Names NamesMore(Account account, Recollection past) =>
        account.FindHold(Hold) is { } hold && SpendingOf(hold) is { OncePerResource: true, Resource: { } resource } ? Names.Of(FactName.Resource(resource)) : Names.None;

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => CaptureHoldHandler.Handle(this, account, past, now);

    // The hold's, unless given anew.
    internal Spending? SpendingOf(Hold hold)
    {
        if (hold.Spending is not { } held) return Spending;
        if (Spending is not { } anew) return held;
        return new(anew.Service ?? held.Service, anew.Operation ?? held.Operation, anew.Resource ?? held.Resource, anew.OncePerResource || held.OncePerResource, anew.Usage ?? held.Usage);
    }

    internal Note? NoteOf(Hold hold)
    {
        if (hold.Note is not { } held) return Note;
        var note = new Note(Note?.Actor ?? held.Actor, Note?.Description ?? held.Description, Note?.Reference ?? held.Reference, Note?.Metadata ?? held.Metadata, Note?.OccurredAt);
        return note == new Note() ? null : note;
    }
}

/// <summary>Captures holds.</summary>
public static class CaptureHoldHandler
{
    /// <summary>
    /// Draws lots in burn order, also those kept for the hold; what they lack becomes debt. Up to what was held it always succeeds; what goes beyond it needs as much as a consumption would.
    /// Where another consumption has charged the hold's once-only resource meanwhile, nothing is charged: the hold is released, and that consumption answers.
    /// </summary>
    public static Decision Handle(CaptureHold command, Account account, Recollection past, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (command.Amount is { } asked && Checks.Amount(account, "amount", asked) is { } wrong) return Decision.Refuse(wrong);
        if (Checks.Note(command.Note, now) is { } badNote) return Decision.Refuse(badNote);
        var settled = account.SettledAt(now);
        if (ReleaseHoldHandler.Find(command.Hold, account, settled.Account, past, out var hold) is { } notActive) return Decision.Refuse(notActive);
        var state = settled.Account;
        var amount = command.Amount ?? hold!.Amount;
        var spending = command.SpendingOf(hold!);
        if (Checks.Once(spending) is { } noResource) return Decision.Refuse(noResource);

        var events = Checks.Begin(settled);
        if (spending is { OncePerResource: true, Resource: { } resource } && past.Find<ResourceCharged>(FactName.Resource(resource)) is { Version: { } first })
        {
            ReleaseHoldHandler.Release(state, hold!, null, command.Note, now, events);
            return new Decision.AlreadyDone(account.Id, first, [new(account.Id, events.ToImmutable())]);
        }

        var beyond = amount - hold!.Amount;
        if (beyond.IsPositive)
        {
            if (Checks.NotFrozen(account) is { } frozen) return Decision.Refuse(frozen);
            if (beyond > state.Available + state.OverdraftLimit) return Decision.Refuse(new InsufficientCredits(state.Available, beyond));
        }

        var allocations = new List<Allocation>(2);
        var debt = state.DrawFor(hold, amount, now, allocations);
        if (debt.IsPositive) allocations.Add(new(null, debt));
        var answer = events.Count;
        state = state.And(
            new HoldCaptured
            {
                Id = state.NextTransaction,
                Hold = hold.Id,
                Amount = amount,
                Before = state.Balance,
                After = state.Balance - amount,
                Available = state.Available + hold.Amount - amount,
                Allocations = [.. allocations],
                Spending = spending,
                Note = command.NoteOf(hold),
            },
            now,
            events);
        state.LetKeptLotsGo(now.AddTicks(1), now, now, events);
        return Decision.Append(account.Id, events.ToImmutable(), answer);
    }
}
