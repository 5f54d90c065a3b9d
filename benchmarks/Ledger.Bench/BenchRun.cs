using System.Diagnostics;
using System.Text.Json;
using Ledger.Api.Operations;
using Npgsql;
using Spectre.Console;

namespace Ledger.Bench;

/// <summary>A figure with its baseline of the same run.</summary>
internal sealed record Figure(string Id, string What, double Baseline, double Value, double Ratio, string Unit, double? P50Ms, double? P99Ms, double Goal, bool AtMost)
{
    public bool Met => AtMost ? Ratio <= Goal : Ratio >= Goal;
}

/// <summary>Measures what is asked for, each figure against a baseline of the same run, since the machine is shared and noisy.</summary>
internal static class BenchRun
{
    private const int Accounts = 10_000;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private static readonly string[] Known = ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P12", "P13"];

    public static async Task<int> RunAsync(string[] args)
    {
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = 180;
        var wanted = args.Where(a => a.StartsWith('P')).ToList();
        if (wanted.Count == 0) wanted = [.. Known];
        if (wanted.Except(Known).FirstOrDefault() is { } unknown)
        {
            await Console.Error.WriteLineAsync($"{unknown} is not measured yet; known are {string.Join(' ', Known)}");
            return 2;
        }

        var seconds = args.Contains("--quick") ? 3 : 10;
        var statements = args.Contains("--statements");
        var repeats = args.Contains("--quick") ? 1 : 3;
        var root = FindRoot();
        var folder = Directory.CreateDirectory(Path.Combine(root, "artifacts", "bench")).FullName;
        await using var postgres = await PrivatePostgres.StartAsync(new PrivatePostgresOptions { DataDir = Path.Combine(folder, "data"), Purpose = "benchmark", Settings = StatementCosts.Settings(statements), Log = line => AnsiConsole.MarkupLineInterpolated($"[grey]{line}[/]") }, CancellationToken.None);
        var admin = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Pooling = false }.ConnectionString;
        await SqlAsync(admin, "drop database if exists bench with (force)");
        await SqlAsync(admin, "create database bench");
        var database = new NpgsqlConnectionStringBuilder(admin) { Database = "bench" }.ConnectionString;
        var baseline = new Baseline((await PostgresBinaries.FindAsync(null, null, CancellationToken.None)).Folder, database, folder);
        await using var service = await Service.StartAsync(Path.Combine(root, "artifacts", "bin", "Ledger.Api", "release", "Ledger.Api.dll"), new NpgsqlConnectionStringBuilder(database) { Pooling = true }.ConnectionString, Path.Combine(folder, "service.log"));
        await baseline.PrepareAsync();
        await service.OpenAccountsAsync(Accounts);
        if (statements) await SqlAsync(database, "create extension pg_stat_statements");
        await SqlAsync(database, "vacuum analyze; checkpoint");

        var figures = new List<Figure>();
        for (var repeat = 0; repeat < repeats; repeat++)
        {
            AnsiConsole.MarkupLineInterpolated($"[grey]run {repeat + 1} of {repeats}[/]");
            figures.AddRange(await MeasureAsync(wanted, baseline, service, new ReadModels(service, database), seconds, repeat, statements ? database : null));
        }

        var medians = figures.GroupBy(f => f.Id).Select(group => group.OrderBy(f => f.Ratio).ElementAt(group.Count() / 2)).OrderBy(f => int.Parse(f.Id.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Print(medians, figures);
        await File.WriteAllTextAsync(Path.Combine(root, "artifacts", "bench.json"), JsonSerializer.Serialize(
            medians.Select(f => new { id = f.Id, baseline = f.Baseline, value = f.Value, ratio = f.Ratio, unit = f.Unit, p50ms = f.P50Ms, p99ms = f.P99Ms, goal = f.Goal, met = f.Met, ratios = figures.Where(o => o.Id == f.Id).Select(o => o.Ratio) }),
            Indented));
        return 0;
    }

    private static async Task<List<Figure>> MeasureAsync(List<string> wanted, Baseline baseline, Service service, ReadModels readModels, int seconds, int repeat, string? statements)
    {
        var figures = new List<Figure>();
        var eight = await baseline.RunAsync("baseline.sql", 8, Math.Max(3, seconds / 2));
        var many = await baseline.RunAsync("baseline.sql", 32, Math.Max(3, seconds / 2));
        var best = Math.Max(eight.PerSecond, many.PerSecond);
        AnsiConsole.MarkupLineInterpolated($"baseline: 8 clients {eight.PerSecond:n0}/s, 32 clients {many.PerSecond:n0}/s");

        async Task<LoadResult> Load(string id, string kind, int connections, double rate = 0)
        {
            if (statements is not null) await StatementCosts.ResetAsync(statements);
            var before = service.Processor;
            var result = await LoadAsync(new LoadOptions { Port = service.Port, ApiKey = service.ApiKey, Kind = kind, Connections = connections, Rate = rate, Seconds = seconds, Accounts = Accounts, Run = $"{id}-{repeat}-{Environment.ProcessId}" });
            // The warm-up's commands are counted in neither; its processor time is taken off by its share.
            var processor = (service.Processor - before) * (seconds / (seconds + 2.0)) / Math.Max(1, result.Done);
            AnsiConsole.MarkupLineInterpolated($"{id}: {result.ToString()}, service {processor.TotalMicroseconds:n0} us of processor time a command");
            if (statements is not null) await StatementCosts.PrintAsync(statements, result.Done * ((seconds + 2.0) / seconds));
            if (result.Failed > 0) throw new InvalidOperationException($"{id}: {result.Failed} requests failed; a figure with failures is none.");
            return result;
        }

        double? plain = null;
        if (wanted.Contains("P1") || wanted.Contains("P3") || wanted.Contains("P7"))
        {
            var load = await Load("P1", "consume", 256);
            plain = load.PerSecond;
            figures.Add(new Figure("P1", "consumptions over HTTP, 256 connections, 10,000 accounts", best, load.PerSecond, load.PerSecond / best, "1/s", load.P50Ms, load.P99Ms, 4.0, false));
        }

        if (wanted.Contains("P12")) figures.Add(new Figure("P12", "resident memory of the service", 300, service.ResidentMegabytes, service.ResidentMegabytes / 300, "MB", null, null, 1, true));
        if (wanted.Contains("P2"))
        {
            var load = await Load("P2", "consume", 64);
            figures.Add(new Figure("P2", "the same, 64 connections", best, load.PerSecond, load.PerSecond / best, "1/s", load.P50Ms, load.P99Ms, 2.5, false));
        }

        if (wanted.Contains("P3"))
        {
            var load = await Load("P3", "hot", 256);
            figures.Add(new Figure("P3", "the same on one account, against P1", plain!.Value, load.PerSecond, load.PerSecond / plain.Value, "1/s", load.P50Ms, load.P99Ms, 0.9, false));
        }

        if (wanted.Contains("P4"))
        {
            var load = await Load("P4", "batch", 2);
            figures.Add(new Figure("P4", "batches of 5,000 lines", best, load.PerSecond, load.PerSecond / best, "1/s", load.P50Ms, load.P99Ms, 10, false));
        }

        if (wanted.Contains("P5"))
        {
            var one = await baseline.RunAsync("baseline.sql", 1, Math.Max(3, seconds / 2));
            var load = await Load("P5", "consume", 1);
            figures.Add(new Figure("P5", "latency on one connection, p50 against one transaction", one.P50Ms, load.P50Ms, load.P50Ms / one.P50Ms, "ms", load.P50Ms, load.P99Ms, 2, true));
        }

        if (wanted.Contains("P6"))
        {
            var select = await baseline.RunAsync("select.sql", 32, Math.Max(3, seconds / 2));
            var load = await Load("P6", "read", 64);
            figures.Add(new Figure("P6", "account reads, 64 connections, against single-row selects", select.PerSecond, load.PerSecond, load.PerSecond / select.PerSecond, "1/s", load.P50Ms, load.P99Ms, 0.4, false));
        }

        if (wanted.Contains("P7")) figures.Add(await BehindAsync(readModels, plain!.Value, (id, rate) => Load(id, "consume", 256, rate)));
        if (wanted.Contains("P8"))
        {
            foreach (var name in await readModels.NamesAsync())
            {
                await readModels.CatchUpAsync();
                var (events, perSecond) = await readModels.RebuildAsync(name);
                AnsiConsole.MarkupLineInterpolated($"P8: {name} rebuilt from {events:n0} events at {perSecond:n0} a second");
                if (name == "transactions") figures.Add(new Figure("P8", "rebuild of transactions, events a second", 40_000, perSecond, perSecond / 40_000, "1/s", null, null, 1, false));
            }
        }

        if (wanted.Contains("P13") && repeat == 0) figures.Add(new Figure("P13", "start of the service until ready", 3, service.StartedIn.TotalSeconds, service.StartedIn.TotalSeconds / 3, "s", null, null, 1, true));
        return figures;
    }

    /// <summary>The age of the read models at 0.7 of the rate, and what they take from the writes at the full one.</summary>
    private static async Task<Figure> BehindAsync(ReadModels readModels, double withThem, Func<string, double, Task<LoadResult>> load)
    {
        var (took, behind) = await readModels.CatchUpAsync();
        AnsiConsole.MarkupLineInterpolated($"P7: after the full load {behind:n0} events behind, caught up in {took.TotalSeconds:n1} s");
        await readModels.AllAsync("pause");
        var without = await load("P7 (full load, read models paused)", 0);
        await readModels.AllAsync("resume");
        (took, behind) = await readModels.CatchUpAsync();
        AnsiConsole.MarkupLineInterpolated($"P7: {withThem / without.PerSecond:n2} of the writes with the read models running; {behind:n0} events caught up in {took.TotalSeconds:n1} s");
        using var stop = new CancellationTokenSource();
        var sampling = readModels.SampleAsync(stop.Token);
        var open = await load("P7 (open loop)", 0.7 * withThem);
        await stop.CancelAsync();
        var ages = (await sampling).Order().ToArray();
        double At(double share) => ages.Length == 0 ? double.PositiveInfinity : ages[Math.Min(ages.Length - 1, (int)(ages.Length * share))];
        AnsiConsole.MarkupLineInterpolated($"P7: {ages.Length:n0} samples at {open.PerSecond:n0}/s, age p50 {At(0.5):n0} ms, p99 {At(0.99):n0} ms, highest {At(1):n0} ms");
        return new Figure("P7", "age of the read models at 0.7 of the rate of P1, p99", 500, At(0.99), At(0.99) / 500, "ms", At(0.5), At(0.99), 1, true);
    }

    private static async Task<LoadResult> LoadAsync(LoadOptions options)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet") start.ArgumentList.Add(typeof(BenchRun).Assembly.Location);
        foreach (var argument in options.ToArguments()) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return JsonSerializer.Deserialize<LoadResult>(output) ?? throw new InvalidOperationException("The load generator told nothing.");
    }

    private static void Print(List<Figure> medians, List<Figure> all)
    {
        var table = new Table().AddColumns("id", "what", "baseline", "figure", "ratio (median)", "spread", "p50 ms", "p99 ms", "goal", "met");
        foreach (var f in medians)
        {
            var ratios = all.Where(o => o.Id == f.Id).Select(o => o.Ratio).ToList();
            table.AddRow(f.Id, f.What, $"{f.Baseline:n1}", $"{f.Value:n1} {f.Unit}", $"{f.Ratio:n2}", $"{ratios.Min():n2} to {ratios.Max():n2}", $"{f.P50Ms:n2}", $"{f.P99Ms:n2}", (f.AtMost ? "<= " : ">= ") + $"{f.Goal}", f.Met ? "yes" : "no");
        }

        AnsiConsole.Write(table);
    }

    private static async Task SqlAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        foreach (var one in sql.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            await using var command = new NpgsqlCommand(one, connection) { CommandTimeout = 300 };
            await command.ExecuteNonQueryAsync();
        }
    }

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Ledger.sln"))) return folder;
        }

        throw new InvalidOperationException("The benchmark runs inside the repository.");
    }
}
