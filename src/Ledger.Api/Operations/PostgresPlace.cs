using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using System.Text;

namespace Ledger.Api.Operations;

/// <summary>Where the files of a private PostgreSQL lie, and whose they are.</summary>
/// <param name="Folder">Holds everything: lock, connection, cluster.</param>
/// <param name="Account">Whom PostgreSQL runs as.</param>
[UnsupportedOSPlatform("windows")]
internal sealed partial record PostgresPlace(string Folder, PostgresAccount Account)
{
    /// <summary>Of a Unix socket's path, in bytes; macOS takes 103, Linux 107.</summary>
    private const int SocketPathMax = 100;

    private const string SocketName = "/.s.PGSQL.5432";

    /// <summary>What PostgreSQL calls its data directory.</summary>
    public string Cluster => Path.Combine(Folder, "postgres");

    public string ServerLog => Path.Combine(Cluster, "server.log");

    /// <summary>True where initdb has been here and came to its end.</summary>
    public bool IsInitialised => File.Exists(Path.Combine(Cluster, "PG_VERSION"));

    /// <summary>Major version of the data; null where there is none.</summary>
    public int? Major => IsInitialised && int.TryParse(File.ReadAllText(Path.Combine(Cluster, "PG_VERSION")).Trim(), out var major) ? major : null;

    /// <summary>
    /// Finds or makes the place for <paramref name="wanted"/>. As root that folder may be closed to the account that PostgreSQL runs as (below /root, say):
    /// then another one is taken, named after the wanted one, so that the next start comes to the same data; one line says which.
    /// </summary>
    public static async Task<PostgresPlace> ResolveAsync(string wanted, Action<string> log, CancellationToken cancel)
    {
        wanted = Path.GetFullPath(wanted);
        if (wanted.Contains('\n', StringComparison.Ordinal)) throw new PostgresUnavailableException("The data directory's name has a line break in it: choose another.");
        if (!Environment.IsPrivilegedProcess)
        {
            Make(wanted, PostgresAccount.Own);
            return new PostgresPlace(wanted, PostgresAccount.Own);
        }

        var hash = ShortHash(wanted);
        string[] candidates = [wanted, $"/var/lib/ledger/{hash}", Path.Combine("/tmp", $"ledger-data-{hash}")];
        foreach (var candidate in candidates)
        {
            var cluster = Path.Combine(candidate, "postgres");
            if (!File.Exists(Path.Combine(cluster, "PG_VERSION"))) continue;
            // Anybody may have made that name in the temporary folder.
            if (candidate != wanted && !await PostgresAccount.IsOfOneAsync(candidate, cancel)) continue;
            var account = await PostgresAccount.ChooseAsync(await PostgresAccount.OwnerOfAsync(cluster, cancel), cancel);
            if (!await account.MayEnterAsync(cluster, cancel))
                throw new PostgresUnavailableException($"User {account.Name}, who owns the database in {cluster}, can't enter that folder: open the folders above it (chmod a+x).");
            return Announced(new PostgresPlace(candidate, account), wanted, log);
        }

        var chosen = await PostgresAccount.ChooseAsync(owner: null, cancel);
        foreach (var candidate in candidates)
        {
            if (!await chosen.MayEnterAsync(NearestFolder(candidate), cancel)) continue;
            var isNew = !Directory.Exists(candidate);
            Make(candidate, chosen);
            if (isNew) await chosen.OwnFolderAsync(candidate, cancel);
            if (await chosen.MayEnterAsync(candidate, cancel)) return Announced(new PostgresPlace(candidate, chosen), wanted, log);
        }
        throw new PostgresUnavailableException($"User {chosen.Name} can't enter {wanted}, nor /var/lib/ledger or /tmp: name a folder with --data-dir that it can enter.");
    }

    /// <summary>A folder for the socket, closed to all but the owner: inside the place when its path is short enough, else in the temporary folder.</summary>
    public async Task<string> SocketFolderAsync(CancellationToken cancel)
    {
        var inside = Path.Combine(Folder, "socket");
        if (IsShortAndPlain(inside))
        {
            await Account.OwnFolderAsync(inside, cancel);
            if (TakesSockets(inside)) return inside;
        }
        foreach (var temporary in (string[])[Path.GetTempPath(), "/tmp"])
        {
            var folder = Path.Combine(temporary, "ledger-" + ShortHash(Folder));
            if (!IsShortAndPlain(folder) || !await Account.MayEnterAsync(temporary, cancel)) continue;
            if (Path.Exists(folder))
            {
                // Anybody may have made that name in a shared folder; only our own is trusted.
                if (!await Account.OwnsAsync(folder, cancel) || new DirectoryInfo(folder).LinkTarget is not null)
                    folder = Path.Combine(temporary, $"ledger-{Guid.NewGuid():N}"[..19]);
            }
            await Account.OwnFolderAsync(folder, cancel);
            return folder;
        }
        throw new PostgresUnavailableException($"The path of {Folder} is too long for a socket, and the temporary folder's too: name a shorter one with --data-dir or TMPDIR.");
    }

    public static string ShortHash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];

    private static PostgresPlace Announced(PostgresPlace place, string wanted, Action<string> log)
    {
        if (place.Folder != wanted)
            log($"PostgreSQL runs as user {place.Account.Name}, who can't enter {wanted}: its data is in {place.Folder}.");
        return place;
    }

    private static void Make(string folder, PostgresAccount account)
    {
        try
        {
            if (File.Exists(folder)) throw new PostgresUnavailableException($"{folder} is a file: name a folder with --data-dir.");
            // A folder that stood before is nobody's but its owner's: its rights stay as they are.
            if (Directory.Exists(folder)) return;
            if (account.IsAnother) MakeOpen(Path.GetDirectoryName(folder) ?? "/");
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new PostgresUnavailableException($"The data directory {folder} can't be made ({problem.Message.TrimEnd('.')}): name another with --data-dir.", problem);
        }
    }

    // Root's mask may close new folders to all others.
    private static void MakeOpen(string folder)
    {
        if (Directory.Exists(folder)) return;
        MakeOpen(Path.GetDirectoryName(folder) ?? "/");
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
    }

    private static string NearestFolder(string path)
    {
        while (!Directory.Exists(path)) path = Path.GetDirectoryName(path) ?? "/";
        return path;
    }

    // A comma or a colon would be read as a list of hosts or a port by the driver.
    private static bool IsShortAndPlain(string folder) =>
        Encoding.UTF8.GetByteCount(folder + SocketName) <= SocketPathMax && Plain().IsMatch(folder);

    // Folders shared with a virtual machine's host take files and no sockets.
    private static bool TakesSockets(string folder)
    {
        var probe = Path.Combine(folder, ".probe");
        try
        {
            File.Delete(probe);
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Bind(new UnixDomainSocketEndPoint(probe));
            return true;
        }
        catch (Exception problem) when (problem is SocketException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
        finally
        {
            File.Delete(probe);
        }
    }

    [GeneratedRegex("^/[A-Za-z0-9._/+ -]*$")]
    private static partial Regex Plain();
}
