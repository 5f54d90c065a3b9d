using Ledger.Domain.Accounts;

namespace Ledger.Domain;

/// <summary>Why a command was not done. A closed family: each has the data that its answer shows.</summary>
public abstract record Refusal
{
    private protected Refusal()
    {
    }

    /// <summary>One or two sentences for the caller: what is wrong and what to do about it.</summary>
    public abstract string Detail { get; }
}

/// <summary>There is no such account (404).</summary>
public sealed record AccountNotFound(AccountId Account) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"There is no account {Account}. Open it first.";
}

/// <summary>The account has no such transaction, or it is of another type (404).</summary>
public sealed record TransactionNotFound(TransactionId Transaction) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"This account has no transaction {Transaction} of the type that the command needs. Take the id from this account's transactions.";
}

/// <summary>The account never had such a hold (404).</summary>
public sealed record HoldNotFound(HoldId Hold) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"This account has no hold {Hold}. Take the id from the answer that placed it.";
}

/// <summary>An amount is out of range or has more decimals than the account (400).</summary>
public sealed record InvalidAmount(string Member, string Message) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"{Member} {Message}.";
}

/// <summary>A member of the request can't be what it is (400).</summary>
public sealed record InvalidRequest(string Member, string Message) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"{Member} {Message}.";
}

/// <summary>The caller may not set an overdraft (403).</summary>
public sealed record OverdraftNotAllowed : Refusal
{
    /// <inheritdoc/>
    public override string Detail => "Only an administrator sets another overdraft limit. Leave overdraftLimit out, or send it with an administrator's key.";
}

/// <summary>The account is closed for good (409).</summary>
public sealed record AccountIsClosed(AccountId Account) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"Account {Account} is closed for good. Use another account.";
}

/// <summary>The account is frozen (409).</summary>
public sealed record AccountIsFrozen(AccountId Account) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"Account {Account} is frozen: nothing may be spent, held or transferred out until an administrator unfreezes it.";
}

/// <summary>The hold has ended (409).</summary>
public sealed record HoldNotActive(HoldId Hold, HoldState State) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"Hold {Hold} has ended ({State switch { HoldState.Captured => "captured", HoldState.Released => "released", _ => "expired" }}). Place a new one, or consume directly.";
}

/// <summary>More is asked back than is left to refund (409).</summary>
public sealed record AlreadyRefunded(TransactionId Transaction, Credits Left) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"Of {Transaction}, {Left} is left to refund. Ask for no more than that.";
}

/// <summary>What is asked does not go with how things stand (409).</summary>
public sealed record Conflict(string What) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => What;
}

/// <summary>One more would pass a limit of the account (409).</summary>
public sealed record LimitReached(string What, int Max) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"An account has at most {Max} {What}. Let some end first.";
}

/// <summary>Not enough credits (402). <paramref name="Available"/> is without the overdraft, and may be below 0; <paramref name="Required"/> is what the command needs (of a capture: what goes beyond the hold).</summary>
public sealed record InsufficientCredits(Credits Available, Credits Required) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"{Required} is required and {Available} is available. Buy or grant credits, or ask for less.";
}
