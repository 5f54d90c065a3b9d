using System.Buffers;
using System.Text.Json;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Verification;
using Ledger.Domain;
using Ledger.EventStore;

namespace Ledger.Api.Accounts;

/// <summary>
/// <c>GET .../statement</c>, as JSON or as CSV, streamed: a statement may have millions of lines. Where something fails on the way the connection is cut, so that a part never
/// looks like the whole.
/// </summary>
internal sealed class StatementQueries(EventReader reader, AccountFinder accounts, StatementProofs proofs)
{
    private const int PageBytes = 64 * 1024;

    private static readonly string[] Columns =
    [
        "id", "type", "direction", "amount", "balanceBefore", "balanceAfter", "available", "occurredAt", "recordedAt", "version", "description", "reference", "service", "operation", "resourceType",
        "resourceId", "actor", "reason", "source", "price", "currency", "paymentId", "refundOf", "holdId", "fromAccountId", "toAccountId", "eventHash",
    ];

    /// <summary>Answers.</summary>
    public async Task StatementAsync(HttpContext http)
    {
        var query = QueryParameters.Of(http);
        var period = Period.Read(query);
        var withProof = query.Flag("proof") == true;
        if (withProof && AcceptedType.PrefersCsv(http)) query.Add("proof", "goes with JSON only: ask for application/json");
        if (await accounts.FindAsync(http, query) is not { } now) return;
        var statement = await Statement.OfAsync(reader, now, period, http.RequestAborted);
        http.Response.Headers.Vary = "Accept";
        var account = AccountModel.AccountOf(now.Stream);
        if (withProof) await proofs.AnswerAsync(http, now, statement);
        else if (AcceptedType.PrefersCsv(http)) await CsvAsync(http, account, statement);
        else await JsonAsync(http, account, statement);
    }

    private static async Task JsonAsync(HttpContext http, AccountId account, Statement statement)
    {
        var options = LedgerJson.For(http);
        if (ReferenceEquals(options, LedgerJson.Strings)) Preferences.Echo(http);
        http.Response.ContentType = Answer.MediaType;
        var page = new ArrayBufferWriter<byte>(PageBytes);
        await using var writer = new Utf8JsonWriter(page, new JsonWriterOptions { Encoder = options.Encoder, SkipValidation = true });
        writer.WriteStartObject();
        writer.WriteString("accountId"u8, account.Value);
        writer.WriteString("from"u8, Times.Text(statement.From));
        writer.WriteString("to"u8, Times.Text(statement.To));
        writer.WritePropertyName("openingBalance"u8);
        JsonSerializer.Serialize(writer, statement.Opening, options);
        writer.WriteStartArray("lines"u8);
        await foreach (var lines in statement.PagesAsync(http.RequestAborted))
        {
            foreach (var line in lines) JsonSerializer.Serialize(writer, LineOf(line), options);
            writer.Flush();
            await SendAsync(http, page);
        }

        writer.WriteEndArray();
        writer.WritePropertyName("closingBalance"u8);
        JsonSerializer.Serialize(writer, statement.Closing, options);
        writer.WriteEndObject();
        writer.Flush();
        await SendAsync(http, page);
    }

    /// <summary>The first and the last line are the balances at both ends, in the column of the balance after, at the times of the period.</summary>
    private static async Task CsvAsync(HttpContext http, AccountId account, Statement statement)
    {
        http.Response.ContentType = CsvLines.MediaType;
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"statement-{account.Value.Replace(':', '_')}.csv\"";
        var page = new ArrayBufferWriter<byte>(PageBytes);
        using var csv = new CsvLines(page);
        foreach (var column in Columns) csv.Word(column);
        csv.EndLine();
        Balance(csv, "opening_balance", statement.Opening, statement.From);
        await foreach (var lines in statement.PagesAsync(http.RequestAborted))
        {
            foreach (var line in lines) Write(csv, LineOf(line));
            csv.Flush();
            await SendAsync(http, page);
        }

        Balance(csv, "closing_balance", statement.Closing, statement.To);
        csv.Flush();
        await SendAsync(http, page);
    }

    /// <summary>Nothing reaches the response before its page is whole, so what fails in the first one is still answered as a fault.</summary>
    private static async Task SendAsync(HttpContext http, ArrayBufferWriter<byte> page)
    {
        await http.Response.Body.WriteAsync(page.WrittenMemory, http.RequestAborted);
        page.ResetWrittenCount();
    }

    private static TransactionBody LineOf(StoredEvent line) => TransactionBody.Of(line)! with { EventHash = Convert.ToHexStringLower(line.Hash.Span) };

    private static void Balance(CsvLines csv, string type, Credits balance, DateTimeOffset at)
    {
        foreach (var column in Columns)
        {
            switch (column)
            {
                case "type": csv.Word(type); break;
                case "balanceAfter": csv.Amount(balance); break;
                case "recordedAt": csv.Time(at); break;
                default: csv.Word(null); break;
            }
        }

        csv.EndLine();
    }

    private static void Write(CsvLines csv, TransactionBody line)
    {
        csv.Word(line.Id);
        csv.Word(Words.Of(line.Type));
        csv.Word(Words.Of(line.Direction));
        csv.Amount(line.Amount);
        csv.Amount(line.BalanceBefore);
        csv.Amount(line.BalanceAfter);
        csv.Amount(line.Available);
        csv.Time(line.OccurredAt);
        csv.Time(line.RecordedAt);
        csv.Number(line.Version);
        csv.Text(line.Description);
        csv.Text(line.Reference);
        csv.Text(line.Service);
        csv.Text(line.Operation);
        csv.Text(line.Resource?.Type);
        csv.Text(line.Resource?.Id);
        csv.Text(line.Actor);
        csv.Text(line.Reason);
        csv.Word(line.Source is { } source ? Words.Of(source) : null);
        csv.Number(line.Price?.Amount);
        csv.Word(line.Price?.Currency);
        csv.Text(line.PaymentId);
        csv.Word(line.RefundOf);
        csv.Word(line.HoldId);
        csv.Text(line.FromAccountId);
        csv.Text(line.ToAccountId);
        csv.Word(line.EventHash);
        csv.EndLine();
    }
}
