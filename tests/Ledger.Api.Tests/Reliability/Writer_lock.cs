using Npgsql;

namespace Ledger.Api.Tests.Reliability;

/// <summary>The lock that a writer holds from its load to its commit: a test takes it to arrange who comes when.</summary>
internal static class Writer_lock
{
    private const long Number = 0x4C65646765720002;

    private const string Locks = "from pg_locks l join pg_stat_activity a using (pid) where l.locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database())";

    /// <summary>Waits for the lock and holds it until the session is disposed of.</summary>
    public static async Task<NpgsqlConnection> TakeAsync(string connectionString)
    {
        var session = await OpenAsync(connectionString);
        await using var take = new NpgsqlCommand($"select pg_advisory_lock({Number})", session) { CommandTimeout = 60 };
        await take.ExecuteNonQueryAsync();
        return session;
    }

    /// <summary>How many sessions wait for it.</summary>
    public static async Task<long> WaitingAsync(string connectionString) => await AskAsync<long>(connectionString, $"select count(*) {Locks} and not l.granted");

    /// <summary>The session that holds it and has not moved for a quarter of a second; 0 for none.</summary>
    public static async Task<int> StuckAsync(string connectionString) =>
        await AskAsync<int>(connectionString, $"select coalesce((select a.pid {Locks} and l.granted and a.state_change < clock_timestamp() - interval '250 ms'), 0)");

    public static async Task<T> AskAsync<T>(string connectionString, string sql)
    {
        await using var session = await OpenAsync(connectionString);
        await using var command = new NpgsqlCommand(sql, session);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public static async Task TellAsync(string connectionString, string sql)
    {
        await using var session = await OpenAsync(connectionString);
        await using var command = new NpgsqlCommand(sql, session);
        await command.ExecuteNonQueryAsync();
    }

    // A session of its own each time: a pool would keep the lock.
    private static async Task<NpgsqlConnection> OpenAsync(string connectionString)
    {
        var session = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await session.OpenAsync();
        return session;
    }
}
