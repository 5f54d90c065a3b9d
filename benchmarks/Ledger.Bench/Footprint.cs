using Npgsql;

namespace Ledger.Bench;

/// <summary>How large the tables are, indexes and all, and how many events they hold.</summary>
internal sealed record Footprint(long WriteSide, long All, long Events)
{
    // Free space that an updated row leaves is filled again, so sizes are compared between two moments of the same table.
    private const string Query =
        """
        select coalesce(sum(size) filter (where name in ('mt_events', 'mt_streams', 'stream_states', 'stream_checkpoints', 'facts', 'due', 'idempotency_keys', 'outbox')), 0)::bigint,
               sum(size)::bigint, (select coalesce(max(seq_id), 0) from ledger.mt_events)
        from (select relname as name, pg_total_relation_size(oid) as size from pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'r') tables
        """;

    public static async Task<Footprint> ReadAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(Query, connection);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new Footprint(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    }

    /// <summary>Bytes for each event since then.</summary>
    public (double WriteSide, double All) Since(Footprint before)
    {
        var events = (double)Math.Max(1, Events - before.Events);
        return ((WriteSide - before.WriteSide) / events, (All - before.All) / events);
    }
}
