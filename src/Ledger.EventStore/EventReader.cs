using System.Runtime.CompilerServices;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.EventStore;

/// <summary>A stream's state as it was at one version.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Version">The version.</param>
/// <param name="RecordedAt">When that version was recorded.</param>
/// <param name="State">The state.</param>
/// <param name="Now">Business time when it was read.</param>
public sealed record StreamSnapshot(StreamRef Stream, long Version, DateTimeOffset RecordedAt, object State, DateTimeOffset Now);

/// <summary>Reads streams, states and facts. Reading takes no lock and waits for no writer.</summary>
/// <param name="source">A pool of <see cref="StoreConnections.Readers"/>.</param>
/// <param name="catalog">The events.</param>
/// <param name="models">The kinds of streams.</param>
public sealed class EventReader(NpgsqlDataSource source, EventCatalog catalog, StreamModels models)
{
    /// <summary>At most so many events are read at once.</summary>
    public const int PageMax = 1_000;

    private const string EventColumns = "seq_id, id, stream_id, version, type, data::text, timestamp, tenant_id, correlation_id, causation_id, headers::text";

    private readonly GroupRead states = new(source);

    /// <summary>The pool that this reader uses, for read models beside it.</summary>
    public NpgsqlDataSource Source => source;

    /// <summary>Business time: the database's clock and its shift, UTC.</summary>
    public async Task<DateTimeOffset> NowAsync(CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand("select clock_timestamp() + shift from ledger.clock");
        return new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellationToken))!, TimeSpan.Zero);
    }

    /// <summary>A stream's state now; null where it has no events.</summary>
    public async Task<StreamSnapshot?> StateAsync(StreamRef stream, CancellationToken cancellationToken = default)
    {
        if (await states.AskAsync(stream, cancellationToken) is not { } saved) return null;
        var model = models.Of(stream);
        return saved.Format == model.Format
            ? new StreamSnapshot(stream, saved.Version, saved.RecordedAt, model.Load(stream, saved.State), saved.Now)
            : (await FoldAsync(stream, saved.Version, cancellationToken))! with { Now = saved.Now };
    }

    /// <summary>The states of several streams of one tenant now, in the order asked; those without events are left out.</summary>
    public async Task<IReadOnlyList<StreamSnapshot>> StatesAsync(string tenant, IReadOnlyList<string> ids, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        await using var command = source.CreateCommand(
            """
            select s.stream_id, s.version, s.recorded_at, s.format, s.state, clock_timestamp() + c.shift
            from unnest($2::text[]) with ordinality as q(id, i) join ledger.stream_states s on s.tenant_id = $1 and s.stream_id = q.id cross join ledger.clock c order by q.i
            """);
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(ids.ToArray());
        var found = new List<StreamSnapshot>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var stream = new StreamRef(tenant, reader.GetString(0));
            var model = models.Of(stream);
            var (version, recordedAt, now) = (reader.GetInt64(1), Time(reader, 2), Time(reader, 5));
            found.Add(reader.GetInt16(3) == model.Format
                ? new StreamSnapshot(stream, version, recordedAt, model.Load(stream, reader.GetFieldValue<byte[]>(4)), now)
                : (await FoldAsync(stream, version, cancellationToken))! with { Now = now });
        }

        return found;
    }

    /// <summary>A stream's state as it was at a version, folded from the checkpoint below it; null where the stream has no such version.</summary>
    public async Task<StreamSnapshot?> StateAtVersionAsync(StreamRef stream, long version, CancellationToken cancellationToken = default)
    {
        if (version < 1) return null;
        var snapshot = await FoldAsync(stream, version, cancellationToken);
        return snapshot?.Version == version ? snapshot : null;
    }

    /// <summary>A stream's state as recorded by a time; null where it had no event by then.</summary>
    public async Task<StreamSnapshot?> StateAtTimeAsync(StreamRef stream, DateTimeOffset time, CancellationToken cancellationToken = default) =>
        await VersionAtTimeAsync(stream, time, cancellationToken) is var version and > 0 ? await FoldAsync(stream, version, cancellationToken) : null;

    /// <summary>The last version of a stream that was recorded by a time, that time included; 0 where it had no event by then.</summary>
    public async Task<long> VersionAtTimeAsync(StreamRef stream, DateTimeOffset time, CancellationToken cancellationToken = default)
    {
        // Times rise with versions, so the last version by then is found by halving along the index of versions.
        await using var command = source.CreateCommand(
            """
            with recursive halving(low, high) as (
                select 0::bigint, s.version from ledger.stream_states s where s.tenant_id = $1 and s.stream_id = $2
                union all
                select case when e.timestamp <= $3 then middle else low end, case when e.timestamp <= $3 then high else middle - 1 end
                from (select low, high, (low + high + 1) / 2 as middle from halving where low < high) h
                join ledger.mt_events e on e.tenant_id = $1 and e.stream_id = $2 and e.version = h.middle
            )
            select low from halving where low = high
            """);
        Name(command, stream);
        command.Parameters.AddWithValue(time.UtcDateTime);
        return await command.ExecuteScalarAsync(cancellationToken) is long version ? version : 0;
    }

    /// <summary>The position of one event among all; null where the stream has no such version.</summary>
    public async Task<long?> PositionAsync(StreamRef stream, long version, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand("select seq_id from ledger.mt_events where tenant_id = $1 and stream_id = $2 and version = $3");
        Name(command, stream);
        command.Parameters.AddWithValue(version);
        return (long?)await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>One event; null where the stream has no such version.</summary>
    public async Task<StoredEvent?> EventAsync(StreamRef stream, long version, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand($"select {EventColumns} from ledger.mt_events where tenant_id = $1 and stream_id = $2 and version = $3");
        Name(command, stream);
        command.Parameters.AddWithValue(version);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader, out _) : null;
    }

    /// <summary>Events of a stream, oldest first, from a version on.</summary>
    public Task<IReadOnlyList<StoredEvent>> EventsAsync(StreamRef stream, long fromVersion, int limit, CancellationToken cancellationToken = default) =>
        EventsAsync(stream, fromVersion, limit, long.MaxValue, cancellationToken);

    /// <summary>Events of a stream, oldest first, from a version on; reading ends behind the event with which the data of all reach so many characters.</summary>
    public async Task<IReadOnlyList<StoredEvent>> EventsAsync(StreamRef stream, long fromVersion, int limit, long charactersMax, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand($"select {EventColumns} from ledger.mt_events where tenant_id = $1 and stream_id = $2 and version >= $3 order by version limit $4");
        Name(command, stream);
        command.Parameters.AddWithValue(fromVersion);
        command.Parameters.AddWithValue(limit);
        return await ReadAllAsync(command, cancellationToken, charactersMax);
    }

    /// <summary>The events of a stream of these versions, newest first; versions that it has not are left out.</summary>
    public async Task<IReadOnlyList<StoredEvent>> EventsDownAsync(StreamRef stream, IReadOnlyList<long> versions, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(versions);
        if (versions.Count == 0) return [];
        await using var command = source.CreateCommand($"select {EventColumns} from ledger.mt_events where tenant_id = $1 and stream_id = $2 and version = any($3) order by version desc");
        Name(command, stream);
        command.Parameters.AddWithValue(versions.ToArray());
        return await ReadAllAsync(command, cancellationToken);
    }

    /// <summary>One fact's body as JSON text; null where there is none.</summary>
    public async Task<string?> FactAsync(FactName name, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand("select data::text from ledger.facts where tenant_id = $1 and stream_id = $2 and kind = $3 and key = $4");
        Name(command, name.Stream);
        command.Parameters.AddWithValue(name.Kind);
        command.Parameters.AddWithValue(name.Key);
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Facts of one kind of a stream, from the highest key down, below a key where one is given.</summary>
    public async Task<IReadOnlyList<(string Key, string Data)>> FactsDownAsync(StreamRef stream, string kind, string? belowKey, int limit, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand(
            """
            select key, data::text from ledger.facts where tenant_id = $1 and stream_id = $2 and kind = $3 and ($4::text is null or key < $4)
            order by key desc limit $5
            """);
        Name(command, stream);
        command.Parameters.AddWithValue(kind);
        command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = belowKey, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.AddWithValue(limit);
        var facts = new List<(string, string)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) facts.Add((reader.GetString(0), reader.GetString(1)));
        return facts;
    }

    /// <summary>Streams of one kind on which something is due by now, the longest due first.</summary>
    public async Task<IReadOnlyList<(StreamRef Stream, DateTimeOffset At)>> DueAsync(string kind, int limit, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand(
            "select d.tenant_id, d.stream_id, d.at from ledger.due d, ledger.clock c where d.at <= clock_timestamp() + c.shift and d.stream_id like $1 order by d.at limit $2");
        command.Parameters.AddWithValue(kind + "/%");
        command.Parameters.AddWithValue(limit);
        var due = new List<(StreamRef, DateTimeOffset)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) due.Add((new StreamRef(Tenants.Named(reader.GetString(0)), reader.GetString(1)), Time(reader, 2)));
        return due;
    }

    /// <summary>Every event of the database from a position on, in order: for exports and for checks.</summary>
    public async IAsyncEnumerable<StoredEvent> AllAsync(long afterSeqId = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (true)
        {
            await using var command = source.CreateCommand($"select {EventColumns} from ledger.mt_events where seq_id > $1 order by seq_id limit {PageMax}");
            command.Parameters.AddWithValue(afterSeqId);
            var page = await ReadAllAsync(command, cancellationToken);
            foreach (var stored in page) yield return stored;
            if (page.Count < PageMax) yield break;
            afterSeqId = page[^1].SeqId;
        }
    }

    private async Task<StreamSnapshot?> FoldAsync(StreamRef stream, long version, CancellationToken cancellationToken)
    {
        var model = models.Of(stream);
        var (state, at, recordedAt) = (model.Initial(stream), 0L, DateTimeOffset.MinValue);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using (var checkpoint = new NpgsqlCommand(
            "select version, recorded_at, state from ledger.stream_checkpoints where tenant_id = $1 and stream_id = $2 and version <= $3 and format = $4 order by version desc limit 1", connection))
        {
            Name(checkpoint, stream);
            checkpoint.Parameters.AddWithValue(version);
            checkpoint.Parameters.AddWithValue(model.Format);
            await using var found = await checkpoint.ExecuteReaderAsync(cancellationToken);
            if (await found.ReadAsync(cancellationToken)) (at, recordedAt, state) = (found.GetInt64(0), Time(found, 1), model.Load(stream, found.GetFieldValue<byte[]>(2)));
        }

        await using var command = new NpgsqlCommand(
            "select version, type, data::text, timestamp from ledger.mt_events where tenant_id = $1 and stream_id = $2 and version > $3 and version <= $4 order by version", connection);
        Name(command, stream);
        command.Parameters.AddWithValue(at);
        command.Parameters.AddWithValue(version);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            recordedAt = Time(reader, 3);
            state = model.Evolve(state, catalog.Read(reader.GetString(1), reader.GetString(2)), recordedAt);
            at = reader.GetInt64(0);
        }

        return at == 0 ? null : new StreamSnapshot(stream, at, recordedAt, state, recordedAt);
    }

    private async Task<IReadOnlyList<StoredEvent>> ReadAllAsync(NpgsqlCommand command, CancellationToken cancellationToken, long charactersMax = long.MaxValue)
    {
        var events = new List<StoredEvent>();
        long characters = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (characters < charactersMax && await reader.ReadAsync(cancellationToken))
        {
            events.Add(Read(reader, out var length));
            characters += length;
        }

        return events;
    }

    private StoredEvent Read(NpgsqlDataReader reader, out int length)
    {
        var (actor, hash) = Headers.Read(System.Text.Encoding.UTF8.GetBytes(reader.GetString(10)));
        var (type, data) = (reader.GetString(4), reader.GetString(5));
        length = data.Length;
        return new StoredEvent(
            reader.GetInt64(0), reader.GetGuid(1), new StreamRef(Tenants.Named(reader.GetString(7)), reader.GetString(2)), reader.GetInt64(3), type,
            catalog.Read(type, data), Time(reader, 6), new EventMeta(reader.IsDBNull(8) ? null : reader.GetString(8), reader.IsDBNull(9) ? null : reader.GetString(9), actor), hash);
    }

    private static DateTimeOffset Time(NpgsqlDataReader reader, int column) => new(reader.GetDateTime(column), TimeSpan.Zero);

    private static void Name(NpgsqlCommand command, StreamRef stream)
    {
        command.Parameters.AddWithValue(Tenants.Stored(stream.Tenant));
        command.Parameters.AddWithValue(stream.Id);
    }
}
