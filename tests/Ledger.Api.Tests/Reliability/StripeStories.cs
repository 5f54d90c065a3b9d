using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Ledger.Api.Tests.Reliability;

/// <summary>
/// What Stripe tells of payments that apps made outside our checkouts, each from its begin to its end, in the order in which it happened: tries that fail, successes told twice, refunds in parts, refunds that fail
/// later, disputes that are won or lost. Seeded.
/// </summary>
internal sealed class StripeStories(int seed, int payments, int accounts)
{
    public const string Secret = "whsec_of_the_reliability_tests";

    private readonly Random random = new(seed);
    private readonly List<(string Id, byte[] Body)> told = [];

    /// <summary>How many of them were paid.</summary>
    public int Paid { get; private set; }

    public string[] Accounts { get; } = [.. Enumerable.Range(0, accounts).Select(n => $"payer.{n}")];

    /// <summary>All events, the oldest first.</summary>
    public IReadOnlyList<(string Id, byte[] Body)> Tell()
    {
        for (var n = 0; n < payments; n++) Live(n);
        return told;
    }

    /// <summary>The header of a delivery that is sent now.</summary>
    public static string Sign(byte[] body)
    {
        var t = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={t},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes(t + ".").Concat(body).ToArray()))}";
    }

    private void Live(int n)
    {
        var (amount, credits) = (random.Next(100, 5_000), (decimal)random.Next(1, 5_000) / 100);
        var marks = $$"""{"ledger_tenant":"default","ledger_account":"{{Accounts[n % Accounts.Length]}}","ledger_credits":"{{credits.ToString(CultureInfo.InvariantCulture)}}"}""";
        string Intent(string status, int received, string more = "") =>
            $$"""{"id":"pi_{{n}}","object":"payment_intent","status":"{{status}}","amount":{{amount}},"amount_received":{{received}},"currency":"usd","latest_charge":"ch_{{n}}","metadata":{{marks}}{{more}} }""";
        Event("payment_intent.created", Intent("requires_payment_method", 0));
        if (random.Next(4) == 0) Event("payment_intent.payment_failed", Intent("requires_payment_method", 0, ""","last_payment_error":{"code":"card_declined","decline_code":"generic_decline"}"""));
        if (random.Next(8) == 0)
        {
            Event("payment_intent.canceled", Intent("canceled", 0, ""","cancellation_reason":"abandoned" """));
            return;
        }

        Paid++;
        Event("payment_intent.succeeded", Intent("succeeded", amount));
        if (random.Next(5) == 0) Event("payment_intent.succeeded", Intent("succeeded", amount)); // the same news as another event
        switch (random.Next(6))
        {
            case 0:
                Refund(n, amount, marks, [amount], fails: false);
                break;
            case 1:
                var first = random.Next(1, amount / 2);
                Refund(n, amount, marks, [first, random.Next(1, amount - first)], fails: false);
                break;
            case 2:
                Refund(n, amount, marks, [random.Next(1, amount)], fails: true);
                break;
            case 3:
                Dispute(n, amount, "won");
                break;
            case 4:
                Dispute(n, amount, "lost");
                break;
        }
    }

    private void Refund(int n, int amount, string marks, int[] parts, bool fails)
    {
        var total = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            string Object(string status, string more = "") =>
                $$"""{"id":"re_{{n}}_{{i}}","object":"refund","amount":{{parts[i]}},"currency":"usd","charge":"ch_{{n}}","payment_intent":"pi_{{n}}","status":"{{status}}","balance_transaction":"txn_{{n}}_{{i}}","metadata":{}{{more}} }""";
            total += parts[i];
            Event("refund.created", Object("pending"));
            Event("charge.refunded", $$"""{"id":"ch_{{n}}","object":"charge","amount":{{amount}},"amount_captured":{{amount}},"captured":true,"amount_refunded":{{total}},"refunded":{{(total == amount ? "true" : "false")}},"currency":"usd","payment_intent":"pi_{{n}}","metadata":{{marks}} }""");
            Event("refund.updated", Object("succeeded"));
            if (fails) Event("refund.failed", Object("failed", ""","failure_reason":"expired_or_canceled_card" """));
        }
    }

    private void Dispute(int n, int amount, string end)
    {
        string Object(string status) =>
            $$"""{"id":"du_{{n}}","object":"dispute","amount":{{amount}},"currency":"usd","charge":"ch_{{n}}","payment_intent":"pi_{{n}}","status":"{{status}}","reason":"fraudulent","metadata":{} }""";
        Event("charge.dispute.created", Object("needs_response"));
        Event("charge.dispute.funds_withdrawn", Object("needs_response"));
        Event("charge.dispute.updated", Object("under_review"));
        Event("charge.dispute.closed", Object(end));
        if (end == "won") Event("charge.dispute.funds_reinstated", Object("won"));
    }

    private void Event(string type, string about)
    {
        var id = $"evt_{told.Count}";
        told.Add((id, Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","object":"event","api_version":"2026-07-29.dahlia","created":{{1_785_700_000 + told.Count}},"type":"{{type}}","livemode":false,"data":{"object":{{about}} } }""")));
    }
}
