using Ledger.Api.Http;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Webhooks;

/// <summary>What administrators see of the inbox, and do with it: lists, replays, erasure.</summary>
/// <param name="source">Connections as the service's role.</param>
internal sealed class DeliveryDesk(NpgsqlDataSource source)
{
    private const string Shown =
        """
        select d.id, d.provider, d.event_id, d.type, d.object_id, d.api_version, d.live, d.status, d.reason, d.payment_id, d.facts::text, d.sha256, d.repeats, d.round, d.attempts,
            d.received_at, d.attempted_at, d.next_attempt_at, d.settled_at, b.erased_at
        from ledger.webhook_deliveries d left join ledger.webhook_bodies b on b.tenant_id = d.tenant_id and b.delivery_id = d.id
        """;

    private const string Filter =
        "d.tenant_id = $1 and ($2::text is null or d.status = $2) and ($3::text is null or d.provider = $3) and ($4::text is null or d.type = $4) and ($5::timestamptz is null or d.received_at >= $5) and ($6::timestamptz is null or d.received_at < $6)";

    /// <summary>Deliveries, the newest first, older than one.</summary>
    public async Task<IReadOnlyList<DeliveryRow>> ListAsync(string tenant, DeliveryFilter filter, (DateTimeOffset At, string Id)? after, int limit, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"{Shown} where {Filter} and ($7::timestamptz is null or (d.received_at, d.id) < ($7, $8)) order by d.received_at desc, d.id desc limit $9");
        Fill(command, tenant, filter);
        command.Parameters.Add(Time(after?.At));
        command.Parameters.Add(DeliveryStore.Text(after?.Id));
        command.Parameters.AddWithValue(limit);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>One delivery; null where the tenant has none of that id.</summary>
    public async Task<DeliveryRow?> FindAsync(string tenant, string id, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"{Shown} where d.tenant_id = $1 and d.id = $2");
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(id);
        return (await ReadAsync(command, cancellationToken)).SingleOrDefault();
    }

    /// <summary>Deliveries as a worker would take them, untouched, the oldest first: for a dry run.</summary>
    public async Task<IReadOnlyList<Delivery>> LookAsync(string tenant, DeliveryFilter filter, string? id, int limit, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"""
            select d.tenant_id, d.id, d.provider, d.event_id, d.type, d.object_id, d.api_version, d.live, d.status, d.round + 1, d.attempts, d.tries, d.faults, d.received_at, d.begun_at, b.body
            from ledger.webhook_deliveries d left join ledger.webhook_bodies b on b.tenant_id = d.tenant_id and b.delivery_id = d.id
            where {Filter} and ($7::text is null or d.id = $7) order by d.received_at, d.id limit $8
            """);
        Fill(command, tenant, filter);
        command.Parameters.Add(DeliveryStore.Text(id));
        command.Parameters.AddWithValue(limit);
        return await DeliveryStore.ReadTakenAsync(command, cancellationToken);
    }

    /// <summary>Begins a new round with all that fit and still have their bodies.</summary>
    /// <returns>How many; null, and nothing is begun, where they are more than <paramref name="max"/>.</returns>
    public async Task<int?> ReplayAsync(string tenant, DeliveryFilter filter, int max, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"""
            with chosen as (
                select d.id from ledger.webhook_deliveries d join ledger.webhook_bodies b on b.tenant_id = d.tenant_id and b.delivery_id = d.id
                where {Filter} and b.body is not null order by d.received_at, d.id limit $7 + 1
            ), begun as (
                update ledger.webhook_deliveries d set status = 'received', reason = null, settled_at = null, round = d.round + 1, attempts = d.attempts + 1, tries = 0, faults = 0,
                    begun_at = clock_timestamp(), next_attempt_at = clock_timestamp()
                from chosen where d.tenant_id = $1 and d.id = chosen.id and (select count(*) from chosen) <= $7
            )
            select count(*)::integer from chosen
            """);
        Fill(command, tenant, filter);
        command.Parameters.AddWithValue(max);
        var chosen = (int)(await command.ExecuteScalarAsync(cancellationToken))!;
        return chosen > max ? null : chosen;
    }

    /// <summary>Erases the body of a delivery; its SHA-256 and what was read from it stay. Nothing changes where it is erased already.</summary>
    public async Task EraseAsync(string tenant, string id, string by, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "update ledger.webhook_bodies set body = null, erased_at = clock_timestamp(), erased_by = $3 where tenant_id = $1 and delivery_id = $2 and body is not null");
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(by);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Erases bodies of a tenant that are older than its retention, at most so many; those that are still to be applied stay.</summary>
    /// <returns>How many were erased.</returns>
    public async Task<int> EraseOldAsync(string tenant, int days, int limit, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            update ledger.webhook_bodies b set body = null, erased_at = clock_timestamp(), erased_by = 'retention'
            from (
                select o.tenant_id, o.delivery_id from ledger.webhook_bodies o join ledger.webhook_deliveries d on d.tenant_id = o.tenant_id and d.id = o.delivery_id
                where o.tenant_id = $1 and o.body is not null and o.received_at < now() - make_interval(days => $2) and d.next_attempt_at is null
                order by o.received_at limit $3 for update of o skip locked
            ) old
            where b.tenant_id = old.tenant_id and b.delivery_id = old.delivery_id
            """);
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(days);
        command.Parameters.AddWithValue(limit);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Tenants that have bodies.</summary>
    public async Task<IReadOnlyList<string>> TenantsAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select distinct tenant_id from ledger.webhook_bodies where body is not null");
        var tenants = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) tenants.Add(Tenants.Named(reader.GetString(0)));
        return tenants;
    }

    /// <summary>Whether a key was taken, by this request or another.</summary>
    public async Task<bool> IsTakenAsync(string tenant, string key, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select exists (select from ledger.idempotency_keys where tenant_id = $1 and key = $2)");
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(key);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Takes a key for a request; false where another request has it.</summary>
    public async Task<bool> TakeKeyAsync(string tenant, string key, UInt128 fingerprint, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var taken = await IdempotencyKeys.TryTakeAsync(connection, tenant, key, fingerprint, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return taken;
    }

    private static void Fill(NpgsqlCommand command, string tenant, DeliveryFilter filter)
    {
        var parameters = command.Parameters;
        parameters.AddWithValue(Tenants.Stored(tenant));
        parameters.Add(DeliveryStore.Text(filter.Status is { } status ? Words.Of(status) : null));
        parameters.Add(DeliveryStore.Text(filter.Provider));
        parameters.Add(DeliveryStore.Text(filter.Type));
        parameters.Add(Time(filter.From));
        parameters.Add(Time(filter.To));
    }

    /// <summary>Payers' mail addresses and names serve the provider's page alone: two days after its checkout they are gone.</summary>
    public async Task ForgetContactsAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("delete from ledger.checkout_contacts where created_at < now() - interval '2 days'");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter Time(DateTimeOffset? time) => new() { Value = time ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz };

    private static async Task<IReadOnlyList<DeliveryRow>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var rows = new List<DeliveryRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        string? TextAt(int column) => DeliveryStore.TextAt(reader, column);
        DateTimeOffset? TimeAt(int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new DeliveryRow(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), TextAt(4), TextAt(5), reader.IsDBNull(6) ? null : reader.GetBoolean(6),
                DeliveryStore.StatusAt(reader, 7), TextAt(8), TextAt(9), TextAt(10), reader.GetFieldValue<byte[]>(11),
                reader.GetInt32(12), reader.GetInt32(13), reader.GetInt32(14), reader.GetFieldValue<DateTimeOffset>(15), TimeAt(16), TimeAt(17), TimeAt(18), TimeAt(19)));
        }

        return rows;
    }
}
