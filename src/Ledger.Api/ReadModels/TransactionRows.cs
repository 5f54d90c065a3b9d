using Ledger.Domain.Accounts;
using Ledger.EventStore.Projections;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.ReadModels;

/// <summary>Names a row of one account's stream by the version that made it.</summary>
internal readonly record struct VersionKey(string Tenant, string Account, long Version);

/// <summary>Names an account's one row.</summary>
internal readonly record struct AccountKey(string Tenant, string Account);

/// <summary>Names an account's row of a day.</summary>
internal readonly record struct AccountDayKey(string Tenant, string Account, DateOnly Day);

/// <summary>A row of <c>ledger.transactions</c>. The tenant is as stored.</summary>
internal sealed record TransactionRow(VersionKey Key, long SeqId, DateTime RecordedAt, TransactionType Type, decimal Change, decimal After, decimal Total)
{
    public DateTime? OccurredAt { get; init; }

    public long? RefundOf { get; init; }

    public Spending? Spending { get; init; }

    public string? Actor { get; init; }

    public string? Reference { get; init; }

    public string? OtherAccount { get; init; }

    /// <summary>The code of a type in the table: it never changes, so it is not the number of the enum.</summary>
    public static short Code(TransactionType type) => type switch
    {
        TransactionType.Purchase => 1,
        TransactionType.Grant => 2,
        TransactionType.Consumption => 3,
        TransactionType.ConsumptionRefund => 4,
        TransactionType.PurchaseRefund => 5,
        TransactionType.Expiry => 6,
        TransactionType.Adjustment => 7,
        TransactionType.Transfer => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "This type of transaction has no code."),
    };
}

/// <summary>A row of <c>ledger.account_totals</c>, and of <c>ledger.account_days</c> once its day is over.</summary>
internal sealed record TotalsRow(AccountKey Key, long Version, DateTime RecordedAt, decimal Balance, decimal Held, Totals Totals)
{
    /// <summary>Credits of lots whose payment is disputed.</summary>
    public decimal Frozen { get; init; }

    /// <summary>The day (UTC) of the last event in it.</summary>
    public DateOnly Day => DateOnly.FromDateTime(RecordedAt);
}

/// <summary>The tables of <see cref="TransactionsProjection"/>.</summary>
internal static class TransactionTables
{
    public static readonly ProjectionTable<VersionKey, TransactionRow> Transactions = new(
        "transactions", isLog: true, row => row.Key, VersionKeys,
        [
            new ProjectionColumn<TransactionRow, string>("tenant_id", NpgsqlDbType.Text, r => r.Key.Tenant),
            new ProjectionColumn<TransactionRow, string>("account_id", NpgsqlDbType.Text, r => r.Key.Account),
            new ProjectionColumn<TransactionRow, long>("version", NpgsqlDbType.Bigint, r => r.Key.Version),
            new ProjectionColumn<TransactionRow, long>("seq_id", NpgsqlDbType.Bigint, r => r.SeqId),
            new ProjectionColumn<TransactionRow, DateTime>("recorded_at", NpgsqlDbType.TimestampTz, r => r.RecordedAt),
            new ProjectionColumn<TransactionRow, DateTime?>("occurred_at", NpgsqlDbType.TimestampTz, r => r.OccurredAt),
            new ProjectionColumn<TransactionRow, long?>("refund_of", NpgsqlDbType.Bigint, r => r.RefundOf),
            new ProjectionColumn<TransactionRow, long?>("input_tokens", NpgsqlDbType.Bigint, r => r.Spending?.Usage?.InputTokens),
            new ProjectionColumn<TransactionRow, long?>("output_tokens", NpgsqlDbType.Bigint, r => r.Spending?.Usage?.OutputTokens),
            new ProjectionColumn<TransactionRow, long?>("processing_ms", NpgsqlDbType.Bigint, r => r.Spending?.Usage?.ProcessingTimeMs),
            new ProjectionColumn<TransactionRow, short>("type", NpgsqlDbType.Smallint, r => TransactionRow.Code(r.Type)),
            new ProjectionColumn<TransactionRow, bool?>("success", NpgsqlDbType.Boolean, r => r.Spending?.Usage?.Success),
            new ProjectionColumn<TransactionRow, decimal>("change", NpgsqlDbType.Numeric, r => r.Change),
            new ProjectionColumn<TransactionRow, decimal>("after", NpgsqlDbType.Numeric, r => r.After),
            new ProjectionColumn<TransactionRow, decimal>("total", NpgsqlDbType.Numeric, r => r.Total),
            new ProjectionColumn<TransactionRow, string?>("service", NpgsqlDbType.Text, r => r.Spending?.Service),
            new ProjectionColumn<TransactionRow, string?>("operation", NpgsqlDbType.Text, r => r.Spending?.Operation),
            new ProjectionColumn<TransactionRow, string?>("resource_type", NpgsqlDbType.Text, r => r.Spending?.Resource?.Type),
            new ProjectionColumn<TransactionRow, string?>("resource_id", NpgsqlDbType.Text, r => r.Spending?.Resource?.Id),
            new ProjectionColumn<TransactionRow, string?>("actor", NpgsqlDbType.Text, r => r.Actor),
            new ProjectionColumn<TransactionRow, string?>("reference", NpgsqlDbType.Text, r => r.Reference),
            new ProjectionColumn<TransactionRow, string?>("other_account_id", NpgsqlDbType.Text, r => r.OtherAccount),
        ],
        read: null);

    public static readonly ProjectionTable<AccountKey, TotalsRow> Totals = new(
        "account_totals", isLog: false, row => row.Key,
        [
            new ProjectionColumn<AccountKey, string>("tenant_id", NpgsqlDbType.Text, k => k.Tenant),
            new ProjectionColumn<AccountKey, string>("account_id", NpgsqlDbType.Text, k => k.Account),
        ],
        [
            new ProjectionColumn<TotalsRow, string>("tenant_id", NpgsqlDbType.Text, r => r.Key.Tenant),
            new ProjectionColumn<TotalsRow, string>("account_id", NpgsqlDbType.Text, r => r.Key.Account),
            new ProjectionColumn<TotalsRow, long>("version", NpgsqlDbType.Bigint, r => r.Version),
            .. Sums,
            new ProjectionColumn<TotalsRow, DateOnly>("day", NpgsqlDbType.Date, r => r.Day),
            new ProjectionColumn<TotalsRow, DateTime>("recorded_at", NpgsqlDbType.TimestampTz, r => r.RecordedAt),
        ],
        Read);

    public static readonly ProjectionTable<AccountDayKey, TotalsRow> Days = new(
        "account_days", isLog: true, row => new(row.Key.Tenant, row.Key.Account, row.Day),
        [
            new ProjectionColumn<AccountDayKey, string>("tenant_id", NpgsqlDbType.Text, k => k.Tenant),
            new ProjectionColumn<AccountDayKey, string>("account_id", NpgsqlDbType.Text, k => k.Account),
            new ProjectionColumn<AccountDayKey, DateOnly>("day", NpgsqlDbType.Date, k => k.Day),
        ],
        [
            new ProjectionColumn<TotalsRow, string>("tenant_id", NpgsqlDbType.Text, r => r.Key.Tenant),
            new ProjectionColumn<TotalsRow, string>("account_id", NpgsqlDbType.Text, r => r.Key.Account),
            new ProjectionColumn<TotalsRow, DateOnly>("day", NpgsqlDbType.Date, r => r.Day),
            new ProjectionColumn<TotalsRow, long>("version", NpgsqlDbType.Bigint, r => r.Version),
            .. Sums,
        ],
        read: null);

    public static IReadOnlyList<ProjectionColumn<VersionKey>> VersionKeys =>
    [
        new ProjectionColumn<VersionKey, string>("tenant_id", NpgsqlDbType.Text, k => k.Tenant),
        new ProjectionColumn<VersionKey, string>("account_id", NpgsqlDbType.Text, k => k.Account),
        new ProjectionColumn<VersionKey, long>("version", NpgsqlDbType.Bigint, k => k.Version),
    ];

    private static IReadOnlyList<ProjectionColumn<TotalsRow>> Sums =>
    [
        new ProjectionColumn<TotalsRow, decimal>("balance", NpgsqlDbType.Numeric, r => r.Balance),
        new ProjectionColumn<TotalsRow, decimal>("held", NpgsqlDbType.Numeric, r => r.Held),
        new ProjectionColumn<TotalsRow, decimal>("purchased", NpgsqlDbType.Numeric, r => r.Totals.Purchased.Value),
        new ProjectionColumn<TotalsRow, decimal>("granted", NpgsqlDbType.Numeric, r => r.Totals.Granted.Value),
        new ProjectionColumn<TotalsRow, decimal>("consumed", NpgsqlDbType.Numeric, r => r.Totals.Consumed.Value),
        new ProjectionColumn<TotalsRow, decimal>("refunded", NpgsqlDbType.Numeric, r => r.Totals.Refunded.Value),
        new ProjectionColumn<TotalsRow, decimal>("revoked", NpgsqlDbType.Numeric, r => r.Totals.Revoked.Value),
        new ProjectionColumn<TotalsRow, decimal>("expired", NpgsqlDbType.Numeric, r => r.Totals.Expired.Value),
        new ProjectionColumn<TotalsRow, decimal>("adjusted", NpgsqlDbType.Numeric, r => r.Totals.Adjusted.Value),
        new ProjectionColumn<TotalsRow, decimal>("transferred", NpgsqlDbType.Numeric, r => r.Totals.Transferred.Value),
        new ProjectionColumn<TotalsRow, decimal>("frozen", NpgsqlDbType.Numeric, r => r.Frozen),
    ];

    private static TotalsRow Read(NpgsqlDataReader reader) => new(
        new(reader.GetString(0), reader.GetString(1)), reader.GetInt64(2), reader.GetDateTime(15), reader.GetDecimal(3), reader.GetDecimal(4),
        new()
        {
            Purchased = reader.GetDecimal(5),
            Granted = reader.GetDecimal(6),
            Consumed = reader.GetDecimal(7),
            Refunded = reader.GetDecimal(8),
            Revoked = reader.GetDecimal(9),
            Expired = reader.GetDecimal(10),
            Adjusted = reader.GetDecimal(11),
            Transferred = reader.GetDecimal(12),
        })
    {
        Frozen = reader.GetDecimal(13),
    };
}
