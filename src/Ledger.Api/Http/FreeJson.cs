using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Ledger.EventStore;

namespace Ledger.Api.Http;

/// <summary>
/// JSON objects of a client's own making (<c>usage.requestData</c>), checked and brought into the one spelling that is stored: members sorted by
/// UTF-16 code units, no white space, numbers in plain notation (<see cref="CanonicalJson"/>).
/// </summary>
public static class FreeJson
{
    /// <summary>Most bytes of the canonical text.</summary>
    public const int BytesMax = 8 * 1024;

    /// <summary>Most levels; the object itself is the first.</summary>
    public const int DepthMax = 8;

    /// <summary>Most digits of a number, before and after the point together.</summary>
    public const int DigitsMax = 28;

    /// <summary>The canonical text of an object; false with the end of a sentence where it breaks a rule.</summary>
    public static bool TryCanonical(JsonElement element, [NotNullWhen(true)] out string? text, [NotNullWhen(false)] out string? what)
    {
        text = null;
        what = element.ValueKind == JsonValueKind.Object ? Check(element, 1) : "must be an object";
        if (what is not null) return false;
        var bytes = CanonicalJson.Of(element);
        if (bytes.Length > BytesMax)
        {
            what = $"must have at most {BytesMax} bytes";
            return false;
        }

        text = Encoding.UTF8.GetString(bytes);
        return true;
    }

    private static string? Check(JsonElement element, int depth)
    {
        if (depth > DepthMax && element.ValueKind is (JsonValueKind.Object or JsonValueKind.Array)) return $"is nested deeper than {DepthMax} levels";
        try
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.Object:
                    var names = new HashSet<string>(StringComparer.Ordinal);
                    foreach (var member in element.EnumerateObject())
                    {
                        if (!names.Add(member.Name)) return "holds an object with the same member twice";
                        if (JsonText.HasForbidden(member.Name)) return "holds a name with a control character";
                        if (Check(member.Value, depth + 1) is { } what) return what;
                    }

                    return null;
                case JsonValueKind.Array:
                    foreach (var item in element.EnumerateArray())
                    {
                        if (Check(item, depth + 1) is { } what) return what;
                    }

                    return null;
                case JsonValueKind.String:
                    return JsonText.HasForbidden(element.GetString()) ? "holds a text with a control character" : null;
                case JsonValueKind.Number:
                    return Digits(element.GetRawText()) > DigitsMax ? $"holds a number with more than {DigitsMax} digits" : null;
                default:
                    return null;
            }
        }
        catch (InvalidOperationException)
        {
            return "holds a text that is not UTF-8";
        }
    }

    private static int Digits(string number)
    {
        try
        {
            var plain = CanonicalJson.Number(number).AsSpan().TrimStart('-');
            return plain.StartsWith("0.") ? plain.Length - 2 : plain.Length - (plain.Contains('.') ? 1 : 0);
        }
        catch (JsonException)
        {
            return int.MaxValue;
        }
    }
}
