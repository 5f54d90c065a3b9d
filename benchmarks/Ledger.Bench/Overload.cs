using Spectre.Console;

namespace Ledger.Bench;

/// <summary>More connections than the service has room for: what is done, what is refused and how soon, what memory it takes, and how it is right afterwards.</summary>
internal static class Overload
{
    // The last is more than the queue holds, so that something must be refused. Who is done comes again at once, who is refused when it is told to.
    private static readonly int[] Connections = [1_024, 4_096, 8_192];

    public static async Task MeasureAsync(Round round)
    {
        var service = round.Service;
        await round.ReadModels.CatchUpAsync();
        var before = await round.Ground.LoadAsync("overload, before", service, round.Load with { Connections = 64, WarmUp = 1, Seconds = 2 });
        var highest = service.ResidentMegabytes;
        Load? last = null;
        foreach (var connections in Connections)
        {
            last = await round.Ground.LoadAsync($"overload, {connections} connections", [service], round.Load with { Connections = connections }, mayRefuse: true);
            AnsiConsole.MarkupLineInterpolated($"overload: {connections} connections, refusals p99 {last.Result.RefusedP99Ms:n0} ms, {last.MegabytesBefore:n0} to {last.Megabytes:n0} MB");
            round.Add($"overload-{connections}", $"{connections:n0} connections, against P1", round.Plain, last.PerSecond, "1/s", 0.8, last);
            round.Draw("connections", connections, last);
            if (last.Result.Refused > 0) round.Add($"refusals-{connections}", $"503 with Retry-After at {connections:n0} connections, p99", 250, last.Result.RefusedP99Ms, "ms", 1, atMost: true);
        }

        var after = await round.Ground.LoadAsync("overload, right afterwards", service, round.Load with { Connections = 64, WarmUp = 0.2, Seconds = 2 });
        round.Add("overload-memory", "memory at the end of the overload, against its beginning", last!.MegabytesBefore, last.Megabytes, "MB", 1.1, atMost: true);
        round.Add("overload-recovery", "64 connections right after the overload, against right before", before.PerSecond, after.PerSecond, "1/s", 0.8, after);
        AnsiConsole.MarkupLineInterpolated($"overload: {highest:n0} MB before, {service.ResidentMegabytes:n0} MB after");
    }
}
