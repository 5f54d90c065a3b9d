using System.Text.Json;
using Ledger.Api.Http;
using Ledger.Domain;

namespace Ledger.Api.Accounts;

/// <summary>Writes the answer that most requests get, member by member: the bytes that the serializer would write, for half of its time. A test holds one against the other.</summary>
internal static class TransactionJson
{
    /// <summary>Answers with a transaction.</summary>
    public static Task WriteAsync(HttpContext http, int status, TransactionBody transaction) =>
        Answer.Json(http, status, (transaction, LedgerJson.For(http)), static (writer, x) => Write(writer, x.transaction, x.Item2));

    /// <summary>Writes it with credits as these options have them: <see cref="LedgerJson.Numbers"/> or <see cref="LedgerJson.Strings"/>.</summary>
    internal static void Write(Utf8JsonWriter writer, TransactionBody body, JsonSerializerOptions options)
    {
        var asStrings = ReferenceEquals(options, LedgerJson.Strings);
        writer.WriteStartObject();
        writer.WriteString("id"u8, body.Id);
        writer.WriteString("accountId"u8, body.AccountId);
        writer.WriteString("type"u8, Words.Encoded(body.Type));
        writer.WriteString("direction"u8, Words.Encoded(body.Direction));
        Write(writer, "amount"u8, body.Amount, asStrings);
        Write(writer, "balanceBefore"u8, body.BalanceBefore, asStrings);
        Write(writer, "balanceAfter"u8, body.BalanceAfter, asStrings);
        Write(writer, "available"u8, body.Available, asStrings);
        Write(writer, "description"u8, body.Description);
        Write(writer, "reference"u8, body.Reference);
        writer.WriteStartArray("allocations"u8);
        foreach (var allocation in body.Allocations)
        {
            writer.WriteStartObject();
            if (allocation.LotId is null) writer.WriteNull("lotId"u8);
            else writer.WriteString("lotId"u8, allocation.LotId);
            Write(writer, "amount"u8, allocation.Amount, asStrings);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        Write(writer, "service"u8, body.Service);
        Write(writer, "operation"u8, body.Operation);
        WriteOther(writer, "resource"u8, body.Resource, options);
        if (body.OncePerResource is { } once) writer.WriteBoolean("oncePerResource"u8, once);
        WriteOther(writer, "usage"u8, body.Usage, options);
        if (body.Price is { } price) WriteOther(writer, "price"u8, (object)price, options);
        Write(writer, "paymentId"u8, body.PaymentId);
        if (body.Source is { } source) writer.WriteString("source"u8, Words.Encoded(source));
        if (body.Priority is { } priority) writer.WriteNumber("priority"u8, priority);
        if (body.ExpiresAt is { } end) Write(writer, "expiresAt"u8, end);
        Write(writer, "reason"u8, body.Reason);
        Write(writer, "actor"u8, body.Actor);
        Write(writer, "refundOf"u8, body.RefundOf);
        Write(writer, "holdId"u8, body.HoldId);
        Write(writer, "fromAccountId"u8, body.FromAccountId);
        Write(writer, "toAccountId"u8, body.ToAccountId);
        writer.WriteNumber("version"u8, body.Version);
        Write(writer, "occurredAt"u8, body.OccurredAt);
        Write(writer, "recordedAt"u8, body.RecordedAt);
        if (body.Metadata.Count == 0)
        {
            writer.WriteStartObject("metadata"u8);
            writer.WriteEndObject();
        }
        else
        {
            WriteOther(writer, "metadata"u8, body.Metadata, options);
        }

        Write(writer, "eventHash"u8, body.EventHash);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? text)
    {
        if (text is not null) writer.WriteString(name, text);
    }

    private static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[Times.LengthMax];
        writer.WriteString(name, text[..Times.Format(time, text)]);
    }

    private static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> name, Credits amount, bool asString)
    {
        Span<byte> text = stackalloc byte[Credits.LengthMax];
        amount.TryFormat(text, out var length);
        if (asString)
        {
            writer.WriteString(name, text[..length]);
        }
        else
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(text[..length], skipInputValidation: true);
        }
    }

    private static void WriteOther<T>(Utf8JsonWriter writer, ReadOnlySpan<byte> name, T? value, JsonSerializerOptions options)
        where T : class
    {
        if (value is null) return;
        writer.WritePropertyName(name);
        JsonSerializer.Serialize(writer, value, options);
    }
}
