using System.Text.Json;
using System.Text.RegularExpressions;

namespace Ledger.Api.Tests.Contract;

/// <summary>
/// Compares JSON exactly: the same members, numbers spelled alike. An expected text in angle brackets stands for what no test can know:
/// &lt;any&gt;, &lt;time&gt;, &lt;txn&gt;, &lt;lot&gt;, &lt;hold&gt;, &lt;uuid&gt;.
/// </summary>
internal static partial class JsonShape
{
    public static void Match(JsonElement actual, string expected)
    {
        using var document = JsonDocument.Parse(expected);
        var differences = new List<string>();
        Compare(actual, document.RootElement, "$", differences);
        if (differences.Count > 0) throw new ShouldAssertException($"{string.Join('\n', differences)}\nin {actual.GetRawText()}");
    }

    private static void Compare(JsonElement actual, JsonElement expected, string path, List<string> differences)
    {
        if (expected.ValueKind == JsonValueKind.String && expected.GetString() is { Length: > 2 } wanted && wanted[0] == '<')
        {
            var text = actual.ValueKind == JsonValueKind.String ? actual.GetString()! : actual.GetRawText();
            if (!Pattern(wanted).IsMatch(text)) differences.Add($"{path}: {text} is no {wanted}");
            return;
        }

        if (actual.ValueKind != expected.ValueKind)
        {
            differences.Add($"{path}: {actual.GetRawText()} instead of {expected.GetRawText()}");
            return;
        }

        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in expected.EnumerateObject())
                {
                    if (actual.TryGetProperty(member.Name, out var value)) Compare(value, member.Value, $"{path}.{member.Name}", differences);
                    else differences.Add($"{path}.{member.Name}: missing");
                }

                foreach (var member in actual.EnumerateObject())
                {
                    if (!expected.TryGetProperty(member.Name, out _)) differences.Add($"{path}.{member.Name}: not expected, {member.Value.GetRawText()}");
                }

                break;
            case JsonValueKind.Array:
                if (actual.GetArrayLength() != expected.GetArrayLength()) differences.Add($"{path}: {actual.GetArrayLength()} entries instead of {expected.GetArrayLength()}");
                foreach (var (one, other) in actual.EnumerateArray().Zip(expected.EnumerateArray())) Compare(one, other, path + "[]", differences);
                break;
            default:
                if (actual.GetRawText() != expected.GetRawText()) differences.Add($"{path}: {actual.GetRawText()} instead of {expected.GetRawText()}");
                break;
        }
    }

    private static Regex Pattern(string wanted) => wanted switch
    {
        "<any>" => Any(),
        "<time>" => Time(),
        "<txn>" => Transaction(),
        "<lot>" => Lot(),
        "<hold>" => Hold(),
        "<uuid>" => Uuid(),
        _ => throw new ArgumentException(wanted, nameof(wanted)),
    };

    [GeneratedRegex(".")]
    private static partial Regex Any();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")]
    private static partial Regex Time();

    [GeneratedRegex("^txn_[0-9a-z]{24}$")]
    private static partial Regex Transaction();

    [GeneratedRegex("^lot_[0-9a-z]{24}(-[0-9a-z]{3})?$")]
    private static partial Regex Lot();

    [GeneratedRegex("^hold_[0-9a-z]{24}$")]
    private static partial Regex Hold();

    [GeneratedRegex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    private static partial Regex Uuid();
}
