using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ledger.Domain.Payments;
using Ledger.Providers.Midtrans;

namespace Ledger.Providers.Tests.Midtrans;

/// <summary>Notifications of our own.</summary>
internal static class Notes
{
    public const string ServerKey = "SB-Mid-server-ofTheTests0123";

    public static JsonObject Note(string status, string? fraud = "accept", string code = "200", string more = "{}")
    {
        var note = new JsonObject
        {
            ["transaction_time"] = "2026-08-03 10:00:00",
            ["transaction_status"] = status,
            ["transaction_id"] = "tx-1",
            ["status_code"] = code,
            ["payment_type"] = "credit_card",
            ["order_id"] = "pay_1-1",
            ["gross_amount"] = "150000.00",
            ["currency"] = "IDR",
            ["masked_card"] = "48111111-1114",
            ["bank"] = "bni",
            ["custom_field1"] = "default",
            ["custom_field2"] = "acct_1",
            ["custom_field3"] = "pay_1",
        };
        if (fraud is not null) note["fraud_status"] = fraud;
        foreach (var (name, value) in JsonNode.Parse(more)!.AsObject()) note[name] = value?.DeepClone();
        return Sign(note);
    }

    public static JsonObject Sign(JsonObject note, string serverKey = ServerKey)
    {
        note["signature_key"] = MidtransSignature.Sign((string)note["order_id"]!, (string)note["status_code"]!, (string)note["gross_amount"]!, serverKey);
        return note;
    }

    public static ImmutableArray<ProviderFact> Told(JsonObject note)
    {
        using var midtrans = new MidtransProvider();
        return midtrans.Translate(Orders.Bytes(note));
    }

    public static Notification? Verify(JsonObject note, out SignatureFault fault, params string[] keys)
    {
        using var midtrans = new MidtransProvider();
        var settings = new ProviderSettings(ServerKey, keys.Length == 0 ? [ServerKey] : [.. keys], new Uri("https://api.example.test"));
        return midtrans.Verify(settings, _ => null, Orders.Bytes(note), DateTimeOffset.UnixEpoch, out fault);
    }
}
