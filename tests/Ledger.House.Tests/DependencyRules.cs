using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Ledger.House.Tests;

/// <summary>Which way the arrows point, and what a room may know.</summary>
internal static partial class DependencyRules
{
    /// <summary>Api -> {Domain, EventStore, Providers}; Providers -> Domain; nothing else.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Arrows = new Dictionary<string, string[]>
    {
        ["Ledger.Domain"] = [],
        ["Ledger.EventStore"] = [],
        ["Ledger.Providers"] = ["Ledger.Domain"],
        ["Ledger.Api"] = ["Ledger.Domain", "Ledger.EventStore", "Ledger.Providers"],
    };

    // Words of the business, and of those that it does business with. The store knows streams, events and keys.
    private static readonly string[] Business =
        ["credit", "account", "wallet", "payment", "subscription", "invoice", "lot", "purchase", "refund", "consumption", "balance", "price", "money", "currency",
         "customer", "coupon", "promotion", "referral", "debt", "overdraft", "stripe", "midtrans", "paypal"];

    private static readonly string[] Nowhere = ["Common", "Core", "Util", "Utils", "Utilities", "Helper", "Helpers", "Manager", "Managers", "Misc"];

    public static IEnumerable<HouseRule> All =>
    [
        new("projects refer to each other along the arrows", Arrows_of_projects,
            Project("Ledger.Domain", """<ProjectReference Include="../Ledger.EventStore/Ledger.EventStore.csproj" />"""),
            Project("Ledger.Providers", """<ProjectReference Include="..\Ledger.Api\Ledger.Api.csproj" />"""),
            Project("Ledger.Elsewhere", "")),
        new("the domain has no package, the event store only its driver", Packages_of_inner_rooms,
            Project("Ledger.Domain", """<PackageReference Include="Dapper" />"""),
            Project("Ledger.EventStore", """<PackageReference Include="Npgsql" /><PackageReference Include="Dapper" />"""),
            Project("Ledger.Domain", """<FrameworkReference Include="Microsoft.AspNetCore.App" />""")),
        new("the event store has not one word of the business", Words_of_the_store,
            Tree.Of(("src/Ledger.EventStore/Streams.cs", "var next = CreditLots.Next();")),
            Tree.Of(("src/Ledger.EventStore/Schema/0001.sql", "create table ledger.account_keys ();")),
            Tree.Of(("src/Ledger.EventStore/Append.cs", "// for a Wallet"))),
        new("nothing is called Common, Core, Utils, Helpers or Manager", Names,
            Tree.Of(("src/Ledger.Api/Helpers/Time.cs", "class Time;")),
            Tree.Of(("src/Ledger.Api/Http/Streams.cs", "internal sealed class StreamManager;")),
            Tree.Of(("tests/Ledger.Testing/Text.cs", "public static class TextUtils { }"))),
    ];

    private static Tree Project(string name, string items) =>
        Tree.Of(($"src/{name}/{name}.csproj", $"<Project Sdk=\"Microsoft.NET.Sdk\"><ItemGroup>{items}</ItemGroup></Project>"));

    private static IEnumerable<string> Arrows_of_projects(Tree tree)
    {
        foreach (var project in tree.Projects.Where(project => project.IsBelow("src")))
        {
            var name = project.Name[..^".csproj".Length];
            if (!Arrows.TryGetValue(name, out var allowed))
            {
                yield return $"{project.Path}: no arrows are drawn for this project";
                continue;
            }
            foreach (var target in Included(project, "ProjectReference").Select(path => path.Split('/', '\\')[^1][..^".csproj".Length]))
                if (!allowed.Contains(target)) yield return $"{project.Path}: refers to {target}";
        }
    }

    private static IEnumerable<string> Packages_of_inner_rooms(Tree tree)
    {
        foreach (var (name, allowed) in new[] { ("Ledger.Domain", (string[])[]), ("Ledger.EventStore", ["Npgsql"]) })
        {
            if (tree.Find($"src/{name}/{name}.csproj") is not { } project) continue;
            // What is private to the build (analyzers) is in no assembly.
            var packages = XDocument.Parse(project.Text).Descendants("PackageReference")
                .Where(package => (string?)package.Attribute("PrivateAssets") != "all")
                .Select(package => (string)package.Attribute("Include")!)
                .Concat(Included(project, "FrameworkReference"));
            foreach (var package in packages.Except(allowed)) yield return $"{project.Path}: uses {package}";
        }
    }

    private static IEnumerable<string> Words_of_the_store(Tree tree) =>
        from file in tree.Files
        where file.IsBelow("src/Ledger.EventStore") && !file.Path.EndsWith(".json", StringComparison.Ordinal)
        from word in Words().Matches(file.Text).Select(match => match.Value.ToLowerInvariant()).Distinct()
        where Business.Contains(word) || (word.EndsWith('s') && Business.Contains(word[..^1]))
        select $"{file.Path}: speaks of {word}";

    private static IEnumerable<string> Names(Tree tree)
    {
        foreach (var file in tree.Code)
        {
            foreach (var folder in file.Folder.Split('/').Where(folder => Nowhere.Contains(folder))) yield return $"{file.Path}: is in a folder called {folder}";
            foreach (var type in Types().Matches(file.Code).Select(match => match.Groups[1].Value))
                if (Nowhere.Any(word => type.EndsWith(word, StringComparison.Ordinal))) yield return $"{file.Path}: has a type called {type}";
        }
    }

    private static IEnumerable<string> Included(TreeFile project, string item) =>
        XDocument.Parse(project.Text).Descendants(item).Select(element => (string)element.Attribute("Include")!);

    // CreditLots, credit_lots and creditLots are two words each.
    [GeneratedRegex("[A-Z]?[a-z]+|[A-Z]+(?![a-z])")]
    private static partial Regex Words();

    [GeneratedRegex(@"\b(?:class|record|struct|interface|enum)\s+(?:class\s+|struct\s+)?([A-Za-z_]\w*)")]
    private static partial Regex Types();
}
