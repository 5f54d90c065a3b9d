using System.Text.Json.Nodes;

namespace Ledger.Providers.Tests.Conformance;

/// <summary>
/// A folder of recorded events, objects, requests and vectors of the providers, named by LEDGER_PROVIDER_FIXTURES. It is no part of this repository: where it is not named, each test here shows itself as not run, and asserts just that.
/// </summary>
internal static class Fixtures
{
    public const string Variable = "LEDGER_PROVIDER_FIXTURES";
    public const string NotRun = $"not run: {Variable} is not set";

    public static string? Folder { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? Path.GetFullPath(folder) : null;

    /// <summary>The JSON files of a folder by their names, but for its index; or that there are none to run.</summary>
    public static TheoryData<string> Names(string folder)
    {
        if (Folder is null) return [NotRun];
        var files = Directory.GetFiles(Path.Combine(Folder, folder), "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Where(name => name is not ("index" or "errors")).Order(StringComparer.Ordinal).ToArray();
        return [.. files];
    }

    /// <summary>The members of a list, or of an object, by name; or that there are none to run.</summary>
    public static TheoryData<string> Members(string file, string list)
    {
        if (Folder is null) return [NotRun];
        return [.. Read(file)[list]!.AsArray().Select(one => (string)one!["name"]!)];
    }

    /// <summary>Whether there is nothing to run, which is asserted to be so because nobody named a folder.</summary>
    public static bool None(string name)
    {
        if (name != NotRun) return false;
        Environment.GetEnvironmentVariable(Variable).ShouldBeNullOrEmpty();
        return true;
    }

    public static byte[] Bytes(string file) => File.ReadAllBytes(Path.Combine(Folder!, file));

    public static JsonNode Read(string file) => JsonNode.Parse(Bytes(file))!;

    public static JsonObject Named(string file, string list, string name) => Read(file)[list]!.AsArray().Single(one => (string)one!["name"]! == name)!.AsObject();
}
