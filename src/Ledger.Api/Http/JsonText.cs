using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ledger.Api.Http;

/// <summary>A member of a request has the wrong form; the message is the end of a sentence that begins with the member.</summary>
internal sealed class MemberException(string message) : JsonException(message);

/// <summary>Texts as requests may hold them: whole Unicode characters, none of them a control character.</summary>
internal static class JsonText
{
    public const string Rule = "must be text in UTF-8 without control characters";

    /// <summary>Whether a text holds a control character (C0, DEL, C1) or half a surrogate pair; PostgreSQL's jsonb refuses some of them, and logs are read by people.</summary>
    public static bool HasForbidden(ReadOnlySpan<char> text)
    {
        if (!text.ContainsAnyInRange('\0', '\u001f') && !text.ContainsAnyInRange('\u007f', '\u009f') && !text.ContainsAnyInRange('\ud800', '\udfff')) return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]) || char.IsLowSurrogate(text[i])) return true;
            if (!char.IsHighSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])) return true;
            i++;
        }

        return false;
    }

    /// <summary>The text at the reader.</summary>
    /// <exception cref="MemberException">It is no text, or holds what no text may.</exception>
    public static string Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String) throw new MemberException("must be text");
        try
        {
            var text = reader.GetString()!;
            return HasForbidden(text) ? throw new MemberException(Rule) : text;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, or bytes that are not UTF-8.
            throw new MemberException(Rule);
        }
    }
}

/// <summary>Reads texts by <see cref="JsonText"/>'s rule.</summary>
internal sealed class TextConverter : JsonConverter<string>
{
    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => JsonText.Read(ref reader);

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new MemberException("has a name that is not UTF-8");
        }
    }

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WritePropertyName(value);
}

/// <summary>Reads a text of several lines, such as an address: what <see cref="JsonText"/> allows, and line feeds between.</summary>
internal sealed class LinesConverter : JsonConverter<string>
{
    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String) throw new MemberException("must be text");
        try
        {
            var text = reader.GetString()!.Replace("\r\n", "\n", StringComparison.Ordinal);
            return JsonText.HasForbidden(text.Replace('\n', ' ')) ? throw new MemberException(JsonText.Rule + " but line feeds") : text;
        }
        catch (InvalidOperationException)
        {
            throw new MemberException(JsonText.Rule);
        }
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}

/// <summary>Reads whole numbers, with words for people where there is none.</summary>
internal sealed class IntConverter : JsonConverter<int>
{
    public override int Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var value) ? value : throw new MemberException("must be a whole number of at most 2147483647");

    public override void Write(Utf8JsonWriter writer, int value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}

/// <summary>Reads whole numbers, with words for people where there is none.</summary>
internal sealed class LongConverter : JsonConverter<long>
{
    public override long Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) ? value : throw new MemberException("must be a whole number of at most 9223372036854775807");

    public override void Write(Utf8JsonWriter writer, long value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}

/// <summary>Reads true and false, with words for people where there is neither.</summary>
internal sealed class BoolConverter : JsonConverter<bool>
{
    public override bool Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw new MemberException("must be true or false"),
    };

    public override void Write(Utf8JsonWriter writer, bool value, JsonSerializerOptions options) => writer.WriteBooleanValue(value);
}
