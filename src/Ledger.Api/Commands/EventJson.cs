using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ledger.Api.Quotas;
using Ledger.Api.Subscriptions;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Profiles;
using Ledger.Domain.Subscriptions;
using Ledger.Domain.Quotas;
using Ledger.EventStore;

namespace Ledger.Api.Commands;

/// <summary>How the domain's events and facts are written: amounts as exact numbers, ids as text, what is absent left out. Golden files pin it.</summary>
public static class EventJson
{
    /// <summary>The families of events.</summary>
    private static readonly Type[] Families = [typeof(AccountEvent), typeof(CatalogEvent), typeof(PaymentEvent), typeof(CustomerEvent), typeof(SubscriptionEvent), typeof(SubscriberEvent), typeof(InvoicingEvent), typeof(InvoiceEvent), typeof(QuotaEvent), typeof(ProfileEvent)];

    /// <summary>Every type of event that is written. Found by reflection once, so a new event needs no entry anywhere.</summary>
    public static IReadOnlyList<Type> EventTypes { get; } =
        typeof(AccountEvent).Assembly.GetTypes().Where(t => t.IsSealed && Families.Any(t.IsAssignableTo)).OrderBy(t => t.Name, StringComparer.Ordinal).ToList();

    /// <summary>The catalogue of all events.</summary>
    public static EventCatalog Catalog { get; } = new(EventTypes,
    [
        new CreditsNumbers(), new RawJson(), new MetadataMembers(), new ValueLists(),
        new Texts<AccountId>(t => new AccountId(t), v => v.Value), new Texts<TransactionId>(t => new TransactionId(t), v => v.Value),
        new Texts<LotId>(t => new LotId(t), v => v.Value), new Texts<HoldId>(t => new HoldId(t), v => v.Value),
        new Texts<PaymentId>(t => new PaymentId(t), v => v.Value), new Texts<SubscriptionId>(t => new SubscriptionId(t), v => v.Value),
        new Texts<InvoiceId>(t => new InvoiceId(t), v => v.Value),
    ])
    {
        MessageOf = happened => QuotaMessages.Of(happened) ?? SubscriptionMessages.Of(happened),
    };

    /// <summary>How events are shown to clients that want decimals as strings; never how they are stored.</summary>
    public static JsonSerializerOptions WithDecimalsAsStrings { get; } = Strings();

    /// <summary>The JSON text of a fact's body.</summary>
    public static string Write(FactBody body) => JsonSerializer.Serialize(body, body.GetType(), Catalog.Json);

    /// <summary>The body of a fact of this kind.</summary>
    public static FactBody ReadFact(string kind, string json) => (FactBody)JsonSerializer.Deserialize(json, TypeOf(kind), Catalog.Json)!;

    private static JsonSerializerOptions Strings()
    {
        var options = new JsonSerializerOptions(Catalog.Json);
        options.Converters.Insert(0, new CreditsStrings());
        options.MakeReadOnly();
        return options;
    }

    private static Type TypeOf(string kind) => kind switch
    {
        "lot" => typeof(LotClosed),
        "hold" => typeof(HoldEnded),
        "resource" => typeof(ResourceCharged),
        "payment" => typeof(PaymentCounted),
        "refunds" => typeof(ConsumptionRefunds),
        _ when kind.StartsWith("paid:", StringComparison.Ordinal) => typeof(DebtPaid),
        _ => throw new InvalidOperationException($"There is no fact of the kind {kind}."),
    };

    private sealed class CreditsNumbers : JsonConverter<Credits>
    {
        public override Credits Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetDecimal());

        public override void Write(Utf8JsonWriter writer, Credits value, JsonSerializerOptions options)
        {
            Span<byte> text = stackalloc byte[Credits.LengthMax];
            if (!value.TryFormat(text, out var written)) throw new JsonException("An amount is too long.");
            writer.WriteRawValue(text[..written], skipInputValidation: true);
        }
    }

    private sealed class CreditsStrings : JsonConverter<Credits>
    {
        public override Credits Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, Credits value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }

    /// <summary>What a call was asked is kept as the JSON that it was, in canonical spelling.</summary>
    private sealed class RawJson : JsonConverter<Usage>
    {
        public override Usage Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var document = JsonDocument.ParseValue(ref reader);
            var usage = document.RootElement;
            long? Whole(string name) => usage.TryGetProperty(name, out var value) ? value.GetInt64() : null;
            return new Usage(
                Whole("inputTokens"), Whole("outputTokens"), Whole("processingTimeMs"), usage.TryGetProperty("success", out var success) ? success.GetBoolean() : null,
                usage.TryGetProperty("errorMessage", out var error) ? error.GetString() : null,
                usage.TryGetProperty("requestData", out var data) ? System.Text.Encoding.UTF8.GetString(CanonicalJson.Of(data)) : null);
        }

        public override void Write(Utf8JsonWriter writer, Usage value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            if (value.ErrorMessage is not null) writer.WriteString("errorMessage"u8, value.ErrorMessage);
            if (value.InputTokens is { } input) writer.WriteNumber("inputTokens"u8, input);
            if (value.OutputTokens is { } output) writer.WriteNumber("outputTokens"u8, output);
            if (value.ProcessingTimeMs is { } time) writer.WriteNumber("processingTimeMs"u8, time);
            if (value.RequestData is not null)
            {
                writer.WritePropertyName("requestData"u8);
                writer.WriteRawValue(value.RequestData, skipInputValidation: true);
            }

            if (value.Success is { } success) writer.WriteBoolean("success"u8, success);
            writer.WriteEndObject();
        }
    }

    private sealed class MetadataMembers : JsonConverter<Metadata>
    {
        public override Metadata Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var members = new List<KeyValuePair<string, string>>();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                members.Add(new(name, reader.GetString()!));
            }

            return Metadata.Of(members);
        }

        public override void Write(Utf8JsonWriter writer, Metadata value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            foreach (var (name, text) in value) writer.WriteString(name, text);
            writer.WriteEndObject();
        }
    }

    private sealed class Texts<T>(Func<string, T> read, Func<T, string> write) : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => read(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(write(value));
    }

    private sealed class ValueLists : JsonConverterFactory
    {
        public override bool CanConvert(Type typeToConvert) => typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(ValueList<>);

        public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
            (JsonConverter)Activator.CreateInstance(typeof(Of<>).MakeGenericType(typeToConvert.GenericTypeArguments))!;

        private sealed class Of<T> : JsonConverter<ValueList<T>>
        {
            public override ValueList<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
                ValueList.Create<T>(JsonSerializer.Deserialize<T[]>(ref reader, options)!);

            public override void Write(Utf8JsonWriter writer, ValueList<T> value, JsonSerializerOptions options)
            {
                writer.WriteStartArray();
                foreach (var item in value) JsonSerializer.Serialize(writer, item, options);
                writer.WriteEndArray();
            }
        }
    }
}
