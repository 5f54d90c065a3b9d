using System.Text.RegularExpressions;

namespace Ledger.House.Tests;

/// <summary>A file of the repository: its path with slashes, and its text.</summary>
public sealed partial record TreeFile(string Path, string Text)
{
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];

    public string Folder => Path.Contains('/') ? Path[..Path.LastIndexOf('/')] : "";

    public IEnumerable<string> Lines => Text.Split('\n');

    /// <summary>C# without its comments and literals.</summary>
    public string Code => Aside().Replace(Text, match => match.Value.StartsWith('/') ? " " : "\"\"");

    public bool IsCode => Path.EndsWith(".cs", StringComparison.Ordinal);

    public bool IsProject => Path.EndsWith(".csproj", StringComparison.Ordinal);

    public bool IsBelow(string folder) => Path.StartsWith(folder + "/", StringComparison.Ordinal);

    [GeneratedRegex("\"\"\"[\\s\\S]*?\"\"\"|@\"(?:[^\"]|\"\")*\"|\"(?:\\\\.|[^\"\\\\\\n])*\"|'(?:\\\\.|[^'\\\\\\n])+'|//[^\\n]*|/\\*[\\s\\S]*?\\*/")]
    private static partial Regex Aside();
}

/// <summary>Paths and texts that a rule looks at: the repository's, or planted ones.</summary>
public sealed record Tree(IReadOnlyList<TreeFile> Files)
{
    private static readonly string[] Passed = [".git", "artifacts", ".ledger", "bin", "obj", "node_modules", ".vs", ".idea"];
    private static readonly string[] Texts =
        [".cs", ".csproj", ".props", ".targets", ".sln", ".slnx", ".json", ".md", ".sql", ".sh", ".yml", ".yaml", ".razor", ".css", ".js", ".ts", ".tsx", ".txt", ".editorconfig", ""];

    /// <summary>The repository's folder.</summary>
    public static string Root { get; } = FindRoot();

    private static readonly Lazy<Tree> Read = new(() => new Tree([.. Walk(Root).OrderBy(file => file.Path, StringComparer.Ordinal)]));

    public static Tree Repository => Read.Value;

    public static Tree Of(params (string Path, string Text)[] files) => new([.. files.Select(file => new TreeFile(file.Path, file.Text))]);

    public IEnumerable<TreeFile> Code => Files.Where(file => file.IsCode);

    public IEnumerable<TreeFile> Projects => Files.Where(file => file.IsProject);

    public TreeFile? Find(string path) => Files.FirstOrDefault(file => file.Path == path);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Ledger.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }

    private static IEnumerable<TreeFile> Walk(string folder)
    {
        foreach (var below in Directory.EnumerateDirectories(folder).Where(below => !Passed.Contains(Path.GetFileName(below))))
            foreach (var file in Walk(below)) yield return file;
        foreach (var file in Directory.EnumerateFiles(folder).Where(file => Texts.Contains(Path.GetExtension(file))))
            yield return new TreeFile(Path.GetRelativePath(Root, file).Replace('\\', '/'), File.ReadAllText(file));
    }
}

/// <summary>One rule of the house: what breaks it in a tree, and trees that break it, so that the rule itself is tried.</summary>
public sealed record HouseRule(string Name, Func<Tree, IEnumerable<string>> Check, params Tree[] Planted);
