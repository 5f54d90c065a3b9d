using System.Text;
using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Exports;

/// <summary>An event as it is stored.</summary>
internal sealed record EventRow(
    long Position, Guid Id, string Stream, long Version, string Type, DateTimeOffset RecordedAt, string? Correlation, string? Causation, string? Actor, string? Hash, string Data);

/// <summary>The truth itself: every event, in the canonical form that its hash was taken of.</summary>
internal sealed class EventsExport : LogExport<EventRow>
{
    public override string Name => "events";

    public override string Summary => "Every event of the tenant, as it is stored.";

    protected override IReadOnlyList<Field> Fields { get; } =
    [
        Number("position", "Its place among all events of the ledger; it rises, with gaps where other tenants' events stand.", row => row.Position),
        Word("id", "Its own id.", row => row.Id.ToString()),
        Text("stream", "The stream that it belongs to: account/ and the account's id.", row => row.Stream),
        Number("version", "Its place in the stream, from 1, without gaps.", row => row.Version),
        Word("type", "What happened, such as credits_consumed.", row => row.Type),
        Time("recordedAt", "When it was recorded.", row => row.RecordedAt),
        Text("correlationId", "What it belongs to across systems.", row => row.Correlation),
        Text("causationId", "What caused it: the Idempotency-Key of its command.", row => row.Causation),
        Text("actor", "Whose credential posted the command.", row => row.Actor),
        Word("hash", "SHA-256 over the previous hash of the stream and all of this, in base64.", row => row.Hash),
        Json("data", "The event, in canonical JSON.", row => row.Data),
    ];

    protected override string Select =>
        "select e.seq_id, e.id, e.stream_id, e.version, e.type, e.timestamp, e.correlation_id, e.causation_id, e.headers->>'actor', e.headers->>'hash', e.data::text from ledger.mt_events e";

    protected override EventRow Read(NpgsqlDataReader reader, string tenant) => new(
        reader.GetInt64(0), reader.GetGuid(1), reader.GetString(2), reader.GetInt64(3), reader.GetString(4), TimeOf(reader, 5), TextOf(reader, 6), TextOf(reader, 7), TextOf(reader, 8), TextOf(reader, 9),
        Encoding.UTF8.GetString(CanonicalJson.Of(reader.GetString(10))));
}
