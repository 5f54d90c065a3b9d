using System.Globalization;

namespace Ledger.Domain.Quotas;

/// <summary>The metrics that have a meaning of their own, and what holds for the names of all.</summary>
public static class Metrics
{
    /// <summary>Most characters of a metric's or a category's name.</summary>
    public const int NameMax = 64;

    /// <summary>The most of a metric as it is metered, posted or allowed: what a long holds, 9,223,372,036,854,775,807.</summary>
    public static Credits QuantityMax { get; } = new(long.MaxValue);

    /// <summary>Credits that were consumed: what the ledger sees, and what an app posts besides.</summary>
    public const string AiCredits = "ai_credits";

    /// <summary>Calls: the consumptions and logged calls that the ledger sees, and what an app posts besides.</summary>
    public const string ApiCalls = "api_calls";

    /// <summary>Storage in units of 1,048,576 bytes: another name of <see cref="StorageBytes"/>.</summary>
    public const string StorageMb = "storage_mb";

    /// <summary>Storage in bytes, as it is metered.</summary>
    public const string StorageBytes = "storage_bytes";

    private const int BytesOfMb = 1_048_576;

    /// <summary>All that have a meaning of their own, in ordinal order.</summary>
    public static ValueList<string> Known { get; } = [AiCredits, ApiCalls, "projects", StorageBytes, StorageMb, "tasks", "users"];

    /// <summary>Whether a text can be the name of a metric or a category: <c>[A-Za-z0-9_.:-]{1,64}</c>, as ids are everywhere.</summary>
    public static bool IsName(string? text)
    {
        if (text is not { Length: > 0 and <= NameMax }) return false;
        foreach (var character in text)
        {
            if (character is not ((>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '_' or '.' or ':' or '-')) return false;
        }

        return true;
    }

    /// <summary>Whether the ledger counts some of it by itself.</summary>
    public static bool IsSeen(string metric) => metric is AiCredits or ApiCalls;

    /// <summary>Whether it is a gauge, for those that have a meaning of their own; null for all others, whose first post says it.</summary>
    public static bool? IsGauge(string metric) => metric switch
    {
        "users" or "projects" or "tasks" or StorageBytes => true,
        AiCredits or ApiCalls => false,
        _ => null,
    };

    /// <summary>The metric that is metered under this name.</summary>
    public static string Metered(string metric) => metric == StorageMb ? StorageBytes : metric;

    /// <summary>An amount as it is metered, of an amount under this name. Exact.</summary>
    public static Credits ToMetered(string metric, Credits amount) => metric == StorageMb ? amount.Value * BytesOfMb : amount;

    /// <summary>The most of a metric under this name: <see cref="QuantityMax"/> as it is metered, in whole units.</summary>
    public static Credits MaxOf(string metric) => metric == StorageMb ? long.MaxValue / BytesOfMb : QuantityMax;

    /// <summary>An amount under this name, of an amount as it is metered; rounded up to 6 decimals.</summary>
    public static Credits FromMetered(string metric, Credits amount) => metric == StorageMb ? Up(amount.Value / BytesOfMb) : amount;

    /// <summary>An amount rounded up to the decimals that credits have.</summary>
    internal static Credits Up(decimal amount) => Math.Ceiling(amount * 1_000_000m) / 1_000_000m;

    /// <summary>What share of an amount a percentage is; rounded up to 6 decimals.</summary>
    internal static Credits Share(Credits amount, int percent) => Up(amount.Value * percent / 100m);

    internal static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
