using Ledger.Api.Maintenance;
using Ledger.Domain.Payments;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Payments;

/// <summary>What a checkout said of its payer. Personal data: in no event, and erasable.</summary>
/// <param name="Email">Mail address.</param>
/// <param name="Name">Name.</param>
internal sealed record CheckoutContact(string? Email, string? Name);

/// <summary>What stands beside payments and follows from no event: payers' addresses, and who asks a provider just now.</summary>
internal sealed class PaymentDesk(NpgsqlDataSource source)
{
    /// <summary>Keeps what a checkout said of its payer, before its intent is stored.</summary>
    public async Task PutContactAsync(string tenant, PaymentId payment, CheckoutContact contact, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("insert into ledger.checkout_contacts (tenant_id, payment_id, email, name) values ($1, $2, $3, $4) on conflict on constraint checkout_contacts_pkey do nothing");
        Name(command, tenant, payment);
        command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = contact.Email, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = contact.Name, NpgsqlDbType = NpgsqlDbType.Text });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>What a checkout said of its payer; null where it said nothing, or that has been erased.</summary>
    public async Task<CheckoutContact?> ContactAsync(string tenant, PaymentId payment, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select email, name from ledger.checkout_contacts where tenant_id = $1 and payment_id = $2");
        Name(command, tenant, payment);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        return await rows.ReadAsync(cancellationToken) ? new CheckoutContact(rows.IsDBNull(0) ? null : rows.GetString(0), rows.IsDBNull(1) ? null : rows.GetString(1)) : null;
    }

    /// <summary>Takes the lease of a payment; which attempt it is, from 1; null where somebody else has it.</summary>
    public async Task<int?> TakeAsync(string tenant, PaymentId payment, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            insert into ledger.payment_leases as l (tenant_id, payment_id, until, attempts) values ($1, $2, now() + $3, 1)
            on conflict on constraint payment_leases_pkey do update set until = excluded.until, attempts = l.attempts + 1 where l.until <= now() returning attempts
            """);
        Name(command, tenant, payment);
        command.Parameters.AddWithValue(KeptLease.Time);
        return (int?)await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Keeps the lease of an attempt for longer; false where somebody else has it by now.</summary>
    public async Task<bool> KeepAsync(string tenant, PaymentId payment, int attempt, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("update ledger.payment_leases set until = now() + $4 where tenant_id = $1 and payment_id = $2 and attempts = $3");
        Name(command, tenant, payment);
        command.Parameters.AddWithValue(attempt);
        command.Parameters.AddWithValue(KeptLease.Time);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Gives the lease back; the row stays, and counts.</summary>
    public async Task GiveBackAsync(string tenant, PaymentId payment, int attempt)
    {
        // Whoever took it meanwhile, because this attempt was longer than the lease, keeps it.
        await using var command = source.CreateCommand("update ledger.payment_leases set until = now() where tenant_id = $1 and payment_id = $2 and attempts = $3");
        Name(command, tenant, payment);
        command.Parameters.AddWithValue(attempt);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>By how much business time is ahead of real time: 0 but in tests and demonstrations.</summary>
    public async Task<TimeSpan> ShiftAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select shift from ledger.clock");
        return (TimeSpan)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static void Name(NpgsqlCommand command, string tenant, PaymentId payment)
    {
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(payment.Value);
    }
}
