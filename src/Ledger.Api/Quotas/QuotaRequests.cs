using System.Text.Json;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Quotas;

namespace Ledger.Api.Quotas;

/// <summary>Something was used.</summary>
public sealed record RecordUsageRequest
{
    /// <summary>The metric, <c>[A-Za-z0-9_.:-]{1,64}</c>.</summary>
    public string? Metric { get; init; }

    /// <summary>How much; at most 6 decimals. Of a gauge less than 0 may be added.</summary>
    public Quantity? Quantity { get; init; }

    /// <summary>add (where it is left out) or set.</summary>
    public UsageMode? Mode { get; init; }

    /// <summary>What part of the metric that is, such as attachments.</summary>
    public string? Category { get; init; }

    /// <summary>When it happened; at most 35 days back. What belongs to an older period is kept in the history alone.</summary>
    public DateTimeOffset? OccurredAt { get; init; }

    /// <summary>Whether it is refused where it would pass the limit; false where it is left out: then it is recorded all the same.</summary>
    public bool? Enforce { get; init; }

    /// <summary>At most 50 text members. No personal data: it is kept for ever.</summary>
    public IReadOnlyDictionary<string, string?>? Metadata { get; init; }

    internal RecordUsage ToCommand(AccountId account, Errors errors) => new()
    {
        Account = account,
        Metric = UsageNames.Required(Metric, "metric", errors),
        Quantity = errors.Required(Quantity, "quantity").Value,
        Mode = Mode ?? UsageMode.Add,
        Category = Category is null ? null : UsageNames.Required(Category, "category", errors),
        OccurredAt = OccurredAt,
        Enforce = Enforce ?? false,
        Metadata = errors.Metadata(Metadata),
    };
}

/// <summary>An account gets a limit of its own.</summary>
public sealed record OverrideLimitRequest
{
    /// <summary>The limit, 0 or more; null: that of the plan holds again. It must not be left out.</summary>
    public Quantity? Limit
    {
        get;
        init
        {
            field = value;
            IsGiven = true;
        }
    }

    // A null takes a limit away, so here alone it is not the same as what is left out.
    internal bool IsGiven { get; private init; }
}

/// <summary>What an account wants to hear of; in place of all before.</summary>
public sealed record AlertsRequest
{
    /// <summary>Levels of what is available: an alert for each that it falls below. At most 10; none where it is left out.</summary>
    public IReadOnlyList<Credits?>? LowBalance { get; init; }

    /// <summary>Percentages of any limit, 1 to 1,000: an alert for each that usage comes to. At most 10; 80 and 100 where it is left out.</summary>
    public IReadOnlyList<int?>? QuotaPercent { get; init; }

    internal AlertSettings ToSettings(Errors errors)
    {
        if (LowBalance?.Contains(null) == true) errors.Add("lowBalance", "must not have a null");
        if (QuotaPercent?.Contains(null) == true) errors.Add("quotaPercent", "must not have a null");
        return new AlertSettings([.. LowBalance?.OfType<Credits>() ?? []], QuotaPercent is null ? AlertSettings.Default.QuotaPercent : [.. QuotaPercent.OfType<int>()]);
    }
}

/// <summary>When an account's credits are bought by themselves, and which; in place of what was set before.</summary>
public sealed record AutoTopUpRequest
{
    /// <summary>How often it may be in a month where nothing is said.</summary>
    public const int PerMonthDefault = 10;

    /// <summary>The cool-down in minutes where nothing is said.</summary>
    public const int CooldownDefault = 60;

    /// <summary>Bought when less than this is available.</summary>
    public Credits? Threshold { get; init; }

    /// <summary>The package: its id, or <c>{ "kind": "package", "id": "small", "quantity": 1 }</c>.</summary>
    public JsonElement? Item { get; init; }

    /// <summary>In place of item: credits (a number) or money (an object with amount and currency), for which packages of one kind are found.</summary>
    public JsonElement? Amount { get; init; }

    /// <summary>At most so many in a calendar month, UTC, 1 to 1,000; 10 where it is left out.</summary>
    public int? MaxPerMonth { get; init; }

    /// <summary>At least so many minutes from one to the next, 0 to 44,640; 60 where it is left out.</summary>
    public int? CooldownMinutes { get; init; }

    /// <summary>Whether it is on; true where it is left out. With false alone, all else stays as it was set.</summary>
    public bool? Enabled { get; init; }

    /// <summary>The provider whose saved method is charged; that of the default method where it is left out.</summary>
    public string? Provider { get; init; }
}

/// <summary>How names of metrics and categories are checked.</summary>
internal static class UsageNames
{
    /// <summary>A name that must be there and have the shape of one.</summary>
    public static string Required(string? name, string member, Errors errors)
    {
        if (name is null) errors.Add(member, "is required");
        else if (!Metrics.IsName(name)) errors.Add(member, "must have 1 to 64 of the characters A-Z a-z 0-9 . _ : -");
        return name ?? "";
    }
}
