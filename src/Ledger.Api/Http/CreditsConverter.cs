using System.Text.Json;
using System.Text.Json.Serialization;
using Ledger.Domain;

namespace Ledger.Api.Http;

/// <summary>
/// Credits in JSON: reads a number (with an exponent where it is exact) or a plain string, and writes a number, or a string for clients
/// whose numbers are binary.
/// </summary>
/// <param name="asStrings">Whether strings are written.</param>
internal sealed class CreditsConverter(bool asStrings) : JsonConverter<Credits>
{
    private const string Rule = "must be a decimal number or a string such as \"12.5\"";
    private static readonly string Decimals = $"must have at most {Credits.ScaleMax} decimals";
    private static readonly string TooMuch = $"must be at most {Credits.AmountMax}, and at least -{Credits.AmountMax}";

    public override Credits Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var read = Read(ref reader, TooMuch);
        return Credits.Abs(read) > Credits.AmountMax ? throw new MemberException(TooMuch) : read;
    }

    /// <summary>Reads an exact amount of any size.</summary>
    /// <param name="reader">At the number, or the string.</param>
    /// <param name="tooMuch">What is said of a number that no amount can be.</param>
    internal static Credits Read(ref Utf8JsonReader reader, string tooMuch)
    {
        var read = reader.TokenType switch
        {
            JsonTokenType.Number => Credits.TryParseNumber(reader.ValueSpan, out var number) ? number : throw new MemberException(tooMuch + ", with at most 28 digits"),
            JsonTokenType.String when !reader.ValueIsEscaped => Credits.TryParse(reader.ValueSpan, out var text) ? text : throw new MemberException(Rule),
            _ => throw new MemberException(Rule),
        };
        return read.Value.Scale > Credits.ScaleMax && read.Scale > Credits.ScaleMax ? throw new MemberException(Decimals) : read;
    }

    public override void Write(Utf8JsonWriter writer, Credits value, JsonSerializerOptions options)
    {
        Span<byte> text = stackalloc byte[Credits.LengthMax];
        value.TryFormat(text, out var length);
        if (asStrings) writer.WriteStringValue(text[..length]);
        else writer.WriteRawValue(text[..length], skipInputValidation: true);
    }
}

/// <summary>Money in an answer: <c>{ "amount": 1500, "currency": "usd" }</c>.</summary>
internal sealed class MoneyConverter : JsonConverter<Money>
{
    public override Money Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException($"Requests take {nameof(MoneyBody)}, so that each of its members is checked by name.");

    public override void Write(Utf8JsonWriter writer, Money value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteNumber("amount"u8, value.Amount);
        writer.WriteString("currency"u8, value.Currency);
        writer.WriteEndObject();
    }
}

/// <summary>An id of the domain in an answer, as its text.</summary>
internal sealed class IdConverter<T>(Func<T, string> text) : JsonConverter<T> where T : struct
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Requests take ids as text, so that they are checked by name.");

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(text(value));
}
