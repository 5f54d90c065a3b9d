using System.Globalization;

namespace Ledger.Domain.Accounts;

/// <summary>Changes the settings of an account that stands; what is null stays.</summary>
public sealed record ChangeAccount : AccountCommand
{
    /// <summary>Whose it is, if the caller says so; another one is refused.</summary>
    public Owner? Owner { get; init; }

    /// <summary>The unit, if the caller says so; another one is refused.</summary>
    public string? Unit { get; init; }

    /// <summary>The decimals, if the caller says so; others are refused.</summary>
    public int? Scale { get; init; }

    /// <summary>The new overdraft limit, 0 to <see cref="Credits.AmountMax"/>.</summary>
    public Credits? OverdraftLimit { get; init; }

    /// <summary>The new metadata, in place of the old.</summary>
    public Metadata? Metadata { get; init; }

    /// <summary>Whether the caller may set another overdraft limit.</summary>
    public bool MaySetOverdraft { get; init; }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => ChangeAccountHandler.Handle(this, account, now);
}

/// <summary>Changes accounts.</summary>
public static class ChangeAccountHandler
{
    /// <summary>Takes the settings that differ; where none does, nothing happens. Owner, unit and scale never change.</summary>
    public static Decision Handle(ChangeAccount command, Account account, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if (command.Scale is < 0 or > Credits.ScaleMax) return Decision.Refuse(new InvalidRequest("scale", string.Create(CultureInfo.InvariantCulture, $"must be 0 to {Credits.ScaleMax}")));
        if (command.OverdraftLimit is { } limit && CheckOverdraft(account, limit) is { } wrong) return Decision.Refuse(wrong);
        if (Checks.Metadata(command.Metadata) is { } tooMuch) return Decision.Refuse(tooMuch);
        var overdraft = command.OverdraftLimit == account.OverdraftLimit ? null : command.OverdraftLimit;
        var metadata = account.Metadata.Equals(command.Metadata) ? null : command.Metadata;
        if (overdraft is not null && !command.MaySetOverdraft) return Decision.Refuse(new OverdraftNotAllowed());
        if (command.Owner is not null && command.Owner != account.Owner) return Decision.Refuse(new Conflict($"Account {account.Id} belongs to another owner. Use another account id."));
        if (command.Unit is not null && command.Unit != account.Unit) return Decision.Refuse(new Conflict($"Account {account.Id} counts another unit ({account.Unit}). Use another account id."));
        if (command.Scale is not null && command.Scale != account.Scale)
        {
            return Decision.Refuse(new Conflict(string.Create(CultureInfo.InvariantCulture, $"Account {account.Id} has another scale ({account.Scale}). Use another account id.")));
        }

        if (overdraft is null && metadata is null) return Decision.Nothing;
        if (Checks.NotClosed(account) is { } closed) return Decision.Refuse(closed);
        return Checks.Append(account.SettledAt(now), new AccountChanged { OverdraftLimit = overdraft, Metadata = metadata });
    }

    internal static Refusal? CheckOverdraft(Account account, Credits limit) =>
        limit.IsNegative ? new InvalidAmount("overdraftLimit", "must be 0 or more") : Checks.Size(account, "overdraftLimit", limit);
}
