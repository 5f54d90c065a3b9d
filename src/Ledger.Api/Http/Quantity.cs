using System.Text.Json;
using System.Text.Json.Serialization;
using Ledger.Domain;
using Ledger.Domain.Quotas;

namespace Ledger.Api.Http;

/// <summary>How much of a metric, in requests: as exact as credits and far larger, for bytes are small. Up to <see cref="Metrics.QuantityMax"/> either way.</summary>
/// <param name="Value">The amount.</param>
[JsonConverter(typeof(QuantityConverter))]
public readonly record struct Quantity(Credits Value);

/// <summary>Quantities in JSON: read and written as credits are, up to more.</summary>
internal sealed class QuantityConverter : JsonConverter<Quantity>
{
    private static readonly string TooMuch = $"must be at most {Metrics.QuantityMax}, and at least -{Metrics.QuantityMax}";

    public override Quantity Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var read = CreditsConverter.Read(ref reader, TooMuch);
        return Credits.Abs(read) > Metrics.QuantityMax ? throw new MemberException(TooMuch) : new Quantity(read);
    }

    public override void Write(Utf8JsonWriter writer, Quantity value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value.Value, options);
}
