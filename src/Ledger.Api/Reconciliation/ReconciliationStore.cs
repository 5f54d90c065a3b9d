using System.Text.Json;
using Ledger.Api.Http;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Reconciliation;

/// <summary>The daily comparisons: who makes one, and what it found.</summary>
/// <param name="source">Connections as the service's role.</param>
internal sealed class ReconciliationStore(NpgsqlDataSource source)
{
    /// <summary>Takes the comparison of a day, once over all nodes; which attempt it is, from 1; null where it is done or another node is at it.</summary>
    public async Task<int?> TakeAsync(string tenant, string provider, DateOnly day, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            insert into ledger.reconciliations as r (tenant_id, provider, day, until) values ($1, $2, $3, clock_timestamp() + $4)
            on conflict on constraint reconciliations_pkey do update set until = excluded.until, attempts = r.attempts + 1 where r.finished_at is null and r.until <= clock_timestamp()
            returning attempts
            """);
        Name(command, tenant, provider, day);
        command.Parameters.AddWithValue(lease);
        return (int?)await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Keeps what was found; nothing where another node has taken it meanwhile.</summary>
    public async Task<bool> FinishAsync(string tenant, string provider, DateOnly day, int attempt, ReconciliationBody report, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            update ledger.reconciliations set finished_at = clock_timestamp(), compared = $4, differing = $5, healed = $6, report = $7, error = $8
            where tenant_id = $1 and provider = $2 and day = $3 and attempts = $9 and finished_at is null
            """);
        Name(command, tenant, provider, day);
        command.Parameters.AddWithValue(report.Compared);
        command.Parameters.AddWithValue(report.Differing);
        command.Parameters.AddWithValue(report.Healed);
        command.Parameters.AddWithValue(NpgsqlDbType.Jsonb, JsonSerializer.Serialize(report, LedgerJson.Numbers));
        command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = report.Error, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.AddWithValue(attempt);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Puts a comparison off that came to nothing.</summary>
    public async Task PutOffAsync(string tenant, string provider, DateOnly day, int attempt, TimeSpan wait, string error, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("update ledger.reconciliations set until = clock_timestamp() + $4, error = $5 where tenant_id = $1 and provider = $2 and day = $3 and attempts = $6 and finished_at is null");
        Name(command, tenant, provider, day);
        command.Parameters.AddWithValue(wait);
        command.Parameters.AddWithValue(error);
        command.Parameters.AddWithValue(attempt);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>What the latest finished comparison found; null where there is none.</summary>
    public async Task<ReconciliationBody?> LatestAsync(string tenant, string provider, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select report::text from ledger.reconciliations where tenant_id = $1 and provider = $2 and finished_at is not null order by day desc limit 1");
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(provider);
        return await command.ExecuteScalarAsync(cancellationToken) is string report ? JsonSerializer.Deserialize<ReconciliationBody>(report, LedgerJson.Numbers) : null;
    }

    /// <summary>Forgets comparisons of the days before one.</summary>
    public async Task ForgetAsync(string tenant, string provider, DateOnly before, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("delete from ledger.reconciliations where tenant_id = $1 and provider = $2 and day < $3");
        Name(command, tenant, provider, before);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static void Name(NpgsqlCommand command, string tenant, string provider, DateOnly day)
    {
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(provider);
        command.Parameters.AddWithValue(day);
    }
}
