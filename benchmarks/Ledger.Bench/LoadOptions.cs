using System.Globalization;
using System.Text.Json;

namespace Ledger.Bench;

/// <summary>What a load generator process is told.</summary>
internal sealed record LoadOptions
{
    /// <summary>Where the service listens; with several nodes the connections take turns.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    /// <summary>Keys of the callers; with several the connections take turns.</summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary><c>consume</c>, <c>read</c> or <c>batch</c>.</summary>
    public string Kind { get; init; } = "consume";

    public int Connections { get; init; } = 256;

    public double Seconds { get; init; } = 10;

    public double WarmUp { get; init; } = 2;

    /// <summary>So many accounts, one as likely as another.</summary>
    public int Accounts { get; init; } = 10_000;

    public int FirstAccount { get; init; }

    public string Run { get; init; } = "r";

    /// <summary>Requests a second over all connections, sent on time whether or not the ones before are answered; 0 sends each as soon as the one before is answered.</summary>
    public double Rate { get; init; }

    public int LinesPerRequest { get; init; } = 5_000;

    public IEnumerable<string> ToArguments() => ["load", JsonSerializer.Serialize(this)];

    public static LoadOptions Parse(string[] args) => JsonSerializer.Deserialize<LoadOptions>(args[1])!;
}

/// <summary>What a load generator process tells: figures of the counted time only.</summary>
/// <param name="Done">Commands done.</param>
/// <param name="Refused">Requests answered 503 with Retry-After.</param>
/// <param name="Failed">Every other answer, and connections that the server closed.</param>
/// <param name="Seconds">How long was counted.</param>
/// <param name="P50Ms">Median latency of what was done.</param>
/// <param name="P99Ms">The latency that one in a hundred exceeded.</param>
/// <param name="MaxMs">The highest.</param>
/// <param name="RefusedP99Ms">The same as P99Ms, of what was refused.</param>
/// <param name="ProcessorUs">Processor time of the generator.</param>
internal sealed record LoadResult(long Done, long Refused, long Failed, double Seconds, double P50Ms, double P99Ms, double MaxMs, double RefusedP99Ms, double ProcessorUs)
{
    public double PerSecond => Done / Seconds;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{PerSecond:n0}/s p50 {P50Ms:n2} ms p99 {P99Ms:n2} ms, {Refused} refused, {Failed} failed");
}
