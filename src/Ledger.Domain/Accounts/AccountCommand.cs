namespace Ledger.Domain.Accounts;

/// <summary>A command on an account. It says which accounts and which past things it needs; these are loaded, and then it is decided.</summary>
public abstract record AccountCommand
{
    /// <summary>The account that it is for.</summary>
    public required AccountId Account { get; init; }

    /// <summary>What is said about it; kept with its transaction.</summary>
    public Note? Note { get; init; }

    /// <summary>A second account that it changes, or null.</summary>
    public virtual AccountId? Other => null;

    /// <summary>What it needs beyond the state, as far as the command alone tells.</summary>
    public virtual Names Names => Names.None;

    /// <summary>What else it needs, once the state and the first load are known.</summary>
    public virtual Names NamesMore(Account account, Recollection past) => Names.None;

    /// <summary>Hands the command to its handler.</summary>
    /// <param name="account">The state of <see cref="Account"/>; an unopened one where there is none.</param>
    /// <param name="other">The state of <see cref="Other"/>, where it names one.</param>
    /// <param name="past">What was loaded for it.</param>
    /// <param name="now">Business time, UTC, in whole microseconds, never before the last event of any account involved.</param>
    public abstract Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now);
}
