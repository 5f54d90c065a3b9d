using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using Spectre.Console;

namespace Ledger.Bench;

/// <summary>
/// Ways to write a batch of commands, side by side, without the service: copies of its four tables, one connection that writes batch after batch as the writer does (lock, events,
/// stream rows, states, keys, position, commit), one thing changed at a time. It tells what a shape of statement, table or batch costs, not what the service does.
/// </summary>
internal sealed class Alternatives(Ground ground) : IDisposable
{
    private const int Accounts = 10_000;
    private const int StateBytes = 220;

    private static readonly Way Today = new("unnest, 500 a batch (as the service does)");

    private static readonly IReadOnlyList<Way> All =
    [
        Today with { Name = "20 a batch", Size = 20 },
        Today with { Name = "100 a batch", Size = 100 },
        Today,
        Today with { Name = "1,000 a batch", Size = 1_000 },
        Today with { Name = "2,000 a batch", Size = 2_000 },
        Today with { Name = "events by binary COPY", Copies = true },
        Today with { Name = "a row a statement, pipelined", RowByRow = true },
        Today with { Name = "two writers, one lock", Writers = 2 },
        Today with { Name = "rows in the order of their keys", Sorted = true },
        Today with { Name = "pages of streams and states full (fill factor 100)", Fill = 100 },
        Today with { Name = "pages of streams and states half full (50)", Fill = 50 },
        Today with { Name = "foreign key from events to streams", Extra = "alter table alternatives.mt_events add foreign key (tenant_id, stream_id) references alternatives.mt_streams (tenant_id, id)" },
        Today with { Name = "a third index on events (their id)", Extra = "create unique index on alternatives.mt_events (id)" },
        Today with { Name = "an index on states' time (no HOT updates)", Extra = "create index on alternatives.stream_states (recorded_at)" },
        Today with { Name = "states not written", States = false },
        Today with { Name = "stream rows not written", Streams = false },
        Today with { Name = "nothing prepared", Prepares = false },
    ];

    private readonly Meter meter = new(ground.Main.Database);
    private readonly long[] versions = new long[Accounts];
    private readonly byte[] state = new byte[StateBytes];
    private long position;
    private long done;

    public async Task MeasureAsync()
    {
        await meter.OpenAsync();
        Random.Shared.NextBytes(state);
        var found = All.ToDictionary(way => way, _ => new List<Cost>());
        var rates = All.ToDictionary(way => way, _ => new List<double>());
        for (var repeat = 0; repeat < ground.Options.Repeats; repeat++)
        {
            foreach (var way in All)
            {
                var (perSecond, cost) = await MeasureAsync(way);
                found[way].Add(cost);
                rates[way].Add(perSecond);
            }
        }

        var table = new Table().AddColumns("way", "commands a second", "database, us a command", "client, us a command", "log, bytes a command");
        foreach (var way in All)
        {
            var cost = found[way].OrderBy(c => c.DatabaseUs).ElementAt(found[way].Count / 2);
            table.AddRow(way.Name, $"{rates[way].Order().ElementAt(rates[way].Count / 2):n0}", $"{cost.DatabaseUs:n0}", $"{cost.ServiceUs:n0}", $"{cost.WalBytes:n0}");
        }

        AnsiConsole.Write(table);
    }

    public void Dispose() => meter.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task<(double PerSecond, Cost Cost)> MeasureAsync(Way way)
    {
        await Sql.RunAsync(ground.Main.Database, Schema(way));
        Array.Clear(versions);
        (position, done) = (0, 0);
        using var ready = new CountdownEvent(way.Writers);
        using var begin = new ManualResetEventSlim();
        var seconds = ground.Options.ShortSeconds;
        long end = 0;
        var writers = Enumerable.Range(0, way.Writers).Select(number => Task.Factory.StartNew(
            () =>
            {
                using var connection = Open(way);
                var random = new Random(number + 1);
                for (var warm = 0; warm < 5; warm++) Write(connection, way, number, random);
                ready.Signal();
                begin.Wait();
                while (Stopwatch.GetTimestamp() < Interlocked.Read(ref end))
                {
                    Write(connection, way, number, random);
                    Interlocked.Add(ref done, way.Size);
                }
            },
            TaskCreationOptions.LongRunning)).ToList();
        ready.Wait();
        var before = await ReadAsync();
        var clock = Stopwatch.StartNew();
        Interlocked.Exchange(ref end, Stopwatch.GetTimestamp() + (seconds * Stopwatch.Frequency));
        begin.Set();
        await Task.WhenAll(writers);
        var passed = clock.Elapsed;
        var result = new LoadResult(done, 0, 0, passed.TotalSeconds, 0, 0, 0, 0, 0);
        return (result.PerSecond, (await ReadAsync()).Since(before, result));
    }

    private async Task<Reading> ReadAsync() => (await meter.ReadAsync([])) with { Service = Process.GetCurrentProcess().TotalProcessorTime };

    private static string Schema(Way way) =>
        $"""
        drop schema if exists alternatives cascade;
        create schema alternatives;
        create table alternatives.mt_events (like ledger.mt_events including all);
        create table alternatives.mt_streams (like ledger.mt_streams including all) with (fillfactor = {way.Fill});
        create table alternatives.stream_states (like ledger.stream_states including all) with (fillfactor = {way.Fill});
        create table alternatives.idempotency_keys (like ledger.idempotency_keys including all);
        create sequence alternatives.position;
        insert into alternatives.mt_streams (id, type, version) select 'account/bench_' || lpad(i::text, 8, '0'), 'account', 0 from generate_series(0, {Accounts - 1}) i;
        insert into alternatives.stream_states select '*DEFAULT*', 'account/bench_' || lpad(i::text, 8, '0'), 0, now(), '\x00', 1, decode(repeat('a5', {StateBytes}), 'hex') from generate_series(0, {Accounts - 1}) i;
        {way.Extra};
        analyze alternatives.mt_streams, alternatives.stream_states
        """;

    private NpgsqlConnection Open(Way way)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ground.Main.Database)
        {
            Pooling = false,
            MaxAutoPrepare = way.Prepares ? 64 : 0,
            AutoPrepareMinUsages = 2,
            Options = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_bitmapscan=off",
        }.ConnectionString);
        connection.Open();
        return connection;
    }

    private void Write(NpgsqlConnection connection, Way way, int writer, Random random)
    {
        var commands = new Written[way.Size];
        // Each writer has accounts of its own: what one leaves the other need not load, which flatters two of them.
        var own = Accounts / way.Writers;
        for (var i = 0; i < commands.Length; i++)
        {
            var account = (writer * own) + random.Next(own);
            commands[i] = new Written($"account/bench_{account:00000000}", ++versions[account], Interlocked.Increment(ref position), $"alternative-{Guid.NewGuid():N}");
        }

        var last = commands.GroupBy(c => c.Stream).Select(of => of.Last()).ToArray();
        if (way.Sorted) Array.Sort(last, (a, b) => string.CompareOrdinal(a.Stream, b.Stream));
        using var batch = new NpgsqlBatch(connection) { BatchCommands = { new NpgsqlBatchCommand("begin"), new NpgsqlBatchCommand("select pg_advisory_xact_lock(4711)::text") } };
        if (way.Copies)
        {
            batch.ExecuteNonQuery();
            batch.BatchCommands.Clear();
            Copy(connection, commands);
        }
        else
        {
            foreach (var part in way.RowByRow ? commands.Chunk(1) : [commands]) batch.BatchCommands.Add(Events(part));
        }

        foreach (var part in way.RowByRow ? last.Chunk(1) : [last])
        {
            if (way.Streams) batch.BatchCommands.Add(Command(UpdateStreams, Of(NpgsqlDbType.Text, part, c => c.Stream), Of(NpgsqlDbType.Bigint, part, c => c.Version)));
            if (way.States) batch.BatchCommands.Add(Command(UpdateStates, Of(NpgsqlDbType.Text, part, c => c.Stream), Of(NpgsqlDbType.Bigint, part, c => c.Version), Of(NpgsqlDbType.Bytea, part, _ => state)));
        }

        foreach (var part in way.RowByRow ? commands.Chunk(1) : [commands])
        {
            batch.BatchCommands.Add(Command(InsertKeys, Of(NpgsqlDbType.Text, part, c => c.Key), Of(NpgsqlDbType.Text, part, c => c.Stream), Of(NpgsqlDbType.Bigint, part, c => c.Version)));
        }

        batch.BatchCommands.Add(Command("select setval('alternatives.position', $1), pg_notify('alternatives', $1::text)", new NpgsqlParameter<long> { TypedValue = commands[^1].Position }));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        batch.ExecuteNonQuery();
    }

    private static void Copy(NpgsqlConnection connection, Written[] commands)
    {
        using var import = connection.BeginBinaryImport("copy alternatives.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, causation_id, headers, is_archived) from stdin (format binary)");
        foreach (var c in commands)
        {
            import.StartRow();
            import.Write(c.Position, NpgsqlDbType.Bigint);
            import.Write(Guid.NewGuid(), NpgsqlDbType.Uuid);
            import.Write(c.Stream, NpgsqlDbType.Varchar);
            import.Write(c.Version, NpgsqlDbType.Bigint);
            import.Write(Data, NpgsqlDbType.Jsonb);
            import.Write("credits_consumed", NpgsqlDbType.Varchar);
            import.Write(DateTime.UtcNow, NpgsqlDbType.TimestampTz);
            import.Write("*DEFAULT*", NpgsqlDbType.Varchar);
            import.Write("P1-0-12345-0001-000000000001", NpgsqlDbType.Varchar);
            import.Write(Headers, NpgsqlDbType.Jsonb);
            import.Write(false, NpgsqlDbType.Boolean);
        }

        import.Complete();
    }

    private static NpgsqlBatchCommand Events(Written[] part) => Command(
        InsertEvents,
        Of(NpgsqlDbType.Bigint, part, c => c.Position), Of(NpgsqlDbType.Uuid, part, _ => Guid.NewGuid()), Of(NpgsqlDbType.Text, part, c => c.Stream), Of(NpgsqlDbType.Bigint, part, c => c.Version),
        Of(NpgsqlDbType.Jsonb, part, _ => Data), Of(NpgsqlDbType.Text, part, _ => "credits_consumed"), Of(NpgsqlDbType.TimestampTz, part, _ => DateTime.UtcNow),
        Of(NpgsqlDbType.Text, part, _ => "P1-0-12345-0001-000000000001"), Of(NpgsqlDbType.Jsonb, part, _ => Headers));

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        return command;
    }

    private static NpgsqlParameter<T[]> Of<T>(NpgsqlDbType type, Written[] part, Func<Written, T> of) => new NpgsqlParameter<T[]> { TypedValue = Array.ConvertAll(part, c => of(c)), NpgsqlDbType = NpgsqlDbType.Array | type };

    private const string InsertEvents =
        """
        insert into alternatives.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, causation_id, headers, is_archived)
        select seq, id, stream, version, data, type, at, '*DEFAULT*', cause, headers, false
        from unnest($1::bigint[], $2::uuid[], $3::text[], $4::bigint[], $5::jsonb[], $6::text[], $7::timestamptz[], $8::text[], $9::jsonb[]) as q(seq, id, stream, version, data, type, at, cause, headers)
        """;

    private const string UpdateStreams =
        "update alternatives.mt_streams s set version = q.version, timestamp = now() from unnest($1::text[], $2::bigint[]) as q(id, version) where s.tenant_id = '*DEFAULT*' and s.id = q.id";

    private const string UpdateStates =
        "update alternatives.stream_states s set version = q.version, recorded_at = now(), state = q.state from unnest($1::text[], $2::bigint[], $3::bytea[]) as q(id, version, state) where s.tenant_id = '*DEFAULT*' and s.stream_id = q.id";

    private const string InsertKeys =
        """
        insert into alternatives.idempotency_keys (tenant_id, key, fingerprint, stream_id, version, answer, created_at)
        select '*DEFAULT*', key, gen_random_uuid(), stream, version, 0, now() from unnest($1::text[], $2::text[], $3::bigint[]) as q(key, stream, version)
        """;

    private const string Data =
        """{"after":999999,"allocations":[{"amount":1,"lot":"lot_0123456789abcdef00000001"}],"amount":1,"available":999999,"before":1000000,"id":"txn_0123456789abcdef00000002","note":{"reference":"req_1"},"spending":{"operation":"completion","service":"chat_assistant"}}""";

    private const string Headers = """{"actor":"key_0123456789abcdef","hash":"NSMi39fc reference kXqjLM7A41bp6ezDYTfXDeYtrykA0="}""";

    private sealed record Way(string Name)
    {
        public int Size { get; init; } = 500;

        public bool Copies { get; init; }

        public bool RowByRow { get; init; }

        public int Writers { get; init; } = 1;

        public bool Sorted { get; init; }

        public int Fill { get; init; } = 70;

        public string Extra { get; init; } = "select 1";

        public bool States { get; init; } = true;

        public bool Streams { get; init; } = true;

        public bool Prepares { get; init; } = true;
    }

    private sealed record Written(string Stream, long Version, long Position, string Key);
}
