using System.Security.Cryptography;
using Ledger.Api.Http;
using Ledger.EventStore;
using Ledger.Providers;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Webhooks;

/// <summary>The tables of the inbox, as the receiver and the workers use them.</summary>
/// <param name="source">Connections as the service's role.</param>
internal sealed class DeliveryStore(NpgsqlDataSource source)
{
    /// <summary>A hint that comes again asks its provider again, at most so often.</summary>
    public static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(10);

    internal const string Prefix = "whd_";

    private const string TakenColumns =
        "d.tenant_id, d.id, d.provider, d.event_id, d.type, d.object_id, d.api_version, d.live, d.status, d.round, d.attempts, d.tries, d.faults, d.received_at, d.begun_at";

    /// <summary>Stores a notification, once for its event id. Durable when this ends.</summary>
    /// <returns>Its id, and whether it had come before.</returns>
    public async Task<(string Id, bool Repeated)> AddAsync(string tenant, string provider, Notification told, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        await using (var add = source.CreateCommand(
            """
            with stored as (
                insert into ledger.webhook_deliveries (tenant_id, id, provider, event_id, type, object_id, api_version, live, sha256) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                on conflict on constraint webhook_deliveries_event do nothing returning id
            ), kept as (
                insert into ledger.webhook_bodies (tenant_id, delivery_id, body) select $1, id, $10 from stored
            )
            select id from stored
            """))
        {
            var parameters = add.Parameters;
            parameters.AddWithValue(Tenants.Stored(tenant));
            parameters.AddWithValue(Prefix + RandomNumberGenerator.GetString("0123456789abcdefghjkmnpqrstvwxyz", 24));
            parameters.AddWithValue(provider);
            parameters.AddWithValue(told.EventId);
            parameters.AddWithValue(told.Type);
            parameters.Add(Text(told.ObjectId));
            parameters.Add(Text(told.Version));
            parameters.Add(new NpgsqlParameter { Value = told.IsLive ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Boolean });
            parameters.AddWithValue(SHA256.HashData(body.Span));
            parameters.AddWithValue(NpgsqlDbType.Bytea, body);
            if (await add.ExecuteScalarAsync(cancellationToken) is string id) return (id, false);
        }

        // A hint that its provider did not confirm is asked about again; nothing else changes when it comes again.
        await using var again = source.CreateCommand(
            """
            update ledger.webhook_deliveries set repeats = repeats + 1,
                status = case when unconfirmed then 'waiting' else status end,
                next_attempt_at = case when unconfirmed then least(coalesce(next_attempt_at, 'infinity'), greatest(clock_timestamp(), attempted_at + $4)) else next_attempt_at end,
                begun_at = case when unconfirmed and status = 'failed' then clock_timestamp() else begun_at end,
                tries = case when unconfirmed and status = 'failed' then 0 else tries end,
                settled_at = case when unconfirmed then null else settled_at end
            where tenant_id = $1 and provider = $2 and event_id = $3 returning id
            """);
        again.Parameters.AddWithValue(Tenants.Stored(tenant));
        again.Parameters.AddWithValue(provider);
        again.Parameters.AddWithValue(told.EventId);
        again.Parameters.AddWithValue(AskAgainAfter);
        return ((string)(await again.ExecuteScalarAsync(cancellationToken))!, true);
    }

    /// <summary>Takes what is due of one provider, the longest due first. Whoever has taken one has it for the lease; other nodes pass over it.</summary>
    /// <param name="provider">The provider.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="without">Tenants of which none is taken.</param>
    /// <param name="lease">For how long they are the caller's.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<IReadOnlyList<Delivery>> TakeAsync(string provider, int limit, IEnumerable<string> without, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"""
            with due as (
                select tenant_id, id from ledger.webhook_deliveries where provider = $1 and next_attempt_at <= now() and tenant_id <> all($4) order by next_attempt_at limit $2 for update skip locked
            )
            update ledger.webhook_deliveries d set attempts = d.attempts + 1, tries = d.tries + 1, attempted_at = clock_timestamp(), next_attempt_at = clock_timestamp() + $3
            from due left join ledger.webhook_bodies b on b.tenant_id = due.tenant_id and b.delivery_id = due.id
            where d.tenant_id = due.tenant_id and d.id = due.id
            returning {TakenColumns}, b.body
            """);
        command.Parameters.AddWithValue(provider);
        command.Parameters.AddWithValue(limit);
        command.Parameters.AddWithValue(lease);
        command.Parameters.AddWithValue(without.Select(Tenants.Stored).ToArray());
        return await ReadTakenAsync(command, cancellationToken);
    }

    /// <summary>Takes one delivery at once and begins a new round with it, whoever else may have it: what they come to is no longer marked.</summary>
    public async Task<Delivery?> TakeAgainAsync(string tenant, string id, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"""
            update ledger.webhook_deliveries d set status = 'received', reason = null, settled_at = null, round = d.round + 1, attempts = d.attempts + 1, tries = 1, faults = 0,
                begun_at = clock_timestamp(), attempted_at = clock_timestamp(), next_attempt_at = clock_timestamp() + $3
            from ledger.webhook_bodies b where d.tenant_id = $1 and d.id = $2 and b.tenant_id = $1 and b.delivery_id = $2
            returning {TakenColumns}, b.body
            """);
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(lease);
        return (await ReadTakenAsync(command, cancellationToken)).SingleOrDefault();
    }

    /// <summary>Writes down what became of a delivery, unless somebody else has taken it since.</summary>
    /// <returns>Whether it was written.</returns>
    public async Task<bool> MarkAsync(Delivery taken, Judgement judged, TimeSpan? retryIn, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            update ledger.webhook_deliveries set status = $4, reason = $5, payment_id = coalesce($6, payment_id), facts = coalesce($7, facts), refs = $8, unconfirmed = $9, faults = $10,
                next_attempt_at = clock_timestamp() + $11, settled_at = case when $11 is null then clock_timestamp() end
            where tenant_id = $1 and id = $2 and attempts = $3
            """);
        var parameters = command.Parameters;
        parameters.AddWithValue(Tenants.Stored(taken.Tenant));
        parameters.AddWithValue(taken.Id);
        parameters.AddWithValue(taken.Attempts);
        parameters.AddWithValue(Words.Of(judged.Status));
        parameters.Add(Text(judged.Reason));
        parameters.Add(Text(judged.PaymentId));
        parameters.Add(new NpgsqlParameter { Value = judged.Facts ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Jsonb });
        parameters.AddWithValue(judged.Refs.ToArray());
        parameters.AddWithValue(judged.Unconfirmed);
        parameters.AddWithValue(judged.Faults);
        parameters.Add(new NpgsqlParameter { Value = retryIn ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Interval });
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Lets what waits for one of these references be tried at once: their payment is known now.</summary>
    public async Task<int> WakeAsync(string tenant, IReadOnlyList<string> refs, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            update ledger.webhook_deliveries d set next_attempt_at = clock_timestamp()
            from (select tenant_id, id from ledger.webhook_deliveries where tenant_id = $1 and status = 'waiting' and refs && $2 and next_attempt_at > now() for update skip locked) w
            where d.tenant_id = w.tenant_id and d.id = w.id
            """);
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(refs.ToArray());
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Adds to the counts of what was refused today.</summary>
    public async Task CountRefusedAsync(IReadOnlyDictionary<(string Tenant, string Provider, SignatureFault Fault), long> refused, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            insert into ledger.webhook_refusals as r (tenant_id, provider, day, fault, count) select t, p, (now() at time zone 'utc')::date, f, n from unnest($1, $2, $3, $4) as x(t, p, f, n) order by t, p, f
            on conflict on constraint webhook_refusals_pkey do update set count = r.count + excluded.count
            """);
        command.Parameters.AddWithValue(refused.Keys.Select(k => Tenants.Stored(k.Tenant)).ToArray());
        command.Parameters.AddWithValue(refused.Keys.Select(k => k.Provider).ToArray());
        command.Parameters.AddWithValue(refused.Keys.Select(k => Words.Of(k.Fault)).ToArray());
        command.Parameters.AddWithValue(refused.Values.ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>How many deliveries are open by status, and how old the oldest of each is, in seconds.</summary>
    public async Task<IReadOnlyList<(string Status, long Count, double OldestSeconds)>> OpenAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "select status, count(*), extract(epoch from clock_timestamp() - min(begun_at))::double precision from ledger.webhook_deliveries where next_attempt_at is not null group by status");
        var open = new List<(string, long, double)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) open.Add((reader.GetString(0), reader.GetInt64(1), reader.GetDouble(2)));
        return open;
    }

    internal static NpgsqlParameter Text(string? value) => new() { Value = value ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    internal static async Task<IReadOnlyList<Delivery>> ReadTakenAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var taken = new List<Delivery>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            taken.Add(new Delivery(
                Tenants.Named(reader.GetString(0)), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), TextAt(reader, 5), TextAt(reader, 6),
                reader.IsDBNull(7) ? null : reader.GetBoolean(7), StatusAt(reader, 8), reader.GetInt32(9), reader.GetInt32(10), reader.GetInt32(11), reader.GetInt32(12),
                reader.GetFieldValue<DateTimeOffset>(13), reader.GetFieldValue<DateTimeOffset>(14), reader.IsDBNull(15) ? null : reader.GetFieldValue<byte[]>(15)));
        }

        return taken;
    }

    internal static DeliveryStatus StatusAt(NpgsqlDataReader reader, int column) =>
        Words.TryParse<DeliveryStatus>(reader.GetString(column), out var status) ? status : throw new InvalidOperationException($"There is no status {reader.GetString(column)} of deliveries.");

    internal static string? TextAt(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
