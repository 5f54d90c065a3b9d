using System.Globalization;

namespace Ledger.Domain.Accounts;

/// <summary>Opens an account, or changes the one that stands (see <see cref="ChangeAccount"/>).</summary>
public sealed record OpenAccount : AccountCommand
{
    /// <summary>The unit of an account that names none.</summary>
    public const string UnitDefault = "credit";

    /// <summary>16 new random characters, see <see cref="AccountTag"/>; unused where the account stands.</summary>
    public required string Tag { get; init; }

    /// <summary>Whose it is; never changes.</summary>
    public required Owner Owner { get; init; }

    /// <summary>The unit that it counts; never changes. Null: credit, or what it has.</summary>
    public string? Unit { get; init; }

    /// <summary>The decimals of its amounts, 0 to 6; never changes. Null: 6, or what it has.</summary>
    public int? Scale { get; init; }

    /// <summary>How far below 0 consumptions may go, 0 to <see cref="Credits.AmountMax"/>. Null: 0, or what it has.</summary>
    public Credits? OverdraftLimit { get; init; }

    /// <summary>What the app notes on it. Null: nothing, or what it has.</summary>
    public Metadata? Metadata { get; init; }

    /// <summary>Whether the caller may set another overdraft limit.</summary>
    public bool MaySetOverdraft { get; init; }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => OpenAccountHandler.Handle(this, account, now);
}

/// <summary>Opens accounts.</summary>
public static class OpenAccountHandler
{
    /// <summary>Opens the account where there is none; where it stands, what may change changes and the rest must be as it is.</summary>
    public static Decision Handle(OpenAccount command, Account account, DateTimeOffset now)
    {
        if (account.Exists)
        {
            return ChangeAccountHandler.Handle(
                new()
                {
                    Account = command.Account,
                    Owner = command.Owner,
                    Unit = command.Unit,
                    Scale = command.Scale,
                    OverdraftLimit = command.OverdraftLimit,
                    Metadata = command.Metadata,
                    MaySetOverdraft = command.MaySetOverdraft,
                },
                account,
                now);
        }

        Invariant.Holds(AccountTag.IsValid(command.Tag), "an account opens with a tag of its own");
        var scale = command.Scale ?? Credits.ScaleMax;
        if (scale is < 0 or > Credits.ScaleMax) return Decision.Refuse(new InvalidRequest("scale", string.Create(CultureInfo.InvariantCulture, $"must be 0 to {Credits.ScaleMax}")));
        var overdraft = command.OverdraftLimit ?? Credits.Zero;
        if (ChangeAccountHandler.CheckOverdraft(account with { Scale = scale }, overdraft) is { } wrong) return Decision.Refuse(wrong);
        if (Checks.Metadata(command.Metadata) is { } tooMuch) return Decision.Refuse(tooMuch);
        if (!overdraft.IsZero && !command.MaySetOverdraft) return Decision.Refuse(new OverdraftNotAllowed());
        return Decision.Append(account.Id, new AccountOpened
        {
            Tag = command.Tag,
            Owner = command.Owner,
            Unit = command.Unit ?? OpenAccount.UnitDefault,
            Scale = scale,
            OverdraftLimit = overdraft,
            Metadata = command.Metadata is { Count: > 0 } ? command.Metadata : null,
        });
    }
}
