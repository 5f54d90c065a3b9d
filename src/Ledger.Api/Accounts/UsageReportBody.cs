using Ledger.Domain;

namespace Ledger.Api.Accounts;

/// <summary>Usage by groups.</summary>
/// <param name="Data">The groups, in the order of what they are grouped by.</param>
public sealed record UsageReportBody(IReadOnlyList<UsageGroupBody> Data);

/// <summary>One group of usage; what it is not grouped by, and what its calls did not name, is left out.</summary>
public sealed record UsageGroupBody
{
    /// <summary>The app's service.</summary>
    public string? Service { get; init; }

    /// <summary>What the service did.</summary>
    public string? Operation { get; init; }

    /// <summary>The type of the thing that it was done for.</summary>
    public string? ResourceType { get; init; }

    /// <summary>The thing that it was done for.</summary>
    public string? ResourceId { get; init; }

    /// <summary>Who did it.</summary>
    public string? Actor { get; init; }

    /// <summary>The day (UTC) on which it occurred, such as 2026-11-20.</summary>
    public string? Day { get; init; }

    /// <summary>The month (UTC) in which it occurred, such as 2026-11.</summary>
    public string? Month { get; init; }

    /// <summary>The credits consumed.</summary>
    public required Credits Amount { get; init; }

    /// <summary>What was refunded of these consumptions, whenever that was.</summary>
    public required Credits Refunded { get; init; }

    /// <summary>How many calls: consumptions, and those that a hold's release logged without credits.</summary>
    public required long Count { get; init; }

    /// <summary>The sums of what the calls said that they used.</summary>
    public required UsageSumsBody Usage { get; init; }
}

/// <summary>Sums of usage; what no call said is left out.</summary>
public sealed record UsageSumsBody
{
    /// <summary>Tokens read.</summary>
    public decimal? InputTokens { get; init; }

    /// <summary>Tokens written.</summary>
    public decimal? OutputTokens { get; init; }

    /// <summary>Milliseconds.</summary>
    public decimal? ProcessingTimeMs { get; init; }

    /// <summary>Calls that said that they succeeded.</summary>
    public long? Succeeded { get; init; }

    /// <summary>Calls that said that they failed.</summary>
    public long? Failed { get; init; }
}
