using System.Globalization;
using Ledger.Domain.Accounts;

namespace Ledger.Domain.Payments;

/// <summary>Money is to go back. One commit records that and revokes the credits; then the provider is asked.</summary>
public sealed record StartRefund : PaymentCommand
{
    /// <summary>Its id, <c>rfd_...</c>.</summary>
    public required string Refund { get; init; }

    /// <summary>How much, in minor units of the payment's currency; null for all that is left.</summary>
    public long? Amount { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the payer keeps the credits.</summary>
    public bool KeepsCredits { get; init; }

    /// <summary>Whether credits that were spent become debt; without it more than can be revoked is refused.</summary>
    public bool AllowsDebt { get; init; }

    /// <inheritdoc/>
    public override PaymentDecision Decide(Payment payment, Account? account, PaymentPast past, DateTimeOffset now) => StartRefundHandler.Handle(this, payment, account, past, now);
}

/// <summary>Starts refunds.</summary>
public static class StartRefundHandler
{
    /// <summary>Revokes the credits in proportion, or refuses before the provider is asked.</summary>
    public static PaymentDecision Handle(StartRefund command, Payment payment, Account? account, PaymentPast past, DateTimeOffset now)
    {
        if (!payment.Exists) return PaymentDecision.Refuse(new PaymentNotFound(command.Payment));
        if (command.Amount < 1) return PaymentDecision.Refuse(new InvalidRequest("amount", "must be more than 0"));
        var left = payment.Amount with { Amount = payment.Amount.Amount - payment.Refunded - payment.Lost };
        switch (payment.Status)
        {
            case PaymentStatus.Refunded:
                return PaymentDecision.Refuse(new NothingLeftToRefund(payment.Id, left, payment.Status));
            case PaymentStatus.Disputed or PaymentStatus.DisputeLost:
                return PaymentDecision.Refuse(new NotRefundable($"The payer's bank has asked the money of {payment.Id} back, and decides about it: it can't be refunded besides.", payment.Status));
            case PaymentStatus.Succeeded or PaymentStatus.PartiallyRefunded when payment.Provider is not null && payment.Amount.Amount > 0:
                break;
            default:
                return PaymentDecision.Refuse(new NotRefundable(payment.HasSucceeded ? $"Nothing was paid for {payment.Id}, so there is nothing to refund." : $"{payment.Id} has not been paid, so there is nothing to refund.", payment.Status));
        }

        var amount = command.Amount ?? left.Amount;
        if (amount > left.Amount || amount == 0) return PaymentDecision.Refuse(new NothingLeftToRefund(payment.Id, left, payment.Status));
        var ours = 0;
        foreach (var refund in payment.Refunds) ours += refund.IsOurs ? 1 : 0;
        if (ours >= Payment.RefundsMax) return PaymentDecision.Refuse(new NotRefundable(string.Create(CultureInfo.InvariantCulture, $"{payment.Id} has had {Payment.RefundsMax} refunds already, the most that there may be."), payment.Status));

        var draft = new PaymentDraft(payment, account, past, now);
        draft.Add(new RefundStarted { Refund = command.Refund, Amount = payment.Amount with { Amount = amount }, Reason = command.Reason, KeepsCredits = command.KeepsCredits, AllowsDebt = command.AllowsDebt });
        if (!command.KeepsCredits && draft.SettleCredits(command.AllowsDebt, fromProvider: false, command.Refund, command.Reason) is { } refused) return PaymentDecision.Refuse(new NotRefundable(refused.Detail, payment.Status));
        var taken = draft.PeriodToTake();
        return draft.Done("nothing was to be done") is PaymentDecision.Accepted accepted ? accepted with { PeriodCredits = taken } : new PaymentDecision.Nothing("nothing was to be done");
    }
}
