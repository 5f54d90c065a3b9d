using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Ledger.EventStore;

/// <summary>
/// The names and JSON of all events. A type is stored under its class name in snake case (Marten's rule), its members in camel case, absent
/// ones left out, in canonical JSON. Old forms are brought up to date when they are read and are never written again.
/// </summary>
public sealed class EventCatalog
{
    private readonly Dictionary<Type, (string Name, JsonTypeInfo Info)> names = [];
    private readonly Dictionary<string, Func<JsonElement, object>> olderForms = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonTypeInfo> types = new(StringComparer.Ordinal);

    [ThreadStatic]
    private static Utf8JsonWriter? spareWriter;

    /// <summary>A catalogue of the given event types.</summary>
    /// <param name="eventTypes">Every type of event that is written.</param>
    /// <param name="converters">How value types of the rooms above are written; they must write canonical JSON.</param>
    public EventCatalog(IEnumerable<Type> eventTypes, IEnumerable<JsonConverter> converters)
    {
        ArgumentNullException.ThrowIfNull(eventTypes);
        ArgumentNullException.ThrowIfNull(converters);
        Json = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            Encoder = CanonicalJson.Encoder,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { SortMembers } },
        };
        foreach (var converter in converters) Json.Converters.Add(converter);
        Json.Converters.Add(new ExactDecimals());
        Json.Converters.Add(new MicrosecondTimes());
        Json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower));
        Json.MakeReadOnly();
        var written = new JsonSerializerOptions(Json) { TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { SortMembers, LeaveOutFlagsThatAreDown } } };
        written.MakeReadOnly();
        foreach (var type in eventTypes)
        {
            var name = JsonNamingPolicy.SnakeCaseLower.ConvertName(type.Name);
            names.Add(type, (name, written.GetTypeInfo(type)));
            types.Add(name, Json.GetTypeInfo(type));
        }
    }

    /// <summary>The options that events are read and shown with, and that facts and saved states are written with. What these write never changes: verification compares it with what older builds left.</summary>
    public JsonSerializerOptions Json { get; }

    /// <summary>What of an event leaves as a message of the outbox, in the commit of the event; null for nothing. Pure.</summary>
    public Func<StoredEvent, OutboxMessage?>? MessageOf { get; init; }

    /// <summary>The stored names of all events that are written, in alphabetical order.</summary>
    public IEnumerable<string> Names => types.Keys.Order(StringComparer.Ordinal);

    /// <summary>Says how an older form of an event, stored under a name of its own, becomes an event of today.</summary>
    /// <param name="name">The stored name of the older form, such as <c>thing_made_v1</c>.</param>
    /// <param name="upcast">Makes today's event from the stored JSON. Pure.</param>
    public EventCatalog WithOlderForm(string name, Func<JsonElement, object> upcast)
    {
        if (types.ContainsKey(name)) throw new ArgumentException($"{name} is written today: an older form has a name of its own.", nameof(name));
        olderForms.Add(name, upcast);
        return this;
    }

    /// <summary>The stored name of an event's type.</summary>
    public string NameOf(object @event) =>
        names.TryGetValue(@event.GetType(), out var entry) ? entry.Name : throw new InvalidOperationException($"{@event.GetType().Name} is not in the catalogue of events.");

    /// <summary>What is stored under this name: today's type of event, null for an older form, which tells its type only when it is read.</summary>
    /// <exception cref="UnknownEventException">No event of that name is known: the database was written by a newer program.</exception>
    internal Type? TypeOf(string name) =>
        types.TryGetValue(name, out var info) ? info.Type : olderForms.ContainsKey(name) ? null : throw new UnknownEventException(name);

    /// <summary>The stored names under which events of these types are found, older forms included.</summary>
    internal IEnumerable<string> NamesOf(IReadOnlySet<Type> wanted) => types.Where(t => wanted.Contains(t.Value.Type)).Select(t => t.Key).Concat(olderForms.Keys);

    /// <summary>The canonical JSON of an event, as UTF-8.</summary>
    public void Write(object @event, IBufferWriter<byte> into)
    {
        if (!names.TryGetValue(@event.GetType(), out var entry)) throw new InvalidOperationException($"{@event.GetType().Name} is not in the catalogue of events.");
        // Given back only where all goes well, so a fault leaves nothing behind for the next event.
        var writer = spareWriter;
        spareWriter = null;
        if (writer is null) writer = new Utf8JsonWriter(into, new JsonWriterOptions { Encoder = CanonicalJson.Encoder, SkipValidation = true });
        else writer.Reset(into);
        JsonSerializer.Serialize(writer, @event, entry.Info);
        writer.Flush();
        spareWriter = writer;
    }

    /// <summary>The event that stored JSON stands for, brought up to date.</summary>
    /// <exception cref="UnknownEventException">No event of that name is known: the database was written by a newer program.</exception>
    public object Read(string name, ReadOnlySpan<byte> json)
    {
        if (types.TryGetValue(name, out var info)) return JsonSerializer.Deserialize(json, info)!;
        if (!olderForms.TryGetValue(name, out var upcast)) throw new UnknownEventException(name);
        using var document = JsonDocument.Parse(json.ToArray());
        return upcast(document.RootElement);
    }

    /// <summary>The event that stored JSON stands for, brought up to date.</summary>
    public object Read(string name, string json) => Read(name, Encoding.UTF8.GetBytes(json));

    private static void SortMembers(JsonTypeInfo info)
    {
        if (info.Kind != JsonTypeInfoKind.Object) return;
        // Members that a type computes from others are no part of what is stored.
        for (var i = info.Properties.Count - 1; i >= 0; i--)
        {
            if (info.Properties[i].Set is null && !info.Properties[i].IsRequired && !HasParameter(info.Type, info.Properties[i].Name)) info.Properties.RemoveAt(i);
        }

        var sorted = info.Properties.OrderBy(p => p.Name, StringComparer.Ordinal).ToList();
        for (var i = 0; i < sorted.Count; i++) sorted[i].Order = i;
    }

    [SuppressMessage("Trimming", "IL2070", Justification = "The service is not trimmed.")]
    private static bool HasParameter(Type type, string name) =>
        type.GetConstructors().Any(c => c.GetParameters().Any(p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase)));

    /// <summary>A flag that is down by default says nothing while it is: it would be stored with every event. Of events only; older ones that have it read the same.</summary>
    private static void LeaveOutFlagsThatAreDown(JsonTypeInfo info)
    {
        foreach (var flag in info.Properties.Where(p => p.PropertyType == typeof(bool) && IsDownByDefault(info.Type, p.Name))) flag.ShouldSerialize = static (_, value) => value is true;
    }

    [SuppressMessage("Trimming", "IL2070", Justification = "The service is not trimmed.")]
    private static bool IsDownByDefault(Type type, string name) =>
        type.GetConstructors().Any(c => c.GetParameters().Any(p => p is { HasDefaultValue: true, DefaultValue: false } && string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase)));

    private sealed class ExactDecimals : JsonConverter<decimal>
    {
        public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDecimal();

        public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options) =>
            writer.WriteRawValue(CanonicalJson.Number(value.ToString(CultureInfo.InvariantCulture)), skipInputValidation: true);
    }

    private sealed class MicrosecondTimes : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset().ToUniversalTime();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
        {
            Span<byte> text = stackalloc byte[32];
            value.UtcDateTime.TryFormat(text, out var written, value.Ticks % TimeSpan.TicksPerSecond == 0 ? "yyyy-MM-ddTHH:mm:ss'Z'" : "yyyy-MM-ddTHH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
            writer.WriteStringValue(text[..written]);
        }
    }
}

/// <summary>An event was stored under a name that this program does not know.</summary>
public sealed class UnknownEventException(string name) : Exception($"The event type {name} is not known to this version of the program.")
{
    /// <summary>The stored name.</summary>
    public string TypeName { get; } = name;
}
