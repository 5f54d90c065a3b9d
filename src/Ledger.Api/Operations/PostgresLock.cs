using System.Globalization;
using System.Runtime.Versioning;

namespace Ledger.Api.Operations;

/// <summary>
/// One process serves a data directory at a time: it holds `ledger.lock` open for itself alone, which the system lets go when the process ends, however it ends.
/// Who holds it stands in `ledger.holder` beside it, since a locked file can't be read.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class PostgresLock : IDisposable
{
    private readonly FileStream _lock;
    private readonly string _folder;
    private readonly string _purpose;

    private PostgresLock(FileStream file, string folder, string purpose)
    {
        _lock = file;
        _folder = folder;
        _purpose = purpose;
    }

    /// <summary>Null where another process has it.</summary>
    public static PostgresLock? TryTake(string folder, string purpose)
    {
        FileStream file;
        try
        {
            file = new FileStream(Path.Combine(folder, "ledger.lock"), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (UnauthorizedAccessException problem)
        {
            throw new PostgresUnavailableException($"The data directory {folder} belongs to another user: name another with --data-dir, or start as that user.", problem);
        }
        catch (IOException)
        {
            return null;
        }
        var taken = new PostgresLock(file, folder, purpose);
        taken.SayAddress(null);
        return taken;
    }

    /// <summary>Notes where this process can be reached, for the message that a second one gets.</summary>
    public void SayAddress(string? address) =>
        File.WriteAllText(HolderFile(_folder), string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n{_purpose}\n{address}\n"));

    /// <summary>"process 4711 (service, http://127.0.0.1:5080)"</summary>
    public static string Holder(string folder)
    {
        var lines = HolderLines(folder);
        if (lines.Length < 2) return "another process";
        return lines.Length > 2 && lines[2].Length > 0 ? $"process {lines[0]} ({lines[1]}, {lines[2]})" : $"process {lines[0]} ({lines[1]})";
    }

    public void Dispose()
    {
        File.Delete(HolderFile(_folder));
        _lock.Dispose();
    }

    private static string HolderFile(string folder) => Path.Combine(folder, "ledger.holder");

    private static string[] HolderLines(string folder)
    {
        try
        {
            return File.ReadAllLines(HolderFile(folder));
        }
        catch (IOException)
        {
            return [];
        }
    }
}
