using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Ledger.House.Tests;

/// <summary>What the built assemblies refer to, whatever the project files say.</summary>
public sealed class The_assemblies
{
    public static TheoryData<string> Built =>
        [.. DependencyRules.Arrows.Keys.Where(name => Directory.Exists(Path.Combine(Tree.Root, "src", name)))];

    [Theory]
    [MemberData(nameof(Built))]
    public void refer_to_each_other_along_the_arrows(string name) => Strangers(name, References(name)).ShouldBeEmpty();

    [Theory]
    [InlineData("Ledger.Domain", "Ledger.EventStore")]
    [InlineData("Ledger.Domain", "Npgsql")]
    [InlineData("Ledger.Domain", "System.Net.Http")]
    [InlineData("Ledger.EventStore", "Dapper")]
    [InlineData("Ledger.Providers", "Npgsql")]
    [InlineData("Ledger.Providers", "Ledger.Api")]
    [InlineData("Ledger.Providers", "Ledger.EventStore")]
    [InlineData("Ledger.Providers", "Microsoft.AspNetCore.Http")]
    [InlineData("Ledger.Providers", "Microsoft.Extensions.Hosting.Abstractions")]
    [InlineData("Ledger.Domain", "Ledger.Providers")]
    [InlineData("Ledger.EventStore", "Ledger.Providers")]
    [InlineData("Ledger.EventStore", "Microsoft.AspNetCore.Http")]
    public void are_seen_to_break_the_rule(string name, string reference) => Strangers(name, ["System.Runtime", reference]).ShouldBe([reference]);

    private static IEnumerable<string> Strangers(string name, IEnumerable<string> references)
    {
        foreach (var reference in references)
        {
            var known = reference.StartsWith("Ledger.", StringComparison.Ordinal)
                ? DependencyRules.Arrows[name].Contains(reference)
                : name switch
                {
                    // The domain does no input or output: not even the part of the platform for it.
                    "Ledger.Domain" => reference.StartsWith("System.", StringComparison.Ordinal) && !reference.StartsWith("System.Net", StringComparison.Ordinal) && !reference.StartsWith("System.IO", StringComparison.Ordinal) && !reference.StartsWith("System.Text.Json", StringComparison.Ordinal),
                    "Ledger.EventStore" => reference.StartsWith("System.", StringComparison.Ordinal) || reference is "Npgsql" or "Microsoft.Extensions.Logging.Abstractions",
                    "Ledger.Providers" => reference != "Npgsql" && !reference.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) && !reference.StartsWith("Microsoft.Extensions.Hosting", StringComparison.Ordinal),
                    _ => true,
                };
            if (!known) yield return reference;
        }
    }

    private static string[] References(string name)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, name + ".dll")));
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(reference => metadata.GetString(metadata.GetAssemblyReference(reference).Name))];
    }
}
