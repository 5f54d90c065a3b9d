using System.Globalization;
using System.Runtime.Versioning;

namespace Ledger.Api.Operations;

/// <summary>
/// Whom PostgreSQL runs as. It refuses to run as root, so where the service is root another account is taken: the owner of the data, else `postgres`, else `nobody`.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class PostgresAccount
{
    /// <summary>Accounts for new data, in order.</summary>
    private static readonly string[] Names = ["postgres", "nobody"];

    private readonly string _name;
    private readonly string _ids;
    private readonly string[] _prefix;
    private readonly bool _throughShell;

    private PostgresAccount(string name, string ids, string[] prefix, bool throughShell)
    {
        _name = name;
        _ids = ids;
        _prefix = prefix;
        _throughShell = throughShell;
    }

    /// <summary>The account of this process; nothing is wrapped.</summary>
    public static PostgresAccount Own { get; } = new(Environment.UserName, "", [], false);

    public string Name => _name;

    /// <summary>True where this is another account than that of this process (which is root then).</summary>
    public bool IsAnother => _prefix.Length > 0;

    /// <summary>The account for data that belongs to <paramref name="owner"/> ("uid:gid"), or for new data when that is null.</summary>
    public static async Task<PostgresAccount> ChooseAsync(string? owner, CancellationToken cancel)
    {
        if (!Environment.IsPrivilegedProcess) return Own;
        if (owner is not null)
        {
            if (owner.StartsWith("0:", StringComparison.Ordinal))
                throw new PostgresUnavailableException("The database's files belong to root, and PostgreSQL does not run as root: give them to another user with chown -R.");
            return await WithIdsAsync(await NameOfAsync(owner, cancel), owner, cancel)
                ?? throw new PostgresUnavailableException($"PostgreSQL can't be run as the owner of its data ({owner}): setpriv is missing or not allowed here.");
        }
        foreach (var name in Names)
            if (await IdsOfAsync(name, cancel) is { } ids && await WithIdsAsync(name, ids, cancel) is { } account) return account;
        throw new PostgresUnavailableException(
            "PostgreSQL does not run as root, and no account to run it as was found: start as another user, add a user `postgres`, or name a server in ConnectionStrings__Ledger.");
    }

    /// <summary>Owner of a file or folder as "uid:gid"; null where there is none.</summary>
    public static async Task<string?> OwnerOfAsync(string path, CancellationToken cancel)
    {
        var answer = await PostgresTool.RunAsync("stat", OperatingSystem.IsMacOS() ? ["-f", "%u:%g", path] : ["-c", "%u:%g", path], cancel);
        return answer.Succeeded ? answer.Output.Trim() : null;
    }

    /// <summary>True where <paramref name="path"/> belongs to one of the accounts that new data is made as.</summary>
    public static async Task<bool> IsOfOneAsync(string path, CancellationToken cancel)
    {
        var owner = await OwnerOfAsync(path, cancel);
        foreach (var name in Names)
            if (owner is not null && await IdsOfAsync(name, cancel) == owner) return true;
        return false;
    }

    /// <summary>True where <paramref name="path"/> belongs to this account.</summary>
    public async Task<bool> OwnsAsync(string path, CancellationToken cancel) =>
        await OwnerOfAsync(path, cancel) is { } owner
        && (IsAnother ? owner == _ids : owner.Split(':')[0] == (await PostgresTool.RunAsync("id", ["-u"], cancel)).Output.Trim());

    public Task<PostgresToolResult> RunAsync(
        string file, IReadOnlyList<string> arguments, CancellationToken cancel, string? directory = null, params (string Name, string Value)[] environment)
    {
        if (!IsAnother) return PostgresTool.RunAsync(file, arguments, cancel, directory, environment);
        string[] all = _throughShell
            ? [.. _prefix[1..], string.Join(' ', arguments.Prepend(file).Select(Quote).Prepend("exec"))]
            : [.. _prefix[1..], file, .. arguments];
        return PostgresTool.RunAsync(_prefix[0], all, cancel, directory, environment);
    }

    /// <summary>True where the account may enter the folder.</summary>
    public async Task<bool> MayEnterAsync(string folder, CancellationToken cancel) =>
        (await RunAsync("/bin/sh", ["-c", "cd -- \"$1\"", "sh", folder], cancel)).Succeeded;

    /// <summary>Makes the folder where it is not there, for this account alone.</summary>
    public async Task OwnFolderAsync(string folder, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await OwnAsync(folder, cancel);
    }

    /// <summary>Gives a file or folder to this account.</summary>
    public async Task OwnAsync(string path, CancellationToken cancel)
    {
        if (!IsAnother) return;
        var answer = await PostgresTool.RunAsync("chown", ["-h", _ids, path], cancel);
        if (!answer.Succeeded) throw new PostgresUnavailableException($"{path} can't be given to user {_name}: {answer.Gist()}");
    }

    private static async Task<PostgresAccount?> WithIdsAsync(string? name, string ids, CancellationToken cancel)
    {
        var (user, group) = (ids.Split(':')[0], ids.Split(':')[1]);
        var ways = new List<PostgresAccount> { new(name ?? user, ids, ["setpriv", $"--reuid={user}", $"--regid={group}", "--clear-groups", "--"], false) };
        if (name is not null)
        {
            ways.Add(new PostgresAccount(name, ids, ["runuser", "-u", name, "--"], false));
            ways.Add(new PostgresAccount(name, ids, ["su", "-s", "/bin/sh", name, "-c"], true));
        }
        foreach (var way in ways)
            if ((await way.RunAsync("/bin/sh", ["-c", "exit 0"], cancel)).Succeeded) return way;
        return null;
    }

    private static async Task<string?> IdsOfAsync(string name, CancellationToken cancel)
    {
        var user = await PostgresTool.RunAsync("id", ["-u", name], cancel);
        var group = await PostgresTool.RunAsync("id", ["-g", name], cancel);
        return user.Succeeded && group.Succeeded && user.Output.Trim() != "0" ? $"{user.Output.Trim()}:{group.Output.Trim()}" : null;
    }

    private static async Task<string?> NameOfAsync(string owner, CancellationToken cancel)
    {
        var user = int.Parse(owner.Split(':')[0], CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        var answer = await PostgresTool.RunAsync("id", ["-nu", user], cancel);
        return answer.Succeeded ? answer.Output.Trim() : null;
    }

    private static string Quote(string argument) => "'" + argument.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
