using System.Globalization;
using System.Text.Json.Nodes;

namespace Ledger.Providers.Tests.Conformance;

/// <summary>Validates against the part of OpenAPI 3.1 that a description of Stripe needs: objects, lists, alternatives, references, enumerations and plain types.</summary>
internal sealed class OpenApi(JsonNode description)
{
    /// <summary>What is wrong about a JSON value; nothing where it fits.</summary>
    public IReadOnlyList<string> Answer(string schema, JsonNode? value)
    {
        List<string> problems = [];
        Check(description["components"]!["schemas"]![schema]!, value, schema, problems, texts: false);
        return problems;
    }

    /// <summary>What is wrong about a request in form encoding: its path, its query, its body.</summary>
    public IReadOnlyList<string> Request(string method, string path, JsonObject parameters)
    {
        List<string> problems = [];
        if (Operation(method, path) is not { } operation) return [$"{method} {path} is no operation"];
        // The query of a deletion stands where a body would.
        if (method is "POST" or "DELETE")
        {
            if (operation["requestBody"]?["content"]?["application/x-www-form-urlencoded"]?["schema"] is { } schema) Check(schema, parameters, "", problems, texts: true);
            else if (parameters.Count > 0) problems.Add($"{path} takes no body");
            return problems;
        }

        var known = operation["parameters"]!.AsArray().Where(one => (string)one!["in"]! == "query").ToDictionary(one => (string)one!["name"]!, one => one!["schema"]!);
        foreach (var (name, value) in parameters)
        {
            if (known.TryGetValue(name, out var schema)) Check(schema, value, name, problems, texts: true);
            else problems.Add($"{name} is not known");
        }

        return problems;
    }

    /// <summary>Form encoding as a tree, whose leaves are texts; lists are told by their numbers.</summary>
    public static JsonObject Tree(IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var root = new JsonObject();
        foreach (var (name, value) in parameters)
        {
            var path = name.Replace("]", "", StringComparison.Ordinal).Split('[');
            var at = root;
            foreach (var part in path[..^1])
            {
                if (at[part] is not JsonObject next) at[part] = next = [];
                at = next;
            }

            at[path[^1]] = value;
        }

        return (JsonObject)Lists(root);
    }

    private static JsonNode Lists(JsonObject tree)
    {
        var members = tree.Select(one => (one.Key, Value: one.Value is JsonObject inner ? Lists(inner) : one.Value!.DeepClone())).ToArray();
        return members.Length > 0 && members.Select((one, index) => one.Key == index.ToString(CultureInfo.InvariantCulture)).All(numbered => numbered)
            ? new JsonArray([.. members.Select(one => one.Value)])
            : new JsonObject(members.Select(one => KeyValuePair.Create(one.Key, (JsonNode?)one.Value)));
    }

    private JsonNode? Operation(string method, string path)
    {
        var parts = path.Split('/');
        foreach (var (template, operations) in description["paths"]!.AsObject().OrderBy(one => one.Key.Contains('{')))
        {
            var wanted = template.Split('/');
            if (wanted.Length == parts.Length && wanted.Zip(parts).All(pair => pair.First == pair.Second || pair.First.StartsWith('{'))) return operations![method.ToLowerInvariant()];
        }

        return null;
    }

    private void Check(JsonNode schema, JsonNode? value, string at, List<string> problems, bool texts)
    {
        if ((string?)schema["$ref"] is { } reference)
        {
            Check(description["components"]!["schemas"]![reference["#/components/schemas/".Length..]]!, value, at, problems, texts);
            return;
        }

        if (schema["anyOf"] is JsonArray alternatives)
        {
            List<string> last = [];
            foreach (var alternative in alternatives)
            {
                last = [];
                Check(alternative!, value, at, last, texts);
                if (last.Count == 0) return;
            }

            problems.Add($"{at} fits no alternative (the last: {string.Join(", ", last)})");
            return;
        }

        var types = schema["type"] switch
        {
            JsonArray several => several.Select(type => (string)type!).ToArray(),
            JsonValue one => [(string)one!],
            _ => [],
        };
        if (types.Length > 0 && !types.Any(type => Fits(type, value, texts)))
        {
            problems.Add($"{at} is no {string.Join(" or ", types)}");
            return;
        }

        if (schema["enum"] is JsonArray words && !words.Any(word => JsonNode.DeepEquals(word, value))) problems.Add($"{at} is {value?.ToJsonString()}, which is not among its words");
        if (value is JsonArray list && schema["items"] is { } items)
        {
            for (var index = 0; index < list.Count; index++) Check(items, list[index], $"{at}[{index}]", problems, texts);
        }

        if (value is JsonObject members) Members(schema, members, at, problems, texts);
    }

    private void Members(JsonNode schema, JsonObject members, string at, List<string> problems, bool texts)
    {
        foreach (var required in schema["required"]?.AsArray() ?? [])
            if (!members.ContainsKey((string)required!)) problems.Add($"{at} lacks {required}");
        foreach (var (name, value) in members)
        {
            if (schema["properties"]?[name] is { } known) Check(known, value, $"{at}.{name}", problems, texts);
            else if (schema["additionalProperties"] is JsonObject others) Check(others, value, $"{at}.{name}", problems, texts);
            else if (schema["additionalProperties"] is JsonValue open && !(bool)open) problems.Add($"{at}.{name} is not known");
        }
    }

    // In form encoding every leaf is a text.
    private static bool Fits(string type, JsonNode? value, bool texts) => (type, value) switch
    {
        ("null", null) => true,
        ("object", JsonObject) or ("array", JsonArray) => true,
        ("string", JsonValue text) => text.GetValueKind() == System.Text.Json.JsonValueKind.String,
        ("integer", JsonValue text) when texts => long.TryParse((string?)text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        ("number", JsonValue text) when texts => decimal.TryParse((string?)text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _),
        ("boolean", JsonValue text) when texts => (string?)text is "true" or "false",
        ("integer", JsonValue number) => number.GetValueKind() == System.Text.Json.JsonValueKind.Number && long.TryParse(number.ToJsonString(), CultureInfo.InvariantCulture, out _),
        ("number", JsonValue number) => number.GetValueKind() == System.Text.Json.JsonValueKind.Number,
        ("boolean", JsonValue truth) => truth.GetValueKind() is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False,
        _ => false,
    };
}
