using System.Collections.Immutable;

namespace Ledger.Domain.Accounts;

/// <summary>Lets a hold go without spending.</summary>
public sealed record ReleaseHold : AccountCommand
{
    /// <summary>The hold.</summary>
    public required HoldId Hold { get; init; }

    /// <summary>What the call used that came to nothing.</summary>
    public Usage? Usage { get; init; }

    /// <inheritdoc/>
    public override Names Names => Names.Of(FactName.Hold(Hold));

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => ReleaseHoldHandler.Handle(this, account, past, now);
}

/// <summary>Releases holds.</summary>
public static class ReleaseHoldHandler
{
    /// <summary>Ends the hold; what was kept of ended lots for it alone expires with it.</summary>
    public static Decision Handle(ReleaseHold command, Account account, Recollection past, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (Checks.Note(command.Note, now) is { } wrong) return Decision.Refuse(wrong);
        var settled = account.SettledAt(now);
        if (Find(command.Hold, account, settled.Account, past, out var hold) is { } notActive) return Decision.Refuse(notActive);
        var events = Checks.Begin(settled);
        Release(settled.Account, hold!, command.Usage, command.Note, now, events);
        return Decision.Append(account.Id, events.ToImmutable(), settled.Events.Length);
    }

    // The active hold, or why there is none. One that has ended just now is still in the state before settling.
    internal static Refusal? Find(HoldId id, Account account, Account settled, Recollection past, out Hold? hold)
    {
        hold = settled.FindHold(id);
        if (hold is not null) return null;
        var ended = past.Find<HoldEnded>(FactName.Hold(id));
        var justExpired = account.FindHold(id) is not null;
        if (ended is null && !justExpired) return new HoldNotFound(id);
        return Checks.NotClosed(account) ?? new HoldNotActive(id, justExpired ? HoldState.Expired : ended!.State);
    }

    internal static Account Release(Account state, Hold hold, Usage? usage, Note? note, DateTimeOffset now, ImmutableArray<AccountEvent>.Builder events) =>
        state.And(new HoldReleased { Hold = hold.Id, Amount = hold.Amount, Usage = usage, Note = note }, now, events).LetKeptLotsGo(now.AddTicks(1), now, now, events);
}
