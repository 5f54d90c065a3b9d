using System.Collections.Immutable;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Accounts;

/// <summary>A period of the account's subscription began, or one that was followed early came to its end: gives what comes with it, and what is left of the period before.</summary>
public sealed record GrantPeriod : AccountCommand
{
    /// <summary>The subscription.</summary>
    public required SubscriptionId Subscription { get; init; }

    /// <summary>The number of the period that the credits are for, from 1.</summary>
    public required long Period { get; init; }

    /// <summary>What comes with it; 0 or more. What the account's scale can't hold of it is left out.</summary>
    public required Credits Amount { get; init; }

    /// <summary>At most so much of what has lapsed rolls; null where the period before has not ended yet.</summary>
    public Credits? RolloverMax { get; init; }

    /// <summary>What had lapsed of the subscription's lots when credits rolled last: of that, nothing rolls any more.</summary>
    public Credits LapsedBefore { get; init; }

    /// <summary>When both end; null for never. One that has passed by now is granted, and lapses at once.</summary>
    public DateTimeOffset? EndsAt { get; init; }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => GrantPeriodHandler.Handle(this, account, now);
}

/// <summary>Gives what comes with a subscription's period.</summary>
public static class GrantPeriodHandler
{
    /// <summary>
    /// Settles what is due, so that all that has ended counts as lapsed. What rolls comes first, as one lot, then the period's own. Debt is paid first; frozen accounts and any number of lots do not stand in the way.
    /// </summary>
    public static Decision Handle(GrantPeriod command, Account account, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (Checks.NotClosed(account) is { } closed) return Decision.Refuse(closed);
        var settled = account.SettledAt(now);
        var state = settled.Account;
        var events = Checks.Begin(settled);
        var rolled = Rolled(command, state);
        if (rolled.IsPositive) state = Give(command, state, rolled, PeriodPart.Rolled, now, events);
        var amount = command.Amount.DownTo(state.Scale);
        if (amount.IsPositive) Give(command, state, amount, PeriodPart.Period, now, events);
        return events.Count == 0 ? Decision.Nothing : Decision.Append(account.Id, events.ToImmutable(), events.Count - 1);
    }

    // How much of what has lapsed since credits rolled last goes on.
    private static Credits Rolled(GrantPeriod command, Account settled) =>
        command.RolloverMax is { } most && settled.Period is { } period && period.Subscription == command.Subscription
            ? Credits.Max(Credits.Zero, Credits.Min(most.DownTo(settled.Scale), period.Lapsed - command.LapsedBefore))
            : Credits.Zero;

    // A period that is over already was missed: what came with it lapses as it would have, and may roll into the next one.
    private static Account Give(GrantPeriod command, Account state, Credits amount, PeriodPart part, DateTimeOffset now, ImmutableArray<AccountEvent>.Builder events)
    {
        var granted = Granted(state, amount, new(command.Subscription, command.Period, part), command.EndsAt, command.Note);
        state = state.And(granted, now, events);
        return command.EndsAt <= now && state.FindLot(granted.Lot) is { } lot ? state.And(state.Expire(lot, lot.Remaining, command.EndsAt.Value), now, events) : state;
    }

    internal static CreditsGranted Granted(Account state, Credits amount, PeriodGrant period, DateTimeOffset? endsAt, Note? note)
    {
        var payer = new DebtPayer(state);
        var id = state.NextTransaction;
        var allocations = payer.AllocationsOf(id.FirstLot, amount);
        return new()
        {
            Id = id,
            Lot = id.FirstLot,
            Amount = amount,
            Source = GrantSource.Subscription,
            Priority = Lot.PriorityDefault,
            ExpiresAt = endsAt,
            Period = period,
            Before = state.Balance,
            After = state.Balance + amount,
            Available = state.Available + amount,
            Allocations = allocations,
            Pays = payer.Payments,
            Note = note,
        };
    }
}
