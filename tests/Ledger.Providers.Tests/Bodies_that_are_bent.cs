using System.Text;
using System.Text.Json.Nodes;
using Ledger.Domain;
using Ledger.Providers.Fake;
using Ledger.Providers.Midtrans;
using Ledger.Providers.Stripe;
using Ledger.Providers.Tests.Midtrans;
using Ledger.Providers.Tests.Stripe;

namespace Ledger.Providers.Tests;

/// <summary>Whatever becomes of a body, an adapter says that it can't be read, and nothing else goes wrong.</summary>
public sealed class Bodies_that_are_bent
{
    private const int Bends = 400;

    // Put in as text, for no library writes it: half of a surrogate pair.
    private const string Half = "@half@";

    [Fact]
    public void of_stripe_are_read_or_said_to_be_unreadable()
    {
        using var stripe = new StripeProvider();
        (string Type, string About)[] told =
        [
            ("checkout.session.completed", Payloads.Session()), ("payment_intent.succeeded", Payloads.Intent()), ("payment_intent.payment_failed", Payloads.Intent()), ("charge.refunded", Payloads.Charge(2500, 2000)),
            ("charge.succeeded", Payloads.Charge(2500, 0)), ("refund.updated", Payloads.Refund("succeeded")), ("charge.dispute.closed", Payloads.Dispute("won")), ("customer.created", """{"id":"cus_1","metadata":{}}"""),
            ("invoice.paid", """{"id":"in_1","status":"paid","total":5,"amount_paid":5,"currency":"usd","parent":{"subscription_details":{"subscription":"sub_1"}},"lines":{"data":[{"amount":5,"period":{"start":1,"end":2},"pricing":{"price_details":{"price":"p"}}}]}}"""),
            ("customer.subscription.updated", """{"id":"sub_1","status":"active","items":{"data":[{"id":"si_1","price":{"id":"p"},"current_period_start":1,"current_period_end":2}]},"trial_end":5}"""),
        ];
        const string Secret = "whsec_bent";
        var settings = new ProviderSettings("sk_test_1", [Secret], new Uri("https://api.example.test"));
        Bend(told.Select(one => new JsonObject { ["id"] = "evt_1", ["object"] = "event", ["created"] = 1_790_000_000, ["livemode"] = false, ["type"] = one.Type, ["data"] = new JsonObject { ["object"] = JsonNode.Parse(one.About) } }), body =>
        {
            var signature = SignedHeader.Sign(Secret, 0, body);
            stripe.Verify(settings, _ => signature, body, DateTimeOffset.UnixEpoch, out _);
            stripe.Translate(body);
        });
    }

    [Fact]
    public void of_midtrans_are_read_or_said_to_be_unreadable()
    {
        using var midtrans = new MidtransProvider();
        var settings = new ProviderSettings(Notes.ServerKey, [Notes.ServerKey], new Uri("https://api.example.test"));
        JsonObject[] notes =
        [
            .. new[] { "pending", "settlement", "capture", "deny", "cancel", "chargeback", "partial_chargeback" }.Select(word => Notes.Note(word)),
            Notes.Note("partial_refund", more: """{"refund_amount":"70000.00","refunds":[{"refund_key":"ledger-ref-ref_1","refund_amount":"50000.00"},{"refund_chargeback_id":7,"refund_amount":"20000.00"}]}"""),
            Notes.Note("settlement", more: """{"va_numbers":[{"bank":"bca","va_number":"812785002530231"}],"settlement_time":"2026-08-03 10:05:00"}"""),
            (JsonObject)JsonNode.Parse("""{"event_name":"subscription.charge","transaction":{"transaction_id":"tx-1"},"subscription":{"id":"sub-1","status":"active","schedule":{"next_execution_at":"2026-09-03T03:00:00Z","current_interval":1}}}""")!,
        ];
        Bend(notes, body =>
        {
            midtrans.Verify(settings, _ => null, body, DateTimeOffset.UnixEpoch, out _);
            midtrans.Translate(body);
        });
    }

    [Fact]
    public async Task of_the_fake_one_are_read_or_said_to_be_unreadable()
    {
        var fake = new FakeProvider();
        var settings = new ProviderSettings("fake", ["fake_secret"], new Uri("http://localhost:5080/"));
        await fake.StartAsync(settings, Orders.Order(), default);
        foreach (var decision in (FakeDecision[])[FakeDecision.Pay, FakeDecision.Refund, FakeDecision.Dispute])
            Bend([(JsonObject)JsonNode.Parse(fake.Decide(settings, "fcs_pay_1", decision)!.Body)!], body => fake.Translate(body));
    }

    private static void Bend(IEnumerable<JsonObject> bodies, Action<byte[]> read)
    {
        foreach (var body in bodies)
        {
            read(Orders.Bytes(body)); // unbent, it is read
            for (var seed = 0; seed < Bends; seed++)
            {
                var random = new Random(seed);
                var bent = (JsonObject)body.DeepClone();
                for (var times = random.Next(1, 4); times > 0; times--) Bend(bent, random);
                var text = bent.ToJsonString().Replace(Half, "\\ud800", StringComparison.Ordinal);
                try
                {
                    read(Encoding.UTF8.GetBytes(text));
                }
                catch (UnreadableNotificationException)
                {
                    // It said so.
                }
                catch (Exception problem)
                {
                    throw new InvalidOperationException($"Seed {seed}: {text}", problem);
                }
            }
        }
    }

    private static void Bend(JsonNode node, Random random)
    {
        // Down to some member, and there something else.
        while (true)
        {
            if (node is JsonObject { Count: > 0 } members)
            {
                var name = members.ElementAt(random.Next(members.Count)).Key;
                if (members[name] is JsonObject or JsonArray && random.Next(4) > 0)
                {
                    node = members[name]!;
                    continue;
                }

                if (random.Next(4) == 0) members.Remove(name);
                else if (random.Next(12) == 0) members[name + Half] = Other(random);
                else members[name] = Other(random);
            }
            else if (node is JsonArray { Count: > 0 } list)
            {
                var at = random.Next(list.Count);
                if (list[at] is JsonObject or JsonArray && random.Next(4) > 0)
                {
                    node = list[at]!;
                    continue;
                }

                list[at] = Other(random);
            }

            return;
        }
    }

    private static JsonNode? Other(Random random) => random.Next(12) switch
    {
        0 => null,
        1 => "",
        2 => "x",
        3 => Half,
        4 => -1,
        5 => JsonNode.Parse("9223372036854775807"),
        6 => JsonNode.Parse("1e400"),
        7 => 1.5m,
        8 => true,
        9 => new JsonArray(),
        10 => new JsonObject(),
        _ => new string('9', 40),
    };
}
