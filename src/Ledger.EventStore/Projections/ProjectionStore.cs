using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using static Ledger.EventStore.WriterConnection;

namespace Ledger.EventStore.Projections;

/// <summary>A stream that a projection has put aside.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="FirstSeqId">The position of the first event that was not taken.</param>
/// <param name="FirstVersion">The version of that event.</param>
/// <param name="Tries">How often it was tried.</param>
/// <param name="Error">Why it was not taken.</param>
/// <param name="Since">When it was parked.</param>
public sealed record ParkedStream(StreamRef Stream, long FirstSeqId, long FirstVersion, int Tries, string Error, DateTimeOffset Since);

/// <summary>What <c>ledger.projections</c> and <c>ledger.projection_parked</c> are asked and told. All times are the database's.</summary>
internal static class ProjectionStore
{
    /// <summary>The SQLSTATE of a fenced write that came too late.</summary>
    public const string Fenced = "LP001";

    /// <summary>The channel on which nodes tell each other that something was stopped, started or given up.</summary>
    public const string Channel = "ledger_projections";

    private const int ErrorMax = 2_000;

    private const string ApplicationName = "ledger projections ";

    private const string TakeOver =
        """
        with free as (
            select p.name from ledger.projections p join unnest($2::text[], $3::int[]) as q(name, version) on q.name = p.name and q.version = p.version
            where p.state = 'running' and (p.owner is null or p.owner = $1 or p.heartbeat_at < clock_timestamp() - $4::interval)
            for update of p skip locked
        )
        update ledger.projections p set owner = $1, epoch = p.epoch + 1, heartbeat_at = clock_timestamp() from free
        where p.name = free.name returning p.name, p.epoch, p.last_seq_id
        """;

    // A row that a swap or an operator holds is not waited for: this node has others to lead.
    private const string SayAlive =
        """
        with mine as (select name from ledger.projections where owner = $1 and state = 'running' for update skip locked)
        update ledger.projections p set heartbeat_at = clock_timestamp() from mine where p.name = mine.name
        """;

    private const string EndStuck =
        """
        select count(*) filter (where pg_terminate_backend(a.pid)) from pg_stat_activity a
        join ledger.projections p on a.application_name = $1 || p.owner and p.heartbeat_at < clock_timestamp() - $2::interval
        where a.datname = current_database() and a.state = 'active' and a.wait_event in ('ClientRead', 'ClientWrite') and a.state_change < clock_timestamp() - $2::interval
        """;

    /// <summary>
    /// Sessions of the daemon. They commit without waiting for the disk: what a crash loses there are rows together with the position that they stand for, and both
    /// follow again from the events, which the writer never commits in this way. What an operator was told is done stays done: those sessions wait.
    /// </summary>
    public static string ConnectionString(string connectionString, ProjectionOptions options, string node, bool isDurable = false)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false,
            MaxAutoPrepare = 256,
            AutoPrepareMinUsages = 2,
            NoResetOnClose = true,
            Enlist = false,
            Multiplexing = false,
            CommandTimeout = (int)Math.Ceiling(options.CommandTimeout.TotalSeconds) + 5,
            CancellationTimeout = -1,
            Timeout = 5,
            TcpKeepAlive = true,
            ApplicationName = ApplicationName + node,
        };
        builder.Options = string.Create(CultureInfo.InvariantCulture,
            $"{builder.Options} {StoreConnections.SessionOptions} -c synchronous_commit={(isDurable ? "on" : "off")} -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_bitmapscan=off -c lock_timeout={(int)options.LockTimeout.TotalMilliseconds} -c idle_in_transaction_session_timeout={(int)options.IdleTimeout.TotalMilliseconds} -c statement_timeout={(int)options.CommandTimeout.TotalMilliseconds}");
        return builder.ConnectionString;
    }

    /// <summary>
    /// Makes the rows of new projections. One whose rows are of an older version begins again where there are none yet; where there are some it stands as it is, outdated,
    /// until an operator rebuilds it: the rows that queries answer from are never thrown away by a start.
    /// </summary>
    public static void Register(NpgsqlConnection connection, IEnumerable<Projection> projections)
    {
        foreach (var projection in projections)
        {
            var isEmpty = string.Join(" and ", projection.Tables.Select(t => $"not exists (select from {t.FullName})").Prepend("true"));
            using var batch = new NpgsqlBatch(connection);
            batch.BatchCommands.Add(Command("insert into ledger.projections (name, version) values ($1, $2) on conflict on constraint projections_pkey do nothing", Value(NpgsqlDbType.Text, projection.Name), Value(NpgsqlDbType.Integer, projection.Version)));
            batch.BatchCommands.Add(Command(
                $"update ledger.projections set version = $2, last_seq_id = 0, epoch = epoch + 1, owner = null where name = $1 and version < $2 and {isEmpty}",
                Value(NpgsqlDbType.Text, projection.Name), Value(NpgsqlDbType.Integer, projection.Version)));
            batch.ExecuteNonQuery();
        }
    }

    /// <summary>Says that this node lives; returns the names and epochs that it still leads, and the highest committed position.</summary>
    public static (Dictionary<string, long> Epochs, long Highest) Beat(NpgsqlConnection connection, string node)
    {
        var epochs = new Dictionary<string, long>(StringComparer.Ordinal);
        using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Command(SayAlive, Value(NpgsqlDbType.Text, node)));
        batch.BatchCommands.Add(Command("select name, epoch from ledger.projections where owner = $1 and state = 'running'", Value(NpgsqlDbType.Text, node)));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select coalesce((select seq_id from ledger.mt_events order by seq_id desc limit 1), 0)"));
        using var reader = batch.ExecuteReader();
        while (reader.Read()) epochs.Add(reader.GetString(0), reader.GetInt64(1));
        reader.NextResult();
        reader.Read();
        return (epochs, reader.GetInt64(0));
    }

    /// <summary>Takes the lead of those that nobody leads, or whose leader is silent.</summary>
    public static List<(string Name, long Epoch, long Position)> Take(NpgsqlConnection connection, string node, IReadOnlyList<Projection> wanted, TimeSpan staleAfter)
    {
        using var command = new NpgsqlCommand(TakeOver, connection)
        {
            Parameters = { Value(NpgsqlDbType.Text, node), Texts(wanted, p => p.Name), Array(NpgsqlDbType.Integer, wanted.Select(p => p.Version).ToArray()), Value(NpgsqlDbType.Interval, staleAfter) },
        };
        var taken = new List<(string, long, long)>();
        using var reader = command.ExecuteReader();
        while (reader.Read()) taken.Add((reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2)));
        return taken;
    }

    /// <summary>Ends sessions of silent leaders that the server waits for in the middle of a batch: no time-out of its own ends those.</summary>
    public static bool EndSilent(NpgsqlConnection connection, TimeSpan silence)
    {
        using var batch = new NpgsqlBatch(connection);
        // Sessions may be ended by the user that they logged in as, not by the role that writes.
        batch.BatchCommands.Add(new NpgsqlBatchCommand("set role none"));
        batch.BatchCommands.Add(Command(EndStuck, Value(NpgsqlDbType.Text, ApplicationName), Value(NpgsqlDbType.Interval, silence)));
        batch.BatchCommands.Add(new NpgsqlBatchCommand($"set role {SchemaMigrator.WriterRole}"));
        using var reader = batch.ExecuteReader();
        return reader.Read() && reader.GetInt64(0) > 0;
    }

    /// <summary>Gives up the lead of all that a node leads, at once.</summary>
    public static void Release(NpgsqlConnection connection, string node)
    {
        using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Command("update ledger.projections set owner = null where owner = $1", Value(NpgsqlDbType.Text, node)));
        batch.BatchCommands.Add(new NpgsqlBatchCommand($"select pg_notify('{Channel}', '')::text"));
        batch.ExecuteNonQuery();
    }

    /// <summary>The fenced step: fails with <see cref="Fenced"/> for whoever does not lead all of these at that position.</summary>
    public static NpgsqlBatchCommand Advance(string[] names, long[] epochs, long from, long to) =>
        Command("select ledger.advance_projections($1, $2, $3, $4)::text", Array(NpgsqlDbType.Text, names), Array(NpgsqlDbType.Bigint, epochs), Value(NpgsqlDbType.Bigint, from), Value(NpgsqlDbType.Bigint, to));

    /// <summary>The streams that a projection has put aside.</summary>
    public static List<ParkedStream> Parked(NpgsqlConnection connection, string name)
    {
        using var command = new NpgsqlCommand("select tenant_id, stream_id, first_seq_id, first_version, tries, error, since from ledger.projection_parked where projection = $1 order by first_seq_id", connection) { Parameters = { Value(NpgsqlDbType.Text, name) } };
        var parked = new List<ParkedStream>();
        using var reader = command.ExecuteReader();
        while (reader.Read()) parked.Add(ParkedStream(reader));
        return parked;
    }

    public static ParkedStream ParkedStream(NpgsqlDataReader reader) => new(
        new StreamRef(Tenants.Named(reader.GetString(0)), reader.GetString(1)), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt32(4), reader.GetString(5), new DateTimeOffset(reader.GetDateTime(6), TimeSpan.Zero));

    /// <summary>Puts a stream aside, or says where it fails now.</summary>
    public static NpgsqlBatchCommand Park(string name, StoredEvent happened, int tries, string error) => Command(
        """
        insert into ledger.projection_parked (tenant_id, projection, stream_id, first_seq_id, first_version, tries, error) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint projection_parked_pkey do update set first_seq_id = excluded.first_seq_id, first_version = excluded.first_version, tries = projection_parked.tries + excluded.tries, error = excluded.error
        """,
        Value(NpgsqlDbType.Text, Tenants.Stored(happened.Stream.Tenant)), Value(NpgsqlDbType.Text, name), Value(NpgsqlDbType.Text, happened.Stream.Id), Value(NpgsqlDbType.Bigint, happened.SeqId),
        Value(NpgsqlDbType.Bigint, happened.Version), Value(NpgsqlDbType.Integer, tries), Value(NpgsqlDbType.Text, Short(error)));

    /// <summary>Notes what keeps a projection from going on; where <paramref name="stop"/>, it is not tried again until an operator resumes it.</summary>
    public static void Note(NpgsqlConnection connection, string name, long epoch, string error, bool stop)
    {
        using var command = new NpgsqlCommand("update ledger.projections set error = $3, error_at = clock_timestamp(), state = case when $4 then 'failed' else state end where name = $1 and epoch = $2", connection)
        {
            Parameters = { Value(NpgsqlDbType.Text, name), Value(NpgsqlDbType.Bigint, epoch), Value(NpgsqlDbType.Text, Short(error)), Value(NpgsqlDbType.Boolean, stop) },
        };
        command.ExecuteNonQuery();
    }

    /// <summary>Why something failed, in words for an operator, who reads no stream: no name of one, no row.</summary>
    public static string Reason(Exception failure) => failure switch
    {
        ProjectionFailedException { InnerException: { } inner } => Reason(inner),
        PostgresException server => $"{server.SqlState} {server.MessageText}",
        _ => $"{failure.GetType().Name}: {failure.Message}",
    };

    /// <summary>An error as it is kept: PostgreSQL's texts hold no zero character.</summary>
    public static string Short(string error)
    {
        var text = error.Replace("\0", "", StringComparison.Ordinal);
        return text.Length <= ErrorMax ? text : text[..ErrorMax];
    }
}
