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
/// skips nothing, and there are no gaps to wait at.
/// </summary>
internal sealed class EventPages
{
    private const string Columns = "seq_id, id, stream_id, version, type, case when type = any($1) then data::text end, timestamp, tenant_id, correlation_id, causation_id, headers::text";

    private const string ReadPage = $"select {Columns} from ledger.mt_events where seq_id > $2 and seq_id <= $3 order by seq_id limit $4";

    private const string ReadStream =
        $"select {Columns} from ledger.mt_events where seq_id > $2 and seq_id <= $3 and tenant_id = $5 and stream_id = $6 and version >= $7 order by version limit $4";

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
        return Read(command, after, max);
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
        return Read(command, after, max);
    }

    /// <summary>The highest committed position; 0 where there is none.</summary>
    public static long Highest(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand("select coalesce((select seq_id from ledger.mt_events order by seq_id desc limit 1), 0)", connection);
        return (long)command.ExecuteScalar()!;
    }

    private EventPage Read(NpgsqlCommand command, long after, int max)
    {
        var rows = new List<Row>();
        var (count, last) = (0, after);
        using (var reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                count++;
                last = reader.GetInt64(0);
                var type = reader.GetString(4);
                var known = catalog.TypeOf(type);
                if (reader.IsDBNull(5)) continue;
                var (actor, hash) = Headers.Read(reader.GetFieldValue<byte[]>(10));
                rows.Add(new Row(
                    last, reader.GetGuid(1), new StreamRef(Tenants.Named(reader.GetString(7)), reader.GetString(2)), reader.GetInt64(3), type, known, reader.GetFieldValue<byte[]>(5),
                    new DateTimeOffset(reader.GetDateTime(6), TimeSpan.Zero), new EventMeta(reader.IsDBNull(8) ? null : reader.GetString(8), reader.IsDBNull(9) ? null : reader.GetString(9), actor), hash));
            }
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
            events[at] = new StoredEvent(row.SeqId, row.Id, row.Stream, row.Version, row.Type, Data(row.Type, row.Known, row.Json), row.RecordedAt, row.Meta, row.Hash);
        }
    }

    private object Data(string type, Type? known, byte[] json)
    {
        try
        {
            return catalog.Read(type, json);
        }
        catch (Exception failure) when (failure is JsonException or FormatException or ArgumentException or InvalidOperationException or OverflowException or NotSupportedException or KeyNotFoundException)
        {
            return new UnreadableEvent(known, failure);
        }
    }

    private readonly record struct Row(long SeqId, Guid Id, StreamRef Stream, long Version, string Type, Type? Known, byte[] Json, DateTimeOffset RecordedAt, EventMeta Meta, byte[] Hash);
}
