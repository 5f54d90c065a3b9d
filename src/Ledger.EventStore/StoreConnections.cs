using Npgsql;

namespace Ledger.EventStore;

/// <summary>The connections of the store, all as the role that can neither change nor delete an event.</summary>
public static class StoreConnections
{
    internal const string SessionOptions = $"-c role={SchemaMigrator.WriterRole} -c synchronous_commit=on -c jit=off -c client_min_messages=warning";

    /// <summary>
    /// At most so many connections of one node read at once, where the connection string names no other number: a server of 100 connections serves three nodes
    /// with room for people. More readers than cores only wait inside the server instead of outside.
    /// </summary>
    public const int ReadersMax = 24;

    private const int DriversDefault = 100;

    /// <summary>A pool for queries.</summary>
    /// <param name="connectionString">The service's connection string.</param>
    /// <param name="statementTimeout">No query runs longer.</param>
    /// <param name="name">How the server shows the sessions.</param>
    public static NpgsqlDataSource Readers(string connectionString, TimeSpan statementTimeout, string name = "ledger reader")
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            MaxAutoPrepare = 64,
            AutoPrepareMinUsages = 2,
            NoResetOnClose = true,
            Enlist = false,
            ApplicationName = name,
        };
        if (builder.MaxPoolSize == DriversDefault) builder.MaxPoolSize = ReadersMax;
        // What is set last holds: a connection string may add settings, never another role or a commit that is not durable.
        builder.Options = $"{builder.Options} {SessionOptions} -c default_transaction_read_only=off -c statement_timeout={(int)statementTimeout.TotalMilliseconds}";
        return NpgsqlDataSource.Create(builder.ConnectionString);
    }
}
