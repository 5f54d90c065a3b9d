using System.Globalization;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.EventStore.Projections;
using Npgsql;
using NpgsqlTypes;

namespace Ledger.Api.ReadModels;

/// <summary>The key of a lot. The tenant is named as it is stored.</summary>
public readonly record struct LotKey(string Tenant, string Account, string Lot);

/// <summary>
/// A lot with all that came of it. Amounts are credits, each 0 or more; money is in minor units of <see cref="Currency"/> and stays 0 where nothing was paid.
/// <c>Amount</c> = <c>Remaining</c> + <c>Used</c> - <c>GivenBack</c> + <c>Expired</c> + <c>Revoked</c> + <c>Adjusted</c> + <c>Transferred</c>.
/// </summary>
public sealed record LotRow
{
    /// <summary>Which lot it is.</summary>
    public required LotKey Key { get; init; }

    /// <summary>Bought or given.</summary>
    public required LotKind Kind { get; init; }

    /// <summary>What sort of transaction made it.</summary>
    public required LotOrigin Origin { get; init; }

    /// <summary>Why it was given; null where it was bought or adjusted.</summary>
    public GrantSource? Source { get; init; }

    /// <summary>All that came in with it.</summary>
    public required decimal Amount { get; init; }

    /// <summary>0 to 255; lower burns first.</summary>
    public required int Priority { get; init; }

    /// <summary>When it ends.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it came.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The payment that it was bought with.</summary>
    public string? PaymentId { get; init; }

    /// <summary>The account that its credits were transferred from.</summary>
    public string? ParentAccount { get; init; }

    /// <summary>The lot that its credits were in before: of <see cref="ParentAccount"/>, or of the same account where it takes the place of a lot that had ended. Null beside a <see cref="ParentAccount"/> where the payer's side was put aside when the credits came: a rebuild finds it.</summary>
    public string? ParentLot { get; init; }

    /// <summary>The currency of all money here; null where nothing was paid.</summary>
    public string? Currency { get; init; }

    /// <summary>What was paid for it.</summary>
    public long Cost { get; init; }

    /// <summary>What it still holds.</summary>
    public decimal Remaining { get; init; }

    /// <summary>Consumed and captured from it, and debt that it paid.</summary>
    public decimal Used { get; init; }

    /// <summary>Given back to it by refunds of consumptions.</summary>
    public decimal GivenBack { get; init; }

    /// <summary>Ended by time.</summary>
    public decimal Expired { get; init; }

    /// <summary>Taken by refunds of purchases, its own or another.</summary>
    public decimal Revoked { get; init; }

    /// <summary>Taken by negative adjustments.</summary>
    public decimal Adjusted { get; init; }

    /// <summary>Gone to other accounts.</summary>
    public decimal Transferred { get; init; }

    /// <summary>Of what was used, or had been revoked: what came back after its end, as another lot. What had been revoked counts as used then.</summary>
    public decimal Replaced { get; init; }

    /// <summary>How much of its purchase was refunded, whatever that was taken from, <see cref="Shortfall"/> included.</summary>
    public decimal PurchaseRefunded { get; init; }

    /// <summary>Of what was refunded of its purchase: what nothing covered.</summary>
    public decimal Shortfall { get; init; }

    /// <summary>How many disputes of its payment are open. While there is one, what it holds is frozen.</summary>
    public int Disputes { get; init; }

    /// <summary>What took its last credits; null while it holds some.</summary>
    public LotEnd? Ended { get; init; }

    /// <summary>Of the cost: recognised as revenue, less what refunds of consumptions reversed.</summary>
    public long CostRecognised { get; init; }

    /// <summary>Of the cost: recognised as breakage.</summary>
    public long CostExpired { get; init; }

    /// <summary>Of the cost: released by refunds of its own purchase.</summary>
    public long CostRefunded { get; init; }

    /// <summary>Of the cost: recognised by negative adjustments.</summary>
    public long CostAdjusted { get; init; }

    /// <summary>Of the cost: gone on into other lots.</summary>
    public long CostMoved { get; init; }

    /// <summary>How much has gone on into other lots: the cost of the next such part begins there.</summary>
    public decimal Moved => Transferred + Replaced;

    /// <summary>Of the cost: what is not earned yet. It depends on what remains alone, so whatever comes and goes, the parts add up to the cost.</summary>
    public long Deferred => DeferredAt(Remaining);

    /// <summary>What is not earned yet of the cost where so many credits remain.</summary>
    public long DeferredAt(decimal remaining) => Cost == 0 || remaining == 0 ? 0 : CostOf(remaining, after: 0);

    /// <summary>The share of the cost of the credits between two places of the lot: where <paramref name="before"/> and where <paramref name="after"/> are left.</summary>
    public long CostOf(decimal before, decimal after) => Cost == 0 ? 0 : new Money(Cost, Currency!).Share(Amount, before, after).Amount;
}

/// <summary>The table of lots.</summary>
internal static class LotTable
{
    public static ProjectionTable<LotKey, LotRow> Table { get; } = new(
        "lots",
        isLog: false,
        row => row.Key,
        [
            new ProjectionColumn<LotKey, string>("tenant_id", NpgsqlDbType.Text, key => key.Tenant),
            new ProjectionColumn<LotKey, string>("account_id", NpgsqlDbType.Text, key => key.Account),
            new ProjectionColumn<LotKey, string>("lot_id", NpgsqlDbType.Text, key => key.Lot),
        ],
        [
            new ProjectionColumn<LotRow, string>("tenant_id", NpgsqlDbType.Text, row => row.Key.Tenant),
            new ProjectionColumn<LotRow, string>("account_id", NpgsqlDbType.Text, row => row.Key.Account),
            new ProjectionColumn<LotRow, string>("lot_id", NpgsqlDbType.Text, row => row.Key.Lot),
            new ProjectionColumn<LotRow, string>("kind", NpgsqlDbType.Text, row => Words.Of(row.Kind)),
            new ProjectionColumn<LotRow, string>("origin", NpgsqlDbType.Text, row => Words.Of(row.Origin)),
            new ProjectionColumn<LotRow, string?>("source", NpgsqlDbType.Text, row => row.Source is { } source ? Words.Of(source) : null),
            new ProjectionColumn<LotRow, decimal>("amount", NpgsqlDbType.Numeric, row => row.Amount),
            new ProjectionColumn<LotRow, short>("priority", NpgsqlDbType.Smallint, row => (short)row.Priority),
            new ProjectionColumn<LotRow, DateTime?>("expires_at", NpgsqlDbType.TimestampTz, row => row.ExpiresAt?.UtcDateTime),
            new ProjectionColumn<LotRow, DateTime>("created_at", NpgsqlDbType.TimestampTz, row => row.CreatedAt.UtcDateTime),
            new ProjectionColumn<LotRow, string?>("payment_id", NpgsqlDbType.Text, row => row.PaymentId),
            new ProjectionColumn<LotRow, string?>("parent_account_id", NpgsqlDbType.Text, row => row.ParentAccount),
            new ProjectionColumn<LotRow, string?>("parent_lot_id", NpgsqlDbType.Text, row => row.ParentLot),
            new ProjectionColumn<LotRow, string?>("currency", NpgsqlDbType.Text, row => row.Currency),
            new ProjectionColumn<LotRow, long?>("cost", NpgsqlDbType.Bigint, row => Paid(row, row.Cost)),
            new ProjectionColumn<LotRow, decimal>("remaining", NpgsqlDbType.Numeric, row => row.Remaining),
            new ProjectionColumn<LotRow, decimal>("used", NpgsqlDbType.Numeric, row => row.Used),
            new ProjectionColumn<LotRow, decimal>("given_back", NpgsqlDbType.Numeric, row => row.GivenBack),
            new ProjectionColumn<LotRow, decimal>("expired", NpgsqlDbType.Numeric, row => row.Expired),
            new ProjectionColumn<LotRow, decimal>("revoked", NpgsqlDbType.Numeric, row => row.Revoked),
            new ProjectionColumn<LotRow, decimal>("adjusted", NpgsqlDbType.Numeric, row => row.Adjusted),
            new ProjectionColumn<LotRow, decimal>("transferred", NpgsqlDbType.Numeric, row => row.Transferred),
            new ProjectionColumn<LotRow, decimal>("replaced", NpgsqlDbType.Numeric, row => row.Replaced),
            new ProjectionColumn<LotRow, decimal>("purchase_refunded", NpgsqlDbType.Numeric, row => row.PurchaseRefunded),
            new ProjectionColumn<LotRow, string?>("ended", NpgsqlDbType.Text, row => row.Ended is { } end ? Words.Of(end) : null),
            new ProjectionColumn<LotRow, long?>("cost_recognised", NpgsqlDbType.Bigint, row => Paid(row, row.CostRecognised)),
            new ProjectionColumn<LotRow, long?>("cost_expired", NpgsqlDbType.Bigint, row => Paid(row, row.CostExpired)),
            new ProjectionColumn<LotRow, long?>("cost_refunded", NpgsqlDbType.Bigint, row => Paid(row, row.CostRefunded)),
            new ProjectionColumn<LotRow, long?>("cost_adjusted", NpgsqlDbType.Bigint, row => Paid(row, row.CostAdjusted)),
            new ProjectionColumn<LotRow, long?>("cost_moved", NpgsqlDbType.Bigint, row => Paid(row, row.CostMoved)),
            new ProjectionColumn<LotRow, decimal>("shortfall", NpgsqlDbType.Numeric, row => row.Shortfall),
            new ProjectionColumn<LotRow, int>("disputes", NpgsqlDbType.Integer, row => row.Disputes),
        ],
        Read);

    /// <summary>Reads a row whose columns are those of the table, in order.</summary>
    public static LotRow Read(NpgsqlDataReader reader) => new()
    {
        Key = new LotKey(reader.GetString(0), reader.GetString(1), reader.GetString(2)),
        Kind = Word<LotKind>(reader.GetString(3)),
        Origin = Word<LotOrigin>(reader.GetString(4)),
        Source = Text(reader, 5) is { } source ? Word<GrantSource>(source) : null,
        Amount = reader.GetDecimal(6),
        Priority = reader.GetInt16(7),
        ExpiresAt = reader.IsDBNull(8) ? null : Time(reader, 8),
        CreatedAt = Time(reader, 9),
        PaymentId = Text(reader, 10),
        ParentAccount = Text(reader, 11),
        ParentLot = Text(reader, 12),
        Currency = Text(reader, 13),
        Cost = Number(reader, 14),
        Remaining = reader.GetDecimal(15),
        Used = reader.GetDecimal(16),
        GivenBack = reader.GetDecimal(17),
        Expired = reader.GetDecimal(18),
        Revoked = reader.GetDecimal(19),
        Adjusted = reader.GetDecimal(20),
        Transferred = reader.GetDecimal(21),
        Replaced = reader.GetDecimal(22),
        PurchaseRefunded = reader.GetDecimal(23),
        Ended = Text(reader, 24) is { } end ? Word<LotEnd>(end) : null,
        CostRecognised = Number(reader, 25),
        CostExpired = Number(reader, 26),
        CostRefunded = Number(reader, 27),
        CostAdjusted = Number(reader, 28),
        CostMoved = Number(reader, 29),
        Shortfall = reader.GetDecimal(30),
        Disputes = reader.GetInt32(31),
    };

    private static long? Paid(LotRow row, long money) => row.Currency is null ? null : money;

    private static T Word<T>(string word)
        where T : struct, Enum => Words.TryParse<T>(word, out var value) ? value : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{word} is no {typeof(T).Name}."));

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static long Number(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? 0 : reader.GetInt64(column);

    private static DateTimeOffset Time(NpgsqlDataReader reader, int column) => new(reader.GetDateTime(column), TimeSpan.Zero);
}
