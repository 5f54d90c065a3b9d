namespace Ledger.Domain.Accounts;

/// <summary>Credits were bought and paid for.</summary>
public sealed record PurchaseCredits : AccountCommand
{
    /// <summary>How many; more than 0.</summary>
    public required Credits CreditAmount { get; init; }

    /// <summary>What was paid; 0 or more, in an active ISO 4217 currency.</summary>
    public required Money Price { get; init; }

    /// <summary>The payment, which counts once in a tenant.</summary>
    public string? PaymentId { get; init; }

    /// <summary>When the credits end; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Whether a payment provider told it: then it is accepted on closed accounts and beyond the limit of lots too, for the money has been paid.</summary>
    public bool FromProvider { get; init; }

    /// <inheritdoc/>
    public override Names Names => PaymentId is null ? Names.None : Names.Of(FactName.Payment(PaymentId));

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => PurchaseCreditsHandler.Handle(this, account, past, now);
}

/// <summary>Takes purchases in.</summary>
public static class PurchaseCreditsHandler
{
    /// <summary>Makes a paid lot; debt is paid first. A payment that was counted answers with its purchase. On a closed account the lot waits and can't be spent.</summary>
    public static Decision Handle(PurchaseCredits command, Account account, Recollection past, DateTimeOffset now)
    {
        if (!account.Exists) return Decision.Refuse(new AccountNotFound(account.Id));
        if ((Checks.Amount(account, "creditAmount", command.CreditAmount) ?? Checks.Note(command.Note, now) ?? CheckPrice(command.Price)) is { } wrong) return Decision.Refuse(wrong);
        if (command.PaymentId is { } payment && past.Find<PaymentCounted>(FactName.Payment(payment)) is { } counted)
        {
            return counted.Account == account.Id && counted.Amount == command.CreditAmount
                ? Decision.Already(counted.Account, counted.Version)
                : Decision.Refuse(new Conflict($"Payment {payment} was counted with another amount or account. A payment counts once; send the one that was paid."));
        }

        if ((Checks.End(command.ExpiresAt, now) ?? (command.FromProvider ? null : Checks.NotClosed(account))) is { } refusal) return Decision.Refuse(refusal);

        var settled = account.SettledAt(now);
        var state = settled.Account;
        var payer = new DebtPayer(state);
        var id = state.NextTransaction;
        var allocations = payer.AllocationsOf(id.FirstLot, command.CreditAmount);
        if (!command.FromProvider && payer.Paid < command.CreditAmount && Checks.Room(state, 1) is { } full) return Decision.Refuse(full);
        return Checks.Append(settled, new CreditsPurchased
        {
            Id = id,
            Lot = id.FirstLot,
            Amount = command.CreditAmount,
            Price = command.Price,
            PaymentId = command.PaymentId,
            ExpiresAt = command.ExpiresAt,
            Before = state.Balance,
            After = state.Balance + command.CreditAmount,
            Available = state.Available + command.CreditAmount,
            Allocations = allocations,
            Pays = payer.Payments,
            Note = command.Note,
        });
    }

    private static InvalidRequest? CheckPrice(Money price)
    {
        if (price.Amount < 0) return new("price", "must be 0 or more");
        return Currencies.IsKnown(price.Currency) ? null : new("price", "must have a currency of ISO 4217 in lower case");
    }
}
