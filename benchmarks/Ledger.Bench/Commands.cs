using Spectre.Console;

namespace Ledger.Bench;

/// <summary>Commands and reads over HTTP against the baseline: P1 to P6, and what they hold and store (P11, P12); the start (P13).</summary>
internal static class Commands
{
    public static async Task MeasureAsync(Round round)
    {
        var (options, ground) = (round.Options, round.Ground);
        var half = Math.Max(3, options.Seconds / 2);
        if (round.Wants("P1", "P2", "P3", "P4", "P7", "P11", "P12", "nodes", "overload"))
        {
            var eight = await ground.Baseline.RunAsync("baseline.sql", 8, half);
            var many = await ground.Baseline.RunAsync("baseline.sql", 32, half);
            round.Baseline = Math.Max(eight.PerSecond, many.PerSecond);
            AnsiConsole.MarkupLineInterpolated($"baseline: 8 clients {eight.PerSecond:n0}/s, 32 clients {many.PerSecond:n0}/s");
        }

        if (round.Wants("P1", "P3", "P7", "P11", "P12", "nodes", "overload")) await PlainAsync(round);
        if (round.Wants("P3"))
        {
            var load = await round.LoadAsync("P3", round.Load with { Accounts = 1 });
            round.Add("P3", "the same on one account, against P1", round.Plain, load.PerSecond, "1/s", 0.9, load);
        }

        if (round.Wants("nodes")) await Nodes.MeasureAsync(round);
        if (round.Wants("overload")) await Overload.MeasureAsync(round);
        await round.ReadModels.CatchUpAsync();
        if (round.Wants("P2"))
        {
            var load = await round.LoadAsync("P2", round.Load with { Connections = 64 });
            round.Draw("connections", 64, load);
            round.Add("P2", "the same, 64 connections", round.Baseline, load.PerSecond, "1/s", 2.5, load);
        }

        if (round.Wants("P4"))
        {
            var load = await round.LoadAsync("P4", round.Load with { Kind = "batch", Connections = 2 });
            round.Add("P4", "batches of 5,000 lines", round.Baseline, load.PerSecond, "1/s", 10, load);
        }

        await round.ReadModels.CatchUpAsync();
        if (round.Wants("P5"))
        {
            var (_, one) = await ground.Baseline.RunAsync("baseline.sql", 1, half);
            var load = await round.LoadAsync("P5", round.Load with { Connections = 1 });
            round.Draw("connections", 1, load);
            round.Add("P5", "latency on one connection, p50 against one transaction", one, load.Result.P50Ms, "ms", 2, load, atMost: true);
        }

        if (round.Wants("P6"))
        {
            var (select, _) = await ground.Baseline.RunAsync("select.sql", 32, half);
            var load = await round.LoadAsync("P6", round.Load with { Kind = "read", Connections = 64 });
            round.Add("P6", "account reads, 64 connections, against single-row selects", select, load.PerSecond, "1/s", 0.4, load);
        }

        if (round.Wants("P13"))
        {
            await using var another = await ground.StartAsync(ground.Main.Database, round.Service.Keys);
            round.Add("P13", "start of the service until ready", 3, another.StartedIn.TotalSeconds, "s", 1, atMost: true);
        }
    }

    private static async Task PlainAsync(Round round)
    {
        await round.ReadModels.CatchUpAsync();
        var before = await Footprint.ReadAsync(round.Ground.Main.Database);
        var load = await round.LoadAsync("P1", round.Load);
        round.Plain = load.PerSecond;
        round.Draw("connections", 256, load);
        round.Add("P1", "consumptions over HTTP, 256 connections, 10,000 accounts", round.Baseline, load.PerSecond, "1/s", 4, load);
        if (round.Wants("P1")) round.Add("P1-p99", "latency of P1, p99", 60, load.Result.P99Ms, "ms", 1, load, atMost: true);
        if (round.Wants("P12")) round.Add("P12", "resident memory of the service at P1", 300, load.Megabytes, "MB", 1, atMost: true);
        if (!round.Wants("P11")) return;
        await round.ReadModels.CatchUpAsync();
        var (writeSide, all) = (await Footprint.ReadAsync(round.Ground.Main.Database)).Since(before);
        round.Add("P11", "bytes a consumption, write side", 1_000, writeSide, "bytes", 1, atMost: true);
        round.Add("P11-all", "bytes a consumption, with all read models", 1_800, all, "bytes", 1, atMost: true);
    }
}
