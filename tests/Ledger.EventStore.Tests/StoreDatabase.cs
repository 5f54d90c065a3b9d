using System.Text;
using Ledger.EventStore;
using Ledger.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Ledger.EventStore.Tests;

/// <summary>A database of a test's own with the store's schema, and nodes on it.</summary>
public sealed class StoreDatabase : IAsyncDisposable
{
    private readonly TestDatabase database;
    private readonly NpgsqlDataSource owner;

    private StoreDatabase(TestDatabase database)
    {
        this.database = database;
        ConnectionString = database.ConnectionString;
        owner = NpgsqlDataSource.Create(ConnectionString);
        Reader = new EventReader(StoreConnections.Readers(ConnectionString, TimeSpan.FromSeconds(10)), ThingModel.Catalog(), new StreamModels(new ThingModel()));
    }

    public string ConnectionString { get; }

    public EventReader Reader { get; }

    public static async Task<StoreDatabase> CreateAsync()
    {
        var template = await TestPostgres.TemplateAsync("store", async connection =>
        {
            await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection.ConnectionString) { Pooling = false }.ConnectionString);
            await new SchemaMigrator(source, SchemaFile.In(typeof(GroupCommit).Assembly)).ApplyAsync();
        });
        return new StoreDatabase(await TestPostgres.CreateDatabaseAsync(template));
    }

    public GroupCommit Node(GroupCommitOptions? options = null, string? connectionString = null, StreamModels? models = null) =>
        new(connectionString ?? ConnectionString, ThingModel.Catalog(), models ?? new StreamModels(new ThingModel()), [], options ?? new GroupCommitOptions(), NullLogger.Instance);

    public async Task<T> ScalarAsync<T>(string sql, params object[] values)
    {
        await using var command = owner.CreateCommand(sql);
        foreach (var value in values) command.Parameters.AddWithValue(value);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = owner.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Holds the lock that a writer holds from its load to its commit, until disposed.</summary>
    public async Task<IAsyncDisposable> HoldWriterLockAsync(string before = "")
    {
        var connection = await owner.OpenConnectionAsync();
        await using var command = new NpgsqlCommand($"{before}; begin; select pg_advisory_xact_lock({0x4C65646765720002})", connection);
        await command.ExecuteNonQueryAsync();
        return new Held(connection);
    }

    /// <summary>Recomputes every hash from the rows alone; returns how many held.</summary>
    public async Task<int> CheckHashesAsync()
    {
        var previous = new Dictionary<string, byte[]>();
        var count = 0;
        await using var command = owner.CreateCommand("select tenant_id, stream_id, version, type, timestamp, correlation_id, causation_id, data::text, headers->>'actor', headers->>'hash', id from ledger.mt_events order by tenant_id, stream_id, version");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var stream = new StreamRef(Tenants.Named(reader.GetString(0)), reader.GetString(1));
            var before = previous.GetValueOrDefault(stream.ToString()) ?? new byte[32];
            var meta = new EventMeta(reader.IsDBNull(5) ? null : reader.GetString(5), reader.IsDBNull(6) ? null : reader.GetString(6), reader.IsDBNull(8) ? null : reader.GetString(8));
            var hash = EventHash.Of(before, stream, reader.GetInt64(2), reader.GetString(3), new DateTimeOffset(reader.GetDateTime(4), TimeSpan.Zero), meta, CanonicalJson.Of(reader.GetString(7)));
            Convert.ToBase64String(hash).ShouldBe(reader.GetString(9), $"{stream} version {reader.GetInt64(2)}");
            EventHash.IdOf(hash).ShouldBe(reader.GetGuid(10));
            previous[stream.ToString()] = hash;
            count++;
        }

        return count;
    }

    public async ValueTask DisposeAsync()
    {
        await Reader.Source.DisposeAsync();
        await owner.DisposeAsync();
        await database.DisposeAsync();
    }

    private sealed class Held(NpgsqlConnection connection) : IAsyncDisposable
    {
        private bool ended;

        public async ValueTask DisposeAsync()
        {
            if (ended) return;
            ended = true;
            if (connection.FullState.HasFlag(System.Data.ConnectionState.Open))
            {
                try
                {
                    await using var command = new NpgsqlCommand("rollback", connection);
                    await command.ExecuteNonQueryAsync();
                }
                catch (NpgsqlException)
                {
                    // The server has ended the session: that is what some tests are about.
                }
            }

            await connection.DisposeAsync();
        }
    }
}
