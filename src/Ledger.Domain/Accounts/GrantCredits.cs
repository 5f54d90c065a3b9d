using System.Globalization;

namespace Ledger.Domain.Accounts;

/// <summary>Gives credits.</summary>
public sealed record GrantCredits : AccountCommand
{
    /// <summary>How many; more than 0.</summary>
    public required Credits Amount { get; init; }

    /// <summary>Why.</summary>
    public required GrantSource Source { get; init; }

    /// <summary>When they end; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>0 to 255; lower burns first. Null: <see cref="Lot.PriorityDefault"/>.</summary>
    public int? Priority { get; init; }

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => GrantCreditsHandler.Handle(this, account, now);
}

/// <summary>Gives credits.</summary>
public static class GrantCreditsHandler
{
    /// <summary>Makes a free lot; debt is paid first.</summary>
    public static Decision Handle(GrantCredits command, Account account, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        var priority = command.Priority ?? Lot.PriorityDefault;
        if (priority is < 0 or > Lot.PriorityMax) return Decision.Refuse(new InvalidRequest("priority", string.Create(CultureInfo.InvariantCulture, $"must be 0 to {Lot.PriorityMax}")));
        if ((Checks.Amount(account, "amount", command.Amount) ?? Checks.Note(command.Note, now) ?? Checks.End(command.ExpiresAt, now) ?? Checks.NotClosed(account)) is { } refusal) return Decision.Refuse(refusal);

        var settled = account.SettledAt(now);
        var state = settled.Account;
        var payer = new DebtPayer(state);
        var id = state.NextTransaction;
        var allocations = payer.AllocationsOf(id.FirstLot, command.Amount);
        if (payer.Paid < command.Amount && Checks.Room(state, 1) is { } full) return Decision.Refuse(full);
        return Checks.Append(settled, new CreditsGranted
        {
            Id = id,
            Lot = id.FirstLot,
            Amount = command.Amount,
            Source = command.Source,
            Priority = priority,
            ExpiresAt = command.ExpiresAt,
            Before = state.Balance,
            After = state.Balance + command.Amount,
            Available = state.Available + command.Amount,
            Allocations = allocations,
            Pays = payer.Payments,
            Note = command.Note,
        });
    }
}
