using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Npgsql;

namespace Ledger.Api.Operations;

/// <summary>The server process of a private PostgreSQL: made, started, found and stopped through PostgreSQL's own tools.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class PostgresServer(PostgresPlace place, PostgresBinaries binaries)
{
    private static readonly TimeSpan UpOrDownMax = TimeSpan.FromSeconds(60);

    public async Task InitialiseAsync(bool durable, Action<string> log, CancellationToken cancel)
    {
        if (Directory.Exists(place.Cluster) && Directory.EnumerateFileSystemEntries(place.Cluster).Any())
            throw new PostgresUnavailableException($"{place.Cluster} holds files that are no database of ours: name another --data-dir.");
        log($"Making a PostgreSQL {binaries.Major} database in {place.Folder} (first start).");
        // Made beside and moved: a first start that is cut short leaves nothing that looks like a database.
        var draft = place.Cluster + ".new";
        if (Directory.Exists(draft)) Directory.Delete(draft, recursive: true);
        await place.Account.OwnFolderAsync(draft, cancel);
        var made = await place.Account.RunAsync(
            binaries.Initdb,
            [
                "--pgdata=" + draft, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions",
                .. durable ? (string[])[] : ["--no-sync"],
            ],
            cancel, draft);
        if (!made.Succeeded) throw new PostgresUnavailableException($"The database in {place.Folder} could not be made: {made.Gist()}");
        if (Directory.Exists(place.Cluster)) Directory.Delete(place.Cluster);
        Directory.Move(draft, place.Cluster);
    }

    /// <summary>Starts it and waits until it answers; gives the folder of its socket.</summary>
    public async Task<string> StartAsync(IReadOnlyDictionary<string, string> settings, CancellationToken cancel)
    {
        var socketFolder = await place.SocketFolderAsync(cancel);
        await PostgresSettings.WriteAsync(place, socketFolder, settings, cancel);
        if (File.Exists(place.ServerLog)) File.Move(place.ServerLog, place.ServerLog + ".old", overwrite: true);
        // pg_ctl gives the server a session of its own, so Ctrl-C in the terminal does not reach it.
        // It puts the paths that it is told into a shell's command line: hence PGDATA and a relative name.
        var started = await place.Account.RunAsync(
            binaries.PgCtl, ["start", "-w", "-s", "-t", "600", "-l", "server.log"], cancel, place.Cluster, ("PGDATA", place.Cluster));
        if (started.Succeeded) return socketFolder;
        var told = await PrivatePostgres.ReadAsync(place.ServerLog, cancel) is { Length: > 0 } text ? new PostgresToolResult(1, text) : started;
        throw new PostgresUnavailableException($"PostgreSQL did not start: {told.Gist()} (see {place.ServerLog})");
    }

    public async Task StopAsync()
    {
        foreach (var mode in (string[])["fast", "immediate"])
        {
            var stopped = await place.Account.RunAsync(
                binaries.PgCtl, ["stop", "-w", "-s", "-t", "60", "-m", mode], CancellationToken.None, place.Cluster, ("PGDATA", place.Cluster));
            if (stopped.Succeeded || !File.Exists(Path.Combine(place.Cluster, "postmaster.pid"))) return;
        }
    }

    /// <summary>The socket's folder of a server that already runs on this data; null where none does. A note of one that died is no obstacle.</summary>
    public async Task<string?> RunningSocketFolderAsync(CancellationToken cancel)
    {
        var note = Path.Combine(place.Cluster, "postmaster.pid");
        var waited = Stopwatch.StartNew();
        while (await PrivatePostgres.ReadAsync(note, cancel) is { } text)
        {
            // Line by line: pid, data, start, port, socket's folder, address, memory, state.
            var lines = text.Split('\n');
            if (!int.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) return null;
            if (await IsServerAsync(pid, cancel) is not true and var known)
            {
                // A note whose process is gone is cleared away by PostgreSQL itself. Not one whose number belongs to another program by now: it would take that for a server.
                if (known is false) File.Delete(note);
                return null;
            }
            if (lines.Length > 7 && lines[7].Trim() == "ready") return lines[4];
            if (waited.Elapsed > UpOrDownMax)
                throw new PostgresUnavailableException($"A PostgreSQL (process {pid}) is neither up nor down on {place.Cluster}: see {place.ServerLog}, or stop it with {binaries.PgCtl} stop -D {place.Cluster}.");
            await Task.Delay(100, cancel);
        }
        return null;
    }

    /// <summary>Null where no such process can be seen.</summary>
    private async Task<bool?> IsServerAsync(int pid, CancellationToken cancel)
    {
        if (OperatingSystem.IsLinux())
        {
            // The server's working directory is its data directory.
            var here = await place.Account.RunAsync("/bin/sh", ["-c", "cd -P -- \"$1\" && pwd -P && readlink \"/proc/$2/cwd\"", "sh", place.Cluster, pid.ToString(CultureInfo.InvariantCulture)], cancel);
            var lines = here.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return here.Succeeded && lines.Length == 2 ? lines[0] == lines[1] : null;
        }
        var name = await PostgresTool.RunAsync("ps", ["-p", pid.ToString(CultureInfo.InvariantCulture), "-o", "comm="], cancel);
        return !name.Succeeded ? null : name.Output.Contains("postgres", StringComparison.Ordinal);
    }

    /// <summary>Makes the database where it is missing.</summary>
    public static async Task MakeDatabaseAsync(NpgsqlConnectionStringBuilder connection, CancellationToken cancel)
    {
        var first = new NpgsqlConnectionStringBuilder(connection.ConnectionString) { Database = "postgres", Pooling = false };
        await using var session = new NpgsqlConnection(first.ConnectionString);
        await session.OpenAsync(cancel);
        await using var ask = new NpgsqlCommand("select 1 from pg_database where datname = $1", session) { Parameters = { new() { Value = connection.Database! } } };
        if (await ask.ExecuteScalarAsync(cancel) is not null) return;
        await using var make = new NpgsqlCommand($"create database \"{connection.Database}\"", session);
        await make.ExecuteNonQueryAsync(cancel);
    }
}
