using System.Globalization;
using System.Text.Json;

namespace Ledger.Bench;

/// <summary>What a load generator process is told.</summary>
internal sealed record LoadOptions
{
    public required int Port { get; init; }

    public required string ApiKey { get; init; }

    public required string Kind { get; init; }

    public int Connections { get; init; } = 256;

    public double Seconds { get; init; } = 10;

    public double WarmUp { get; init; } = 2;

    public int Accounts { get; init; } = 10_000;

    public string Run { get; init; } = "r";

    /// <summary>Requests a second over all connections, sent on time whether or not the ones before are answered; 0 sends each as soon as the one before is answered.</summary>
    public double Rate { get; init; }

    public int LinesPerRequest { get; init; } = 5_000;

    public IEnumerable<string> ToArguments() => ["load", JsonSerializer.Serialize(this)];

    public static LoadOptions Parse(string[] args) => JsonSerializer.Deserialize<LoadOptions>(args[1])!;
}

/// <summary>What a load generator process tells: figures of the counted time only.</summary>
internal sealed record LoadResult(long Done, long Refused, long Failed, double Seconds, double P50Ms, double P99Ms, double MaxMs)
{
    public double PerSecond => Done / Seconds;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{PerSecond:n0}/s p50 {P50Ms:n2} ms p99 {P99Ms:n2} ms, {Refused} refused, {Failed} failed");
}
