using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Ledger.EventStore;

/// <summary>
/// The one spelling of a JSON value that survives a jsonb column: members sorted by UTF-16 code units, no white space, numbers in plain
/// notation without needless zeros, strings escaped as little as JSON allows. Two values that jsonb holds equal have the same bytes,
/// and hashes are taken over these bytes. RFC 8785 (JSON Canonicalization Scheme) is the model; numbers differ, since they are exact here.
/// </summary>
public static class CanonicalJson
{
    /// <summary>More digits than this, on either side of the point, no number may have.</summary>
    public const int DigitsMax = 400;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>How canonical JSON escapes strings; a serializer that is to write canonical JSON uses the same.</summary>
    public static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>The canonical bytes of JSON text.</summary>
    /// <exception cref="JsonException">The text is not JSON, or a number has too many digits.</exception>
    public static byte[] Of(ReadOnlyMemory<byte> utf8)
    {
        using var document = JsonDocument.Parse(utf8);
        return Of(document.RootElement);
    }

    /// <summary>The canonical bytes of JSON text.</summary>
    public static byte[] Of(string json) => Of(Encoding.UTF8.GetBytes(json));

    /// <summary>The canonical bytes of a JSON value.</summary>
    public static byte[] Of(JsonElement element)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, Options)) Write(writer, element);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes a JSON value in its canonical spelling; the writer must escape with <see cref="Encoder"/>.</summary>
    public static void Write(Utf8JsonWriter writer, JsonElement element)
    {
        ArgumentNullException.ThrowIfNull(writer);
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in element.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray()) Write(writer, item);
                writer.WriteEndArray();
                break;
            case JsonValueKind.Number:
                writer.WriteRawValue(Number(element.GetRawText()), skipInputValidation: true);
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(element.GetString());
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }

    /// <summary>A JSON number in plain notation, without an exponent, a needless zero, or a sign before zero.</summary>
    /// <exception cref="JsonException">It has more than <see cref="DigitsMax"/> digits on one side of the point.</exception>
    public static string Number(string number)
    {
        ArgumentNullException.ThrowIfNull(number);
        var text = number.AsSpan();
        var negative = text[0] == '-';
        if (negative) text = text[1..];
        var exponent = 0;
        var e = text.IndexOfAny('e', 'E');
        if (e >= 0)
        {
            if (!int.TryParse(text[(e + 1)..], System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out exponent)) exponent = int.MaxValue;
            text = text[..e];
        }

        var point = text.IndexOf('.');
        var whole = point < 0 ? text : text[..point];
        var fraction = point < 0 ? [] : text[(point + 1)..];
        var digits = string.Concat(whole, fraction);
        var first = digits.AsSpan().IndexOfAnyExcept('0');
        if (first < 0) return "0";

        long scale = (long)whole.Length + exponent; // where the point stands in the digits
        var trimmed = digits.AsSpan().TrimEnd('0').ToString();
        if (scale - first > DigitsMax || trimmed.Length - scale > DigitsMax) throw new JsonException("A number has too many digits.");
        var result = new StringBuilder(negative ? "-" : "");
        if (scale <= first)
        {
            result.Append("0.").Append('0', (int)(first - scale)).Append(trimmed.AsSpan(first));
        }
        else if (scale >= trimmed.Length)
        {
            result.Append(trimmed.AsSpan(first)).Append('0', (int)(scale - trimmed.Length));
        }
        else
        {
            result.Append(trimmed.AsSpan(first, (int)scale - first)).Append('.').Append(trimmed.AsSpan((int)scale));
        }

        return result.ToString();
    }
}
