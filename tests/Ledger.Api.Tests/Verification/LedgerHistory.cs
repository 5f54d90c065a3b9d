using Ledger.Api.Tests.Reliability;
using Ledger.Api.Verification;
using Ledger.EventStore;
using Ledger.EventStore.Verification;
using Ledger.Testing;
using Npgsql;

namespace Ledger.Api.Tests.Verification;

/// <summary>One history for the tests that bend it; each puts back what it bent.</summary>
[CollectionDefinition(Name)]
public sealed class HistoryCollection : ICollectionFixture<LedgerHistory>
{
    public const string Name = "history";
}

/// <summary>
/// A ledger with a history of every kind of command over two days, made by the service itself, which has stopped since. The first day is sealed and its root published. On it an account
/// was quiet ever after, and another was the last to be opened.
/// </summary>
public sealed class LedgerHistory : IAsyncLifetime
{
    public const string Quiet = "account/quiet";
    public const string Tail = "account/tail";

    private TestDatabase? database;
    private NpgsqlDataSource? service;
    private NpgsqlDataSource? owner;
    private Dictionary<string, string> whole = [];

    public string ConnectionString => database!.ConnectionString;

    public NpgsqlDataSource Owner => owner!;

    public IReadOnlyList<DayRoot> Published { get; private set; } = [];

    /// <summary>The last position of the sealed days.</summary>
    public long SealedTo => Published[^1].Last;

    public async ValueTask InitializeAsync()
    {
        database = await Run.DatabaseAsync();
        await using (var node = await Run.NodeAsync(ConnectionString))
        {
            using var client = new Client(node);
            var commands = new RandomCommands(Environment.TickCount, ["a", "b", "c", "d", "long"]);
            await commands.OpenAsync(client);
            await client.OpenAsync("quiet");
            await client.GrantAsync("quiet", 10);
            await client.PostAsync(new Sent("consumptions", "/v1/accounts/quiet/consumptions", """{"amount":3,"metadata":{"a":"b"}}""", "quiet/1"));
            await client.GrantAsync("long", 2_000);
            await client.BatchAsync(Enumerable.Range(0, 1_010).Select(i => $$"""{"key":"long/{{i}}","accountId":"long","command":"consume","amount":1}"""));
            await new Crowd(commands, client).RunAsync(4, Run.Of(150, 1_000));
            await client.OpenAsync("tail");
            await client.GrantAsync("tail", 7);

            owner = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(ConnectionString) { MaxPoolSize = 8 }.ConnectionString);
            await ExecuteAsync("update ledger.clock set shift = interval '1 day'");
            await new Crowd(commands, client).RunAsync(4, Run.Of(100, 500));
            await ExecuteAsync("update ledger.clock set shift = interval '2 days'");
            await client.GrantAsync("a", 5, more: $$""","expiresAt":"{{DateTimeOffset.UtcNow.AddDays(40):O}}" """);
        }

        service = StoreConnections.Readers(ConnectionString, TimeSpan.Zero);
        await Roots.SealAsync();
        Published = await Roots.FromAsync(0);
        Published.Count(day => day.Events > 0).ShouldBeGreaterThanOrEqualTo(2);
        await ExecuteAsync("create schema saved");
        foreach (var table in await TablesAsync()) await ExecuteAsync($"create table saved.{table} as table ledger.{table}");
        whole = await MarksAsync();
    }

    public DayRoots Roots => new(service!);

    public Task<VerificationReport> VerifyAsync(bool withPublished = false, bool readModels = false) =>
        VerificationServices.Verification(service!).RunAsync(new VerificationOptions { Published = withPublished ? Published : [], ReadModels = readModels });

    public async Task<int> ExecuteAsync(string sql, params object?[] values)
    {
        await using var command = Command(sql, values);
        return await command.ExecuteNonQueryAsync();
    }

    public async Task<List<object?[]>> RowsAsync(string sql, params object?[] values)
    {
        await using var command = Command(sql, values);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<object?[]>();
        while (await reader.ReadAsync())
        {
            var row = new object?[reader.FieldCount];
            for (var i = 0; i < row.Length; i++) row[i] = reader.IsDBNull(i) ? null : reader.GetValue(i);
            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Puts everything back as it was.</summary>
    public async Task RestoreAsync()
    {
        var bent = (await MarksAsync()).Where(mark => whole.GetValueOrDefault(mark.Key) != mark.Value).Select(mark => mark.Key).ToList();
        if (bent.Count > 0) await ExecuteAsync($"truncate {string.Join(", ", bent.Select(table => "ledger." + table))}");
        foreach (var table in bent) await ExecuteAsync($"insert into ledger.{table} overriding system value select * from saved.{table}");
        await ExecuteAsync("select setval('ledger.mt_events_sequence', (select max(seq_id) from saved.mt_events))");
        whole = await MarksAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (service is not null) await service.DisposeAsync();
        if (owner is not null) await owner.DisposeAsync();
        if (database is not null) await database.DisposeAsync();
    }

    private async Task<IReadOnlyList<string>> TablesAsync() => [.. (await RowsAsync(
        "select relname::text from pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'r' and relname not in ('schema_versions', 'clock') order by 1")).Select(row => (string)row[0]!)];

    // Of each table how many rows it has and which transactions wrote them: whatever is inserted, changed or deleted since shows.
    private async Task<Dictionary<string, string>> MarksAsync()
    {
        var tables = await TablesAsync();
        var rows = await RowsAsync(string.Join(" union all ", tables.Select(table => $"select '{table}', concat_ws(' ', count(*), count(distinct xmin::text), max(xmin::text::bigint)) from ledger.{table}")));
        return rows.ToDictionary(row => (string)row[0]!, row => (string)row[1]!, StringComparer.Ordinal);
    }

    private NpgsqlCommand Command(string sql, object?[] values)
    {
        var command = Owner.CreateCommand(sql);
        foreach (var value in values) command.Parameters.AddWithValue(value ?? DBNull.Value);
        return command;
    }
}
