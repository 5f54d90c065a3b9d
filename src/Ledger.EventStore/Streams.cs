namespace Ledger.EventStore;

/// <summary>A stream's full name: the tenant that it belongs to and its id within that tenant.</summary>
/// <param name="Tenant">The tenant, as clients name it; see <see cref="Tenants"/> for how it is stored.</param>
/// <param name="Id">The id, by convention <c>{kind}/{id}</c>, so that kinds never meet.</param>
public readonly record struct StreamRef(string Tenant, string Id)
{
    /// <summary>What stands before the first slash of the id; the whole id where there is none.</summary>
    public ReadOnlySpan<char> Kind
    {
        get
        {
            var slash = Id.IndexOf('/', StringComparison.Ordinal);
            return slash < 0 ? Id : Id.AsSpan(0, slash);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Tenant}:{Id}";
}

/// <summary>How a tenant's name is stored. Marten keeps the tenant without a name as <c>*DEFAULT*</c>; here that one is called <c>default</c>.</summary>
public static class Tenants
{
    /// <summary>The name of the tenant that is always there.</summary>
    public const string Default = "default";

    /// <summary>What the column holds for it.</summary>
    public const string StoredDefault = "*DEFAULT*";

    /// <summary>The column's value for a tenant's name.</summary>
    public static string Stored(string tenant) => tenant == Default ? StoredDefault : tenant;

    /// <summary>The tenant's name for a column's value.</summary>
    public static string Named(string stored) => stored == StoredDefault ? Default : stored;
}

/// <summary>An event as it is stored: an immutable fact of one stream.</summary>
/// <param name="SeqId">Its position among all events of the database; positions rise in the order of commits.</param>
/// <param name="Id">Its own id: the first 16 bytes of its hash.</param>
/// <param name="Stream">The stream that it belongs to.</param>
/// <param name="Version">Its place in the stream, from 1, without gaps.</param>
/// <param name="Type">The stored name of its type.</param>
/// <param name="Data">The event itself, brought up to the newest form of its type.</param>
/// <param name="RecordedAt">When it was recorded: UTC, whole microseconds, never before the event ahead of it in its stream.</param>
/// <param name="Meta">Who and what made it.</param>
/// <param name="Hash">SHA-256 over the previous hash of its stream and all of the above; see <see cref="EventHash"/>.</param>
public sealed record StoredEvent(
    long SeqId, Guid Id, StreamRef Stream, long Version, string Type, object Data, DateTimeOffset RecordedAt, EventMeta Meta, ReadOnlyMemory<byte> Hash);

/// <summary>Who and what made an event.</summary>
/// <param name="Correlation">What it belongs to across systems, such as a trace id; null where nothing is known.</param>
/// <param name="Causation">What caused it: the idempotency key of the command; null where there was none.</param>
/// <param name="Actor">Who posted the command, such as the id of an API key; null where nobody did.</param>
public sealed record EventMeta(string? Correlation, string? Causation, string? Actor)
{
    /// <summary>Nothing is known.</summary>
    public static EventMeta None { get; } = new(null, null, null);
}

/// <summary>Names a keyed fact.</summary>
/// <param name="Stream">The stream that it belongs to; an empty id for a fact of the whole tenant.</param>
/// <param name="Kind">What sort of fact.</param>
/// <param name="Key">Its key within the stream and kind.</param>
public readonly record struct FactName(StreamRef Stream, string Kind, string Key);

/// <summary>A keyed fact that is to be written, over an older one of the same name where there is one.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Data">Its body as JSON text.</param>
public readonly record struct FactWrite(FactName Name, string Data);
