namespace Ledger.Domain.Accounts;

/// <summary>
/// Levels at which somebody wants to hear of an account. That one was crossed is told by the state, once; then it waits to be set anew. It also counts as crossed when the credits of another period come, since limits may be others from then on.
/// </summary>
/// <param name="Below">Crossed when less than this is available.</param>
/// <param name="Above">Crossed when this or more is available.</param>
/// <param name="Spent">Crossed when this or more was ever consumed, less what was refunded of it.</param>
/// <param name="CrossedAt">When one of them was crossed: the account is due from then on. Null while none is.</param>
/// <param name="Calls">Crossed when so many calls or more were ever counted.</param>
public sealed record AccountWatch(Credits? Below = null, Credits? Above = null, Credits? Spent = null, DateTimeOffset? CrossedAt = null, long? Calls = null)
{
    /// <summary>Whether there is nothing to watch for.</summary>
    public bool IsEmpty => Below is null && Above is null && Spent is null && Calls is null;

    /// <summary>Whether an account is beyond one of the levels.</summary>
    public bool IsCrossedBy(Account account)
    {
        ArgumentNullException.ThrowIfNull(account);
        return account.Available < Below || account.Available >= Above || account.Totals.Spent() >= Spent || account.Calls >= Calls;
    }
}

/// <summary>Sets the levels of an account's watch anew; the account's quotas send it. What is due is settled with it, so that the levels are held against what is true.</summary>
public sealed record WatchAccount : AccountCommand
{
    /// <summary>The levels; an empty one ends the watch.</summary>
    public required AccountWatch Watch { get; init; }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => WatchAccountHandler.Handle(this, account, now);
}

/// <summary>Sets watches.</summary>
public static class WatchAccountHandler
{
    /// <summary>Nothing happens where the same watch stands uncrossed. A closed account is watched by nobody.</summary>
    public static Decision Handle(WatchAccount command, Account account, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        var wanted = account.Status == AccountStatus.Closed || command.Watch.IsEmpty ? null : command.Watch with { CrossedAt = null };
        if (wanted == account.Watch) return Decision.Nothing;
        return Checks.Append(account.SettledAt(now), new AccountWatched { Below = wanted?.Below, Above = wanted?.Above, Spent = wanted?.Spent, Calls = wanted?.Calls });
    }
}
