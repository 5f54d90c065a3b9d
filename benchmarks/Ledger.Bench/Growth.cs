using System.Diagnostics;
using Spectre.Console;

namespace Ledger.Bench;

/// <summary>How the service does with much stored: many events and accounts (P9), a long account with many lots (P10), and curves over each.</summary>
internal sealed class Growth(Round round) : IAsyncDisposable
{
    // Places of accounts beside the many: the long one, new ones, and those with many lots.
    private const int Long = 90_000_000;
    private const int New = 91_000_000;
    private const int Lots = 92_000_000;
    private const int LotsOfLong = 200;
    private const int AccountsWithLots = 200;

    private static readonly int[] LotSteps = [1, 10, 50, 200];

    private readonly BenchOptions options = round.Options;
    private Node? large;

    public async Task MeasureAsync(int repeats)
    {
        large = await round.Ground.NewNodeAsync("bench_large");
        // What is filled in at once is followed fastest by building the read models anew.
        await large.ReadModels.AllAsync("pause");
        if (round.Wants("P10", "growth")) await Timed("the long account", () => MakeLongAccountAsync(large.Service));
        if (round.Wants("P9", "growth"))
        {
            await Timed($"{options.StoredAccounts:n0} accounts", () => Filling.OpenAccountsAsync(large.Service, large.Service.Keys.App, 0, options.StoredAccounts));
            var missing = options.StoredEvents - await EventsAsync();
            await Timed($"{missing:n0} more events", () => Filling.ConsumeAsync(large.Service, large.Service.Keys.App, "fill", 0, options.StoredAccounts, (int)missing));
        }

        await SettleAsync();
        for (var repeat = 0; repeat < repeats; repeat++)
        {
            if (round.Wants("P9", "growth")) await LargeAgainstEmptyAsync(repeat);
            if (round.Wants("P10", "growth")) await LongAgainstNewAsync(repeat);
        }

        if (round.Wants("growth")) await CurvesAsync();
    }

    public ValueTask DisposeAsync() => large?.Service.DisposeAsync() ?? ValueTask.CompletedTask;

    private LoadOptions Short => round.Load with { Seconds = options.ShortSeconds };

    private static async Task Timed(string what, Func<Task> act)
    {
        var clock = Stopwatch.StartNew();
        await act();
        AnsiConsole.MarkupLineInterpolated($"growth: {what} made in {clock.Elapsed.TotalSeconds:n0} s");
    }

    private async Task MakeLongAccountAsync(Service service)
    {
        var key = service.Keys.App;
        await Filling.OpenAccountsAsync(service, key, Long, 1);
        await Filling.GrantLotsAsync(service, key, Long, 1, 1, LotsOfLong);
        await Filling.ConsumeAsync(service, key, "long", Long, 1, options.LongEvents - LotsOfLong);
    }

    private async Task SettleAsync()
    {
        foreach (var name in await large!.ReadModels.NamesAsync()) await Timed($"read model {name}", () => large.ReadModels.RebuildAsync(name));
        await large.ReadModels.AllAsync("resume");
        await large.ReadModels.CatchUpAsync();
        await Sql.RunAsync(large.Database, "vacuum analyze; checkpoint");
    }

    private async Task<long> EventsAsync() => (await Footprint.ReadAsync(large!.Database)).Events;

    private async Task LargeAgainstEmptyAsync(int repeat)
    {
        var empty = await round.Ground.NewNodeAsync("bench_empty");
        await using var service = empty.Service;
        await Filling.OpenAccountsAsync(service, service.Keys.App, 0, Ground.Accounts);
        await empty.ReadModels.CatchUpAsync();
        // Which goes first changes, so that what the one leaves behind does not always fall on the other.
        Load? few = null, much = null;
        foreach (var isEmpty in repeat % 2 == 0 ? (bool[])[true, false] : [false, true])
        {
            if (isEmpty) few = await round.Ground.LoadAsync("P9, empty", service, round.Load);
            else much = await round.Ground.LoadAsync("P9, large", large!.Service, round.Load);
        }

        await large!.ReadModels.CatchUpAsync();
        round.Draw("events", 0, few!);
        round.Draw("events", options.StoredEvents, much!);
        round.Draw("accounts", Ground.Accounts, much!);
        round.Findings.Costs.Add(("P9", much!.Cost));
        round.Add("P9", $"P1 with {options.StoredEvents:n0} events of {options.StoredAccounts:n0} accounts stored, against an empty database", few!.PerSecond, much.PerSecond, "1/s", 0.9, much);
    }

    private async Task LongAgainstNewAsync(int repeat)
    {
        var service = large!.Service;
        await Filling.OpenAccountsAsync(service, service.Keys.App, New + repeat, 1);
        await large.ReadModels.CatchUpAsync();
        var one = round.Load with { Connections = 16, Accounts = 1 };
        var fresh = await round.Ground.LoadAsync("P10, new account", service, one with { FirstAccount = New + repeat });
        var old = await round.Ground.LoadAsync("P10, long account", service, one with { FirstAccount = Long });
        round.Add("P10", $"p99 on an account of {options.LongEvents:n0} events and {LotsOfLong} lots, against a new one, 16 connections", fresh.Result.P99Ms, old.Result.P99Ms, "ms", 1.5, old, atMost: true);
    }

    private async Task CurvesAsync()
    {
        var service = large!.Service;
        for (var accounts = Ground.Accounts * 10; accounts <= options.StoredAccounts; accounts *= 10)
        {
            round.Draw("accounts", accounts, await round.Ground.LoadAsync($"growth, {accounts:n0} accounts in use", service, Short with { Accounts = accounts }));
            await large.ReadModels.CatchUpAsync();
        }

        for (var (i, has) = (0, 1); i < LotSteps.Length; has = LotSteps[i], i++)
        {
            if (i == 0) await Filling.OpenAccountsAsync(service, service.Keys.App, Lots, AccountsWithLots);
            else await Filling.GrantLotsAsync(service, service.Keys.App, Lots, AccountsWithLots, has, LotSteps[i]);
            round.Draw("lots", LotSteps[i], await round.Ground.LoadAsync($"growth, {LotSteps[i]} lots", service, Short with { FirstAccount = Lots, Accounts = AccountsWithLots }));
            await large.ReadModels.CatchUpAsync();
        }

        // What was filled in before is still being written out; on the small database that would be all that is seen.
        await Sql.RunAsync(large.Database, "checkpoint");
        foreach (var connections in (int[])[1, 4, 16, 64])
        {
            round.Draw("connections", connections, await round.Ground.LoadAsync($"growth, {connections} connections", round.Service, Short with { Connections = connections }));
        }
    }
}
