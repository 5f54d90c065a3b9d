using System.Diagnostics;
using System.Runtime.Versioning;
using Npgsql;

namespace Ledger.Api.Operations;

/// <summary>What a private PostgreSQL is started with.</summary>
internal sealed record PrivatePostgresOptions
{
    /// <summary>Folder for the database and all that belongs to it; made where it is missing.</summary>
    public required string DataDir { get; init; }

    /// <summary>Folder with initdb, pg_ctl and postgres; null looks for it.</summary>
    public string? BinDir { get; init; }

    /// <summary>Takes one line at a time, for a person.</summary>
    public Action<string> Log { get; init; } = _ => { };

    /// <summary>What the process is, in the message to a second one: "service" or the command's name.</summary>
    public string Purpose { get; init; } = "service";

    /// <summary>Settings of PostgreSQL over our own.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// A PostgreSQL server of our own, for a machine that has the programs and no server to share: made on first use, reached through a Unix socket alone,
/// started and stopped with this process; its data stays. One that a killed process left running is taken over.
/// Every failure is a <see cref="PostgresUnavailableException"/>.
/// </summary>
internal sealed class PrivatePostgres : IAsyncDisposable
{
    public const string DatabaseName = "ledger";

    private static readonly TimeSpan OtherCommandMax = TimeSpan.FromSeconds(60);

    private readonly PostgresServer? _server;
    private PostgresLock? _lock;

    [UnsupportedOSPlatform("windows")]
    private PrivatePostgres(PostgresPlace place, PostgresServer? server, PostgresLock? taken, string connectionString)
    {
        DataDir = place.Folder;
        _server = server;
        _lock = taken;
        ConnectionString = connectionString;
    }

    /// <summary>For Npgsql: database `ledger`, user `postgres`, through the socket.</summary>
    public string ConnectionString { get; }

    /// <summary>Folder of the socket.</summary>
    public string SocketDir => new NpgsqlConnectionStringBuilder(ConnectionString).Host!;

    /// <summary>Folder that holds the database; not always the one asked for (see <see cref="PostgresPlace"/>).</summary>
    public string DataDir { get; }

    /// <summary>False where the running service owns the server and this is only a visitor.</summary>
    public bool IsOurs => _lock is not null;

    private static string ConnectionFile(string folder) => Path.Combine(folder, "connection");

    /// <summary>Makes (the first time), starts or takes over the server. A data directory that another process serves is refused by name.</summary>
    public static async Task<PrivatePostgres> StartAsync(PrivatePostgresOptions options, CancellationToken cancel)
    {
        if (OperatingSystem.IsWindows()) throw NotOnWindows();
        var place = await PostgresPlace.ResolveAsync(options.DataDir, options.Log, cancel);
        if (PostgresLock.TryTake(place.Folder, options.Purpose) is not { } taken)
            throw InUse(place.Folder, ": stop it first, or start this one with another --data-dir.");
        return await StartAsync(options, place, taken, cancel);
    }

    /// <summary>For commands: uses the running service's database, or starts the server for as long as the command lasts.</summary>
    public static async Task<PrivatePostgres> ConnectOrStartAsync(PrivatePostgresOptions options, CancellationToken cancel)
    {
        if (OperatingSystem.IsWindows()) throw NotOnWindows();
        var place = await PostgresPlace.ResolveAsync(options.DataDir, options.Log, cancel);
        var waited = Stopwatch.StartNew();
        while (true)
        {
            if (PostgresLock.TryTake(place.Folder, options.Purpose) is { } taken) return await StartAsync(options, place, taken, cancel);
            if (await ReadAsync(ConnectionFile(place.Folder), cancel) is { Length: > 0 } connection && await AnswersAsync(connection, cancel))
                return new PrivatePostgres(place, null, null, connection);
            // Another command is at work, or the service is on its way up or down.
            if (waited.Elapsed > OtherCommandMax) throw InUse(place.Folder, ", whose database does not answer: stop it first.");
            await Task.Delay(200, cancel);
        }
    }

    /// <summary>Ends the server on a data directory that no process holds any more, and removes the directory; false where one does.</summary>
    public static async Task<bool> RemoveAsync(string dataDir, CancellationToken cancel)
    {
        if (OperatingSystem.IsWindows()) throw NotOnWindows();
        var place = await PostgresPlace.ResolveAsync(dataDir, _ => { }, cancel);
        using (var taken = PostgresLock.TryTake(place.Folder, "removal"))
        {
            if (taken is null) return false;
            if (place.IsInitialised) await new PostgresServer(place, await PostgresBinaries.FindAsync(null, place.Major, cancel)).StopAsync();
        }
        Directory.Delete(place.Folder, recursive: true);
        if (Directory.Exists(dataDir)) Directory.Delete(dataDir, recursive: true);
        return true;
    }

    /// <summary>Notes where the service listens, for the message that a second start gets.</summary>
    public void SayAddress(string address)
    {
        if (!OperatingSystem.IsWindows()) _lock?.SayAddress(address);
    }

    /// <summary>Stops the server (sessions are ended, data is kept); a visitor only goes. Safe to call twice.</summary>
    public async Task StopAsync()
    {
        if (OperatingSystem.IsWindows() || _lock is not { } taken || _server is null) return;
        _lock = null;
        try
        {
            File.Delete(ConnectionFile(DataDir));
            await _server.StopAsync();
            // A socket's folder of its own in the temporary folder goes with it.
            if (!SocketDir.StartsWith(DataDir, StringComparison.Ordinal) && Directory.Exists(SocketDir) && !Directory.EnumerateFileSystemEntries(SocketDir).Any())
                Directory.Delete(SocketDir);
        }
        finally
        {
            taken.Dispose();
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    [UnsupportedOSPlatform("windows")]
    private static PostgresUnavailableException InUse(string folder, string advice) => new($"The data directory {folder} is in use by {PostgresLock.Holder(folder)}{advice}");

    private static PostgresUnavailableException NotOnWindows() =>
        new("A private PostgreSQL needs Unix sockets and accounts: on Windows use WSL, or name a server in ConnectionStrings__Ledger.");

    [UnsupportedOSPlatform("windows")]
    private static async Task<PrivatePostgres> StartAsync(PrivatePostgresOptions options, PostgresPlace place, PostgresLock taken, CancellationToken cancel)
    {
        PostgresServer? server = null;
        try
        {
            var binaries = await PostgresBinaries.FindAsync(options.BinDir, place.Major, cancel);
            File.Delete(ConnectionFile(place.Folder));
            server = new PostgresServer(place, binaries);
            if (!place.IsInitialised) await server.InitialiseAsync(options.Settings.GetValueOrDefault("fsync") != "off", options.Log, cancel);
            var socketFolder = await server.RunningSocketFolderAsync(cancel) ?? await server.StartAsync(options.Settings, cancel);
            var connection = new NpgsqlConnectionStringBuilder { Host = socketFolder, Port = 5432, Username = "postgres", Database = DatabaseName };
            await PostgresServer.MakeDatabaseAsync(connection, cancel);
            if (options.Purpose == "service") await PublishAsync(place.Folder, connection.ConnectionString, cancel);
            return new PrivatePostgres(place, server, taken, connection.ConnectionString);
        }
        catch (Exception problem)
        {
            if (server is not null && place.IsInitialised) await server.StopAsync();
            taken.Dispose();
            if (problem is PostgresUnavailableException or OperationCanceledException) throw;
            throw new PostgresUnavailableException($"PostgreSQL in {place.Folder} could not be started: {problem.Message}", problem);
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static async Task PublishAsync(string folder, string connectionString, CancellationToken cancel)
    {
        var draft = ConnectionFile(folder) + ".new";
        File.Delete(draft);
        await using (var file = new FileStream(draft, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        await using (var writer = new StreamWriter(file)) await writer.WriteAsync(connectionString.AsMemory(), cancel);
        File.Move(draft, ConnectionFile(folder), overwrite: true);
    }

    private static async Task<bool> AnswersAsync(string connectionString, CancellationToken cancel)
    {
        try
        {
            await using var session = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
            await session.OpenAsync(cancel);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <summary>Null where there is no such file.</summary>
    internal static async Task<string?> ReadAsync(string file, CancellationToken cancel)
    {
        try
        {
            return await File.ReadAllTextAsync(file, cancel);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
