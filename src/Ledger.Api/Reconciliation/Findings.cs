using Ledger.Domain.Payments;

namespace Ledger.Api.Reconciliation;

/// <summary>What a comparison has found so far. Several payments are compared at once.</summary>
internal sealed class Findings
{
    private readonly Lock gate = new();
    private readonly List<DifferingPaymentBody> listed = [];
    private readonly long[] kinds = new long[Enum.GetValues<DifferenceKind>().Length];
    private long compared;
    private long foreign;
    private long differing;
    private long healed;

    /// <summary>How many payments were compared.</summary>
    public long Compared => Interlocked.Read(ref compared);

    /// <summary>One agrees.</summary>
    public void Agrees() => Interlocked.Increment(ref compared);

    /// <summary>One is none of this ledger's.</summary>
    public void IsForeign() => Interlocked.Increment(ref foreign);

    /// <summary>One differs.</summary>
    public void Differs(DifferingPaymentBody found)
    {
        lock (gate)
        {
            compared++;
            differing++;
            if (found.Healing == Healing.Done) healed++;
            foreach (var kind in found.Differences.Select(difference => difference.Kind).Distinct()) kinds[(int)kind]++;
            if (listed.Count < Reconciler.ListedMax) listed.Add(found);
        }
    }

    /// <summary>All of it; the payments in the order of their references, whatever the order they were found in.</summary>
    public ReconciliationBody ToBody(ReconciliationScope scope, DateTimeOffset at, bool listed)
    {
        lock (gate)
        {
            return new ReconciliationBody
            {
                Provider = scope.Provider,
                From = scope.From,
                To = scope.To,
                At = at,
                Listed = listed,
                Compared = compared,
                Foreign = foreign,
                Differing = differing,
                Healed = healed,
                Counts = new DifferenceCountsBody(
                    kinds[(int)DifferenceKind.MissingHere], kinds[(int)DifferenceKind.MissingThere], kinds[(int)DifferenceKind.Amount], kinds[(int)DifferenceKind.Status], kinds[(int)DifferenceKind.Credits]),
                Payments = [.. this.listed.OrderBy(payment => payment.Reference, StringComparer.Ordinal).ThenBy(payment => payment.PaymentId, StringComparer.Ordinal)],
            };
        }
    }
}
