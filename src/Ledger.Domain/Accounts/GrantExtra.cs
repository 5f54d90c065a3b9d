using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Accounts;

/// <summary>A dearer plan gives more for the rest of its period.</summary>
public sealed record GrantExtra : AccountCommand
{
    /// <summary>The subscription.</summary>
    public required SubscriptionId Subscription { get; init; }

    /// <summary>The number of its running period.</summary>
    public required long Period { get; init; }

    /// <summary>How many; more than 0. What the account's scale can't hold is left out.</summary>
    public required Credits Amount { get; init; }

    /// <summary>When they end: with the period; null for never.</summary>
    public DateTimeOffset? EndsAt { get; init; }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => GrantExtraHandler.Handle(this, account, now);
}

/// <summary>Gives what an upgrade brings.</summary>
public static class GrantExtraHandler
{
    /// <summary>Makes a lot of its own, so that a downgrade can tell whether it was touched; nothing where the account counts no such small part.</summary>
    public static Decision Handle(GrantExtra command, Account account, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (Checks.NotClosed(account) is { } closed) return Decision.Refuse(closed);
        var amount = command.Amount.DownTo(account.Scale);
        if (!amount.IsPositive) return Decision.Nothing;
        var settled = account.SettledAt(now);
        return Checks.Append(settled, GrantPeriodHandler.Granted(settled.Account, amount, new(command.Subscription, command.Period, PeriodPart.Extra), command.EndsAt, command.Note));
    }
}
