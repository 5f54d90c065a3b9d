using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Exports;

/// <summary>The connections of exports: few, and none that a query or a command waits for.</summary>
internal sealed class ExportSource : IAsyncDisposable
{
    /// <summary>So many exports run at once on a node; each has one connection.</summary>
    public const int ExportsMax = 4;

    /// <summary>How the server shows their sessions.</summary>
    public const string SessionName = "ledger export";

    /// <summary>No statement of an export runs longer, a client that reads slowly included.</summary>
    public static readonly TimeSpan StatementTimeMax = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim slots = new(ExportsMax);

    /// <summary>A pool on a database.</summary>
    public ExportSource(string connectionString) =>
        Connections = StoreConnections.Readers(new NpgsqlConnectionStringBuilder(connectionString) { MinPoolSize = 0, MaxPoolSize = ExportsMax }.ConnectionString, StatementTimeMax, SessionName);

    /// <summary>The pool.</summary>
    public NpgsqlDataSource Connections { get; }

    /// <summary>Takes a place among the exports that run; null where there is none.</summary>
    public IDisposable? TryEnter() => slots.Wait(0) ? new Slot(slots) : null;

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        slots.Dispose();
        return Connections.DisposeAsync();
    }

    private sealed class Slot(SemaphoreSlim slots) : IDisposable
    {
        public void Dispose() => slots.Release();
    }
}
