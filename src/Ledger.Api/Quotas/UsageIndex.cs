using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain.Quotas;
using Ledger.EventStore;
using Ledger.EventStore.Projections;
using NpgsqlTypes;

namespace Ledger.Api.Quotas;

/// <summary>The key of a day of a metric, or of one of its categories (empty for none).</summary>
internal readonly record struct UsageDayKey(string Tenant, string Account, string Metric, DateOnly Day, string Category);

/// <summary>A day of a metric's category. What is used is that of the whole metric, after the last post that counted; <paramref name="Version"/> says which of several is the last.</summary>
internal sealed record UsageDayRow(UsageDayKey Key, decimal Added, long Posts, decimal? Used, decimal? Peak, long Version);

/// <summary>The key of an alert: the version of the account's quotas that raised it.</summary>
internal readonly record struct AlertKey(string Tenant, string Account, long Version);

/// <summary>An alert that was raised.</summary>
internal sealed record AlertRow(AlertKey Key, string Kind, string? Metric, int? Percent, decimal Threshold, decimal Value, decimal? Limit, DateTime RaisedAt, DateTime? ClearedAt);

/// <summary>What was used by day, and the alerts that were raised; written in the commit of their events, so that who has posted something finds it.</summary>
internal sealed class UsageIndex : Projection
{
    private static readonly ProjectionTable<UsageDayKey, UsageDayRow> Days = new(
        "usage_days",
        isLog: false,
        row => row.Key,
        [
            new ProjectionColumn<UsageDayKey, string>("tenant_id", NpgsqlDbType.Text, key => key.Tenant),
            new ProjectionColumn<UsageDayKey, string>("account_id", NpgsqlDbType.Text, key => key.Account),
            new ProjectionColumn<UsageDayKey, string>("metric", NpgsqlDbType.Text, key => key.Metric),
            new ProjectionColumn<UsageDayKey, DateOnly>("day", NpgsqlDbType.Date, key => key.Day),
            new ProjectionColumn<UsageDayKey, string>("category", NpgsqlDbType.Text, key => key.Category),
        ],
        [
            new ProjectionColumn<UsageDayRow, string>("tenant_id", NpgsqlDbType.Text, row => row.Key.Tenant),
            new ProjectionColumn<UsageDayRow, string>("account_id", NpgsqlDbType.Text, row => row.Key.Account),
            new ProjectionColumn<UsageDayRow, string>("metric", NpgsqlDbType.Text, row => row.Key.Metric),
            new ProjectionColumn<UsageDayRow, DateOnly>("day", NpgsqlDbType.Date, row => row.Key.Day),
            new ProjectionColumn<UsageDayRow, string>("category", NpgsqlDbType.Text, row => row.Key.Category),
            new ProjectionColumn<UsageDayRow, decimal>("added", NpgsqlDbType.Numeric, row => row.Added),
            new ProjectionColumn<UsageDayRow, long>("posts", NpgsqlDbType.Bigint, row => row.Posts),
            new ProjectionColumn<UsageDayRow, decimal?>("used", NpgsqlDbType.Numeric, row => row.Used),
            new ProjectionColumn<UsageDayRow, decimal?>("peak", NpgsqlDbType.Numeric, row => row.Peak),
            new ProjectionColumn<UsageDayRow, long>("version", NpgsqlDbType.Bigint, row => row.Version),
        ],
        reader => new UsageDayRow(
            new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<DateOnly>(3), reader.GetString(4)),
            reader.GetDecimal(5), reader.GetInt64(6), reader.IsDBNull(7) ? null : reader.GetDecimal(7), reader.IsDBNull(8) ? null : reader.GetDecimal(8), reader.GetInt64(9)));

    private static readonly ProjectionTable<AlertKey, AlertRow> Alerts = new(
        "alerts",
        isLog: false,
        row => row.Key,
        [
            new ProjectionColumn<AlertKey, string>("tenant_id", NpgsqlDbType.Text, key => key.Tenant),
            new ProjectionColumn<AlertKey, string>("account_id", NpgsqlDbType.Text, key => key.Account),
            new ProjectionColumn<AlertKey, long>("version", NpgsqlDbType.Bigint, key => key.Version),
        ],
        [
            new ProjectionColumn<AlertRow, string>("tenant_id", NpgsqlDbType.Text, row => row.Key.Tenant),
            new ProjectionColumn<AlertRow, string>("account_id", NpgsqlDbType.Text, row => row.Key.Account),
            new ProjectionColumn<AlertRow, long>("version", NpgsqlDbType.Bigint, row => row.Key.Version),
            new ProjectionColumn<AlertRow, string>("kind", NpgsqlDbType.Text, row => row.Kind),
            new ProjectionColumn<AlertRow, string?>("metric", NpgsqlDbType.Text, row => row.Metric),
            new ProjectionColumn<AlertRow, int?>("percent", NpgsqlDbType.Integer, row => row.Percent),
            new ProjectionColumn<AlertRow, decimal>("threshold", NpgsqlDbType.Numeric, row => row.Threshold),
            new ProjectionColumn<AlertRow, decimal>("value", NpgsqlDbType.Numeric, row => row.Value),
            new ProjectionColumn<AlertRow, decimal?>("limit_value", NpgsqlDbType.Numeric, row => row.Limit),
            new ProjectionColumn<AlertRow, DateTime>("raised_at", NpgsqlDbType.TimestampTz, row => row.RaisedAt),
            new ProjectionColumn<AlertRow, DateTime?>("cleared_at", NpgsqlDbType.TimestampTz, row => row.ClearedAt),
        ],
        reader => new AlertRow(
            new(reader.GetString(0), reader.GetString(1), reader.GetInt64(2)), reader.GetString(3), reader.IsDBNull(4) ? null : reader.GetString(4), reader.IsDBNull(5) ? null : reader.GetInt32(5),
            reader.GetDecimal(6), reader.GetDecimal(7), reader.IsDBNull(8) ? null : reader.GetDecimal(8), reader.GetDateTime(9), reader.IsDBNull(10) ? null : reader.GetDateTime(10)));

    public override string Name => "usage_days";

    public override int Version => 1;

    public override bool IsInline => true;

    public override IReadOnlySet<Type> Handles { get; } = new HashSet<Type> { typeof(UsageRecorded), typeof(AlertRaised), typeof(AlertCleared) };

    public override IReadOnlyList<ProjectionTable> Tables { get; } = [Days, Alerts];

    public override void Need(StoredEvent happened, RowNeeds needs)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(needs);
        if (happened.Data is UsageRecorded e) needs.Row(Days, DayOf(happened, e));
        if (happened.Data is AlertCleared cleared) needs.Row(Alerts, AlertOf(happened, cleared.Raised));
    }

    public override void Apply(StoredEvent happened, Rows rows)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(rows);
        switch (happened.Data)
        {
            case UsageRecorded e:
                var row = rows.Find(Days, DayOf(happened, e)) ?? new UsageDayRow(DayOf(happened, e), 0, 0, null, null, 0);
                row = row with { Added = row.Added + e.Change.Value, Posts = row.Posts + 1, Version = happened.Version };
                rows.Put(Days, e.IsCounted ? row with { Used = e.Used.Value, Peak = row.Peak is { } peak && peak > e.Used.Value ? peak : e.Used.Value } : row);
                break;
            case AlertRaised e:
                var shown = QuotaMessages.ShownAs(e.Metric);
                decimal Amount(Domain.Credits amount) => shown is null ? amount.Value : Metrics.FromMetered(shown, amount).Value;
                rows.Put(Alerts, new AlertRow(
                    AlertOf(happened, happened.Version), Words.Of(e.Kind), shown, e.Percent, Amount(e.Threshold), Amount(e.Value), e.Limit is { } limit ? Amount(limit) : null, happened.RecordedAt.UtcDateTime, null));
                break;
            case AlertCleared e:
                if (rows.Find(Alerts, AlertOf(happened, e.Raised)) is { } raised) rows.Put(Alerts, raised with { ClearedAt = happened.RecordedAt.UtcDateTime });
                break;
        }
    }

    private static UsageDayKey DayOf(StoredEvent happened, UsageRecorded e) =>
        new(Tenants.Stored(happened.Stream.Tenant), QuotaModel.AccountOf(happened.Stream).Value, e.Metric, DateOnly.FromDateTime((e.OccurredAt ?? happened.RecordedAt).UtcDateTime), e.Category ?? "");

    private static AlertKey AlertOf(StoredEvent happened, long version) => new(Tenants.Stored(happened.Stream.Tenant), QuotaModel.AccountOf(happened.Stream).Value, version);
}
