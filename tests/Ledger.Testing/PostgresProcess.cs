using System.Globalization;
using Ledger.Api.Operations;
using Npgsql;

namespace Ledger.Testing;

/// <summary>A server for one test alone, which may kill it: fully durable settings, a cluster of its own, removed at the end.</summary>
public sealed class PostgresProcess : IAsyncDisposable
{
    private readonly PrivatePostgresOptions _options;
    private PrivatePostgres _postgres;

    private PostgresProcess(PrivatePostgresOptions options, PrivatePostgres postgres)
    {
        _options = options;
        _postgres = postgres;
        ConnectionString = postgres.ConnectionString;
    }

    /// <summary>To its database `ledger`, which is empty at first; the same after each restart.</summary>
    public string ConnectionString { get; }

    /// <summary>The server's main process.</summary>
    public int ProcessId =>
        int.Parse(File.ReadLines(Path.Combine(_postgres.DataDir, "postgres", "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    public static async Task<PostgresProcess> StartAsync(IReadOnlyDictionary<string, string>? settings = null)
    {
        await TestPostgres.RemoveOrphansAsync();
        var options = new PrivatePostgresOptions
        {
            DataDir = TestPostgres.NewFolder(),
            Purpose = "tests",
            Settings = new Dictionary<string, string>(settings ?? new Dictionary<string, string>()) { ["shared_buffers"] = "128MB" },
        };
        return new PostgresProcess(options, await PrivatePostgres.StartAsync(options, CancellationToken.None));
    }

    /// <summary>SIGKILL to the server and all its sessions at once; comes back when none of them is left.</summary>
    public async Task KillAsync()
    {
        var server = ProcessId;
        int[] all = [server, .. await Signals.ChildrenAsync(server)];
        await Signals.SendAsync("KILL", all);
        // A session that began meanwhile ends by itself when it finds the server gone.
        while ((await Signals.AliveAsync(all)).Length > 0) await Task.Delay(20);
        using var pool = new NpgsqlConnection(ConnectionString);
        NpgsqlConnection.ClearPool(pool);
    }

    /// <summary>Starts the server again after <see cref="KillAsync"/>; comes back when it has recovered.</summary>
    public async Task RestartAsync()
    {
        await _postgres.StopAsync();
        _postgres = await PrivatePostgres.StartAsync(_options, CancellationToken.None);
    }

    /// <summary>Stops the server's sessions where they are (SIGSTOP), as a machine that hangs.</summary>
    public async Task PauseAsync() => await Signals.SendAsync("STOP", [ProcessId, .. await Signals.ChildrenAsync(ProcessId)]);

    public async Task ContinueAsync() => await Signals.SendAsync("CONT", [ProcessId, .. await Signals.ChildrenAsync(ProcessId)]);

    public async ValueTask DisposeAsync()
    {
        using (var pool = new NpgsqlConnection(ConnectionString)) NpgsqlConnection.ClearPool(pool);
        await _postgres.StopAsync();
        await PrivatePostgres.RemoveAsync(_options.DataDir, CancellationToken.None);
    }
}
