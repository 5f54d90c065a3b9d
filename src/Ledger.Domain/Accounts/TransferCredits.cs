using System.Globalization;

namespace Ledger.Domain.Accounts;

/// <summary>Moves credits to another account.</summary>
public sealed record TransferCredits : AccountCommand
{
    /// <summary>That account; it counts the same unit.</summary>
    public required AccountId To { get; init; }

    /// <summary>How many; more than 0.</summary>
    public required Credits Amount { get; init; }

    /// <inheritdoc/>
    public override AccountId? Other => To == Account ? null : To;

    /// <inheritdoc/>
    public override Decision Decide(Account account, Account? other, Recollection past, DateTimeOffset now) => TransferCreditsHandler.Handle(this, account, other ?? account, now);
}

/// <summary>Moves credits between accounts.</summary>
public static class TransferCreditsHandler
{
    /// <summary>
    /// Draws the payer's lots in burn order; each part arrives as a lot of its own that keeps kind, source, priority, end and share of the cost, and pays the receiver's debt first.
    /// Both accounts change, or neither.
    /// </summary>
    public static Decision Handle(TransferCredits command, Account from, Account to, DateTimeOffset now)
    {
        if (command.To == from.Id) return Decision.Refuse(new InvalidRequest("toAccountId", "must be another account"));
        if (!from.Exists) return Decision.Refuse(new AccountNotFound(from.Id));
        if (!to.Exists) return Decision.Refuse(new AccountNotFound(to.Id));
        if ((Checks.Amount(from, "amount", command.Amount) ?? Checks.Note(command.Note, now)) is { } wrong) return Decision.Refuse(wrong);
        if ((Checks.NotClosed(from) ?? Checks.NotFrozen(from) ?? Checks.NotClosed(to)) is { } refusal) return Decision.Refuse(refusal);
        if (from.Unit != to.Unit || from.Scale != to.Scale)
        {
            return Decision.Refuse(new Conflict(string.Create(
                CultureInfo.InvariantCulture,
                $"Account {from.Id} counts {from.Unit} with scale {from.Scale}, account {to.Id} {to.Unit} with scale {to.Scale}. Credits move between accounts of one unit and scale.")));
        }

        var (payer, payersDue) = from.SettledAt(now);
        var (receiver, receiversDue) = to.SettledAt(now);
        if (command.Amount > payer.Available) return Decision.Refuse(new InsufficientCredits(payer.Available, command.Amount));

        var taken = new List<Allocation>();
        var missing = payer.Draw(command.Amount, now, taken);
        Invariant.Holds(missing.IsZero, "what is available is in lots that have not ended");
        var debts = new DebtPayer(receiver);
        var lots = new List<Lot>(taken.Count);
        var kept = new List<Allocation>();
        foreach (var (id, amount) in taken)
        {
            var part = Part(payer.FindLot(id!.Value)!, amount, receiver, lots.Count, now);
            var rest = debts.Pay(part.Id, amount);
            lots.Add(part with { Remaining = rest });
            if (rest.IsPositive) kept.Add(new(part.Id, rest));
        }

        if (Checks.Room(receiver, kept.Count) is { } full) return Decision.Refuse(full);
        var sent = new CreditsTransferredOut
        {
            Id = payer.NextTransaction,
            To = to.Id,
            Amount = command.Amount,
            Before = payer.Balance,
            After = payer.Balance - command.Amount,
            Available = payer.Available - command.Amount,
            Allocations = [.. taken],
            Note = command.Note,
        };
        var received = new CreditsTransferredIn
        {
            Id = receiver.NextTransaction,
            From = from.Id,
            Amount = command.Amount,
            Before = receiver.Balance,
            After = receiver.Balance + command.Amount,
            Available = receiver.Available + command.Amount,
            Allocations = debts.Paid.IsZero ? [.. kept] : [new(null, debts.Paid), .. kept],
            Pays = debts.Payments,
            Lots = [.. lots],
            Note = command.Note,
        };
        return Decision.Append(from.Id, payersDue.Add(sent), payersDue.Length).And(to.Id, receiversDue.Add(received));
    }

    private static Lot Part(Lot lot, Credits amount, Account receiver, int index, DateTimeOffset now) => new()
    {
        Id = LotId.For(receiver.Tag, receiver.Version + 1, index),
        Kind = lot.Kind,
        Source = lot.Source,
        Origin = LotOrigin.Transfer,
        Amount = amount,
        Remaining = amount,
        Priority = lot.Priority,
        ExpiresAt = lot.ExpiresAt,
        Cost = lot.CostOfNext(amount),
        CreatedAt = now,
        TransactionId = receiver.NextTransaction,
    };
}
