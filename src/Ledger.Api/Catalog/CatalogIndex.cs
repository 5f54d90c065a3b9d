using System.Text.Json;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain.Catalog;
using Ledger.EventStore;
using Ledger.EventStore.Projections;
using NpgsqlTypes;

namespace Ledger.Api.Catalog;

/// <summary>The key of an entry.</summary>
internal readonly record struct CatalogKey(string Tenant, string Kind, string Id);

/// <summary>An entry as it is now; <paramref name="Entry"/> is its JSON.</summary>
internal sealed record CatalogRow(CatalogKey Key, long Version, string Name, long? Price, string? Currency, bool Active, bool Archived, int SortOrder, DateTime UpdatedAt, string Entry)
{
    /// <summary>The row of an entry.</summary>
    public static CatalogRow Of(CatalogKey key, CatalogItem item)
    {
        var entry = item.Entry!;
        return new CatalogRow(
            key, item.Version, entry.Name, entry.Cost()?.Amount, entry.Cost()?.Currency, item.IsForSale, item.IsArchived, entry.Order(), (item.UpdatedAt ?? DateTimeOffset.UnixEpoch).UtcDateTime,
            JsonSerializer.Serialize(entry, entry.GetType(), EventJson.Catalog.Json));
    }

    /// <summary>The entry of a row.</summary>
    public static CatalogEntry Read(ItemKind kind, string json) => kind switch
    {
        ItemKind.Package => JsonSerializer.Deserialize<Package>(json, EventJson.Catalog.Json)!,
        ItemKind.Plan => JsonSerializer.Deserialize<Plan>(json, EventJson.Catalog.Json)!,
        _ => JsonSerializer.Deserialize<Product>(json, EventJson.Catalog.Json)!,
    };
}

/// <summary>What each tenant sells, written in the commit of its events, so that who has put something up finds it in the list.</summary>
internal sealed class CatalogIndex : Projection
{
    private static readonly ProjectionTable<CatalogKey, CatalogRow> Entries = new(
        "catalog",
        isLog: false,
        row => row.Key,
        [
            new ProjectionColumn<CatalogKey, string>("tenant_id", NpgsqlDbType.Text, key => key.Tenant),
            new ProjectionColumn<CatalogKey, string>("kind", NpgsqlDbType.Text, key => key.Kind),
            new ProjectionColumn<CatalogKey, string>("id", NpgsqlDbType.Text, key => key.Id),
        ],
        [
            new ProjectionColumn<CatalogRow, string>("tenant_id", NpgsqlDbType.Text, row => row.Key.Tenant),
            new ProjectionColumn<CatalogRow, string>("kind", NpgsqlDbType.Text, row => row.Key.Kind),
            new ProjectionColumn<CatalogRow, string>("id", NpgsqlDbType.Text, row => row.Key.Id),
            new ProjectionColumn<CatalogRow, long>("version", NpgsqlDbType.Bigint, row => row.Version),
            new ProjectionColumn<CatalogRow, string>("name", NpgsqlDbType.Text, row => row.Name),
            new ProjectionColumn<CatalogRow, long?>("price", NpgsqlDbType.Bigint, row => row.Price),
            new ProjectionColumn<CatalogRow, string?>("currency", NpgsqlDbType.Text, row => row.Currency),
            new ProjectionColumn<CatalogRow, bool>("active", NpgsqlDbType.Boolean, row => row.Active),
            new ProjectionColumn<CatalogRow, bool>("archived", NpgsqlDbType.Boolean, row => row.Archived),
            new ProjectionColumn<CatalogRow, int>("sort_order", NpgsqlDbType.Integer, row => row.SortOrder),
            new ProjectionColumn<CatalogRow, DateTime>("updated_at", NpgsqlDbType.TimestampTz, row => row.UpdatedAt),
            new ProjectionColumn<CatalogRow, string>("entry", NpgsqlDbType.Text, row => row.Entry),
        ],
        reader => new CatalogRow(
            new(reader.GetString(0), reader.GetString(1), reader.GetString(2)), reader.GetInt64(3), reader.GetString(4), reader.IsDBNull(5) ? null : reader.GetInt64(5), reader.IsDBNull(6) ? null : reader.GetString(6),
            reader.GetBoolean(7), reader.GetBoolean(8), reader.GetInt32(9), reader.GetDateTime(10), reader.GetString(11)));

    public override string Name => "catalog";

    public override int Version => 1;

    public override bool IsInline => true;

    public override IReadOnlySet<Type> Handles { get; } = EventJson.EventTypes.Where(type => type.IsAssignableTo(typeof(CatalogEvent))).ToHashSet();

    public override IReadOnlyList<ProjectionTable> Tables { get; } = [Entries];

    public override void Need(StoredEvent happened, RowNeeds needs)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(needs);
        needs.Row(Entries, KeyOf(happened));
    }

    public override void Apply(StoredEvent happened, Rows rows)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(rows);
        var (kind, id) = CatalogModel.ItemOf(happened.Stream);
        var key = KeyOf(happened);
        var before = CatalogItem.Begin(kind, id) with { Events = happened.Version - 1 };
        if (rows.Find(Entries, key) is { } row) before = before with { Entry = CatalogRow.Read(kind, row.Entry) };
        rows.Put(Entries, CatalogRow.Of(key, before.Evolve((CatalogEvent)happened.Data, happened.RecordedAt)));
    }

    private static CatalogKey KeyOf(StoredEvent happened)
    {
        var (kind, id) = CatalogModel.ItemOf(happened.Stream);
        return new(Tenants.Stored(happened.Stream.Tenant), Words.Of(kind), id);
    }
}
