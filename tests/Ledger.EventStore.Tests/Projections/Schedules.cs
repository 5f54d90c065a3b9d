using Ledger.EventStore;
using Ledger.EventStore.Projections;
using Npgsql;

namespace Ledger.EventStore.Tests.Projections;

/// <summary>
/// Appenders that take their numbers as the store's writer does (under its lock, moved last) and then dawdle, stall or roll back, several at once, while daemons read. Whatever
/// the schedule, no event is skipped and none is applied twice.
/// </summary>
public sealed class Schedules(ITestOutputHelper output)
{
    private const string Append =
        """
        with given as (select case when is_called then last_value else 0 end as last from ledger.mt_events_sequence), made as (
            insert into ledger.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, headers, is_archived)
            select last + i, gen_random_uuid(), 'thing/' || $1, (select count(*) from ledger.mt_events where stream_id = 'thing/' || $1) + i, jsonb_build_object('by', i, 'note', 'n' || i % 3), 'thing_counted', clock_timestamp(), 'acme', '{"hash":""}', false
            from given, generate_series(1, $2) i returning seq_id
        )
        select setval('ledger.mt_events_sequence', (select max(seq_id) from made))
        """;

    [Fact]
    public async Task of_late_stalled_and_rolled_back_appenders_skip_nothing_and_double_nothing()
    {
        var isFull = Environment.GetEnvironmentVariable("LEDGER_TEST_FULL") == "1";
        var rounds = isFull ? 2_000 : 100;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LEDGER_SEED"), out var given) ? given : Environment.TickCount;
        output.WriteLine($"LEDGER_SEED={seed}");
        await using var database = await ProjectionDatabase.CreateAsync();
        // It reads as often as it can, so that it meets every half-done commit; two nodes, which take over from each other now and then.
        var options = ProjectionDatabase.Quick with { BeatEvery = TimeSpan.FromMilliseconds(20), PollEvery = TimeSpan.FromMilliseconds(20), PaceMin = TimeSpan.Zero, PaceMax = TimeSpan.Zero, PageMax = 7 };
        var random = new Random(seed);
        var daemons = new List<ProjectionDaemon> { database.Daemon(options: options), database.Daemon(options: options) };
        var (committed, rolledBack) = (0, 0);
        for (var round = 0; round < rounds; round++)
        {
            var appenders = Enumerable.Range(0, random.Next(2, 5)).Select(i => (Stream: random.Next(6), Count: random.Next(1, 9), Late: random.Next(0, 6), Stall: random.Next(4) == 0 ? random.Next(5, 30) : 0, RollsBack: random.Next(4) == 0)).ToList();
            await Task.WhenAll(appenders.Select(a => AppendAsync(database.Store.ConnectionString, a.Stream, a.Count, a.Late, a.Stall, a.RollsBack)));
            committed += appenders.Where(a => !a.RollsBack).Sum(a => a.Count);
            rolledBack += appenders.Count(a => a.RollsBack);
            if (round % 50 != 49) continue;
            // One node goes, one comes.
            daemons[0].Dispose();
            daemons.RemoveAt(0);
            daemons.Add(database.Daemon(options: options));
        }

        await database.UntilSeenAsync(await database.HighestAsync());
        (await database.Store.ScalarAsync<long>("select count(*) from ledger.mt_events")).ShouldBeLessThanOrEqualTo(committed, "setval does not roll back: numbers of a lost transaction stay free and make gaps");
        output.WriteLine($"{rounds} schedules: {committed} events committed, {rolledBack} transactions rolled back");
        await database.CheckAsync();
        var hashes = new List<string>();
        foreach (var table in new[] { "thing_log", "thing_totals", "thing_notes" }) hashes.Add(await database.HashAsync(table));
        using var operations = Poison.Operations(database, ProjectionDatabase.All);
        foreach (var name in new[] { "lines", "totals", "notes" }) await operations.RebuildAsync(name);
        foreach (var (table, hash) in new[] { "thing_log", "thing_totals", "thing_notes" }.Zip(hashes)) (await database.HashAsync(table)).ShouldBe(hash, table);
    }

    private static async Task AppendAsync(string connectionString, int stream, int count, int lateMs, int stallMs, bool rollsBack)
    {
        await Task.Delay(lateMs);
        await using var session = new NpgsqlConnection(connectionString);
        await session.OpenAsync();
        await using var transaction = await session.BeginTransactionAsync();
        await using (var take = new NpgsqlCommand($"select pg_advisory_xact_lock({0x4C65646765720002})", session)) await take.ExecuteNonQueryAsync();
        await using (var append = new NpgsqlCommand(Append, session) { Parameters = { new() { Value = $"{stream}" }, new() { Value = count } } }) await append.ExecuteNonQueryAsync();
        await Task.Delay(stallMs);
        if (rollsBack)
        {
            await transaction.RollbackAsync();
            return;
        }

        await using (var tell = new NpgsqlCommand("select pg_notify('ledger_events', (select last_value from ledger.mt_events_sequence)::text)", session)) await tell.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }
}
