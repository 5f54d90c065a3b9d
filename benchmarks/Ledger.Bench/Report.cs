using System.Text.Json;
using Spectre.Console;

namespace Ledger.Bench;

/// <summary>Tells what was found: the table, artifacts/bench.json, the charts, and with <c>--docs</c> the paper.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task WriteAsync(string root, BenchOptions options, Findings findings)
    {
        Print(findings);
        await File.WriteAllTextAsync(Path.Combine(root, "artifacts", "bench.json"), Json(findings));
        var charts = Directory.CreateDirectory(options.Docs ? Path.Combine(root, "docs", "charts") : Path.Combine(root, "artifacts", "bench")).FullName;
        if (Load(findings) is { } load) await File.WriteAllTextAsync(Path.Combine(charts, "load.svg"), load);
        if (Growth(findings) is { } growth) await File.WriteAllTextAsync(Path.Combine(charts, "growth.svg"), growth);
        if (options.Docs) await Paper.WriteAsync(Path.Combine(root, "docs", "performance.md"), options, findings);
    }

    /// <summary>A goal, as it is written.</summary>
    public static string Goal(Figure figure) => (figure.AtMost ? "at most " : "at least ") + figure.Goal.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The ratios of all repeats, lowest and highest.</summary>
    public static string Spread(Findings findings, Figure figure) => findings.Ratios(figure.Id) is { Count: > 1 } ratios ? $"{ratios.Min():n2} to {ratios.Max():n2}" : "";

    private static string Json(Findings findings) => JsonSerializer.Serialize(
        findings.Medians.Select(f => new
        {
            id = f.Id,
            what = f.What,
            baseline = f.Baseline,
            value = f.Value,
            ratio = f.Ratio,
            unit = f.Unit,
            p50ms = f.P50Ms,
            p99ms = f.P99Ms,
            goal = f.Goal,
            met = f.Met,
            ratios = findings.Ratios(f.Id),
        }),
        Indented);

    private static void Print(Findings findings)
    {
        var table = new Table().AddColumns("id", "what", "baseline", "figure", "ratio (median)", "spread", "p50 ms", "p99 ms", "goal", "met");
        foreach (var f in findings.Medians)
        {
            table.AddRow(f.Id, f.What, $"{f.Baseline:n1}", $"{f.Value:n1} {f.Unit}", $"{f.Ratio:n2}", Spread(findings, f), $"{f.P50Ms:n2}", $"{f.P99Ms:n2}", Goal(f), f.Met ? "yes" : "no");
        }

        AnsiConsole.Write(table);
        foreach (var (load, cost) in findings.MedianCosts) AnsiConsole.MarkupLineInterpolated($"{load}: {cost.ToString()}");
    }

    private static string? Load(Findings findings)
    {
        var curve = findings.Curve("connections");
        if (curve.Count < 2) return null;
        return Chart.Draw(
        [
            new Chart("Consumptions over HTTP", "connections", "a second", [new ChartLine("consumptions a second", [.. curve.Select(p => (p.X, p.PerSecond))])]),
            new Chart("Their latency", "connections", "milliseconds", [new ChartLine("median", [.. curve.Select(p => (p.X, p.P50Ms))]), new ChartLine("one in a hundred is slower", [.. curve.Select(p => (p.X, p.P99Ms))])]),
        ]);
    }

    private static string? Growth(Findings findings)
    {
        var charts = ((string Curve, string Across)[])[("events", "events stored"), ("accounts", "accounts in use"), ("lots", "live lots an account")];
        var drawn = charts.Select(c => (c.Across, Points: findings.Curve(c.Curve))).Where(c => c.Points.Count > 1).ToList();
        return drawn.Count == 0 ? null : Chart.Draw([.. drawn.Select(c => new Chart($"Consumptions a second by {c.Across}", c.Across, "a second", [new ChartLine("256 connections", [.. c.Points.Select(p => (p.X, p.PerSecond))])]))]);
    }
}
