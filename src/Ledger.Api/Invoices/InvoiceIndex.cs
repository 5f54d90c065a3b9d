using Ledger.Api.Billing;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain.Invoices;
using Ledger.EventStore;
using Ledger.EventStore.Projections;
using NpgsqlTypes;

namespace Ledger.Api.Invoices;

/// <summary>The key of an invoice.</summary>
internal readonly record struct InvoiceKey(string Tenant, string Id);

/// <summary>An invoice in the index, as its last event left it.</summary>
internal sealed record InvoiceRow
{
    public required InvoiceKey Key { get; init; }

    public required long Version { get; init; }

    public required string Number { get; init; }

    public required string Account { get; init; }

    public string? Payment { get; init; }

    public string? Subscription { get; init; }

    public required string Status { get; init; }

    public required string Currency { get; init; }

    public required long Subtotal { get; init; }

    public required long Discount { get; init; }

    public required long Tax { get; init; }

    public required long Total { get; init; }

    public long Credited { get; init; }

    public required DateTime IssuedAt { get; init; }

    public DateTime? DueAt { get; init; }

    public DateTime? PaidAt { get; init; }

    public required DateTime UpdatedAt { get; init; }

    public required long Position { get; init; }
}

/// <summary>Which invoices there are, written in the commit of their events, so that who has paid finds the invoice in the list.</summary>
internal sealed class InvoiceIndex : Projection
{
    private static readonly ProjectionTable<InvoiceKey, InvoiceRow> Invoices = new(
        "invoices",
        isLog: false,
        row => row.Key,
        [
            new ProjectionColumn<InvoiceKey, string>("tenant_id", NpgsqlDbType.Text, key => key.Tenant),
            new ProjectionColumn<InvoiceKey, string>("id", NpgsqlDbType.Text, key => key.Id),
        ],
        [
            new ProjectionColumn<InvoiceRow, string>("tenant_id", NpgsqlDbType.Text, row => row.Key.Tenant),
            new ProjectionColumn<InvoiceRow, string>("id", NpgsqlDbType.Text, row => row.Key.Id),
            new ProjectionColumn<InvoiceRow, long>("version", NpgsqlDbType.Bigint, row => row.Version),
            new ProjectionColumn<InvoiceRow, string>("number", NpgsqlDbType.Text, row => row.Number),
            new ProjectionColumn<InvoiceRow, string>("account_id", NpgsqlDbType.Text, row => row.Account),
            new ProjectionColumn<InvoiceRow, string?>("payment_id", NpgsqlDbType.Text, row => row.Payment),
            new ProjectionColumn<InvoiceRow, string?>("subscription_id", NpgsqlDbType.Text, row => row.Subscription),
            new ProjectionColumn<InvoiceRow, string>("status", NpgsqlDbType.Text, row => row.Status),
            new ProjectionColumn<InvoiceRow, string>("currency", NpgsqlDbType.Text, row => row.Currency),
            new ProjectionColumn<InvoiceRow, long>("subtotal", NpgsqlDbType.Bigint, row => row.Subtotal),
            new ProjectionColumn<InvoiceRow, long>("discount", NpgsqlDbType.Bigint, row => row.Discount),
            new ProjectionColumn<InvoiceRow, long>("tax", NpgsqlDbType.Bigint, row => row.Tax),
            new ProjectionColumn<InvoiceRow, long>("total", NpgsqlDbType.Bigint, row => row.Total),
            new ProjectionColumn<InvoiceRow, long>("credited", NpgsqlDbType.Bigint, row => row.Credited),
            new ProjectionColumn<InvoiceRow, DateTime>("issued_at", NpgsqlDbType.TimestampTz, row => row.IssuedAt),
            new ProjectionColumn<InvoiceRow, DateTime?>("due_at", NpgsqlDbType.TimestampTz, row => row.DueAt),
            new ProjectionColumn<InvoiceRow, DateTime?>("paid_at", NpgsqlDbType.TimestampTz, row => row.PaidAt),
            new ProjectionColumn<InvoiceRow, DateTime>("updated_at", NpgsqlDbType.TimestampTz, row => row.UpdatedAt),
            new ProjectionColumn<InvoiceRow, long>("position", NpgsqlDbType.Bigint, row => row.Position),
        ],
        reader => new InvoiceRow
        {
            Key = new(reader.GetString(0), reader.GetString(1)),
            Version = reader.GetInt64(2),
            Number = reader.GetString(3),
            Account = reader.GetString(4),
            Payment = reader.IsDBNull(5) ? null : reader.GetString(5),
            Subscription = reader.IsDBNull(6) ? null : reader.GetString(6),
            Status = reader.GetString(7),
            Currency = reader.GetString(8),
            Subtotal = reader.GetInt64(9),
            Discount = reader.GetInt64(10),
            Tax = reader.GetInt64(11),
            Total = reader.GetInt64(12),
            Credited = reader.GetInt64(13),
            IssuedAt = reader.GetDateTime(14),
            DueAt = reader.IsDBNull(15) ? null : reader.GetDateTime(15),
            PaidAt = reader.IsDBNull(16) ? null : reader.GetDateTime(16),
            UpdatedAt = reader.GetDateTime(17),
            Position = reader.GetInt64(18),
        });

    public override string Name => "invoices";

    public override int Version => 1;

    public override bool IsInline => true;

    public override IReadOnlySet<Type> Handles { get; } = EventJson.EventTypes.Where(type => type.IsAssignableTo(typeof(InvoiceEvent))).ToHashSet();

    public override IReadOnlyList<ProjectionTable> Tables { get; } = [Invoices];

    public override void Need(StoredEvent happened, RowNeeds needs)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(needs);
        // An invoice begins with this one.
        if (happened.Data is not InvoiceIssued) needs.Row(Invoices, KeyOf(happened));
    }

    public override void Apply(StoredEvent happened, Rows rows)
    {
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(rows);
        var e = (InvoiceEvent)happened.Data;
        var row = e is InvoiceIssued issued ? First(happened, issued) : rows.Find(Invoices, KeyOf(happened)) ?? throw new InvalidOperationException($"{happened.Stream} is not in the index of invoices.");
        row = e switch
        {
            InvoicePaid paid => row with { PaidAt = (paid.PaidAt ?? happened.RecordedAt).UtcDateTime },
            CreditNoteIssued note => row with { Credited = row.Credited + note.Amount.Amount },
            _ => row,
        };
        rows.Put(Invoices, row with { Version = happened.Version, Status = Words.Of(e.Status), UpdatedAt = happened.RecordedAt.UtcDateTime });
    }

    private static InvoiceKey KeyOf(StoredEvent happened) => new(Tenants.Stored(happened.Stream.Tenant), InvoiceModel.InvoiceOf(happened.Stream).Value);

    private static InvoiceRow First(StoredEvent happened, InvoiceIssued e) => new()
    {
        Key = KeyOf(happened),
        Version = happened.Version,
        Number = e.Number,
        Account = e.Account.Value,
        Payment = e.Payment?.Value,
        Subscription = e.Subscription?.Value,
        Status = Words.Of(e.Status),
        Currency = e.Total.Currency,
        Subtotal = e.Subtotal.Amount,
        Discount = e.Discount.Amount,
        Tax = e.Tax.Amount,
        Total = e.Total.Amount,
        IssuedAt = happened.RecordedAt.UtcDateTime,
        DueAt = e.DueAt?.UtcDateTime,
        UpdatedAt = happened.RecordedAt.UtcDateTime,
        Position = happened.SeqId,
    };
}
