using Ledger.Domain.Payments;

namespace Ledger.Domain.Tests.Simulation;

/// <summary>A subscription as Stripe has it.</summary>
internal sealed class PlanThere
{
    public required Household Home { get; init; }

    public required string Id { get; init; }

    public required LedgerMarks Marks { get; init; }

    public required string Price { get; set; }

    public long Quantity { get; set; } = 1;

    public ToldSubscriptionStatus Status { get; set; }

    /// <summary>Whether nothing is collected (pause_collection).</summary>
    public bool Rests { get; set; }

    public bool CancelAtPeriodEnd { get; set; }

    public DateTimeOffset Anchor { get; set; }

    public int Periods { get; set; }

    public DateTimeOffset Start { get; set; }

    public DateTimeOffset End { get; set; }

    public DateTimeOffset? TrialStart { get; set; }

    public DateTimeOffset? TrialEnd { get; set; }

    /// <summary>Its time, as of what was told last.</summary>
    public DateTimeOffset ToldAt { get; set; }

    /// <summary>Calls that were done, by their key: a call that is repeated is the same call.</summary>
    public HashSet<long> Done { get; } = [];

    public List<InvoiceThere> Invoices { get; } = [];

    public bool HasEnded => Status is ToldSubscriptionStatus.Canceled or ToldSubscriptionStatus.IncompleteExpired;
}

/// <summary>An invoice as Stripe has it.</summary>
internal sealed class InvoiceThere
{
    public required PlanThere Plan { get; init; }

    public required string Id { get; init; }

    public required string Reason { get; init; }

    public required ValueList<InvoiceLineTold> Lines { get; init; }

    public required Money Total { get; init; }

    public ToldInvoiceStatus Status { get; set; } = ToldInvoiceStatus.Draft;

    public int Tries { get; set; }

    public DateTimeOffset? PaidAt { get; set; }

    public Charge? Charge { get; set; }

    /// <summary>Whether it pays a whole period.</summary>
    public bool IsPeriod => Lines.Any(line => !line.IsProration && line.Amount.Amount > 0);
}
