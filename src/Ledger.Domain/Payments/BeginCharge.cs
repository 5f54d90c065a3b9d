using Ledger.Domain.Accounts;

namespace Ledger.Domain.Payments;

/// <summary>The provider is about to be asked for a charge. It is asked only once this is durable, so that a charge is either called off or asked for, never both.</summary>
public sealed record BeginCharge : PaymentCommand
{
    /// <inheritdoc/>
    public override PaymentDecision Decide(Payment payment, Account? account, PaymentPast past, DateTimeOffset now) => BeginChargeHandler.Handle(this, payment, past, now);
}

/// <summary>Begins charges.</summary>
public static class BeginChargeHandler
{
    /// <summary>Once; nothing where it was called off meanwhile, or was begun before.</summary>
    public static PaymentDecision Handle(BeginCharge command, Payment payment, PaymentPast past, DateTimeOffset now)
    {
        if (!payment.Exists) return new PaymentDecision.Refused(new PaymentNotFound(command.Payment));
        if (payment is not { Charge: not null, Standing: PaymentStatus.Pending, IsCharged: false, IsChargeBegun: false }) return new PaymentDecision.Nothing("it waits for no charge, or was begun");
        var draft = new PaymentDraft(payment, null, past, now);
        draft.Add(new ChargeBegun());
        return draft.Done("it was begun");
    }
}
