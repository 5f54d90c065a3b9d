using System.Globalization;
using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Payments;

namespace Ledger.Providers;

/// <summary>Reads what providers send: lenient about what is there besides, strict about what must be there.</summary>
internal static class JsonReading
{
    // Seconds that a date can have; what lies beyond is no time.
    private const long SecondsMax = 253_402_300_799;

    /// <summary>The whole of a body, or null where it is no JSON.</summary>
    public static JsonElement? Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var document = JsonDocument.ParseValue(ref reader);
            // What comes after the value is no part of it.
            return reader.Read() ? null : document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A member that is there and not null.</summary>
    public static JsonElement? Member(this JsonElement element, string name)
    {
        try
        {
            return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) ? value : null;
        }
        catch (InvalidOperationException)
        {
            // A name beside it is no text (half of a surrogate pair): the reader finds out only when it compares.
            return null;
        }
    }

    /// <summary>A member of a member.</summary>
    public static JsonElement? Member(this JsonElement? element, string name) => element is { } there ? there.Member(name) : null;

    /// <summary>A text that is there and not empty.</summary>
    public static string? Text(this JsonElement? element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.String } value ? value.Words() : null;

    /// <summary>A text that is there and not empty.</summary>
    public static string? Text(this JsonElement element, string name) => ((JsonElement?)element).Text(name);

    /// <summary>A text, or a number as it is written: for members of which providers are not sure themselves.</summary>
    public static string? Written(this JsonElement element, string name) => element.Member(name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.Words(),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => null,
    };

    /// <summary>A text that must be there.</summary>
    public static string NeedText(this JsonElement element, string name) => element.Text(name) ?? throw Lacks(element, name);

    /// <summary>An id that comes as itself or as the object that it names.</summary>
    public static string? Id(this JsonElement? element, string name) => element.Member(name) switch
    {
        { ValueKind: JsonValueKind.String } id => id.Words(),
        { ValueKind: JsonValueKind.Object } whole => whole.Text("id"),
        _ => null,
    };

    /// <summary>An id that comes as itself or as the object that it names.</summary>
    public static string? Id(this JsonElement element, string name) => ((JsonElement?)element).Id(name);

    /// <summary>The object that an id was expanded to.</summary>
    public static JsonElement? Whole(this JsonElement element, string name) => element.Member(name) is { ValueKind: JsonValueKind.Object } whole ? whole : null;

    /// <summary>A whole number.</summary>
    public static long? Number(this JsonElement? element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : null;

    /// <summary>A whole number.</summary>
    public static long? Number(this JsonElement element, string name) => ((JsonElement?)element).Number(name);

    /// <summary>A whole number that must be there.</summary>
    public static long NeedNumber(this JsonElement element, string name) => element.Number(name) ?? throw Lacks(element, name);

    /// <summary>Whether a member is there and true.</summary>
    public static bool Is(this JsonElement? element, string name) => element.Member(name) is { ValueKind: JsonValueKind.True };

    /// <summary>Whether a member is there and true.</summary>
    public static bool Is(this JsonElement element, string name) => ((JsonElement?)element).Is(name);

    /// <summary>Unix seconds.</summary>
    public static DateTimeOffset? Seconds(this JsonElement? element, string name) =>
        element.Number(name) is { } seconds and >= 0 and <= SecondsMax ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    /// <summary>Unix seconds.</summary>
    public static DateTimeOffset? Seconds(this JsonElement element, string name) => ((JsonElement?)element).Seconds(name);

    /// <summary>The members of a list; none where there is no list.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement? element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    /// <summary>The members of a list; none where there is no list.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) => ((JsonElement?)element).Items(name);

    /// <summary>The texts of a list.</summary>
    public static string[] Texts(this JsonElement? element, string name) =>
        [.. element.Items(name).Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.Words()).OfType<string>()];

    /// <summary>What we wrote as metadata.</summary>
    public static LedgerMarks Marks(this JsonElement? metadata)
    {
        var (tenant, account, payment, credits) = (metadata.Text("ledger_tenant"), metadata.Text("ledger_account"), metadata.Text("ledger_payment"), metadata.Text("ledger_credits"));
        return tenant is null && account is null && payment is null && credits is null ? LedgerMarks.None : new LedgerMarks(tenant, account, payment, credits);
    }

    /// <summary>A decimal amount of a currency as money; null where it is none, or finer than the minor unit.</summary>
    public static Money? ReadDecimal(string? text, string currency)
    {
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var amount)) return null;
        if (!Currencies.TryGetDecimals(currency, out var decimals)) decimals = 2;
        for (; decimals > 0; decimals--)
        {
            if (Math.Abs(amount) > long.MaxValue) return null;
            amount *= 10;
        }

        return amount == Math.Truncate(amount) && Math.Abs(amount) <= long.MaxValue ? new Money((long)amount, currency) : null;
    }

    // JSON may hold what is no text: bytes that are no UTF-8, half of a surrogate pair; and a NUL, which the database keeps in none. It counts as not there.
    private static string? Words(this JsonElement value)
    {
        try
        {
            return value.GetString() is { Length: > 0 } text && !text.Contains('\0', StringComparison.Ordinal) ? text : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>What to throw for a member that is not there.</summary>
    public static UnreadableNotificationException Lacks(JsonElement element, string name) =>
        new($"{element.Text("object") ?? "The object"} {element.Text("id") ?? ""} has no {name} that can be read.");
}
