using System.Diagnostics;
using Npgsql;

namespace Ledger.Bench;

/// <summary>How far the read models are behind, and how fast they are rebuilt.</summary>
internal sealed class ReadModels(Service service, string connectionString)
{
    private static readonly TimeSpan SampleEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>The names of those that follow in the background.</summary>
    public async Task<IReadOnlyList<string>> NamesAsync() =>
        [.. (await service.GetAsync("/v1/projections")).GetProperty("data").EnumerateArray().Where(p => p.GetProperty("kind").GetString() == "async").Select(p => p.GetProperty("name").GetString()!)];

    /// <summary>Lets all stand still, or go on.</summary>
    public async Task AllAsync(string verb)
    {
        foreach (var name in await NamesAsync()) await service.PostAsync($"/v1/projections/{name}/{verb}");
    }

    /// <summary>Waits until all have come to what is committed now; returns how long that took and how many events the last one was behind.</summary>
    public async Task<(TimeSpan Took, long Behind)> CatchUpAsync()
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        var clock = Stopwatch.StartNew();
        var (highest, first) = await LookAsync(source);
        for (var at = first; at < highest; (_, at) = await LookAsync(source))
        {
            if (clock.Elapsed > TimeSpan.FromMinutes(10)) throw new InvalidOperationException("The read models do not catch up.");
            await Task.Delay(SampleEvery);
        }

        return (clock.Elapsed, highest - first);
    }

    /// <summary>Samples the age of what the last read model has just come to, in milliseconds, until told to stop.</summary>
    public async Task<List<double>> SampleAsync(CancellationToken stop)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        var committed = new Queue<(long Position, long At)>();
        var ages = new List<double>();
        while (!stop.IsCancellationRequested)
        {
            var (highest, at) = await LookAsync(source);
            var now = Stopwatch.GetTimestamp();
            if (committed.Count == 0 || committed.Last().Position < highest) committed.Enqueue((highest, now));
            while (committed.TryPeek(out var seen) && seen.Position <= at)
            {
                ages.Add(Stopwatch.GetElapsedTime(seen.At, now).TotalMilliseconds);
                committed.Dequeue();
            }

            await Task.Delay(SampleEvery, CancellationToken.None);
        }

        // What has not been reached yet is at least so old.
        foreach (var (_, at) in committed) ages.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
        return ages;
    }

    /// <summary>Rebuilds one; returns events a second, from the order to the swap.</summary>
    public async Task<(long Events, double PerSecond)> RebuildAsync(string name)
    {
        var clock = Stopwatch.StartNew();
        await service.PostAsync($"/v1/projections/{name}/rebuild");
        while (true)
        {
            var told = (await service.GetAsync($"/v1/projections/{name}")).GetProperty("rebuild");
            var phase = told.GetProperty("phase").GetString();
            if (phase == "done") return (told.GetProperty("goal").GetInt64(), told.GetProperty("goal").GetInt64() / clock.Elapsed.TotalSeconds);
            if (phase is "failed" or "cancelled" or "lost") throw new InvalidOperationException($"The rebuild of {name} ended as {phase}: {told}");
            await Task.Delay(50);
        }
    }

    private static async Task<(long Highest, long Reached)> LookAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand("select coalesce((select seq_id from ledger.mt_events order by seq_id desc limit 1), 0), (select coalesce(min(last_seq_id), 0) from ledger.projections)");
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt64(0), reader.GetInt64(1));
    }
}
