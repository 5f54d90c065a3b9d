using System.Globalization;
using System.Runtime.Versioning;
using System.Text;

namespace Ledger.Api.Operations;

/// <summary>
/// The settings of a private PostgreSQL. They lie in a file of their own that postgresql.conf includes, and are written anew at each start;
/// what an operator sets with `alter system` comes after them and wins.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static class PostgresSettings
{
    private const string FileName = "ledger.conf";

    public static async Task WriteAsync(PostgresPlace place, string socketFolder, IReadOnlyDictionary<string, string> more, CancellationToken cancel)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // Reached through the socket alone, and only its owner (and root) gets into the socket's folder.
            ["listen_addresses"] = "",
            ["port"] = "5432",
            ["cluster_name"] = "ledger",
            ["unix_socket_directories"] = socketFolder,
            ["unix_socket_permissions"] = "0700",
            // Acknowledged means on disk.
            ["synchronous_commit"] = "on",
            ["fsync"] = "on",
            ["full_page_writes"] = "on",
            ["shared_buffers"] = SharedBuffers(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes),
            ["max_connections"] = "100",
            ["max_wal_size"] = "4GB",
            ["wal_compression"] = "on",
            // Short statements only: compiling them costs more than running them.
            ["jit"] = "off",
            ["random_page_cost"] = "1.1",
            ["logging_collector"] = "off",
            ["log_destination"] = "stderr",
            ["log_line_prefix"] = "%m [%p] ",
            ["log_timezone"] = "UTC",
            ["timezone"] = "UTC",
            ["lc_messages"] = "C",
        };
        foreach (var (name, value) in more) settings[name] = value;

        var text = new StringBuilder("# Written by the service at each start; use `alter system` for settings of your own.\n");
        foreach (var (name, value) in settings)
            text.Append(CultureInfo.InvariantCulture, $"{name} = '{value.Replace("'", "''", StringComparison.Ordinal)}'\n");
        await WriteAsync(place, FileName, text.ToString(), cancel);

        var main = Path.Combine(place.Cluster, "postgresql.conf");
        var include = $"include = '{FileName}'";
        var lines = await File.ReadAllTextAsync(main, cancel);
        if (!lines.Contains(include, StringComparison.Ordinal)) await WriteAsync(place, "postgresql.conf", lines + "\n" + include + "\n", cancel);
    }

    /// <summary>An eighth of the memory that this process may use, from 128 MB to 2 GB.</summary>
    public static string SharedBuffers(long memoryBytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(memoryBytes / 8 / (1024 * 1024), 128, 2048)}MB");

    // Beside the file first, then in its place: a start that is cut short leaves no half of it.
    private static async Task WriteAsync(PostgresPlace place, string name, string text, CancellationToken cancel)
    {
        var file = Path.Combine(place.Cluster, name);
        await File.WriteAllTextAsync(file + ".new", text, cancel);
        File.SetUnixFileMode(file + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await place.Account.OwnAsync(file + ".new", cancel);
        File.Move(file + ".new", file, overwrite: true);
    }
}
