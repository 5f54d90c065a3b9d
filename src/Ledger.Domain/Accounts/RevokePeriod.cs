using System.Collections.Immutable;

namespace Ledger.Domain.Accounts;

/// <summary>The money for a subscription's period has gone back: what is left of what came with it is taken.</summary>
public sealed record RevokePeriod : AccountCommand
{
    /// <summary>The lots that came with it.</summary>
    public required ValueList<LotId> Lots { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => RevokePeriodHandler.Handle(this, account, now);
}

/// <summary>Takes back what came with a period.</summary>
public static class RevokePeriodHandler
{
    /// <summary>Takes what the lots still hold, up to what is available: what holds may need stays for them. What was spent is spent.</summary>
    public static Decision Handle(RevokePeriod command, Account account, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (Checks.NotClosed(account) is { } closed) return Decision.Refuse(closed);
        var settled = account.SettledAt(now);
        var state = settled.Account;
        var most = state.Available;
        var taken = ImmutableArray.CreateBuilder<Allocation>();
        foreach (var id in command.Lots)
        {
            if (state.FindLot(id) is not { IsFrozen: false } lot || lot.HasExpiredBy(now)) continue;
            var amount = Credits.Min(lot.Remaining, most);
            if (!amount.IsPositive) continue;
            taken.Add(new(lot.Id, amount));
            most -= amount;
        }

        if (taken.Count == 0) return Decision.Nothing;
        var all = Credits.Max(Credits.Zero, state.Available - most);
        return Checks.Append(settled, new CreditsAdjusted
        {
            Id = state.NextTransaction,
            Negative = true,
            Amount = all,
            Reason = command.Reason,
            Before = state.Balance,
            After = state.Balance - all,
            Available = state.Available - all,
            Allocations = [.. taken],
            Note = command.Note,
        });
    }
}
