using System.Buffers;
using System.Text.Json;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain.Catalog;
using Ledger.EventStore;

namespace Ledger.Api.Catalog;

/// <summary>One kind of the catalogue's entries as the store sees them: streams <c>package/{id}</c>, <c>product/{id}</c> and <c>plan/{id}</c>.</summary>
/// <param name="kind">The kind.</param>
public sealed class CatalogModel(ItemKind kind) : IStreamModel
{
    /// <summary>The kind of the facts that say which plan holds a tier and interval.</summary>
    public const string SlotFact = "plan_slot";

    /// <summary>The models of all kinds.</summary>
    public static IReadOnlyList<CatalogModel> All { get; } = [.. Enum.GetValues<ItemKind>().Select(kind => new CatalogModel(kind))];

    /// <inheritdoc/>
    public string Kind { get; } = Words.Of(kind);

    /// <inheritdoc/>
    public short Format => 1;

    /// <summary>The stream of an entry.</summary>
    public static StreamRef StreamOf(string tenant, ItemKind kind, string id) => new(tenant, $"{Words.Of(kind)}/{id}");

    /// <summary>The kind and id of a stream.</summary>
    public static (ItemKind Kind, string Id) ItemOf(StreamRef stream)
    {
        var word = stream.Kind;
        return (Words.TryParse<ItemKind>(word.ToString(), out var kind) ? kind : throw new ArgumentException($"{stream} is no entry of the catalogue.", nameof(stream)), stream.Id[(word.Length + 1)..]);
    }

    /// <summary>The fact that says which plan holds a tier and interval.</summary>
    public static FactName SlotOf(string tenant, string slot) => new(new StreamRef(tenant, ""), SlotFact, slot);

    /// <summary>The plan that such a fact names; null where none holds the place.</summary>
    public static string? HolderOf(string? fact, string slot) => fact is null ? CatalogDefaults.HolderOf(slot) : JsonSerializer.Deserialize<Holder>(fact, EventJson.Catalog.Json)!.Plan;

    /// <inheritdoc/>
    public object Initial(StreamRef stream) => new State(CatalogItem.Begin(kind, ItemOf(stream).Id), null);

    /// <inheritdoc/>
    public object Evolve(object state, object @event, DateTimeOffset recordedAt)
    {
        var before = ((State)state).Item;
        return new State(before.Evolve((CatalogEvent)@event, recordedAt), before.Slot);
    }

    /// <summary>The entry of a state of this model.</summary>
    public static CatalogItem Of(object state) => ((State)state).Item;

    /// <inheritdoc/>
    public void Save(object state, IBufferWriter<byte> into)
    {
        var item = Of(state);
        using var writer = new Utf8JsonWriter(into);
        JsonSerializer.Serialize(writer, new Saved(item.Events, item.IsArchived, item.UpdatedAt, item.Entry as Package, item.Entry as Plan, item.Entry as Product), EventJson.Catalog.Json);
    }

    /// <inheritdoc/>
    public object Load(StreamRef stream, ReadOnlySpan<byte> saved)
    {
        var from = JsonSerializer.Deserialize<Saved>(saved, EventJson.Catalog.Json)!;
        return new State(
            new CatalogItem { Kind = kind, Id = ItemOf(stream).Id, Events = from.Events, IsArchived = from.IsArchived, UpdatedAt = from.UpdatedAt, Entry = (CatalogEntry?)from.Package ?? (CatalogEntry?)from.Plan ?? from.Product },
            null);
    }

    /// <inheritdoc/>
    public void CollectFacts(StreamRef stream, object state, ICollection<FactWrite> into)
    {
        ArgumentNullException.ThrowIfNull(into);
        var (item, left) = (State)state;
        if (left is not null && left != item.Slot) into.Add(new FactWrite(SlotOf(stream.Tenant, left), Write(null)));
        if (item.Slot is { } slot && slot != left) into.Add(new FactWrite(SlotOf(stream.Tenant, slot), Write(item.Id)));
    }

    /// <inheritdoc/>
    public DateTimeOffset? DueAt(object state) => null;

    private static string Write(string? plan) => JsonSerializer.Serialize(new Holder(plan), EventJson.Catalog.Json);

    /// <summary>An entry, and the tier and interval that it held before its last event. The latter is not saved.</summary>
    private sealed record State(CatalogItem Item, string? SlotBefore);

    private sealed record Saved(long Events, bool IsArchived, DateTimeOffset? UpdatedAt, Package? Package, Plan? Plan, Product? Product);

    private sealed record Holder(string? Plan);
}
