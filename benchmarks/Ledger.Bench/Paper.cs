using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Ledger.Bench;

/// <summary>Writes the measured parts of docs/performance.md: what stands between a pair of marks is replaced, all else is written by people.</summary>
internal static partial class Paper
{
    public static async Task WriteAsync(string path, BenchOptions options, Findings findings)
    {
        var parts = new Dictionary<string, string>
        {
            ["machine"] = Machine(options),
            ["figures"] = Figures(findings),
            ["costs"] = Costs(findings),
            ["statements"] = Statements(findings),
            ["rebuilds"] = Rebuilds(findings),
            ["growth"] = Curves(findings),
        };
        var text = await File.ReadAllTextAsync(path);
        text = Marked().Replace(text, m => parts.TryGetValue(m.Groups[1].Value, out var part) && part.Length > 0 ? $"<!-- bench {m.Groups[1].Value} -->\n{part}<!-- end -->" : m.Value);
        await File.WriteAllTextAsync(path, text);
    }

    private static string Machine(BenchOptions options)
    {
        var model = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() : null;
        return Text($"{Environment.ProcessorCount} processors ({model ?? "of unknown make"}), {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:0} GB, {System.Runtime.InteropServices.RuntimeInformation.OSDescription}, .NET {Environment.Version}; {options.Repeats} repeats of {options.Seconds} s a load{(options.Quick ? ", with `--quick`" : "")}; {DateTime.UtcNow:yyyy-MM-dd}.\n");
    }

    private static string Figures(Findings findings)
    {
        var table = new StringBuilder("| id | what | baseline | figure | ratio (median) | lowest to highest | p50 ms | p99 ms | goal | met |\n|---|---|---|---|---|---|---|---|---|---|\n");
        foreach (var f in findings.Medians)
        {
            table.Append(Text($"| {f.Id} | {f.What} | {f.Baseline:#,0.##} | {f.Value:#,0.##} {f.Unit} | {f.Ratio:0.00} | {Report.Spread(findings, f)} | {f.P50Ms:0.0} | {f.P99Ms:0.0} | {Report.Goal(f)} | {(f.Met ? "yes" : "no")} |\n"));
        }

        return table.ToString();
    }

    private static string Costs(Findings findings)
    {
        var table = new StringBuilder("| load | service, µs | PostgreSQL, µs | generator, µs | log, bytes | transactions |\n|---|---|---|---|---|---|\n");
        foreach (var (load, cost) in findings.MedianCosts) table.Append(Text($"| {load} | {cost.ServiceUs:0} | {cost.DatabaseUs:0} | {cost.GeneratorUs:0} | {cost.WalBytes:#,0} | {cost.Transactions:0.0000} |\n"));
        return table.ToString();
    }

    private static string Statements(Findings findings)
    {
        if (findings.Statements.Count == 0) return "";
        var table = new StringBuilder("| statement | times a command | µs a command | log, bytes a command |\n|---|---|---|---|\n");
        foreach (var cost in findings.Statements)
        {
            var statement = cost.Statement.Length > 110 ? cost.Statement[..110] + " ..." : cost.Statement;
            table.Append(Text($"| `{statement.Replace("|", "\\|", StringComparison.Ordinal).Replace("`", "'", StringComparison.Ordinal)}` | {cost.Calls:0.0000} | {cost.Microseconds:0.0} | {cost.WalBytes:#,0} |\n"));
        }

        return table.ToString();
    }

    private static string Rebuilds(Findings findings)
    {
        if (findings.Rebuilds.Count == 0) return "";
        var table = new StringBuilder("| read model | events a second (median) |\n|---|---|\n");
        foreach (var model in findings.Rebuilds.GroupBy(r => r.Model)) table.Append(Text($"| {model.Key} | {model.Select(r => r.PerSecond).Order().ElementAt(model.Count() / 2):#,0} |\n"));
        return table.ToString();
    }

    private static string Curves(Findings findings)
    {
        if (findings.Points.Count == 0) return "";
        var table = new StringBuilder("| by | at | a second | p50 ms | p99 ms |\n|---|---|---|---|---|\n");
        foreach (var curve in findings.Points.Select(p => p.Curve).Distinct())
        {
            foreach (var p in findings.Curve(curve)) table.Append(Text($"| {curve} | {p.X:#,0} | {p.PerSecond:#,0} | {p.P50Ms:0.0} | {p.P99Ms:0.0} |\n"));
        }

        return table.ToString();
    }

    private static string Text(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex("<!-- bench (\\w+) -->\\n.*?<!-- end -->", RegexOptions.Singleline)]
    private static partial Regex Marked();
}
