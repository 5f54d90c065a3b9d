using System.Collections.Concurrent;
using Ledger.Api.Operations;
using Npgsql;

namespace Ledger.Testing;

/// <summary>
/// One server for all tests of a process: the one that LEDGER_TEST_POSTGRES names, else a cluster of its own in the temporary folder, removed at the end.
/// Without PostgreSQL a test fails; it is never skipped.
/// </summary>
public static class TestPostgres
{
    private const string FolderPrefix = "ledger-test-";

    // Root's own temporary folder may be closed to the account that PostgreSQL runs as.
    private static readonly string Folder = Environment.IsPrivilegedProcess ? "/tmp" : Path.GetTempPath();
    private static readonly Lazy<Task<string>> Server = new(StartAsync);
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Templates = new(StringComparer.Ordinal);
    private static int _databases;

    /// <summary>Connection string to the server's own database `postgres`, as a superuser.</summary>
    public static Task<string> ServerAsync() => Server.Value;

    /// <summary>A fresh database: empty, or a copy of the template that <see cref="TemplateAsync"/> gave. Dropped on dispose.</summary>
    public static async Task<TestDatabase> CreateDatabaseAsync(string? template = null)
    {
        var server = await ServerAsync();
        var name = $"test_{Environment.ProcessId}_{Interlocked.Increment(ref _databases)}";
        await RunAsync(server, $"create database {Quoted(name)} template {Quoted(template ?? "template0")}");
        return new TestDatabase(name, server);
    }

    /// <summary>
    /// Makes the template <paramref name="name"/> once, by <paramref name="apply"/> on a connection to it, and gives its database's name.
    /// On a server that outlives the process, templates of one run (LEDGER_TEST_RUN, else the process) are shared and those of another never met.
    /// </summary>
    public static Task<string> TemplateAsync(string name, Func<NpgsqlConnection, Task> apply) =>
        Templates.GetOrAdd(name, _ => new Lazy<Task<string>>(() => MakeTemplateAsync(name, apply))).Value;

    internal static string ConnectionTo(string server, string database) => new NpgsqlConnectionStringBuilder(server) { Database = database }.ConnectionString;

    internal static async Task DropAsync(string server, string name)
    {
        await using (var pooled = new NpgsqlConnection(ConnectionTo(server, name))) NpgsqlConnection.ClearPool(pooled);
        await RunAsync(server, $"drop database if exists {Quoted(name)} with (force)");
    }

    internal static string NewFolder() => Path.Combine(Folder, $"{FolderPrefix}{Environment.ProcessId}-{Guid.NewGuid():N}"[..30]);

    private static async Task<string> MakeTemplateAsync(string name, Func<NpgsqlConnection, Task> apply)
    {
        var server = await ServerAsync();
        var run = Environment.GetEnvironmentVariable("LEDGER_TEST_RUN") ?? $"{Environment.ProcessId}";
        var template = $"template_{run}_{name}";
        await using var session = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ConnectionString);
        await session.OpenAsync();
        // One process makes it, the others wait; the lock goes with the session.
        await RunAsync(session, $"select pg_advisory_lock(hashtext('{Literal(template)}'))");
        await using (var ask = new NpgsqlCommand("select 1 from pg_database where datname = $1", session) { Parameters = { new() { Value = template } } })
            if (await ask.ExecuteScalarAsync() is not null) return template;

        var draft = template + "_draft";
        await RunAsync(session, $"drop database if exists {Quoted(draft)} with (force)");
        await RunAsync(session, $"create database {Quoted(draft)} template template0");
        await using (var inside = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionTo(server, draft)) { Pooling = false }.ConnectionString))
        {
            await inside.OpenAsync();
            await apply(inside);
        }
        // A copy needs a source without sessions; it has its name only once it is whole.
        await RunAsync(session, $"alter database {Quoted(draft)} with allow_connections false");
        await RunAsync(session, $"alter database {Quoted(draft)} rename to {Quoted(template)}");
        return template;
    }

    private static async Task<string> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("LEDGER_TEST_POSTGRES") is { Length: > 0 } named)
            return new NpgsqlConnectionStringBuilder(named) { Database = "postgres" }.ConnectionString;

        await RemoveOrphansAsync();
        var postgres = await PrivatePostgres.StartAsync(
            new PrivatePostgresOptions
            {
                DataDir = NewFolder(),
                Purpose = "tests",
                Settings = new Dictionary<string, string>
                {
                    ["max_connections"] = "300",
                    ["shared_buffers"] = "256MB",
                    // Tests that kill the machine's power do not exist; those that kill the server have a cluster of their own (PostgresProcess).
                    ["fsync"] = "off",
                    ["full_page_writes"] = "off",
                },
            },
            CancellationToken.None);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            postgres.StopAsync().GetAwaiter().GetResult();
            Directory.Delete(postgres.DataDir, recursive: true);
        };
        return new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Database = "postgres" }.ConnectionString;
    }

    /// <summary>Ends and removes clusters whose process was killed: nobody holds their lock any more.</summary>
    internal static async Task RemoveOrphansAsync()
    {
        foreach (var folder in Directory.EnumerateDirectories(Folder, FolderPrefix + "*"))
        {
            // One that is just being made may not have its lock yet.
            if (DateTime.UtcNow - Directory.GetCreationTimeUtc(folder) < TimeSpan.FromMinutes(1)) continue;
            try
            {
                await PrivatePostgres.RemoveAsync(folder, CancellationToken.None);
            }
            catch (Exception problem) when (problem is PostgresUnavailableException or IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine($"A cluster of an earlier test run stays in {folder}: {problem.Message}");
            }
        }
    }

    private static async Task RunAsync(string connectionString, string sql)
    {
        await using var session = new NpgsqlConnection(connectionString);
        await session.OpenAsync();
        await RunAsync(session, sql);
    }

    private static async Task RunAsync(NpgsqlConnection session, string sql)
    {
        await using var command = new NpgsqlCommand(sql, session);
        await command.ExecuteNonQueryAsync();
    }

    private static string Quoted(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    private static string Literal(string text) => text.Replace("'", "''", StringComparison.Ordinal);
}

/// <summary>A database of a test's own.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly string _server;

    internal TestDatabase(string name, string server)
    {
        Name = name;
        _server = server;
        ConnectionString = TestPostgres.ConnectionTo(server, name);
    }

    public string Name { get; }

    public string ConnectionString { get; }

    /// <summary>Opens a session; the caller disposes of it.</summary>
    public async Task<NpgsqlConnection> OpenAsync()
    {
        var session = new NpgsqlConnection(ConnectionString);
        await session.OpenAsync();
        return session;
    }

    public async ValueTask DisposeAsync() => await TestPostgres.DropAsync(_server, Name);
}
