using System.Diagnostics;
using System.Globalization;
using Ledger.Testing;
using Npgsql;

namespace Ledger.Api.Tests.Reliability;

[Collection(ReliabilityRuns.Name)]
[Trait("lane", "waits")]
public sealed class A_stopped_leader(ITestOutputHelper output)
{
    [Fact]
    public async Task of_the_projections_is_replaced_within_fifteen_seconds_and_does_nothing_twice_when_it_goes_on()
    {
        var seed = Run.Seed(output);
        var random = new Random(seed);
        await using var database = await Run.DatabaseAsync();
        await using var a = await Run.NodeAsync(database.ConnectionString);
        await using var b = await Run.NodeAsync(database.ConnectionString);
        var times = new List<TimeSpan>();
        var rounds = Run.Of(1, 20);
        for (var round = 0; round < rounds; round++)
        {
            var leader = await LeaderAsync(database) == a.ProcessId ? a : b;
            var other = leader == a ? b : a;
            using var client = new Client(other);
            var commands = new RandomCommands(seed + round, [.. Enumerable.Range(0, 6).Select(i => $"led.{round}.{i}")]);
            await commands.OpenAsync(client);
            var crowd = new Crowd(commands, client);
            var load = crowd.RunAsync(8);
            await Task.Delay(random.Next(200, 900));
            await leader.PauseAsync();
            var clock = Stopwatch.StartNew();
            var before = await PositionAsync(database);
            await Run.UntilAsync(async () => await LeaderAsync(database) == other.ProcessId && await PositionAsync(database) > before, TimeSpan.FromSeconds(15), "the other node leads every projection and goes on");
            times.Add(clock.Elapsed);
            await Task.Delay(random.Next(0, 1_000));
            // The first one wakes in the middle of whatever it was doing.
            await leader.ContinueAsync();
            await Task.Delay(1_500);
            crowd.Stop();
            await load;
            (await LeaderAsync(database)).ShouldBe(other.ProcessId, "who was replaced does not lead any more");
        }

        output.WriteLine($"{rounds} rounds, replaced after {string.Join(", ", times.Select(t => $"{t.TotalSeconds:f1}"))} s");
        await ReadModels.CheckAsync(database.ConnectionString, output);
    }

    /// <summary>The process that leads all of them; 0 where there is not one.</summary>
    private static async Task<int> LeaderAsync(TestDatabase database)
    {
        var owner = await ScalarAsync<string>(database, "select case when count(distinct owner) = 1 and count(owner) = count(*) then min(owner) else '' end from ledger.projections");
        return owner.Length == 0 ? 0 : int.Parse(owner.Split('-')[^2], CultureInfo.InvariantCulture);
    }

    private static Task<long> PositionAsync(TestDatabase database) => ScalarAsync<long>(database, "select min(last_seq_id) from ledger.projections");

    private static async Task<T> ScalarAsync<T>(TestDatabase database, string sql)
    {
        await using var session = await database.OpenAsync();
        await using var command = new NpgsqlCommand(sql, session);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
