using Ledger.Domain.Payments;

namespace Ledger.Domain.Quotas;

// ---- State: what the next decision needs. ----

/// <summary>A part of what is used of a metric.</summary>
/// <param name="Category">The app's word for it; empty for what has none.</param>
/// <param name="Amount">How much.</param>
/// <param name="SetAt">When the last level that was set was so; null where none was set.</param>
public sealed record UsedPart(string Category, Credits Amount, DateTimeOffset? SetAt = null);

/// <summary>What is known of one metric.</summary>
public sealed record Meter
{
    /// <summary>The metric, as it is metered.</summary>
    public required string Metric { get; init; }

    /// <summary>Whether it is a level that stays; else it is counted anew in each period.</summary>
    public bool IsGauge { get; init; }

    /// <summary>When the period began that it counts in; null for a gauge.</summary>
    public DateTimeOffset? PeriodStart { get; init; }

    /// <summary>What is used, by category in ordinal order; what was set to nothing for as long as an older level may still be told.</summary>
    public ValueList<UsedPart> Parts { get; init; } = [];

    /// <summary>All of it together.</summary>
    public Credits Used
    {
        get
        {
            var sum = Credits.Zero;
            foreach (var part in Parts) sum += part.Amount;
            return sum;
        }
    }

    /// <summary>One of the parts, or null.</summary>
    public UsedPart? PartOf(string category)
    {
        foreach (var part in Parts)
        {
            if (part.Category == category) return part;
        }

        return null;
    }

    /// <summary>Whether it counts in a period: a counter of an older one counts as nothing, whether or not anything has reset it.</summary>
    public bool CountsIn(DateTimeOffset periodStart) => IsGauge || PeriodStart >= periodStart;
}

/// <summary>A limit of the account's own.</summary>
/// <param name="Metric">The metric, as it is metered.</param>
/// <param name="Limit">How much; 0 or more.</param>
public sealed record LimitOverride(string Metric, Credits Limit);

/// <summary>What sort of level an alert is about.</summary>
public enum AlertKind
{
    /// <summary>Little is available.</summary>
    LowBalance,

    /// <summary>Much of a limit is used.</summary>
    Quota,
}

/// <summary>What an account wants to hear of.</summary>
/// <param name="LowBalance">Levels of what is available, highest first; at most <see cref="LevelsMax"/>.</param>
/// <param name="QuotaPercent">Percentages of any limit, 1 to 1,000, lowest first; at most <see cref="LevelsMax"/>.</param>
public sealed record AlertSettings(ValueList<Credits> LowBalance, ValueList<int> QuotaPercent)
{
    /// <summary>The most levels of a sort.</summary>
    public const int LevelsMax = 10;

    /// <summary>The highest percentage.</summary>
    public const int PercentMax = 1_000;

    /// <summary>As it is where nothing is set.</summary>
    public static AlertSettings Default { get; } = new([], [80, 100]);
}

/// <summary>An alert that stands: it is not raised again before it is cleared.</summary>
/// <param name="Kind">What sort.</param>
/// <param name="Metric">The metric; null for the balance.</param>
/// <param name="Percent">The percentage; null for the balance.</param>
/// <param name="Threshold">The level when it was raised.</param>
/// <param name="PeriodStart">The period that it holds for; null for the balance and gauges.</param>
/// <param name="Version">The version at which it was raised.</param>
public sealed record StandingAlert(AlertKind Kind, string? Metric, int? Percent, Credits Threshold, DateTimeOffset? PeriodStart, long Version);

/// <summary>When an account's credits are bought by themselves, and which.</summary>
public sealed record AutoTopUp
{
    /// <summary>The most in a calendar month that may be asked for.</summary>
    public const int PerMonthMax = 1_000;

    /// <summary>The longest cool-down: 31 days, in minutes.</summary>
    public const int CooldownMax = 44_640;

    /// <summary>Bought when less than this is available.</summary>
    public required Credits Threshold { get; init; }

    /// <summary>The package, by its id in the catalogue.</summary>
    public required string Package { get; init; }

    /// <summary>How many of it.</summary>
    public required long Quantity { get; init; }

    /// <summary>What that cost when it was agreed: a package that is dearer by now is not bought.</summary>
    public required Money Price { get; init; }

    /// <summary>The money that was asked for, where the package was found by it.</summary>
    public Money? ForMoney { get; init; }

    /// <summary>The credits that were asked for, where the package was found by them.</summary>
    public Credits? ForCredits { get; init; }

    /// <summary>At most so many in a calendar month, UTC; declined ones do not count.</summary>
    public required int MaxPerMonth { get; init; }

    /// <summary>At least so many minutes from one to the next.</summary>
    public required int CooldownMinutes { get; init; }

    /// <summary>Whether it is on.</summary>
    public required bool Enabled { get; init; }

    /// <summary>The provider whose saved method is charged; null for that of the default method.</summary>
    public string? Provider { get; init; }
}

/// <summary>Where buying by itself stands.</summary>
public sealed record TopUpState
{
    /// <summary>How many were begun.</summary>
    public long Number { get; init; }

    /// <summary>The payment that is under way; null for none. While there is one no other is begun: it counts as if it were paid.</summary>
    public PaymentId? Open { get; init; }

    /// <summary>The last payment that was begun since it was set, or is open yet; null for none. While its money went back, or is asked back, nothing is bought.</summary>
    public PaymentId? Last { get; init; }

    /// <summary>When the last one began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>How often the open one was looked at.</summary>
    public int Looks { get; init; }

    /// <summary>How many tries in a row were in vain.</summary>
    public int Failures { get; init; }

    /// <summary>Before this nothing is begun, because the last try was in vain.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>When it is looked at next; null where only the account's watch wakes it.</summary>
    public DateTimeOffset? WakeAt { get; init; }

    /// <summary>Why the last try was in vain, or why it waits.</summary>
    public string? Reason { get; init; }

    /// <summary>The calendar month, UTC, that <see cref="InMonth"/> counts.</summary>
    public DateTimeOffset? Month { get; init; }

    /// <summary>How many of that month were begun and not declined, or were paid late in it.</summary>
    public int InMonth { get; init; }

    /// <summary>The payments of the last tries in vain, oldest first; at most <see cref="VainMax"/>. One that is paid late counts after all.</summary>
    public ValueList<PaymentId> Vain { get; init; } = [];

    /// <summary>So many tries in vain are remembered.</summary>
    public const int VainMax = 20;
}

/// <summary>What an account uses, what it may, and what follows of itself, as its events made it. Immutable.</summary>
public sealed partial record Quota
{
    /// <summary>The most metrics of an account, limits of its own included.</summary>
    public const int MetricsMax = 200;

    /// <summary>The most categories of a metric.</summary>
    public const int CategoriesMax = 50;

    /// <summary>How many events made it; 0 where nothing was ever posted or set.</summary>
    public long Version { get; init; }

    /// <summary>What is known of each metric, in ordinal order.</summary>
    public ValueList<Meter> Meters { get; init; } = [];

    /// <summary>Limits of the account's own, by metric in ordinal order.</summary>
    public ValueList<LimitOverride> Overrides { get; init; } = [];

    /// <summary>What the account wants to hear of; null where nobody has set it.</summary>
    public AlertSettings? Alerts { get; init; }

    /// <summary>The alerts that stand.</summary>
    public ValueList<StandingAlert> Standing { get; init; } = [];

    /// <summary>When credits are bought by themselves; null for never.</summary>
    public AutoTopUp? AutoTopUp { get; init; }

    /// <summary>Where that stands.</summary>
    public TopUpState TopUp { get; init; } = new();

    /// <summary>When something is due on it next; null where nothing is.</summary>
    public DateTimeOffset? NextDue => TopUp.WakeAt;

    /// <summary>What holds of alerts, set or not.</summary>
    public AlertSettings AlertsHeld => Alerts ?? AlertSettings.Default;

    /// <summary>A metric as it is metered, or null.</summary>
    public Meter? Find(string metric)
    {
        foreach (var meter in Meters)
        {
            if (meter.Metric == metric) return meter;
        }

        return null;
    }

    /// <summary>A limit of the account's own, or null.</summary>
    public Credits? OverrideOf(string metric)
    {
        foreach (var own in Overrides)
        {
            if (own.Metric == metric) return own.Limit;
        }

        return null;
    }
}
