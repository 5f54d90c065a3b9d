using Npgsql;

namespace Ledger.EventStore;

/// <summary>What a failure of the writer's transaction means for its batch. Told by SQLSTATE, never by message text.</summary>
internal static class WriterFailure
{
    internal enum Kind
    {
        /// <summary>Nobody knows: the commit may have happened. The keys are looked up under the lock.</summary>
        Unknown,

        /// <summary>The server says that it was rolled back, for a reason that passes: decided again.</summary>
        RolledBack,

        /// <summary>The server does not take it, or the program failed: rolled back, and told to whoever sent it.</summary>
        Surfaced,
    }

    public static Kind Of(Exception failure) => failure switch
    {
        PostgresException server => Of(server.SqlState),
        MovedOnException or KeyMetException => Kind.RolledBack,
        NpgsqlException or IOException or TimeoutException or System.Net.Sockets.SocketException => Kind.Unknown,
        InvalidOperationException { InnerException: NpgsqlException or IOException } => Kind.Unknown,
        _ => Kind.Surfaced,
    };

    private static Kind Of(string sqlState) => sqlState switch
    {
        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.CannotConnectNow => Kind.RolledBack,
        _ when sqlState.StartsWith("53", StringComparison.Ordinal) => Kind.RolledBack, // out of memory, disk or connections
        WriterConnection.MovedOn or WriterConnection.TimeMoved => Kind.RolledBack,
        "25P03" or "25006" => Kind.RolledBack, // idle in transaction for too long; a standby that can't write yet
        _ when sqlState.StartsWith("08", StringComparison.Ordinal) || sqlState.StartsWith("57", StringComparison.Ordinal) => Kind.Unknown, // connection, operator, time-out
        _ when sqlState.StartsWith("28", StringComparison.Ordinal) || sqlState.StartsWith("3D", StringComparison.Ordinal) => Kind.RolledBack, // no way in, for now
        _ => Kind.Surfaced,
    };
}
