using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Operations;
using Ledger.Api.ReadModels;
using Ledger.EventStore;
using Ledger.EventStore.Projections;
using Ledger.Testing;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.Tests.ReadModels;

/// <summary>The journal's views against the postings as the program makes them: SQL and C# know of the same rules only what is written down.</summary>
public sealed class The_journal_in_sql(ITestOutputHelper output)
{
    private const int Histories = 30;

    private static readonly BooksProjection Projection = new();

    [Fact]
    public async Task The_view_derives_every_posting_from_the_events()
    {
        var seed = RandomEvents.Seed(output);
        await using var database = await DatabaseAsync();
        await using var connection = await database.OpenAsync();
        var (rows, expected, position) = (new Rows(), new List<Posting>(), 0L);
        for (var history = 0; history < Histories; history++)
        {
            var tenant = $"t{history}";
            var made = RandomEvents.Of(seed + history, tenant: tenant);
            foreach (var happened in made.Events.Select(each => each with { SeqId = ++position }))
            {
                await StoreAsync(connection, happened);
                if (!Projection.Handles.Contains(happened.Data.GetType())) continue;
                if (BooksProjection.Book(happened, rows) is { } entry) expected.AddRange(Postings(happened, entry, rows));
            }
        }

        await WriteAsync(connection, rows);
        var found = await PostingsAsync(connection, "select tenant_id, account_id, version, code, asset, sum(amount) from ledger.journal_postings group by 1, 2, 3, 4, 5 having sum(amount) <> 0");
        var wrong = found.Except(expected).Concat(expected.Except(found)).OrderBy(posting => (posting.Tenant, posting.Account, posting.Version, posting.Code)).Take(10).ToList();
        wrong.ShouldBeEmpty($"LEDGER_SEED={seed}");
        found.Count.ShouldBe(expected.Count);

        (await PostingsAsync(connection, "select tenant_id, account_id, 0, code, asset, sum(amount) from ledger.journal_daily group by 1, 2, 3, 4, 5 having sum(amount) <> 0"))
            .ShouldBe(expected.GroupBy(posting => posting with { Version = 0, Amount = 0 }).Select(group => group.Key with { Amount = group.Sum(posting => posting.Amount) }).Where(posting => posting.Amount != 0), ignoreOrder: true);
        await using var daily = new NpgsqlCommand(
            """
            select count(*) from (select tenant_id, account_id, day, code, measure, asset, amount from ledger.journal_daily) d
            full join (select tenant_id, account_id, day, code, measure, asset, sum(amount) as amount from ledger.journal_postings group by 1, 2, 3, 4, 5, 6 having sum(amount) <> 0) p using (tenant_id, account_id, day, code, measure, asset)
            where d.amount is distinct from p.amount
            """, connection);
        (await daily.ExecuteScalarAsync()).ShouldBe(0L, "each day's sums are those of its postings");
    }

    [Fact]
    public async Task The_chart_of_accounts_is_the_same_in_the_database()
    {
        await using var database = await DatabaseAsync();
        await using var connection = await database.OpenAsync();
        await using var command = new NpgsqlCommand("select code, name, measure, side from ledger.journal_accounts order by code", connection);
        await using var reader = await command.ExecuteReaderAsync();
        foreach (var account in ChartOfAccounts.All)
        {
            (await reader.ReadAsync()).ShouldBeTrue();
            (reader.GetInt32(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)).ShouldBe((account.Code, account.Name, Words.Of(account.Measure), Words.Of(account.Side)));
        }

        (await reader.ReadAsync()).ShouldBeFalse();
    }

    private static async Task<TestDatabase> DatabaseAsync() => await TestPostgres.CreateDatabaseAsync(await TestPostgres.TemplateAsync("ledger", async connection =>
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection.ConnectionString) { Pooling = false }.ConnectionString);
        await new SchemaMigrator(source, CommandLineDatabase.SchemaFiles).ApplyAsync();
    }));

    private static IEnumerable<Posting> Postings(StoredEvent happened, JournalEntry entry, Rows rows)
    {
        var account = AccountModel.AccountOf(happened.Stream).Value;
        var unit = rows.Find(JournalTables.Units, (happened.Stream.Tenant, account))!.Unit;
        foreach (var code in ChartOfAccounts.Units)
        {
            if (entry.Units[code.Place] != 0) yield return new(happened.Stream.Tenant, account, happened.Version, code.Code, unit, entry.Units[code.Place]);
        }

        foreach (var (currency, sums) in entry.Money)
        {
            foreach (var code in ChartOfAccounts.Money)
            {
                if (sums[code.Place] != 0) yield return new(happened.Stream.Tenant, account, happened.Version, code.Code, currency, sums[code.Place]);
            }
        }
    }

    private static async Task<List<Posting>> PostingsAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var found = new List<Posting>();
        while (await reader.ReadAsync()) found.Add(new(reader.GetString(0), reader.GetString(1), Convert.ToInt64(reader.GetValue(2), null), reader.GetInt32(3), reader.GetString(4), reader.GetDecimal(5)));
        return found;
    }

    private static async Task StoreAsync(NpgsqlConnection connection, StoredEvent happened)
    {
        var json = new System.Buffers.ArrayBufferWriter<byte>();
        EventJson.Catalog.Write(happened.Data, json);
        await using var command = new NpgsqlCommand("insert into ledger.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id) values ($1, gen_random_uuid(), $2, $3, $4, $5, $6, $7)", connection);
        command.Parameters.AddWithValue(happened.SeqId);
        command.Parameters.AddWithValue(happened.Stream.Id);
        command.Parameters.AddWithValue(happened.Version);
        command.Parameters.AddWithValue(NpgsqlDbType.Jsonb, json.WrittenMemory.ToArray());
        command.Parameters.AddWithValue(happened.Type);
        command.Parameters.AddWithValue(happened.RecordedAt.UtcDateTime);
        command.Parameters.AddWithValue(Tenants.Stored(happened.Stream.Tenant));
        await command.ExecuteNonQueryAsync();
    }

    private static async Task WriteAsync(NpgsqlConnection connection, Rows rows)
    {
        await WriteAsync(connection, rows, LotTable.Table);
        await WriteAsync(connection, rows, JournalTables.Days);
        await WriteAsync(connection, rows, JournalTables.Totals);
        await WriteAsync(connection, rows, JournalTables.Units);
        await WriteAsync(connection, rows, JournalTables.Transfers);
    }

    private static async Task WriteAsync<TKey, TRow>(NpgsqlConnection connection, Rows rows, ProjectionTable<TKey, TRow> table)
        where TKey : notnull, IEquatable<TKey>
        where TRow : class
    {
        var all = rows.All(table).ToList();
        await using var command = new NpgsqlCommand($"insert into ledger.{table.Name} ({string.Join(", ", table.ColumnNames)}) select * from unnest({string.Join(", ", table.Columns.Select((_, at) => $"${at + 1}"))})", connection);
        foreach (var column in table.Columns) command.Parameters.Add(column.ToParameter(all));
        (await command.ExecuteNonQueryAsync()).ShouldBe(all.Count);
    }

    private sealed record Posting(string Tenant, string Account, long Version, int Code, string Asset, decimal Amount);
}
