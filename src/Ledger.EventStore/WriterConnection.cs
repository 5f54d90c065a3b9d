using System.Globalization;
using Ledger.EventStore.Projections;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.EventStore;

/// <summary>
/// The writer's own connection: one round trip takes the writer's lock and loads, one writes and commits. The lock is one for the whole
/// database and is held from before the load until the commit is over. So positions are given in the order of commits, no two nodes can
/// deadlock, nothing that was loaded can change before the write, and whoever holds the lock knows that no older attempt is still under way.
/// </summary>
internal sealed class WriterConnection : IDisposable
{
    /// <summary>The channel on which each commit with events tells the last position: what follows the log sleeps until then.</summary>
    internal const string Notification = "ledger_events";

    /// <summary>The SQLSTATE that tells that another writer has appended since a batch was decided.</summary>
    internal const string MovedOn = "LG001";

    /// <summary>The SQLSTATE that tells that a batch was decided at a time that is not now: the clock was moved, or the batch waited too long.</summary>
    internal const string TimeMoved = "LG002";

    internal const long WriterLock = 0x4C65646765720002; // "Ledger", 2

    private const string LoadStates =
        """
        select q.i, s.version, s.recorded_at, s.hash, s.format, s.state, d.at
        from unnest($1::text[], $2::text[]) with ordinality as q(tenant, id, i)
        join ledger.stream_states s on s.tenant_id = q.tenant and s.stream_id = q.id
        left join ledger.due d on d.tenant_id = q.tenant and d.stream_id = q.id
        """;

    private const string LoadKeys =
        """
        select q.i, k.fingerprint, k.stream_id, k.version, k.answer
        from unnest($1::text[], $2::text[]) with ordinality as q(tenant, key, i)
        join ledger.idempotency_keys k on k.tenant_id = q.tenant and k.key = q.key
        """;

    private const string LoadForeign = "select tenant_id, stream_id from ledger.mt_events where seq_id > $1 order by seq_id limit $2";

    private const string LoadFacts =
        """
        select f.tenant_id, f.stream_id, f.kind, f.key, f.data::text
        from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as q(tenant, id, kind, key)
        join ledger.facts f on f.tenant_id = q.tenant and f.stream_id = q.id and f.kind = q.kind and f.key = q.key
        union all
        select f.tenant_id, f.stream_id, f.kind, f.key, f.data::text
        from unnest($5::text[], $6::text[], $7::text[]) as q(tenant, id, kind)
        join ledger.facts f on f.tenant_id = q.tenant and f.stream_id = q.id and f.kind = q.kind
        """;

    private const string LoadEvents =
        """
        select e.tenant_id, e.stream_id, e.version, e.type, e.data::text, e.timestamp
        from unnest($1::text[], $2::text[], $3::bigint[]) as q(tenant, id, version)
        join ledger.mt_events e on e.tenant_id = q.tenant and e.stream_id = q.id and e.version = q.version
        """;

    // A session that is "active" and waits for its client has a part of a batch and waits for the rest: no time-out of the server ends that.
    private static readonly string EndStuckHolder = string.Create(CultureInfo.InvariantCulture,
        $"""
        select count(*) filter (where pg_terminate_backend(a.pid))
        from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.classid = {WriterLock >> 32}::oid and l.objid = {WriterLock & uint.MaxValue}::oid
          and l.database = (select oid from pg_database where datname = current_database())
          and a.state = 'active' and a.wait_event in ('ClientRead', 'ClientWrite') and a.state_change < clock_timestamp() - $1
        """);

    private readonly NpgsqlConnection connection;

    private WriterConnection(NpgsqlConnection connection, string session) => (this.connection, Session) = (connection, session);

    /// <summary>The session's name at the server, which no other one ever has.</summary>
    public string Session { get; }

    public static WriterConnection Open(NpgsqlDataSource source)
    {
        var connection = source.OpenConnection();
        try
        {
            var session = $"ledger writer {Guid.NewGuid():N}";
            using var command = new NpgsqlCommand($"set application_name = '{session}'", connection);
            command.ExecuteNonQuery();
            return new WriterConnection(connection, session);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Ends a session of ours and waits until it is over; one that is over already is none.</summary>
    /// <exception cref="TimeoutException">It is not over yet.</exception>
    public static void End(NpgsqlDataSource source, string session)
    {
        using var connection = source.OpenConnection();
        // Sessions may be seen and ended by the user that they logged in as, not by the role that writes.
        using (var role = new NpgsqlCommand("set role none", connection)) role.ExecuteNonQuery();
        using var command = new NpgsqlCommand("select bool_and(pg_terminate_backend(pid, 2000)) from pg_stat_activity where application_name = $1", connection) { Parameters = { Value(NpgsqlDbType.Text, session) } };
        if (command.ExecuteScalar() is false) throw new TimeoutException("The session of a commit whose outcome is not known has not ended yet.");
    }

    /// <summary>
    /// Ends the session that holds the lock where its client has been silent for so long in the middle of a batch, sent or received: a process that was
    /// stopped there, or a machine that is gone from the network. All nodes wait for that lock, so one of them must end it. What the session had begun is
    /// rolled back; its node decides it again. A session that the server itself keeps busy (a commit that waits for a standby) is left alone.
    /// </summary>
    public static bool FreeLock(NpgsqlDataSource source, TimeSpan silence)
    {
        using var connection = source.OpenConnection();
        // Sessions may be ended by the user that they logged in as, not by the role that writes.
        using (var role = new NpgsqlCommand("set role none", connection)) role.ExecuteNonQuery();
        using var command = new NpgsqlCommand(EndStuckHolder, connection) { Parameters = { Value(NpgsqlDbType.Interval, silence) } };
        return command.ExecuteScalar() is > 0L;
    }

    public static string ConnectionString(string connectionString, GroupCommitOptions options)
    {
        // Batches are arrays of any length behind a few fixed statements: plan once, always by index, whatever the statistics of a young table say.
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false,
            MaxAutoPrepare = 64,
            AutoPrepareMinUsages = 2,
            NoResetOnClose = true,
            Enlist = false,
            Multiplexing = false,
            CommandTimeout = (int)Math.Ceiling(options.CommandTimeout.TotalSeconds),
            CancellationTimeout = -1,
            Timeout = 5,
            TcpKeepAlive = true,
            ApplicationName = "ledger writer",
        };
        var locks = (int)options.LockTimeout.TotalMilliseconds;
        var idle = (int)options.IdleTimeout.TotalMilliseconds;
        var statement = (int)options.CommandTimeout.TotalMilliseconds;
        builder.Options = string.Create(CultureInfo.InvariantCulture,
            $"{builder.Options} {StoreConnections.SessionOptions} -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_bitmapscan=off -c lock_timeout={locks} -c idle_in_transaction_session_timeout={idle} -c statement_timeout={statement}");
        return builder.ConnectionString;
    }

    /// <summary>Loads what a batch needs: one round trip.</summary>
    /// <param name="set">Takes it.</param>
    /// <param name="catalog">The events.</param>
    /// <param name="needs">What the works named.</param>
    /// <param name="keys">Their keys.</param>
    /// <param name="first">Whether this is the batch's first load, which brings the clock and the last position too.</param>
    /// <param name="locked">Whether the batch's transaction begins here, with the writer's lock; without it, what was loaded holds only as long as nobody else appends.</param>
    /// <param name="foreign">Takes what others have appended since a position, in the first load under the lock.</param>
    /// <param name="clockAgain">Whether a later load brings the clock anew: works came since the first one, and what is decided of them is decided at no time before they came.</param>
    public void Load(WorkingSet set, EventCatalog catalog, Needs needs, IReadOnlyList<(string Tenant, string Key)> keys, bool first, bool locked, ForeignEvents? foreign = null, bool clockAgain = false)
    {
        using var batch = new NpgsqlBatch(connection);
        if (first)
        {
            if (locked) AddLock(batch.BatchCommands);
            batch.BatchCommands.Add(new NpgsqlBatchCommand("select clock_timestamp() + c.shift, case when s.is_called then s.last_value else 0 end from ledger.clock c, ledger.mt_events_sequence s"));
            if (foreign is not null) batch.BatchCommands.Add(Command(LoadForeign, Value(NpgsqlDbType.Bigint, foreign.Since), Value(NpgsqlDbType.Bigint, (long)foreign.Max)));
        }

        if (clockAgain) batch.BatchCommands.Add(new NpgsqlBatchCommand("select clock_timestamp() + shift from ledger.clock"));
        var streams = needs.Streams.ToArray();
        if (streams.Length > 0) batch.BatchCommands.Add(Command(LoadStates, Texts(streams, s => Tenants.Stored(s.Tenant)), Texts(streams, s => s.Id)));
        if (keys.Count > 0) batch.BatchCommands.Add(Command(LoadKeys, Texts(keys, k => Tenants.Stored(k.Tenant)), Texts(keys, k => k.Key)));
        if (needs.HasFacts)
        {
            var facts = needs.Facts.ToArray();
            var kinds = needs.FactKinds.ToArray();
            var events = needs.Events.ToArray();
            batch.BatchCommands.Add(Command(LoadFacts,
                Texts(facts, f => Tenants.Stored(f.Stream.Tenant)), Texts(facts, f => f.Stream.Id), Texts(facts, f => f.Kind), Texts(facts, f => f.Key),
                Texts(kinds, k => Tenants.Stored(k.Stream.Tenant)), Texts(kinds, k => k.Stream.Id), Texts(kinds, k => k.Kind)));
            batch.BatchCommands.Add(Command(LoadEvents,
                Texts(events, e => Tenants.Stored(e.Stream.Tenant)), Texts(events, e => e.Stream.Id), Array(NpgsqlDbType.Bigint, events.Select(e => e.Version).ToArray())));
        }

        List<StreamSlot>? refold = null;
        using (var reader = batch.ExecuteReader()) Read(new Results(reader), set, catalog, needs, streams, keys, first, foreign, clockAgain, ref refold);
        if (refold is not null) Refold(refold, catalog);
    }

    private static void Read(
        Results results, WorkingSet set, EventCatalog catalog, Needs needs, StreamRef[] streams, IReadOnlyList<(string Tenant, string Key)> keys, bool first, ForeignEvents? foreign,
        bool clockAgain, ref List<StreamSlot>? refold)
    {
        var reader = results.Reader;
        if (first)
        {
            if (reader.FieldCount == 1) results.Next(); // with the lock, its own answer comes ahead of the clock
            results.Next();
            reader.Read();
            set.Clock = new DateTimeOffset(reader.GetDateTime(0), TimeSpan.Zero);
            set.LastSeqId = reader.GetInt64(1);
            if (foreign is not null) results.Next();
            while (foreign is not null && reader.Read()) foreign.Streams.Add(new StreamRef(Tenants.Named(reader.GetString(0)), reader.GetString(1)));
        }

        if (clockAgain)
        {
            results.Next();
            reader.Read();
            set.Clock = new DateTimeOffset(reader.GetDateTime(0), TimeSpan.Zero);
        }

        foreach (var stream in streams) set.Slot(stream);
        if (streams.Length > 0) results.Next();
        while (streams.Length > 0 && reader.Read())
        {
            var slot = set.Slot(streams[reader.GetInt64(0) - 1]);
            slot.Version = slot.LoadedVersion = reader.GetInt64(1);
            slot.RecordedAt = new DateTimeOffset(reader.GetDateTime(2), TimeSpan.Zero);
            slot.Hash = reader.GetFieldValue<byte[]>(3);
            slot.LoadedDue = reader.IsDBNull(6) ? null : new DateTimeOffset(reader.GetDateTime(6), TimeSpan.Zero);
            var saved = reader.GetFieldValue<byte[]>(5);
            slot.SavedLength = saved.Length;
            if (reader.GetInt16(4) == slot.Model.Format) slot.State = slot.Model.Load(slot.Stream, saved);
            else (refold ??= []).Add(slot);
        }

        if (keys.Count > 0)
        {
            results.Next();
            while (reader.Read())
            {
                var (tenant, key) = keys[(int)reader.GetInt64(0) - 1];
                set.Loaded(tenant, key, new KeyRow(ToUInt128(reader.GetGuid(1)), new StreamRef(tenant, reader.GetString(2)), reader.GetInt64(3), reader.GetInt16(4)));
            }
        }

        if (!needs.HasFacts) return;
        results.Next();
        while (reader.Read())
        {
            set.Loaded(new FactName(new StreamRef(Tenants.Named(reader.GetString(0)), reader.GetString(1)), reader.GetString(2), reader.GetString(3)), reader.GetString(4));
        }

        results.Next();
        while (reader.Read())
        {
            set.Loaded(new StreamRef(Tenants.Named(reader.GetString(0)), reader.GetString(1)), reader.GetInt64(2),
                catalog.Read(reader.GetString(3), reader.GetString(4)), new DateTimeOffset(reader.GetDateTime(5), TimeSpan.Zero));
        }
    }

    /// <summary>The answers of a batch, one after the other; a reader stands on the first one from the start.</summary>
    private sealed class Results(NpgsqlDataReader reader)
    {
        private bool begun;

        public NpgsqlDataReader Reader => reader;

        public void Next()
        {
            if (begun) reader.NextResult();
            begun = true;
        }
    }

    /// <summary>States that another version of the program saved in another form are folded anew from their events.</summary>
    private void Refold(List<StreamSlot> slots, EventCatalog catalog)
    {
        foreach (var slot in slots)
        {
            var state = slot.Model.Initial(slot.Stream);
            using var command = new NpgsqlCommand("select type, data::text, timestamp from ledger.mt_events where tenant_id = $1 and stream_id = $2 and version <= $3 order by version", connection);
            command.Parameters.Add(Value(NpgsqlDbType.Text, Tenants.Stored(slot.Stream.Tenant)));
            command.Parameters.Add(Value(NpgsqlDbType.Text, slot.Stream.Id));
            command.Parameters.Add(Value(NpgsqlDbType.Bigint, slot.Version));
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                state = slot.Model.Evolve(state, catalog.Read(reader.GetString(0), reader.GetString(1)), new DateTimeOffset(reader.GetDateTime(2), TimeSpan.Zero));
            }

            slot.State = state;
        }
    }

    /// <summary>Writes all that was decided and commits: one round trip. After this returns, it is durable.</summary>
    /// <param name="set">What was decided.</param>
    /// <param name="projections">Read models that are written with it.</param>
    /// <param name="expected">The last position that it was decided at, without the lock; null where the lock is held already. Where another one stands there by now, nothing is written (<see cref="MovedOn"/>).</param>
    public void WriteAndCommit(WorkingSet set, IReadOnlyList<Projection> projections, long? expected)
    {
        using var batch = new NpgsqlBatch(connection);
        var commands = batch.BatchCommands;
        if (expected is { } position)
        {
            AddLock(commands);
            commands.Add(Expect(set, position));
            // Rows of inline read models are loaded below, and hold only under the lock: few batches have any.
            if (InlineRows.AreTouched(projections, set.Events))
            {
                batch.ExecuteNonQuery();
                commands.Clear();
            }
        }

        foreach (var write in set.TakeWrites()) commands.Add(write);
        InlineRows.AddTo(commands, connection, projections, set.Events);
        if (set.Events.Count > 0)
        {
            // Explicit numbers, moved last: a write that fails above leaves no gap for readers to wait at.
            commands.Add(Command(
                $"select setval('ledger.mt_events_sequence', $1), pg_notify('{Notification}', $1::text)", Value(NpgsqlDbType.Bigint, set.LastSeqId + set.Events.Count)));
        }

        commands.Add(new NpgsqlBatchCommand("commit"));
        batch.ExecuteNonQuery();
    }

    /// <summary>Makes sure, without the lock, that nothing had been appended by now since a batch was decided that writes nothing: its refusals stand on what is true.</summary>
    /// <exception cref="PostgresException">Something has (<see cref="MovedOn"/>), or the time is another one (<see cref="TimeMoved"/>).</exception>
    public void Confirm(WorkingSet set, long expected)
    {
        using var batch = new NpgsqlBatch(connection) { BatchCommands = { Expect(set, expected) } };
        batch.ExecuteNonQuery();
    }

    private static NpgsqlBatchCommand Expect(WorkingSet set, long expected) =>
        Command("select ledger.expect_state($1, $2)::text", Value(NpgsqlDbType.Bigint, expected), Value(NpgsqlDbType.TimestampTz, set.Clock.UtcDateTime));

    private static void AddLock(NpgsqlBatchCommandCollection commands)
    {
        commands.Add(new NpgsqlBatchCommand("begin"));
        commands.Add(new NpgsqlBatchCommand($"select pg_advisory_xact_lock({WriterLock})::text"));
    }

    /// <summary>Asks the server for nothing, to see whether it is there.</summary>
    public void Look()
    {
        using var command = new NpgsqlCommand("select 1", connection);
        command.ExecuteScalar();
    }

    /// <summary>Ends a transaction in which nothing is to be written.</summary>
    public void Rollback()
    {
        using var command = new NpgsqlCommand("rollback", connection);
        command.ExecuteNonQuery();
    }

    public void Dispose() => connection.Dispose();

    internal static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        return command;
    }

    internal static NpgsqlParameter Texts<T>(IReadOnlyList<T> items, Func<T, string?> of)
    {
        var values = new string?[items.Count];
        for (var i = 0; i < values.Length; i++) values[i] = of(items[i]);
        return new NpgsqlParameter<string?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
    }

    internal static NpgsqlParameter Array<T>(NpgsqlDbType type, T[] values) => new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };

    internal static NpgsqlParameter Value<T>(NpgsqlDbType type, T value) => new NpgsqlParameter<T> { TypedValue = value, NpgsqlDbType = type };

    internal static Guid ToGuid(UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return new Guid(bytes, bigEndian: true);
    }

    private static UInt128 ToUInt128(Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
