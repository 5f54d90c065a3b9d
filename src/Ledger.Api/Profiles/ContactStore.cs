using System.Text;
using Ledger.Domain;
using Ledger.EventStore;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Profiles;

/// <summary>Who stands behind an account. Personal data: in no event, and erasable.</summary>
/// <param name="Email">Mail address.</param>
/// <param name="Name">Name.</param>
/// <param name="Address">Address, in lines.</param>
internal sealed record Contact(string? Email = null, string? Name = null, string? Address = null);

/// <summary>How much was erased.</summary>
/// <param name="Contacts">The account's own contact, 0 or 1.</param>
/// <param name="Checkouts">What checkouts had said of their payers.</param>
/// <param name="Notifications">Raw notifications of providers.</param>
/// <param name="NotificationsOpen">Raw notifications that are still to be applied, or are parked, and need their text for that.</param>
internal sealed record Erased(int Contacts, int Checkouts, int Notifications, int NotificationsOpen);

/// <summary>The table of contacts, and the erasure of all that is known of the people behind an account.</summary>
internal sealed class ContactStore(NpgsqlDataSource source)
{
    // All bodies of a tenant are looked through.
    private const int SearchSeconds = 600;

    /// <summary>The contact of an account; null where none is kept.</summary>
    public async Task<Contact?> FindAsync(string tenant, AccountId account, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select email, name, address from ledger.contacts where tenant_id = $1 and account_id = $2");
        Name(command.Parameters, tenant, account);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        string? At(int column) => rows.IsDBNull(column) ? null : rows.GetString(column);
        return await rows.ReadAsync(cancellationToken) ? new Contact(At(0), At(1), At(2)) : null;
    }

    /// <summary>Sets what is named: null leaves a member as it is, an empty text takes it away.</summary>
    public async Task PutAsync(string tenant, AccountId account, Contact changed, string by, CancellationToken cancellationToken)
    {
        if ((changed.Email ?? changed.Name ?? changed.Address) is null) return;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        // A batch without a transaction of its own is one. A row with nothing in it is not kept.
        await using var batch = new NpgsqlBatch(connection);
        var put = new NpgsqlBatchCommand(
            """
            insert into ledger.contacts as c (tenant_id, account_id, email, name, address, updated_by) values ($1, $2, nullif($3, ''), nullif($4, ''), nullif($5, ''), $6)
            on conflict on constraint contacts_pkey do update set email = case when $3 is null then c.email else excluded.email end, name = case when $4 is null then c.name else excluded.name end,
                address = case when $5 is null then c.address else excluded.address end, updated_by = excluded.updated_by, updated_at = now()
            """);
        Name(put.Parameters, tenant, account);
        foreach (var text in new[] { changed.Email, changed.Name, changed.Address }) put.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text });
        put.Parameters.AddWithValue(by);
        var tidy = new NpgsqlBatchCommand("delete from ledger.contacts where tenant_id = $1 and account_id = $2 and num_nonnulls(email, name, address) = 0");
        Name(tidy.Parameters, tenant, account);
        batch.BatchCommands.Add(put);
        batch.BatchCommands.Add(tidy);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Erases the account's contact, what its checkouts said of their payers, and the raw text of every settled notification that is about one of its payments or names the account, one of its customers or
    /// one of the mail addresses that are known. All of it or nothing. What was read from the notifications, without personal data, stays.
    /// </summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="account">The account.</param>
    /// <param name="customers">What providers call it.</param>
    /// <param name="by">The credential that wants it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<Erased> EraseAsync(string tenant, AccountId account, IEnumerable<string> customers, string by, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        List<string> names = [.. customers];
        await using (var emails = new NpgsqlCommand(
            """
            select email from ledger.contacts where tenant_id = $1 and account_id = $2 and email is not null
            union select c.email from ledger.checkout_contacts c join ledger.payments p on p.tenant_id = c.tenant_id and p.id = c.payment_id where c.tenant_id = $1 and p.account_id = $2 and c.email is not null
            """,
            connection,
            transaction))
        {
            Name(emails.Parameters, tenant, account);
            await using var rows = await emails.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken)) names.Add(rows.GetString(0));
        }

        var contacts = await RunAsync("delete from ledger.contacts where tenant_id = $1 and account_id = $2");
        var checkouts = await RunAsync("delete from ledger.checkout_contacts c using ledger.payments p where c.tenant_id = $1 and p.tenant_id = $1 and p.id = c.payment_id and p.account_id = $2");
        // What is parked may still be money that somebody has to apply: it keeps its text until it is replayed, or its body is erased by itself.
        const string Settled = "d.next_attempt_at is null and d.status <> 'failed'";
        // A name stands in JSON as a whole string. Every body that is kept is looked through: erasures are few, and nothing else says whom a body is about.
        const string Concerned =
            """
            from ledger.webhook_deliveries d
            where d.tenant_id = $1 and b.tenant_id = $1 and b.delivery_id = d.id and b.body is not null
              and (exists (select from ledger.payments p where p.tenant_id = $1 and p.account_id = $2 and p.id = d.payment_id) or exists (select from unnest($3::bytea[]) as n(name) where position(n.name in b.body) > 0))
            """;
        // An account's id may be any word: it counts where it is said to be the account. What providers call it, and mail addresses, are words of their own.
        string[] own = [$"\"ledger_account\":\"{account.Value}\"", $"\"ledger_account\": \"{account.Value}\""];
        var needles = own.Concat(names.Distinct(StringComparer.Ordinal).Select(name => $"\"{name}\"")).Select(Encoding.UTF8.GetBytes).ToArray();
        var notifications = await RunAsync($"update ledger.webhook_bodies b set body = null, erased_at = clock_timestamp(), erased_by = $4 {Concerned} and {Settled}", needles, by);
        await using var open = new NpgsqlCommand($"select count(*)::integer from ledger.webhook_bodies b where exists (select {Concerned} and not ({Settled}))", connection, transaction) { CommandTimeout = SearchSeconds };
        Name(open.Parameters, tenant, account);
        open.Parameters.AddWithValue(needles);
        var waiting = (int)(await open.ExecuteScalarAsync(cancellationToken))!;
        await transaction.CommitAsync(cancellationToken);
        return new Erased(contacts, checkouts, notifications, waiting);

        async Task<int> RunAsync(string sql, params object[] more)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction) { CommandTimeout = SearchSeconds };
            Name(command.Parameters, tenant, account);
            foreach (var value in more) command.Parameters.AddWithValue(value);
            return await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static void Name(NpgsqlParameterCollection parameters, string tenant, AccountId account)
    {
        parameters.AddWithValue(Tenants.Stored(tenant));
        parameters.AddWithValue(account.Value);
    }
}
