using System.Globalization;
using System.Text.RegularExpressions;

namespace Ledger.House.Tests;

/// <summary>The papers that a newcomer reads, the analyzers' settings and the scripts.</summary>
internal static partial class PaperRules
{
    private static readonly string[] Papers = ["README.md", "ARCHITECTURE.md", "docs/glossary.md", "docs/operations.md"];
    private static readonly string[] AtError = ["CA2016", "CA1310"];
    private static readonly string[] Scripts = ["run", "test", "bench", ".ci/run"];

    public static IEnumerable<HouseRule> All =>
    [
        new("the papers are there", tree => Papers.Where(paper => string.IsNullOrWhiteSpace(tree.Find(paper)?.Text)).Select(paper => $"{paper}: is missing"), Tree.Of(("README.md", "# Ledger"))),
        new("the readme begins with the two commands", Commands, Tree.Of(("README.md", "Start it with ./run")), Tree.Of(("README.md", "Try ./test"))),
        new("the map shows every room", Rooms, Tree.Of(("ARCHITECTURE.md", "src/Ledger.Domain"), ("src/Ledger.Domain/Ledger.Domain.csproj", ""), ("src/Ledger.Api/Ledger.Api.csproj", ""))),
        new("decisions are numbered without gaps", Decisions,
            Tree.Of(("docs/adr/0001-a.md", "# 1. A"), ("docs/adr/0003-c.md", "# 3. C")),
            Tree.Of(("docs/adr/0001-a.md", "# 1. A"), ("docs/adr/0001-b.md", "# 1. B")),
            Tree.Of(("docs/adr/first.md", "# First")),
            Tree.Of(("README.md", ""))),
        new("tokens are passed on and strings compared on purpose", Analyzers,
            Tree.Of((".editorconfig", "dotnet_diagnostic.CA2016.severity = error")),
            Tree.Of((".editorconfig", "dotnet_diagnostic.CA2016.severity = warning\ndotnet_diagnostic.CA1310.severity = error"))),
        new("the domain's clock, chance and floats are banned", Banned,
            Tree.Of(("src/Ledger.Domain/BannedSymbols.txt", "P:System.DateTime.Now;"), ("src/Ledger.Domain/Ledger.Domain.csproj", "BannedSymbols.txt BannedApiAnalyzers"))),
        new("scripts stop at the first fault", Strict, Tree.Of(("run", "#!/usr/bin/env bash\ndotnet run")), Tree.Of(("test", "set -euo pipefail"))),
        new("continuous integration runs the one gate", tree => tree.Find(".ci/run") is { } ci && ci.Text.Contains("/test\"", StringComparison.Ordinal) ? [] : [".ci/run: does not call ./test"], Tree.Of((".ci/run", "dotnet test"))),
    ];

    private static IEnumerable<string> Commands(Tree tree) =>
        from command in (string[])["./run", "./test"]
        where tree.Find("README.md")?.Text.Contains(command, StringComparison.Ordinal) != true
        select $"README.md: does not mention {command}";

    private static IEnumerable<string> Rooms(Tree tree) =>
        from project in tree.Projects
        where project.IsBelow("src") && tree.Find("ARCHITECTURE.md")?.Text.Contains(project.Folder[4..], StringComparison.Ordinal) != true
        select $"ARCHITECTURE.md: does not show {project.Folder}";

    private static IEnumerable<string> Decisions(Tree tree)
    {
        var files = tree.Files.Where(file => file.IsBelow("docs/adr")).OrderBy(file => file.Name, StringComparer.Ordinal).ToArray();
        if (files.Length == 0) yield return "docs/adr: no decision is written down";
        foreach (var (file, index) in files.Select((file, index) => (file, index)))
        {
            if (!Decision().IsMatch(file.Name)) yield return $"{file.Path}: is not called 0000-what-was-decided.md";
            else if (int.Parse(file.Name[..4], CultureInfo.InvariantCulture) != index + 1) yield return $"{file.Path}: number {index + 1} was expected here";
        }
    }

    private static IEnumerable<string> Analyzers(Tree tree) =>
        from rule in AtError
        where tree.Find(".editorconfig")?.Lines.Any(line => line.StartsWith($"dotnet_diagnostic.{rule}.severity = error", StringComparison.Ordinal)) != true
        select $".editorconfig: {rule} is no error";

    private static IEnumerable<string> Banned(Tree tree)
    {
        var banned = tree.Find("src/Ledger.Domain/BannedSymbols.txt")?.Text ?? "";
        foreach (var symbol in (string[])["System.DateTime.UtcNow", "System.DateTimeOffset.UtcNow", "System.Guid.NewGuid", "System.Random", "System.Double", "System.Single", "System.Threading.Tasks.Task"])
            if (!banned.Contains($":{symbol};", StringComparison.Ordinal)) yield return $"BannedSymbols.txt: {symbol} is allowed";
        var project = tree.Find("src/Ledger.Domain/Ledger.Domain.csproj")?.Text ?? "";
        if (!project.Contains("BannedApiAnalyzers", StringComparison.Ordinal) || !project.Contains("BannedSymbols.txt", StringComparison.Ordinal)) yield return "Ledger.Domain.csproj: nobody reads BannedSymbols.txt";
    }

    private static IEnumerable<string> Strict(Tree tree) =>
        from name in Scripts
        let script = tree.Find(name)
        where script is not null && !(script.Text.StartsWith("#!/usr/bin/env bash\n", StringComparison.Ordinal) && script.Text.Contains("\nset -euo pipefail\n", StringComparison.Ordinal))
        select $"{name}: does not begin with bash and `set -euo pipefail`";

    [GeneratedRegex("^[0-9]{4}-[a-z0-9]+(-[a-z0-9]+)*\\.md$")]
    private static partial Regex Decision();
}
