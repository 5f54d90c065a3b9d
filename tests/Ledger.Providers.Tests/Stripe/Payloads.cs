using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ledger.Domain.Payments;
using Ledger.Providers.Stripe;

namespace Ledger.Providers.Tests.Stripe;

/// <summary>Events of our own, with what a ledger reads of them.</summary>
internal static class Payloads
{
    public const string Marks = "\"metadata\":{\"ledger_tenant\":\"default\",\"ledger_account\":\"acct_1\",\"ledger_payment\":\"pay_1\"}";

    public static ImmutableArray<ProviderFact> Told(string type, string about, string version = "2026-07-29.dahlia")
    {
        var body = new JsonObject
        {
            ["id"] = "evt_1",
            ["object"] = "event",
            ["api_version"] = version,
            ["created"] = 1_790_000_000,
            ["livemode"] = false,
            ["type"] = type,
            ["data"] = new JsonObject { ["object"] = JsonNode.Parse(about) },
        };
        return StripeEvents.Translate(Orders.Bytes(body));
    }

    public static string Session(string status = "complete", string paid = "paid", string mode = "payment", string more = "") =>
        $$"""{"id":"cs_1","object":"checkout.session","mode":"{{mode}}","status":"{{status}}","payment_status":"{{paid}}","amount_total":1500,"currency":"usd","payment_intent":"pi_1","customer":"cus_1",{{Marks}}{{more}}}""";

    public static string Intent(string status = "succeeded", string more = "") =>
        $$"""{"id":"pi_1","object":"payment_intent","status":"{{status}}","amount":4000,"amount_received":2500,"amount_capturable":3000,"currency":"usd","latest_charge":"ch_1","customer":"cus_1","cancellation_reason":"abandoned",{{Marks}}{{more}}}""";

    public static string Charge(long captured, long refunded, long amount = 4000) =>
        $$$"""{"id":"ch_1","object":"charge","amount":{{{amount}}},"amount_captured":{{{captured}}},"amount_refunded":{{{refunded}}},"currency":"usd","captured":true,"payment_intent":"pi_1","payment_method":"pm_1","payment_method_details":{"type":"card","card":{"brand":"visa","last4":"4242","exp_month":12,"exp_year":2034}},{{{Marks}}} }""";

    public static string Refund(string status, string more = "") =>
        $$"""{"id":"re_1","object":"refund","amount":500,"currency":"usd","charge":"ch_1","payment_intent":"pi_1","status":"{{status}}","failure_reason":"lost_or_stolen_card","metadata":{"ledger_refund":"ref_1"}{{more}}}""";

    public static string Dispute(string status) =>
        $$$"""{"id":"du_1","object":"dispute","amount":700,"currency":"usd","charge":"ch_1","payment_intent":"pi_1","reason":"fraudulent","status":"{{{status}}}","metadata":{}}""";
}
