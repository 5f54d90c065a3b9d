using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ledger.Api.Catalog;
using Ledger.Api.Payments;
using Ledger.Api.Tests.Reliability;
using Ledger.Domain;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.EventStore;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Api.Tests.Webhooks;

/// <summary>
/// Every event and notification of a folder of fixtures goes in over HTTP, signed, and comes to what its provider's documents say. The folder is no part of this repository: LEDGER_PROVIDER_FIXTURES names it, and where it
/// names none there is nothing to run.
/// </summary>
public sealed partial class Conformance_over_http(ITestOutputHelper output)
{
    private const string StripeSecret = "whsec_of_the_conformance_run";

    private readonly HashSet<string> prices = new(StringComparer.Ordinal);

    private static readonly string? Folder = Environment.GetEnvironmentVariable("LEDGER_PROVIDER_FIXTURES");

    /// <summary>What each event of Stripe leaves behind: the delivery's status, the payment's, and how many credits its account has. Events about one object come one after the other.</summary>
    private static readonly Dictionary<string, (string Delivery, string? Payment, string? Balance)> OfStripe = new(StringComparer.Ordinal)
    {
        ["checkout.session.completed.payment_paid"] = ("applied", "succeeded", "15"),
        ["checkout.session.completed.subscription"] = ("applied", "pending", "0"),
        ["checkout.session.completed.no_payment_required"] = ("ignored", null, null), // no checkout of ours began it
        ["checkout.session.completed.discounted_taxed"] = ("applied", "succeeded", "29.7"),
        ["invoice.created"] = ("ignored", null, null), // it counts when it is paid
        ["invoice.finalized"] = ("ignored", null, null),
        ["invoice_payment.paid"] = ("applied", null, null), // it leads from the intent to the invoice's payment
        ["invoice.payment_succeeded"] = ("ignored", null, null), // invoice.paid says the same
        ["checkout.session.completed.setup"] = ("ignored", null, null),
        ["checkout.session.async_payment_succeeded"] = ("applied", "succeeded", "15"),
        ["checkout.session.async_payment_failed"] = ("applied", "failed", "0"),
        ["checkout.session.expired"] = ("applied", "expired", "0"),
        ["payment_intent.created"] = ("applied", "pending", "0"),
        ["payment_intent.requires_action"] = ("applied", "requires_action", "0"),
        ["payment_intent.processing"] = ("applied", "pending", "0"),
        ["payment_intent.succeeded"] = ("applied", "succeeded", "15"),
        ["payment_intent.succeeded.metadata_credits"] = ("applied", null, "5.25"),
        ["payment_intent.succeeded.no_metadata"] = ("ignored", null, null),
        ["payment_intent.payment_failed"] = ("applied", "pending", "0"),
        ["payment_intent.canceled"] = ("applied", "canceled", "0"),
        ["payment_intent.amount_capturable_updated"] = ("applied", "authorized", "0"),
        ["payment_intent.succeeded.partial_capture"] = ("applied", "succeeded", "25"),
        ["charge.succeeded"] = ("applied", "succeeded", "15"),
        ["charge.succeeded.uncaptured"] = ("applied", "authorized", "0"),
        ["charge.captured.partial"] = ("applied", "succeeded", "25"),
        ["charge.failed"] = ("applied", "pending", "0"),
        ["charge.updated"] = ("applied", "succeeded", "15"),
        ["charge.expired"] = ("applied", "pending", "0"),
        ["charge.refunded.partial"] = ("applied", "partially_refunded", "10"),
        ["charge.refunded.full"] = ("applied", "refunded", "0"),
        ["refund.created"] = ("applied", "partially_refunded", "10"),
        ["refund.created.pending"] = ("applied", "refunded", "0"),
        ["refund.updated.succeeded"] = ("applied", "refunded", "0"),
        ["refund.failed"] = ("applied", "succeeded", "15"),
        ["charge.refund.updated"] = ("applied", "partially_refunded", "10"),
        ["charge.dispute.created"] = ("applied", "disputed", "15"),
        ["charge.dispute.funds_withdrawn"] = ("applied", "disputed", "15"),
        ["charge.dispute.updated"] = ("applied", "disputed", "15"),
        ["charge.dispute.closed.won"] = ("applied", "succeeded", "15"),
        ["charge.dispute.funds_reinstated"] = ("applied", "succeeded", "15"),
        ["charge.dispute.created.inquiry"] = ("applied", "succeeded", "15"),
        ["charge.dispute.closed.inquiry"] = ("applied", "succeeded", "15"),
        ["customer.created"] = ("applied", null, null),
        ["customer.updated"] = ("applied", null, null),
        ["customer.deleted"] = ("applied", null, null),
    };

    /// <summary>What each notification of Midtrans leaves behind, as above. Those about one order come one after the other; the status call says what they say.</summary>
    private static readonly Dictionary<string, (string Delivery, string? Payment, string? Balance)> OfMidtrans = new(StringComparer.Ordinal)
    {
        ["card.pending"] = ("applied", "pending", "0"),
        ["card.authorize"] = ("applied", "authorized", "0"),
        ["card.capture.accept"] = ("applied", "succeeded", "150"),
        ["card.capture.challenge"] = ("applied", "challenged", "0"),
        ["card.capture.accept_after_challenge"] = ("applied", "succeeded", "150"),
        ["card.settlement"] = ("applied", "succeeded", "150"),
        ["card.deny"] = ("applied", "failed", "0"),
        ["card.deny.fraud"] = ("applied", "failed", "0"),
        ["card.cancel"] = ("applied", "canceled", "0"),
        ["card.expire"] = ("applied", "expired", "0"),
        ["card.failure"] = ("applied", "failed", "0"),
        ["card.partial_refund.unconfirmed"] = ("applied", "partially_refunded", "100"),
        ["card.partial_refund.confirmed"] = ("applied", "partially_refunded", "100"),
        ["card.refund.full"] = ("applied", "refunded", "0"),
        ["card.chargeback"] = ("applied", "disputed", "0"),
        ["va_bca.pending"] = ("applied", "pending", "0"),
        ["va_bca.settlement"] = ("applied", "succeeded", "75"),
        ["va_bni.settlement"] = ("applied", "succeeded", "75"),
        ["va_permata.settlement"] = ("applied", "succeeded", "75"),
        ["va_bca.expire"] = ("applied", "expired", "0"),
        ["va_bca.cancel"] = ("applied", "canceled", "0"),
        ["va_permata.deny_reversal"] = ("applied", "failed", "0"),
        ["echannel.pending"] = ("applied", "pending", "0"),
        ["echannel.settlement"] = ("applied", "succeeded", "30"),
        ["echannel.expire"] = ("applied", "expired", "0"),
        ["qris.pending"] = ("applied", "pending", "0"),
        ["qris.settlement"] = ("applied", "succeeded", "5.539"),
        ["qris.expire"] = ("applied", "expired", "0"),
        ["gopay.pending"] = ("applied", "pending", "0"),
        ["gopay.settlement"] = ("applied", "succeeded", "20"),
        ["gopay.settlement.custom_fields"] = ("applied", "succeeded", "20"),
        ["gopay.refund.full"] = ("applied", "refunded", "0"),
        ["gopay.cancel"] = ("applied", "canceled", "0"),
        ["cstore.settlement"] = ("applied", "succeeded", "50"),
    };

    private InboxService service = null!;
    private int planted;

    [Fact]
    public async Task Every_fixture_goes_in_with_its_signature_and_comes_to_what_its_provider_says()
    {
        if (string.IsNullOrEmpty(Folder))
        {
            output.WriteLine("Not run: LEDGER_PROVIDER_FIXTURES names no folder.");
            Folder.ShouldBeNullOrEmpty();
            return;
        }

        using var midtrans = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(Folder, "midtrans", "notifications", "index.json")));
        await using var status = new StatusCall();
        await using var composed = new InboxService
        {
            IsReal = true,
            More = new Dictionary<string, string?>(new InboxService().More)
            {
                ["Stripe:SecretKey"] = "sk_test_conformance",
                ["Stripe:WebhookSecret"] = StripeSecret,
                ["Stripe:ApiBase"] = "http://127.0.0.1:9",
                ["Midtrans:ServerKey"] = midtrans.RootElement.GetProperty("server_key").GetString(),
                ["Midtrans:ApiBase"] = status.Address,
                ["Midtrans:SnapBase"] = status.Address,
            },
        };
        await composed.InitializeAsync();
        service = composed;
        var wrong = new List<string>();
        await StripeAsync(wrong);
        await MidtransAsync(midtrans.RootElement, status, wrong);
        wrong.ShouldBeEmpty();
    }

    private async Task StripeAsync(List<string> wrong)
    {
        var folder = Path.Combine(Folder!, "stripe");
        using var index = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "events", "index.json")));
        foreach (var file in index.RootElement.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("file").GetString()!))
        {
            var name = Path.GetFileNameWithoutExtension(file);
            var body = await File.ReadAllBytesAsync(Path.Combine(folder, file));
            var expected = OfStripe.GetValueOrDefault(name, ("ignored", null, null));
            using var json = JsonDocument.Parse(body);
            var about = json.RootElement.GetProperty("data").GetProperty("object");
            var metadata = about.TryGetProperty("metadata", out var marks) && marks.ValueKind == JsonValueKind.Object ? marks : default;
            string? Mark(string mark) => metadata.ValueKind == JsonValueKind.Object && metadata.TryGetProperty(mark, out var value) ? value.GetString() : null;
            var account = Mark("ledger_account") is { } marked && marked.Length > 0 ? marked : "acct_of_" + (Text(about, "payment_intent") ?? "nobody");
            await OpenAsync(account);
            if (IsPlan(Text(about, "object")))
            {
                if (!OfStripe.ContainsKey(name)) expected = ("applied", null, null);
                foreach (var price in PricesOf(body)) await SellAsync(price);
                if (AccountOf(body) is { } subscriber) await OpenAsync(subscriber);
            }

            if (expected.Item2 is not null)
            {
                var kind = Text(about, "object");
                var refs = new ProviderRefs
                {
                    PaymentIntentId = kind == "payment_intent" ? Text(about, "id") : Text(about, "payment_intent"),
                    ChargeId = kind == "charge" ? Text(about, "id") : Text(about, "charge") ?? Text(about, "latest_charge"),
                    CheckoutSessionId = kind == "checkout.session" ? Text(about, "id") : null,
                };
                var amount = (Number(about, "amount_received") is > 0 and var received ? received : (long?)null) ?? Number(about, "amount_captured") ?? Number(about, "amount_total") ?? Number(about, "amount");
                // What a refund or dispute is about was paid: 15 dollars in all fixtures.
                var isPaid = kind is "refund" or "dispute" || name.StartsWith("charge.refunded", StringComparison.Ordinal);
                if (kind is "refund") amount = 1_500;
                if (kind is "charge" && !isPaid && amount == 0) amount = Number(about, "amount");
                await PlantAsync("stripe", Mark("ledger_payment") ?? "pay_of_" + refs.PaymentIntentId, account, new Money(amount!.Value, Text(about, "currency")!), (decimal)amount.Value / 100, refs, isPaid);
            }

            var answer = await service.Deliver("stripe", body, ("Stripe-Signature", Sign(body)));
            await CheckAsync(name, answer, expected, account, refsOf: about, wrong);
        }
    }

    private async Task MidtransAsync(JsonElement index, StatusCall status, List<string> wrong)
    {
        foreach (var file in index.GetProperty("notifications").EnumerateArray().Select(n => n.GetProperty("file").GetString()!))
        {
            var name = Path.GetFileNameWithoutExtension(file);
            var body = await File.ReadAllBytesAsync(Path.Combine(Folder!, "midtrans", file));
            using var json = JsonDocument.Parse(body);
            var about = json.RootElement;
            // Of a subscription, which nobody signs, the status call knows nothing here: it is kept and asked about again.
            var expected = OfMidtrans.GetValueOrDefault(name, ("waiting", null, null));
            var account = "acct_of_" + (Text(about, "order_id") ?? name);
            if (Text(about, "order_id") is { } order)
            {
                status.Truth[order] = body;
                status.Truth[Text(about, "transaction_id")!] = body;
                if (Text(about, "custom_field2") is { } field) account = field;
                await OpenAsync(account);
                var rupiah = decimal.Parse(Text(about, "gross_amount")!, CultureInfo.InvariantCulture);
                await PlantAsync("midtrans", Text(about, "custom_field3") ?? "pay_of_" + order, account, new Money((long)(rupiah * 100), "idr"), rupiah / 1000, new ProviderRefs { OrderId = order }, false);
            }

            await CheckAsync(name, await service.Deliver("midtrans", body), expected, account, about, wrong);
        }
    }

    private async Task CheckAsync(string name, Answered answer, (string Delivery, string? Payment, string? Balance) expected, string account, JsonElement refsOf, List<string> wrong)
    {
        if (answer.Status != 200)
        {
            wrong.Add($"{name}: {answer.Status} {answer.Body}");
            return;
        }

        var id = answer.Text("id");
        var delivery = await service.Get("/v1/webhook-deliveries/" + id);
        await Run.UntilAsync(async () => (delivery = await service.Get("/v1/webhook-deliveries/" + id)).Text("status") != "received" && int.Parse(delivery.Text("attempts"), CultureInfo.InvariantCulture) > 0 && !await service.QueryAsync<bool>($"select status = 'received' from ledger.webhook_deliveries where id = '{id}'"), TimeSpan.FromSeconds(20), name);
        var stands = delivery.Json.TryGetProperty("paymentId", out var payment) && payment.GetString() is { } paymentId && expected.Payment is not null
            ? await service.QueryAsync<string>($"select coalesce((select status from ledger.payments where id = '{paymentId}'), 'none')")
            : null;
        var balance = expected.Balance is null ? null : (await service.Get($"/v1/accounts/{account}")).Text("balance");
        if ((delivery.Text("status"), stands, balance) != expected)
            wrong.Add($"{name}: {delivery.Text("status")} {stands} {balance}, expected {expected}; {(delivery.Json.TryGetProperty("reason", out var reason) ? reason.GetString() : "")}");
    }

    private static bool IsPlan(string? kind) => kind is "subscription" or "invoice";

    private static IEnumerable<string> PricesOf(byte[] body) => Price().Matches(Encoding.UTF8.GetString(body)).Select(match => match.Groups[1].Value).Distinct(StringComparer.Ordinal);

    private static string? AccountOf(byte[] body) => Account().Match(Encoding.UTF8.GetString(body)) is { Success: true } match ? match.Groups[1].Value : null;

    /// <summary>A plan at that price of Stripe's.</summary>
    private async Task SellAsync(string price)
    {
        if (!prices.Add(price)) return;
        (await service.Send(HttpMethod.Put, $"/v1/plans/fixture-{prices.Count}", $$$"""{"tier":"fixture{{{prices.Count}}}","name":"Fixture","price":{"amount":2999,"currency":"usd"},"interval":"month","trialDays":0,"creditsPerPeriod":30,"limits":{},"features":{},"providerRefs":{"stripe":{"priceId":"{{{price}}}"}},"active":true}""")).ShouldBe(201);
    }

    [System.Text.RegularExpressions.GeneratedRegex("\"(price_[A-Za-z0-9]+)\"")]
    private static partial System.Text.RegularExpressions.Regex Price();

    [System.Text.RegularExpressions.GeneratedRegex("\"ledger_account\": *\"([^\"]+)\"")]
    private static partial System.Text.RegularExpressions.Regex Account();

    private async Task OpenAsync(string account) =>
        (await service.Send(HttpMethod.Put, $"/v1/accounts/{account}", """{"owner":{"kind":"user","id":"u_1"}}""")).Status.ShouldBeOneOf(200, 201);

    /// <summary>A payment of this name as a checkout of ours would have begun it, its page open; paid, where the fixture is about what comes after.</summary>
    private async Task PlantAsync(string provider, string name, string account, Money amount, decimal credits, ProviderRefs refs, bool isPaid)
    {
        var (hallway, id) = (service.Services.GetRequiredService<PaymentHallway>(), new PaymentId(name));
        if (await hallway.FindAsync("default", id, CancellationToken.None) is null)
        {
            var item = $"fixture-{++planted}";
            (await service.Send(HttpMethod.Put, $"/v1/packages/{item}", string.Create(CultureInfo.InvariantCulture, $$"""{"name":"Fixture","price":{"amount":{{amount.Amount}},"currency":"{{amount.Currency}}"},"creditAmount":{{credits}}}"""))).ShouldBe(201);
            var start = new StartCheckout { Payment = id, Account = new AccountId(account), Item = CatalogItem.Begin(ItemKind.Package, item), Quantity = 1, Provider = provider };
            (await hallway.SendAsync("default", start, EventMeta.None, account: new AccountId(account), item: (ItemKind.Package, item))).Problem.ShouldBeNull();
            (await hallway.SendAsync("default", new RecordCheckoutPage { Payment = id, Refs = refs, RedirectUrl = "https://pay.example", Attempt = 1 }, EventMeta.None)).Problem.ShouldBeNull();
        }

        if (!isPaid) return;
        var paid = new PaymentTold { Provider = provider, Refs = refs, Status = PaymentStatus.Succeeded, Amount = amount };
        await hallway.ApplyAsync("default", $"planted/{name}", paid, false, CancellationToken.None);
    }

    private static string Sign(byte[] body)
    {
        var t = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={t},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(StripeSecret), Encoding.UTF8.GetBytes(t + ".").Concat(body).ToArray()))}";
    }

    private static string? Text(JsonElement about, string member) => about.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Number(JsonElement about, string member) => about.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;

    /// <summary>Midtrans's status call: what was last told of an order is true.</summary>
    private sealed class StatusCall : IAsyncDisposable
    {
        private readonly HttpListener listener = new();
        private readonly Task serving;

        public StatusCall()
        {
            Address = $"http://127.0.0.1:{Testing.ServiceProcess.FreePort()}/";
            listener.Prefixes.Add(Address);
            listener.Start();
            serving = Task.Run(ServeAsync);
        }

        public string Address { get; }

        public System.Collections.Concurrent.ConcurrentDictionary<string, byte[]> Truth { get; } = new();

        public async ValueTask DisposeAsync()
        {
            listener.Stop();
            await serving;
            listener.Close();
        }

        private async Task ServeAsync()
        {
            while (listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await listener.GetContextAsync();
                }
                catch (Exception stopped) when (stopped is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                var found = context.Request.Url!.Segments is [_, _, var id, ..] && Truth.TryGetValue(id.TrimEnd('/'), out var told) ? told : null;
                context.Response.ContentType = "application/json";
                context.Response.Close(found ?? """{"status_code":"404","status_message":"Transaction doesn't exist."}"""u8.ToArray(), willBlock: true);
            }
        }
    }
}
