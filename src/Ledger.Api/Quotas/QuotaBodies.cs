using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;
using Ledger.EventStore;

namespace Ledger.Api.Quotas;

/// <summary>How much of a metric an account uses and may use.</summary>
public sealed record QuotaBody
{
    /// <summary>The metric.</summary>
    public required string Metric { get; init; }

    /// <summary>counter (counted anew in each period) or gauge (a level that stays).</summary>
    public required string Kind { get; init; }

    /// <summary>How much is used.</summary>
    public required Credits Used { get; init; }

    /// <summary>How much may be; null for any.</summary>
    public Credits? Limit { get; init; }

    /// <summary>How much may still be used; 0 where more is used already, null where there is no limit.</summary>
    public Credits? Remaining { get; init; }

    /// <summary>When it is counted anew; null for a gauge, and where a payment is missing that would begin the next period.</summary>
    public DateTimeOffset? ResetsAt { get; init; }

    /// <summary>Whether the limit is the account's own, in place of its plan's.</summary>
    public bool? Overridden { get; init; }

    /// <summary>What is used by category, where it was posted so; not in the answer to a post.</summary>
    public IReadOnlyDictionary<string, Credits>? Categories { get; init; }

    /// <summary>Whether need more may be used; only where one metric is asked for.</summary>
    public bool? Allowed { get; init; }

    internal static QuotaBody Of(QuotaStanding standing) => new()
    {
        Metric = standing.Metric,
        Kind = KindOf(standing.IsGauge),
        Used = standing.Used,
        Limit = standing.Limit,
        Remaining = standing.Remaining,
        ResetsAt = standing.ResetsAt,
        Overridden = standing.IsOwnLimit ? true : null,
        Categories = standing.Parts.Count == 0 ? null : standing.Parts.Where(part => part.Category.Length > 0).ToDictionary(part => part.Category, part => part.Amount, StringComparer.Ordinal),
    };

    internal static QuotaBody Of(UsageRecorded e)
    {
        var name = e.PostedAs ?? e.Metric;
        Credits? limit = e.Limit is { } held ? Metrics.FromMetered(name, held) : null;
        var used = Metrics.FromMetered(name, e.Used);
        return new() { Metric = name, Kind = KindOf(e.IsGauge), Used = used, Limit = limit, Remaining = limit is { } max ? Credits.Max(Credits.Zero, max - used) : null, ResetsAt = e.ResetsAt };
    }

    private static string KindOf(bool isGauge) => isGauge ? "gauge" : "counter";
}

/// <summary>What was posted, and how the metric stood after it.</summary>
public sealed record RecordedUsageBody
{
    /// <summary>The account.</summary>
    public required AccountId AccountId { get; init; }

    /// <summary>The version of the account's quotas that recorded it; it names the post.</summary>
    public required long Version { get; init; }

    /// <summary>The metric.</summary>
    public required string Metric { get; init; }

    /// <summary>How much was posted.</summary>
    public required Credits Quantity { get; init; }

    /// <summary>add or set.</summary>
    public required UsageMode Mode { get; init; }

    /// <summary>What part of the metric that is.</summary>
    public string? Category { get; init; }

    /// <summary>Whether it counts now; false for what belongs to an older period, which the history has alone.</summary>
    public required bool Counted { get; init; }

    /// <summary>When it happened.</summary>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>When it was recorded.</summary>
    public required DateTimeOffset RecordedAt { get; init; }

    /// <summary>What the app noted on it.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>How the metric stood after it.</summary>
    public required QuotaBody Quota { get; init; }

    internal static RecordedUsageBody Of(AccountId account, StoredEvent stored)
    {
        var e = (UsageRecorded)stored.Data;
        return new RecordedUsageBody
        {
            AccountId = account,
            Version = stored.Version,
            Metric = e.PostedAs ?? e.Metric,
            Quantity = Metrics.FromMetered(e.PostedAs ?? e.Metric, e.Quantity),
            Mode = e.Mode,
            Category = e.Category,
            Counted = e.IsCounted,
            OccurredAt = e.OccurredAt ?? stored.RecordedAt,
            RecordedAt = stored.RecordedAt,
            Metadata = e.Metadata ?? Domain.Metadata.Empty,
            Quota = QuotaBody.Of(e),
        };
    }
}

/// <summary>A day of a metric's history.</summary>
/// <param name="Day">The day, UTC, as <c>2026-11-21</c>.</param>
/// <param name="Added">What was added on it, less what was taken off.</param>
/// <param name="Posts">How many posts there were.</param>
/// <param name="Used">How much of the metric was used after the last post that counted; null where none did.</param>
/// <param name="Peak">The most that was used after any of them.</param>
/// <param name="Categories">What was added by category, where it was posted so.</param>
public sealed record UsageDayBody(string Day, Credits Added, long Posts, Credits? Used, Credits? Peak, IReadOnlyDictionary<string, Credits>? Categories);

/// <summary>An alert that was raised.</summary>
/// <param name="Id">Names it within its account.</param>
/// <param name="Kind">low_balance or quota.</param>
/// <param name="Metric">The metric; null for the balance.</param>
/// <param name="Percent">The percentage of the limit; null for the balance.</param>
/// <param name="Threshold">The level that was crossed.</param>
/// <param name="Value">What was available, or used.</param>
/// <param name="Limit">The limit; null for the balance.</param>
/// <param name="RaisedAt">When.</param>
/// <param name="ClearedAt">When it was well on the other side again; null where it has not been since.</param>
public sealed record AlertBody(long Id, AlertKind Kind, string? Metric, int? Percent, Credits Threshold, Credits Value, Credits? Limit, DateTimeOffset RaisedAt, DateTimeOffset? ClearedAt);

/// <summary>What an account wants to hear of, and the alerts that were raised, the newest first.</summary>
/// <param name="LowBalance">Levels of what is available.</param>
/// <param name="QuotaPercent">Percentages of any limit.</param>
/// <param name="Data">A page of the alerts.</param>
/// <param name="NextCursor">Where the next page begins; null after the last.</param>
public sealed record AlertsBody(
    IReadOnlyList<Credits> LowBalance, IReadOnlyList<int> QuotaPercent, IReadOnlyList<AlertBody> Data,
    [property: System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.Never)] string? NextCursor);

/// <summary>What is bought by itself.</summary>
/// <param name="Kind">package.</param>
/// <param name="Id">Its id in the catalogue.</param>
/// <param name="Quantity">How many.</param>
public sealed record TopUpItemBody(string Kind, string Id, long Quantity);

/// <summary>When an account's credits are bought by themselves, and how that stands.</summary>
public sealed record AutoTopUpBody
{
    /// <summary>The account.</summary>
    public required AccountId AccountId { get; init; }

    /// <summary>Whether it is on; false where nothing was set.</summary>
    public required bool Enabled { get; init; }

    /// <summary>Bought when less than this is available.</summary>
    public Credits? Threshold { get; init; }

    /// <summary>What is bought.</summary>
    public TopUpItemBody? Item { get; init; }

    /// <summary>The credits or the money that was asked for, where the item was found by it.</summary>
    public object? Amount { get; init; }

    /// <summary>What it cost when it was agreed; what is dearer by now is not bought.</summary>
    public Money? Price { get; init; }

    /// <summary>At most so many in a calendar month.</summary>
    public int? MaxPerMonth { get; init; }

    /// <summary>At least so many minutes from one to the next.</summary>
    public int? CooldownMinutes { get; init; }

    /// <summary>The provider whose saved method is charged.</summary>
    public string? Provider { get; init; }

    /// <summary>The payment that is under way.</summary>
    public PaymentId? PendingPaymentId { get; init; }

    /// <summary>When the last one began.</summary>
    public DateTimeOffset? LastAt { get; init; }

    /// <summary>How many of this calendar month were begun and not declined.</summary>
    public required int ThisMonth { get; init; }

    /// <summary>How many tries in a row were in vain.</summary>
    public required int Failures { get; init; }

    /// <summary>Why the last one was, or why it waits.</summary>
    public string? Reason { get; init; }

    /// <summary>When it is looked at again, where too little is available and something stands in the way.</summary>
    public DateTimeOffset? NextTryAt { get; init; }

    internal static AutoTopUpBody Of(AccountId account, Quota quota, DateTimeOffset now)
    {
        var (settings, top) = (quota.AutoTopUp, quota.TopUp);
        var body = new AutoTopUpBody
        {
            AccountId = account,
            Enabled = settings?.Enabled ?? false,
            PendingPaymentId = top.Open,
            LastAt = top.StartedAt,
            ThisMonth = top.Month == QuotaPeriod.MonthOf(now) ? top.InMonth : 0,
            Failures = top.Failures,
            Reason = top.Reason,
            NextTryAt = top.Open is null ? top.WakeAt : null,
        };
        return settings is null ? body : body with
        {
            Threshold = settings.Threshold,
            Item = new("package", settings.Package, settings.Quantity),
            Amount = settings.ForMoney is { } money ? money : settings.ForCredits is { } credits ? (object)credits : null,
            Price = settings.Price,
            MaxPerMonth = settings.MaxPerMonth,
            CooldownMinutes = settings.CooldownMinutes,
            Provider = settings.Provider,
        };
    }
}
