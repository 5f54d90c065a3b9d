using Ledger.Domain.Accounts;
using Ledger.EventStore.Projections;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.ReadModels;

/// <summary>Names a row of <c>ledger.usage_hours</c>; an absent text is empty. The tenant is as stored.</summary>
internal readonly record struct UsageKey(string Tenant, string Account, DateTime Hour, string Service, string Operation, string Actor);

/// <summary>A row of <c>ledger.usage_hours</c>.</summary>
internal sealed record UsageRow(UsageKey Key, long Count, long Successes, long Failures, decimal Amount, decimal? InputTokens, decimal? OutputTokens, decimal? ProcessingMs)
{
    /// <summary>The row with one more call.</summary>
    public UsageRow With(decimal amount, Usage? usage) => this with
    {
        Count = Count + 1,
        Successes = Successes + (usage?.Success is true ? 1 : 0),
        Failures = Failures + (usage?.Success is false ? 1 : 0),
        Amount = Amount + amount,
        InputTokens = Sum(InputTokens, usage?.InputTokens),
        OutputTokens = Sum(OutputTokens, usage?.OutputTokens),
        ProcessingMs = Sum(ProcessingMs, usage?.ProcessingTimeMs),
    };

    private static decimal? Sum(decimal? sum, long? more) => more is null ? sum : (sum ?? 0) + more;
}

/// <summary>A row of <c>ledger.hold_purposes</c>.</summary>
internal sealed record HoldPurposeRow(VersionKey Key, string? Service, string? Operation, Resource? Resource, string? Actor);

/// <summary>A row of <c>ledger.uncharged_calls</c>.</summary>
internal sealed record UnchargedCallRow(VersionKey Key, DateTime OccurredAt, Usage Usage, string? Service, string? Operation, Resource? Resource, string? Actor);

/// <summary>The tables of <see cref="UsageProjection"/>.</summary>
internal static class UsageTables
{
    public static readonly ProjectionTable<UsageKey, UsageRow> Hours = new(
        "usage_hours", isLog: false, row => row.Key,
        [
            new ProjectionColumn<UsageKey, string>("tenant_id", NpgsqlDbType.Text, k => k.Tenant),
            new ProjectionColumn<UsageKey, string>("account_id", NpgsqlDbType.Text, k => k.Account),
            new ProjectionColumn<UsageKey, DateTime>("hour", NpgsqlDbType.TimestampTz, k => k.Hour),
            new ProjectionColumn<UsageKey, string>("service", NpgsqlDbType.Text, k => k.Service),
            new ProjectionColumn<UsageKey, string>("operation", NpgsqlDbType.Text, k => k.Operation),
            new ProjectionColumn<UsageKey, string>("actor", NpgsqlDbType.Text, k => k.Actor),
        ],
        [
            new ProjectionColumn<UsageRow, string>("tenant_id", NpgsqlDbType.Text, r => r.Key.Tenant),
            new ProjectionColumn<UsageRow, string>("account_id", NpgsqlDbType.Text, r => r.Key.Account),
            new ProjectionColumn<UsageRow, DateTime>("hour", NpgsqlDbType.TimestampTz, r => r.Key.Hour),
            new ProjectionColumn<UsageRow, string>("service", NpgsqlDbType.Text, r => r.Key.Service),
            new ProjectionColumn<UsageRow, string>("operation", NpgsqlDbType.Text, r => r.Key.Operation),
            new ProjectionColumn<UsageRow, string>("actor", NpgsqlDbType.Text, r => r.Key.Actor),
            new ProjectionColumn<UsageRow, long>("count", NpgsqlDbType.Bigint, r => r.Count),
            new ProjectionColumn<UsageRow, long>("successes", NpgsqlDbType.Bigint, r => r.Successes),
            new ProjectionColumn<UsageRow, long>("failures", NpgsqlDbType.Bigint, r => r.Failures),
            new ProjectionColumn<UsageRow, decimal>("amount", NpgsqlDbType.Numeric, r => r.Amount),
            new ProjectionColumn<UsageRow, decimal?>("input_tokens", NpgsqlDbType.Numeric, r => r.InputTokens),
            new ProjectionColumn<UsageRow, decimal?>("output_tokens", NpgsqlDbType.Numeric, r => r.OutputTokens),
            new ProjectionColumn<UsageRow, decimal?>("processing_ms", NpgsqlDbType.Numeric, r => r.ProcessingMs),
        ],
        reader => new UsageRow(
            new(reader.GetString(0), reader.GetString(1), reader.GetDateTime(2), reader.GetString(3), reader.GetString(4), reader.GetString(5)),
            reader.GetInt64(6), reader.GetInt64(7), reader.GetInt64(8), reader.GetDecimal(9), Decimal(reader, 10), Decimal(reader, 11), Decimal(reader, 12)));

    public static readonly ProjectionTable<VersionKey, HoldPurposeRow> HoldPurposes = new(
        "hold_purposes", isLog: false, row => row.Key, TransactionTables.VersionKeys,
        [
            new ProjectionColumn<HoldPurposeRow, string>("tenant_id", NpgsqlDbType.Text, r => r.Key.Tenant),
            new ProjectionColumn<HoldPurposeRow, string>("account_id", NpgsqlDbType.Text, r => r.Key.Account),
            new ProjectionColumn<HoldPurposeRow, long>("version", NpgsqlDbType.Bigint, r => r.Key.Version),
            new ProjectionColumn<HoldPurposeRow, string?>("service", NpgsqlDbType.Text, r => r.Service),
            new ProjectionColumn<HoldPurposeRow, string?>("operation", NpgsqlDbType.Text, r => r.Operation),
            new ProjectionColumn<HoldPurposeRow, string?>("resource_type", NpgsqlDbType.Text, r => r.Resource?.Type),
            new ProjectionColumn<HoldPurposeRow, string?>("resource_id", NpgsqlDbType.Text, r => r.Resource?.Id),
            new ProjectionColumn<HoldPurposeRow, string?>("actor", NpgsqlDbType.Text, r => r.Actor),
        ],
        reader => new HoldPurposeRow(
            new(reader.GetString(0), reader.GetString(1), reader.GetInt64(2)), Text(reader, 3), Text(reader, 4),
            Text(reader, 5) is { } type ? new Resource(type, reader.GetString(6)) : null, Text(reader, 7)));

    public static readonly ProjectionTable<VersionKey, UnchargedCallRow> UnchargedCalls = new(
        "uncharged_calls", isLog: true, row => row.Key, TransactionTables.VersionKeys,
        [
            new ProjectionColumn<UnchargedCallRow, string>("tenant_id", NpgsqlDbType.Text, r => r.Key.Tenant),
            new ProjectionColumn<UnchargedCallRow, string>("account_id", NpgsqlDbType.Text, r => r.Key.Account),
            new ProjectionColumn<UnchargedCallRow, long>("version", NpgsqlDbType.Bigint, r => r.Key.Version),
            new ProjectionColumn<UnchargedCallRow, DateTime>("occurred_at", NpgsqlDbType.TimestampTz, r => r.OccurredAt),
            new ProjectionColumn<UnchargedCallRow, long?>("input_tokens", NpgsqlDbType.Bigint, r => r.Usage.InputTokens),
            new ProjectionColumn<UnchargedCallRow, long?>("output_tokens", NpgsqlDbType.Bigint, r => r.Usage.OutputTokens),
            new ProjectionColumn<UnchargedCallRow, long?>("processing_ms", NpgsqlDbType.Bigint, r => r.Usage.ProcessingTimeMs),
            new ProjectionColumn<UnchargedCallRow, bool?>("success", NpgsqlDbType.Boolean, r => r.Usage.Success),
            new ProjectionColumn<UnchargedCallRow, string?>("service", NpgsqlDbType.Text, r => r.Service),
            new ProjectionColumn<UnchargedCallRow, string?>("operation", NpgsqlDbType.Text, r => r.Operation),
            new ProjectionColumn<UnchargedCallRow, string?>("resource_type", NpgsqlDbType.Text, r => r.Resource?.Type),
            new ProjectionColumn<UnchargedCallRow, string?>("resource_id", NpgsqlDbType.Text, r => r.Resource?.Id),
            new ProjectionColumn<UnchargedCallRow, string?>("actor", NpgsqlDbType.Text, r => r.Actor),
        ],
        read: null);

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static decimal? Decimal(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetDecimal(column);
}
