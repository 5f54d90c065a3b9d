using System.Globalization;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.EventStore;
using Ledger.EventStore.Verification;

namespace Ledger.Api.Payments;

/// <summary>What must hold on a payment besides what the store sees: the witnesses that its events carry, and that no more went back than came.</summary>
internal sealed class PaymentAudit : IStreamAudit
{
    public string Kind => PaymentModel.StreamKind;

    public Disagreement? Witness(StreamRef stream, object before, object @event, object after)
    {
        var (e, now) = ((PaymentEvent)@event, (Payment)after);
        if (((Payment)before).Exists == @event is PaymentIntended or PaymentReported or PaymentBilled) return new("a payment begins once, with its first event", "an intent or a report first, and only then", e.GetType().Name);
        if (e.Status != now.Status) return new("the status after it, which the event carries", Words.Of(now.Status), Words.Of(e.Status));
        if (e.Refunded != now.Refunded) return new("what was refunded after it, which the event carries", Text(now.Refunded), Text(e.Refunded));
        var attention = now.Attention is not null;
        return e.NeedsAttention == attention ? null : new("whether it needs attention after it, which the event carries", attention ? "yes" : "no", e.NeedsAttention ? "yes" : "no");
    }

    public Disagreement? Whole(object state)
    {
        var payment = (Payment)state;
        var gone = payment.Revoked + payment.Shortfall;
        if (gone > (payment.CreditAmount ?? Credits.Zero) || payment.Revoked.IsNegative || payment.Shortfall.IsNegative)
            return new("credits gone with the money are 0 to all that were bought", $"0 to {payment.CreditAmount ?? Credits.Zero}", $"{payment.Revoked} and a shortfall of {payment.Shortfall}");
        return payment.IsFulfilled && payment.PaidAt is null ? new("what is delivered was paid", "a time of payment", "none") : null;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
