using Ledger.Domain.Accounts;

namespace Ledger.Domain.Payments;

/// <summary>Somebody has looked at a payment that needed it, and done what was to be done.</summary>
public sealed record ResolvePayment : PaymentCommand
{
    /// <summary>What was done, or why nothing was to be done.</summary>
    public required string Reason { get; init; }

    /// <inheritdoc/>
    public override PaymentDecision Decide(Payment payment, Account? account, PaymentPast past, DateTimeOffset now) => ResolvePaymentHandler.Handle(this, payment, account, past, now);
}

/// <summary>Takes a payment off the list of those that somebody has to look at.</summary>
public static class ResolvePaymentHandler
{
    /// <summary>Notes what was done; neither money nor credits move by it. A new reason to look puts it on the list again.</summary>
    public static PaymentDecision Handle(ResolvePayment command, Payment payment, Account? account, PaymentPast past, DateTimeOffset now)
    {
        if (!payment.Exists) return PaymentDecision.Refuse(new PaymentNotFound(command.Payment));
        if (payment.Attention is null) return PaymentDecision.Refuse(new NothingToResolve(payment.Id, payment.Status));
        var draft = new PaymentDraft(payment, account, past, now);
        draft.Add(new AttentionResolved { Reason = command.Reason });
        return draft.Done("nothing was to be done");
    }
}
