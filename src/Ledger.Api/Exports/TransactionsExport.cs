using System.Text.Json;
using Ledger.Api.Accounts;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Domain.Accounts;
using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Exports;

/// <summary>A transaction and its place among all events.</summary>
internal sealed record TransactionRow(long Position, TransactionBody Body);

/// <summary>Every transaction, as the account's own list has it, made from the event alone: it never waits for a read model.</summary>
internal sealed class TransactionsExport : LogExport<TransactionRow>
{
    private static readonly string[] Types = [.. EventJson.EventTypes.Where(type => type.IsAssignableTo(typeof(TransactionEvent))).Select(type => JsonNamingPolicy.SnakeCaseLower.ConvertName(type.Name))];

    public override string Name => "transactions";

    public override string Summary => "Every transaction of the tenant.";

    protected override IReadOnlyList<Field> Fields { get; } =
    [
        Number("position", "The place of its event among all events of the ledger.", row => row.Position),
        Word("id", "Its id.", row => row.Body.Id),
        Text("accountId", "Its account.", row => row.Body.AccountId),
        Number("version", "The account's version with it.", row => row.Body.Version),
        Word("type", $"{string.Join(", ", Words.All<TransactionType>())}.", row => Words.Of(row.Body.Type)),
        Word("direction", "credit or debit.", row => Words.Of(row.Body.Direction)),
        Amount("amount", "How much; more than 0.", row => row.Body.Amount),
        Amount("balanceBefore", "The balance before.", row => row.Body.BalanceBefore),
        Amount("balanceAfter", "The balance after.", row => row.Body.BalanceAfter),
        Amount("available", "What was available after, without the overdraft.", row => row.Body.Available),
        Time("recordedAt", "When it was recorded.", row => row.Body.RecordedAt),
        Time("occurredAt", "When it happened, as the app says.", row => row.Body.OccurredAt),
        Text("service", "The app's service.", row => row.Body.Service),
        Text("operation", "What the service did.", row => row.Body.Operation),
        Text("resourceType", "The kind of thing that it was done for.", row => row.Body.Resource?.Type),
        Text("resourceId", "The thing that it was done for.", row => row.Body.Resource?.Id),
        Flag("oncePerResource", "true where the resource is charged once only.", row => row.Body.OncePerResource),
        Text("reference", "The app's own id.", row => row.Body.Reference),
        Text("description", "For people.", row => row.Body.Description),
        Text("actor", "Who did it.", row => row.Body.Actor),
        Text("reason", "Why.", row => row.Body.Reason),
        Word("source", "Why credits were granted.", row => row.Body.Source is { } source ? Words.Of(source) : null),
        Number("priority", "The priority of a grant's lot.", row => row.Body.Priority),
        Time("expiresAt", "When the lot ends that this made.", row => row.Body.ExpiresAt),
        Number("priceAmount", "What was paid for a purchase, in the currency's minor unit.", row => row.Body.Price?.Amount),
        Word("priceCurrency", "The currency of the price.", row => row.Body.Price?.Currency),
        Text("paymentId", "The payment that a purchase counts.", row => row.Body.PaymentId),
        Word("refundOf", "The transaction that this takes back.", row => row.Body.RefundOf),
        Word("holdId", "The hold that this captured.", row => row.Body.HoldId),
        Text("fromAccountId", "Where transferred credits came from.", row => row.Body.FromAccountId),
        Text("toAccountId", "Where transferred credits went.", row => row.Body.ToAccountId),
        Number("inputTokens", "Tokens that the call read.", row => row.Body.Usage?.InputTokens),
        Number("outputTokens", "Tokens that the call wrote.", row => row.Body.Usage?.OutputTokens),
        Number("processingTimeMs", "How long the call took, in milliseconds.", row => row.Body.Usage?.ProcessingTimeMs),
        Flag("success", "Whether the call succeeded.", row => row.Body.Usage?.Success),
        Text("errorMessage", "What went wrong with the call.", row => row.Body.Usage?.ErrorMessage),
        Json("requestData", "What the call was asked.", row => row.Body.Usage?.RequestData?.GetRawText()),
        Value("allocations", "From or to which lots: lotId and amount of each; without a lot it is debt.", row => row.Body.Allocations),
        Value("metadata", "What the app notes on it.", row => row.Body.Metadata),
    ];

    protected override string Select => "select e.seq_id, e.stream_id, e.version, e.type, e.timestamp, e.data::text from ledger.mt_events e";

    protected override (string Sql, string[] Value) Condition => ("e.type = any($6)", Types);

    protected override TransactionRow Read(NpgsqlDataReader reader, string tenant)
    {
        var (position, type) = (reader.GetInt64(0), reader.GetString(3));
        var stored = new StoredEvent(
            position, Guid.Empty, new StreamRef(tenant, reader.GetString(1)), reader.GetInt64(2), type, EventJson.Catalog.Read(type, reader.GetString(5)), TimeOf(reader, 4), EventMeta.None, default);
        return new TransactionRow(position, TransactionBody.Of(stored)!);
    }
}
