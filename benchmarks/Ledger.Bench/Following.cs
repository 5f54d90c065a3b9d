using Spectre.Console;

namespace Ledger.Bench;

/// <summary>Read models behind the write side (P7) and their rebuild (P8).</summary>
internal static class Following
{
    private const int EventsMin = 400_000;

    public static async Task MeasureAsync(Round round)
    {
        if (round.Wants("P7")) await BehindAsync(round);
        if (round.Wants("P8")) await RebuildAsync(round);
    }

    /// <summary>Rebuilds of so many events that what each begins and ends with weighs little.</summary>
    private static async Task RebuildAsync(Round round)
    {
        await round.ReadModels.AllAsync("pause");
        var (service, key) = (round.Service, round.Service.Keys.App);
        var missing = (round.Options.Quick ? EventsMin / 2 : EventsMin) - (await Footprint.ReadAsync(round.Ground.Main.Database)).Events;
        if (missing > 0) await Filling.ConsumeAsync(service, key, $"rebuild-{missing}", 0, Ground.Accounts, (int)missing);
        foreach (var name in await round.ReadModels.NamesAsync())
        {
            var (events, perSecond) = await round.ReadModels.RebuildAsync(name);
            AnsiConsole.MarkupLineInterpolated($"P8: {name} rebuilt from {events:n0} events at {perSecond:n0} a second");
            round.Findings.Rebuilds.Add((name, perSecond));
            if (name == "transactions") round.Add("P8", "rebuild of transactions, events a second", 40_000, perSecond, "1/s", 1);
        }

        await round.ReadModels.AllAsync("resume");
    }

    /// <summary>The age of the read models at 0.7 of the rate, and what they take from the writes at the full one.</summary>
    private static async Task BehindAsync(Round round)
    {
        await round.ReadModels.CatchUpAsync();
        await round.ReadModels.AllAsync("pause");
        var without = await round.LoadAsync("P7, read models paused", round.Load);
        await round.ReadModels.AllAsync("resume");
        var (took, behind) = await round.ReadModels.CatchUpAsync();
        AnsiConsole.MarkupLineInterpolated($"P7: {behind:n0} events caught up in {took.TotalSeconds:n1} s, {behind / Math.Max(0.001, took.TotalSeconds):n0} a second");
        var with = await round.LoadAsync("P7, full load", round.Load);
        round.Add("P7-writes", "writes with the read models running, against writes with them paused", without.PerSecond, with.PerSecond, "1/s", 0.9, with);
        (took, behind) = await round.ReadModels.CatchUpAsync();
        AnsiConsole.MarkupLineInterpolated($"P7: after the full load {behind:n0} events behind, caught up in {took.TotalSeconds:n1} s");
        using var stop = new CancellationTokenSource();
        var sampling = round.ReadModels.SampleAsync(stop.Token);
        var open = await round.LoadAsync("P7, 0.7 of the rate", round.Load with { Rate = 0.7 * round.Plain });
        await stop.CancelAsync();
        var ages = (await sampling).Order().ToArray();
        double At(double share) => ages.Length == 0 ? 1e6 : ages[Math.Min(ages.Length - 1, (int)(ages.Length * share))];
        AnsiConsole.MarkupLineInterpolated($"P7: {ages.Length:n0} samples at {open.PerSecond:n0}/s, age p50 {At(0.5):n0} ms, p99 {At(0.99):n0} ms, highest {At(1):n0} ms");
        round.Findings.Figures.Add(new Figure("P7", "age of the read models at 0.7 of the rate of P1, p99", 500, At(0.99), At(0.99) / 500, "ms", At(0.5), At(0.99), 1, true));
    }
}
