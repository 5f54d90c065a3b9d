namespace Ledger.Domain.Payments;

/// <summary>A payment as its provider tells it: all of its facts, added up by the rules that the ledger adds them up by.</summary>
public sealed record PaymentTelling
{
    /// <summary>Its references.</summary>
    public required ProviderRefs Refs { get; init; }

    /// <summary>What is written on it.</summary>
    public required LedgerMarks Marks { get; init; }

    /// <summary>Where it stands, refunds and disputes included.</summary>
    public required PaymentStatus Status { get; init; }

    /// <summary>What was received where it was paid, else what was asked; null where that was not told.</summary>
    public Money? Amount { get; init; }

    /// <summary>What went back of it, or is about to, in minor units.</summary>
    public long Refunded { get; init; }

    /// <summary>Whether money came, whatever became of it.</summary>
    public bool HasMoney => Status is PaymentStatus.Succeeded or PaymentStatus.PartiallyRefunded or PaymentStatus.Refunded or PaymentStatus.Disputed or PaymentStatus.DisputeLost;

    /// <summary>Whether nothing on it says that it is this ledger's.</summary>
    public bool IsUnmarked => Marks is { Payment: null, Credits: null };

    /// <summary>Adds up what was told of one payment; null where nothing was told of its money.</summary>
    public static PaymentTelling? Of(IEnumerable<ProviderFact> facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        PaymentTold? told = null;
        var (refs, marks) = (ProviderRefs.None, LedgerMarks.None);
        var refunds = new Dictionary<string, RefundTold>(StringComparer.Ordinal);
        var disputes = new Dictionary<string, DisputeStatus>(StringComparer.Ordinal);
        long soFar = 0;
        foreach (var fact in facts)
        {
            if (fact is IgnoredFact) continue;
            refs = fact is PaymentTold or DetailsTold ? refs.With(fact.Refs) : fact.Refs.With(refs);
            switch (fact)
            {
                // Of a page and what was paid at it, the money counts.
                case PaymentTold one when told?.Status != PaymentStatus.Succeeded || one.Status == PaymentStatus.Succeeded:
                    told = one;
                    if (one.Marks != LedgerMarks.None) marks = one.Marks;
                    break;
                case RefundTold one:
                    refunds[one.RefundId] = one;
                    break;
                case RefundedSoFarTold one:
                    soFar = Math.Max(soFar, one.Total.Amount);
                    break;
                case DisputeTold one:
                    disputes[one.DisputeId] = one.Status;
                    break;
            }
        }

        if (told is null) return null;
        if (told.Status != PaymentStatus.Succeeded) return new PaymentTelling { Refs = refs, Marks = marks, Status = told.Status, Amount = told.Amount };
        var failed = refunds.Values.Where(refund => refund.Status is RefundStatus.Failed or RefundStatus.Canceled).Sum(refund => refund.Amount.Amount);
        var back = Math.Max(Math.Max(refunds.Values.Sum(refund => refund.Amount.Amount), soFar) - failed, 0);
        return new PaymentTelling { Refs = refs, Marks = marks, Status = Standing(disputes.Values, back, told.Amount?.Amount ?? 0), Amount = told.Amount, Refunded = back };
    }

    private static PaymentStatus Standing(IReadOnlyCollection<DisputeStatus> disputes, long back, long amount)
    {
        if (disputes.Any(dispute => dispute is DisputeStatus.Open or DisputeStatus.Withdrawn)) return PaymentStatus.Disputed;
        if (disputes.Contains(DisputeStatus.Lost)) return PaymentStatus.DisputeLost;
        return back == 0 ? PaymentStatus.Succeeded : back >= amount ? PaymentStatus.Refunded : PaymentStatus.PartiallyRefunded;
    }
}
