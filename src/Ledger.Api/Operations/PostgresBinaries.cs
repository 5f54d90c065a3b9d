using System.Globalization;
using System.Text.RegularExpressions;

namespace Ledger.Api.Operations;

/// <summary>A folder that holds initdb, pg_ctl and postgres, and the major version of them.</summary>
internal sealed partial record PostgresBinaries(string Folder, int Major)
{
    /// <summary>The oldest major version that the service is written for.</summary>
    public const int MajorMin = 15;

    private static readonly string[] Needed = ["initdb", "pg_ctl", "postgres"];

    /// <summary>Where packages put them; a star stands for a version.</summary>
    private static readonly string[] UsualPlaces =
        ["/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin", "/usr/pgsql-*/bin", "/usr/libexec/postgresql*", "/usr/bin"];

    public string Initdb => Path.Combine(Folder, "initdb");

    public string PgCtl => Path.Combine(Folder, "pg_ctl");

    /// <summary>
    /// Takes <paramref name="folder"/> (or LEDGER_PG_BIN) and nothing else where it is named; otherwise looks along PATH, then in the usual places, newest first.
    /// Data that exists can only be served by its own major version, so with <paramref name="wantedMajor"/> only that one is taken.
    /// </summary>
    public static async Task<PostgresBinaries> FindAsync(string? folder, int? wantedMajor, CancellationToken cancel)
    {
        var named = folder ?? Environment.GetEnvironmentVariable("LEDGER_PG_BIN");
        if (!string.IsNullOrEmpty(named))
        {
            if (!IsComplete(named))
                throw new PostgresUnavailableException($"No PostgreSQL in {named}: LEDGER_PG_BIN must name the folder that holds {string.Join(", ", Needed)}.");
            var chosen = new PostgresBinaries(named, await MajorOfAsync(named, cancel));
            if (chosen.Major < MajorMin)
                throw new PostgresUnavailableException($"PostgreSQL in {named} is version {chosen.Major}; {MajorMin} or later is needed.");
            return wantedMajor is null || wantedMajor == chosen.Major ? chosen : throw WrongMajor(wantedMajor.Value, [chosen]);
        }

        var found = new List<PostgresBinaries>();
        foreach (var candidate in AlongPath().Concat(InUsualPlaces()).Distinct(StringComparer.Ordinal))
        {
            var binaries = new PostgresBinaries(candidate, await MajorOfAsync(candidate, cancel));
            if (binaries.Major >= MajorMin && (wantedMajor is null || wantedMajor == binaries.Major)) return binaries;
            found.Add(binaries);
        }
        if (wantedMajor is not null && found.Any(binaries => binaries.Major >= MajorMin)) throw WrongMajor(wantedMajor.Value, found);
        throw new PostgresUnavailableException(
            (found.Count == 0 ? "No PostgreSQL found" : $"PostgreSQL {found[0].Major} in {found[0].Folder} is too old")
            + $": install PostgreSQL {MajorMin} or later, name its bin folder in LEDGER_PG_BIN, or name a server in ConnectionStrings__Ledger.");
    }

    private static PostgresUnavailableException WrongMajor(int wanted, IReadOnlyList<PostgresBinaries> found) => new(
        $"The data was written by PostgreSQL {wanted}, and only {string.Join(", ", found.Select(binaries => $"{binaries.Major} ({binaries.Folder})"))} is here: "
        + $"install PostgreSQL {wanted}, or move the data over with pg_dump or pg_upgrade.");

    private static IEnumerable<string> AlongPath()
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            var pgCtl = Path.Combine(folder, "pg_ctl");
            if (!Path.IsPathRooted(folder) || !File.Exists(pgCtl)) continue;
            // A link from /usr/local/bin leads to the folder with the other programs and their libraries.
            var real = Path.GetDirectoryName(File.ResolveLinkTarget(pgCtl, returnFinalTarget: true)?.FullName);
            if (real is not null && IsComplete(real)) yield return real;
            else if (IsComplete(folder)) yield return folder;
        }
    }

    private static IEnumerable<string> InUsualPlaces() =>
        UsualPlaces.SelectMany(Expand).Where(IsComplete).OrderByDescending(NumberIn).ThenBy(folder => folder, StringComparer.Ordinal);

    private static IEnumerable<string> Expand(string place)
    {
        var star = place.IndexOf('*', StringComparison.Ordinal);
        if (star < 0) return [place];
        var end = place.IndexOf('/', star);
        var pattern = end < 0 ? place : place[..end];
        var parent = Path.GetDirectoryName(pattern)!;
        if (!Directory.Exists(parent)) return [];
        return Directory.EnumerateDirectories(parent, Path.GetFileName(pattern)).Select(found => end < 0 ? found : found + place[end..]);
    }

    private static int NumberIn(string folder) =>
        Number().Match(folder) is { Success: true } match && int.TryParse(match.Value, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static bool IsComplete(string folder) => Needed.All(program => File.Exists(Path.Combine(folder, program)));

    private static async Task<int> MajorOfAsync(string folder, CancellationToken cancel)
    {
        // "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", "postgres (PostgreSQL) 19beta1"
        var answer = await PostgresTool.RunAsync(Path.Combine(folder, "postgres"), ["--version"], cancel);
        return Version().Match(answer.Output) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
    }

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Number();

    [GeneratedRegex(@"\(PostgreSQL\) ([0-9]{1,4})")]
    private static partial Regex Version();
}
