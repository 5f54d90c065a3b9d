using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Ledger.House.Tests;

/// <summary>What docker-compose.yml and Dockerfile promise.</summary>
internal static partial class ComposeRules
{
    public static IEnumerable<string> Check(string compose, string dockerfile)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(compose));
        var root = (YamlMappingNode)yaml.Documents[0].RootNode;
        var services = Map(root, "services");
        var names = services?.Children.Keys.Select(key => key.ToString()).Order(StringComparer.Ordinal).ToArray() ?? [];
        if (!names.SequenceEqual(["ledger", "postgres"])) yield return $"services: {string.Join(", ", names)}";

        var postgres = Map(services, "postgres");
        if (Text(postgres, "image") != "postgres:18") yield return "postgres: the image is not postgres:18";
        // From 18 on, a volume at /var/lib/postgresql/data would stay empty.
        if (!Items(postgres, "volumes").Contains("database:/var/lib/postgresql")) yield return "postgres: the data is in no volume at /var/lib/postgresql";
        if (Map(root, "volumes")?.Children.Keys.Any(key => key.ToString() == "database") != true) yield return "volumes: database is missing";
        if (!Items(Map(postgres, "healthcheck"), "test").Contains("pg_isready")) yield return "postgres: health is not asked with pg_isready";
        if (Items(postgres, "ports").Length > 0) yield return "postgres: is open to the outside";
        if (Items(postgres, "command").Contains("synchronous_commit=off") || Items(postgres, "command").Contains("fsync=off")) yield return "postgres: acknowledged is not on disk";

        var ledger = Map(services, "ledger");
        if (Text(ledger, "build") != ".") yield return "ledger: is not built from here";
        if (!Items(ledger, "ports").Any(port => port.EndsWith(":5080:5080", StringComparison.Ordinal) && port.Contains("127.0.0.1", StringComparison.Ordinal)))
            yield return "ledger: port 5080 is not published on this machine alone";
        if (Text(Map(Map(ledger, "depends_on"), "postgres"), "condition") != "service_healthy") yield return "ledger: does not wait until the database is healthy";
        if (!Items(Map(ledger, "healthcheck"), "test").Contains("/app/ready.sh")) yield return "ledger: health is not asked";
        var environment = Map(ledger, "environment");
        if (Text(environment, "ASPNETCORE_ENVIRONMENT") != "Production") yield return "ledger: does not run as Production";
        if (Text(environment, "ConnectionStrings__Ledger")?.StartsWith("Host=postgres;", StringComparison.Ordinal) != true) yield return "ledger: is not told its database";
        foreach (var secret in Secrets().Matches(Given().Replace(compose, "GIVEN")).Select(match => match.Value))
            yield return $"a secret is written down, or has a default: {secret}";
        foreach (var (name, service) in new[] { ("postgres", postgres), ("ledger", ledger) })
        {
            if (Text(service, "mem_limit") is null) yield return $"{name}: may take all the memory";
            if (Text(service, "restart") is null) yield return $"{name}: does not come back by itself";
        }

        var stages = Stage().Matches(dockerfile).Select(match => match.Groups[1].Value).ToArray();
        if (!stages.SequenceEqual(["mcr.microsoft.com/dotnet/sdk:10.0", "mcr.microsoft.com/dotnet/aspnet:10.0"])) yield return $"Dockerfile: stages {string.Join(", ", stages)}";
        if (User().Match(dockerfile) is not { Success: true } user || user.Groups[1].Value is "root" or "0") yield return "Dockerfile: runs as root";
        if (!dockerfile.Contains("-p:LockedRestore=true", StringComparison.Ordinal)) yield return "Dockerfile: takes other packages than the lock files name";
        if (!dockerfile.Contains("EXPOSE 5080", StringComparison.Ordinal)) yield return "Dockerfile: does not say its port";
    }

    private static YamlNode? Node(YamlMappingNode? map, string key) =>
        map is not null && map.Children.TryGetValue(new YamlScalarNode(key), out var node) ? node : null;

    private static YamlMappingNode? Map(YamlMappingNode? map, string key) => Node(map, key) as YamlMappingNode;

    private static string? Text(YamlMappingNode? map, string key) => (Node(map, key) as YamlScalarNode)?.Value;

    private static string[] Items(YamlMappingNode? map, string key) =>
        Node(map, key) is YamlSequenceNode list ? [.. list.Select(item => item.ToString())] : [];

    // A password is taken from a variable that has no default: ${NAME:?why}. Comments say what they like.
    [GeneratedRegex(@"\$\{\w+:\?[^}]*\}|^\s*#.*$|^#.*$", RegexOptions.Multiline)]
    private static partial Regex Given();

    [GeneratedRegex(@"(?i)(password|secret|api_?key|token)\w*\s*[:=]\s*['""]?(?!GIVEN['""]?)[^\s'""]+")]
    private static partial Regex Secrets();

    [GeneratedRegex(@"^FROM (\S+)", RegexOptions.Multiline)]
    private static partial Regex Stage();

    // The last one counts; the first stage needs none.
    [GeneratedRegex(@"^USER (\S+)(?![\s\S]*^(USER|FROM) )", RegexOptions.Multiline)]
    private static partial Regex User();
}
