using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Ledger.House.Tests;

/// <summary>Packages, lock files and the solution.</summary>
internal static partial class PackageRules
{
    private const string Central = "Directory.Packages.props";

    public static IEnumerable<HouseRule> All =>
    [
        new("versions of packages stand in one place", Versions,
            Tree.Of(("src/A/A.csproj", """<Project><ItemGroup><PackageReference Include="B" Version="1.0.0" /></ItemGroup></Project>""")),
            Tree.Of(("src/A/A.csproj", """<Project><ItemGroup><PackageReference Include="B" VersionOverride="1.0.0" /></ItemGroup></Project>""")),
            Tree.Of(("tests/Directory.Build.props", """<Project><ItemGroup><PackageReference Include="B" Version="1.0.0" /></ItemGroup></Project>"""))),
        new("each package has its reason", Reasons,
            Tree.Of((Central, "<Project>\n  <ItemGroup>\n    <PackageVersion Include=\"B\" Version=\"1.0.0\" />\n  </ItemGroup>\n</Project>"))),
        new("each project has a lock file that names no host", Locks,
            Tree.Of(("src/A/A.csproj", "<Project />")),
            Tree.Of(("src/A/A.csproj", "<Project />"), ("src/A/packages.lock.json", """{ "source": "https://feed.example/v3" }"""))),
        new("each project is in the solution", Solution,
            Tree.Of(("Ledger.sln", "Microsoft Visual Studio Solution File, Format Version 12.00"), ("src/A/A.csproj", "<Project />")),
            Tree.Of(("Ledger.slnx", "<Solution />")),
            Tree.Of(("Ledger.sln", "<Solution />"))),
        new("no source of packages is named in the repository", tree =>
                tree.Files.Where(file => file.Name.Equals("nuget.config", StringComparison.OrdinalIgnoreCase) || RestoreSource().IsMatch(file.IsProject || file.Path.EndsWith(".props", StringComparison.Ordinal) ? file.Text : ""))
                    .Select(file => $"{file.Path}: names a source of packages"),
            Tree.Of(("Directory.Build.props", "<RestoreSources>https://feed.example</RestoreSources>"))),
    ];

    private static IEnumerable<string> Versions(Tree tree)
    {
        foreach (var file in tree.Files.Where(file => file.IsProject || (file.Path.EndsWith(".props", StringComparison.Ordinal) && file.Path != Central)))
            foreach (var package in XDocument.Parse(file.Text).Descendants().Where(element => element.Name.LocalName is "PackageReference" or "PackageVersion"))
                if (package.Attributes().Any(attribute => attribute.Name.LocalName is "Version" or "VersionOverride")) yield return $"{file.Path}: gives a version of {(string?)package.Attribute("Include")}";
    }

    private static IEnumerable<string> Reasons(Tree tree)
    {
        if (tree.Find(Central) is not { } central) yield break;
        // A comment speaks for the line after it, and for the lines that go on from there.
        var reasoned = false;
        foreach (var line in central.Lines.Select(line => line.Trim()))
        {
            if (line.StartsWith("<!--", StringComparison.Ordinal)) reasoned = true;
            else if (!line.StartsWith("<PackageVersion", StringComparison.Ordinal)) reasoned = false;
            else if (!reasoned) yield return $"{central.Path}: no reason above {line}";
        }
    }

    private static IEnumerable<string> Locks(Tree tree)
    {
        foreach (var project in tree.Projects)
        {
            if (tree.Find($"{project.Folder}/packages.lock.json") is not { } locked) yield return $"{project.Path}: has no packages.lock.json";
            else if (locked.Text.Contains("://", StringComparison.Ordinal)) yield return $"{locked.Path}: names a host";
        }
    }

    private static IEnumerable<string> Solution(Tree tree)
    {
        foreach (var other in tree.Files.Where(file => file.Path.EndsWith(".slnx", StringComparison.Ordinal))) yield return $"{other.Path}: the solution is Ledger.sln";
        if (tree.Find("Ledger.sln") is not { } solution) yield break;
        if (!solution.Text.Contains("Microsoft Visual Studio Solution File", StringComparison.Ordinal)) yield return "Ledger.sln: is no solution file";
        foreach (var project in tree.Projects)
            if (!solution.Text.Contains($"\"{project.Path.Replace('/', '\\')}\"", StringComparison.Ordinal)) yield return $"Ledger.sln: {project.Path} is missing";
    }

    [GeneratedRegex("<(RestoreSources|RestoreAdditionalProjectSources)")]
    private static partial Regex RestoreSource();
}
