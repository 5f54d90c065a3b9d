using Npgsql;
using NpgsqlTypes;

namespace Ledger.EventStore;

/// <summary>
/// The idempotency keys of a tenant for work that appends no event: one namespace for all, so that a key used for one request is refused for any other.
/// Call it inside a transaction; it takes the writer's lock, which is held until that transaction ends.
/// </summary>
public static class IdempotencyKeys
{
    /// <summary>What a key was used for so far, read without a lock: <see cref="Outcome.Done"/> where this very request used it, <see cref="Outcome.KeyReused"/> where another one did; null where it is free. The work that it is sent with looks again.</summary>
    /// <param name="source">A pool.</param>
    /// <param name="tenant">The tenant, as clients name it.</param>
    /// <param name="key">The key.</param>
    /// <param name="fingerprint">What the key stands for.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public static async Task<Outcome?> FindAsync(NpgsqlDataSource source, string tenant, string key, UInt128 fingerprint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var command = source.CreateCommand("select fingerprint, stream_id, version, answer from ledger.idempotency_keys where tenant_id = $1 and key = $2");
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(key);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        if (!await rows.ReadAsync(cancellationToken)) return null;
        return rows.GetGuid(0) == WriterConnection.ToGuid(fingerprint) ? new Outcome.Done(new StreamRef(tenant, rows.GetString(1)), rows.GetInt64(2), rows.GetInt16(3), First: false) : new Outcome.KeyReused();
    }

    /// <summary>Takes a key for a request that appends nothing. False where another request has it.</summary>
    /// <param name="connection">A connection with an open transaction.</param>
    /// <param name="tenant">The tenant, as clients name it.</param>
    /// <param name="key">The key.</param>
    /// <param name="fingerprint">What the key stands for.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public static async Task<bool> TryTakeAsync(NpgsqlConnection connection, string tenant, string key, UInt128 fingerprint, CancellationToken cancellationToken)
    {
        await using (var wait = new NpgsqlCommand($"select pg_advisory_xact_lock({WriterConnection.WriterLock})", connection)) await wait.ExecuteNonQueryAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            """
            with taken as (
                insert into ledger.idempotency_keys (tenant_id, key, fingerprint, stream_id, version, answer, created_at) values ($1, $2, $3, '', 0, 0, now())
                on conflict on constraint idempotency_keys_pkey do nothing returning 1
            )
            select exists (select from taken) or exists (select from ledger.idempotency_keys where tenant_id = $1 and key = $2 and fingerprint = $3)
            """, connection);
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(key);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = WriterConnection.ToGuid(fingerprint), NpgsqlDbType = NpgsqlDbType.Uuid });
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
