using Ledger.Api.Commands;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Ledger.EventStore.Projections;

namespace Ledger.Api.ReadModels;

/// <summary>
/// What was used, by the hour in which it occurred. A call is a consumption, at once or by a capture, or what the release of a hold logged. Refunds stand in
/// <c>ledger.transactions</c>; the view <c>ledger.usage</c> counts them where their consumptions count.
/// </summary>
internal sealed class UsageProjection : Projection
{
    /// <summary>Its name, for those that wait for it.</summary>
    public const string ItsName = "usage";

    public override string Name => ItsName;

    public override int Version => 1;

    public override IReadOnlySet<Type> Handles { get; } = EventJson.EventTypes
        .Where(type => type.IsAssignableTo(typeof(ConsumptionEvent)) || type == typeof(HoldPlaced) || type == typeof(HoldReleased)).ToHashSet();

    public override IReadOnlyList<ProjectionTable> Tables { get; } = [UsageTables.Hours, UsageTables.HoldPurposes, UsageTables.UnchargedCalls];

    public override void Need(StoredEvent happened, RowNeeds needs)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(needs);
        switch (happened.Data)
        {
            case ConsumptionEvent e:
                needs.Row(UsageTables.Hours, KeyOf(happened, e.Note, e.Spending?.Service, e.Spending?.Operation, e.Note?.Actor));
                break;
            case HoldReleased { Usage: not null } e:
                needs.Row(UsageTables.HoldPurposes, VersionOf(happened, e.Hold.Version));
                break;
        }
    }

    public override void Apply(StoredEvent happened, Rows rows)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(rows);
        switch (happened.Data)
        {
            case ConsumptionEvent e:
                var key = KeyOf(happened, e.Note, e.Spending?.Service, e.Spending?.Operation, e.Note?.Actor);
                rows.Put(UsageTables.Hours, (rows.Find(UsageTables.Hours, key) ?? new UsageRow(key, 0, 0, 0, 0, null, null, null)).With(e.Amount.Value, e.Spending?.Usage));
                break;
            case HoldPlaced e when e.Spending is not null || e.Note?.Actor is not null:
                rows.Put(UsageTables.HoldPurposes, new HoldPurposeRow(VersionOf(happened, happened.Version), e.Spending?.Service, e.Spending?.Operation, e.Spending?.Resource, e.Note?.Actor));
                break;
            case HoldReleased { Usage: { } usage } e:
                var purpose = rows.Find(UsageTables.HoldPurposes, VersionOf(happened, e.Hold.Version));
                var occurredAt = (e.Note?.OccurredAt ?? happened.RecordedAt).UtcDateTime;
                rows.Put(UsageTables.UnchargedCalls, new UnchargedCallRow(
                    VersionOf(happened, happened.Version), occurredAt, usage, purpose?.Service, purpose?.Operation, purpose?.Resource, e.Note?.Actor ?? purpose?.Actor));
                break;
        }
    }

    private static VersionKey VersionOf(StoredEvent happened, long version) => new(Tenants.Stored(happened.Stream.Tenant), AccountModel.AccountOf(happened.Stream).Value, version);

    private static UsageKey KeyOf(StoredEvent happened, Note? note, string? service, string? operation, string? actor)
    {
        var occurredAt = (note?.OccurredAt ?? happened.RecordedAt).UtcDateTime;
        var hour = new DateTime(occurredAt.Ticks - (occurredAt.Ticks % TimeSpan.TicksPerHour), DateTimeKind.Utc);
        return new(Tenants.Stored(happened.Stream.Tenant), AccountModel.AccountOf(happened.Stream).Value, hour, service ?? "", operation ?? "", actor ?? "");
    }
}
