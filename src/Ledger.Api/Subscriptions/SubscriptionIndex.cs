using Ledger.Api.Billing;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;
using Ledger.EventStore.Projections;
using NpgsqlTypes;

namespace Ledger.Api.Subscriptions;

/// <summary>The key of a subscription.</summary>
internal readonly record struct SubscriptionKey(string Tenant, string Id);

/// <summary>A subscription in the index, as its last event left it.</summary>
internal sealed record SubscriptionRow
{
    public required SubscriptionKey Key { get; init; }

    public required long Version { get; init; }

    public required string Account { get; init; }

    public required string Provider { get; init; }

    public required string Status { get; init; }

    public required bool IsLive { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required DateTime UpdatedAt { get; init; }

    public required long Position { get; init; }
}

/// <summary>Which subscriptions there are, written in the commit of their events, so that who has begun one finds it in the list.</summary>
internal sealed class SubscriptionIndex : Projection
{
    private static readonly ProjectionTable<SubscriptionKey, SubscriptionRow> Subscriptions = new(
        "subscriptions",
        isLog: false,
        row => row.Key,
        [
            new ProjectionColumn<SubscriptionKey, string>("tenant_id", NpgsqlDbType.Text, key => key.Tenant),
            new ProjectionColumn<SubscriptionKey, string>("id", NpgsqlDbType.Text, key => key.Id),
        ],
        [
            new ProjectionColumn<SubscriptionRow, string>("tenant_id", NpgsqlDbType.Text, row => row.Key.Tenant),
            new ProjectionColumn<SubscriptionRow, string>("id", NpgsqlDbType.Text, row => row.Key.Id),
            new ProjectionColumn<SubscriptionRow, long>("version", NpgsqlDbType.Bigint, row => row.Version),
            new ProjectionColumn<SubscriptionRow, string>("account_id", NpgsqlDbType.Text, row => row.Account),
            new ProjectionColumn<SubscriptionRow, string>("provider", NpgsqlDbType.Text, row => row.Provider),
            new ProjectionColumn<SubscriptionRow, string>("status", NpgsqlDbType.Text, row => row.Status),
            new ProjectionColumn<SubscriptionRow, bool>("is_live", NpgsqlDbType.Boolean, row => row.IsLive),
            new ProjectionColumn<SubscriptionRow, DateTime>("created_at", NpgsqlDbType.TimestampTz, row => row.CreatedAt),
            new ProjectionColumn<SubscriptionRow, DateTime>("updated_at", NpgsqlDbType.TimestampTz, row => row.UpdatedAt),
            new ProjectionColumn<SubscriptionRow, long>("position", NpgsqlDbType.Bigint, row => row.Position),
        ],
        reader => new SubscriptionRow
        {
            Key = new(reader.GetString(0), reader.GetString(1)),
            Version = reader.GetInt64(2),
            Account = reader.GetString(3),
            Provider = reader.GetString(4),
            Status = reader.GetString(5),
            IsLive = reader.GetBoolean(6),
            CreatedAt = reader.GetDateTime(7),
            UpdatedAt = reader.GetDateTime(8),
            Position = reader.GetInt64(9),
        });

    public override string Name => "subscriptions";

    public override int Version => 1;

    public override bool IsInline => true;

    public override IReadOnlySet<Type> Handles { get; } = EventJson.EventTypes.Where(type => type.IsAssignableTo(typeof(SubscriptionEvent))).ToHashSet();

    public override IReadOnlyList<ProjectionTable> Tables { get; } = [Subscriptions];

    public override void Need(StoredEvent happened, RowNeeds needs)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(needs);
        if (happened.Data is not SubscriptionStarted) needs.Row(Subscriptions, KeyOf(happened));
    }

    public override void Apply(StoredEvent happened, Rows rows)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(rows);
        var status = ((SubscriptionEvent)happened.Data).Status;
        var row = First(happened) ?? rows.Find(Subscriptions, KeyOf(happened)) ?? throw new InvalidOperationException($"{happened.Stream} is not in the index of subscriptions.");
        rows.Put(Subscriptions, row with { Version = happened.Version, Provider = ProviderOf(happened.Data) ?? row.Provider, Status = Words.Of(status), IsLive = IsLive(status), UpdatedAt = happened.RecordedAt.UtcDateTime });
    }

    /// <summary>Who renews it from this event on; null where that stays.</summary>
    private static string? ProviderOf(object happened) => happened switch
    {
        TrialPaid paid => paid.Provider,
        PeriodStarted started => started.Provider,
        _ => null,
    };

    private static bool IsLive(SubscriptionStatus status) => Subscription.None(default) with { Version = 1, Status = status } is { IsLive: true };

    private static SubscriptionKey KeyOf(StoredEvent happened) => new(Tenants.Stored(happened.Stream.Tenant), SubscriptionModel.SubscriptionOf(happened.Stream).Value);

    private static SubscriptionRow? First(StoredEvent happened) => happened.Data is not SubscriptionStarted e ? null : new SubscriptionRow
    {
        Key = KeyOf(happened),
        Version = happened.Version,
        Account = e.Account.Value,
        Provider = e.Provider,
        Status = Words.Of(e.Status),
        IsLive = IsLive(e.Status),
        CreatedAt = happened.RecordedAt.UtcDateTime,
        UpdatedAt = happened.RecordedAt.UtcDateTime,
        Position = happened.SeqId,
    };
}
