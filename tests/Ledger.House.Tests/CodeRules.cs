using System.Globalization;
using System.Text.RegularExpressions;

namespace Ledger.House.Tests;

/// <summary>How code is written here. The words that are looked for are put together from halves, so that this file does not break its own rules.</summary>
internal static partial class CodeRules
{
    public const int LinesMax = 400;

    private static readonly string[] Counted = [".cs", ".sql", ".razor", ".sh", ".js", ".ts", ".tsx"];

    /// <summary>Files that may be longer, each with the reason.</summary>
    private static readonly Dictionary<string, string> LongFiles = [];

    public static IEnumerable<HouseRule> All =>
    [
        new("no file is longer than 400 lines", Lengths, Tree.Of(("src/Ledger.Api/Long.cs", string.Join('\n', Enumerable.Repeat(";", LinesMax + 1))))),
        new("a folder is a namespace", Namespaces,
            Tree.Of(("src/Ledger.Api/Http/Errors.cs", "namespace Ledger.Api;")),
            Tree.Of(("src/Ledger.Api/Http/Errors.cs", "namespace Ledger.Api.Http { class A; }"))),
        new("nothing is put off or left out", Leftovers,
            Tree.Of(("src/A.cs", "// TO" + "DO: later")), Tree.Of(("docs/a.md", "FIX" + "ME")), Tree.Of(("run", "# HA" + "CK")),
            Tree.Of(("tests/A.cs", "[Fact(Ski" + "p = \"slow\")]")), Tree.Of(("tests/A.cs", "Assert.Ski" + "p(\"no database\");"))),
        new("nothing sleeps on a thread", tree => Containing(tree.Code, Sleeping()), Tree.Of(("tests/A.cs", "Thread.Sleep(5);"))),
        new("the domain has no binary floats", tree => Containing(tree.Code.Where(file => file.IsBelow("src/Ledger.Domain")), Floating()),
            Tree.Of(("src/Ledger.Domain/A.cs", "double x;")), Tree.Of(("src/Ledger.Domain/A.cs", "var x = (float)1;")), Tree.Of(("src/Ledger.Domain/A.cs", "Double x;"))),
        new("no error is swallowed", Swallowing,
            Tree.Of(("src/A.cs", "try { F(); } catch (Exception) { }")),
            Tree.Of(("src/A.cs", "try { F(); } catch { return false; }")),
            Tree.Of(("src/A.cs", "try { F(); } catch (Exception problem) { Count(); }"))),
        new("a warning is suppressed one by one, with its reason", Suppressions,
            Tree.Of(("src/A.cs", "#pragma warning disable")),
            Tree.Of(("src/A.cs", "#pragma warning disable CA1000")),
            Tree.Of(("src/A.cs", "[SuppressMessage(\"Usage\", \"CA1000\")]")),
            Tree.Of((".editorconfig", "dotnet_diagnostic.CA1000.severity = none")),
            Tree.Of((".editorconfig", "dotnet_analyzer_diagnostic.severity = none # all")),
            Tree.Of(("src/A.csproj", "<NoWarn>CS1591</NoWarn>"))),
        new("public members of the service are documented", Documentation,
            Tree.Of(("Directory.Build.props", "<Project></Project>")),
            Tree.Of(("Directory.Build.props", "<GenerateDocumentationFile>true</GenerateDocumentationFile><TreatWarningsAsErrors>true</TreatWarningsAsErrors>"), ("src/A.csproj", "<GenerateDocumentationFile>false</GenerateDocumentationFile>"))),
        new("no path of anybody's machine", MachinePaths,
            Tree.Of(("docs/a.md", $"It lies in {Tree.Root}/docs.")),
            Tree.Of(("src/A.cs", "\"/ho" + "me/anna/ledger\"")), Tree.Of(("docs/a.md", "/Us" + "ers/anna/src")), Tree.Of(("run", "C:\\Us" + "ers\\anna")), Tree.Of(("test", "/ro" + "ot/.nuget"))),
    ];

    private static IEnumerable<string> Lengths(Tree tree) =>
        from file in tree.Files
        where Counted.Any(ending => file.Path.EndsWith(ending, StringComparison.Ordinal)) && !LongFiles.ContainsKey(file.Path)
        let lines = file.Text.TrimEnd().Split('\n').Length
        where lines > LinesMax
        select $"{file.Path}: has {lines} lines";

    private static IEnumerable<string> Namespaces(Tree tree)
    {
        foreach (var file in tree.Code)
        {
            if (Namespace().Match(file.Text) is not { Success: true } match) continue;
            var expected = string.Join('.', file.Folder.Split('/')[1..]);
            if (match.Groups[1].Value != expected || match.Groups[2].Value != ";") yield return $"{file.Path}: is in namespace {match.Groups[1].Value}, not `{expected};`";
        }
    }

    private static IEnumerable<string> Leftovers(Tree tree) =>
        Containing(tree.Files, PutOff(), file => file.Text).Concat(Containing(tree.Code.Where(file => file.IsBelow("tests")), LeftOut()));

    private static IEnumerable<string> Swallowing(Tree tree)
    {
        foreach (var file in tree.Code)
        {
            var code = file.Code;
            foreach (Match match in CatchAll().Matches(code))
            {
                var block = Block(code, match.Index + match.Length - 1);
                var name = match.Groups[1].Value;
                // Thrown on, or told to somebody.
                if (block.Contains("throw", StringComparison.Ordinal) || (name.Length > 0 && Regex.IsMatch(block, $@"\b{name}\b"))) continue;
                var line = code[..match.Index].Count(character => character == '\n') + 1;
                yield return string.Create(CultureInfo.InvariantCulture, $"{file.Path}, near line {line}: an error of any kind ends here, and nobody hears of it");
            }
        }
    }

    private static string Block(string code, int open)
    {
        var depth = 0;
        for (var end = open; end < code.Length; end++)
        {
            if (code[end] == '{') depth++;
            if (code[end] == '}' && --depth == 0) return code[open..end];
        }
        return code[open..];
    }

    private static IEnumerable<string> Suppressions(Tree tree)
    {
        foreach (var file in tree.Files)
        {
            if (file.IsCode)
            {
                foreach (var line in file.Code.Split('\n').Where(line => line.Contains("#pragma warning disable", StringComparison.Ordinal)))
                    if (!file.Lines.Any(original => original.Trim().StartsWith(line.Trim(), StringComparison.Ordinal) && OneRule().IsMatch(original))) yield return $"{file.Path}: {line.Trim()}";
                foreach (Match match in Suppressed().Matches(file.Code))
                    if (!match.Value.Contains("Justification", StringComparison.Ordinal)) yield return $"{file.Path}: {match.Value}";
            }
            else if (file.Name == ".editorconfig")
            {
                foreach (var line in file.Lines.Where(line => line.Contains("severity = none", StringComparison.Ordinal)))
                    if (!line.Contains('#') || !line.StartsWith("dotnet_diagnostic.", StringComparison.Ordinal)) yield return $"{file.Path}: {line}";
            }
            else if (file.IsProject || file.Path.EndsWith(".props", StringComparison.Ordinal))
            {
                if (file.Text.Contains("<NoWarn", StringComparison.Ordinal)) yield return $"{file.Path}: <NoWarn> hides a rule from a whole project; use .editorconfig, with the reason";
            }
        }
    }

    private static IEnumerable<string> Documentation(Tree tree)
    {
        var props = tree.Find("Directory.Build.props")?.Text ?? "";
        if (!DocumentedBuild().IsMatch(props)) yield return "Directory.Build.props: <GenerateDocumentationFile> is not on for src";
        if (!props.Contains("<TreatWarningsAsErrors>true<", StringComparison.Ordinal)) yield return "Directory.Build.props: warnings are no errors";
        foreach (var project in tree.Projects.Where(project => project.IsBelow("src") && project.Text.Contains("GenerateDocumentationFile", StringComparison.Ordinal)))
            yield return $"{project.Path}: decides about documentation by itself";
    }

    private static IEnumerable<string> MachinePaths(Tree tree) =>
        Containing(tree.Files, MachinePath(), file => file.Text)
            .Concat(tree.Files.Where(file => !IsOfImage(file) && file.Text.Contains(Tree.Root + "/", StringComparison.Ordinal)).Select(file => $"{file.Path}: names the folder that this is built in"));

    // The folders named there are the image's.
    private static bool IsOfImage(TreeFile file) => file.Name is "Dockerfile" or "docker-compose.yml";

    private static IEnumerable<string> Containing(IEnumerable<TreeFile> files, Regex what, Func<TreeFile, string>? text = null) =>
        from file in files
        let match = what.Match(text is null ? file.Code : text(file))
        where match.Success
        select $"{file.Path}: {match.Value.Trim()}";

    [GeneratedRegex(@"^namespace\s+([\w.]+)\s*(;|\{|$)", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK|XX" + @"X)\b")]
    private static partial Regex PutOff();

    [GeneratedRegex(@"\bSki" + @"p(When|Unless|Exceptions)?\s*=|\bAssert\.Ski" + @"p\w*\(")]
    private static partial Regex LeftOut();

    [GeneratedRegex(@"\bThread\s*\.\s*Sleep\b")]
    private static partial Regex Sleeping();

    [GeneratedRegex(@"\b(float|double|Single|Double|Half)\b")]
    private static partial Regex Floating();

    [GeneratedRegex(@"\bcatch\s*(?:\(\s*(?:System\.)?Exception(?:\s+(\w+))?\s*\))?\s*\{")]
    private static partial Regex CatchAll();

    [GeneratedRegex(@"#pragma warning disable [A-Z]+[0-9]+ // \w+")]
    private static partial Regex OneRule();

    [GeneratedRegex(@"\[(assembly:\s*)?SuppressMessage\([^\]]*\]")]
    private static partial Regex Suppressed();

    [GeneratedRegex(@"<GenerateDocumentationFile[^>]*>true<")]
    private static partial Regex DocumentedBuild();

    [GeneratedRegex(@"/ho" + @"me/[a-z]|/Us" + @"ers/[A-Za-z]|C:\\+Us" + @"ers|/ro" + @"ot/")]
    private static partial Regex MachinePath();
}
