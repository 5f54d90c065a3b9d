using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.EventStore;
using Ledger.EventStore.Projections;
using NpgsqlTypes;

namespace Ledger.Api.Payments;

/// <summary>The key of a payment.</summary>
internal readonly record struct PaymentKey(string Tenant, string Id);

/// <summary>A payment in the index, as its last event left it.</summary>
internal sealed record PaymentRow
{
    public required PaymentKey Key { get; init; }

    public required long Version { get; init; }

    public required string Account { get; init; }

    public required string Purpose { get; init; }

    public required string Status { get; init; }

    public string? Provider { get; init; }

    public required long Amount { get; init; }

    public required string Currency { get; init; }

    public long Refunded { get; init; }

    public decimal? CreditAmount { get; init; }

    public decimal Revoked { get; init; }

    public decimal Shortfall { get; init; }

    public string? ItemKind { get; init; }

    public string? ItemId { get; init; }

    public long? ItemVersion { get; init; }

    public long? Quantity { get; init; }

    public bool NeedsAttention { get; init; }

    public required DateTime CreatedAt { get; init; }

    public DateTime? PaidAt { get; init; }

    public required DateTime UpdatedAt { get; init; }

    public required long Position { get; init; }
}

/// <summary>Which payments there are, written in the commit of their events, so that who has begun one finds it in the list.</summary>
internal sealed class PaymentIndex : Projection
{
    private static readonly ProjectionTable<PaymentKey, PaymentRow> Payments = new(
        "payments",
        isLog: false,
        row => row.Key,
        [
            new ProjectionColumn<PaymentKey, string>("tenant_id", NpgsqlDbType.Text, key => key.Tenant),
            new ProjectionColumn<PaymentKey, string>("id", NpgsqlDbType.Text, key => key.Id),
        ],
        [
            new ProjectionColumn<PaymentRow, string>("tenant_id", NpgsqlDbType.Text, row => row.Key.Tenant),
            new ProjectionColumn<PaymentRow, string>("id", NpgsqlDbType.Text, row => row.Key.Id),
            new ProjectionColumn<PaymentRow, long>("version", NpgsqlDbType.Bigint, row => row.Version),
            new ProjectionColumn<PaymentRow, string>("account_id", NpgsqlDbType.Text, row => row.Account),
            new ProjectionColumn<PaymentRow, string>("purpose", NpgsqlDbType.Text, row => row.Purpose),
            new ProjectionColumn<PaymentRow, string>("status", NpgsqlDbType.Text, row => row.Status),
            new ProjectionColumn<PaymentRow, string?>("provider", NpgsqlDbType.Text, row => row.Provider),
            new ProjectionColumn<PaymentRow, long>("amount", NpgsqlDbType.Bigint, row => row.Amount),
            new ProjectionColumn<PaymentRow, string>("currency", NpgsqlDbType.Text, row => row.Currency),
            new ProjectionColumn<PaymentRow, long>("refunded", NpgsqlDbType.Bigint, row => row.Refunded),
            new ProjectionColumn<PaymentRow, decimal?>("credit_amount", NpgsqlDbType.Numeric, row => row.CreditAmount),
            new ProjectionColumn<PaymentRow, decimal>("revoked", NpgsqlDbType.Numeric, row => row.Revoked),
            new ProjectionColumn<PaymentRow, decimal>("shortfall", NpgsqlDbType.Numeric, row => row.Shortfall),
            new ProjectionColumn<PaymentRow, string?>("item_kind", NpgsqlDbType.Text, row => row.ItemKind),
            new ProjectionColumn<PaymentRow, string?>("item_id", NpgsqlDbType.Text, row => row.ItemId),
            new ProjectionColumn<PaymentRow, long?>("item_version", NpgsqlDbType.Bigint, row => row.ItemVersion),
            new ProjectionColumn<PaymentRow, long?>("quantity", NpgsqlDbType.Bigint, row => row.Quantity),
            new ProjectionColumn<PaymentRow, bool>("needs_attention", NpgsqlDbType.Boolean, row => row.NeedsAttention),
            new ProjectionColumn<PaymentRow, DateTime>("created_at", NpgsqlDbType.TimestampTz, row => row.CreatedAt),
            new ProjectionColumn<PaymentRow, DateTime?>("paid_at", NpgsqlDbType.TimestampTz, row => row.PaidAt),
            new ProjectionColumn<PaymentRow, DateTime>("updated_at", NpgsqlDbType.TimestampTz, row => row.UpdatedAt),
            new ProjectionColumn<PaymentRow, long>("position", NpgsqlDbType.Bigint, row => row.Position),
        ],
        reader => new PaymentRow
        {
            Key = new(reader.GetString(0), reader.GetString(1)),
            Version = reader.GetInt64(2),
            Account = reader.GetString(3),
            Purpose = reader.GetString(4),
            Status = reader.GetString(5),
            Provider = reader.IsDBNull(6) ? null : reader.GetString(6),
            Amount = reader.GetInt64(7),
            Currency = reader.GetString(8),
            Refunded = reader.GetInt64(9),
            CreditAmount = reader.IsDBNull(10) ? null : reader.GetDecimal(10),
            Revoked = reader.GetDecimal(11),
            Shortfall = reader.GetDecimal(12),
            ItemKind = reader.IsDBNull(13) ? null : reader.GetString(13),
            ItemId = reader.IsDBNull(14) ? null : reader.GetString(14),
            ItemVersion = reader.IsDBNull(15) ? null : reader.GetInt64(15),
            Quantity = reader.IsDBNull(16) ? null : reader.GetInt64(16),
            NeedsAttention = reader.GetBoolean(17),
            CreatedAt = reader.GetDateTime(18),
            PaidAt = reader.IsDBNull(19) ? null : reader.GetDateTime(19),
            UpdatedAt = reader.GetDateTime(20),
            Position = reader.GetInt64(21),
        });

    public override string Name => "payments";

    public override int Version => 1;

    public override bool IsInline => true;

    public override IReadOnlySet<Type> Handles { get; } = EventJson.EventTypes.Where(type => type.IsAssignableTo(typeof(PaymentEvent))).ToHashSet();

    public override IReadOnlyList<ProjectionTable> Tables { get; } = [Payments];

    public override void Need(StoredEvent happened, RowNeeds needs)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(needs);
        // A payment begins with one of these.
        if (happened.Data is not (PaymentIntended or PaymentReported or PaymentBilled)) needs.Row(Payments, KeyOf(happened));
    }

    public override void Apply(StoredEvent happened, Rows rows)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(rows);
        var e = (PaymentEvent)happened.Data;
        var row = First(happened) ?? rows.Find(Payments, KeyOf(happened)) ?? throw new InvalidOperationException($"{happened.Stream} is not in the index of payments.");
        row = e switch
        {
            PaymentSucceeded paid => row with { Amount = paid.Received.Amount, PaidAt = (paid.PaidAt ?? happened.RecordedAt).UtcDateTime },
            PaymentCreditsRevoked gone => row with { Revoked = row.Revoked + gone.Amount.Value, Shortfall = row.Shortfall + gone.Shortfall.Value },
            PaymentCreditsRestored back => row with { Revoked = row.Revoked - back.Amount.Value, Shortfall = row.Shortfall - back.Shortfall.Value },
            _ => row,
        };
        rows.Put(Payments, row with { Version = happened.Version, Status = Words.Of(e.Status), Refunded = e.Refunded, NeedsAttention = e.NeedsAttention, UpdatedAt = happened.RecordedAt.UtcDateTime });
    }

    private static PaymentKey KeyOf(StoredEvent happened) => new(Tenants.Stored(happened.Stream.Tenant), PaymentModel.PaymentOf(happened.Stream).Value);

    private static PaymentRow? First(StoredEvent happened) => happened.Data switch
    {
        PaymentIntended e => Of(happened, e, e.Account, e.Purpose, e.Provider, e.Amount, e.CreditAmount, e.Item),
        PaymentReported e => Of(happened, e, e.Account, PaymentPurpose.Credits, e.Provider, e.Amount, e.CreditAmount, null),
        PaymentBilled e => Of(happened, e, e.Account, PaymentPurpose.Subscription, e.Provider, e.Amount, null, e.Item),
        _ => null,
    };

    private static PaymentRow Of(StoredEvent happened, PaymentEvent e, AccountId account, PaymentPurpose purpose, string? provider, Money amount, Credits? credits, SoldItem? item) => new()
    {
        Key = KeyOf(happened),
        Version = happened.Version,
        Account = account.Value,
        Purpose = Words.Of(purpose),
        Status = Words.Of(e.Status),
        Provider = provider,
        Amount = amount.Amount,
        Currency = amount.Currency,
        CreditAmount = credits?.Value,
        ItemKind = item is null ? null : Words.Of(item.Kind),
        ItemId = item?.Id,
        ItemVersion = item?.Version,
        Quantity = item?.Quantity,
        CreatedAt = happened.RecordedAt.UtcDateTime,
        UpdatedAt = happened.RecordedAt.UtcDateTime,
        Position = happened.SeqId,
    };
}
