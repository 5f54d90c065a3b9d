using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ledger.Api.Http;

/// <summary>Enums as lower snake case words, exactly: no number, no other case, no list of flags.</summary>
public static class Words
{
    /// <summary>What a client is told about another word.</summary>
    public static string Rule<T>() where T : struct, Enum => Table<T>.Rule;

    /// <summary>All words, in the order of the values.</summary>
    public static IReadOnlyCollection<string> All<T>() where T : struct, Enum => Table<T>.ByWord.Keys;

    /// <summary>The value that a word stands for.</summary>
    public static bool TryParse<T>(string word, out T value) where T : struct, Enum => Table<T>.ByWord.TryGetValue(word, out value);

    /// <summary>The word for a value.</summary>
    public static string Of<T>(T value) where T : struct, Enum => Table<T>.ByValue[value].Value;

    internal static JsonEncodedText Encoded<T>(T value) where T : struct, Enum => Table<T>.ByValue[value];

    private static class Table<T> where T : struct, Enum
    {
        public static readonly Dictionary<string, T> ByWord = Enum.GetValues<T>().ToDictionary(v => JsonNamingPolicy.SnakeCaseLower.ConvertName(v.ToString()), StringComparer.Ordinal);

        public static readonly Dictionary<T, JsonEncodedText> ByValue = ByWord.ToDictionary(p => p.Value, p => JsonEncodedText.Encode(p.Key));

        public static readonly string Rule = "must be one of " + string.Join(", ", ByWord.Keys);
    }
}

/// <summary>Reads and writes every enum by <see cref="Words"/>.</summary>
internal sealed class WordConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) => typeToConvert.IsEnum;

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(WordConverter<>).MakeGenericType(typeToConvert))!;
}

/// <summary>Reads and writes one enum by <see cref="Words"/>.</summary>
internal sealed class WordConverter<T> : JsonConverter<T> where T : struct, Enum
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Words.TryParse<T>(JsonText.Read(ref reader), out var value) ? value : throw new MemberException(Words.Rule<T>());

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(Words.Encoded(value));
}
