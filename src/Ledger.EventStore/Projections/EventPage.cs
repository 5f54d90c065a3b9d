using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using static Ledger.EventStore.WriterConnection;

namespace Ledger.EventStore.Projections;

/// <summary>Events in the order of their positions.</summary>
/// <param name="After">They come after this position.</param>
/// <param name="Last">The position that whoever takes them has come to: that of the last one, or of one that nobody here reads.</param>
/// <param name="Events">Those that somebody here reads.</param>
/// <param name="IsFull">Whether there may be more at once.</param>
internal sealed record EventPage(long After, long Last, IReadOnlyList<StoredEvent> Events, bool IsFull)
{
    /// <summary>The first few events that some projection reads, and no further.</summary>
    public EventPage Cut(int max, Func<StoredEvent, bool> counts)
    {
        var left = max;
        for (var i = 0; i < Events.Count; i++)
        {
            if (counts(Events[i]) && --left < 0) return new EventPage(After, Events[i].SeqId - 1, [.. Events.Take(i)], true);
        }

        return this;
    }
}

/// <summary>Stands for an event whose stored JSON can't be read as what it should be: whoever reads that type fails at it.</summary>
/// <param name="Type">The type that it should be; null where not even that is known.</param>
/// <param name="Failure">Why not.</param>
internal sealed record UnreadableEvent(Type? Type, Exception Failure);

/// <summary>
/// Reads events by position. Positions are given in the order of commits (docs/adr/0003), so whoever sees one sees all below it: reading on after the last one
/// skips nothing, and there are no gaps to wait at. What no projection may look at (id, hash, actor, correlation) is not read.
/// </summary>
internal sealed class EventPages
{
    private const int GapsMax = 100;

    // The type is sent as its place among those that somebody reads; of all others only the name, to see that this program knows it.
    private const string Columns = "seq_id, stream_id, version, q.place, case when q.place is null then type end, case when q.place is not null then data::text end, timestamp, tenant_id";

    private const string From = "from ledger.mt_events, lateral (select array_position($1::varchar[], type) as place) q";

    private const string ReadPage = $"select {Columns} {From} where seq_id > $2 and seq_id <= $3 order by seq_id limit $4";

    private const string ReadStream =
        $"select {Columns} {From} where seq_id > $2 and seq_id <= $3 and tenant_id = $5 and stream_id = $6 and version >= $7 order by version limit $4";

    private const int ParsedAtOnceMin = 500;

    private readonly EventCatalog catalog;
    private readonly string[] names;
    private readonly int parsers;

    /// <param name="catalog">All events.</param>
    /// <param name="handled">The types that somebody reads; others are passed over without being parsed.</param>
    /// <param name="parsers">So many threads parse the events of a large page.</param>
    public EventPages(EventCatalog catalog, IReadOnlySet<Type> handled, int parsers = 1)
    {
        this.catalog = catalog;
        this.parsers = parsers;
        names = [.. catalog.NamesOf(handled)];
    }

    /// <summary>The next page after a position.</summary>
    /// <exception cref="UnknownEventException">An event was written by a newer program: who does not know it must not pass over it.</exception>
    public EventPage Read(NpgsqlConnection connection, long after, long upTo, int max)
    {
        using var command = new NpgsqlCommand(ReadPage, connection) { Parameters = { Array(NpgsqlDbType.Text, names), Value(NpgsqlDbType.Bigint, after), Value(NpgsqlDbType.Bigint, upTo), Value(NpgsqlDbType.Bigint, (long)max) } };
        return Read(command.ExecuteReader(), after, max);
    }

    /// <summary>The next page, of which a part may be in memory: what is missing between is read, and with that what comes after.</summary>
    public EventPage Next(NpgsqlConnection connection, FedEvents fed, long upTo, ProjectionOptions options)
    {
        // So many small gaps cost more than the whole range.
        if (fed.Events.Count == 0 || fed.Gaps.Count > GapsMax) return Read(connection, fed.After, upTo, options.PageMax);
        if (fed.Gaps.Count == 0) return new EventPage(fed.After, fed.Last, fed.Events, fed.Events.Count == options.FeedPageMax);
        using var batch = new NpgsqlBatch(connection);
        foreach (var (after, last) in fed.Gaps) batch.BatchCommands.Add(Page(after, last, last - after));
        var left = options.FeedPageMax - (fed.Last - fed.After);
        if (left > 0 && upTo > fed.Last) batch.BatchCommands.Add(Page(fed.Last, upTo, left));
        var page = Read(batch.ExecuteReader(), fed.After, options.FeedPageMax);
        var reached = Math.Max(page.Last, fed.Last);
        return new EventPage(fed.After, reached, Merged(fed.Events, page.Events), reached - fed.After >= options.FeedPageMax);
    }

    private NpgsqlBatchCommand Page(long after, long upTo, long max) =>
        Command(ReadPage, Array(NpgsqlDbType.Text, names), Value(NpgsqlDbType.Bigint, after), Value(NpgsqlDbType.Bigint, upTo), Value(NpgsqlDbType.Bigint, max));

    private static List<StoredEvent> Merged(IReadOnlyList<StoredEvent> some, IReadOnlyList<StoredEvent> others)
    {
        var (merged, next) = (new List<StoredEvent>(some.Count + others.Count), 0);
        foreach (var happened in some)
        {
            while (next < others.Count && others[next].SeqId < happened.SeqId) merged.Add(others[next++]);
            merged.Add(happened);
        }

        while (next < others.Count) merged.Add(others[next++]);
        return merged;
    }

    /// <summary>The next page of one stream, from a version on.</summary>
    public EventPage Read(NpgsqlConnection connection, StreamRef stream, long fromVersion, long after, long upTo, int max)
    {
        using var command = new NpgsqlCommand(ReadStream, connection)
        {
            Parameters =
            {
                Array(NpgsqlDbType.Text, names), Value(NpgsqlDbType.Bigint, after), Value(NpgsqlDbType.Bigint, upTo), Value(NpgsqlDbType.Bigint, (long)max),
                Value(NpgsqlDbType.Text, Tenants.Stored(stream.Tenant)), Value(NpgsqlDbType.Text, stream.Id), Value(NpgsqlDbType.Bigint, fromVersion),
            },
        };
        return Read(command.ExecuteReader(), after, max);
    }

    /// <summary>The highest committed position; 0 where there is none.</summary>
    public static long Highest(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand("select coalesce((select seq_id from ledger.mt_events order by seq_id desc limit 1), 0)", connection);
        return (long)command.ExecuteScalar()!;
    }

    private EventPage Read(NpgsqlDataReader answers, long after, int max)
    {
        var rows = new List<Row>();
        var (count, last) = (0, after);
        string ofStored = "", tenant = "";
        using (var reader = answers)
        {
            do
            {
                while (reader.Read())
                {
                    count++;
                    last = reader.GetInt64(0);
                    if (reader.IsDBNull(3))
                    {
                        catalog.TypeOf(reader.GetString(4));
                        continue;
                    }

                    var type = names[reader.GetInt32(3) - 1];
                    // Most events in a row are of one tenant.
                    var stored = reader.GetString(7);
                    if (stored != ofStored) (ofStored, tenant) = (stored, Tenants.Named(stored));
                    rows.Add(new Row(last, new StreamRef(tenant, reader.GetString(1)), reader.GetInt64(2), type, reader.GetFieldValue<byte[]>(5), new DateTimeOffset(reader.GetDateTime(6), TimeSpan.Zero)));
                }
            }
            while (reader.NextResult());
        }

        var events = new StoredEvent[rows.Count];
        if (parsers == 1 || rows.Count < ParsedAtOnceMin) Parse(rows, events, 0, rows.Count);
        else Parallel.For(0, parsers, part => Parse(rows, events, (int)((long)rows.Count * part / parsers), (int)((long)rows.Count * (part + 1) / parsers)));
        return new EventPage(after, last, events, count == max);
    }

    private void Parse(List<Row> rows, StoredEvent[] events, int from, int to)
    {
        for (var at = from; at < to; at++)
        {
            var row = rows[at];
            events[at] = new StoredEvent(row.SeqId, Guid.Empty, row.Stream, row.Version, row.Type, Data(row.Type, row.Json), row.RecordedAt, EventMeta.None, default);
        }
    }

    private object Data(string type, byte[] json)
    {
        try
        {
            return catalog.Read(type, json);
        }
        catch (Exception failure) when (failure is JsonException or FormatException or ArgumentException or InvalidOperationException or OverflowException or NotSupportedException or KeyNotFoundException)
        {
            return new UnreadableEvent(catalog.TypeOf(type), failure);
        }
    }

    private readonly record struct Row(long SeqId, StreamRef Stream, long Version, string Type, byte[] Json, DateTimeOffset RecordedAt);
}
