using System.Collections.Immutable;
using Ledger.Domain.Payments;

namespace Ledger.Api.Webhooks;

/// <summary>Whether what a provider says when asked covers what a hint claimed.</summary>
internal static class Hints
{
    /// <summary>Null where the answer says the same, or knows more; else what it lacks.</summary>
    public static string? Lacks(ProviderFact hint, ImmutableArray<ProviderFact> answer)
    {
        if (answer.IsEmpty) return "the provider knows nothing of it when asked";
        switch (hint)
        {
            case PaymentTold told:
                var statuses = answer.OfType<PaymentTold>().Select(a => a.Status).ToList();
                // A refund or chargeback in the answer means that it was paid, whatever else is said.
                if (answer.Any(a => a is RefundTold or RefundedSoFarTold or DisputeTold)) return null;
                return statuses.Any(s => Rank(s) >= Rank(told.Status)) ? null : $"the provider says {(statuses.Count == 0 ? "nothing of it" : Word(statuses[0]))} when asked, not {Word(told.Status)}";
            case RefundTold refund:
                return answer.OfType<RefundTold>().Any(a => a.RefundId == refund.RefundId) || answer.OfType<RefundedSoFarTold>().Any(a => a.Total.Amount >= refund.Amount.Amount) ? null : "the provider names no such refund when asked";
            case RefundedSoFarTold sum:
                var refunded = answer.OfType<RefundedSoFarTold>().Select(a => a.Total.Amount).Append(answer.OfType<RefundTold>().Sum(a => a.Amount.Amount)).Max();
                return refunded >= sum.Total.Amount ? null : "the provider says that less was refunded when asked";
            case DisputeTold dispute:
                return answer.OfType<DisputeTold>().Any(a => a.DisputeId == dispute.DisputeId) ? null : "the provider names no such dispute when asked";
            default:
                return null;
        }
    }

    /// <summary>How far along a payment is; of two that are final neither is further, and the answer counts.</summary>
    private static int Rank(PaymentStatus status) => status switch
    {
        PaymentStatus.Pending => 0,
        PaymentStatus.RequiresAction => 1,
        PaymentStatus.Authorized => 2,
        PaymentStatus.Challenged => 2,
        _ => 3,
    };

    private static string Word(PaymentStatus status) => Http.Words.Of(status);
}
