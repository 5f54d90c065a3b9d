using Ledger.Domain.Payments;

namespace Ledger.Domain.Quotas;

// ---- Events: what happened. Names and members are stored for ever; a member is only ever added, and then optional. No personal data. ----

/// <summary>Something that happened to what an account may use. A closed family.</summary>
public abstract record QuotaEvent
{
    private protected QuotaEvent()
    {
    }
}

/// <summary>What a post of usage does to its metric.</summary>
public enum UsageMode
{
    /// <summary>It adds to it.</summary>
    Add,

    /// <summary>It says how much it is.</summary>
    Set,
}

/// <summary>Something was used. <see cref="Used"/>, <see cref="Limit"/> and <see cref="ResetsAt"/> are witnesses for answers; the state never reads them.</summary>
public sealed record UsageRecorded : QuotaEvent
{
    /// <summary>The metric, as it is metered.</summary>
    public required string Metric { get; init; }

    /// <summary>The name that it was posted under, where that is another one.</summary>
    public string? PostedAs { get; init; }

    /// <summary>Whether it is a level that stays; else it is counted anew in each period.</summary>
    public bool IsGauge { get; init; }

    /// <summary>The app's word for what part of it that is; null for none.</summary>
    public string? Category { get; init; }

    /// <summary>Added or set.</summary>
    public required UsageMode Mode { get; init; }

    /// <summary>How much was posted, as it is metered.</summary>
    public required Credits Quantity { get; init; }

    /// <summary>By how much it changed the category, or what it adds to the history of an older period.</summary>
    public required Credits Change { get; init; }

    /// <summary>Whether it counts now; else it belongs to an older period, or an older level, and is history alone.</summary>
    public bool IsCounted { get; init; }

    /// <summary>When the period began that it counts in; null for a gauge.</summary>
    public DateTimeOffset? PeriodStart { get; init; }

    /// <summary>When it happened, where the app says so.</summary>
    public DateTimeOffset? OccurredAt { get; init; }

    /// <summary>What the app notes on it.</summary>
    public Metadata? Metadata { get; init; }

    /// <summary>How much is used after it, as it is metered.</summary>
    public required Credits Used { get; init; }

    /// <summary>The limit that held; null for none.</summary>
    public Credits? Limit { get; init; }

    /// <summary>When it is counted anew; null where it is not.</summary>
    public DateTimeOffset? ResetsAt { get; init; }
}

/// <summary>A limit of the account's own was set, or taken away.</summary>
public sealed record LimitOverridden : QuotaEvent
{
    /// <summary>The metric, as it is metered.</summary>
    public required string Metric { get; init; }

    /// <summary>The limit; null: that of the plan holds again.</summary>
    public Credits? Limit { get; init; }
}

/// <summary>What the account wants to hear of was set.</summary>
public sealed record AlertsSet : QuotaEvent
{
    /// <summary>All of it.</summary>
    public required AlertSettings Settings { get; init; }
}

/// <summary>A level was crossed that somebody wants to hear of.</summary>
public sealed record AlertRaised : QuotaEvent
{
    /// <summary>What sort of level.</summary>
    public required AlertKind Kind { get; init; }

    /// <summary>The metric, as it is metered; null for the balance.</summary>
    public string? Metric { get; init; }

    /// <summary>The percentage of the limit; null for the balance.</summary>
    public int? Percent { get; init; }

    /// <summary>The level: so little is available, or so much is used.</summary>
    public required Credits Threshold { get; init; }

    /// <summary>What is available, or used.</summary>
    public required Credits Value { get; init; }

    /// <summary>The limit; null for the balance.</summary>
    public Credits? Limit { get; init; }

    /// <summary>When the period began that it holds for; null for the balance and for gauges.</summary>
    public DateTimeOffset? PeriodStart { get; init; }
}

/// <summary>It is well on the other side again: the same level may be crossed anew.</summary>
public sealed record AlertCleared : QuotaEvent
{
    /// <summary>The version at which it was raised.</summary>
    public required long Raised { get; init; }
}

/// <summary>When credits are bought by themselves was set.</summary>
public sealed record AutoTopUpSet : QuotaEvent
{
    /// <summary>All of it.</summary>
    public required AutoTopUp Settings { get; init; }
}

/// <summary>A payment that had come to nothing was paid after all: it counts in the month in which it was.</summary>
public sealed record TopUpPaidLate : QuotaEvent
{
    /// <summary>The payment.</summary>
    public required PaymentId Payment { get; init; }

    /// <summary>When it was paid.</summary>
    public required DateTimeOffset PaidAt { get; init; }
}

/// <summary>Credits are being bought: the payment began in the same commit.</summary>
public sealed record TopUpStarted : QuotaEvent
{
    /// <summary>Which one it is, from 1.</summary>
    public required long Number { get; init; }

    /// <summary>The payment.</summary>
    public required PaymentId Payment { get; init; }

    /// <summary>What was available then.</summary>
    public required Credits Available { get; init; }

    /// <summary>When it is looked at first.</summary>
    public required DateTimeOffset CheckAt { get; init; }
}

/// <summary>The payment came to an end.</summary>
public sealed record TopUpEnded : QuotaEvent
{
    /// <summary>The payment.</summary>
    public required PaymentId Payment { get; init; }

    /// <summary>Whether it was paid.</summary>
    public bool IsPaid { get; init; }

    /// <summary>Why not.</summary>
    public string? Reason { get; init; }

    /// <summary>Before this no other one is begun; null where nothing stands in the way.</summary>
    public DateTimeOffset? NotBefore { get; init; }
}

/// <summary>Too little is available, and nothing can be bought before a time; or there is nothing to wait for any more.</summary>
public sealed record TopUpWaits : QuotaEvent
{
    /// <summary>When it is looked at again; null: when what is available falls again.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Why it waits; null where it has only to be looked at.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether it was tried in vain: the next wait is twice as long.</summary>
    public bool Failed { get; init; }
}
