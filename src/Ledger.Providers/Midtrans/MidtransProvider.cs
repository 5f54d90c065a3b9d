using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ledger.Domain;
using Ledger.Domain.Payments;

namespace Ledger.Providers.Midtrans;

/// <summary>Midtrans: Snap pages in whole rupiah, refunds by key, and notifications that are never taken at their word.</summary>
/// <param name="limits">How long and how often it is asked.</param>
/// <param name="clock">For how long a page stays open is told from now on.</param>
public sealed class MidtransProvider(CallLimits limits, TimeProvider clock) : IPaymentProvider, IDisposable
{
    /// <summary>The most characters of an order id.</summary>
    public const int OrderIdMax = 50;

    /// <summary>The code of the refusal of an order id that was given before: the answer to an earlier call was lost, and a new attempt needs a new id.</summary>
    public const string OrderIdTaken = MidtransClient.OrderIdTaken;

    private const string Currency = "idr";
    private const int MinorPerRupiah = 100;
    private const int ItemNameMax = 50;
    private const int CustomFieldMax = 255;
    private const int ReasonMax = 255;
    private const int ExpiryMinutesMax = 7 * 24 * 60;

    private static readonly SearchValues<char> OrderIdCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~.");

    private readonly MidtransClient _client = new(limits);

    /// <summary>Midtrans, asked within the usual limits.</summary>
    public MidtransProvider()
        : this(CallLimits.Default, TimeProvider.System)
    {
    }

    /// <inheritdoc/>
    public string Name => MidtransFacts.Name;

    /// <inheritdoc/>
    public string? Objection(CheckoutOrder order)
    {
        if (order.Total.Currency != Currency) return $"Midtrans takes rupiah only, not {order.Total.Currency}. Ask for a price in idr, or choose another provider.";
        if (order.Total.Amount <= 0) return "Midtrans takes amounts above 0 only.";
        if (order.Total.Amount % MinorPerRupiah != 0) return $"Midtrans takes whole rupiah only: {order.Total} is none.";
        if (order.RecurringPriceId is not null) return "A plan is paid at Midtrans period by period: it has no page that renews by itself.";
        return IsOrderId(OrderId(order)) ? null : $"The payment's id does not fit into Midtrans's order id of at most {OrderIdMax} letters, digits and - _ ~ .";
    }

    /// <inheritdoc/>
    public async Task<StartedCheckout> StartAsync(ProviderSettings settings, CheckoutOrder order, CancellationToken cancellationToken)
    {
        if (Objection(order) is { } objection) throw new ProviderException(objection, ProviderFault.Refused, "not_payable");
        var orderId = OrderId(order);
        var made = await _client.SnapAsync(settings, SnapBody(order, clock.GetUtcNow()), orderId, cancellationToken);
        return Uri.TryCreate(made.Text("redirect_url"), UriKind.Absolute, out var page)
            ? new StartedCheckout(new ProviderRefs { OrderId = orderId }, page, made.Text("token"))
            : throw new ProviderException("Midtrans's answer has no page to go to.", ProviderFault.Unknown);
    }

    /// <inheritdoc/>
    public Task<string?> CreateCustomerAsync(ProviderSettings settings, string tenant, string account, string? email, string? name, int number, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    /// <inheritdoc/>
    public async Task ExpireAsync(ProviderSettings settings, ProviderRefs refs, CancellationToken cancellationToken)
    {
        if ((refs.OrderId ?? refs.TransactionId) is not { } id) return;
        var answer = await _client.PostAsync(settings, Transaction(id, "expire"), null, cancellationToken);
        // 407 is how it says that it is done. 404: nobody has chosen a way to pay yet, and the page closes by itself. 412: it is paid or over.
        if (answer.Status is not ((>= 200 and <= 299) or 404 or 407 or 412)) throw MidtransClient.Refusal(answer);
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<ProviderFact>> RefundAsync(ProviderSettings settings, RefundOrder order, CancellationToken cancellationToken)
    {
        var id = order.Refs.OrderId ?? order.Refs.TransactionId ?? throw new ProviderException("Midtrans has no payment to refund for this.", ProviderFault.NotFound);
        var key = MidtransFacts.RefundKeyPrefix + order.RefundId;
        var body = new JsonObject { ["refund_key"] = key };
        if (order.Amount is { } money) body["amount"] = Rupiah(money) ?? throw new ProviderException($"Midtrans gives back whole rupiah only: {money} is none.", ProviderFault.Refused, "invalid_amount");
        body["reason"] = Cut(order.Reason is { Length: > 0 } reason ? reason : "requested by customer", ReasonMax);

        var answer = await _client.PostAsync(settings, Transaction(id, "refund"), body, cancellationToken);
        if (answer is { Status: 200, Body: { } done } && done.Text("transaction_status")?.ToLowerInvariant() is "refund" or "partial_refund")
        {
            if (order.Amount is { } asked) return [Refund(order, done, key, asked)];
            // All that was left: how much that was, the list of refunds knows.
            return await RefundedAsync(settings, id, key, cancellationToken) is { } told ? [told] : [Refund(order, done, key, MidtransFacts.Amount(done))];
        }

        // The key was used before: the answer to that call was lost, and this is what came of it.
        if (answer.Status == 406 && await RefundedAsync(settings, id, key, cancellationToken) is { } earlier) return [earlier];
        // A card that was charged and is not settled yet can't be refunded: all of it can be voided.
        if (answer.Status == 412 && await VoidedAsync(settings, id, order, key, cancellationToken) is { } voided) return [voided];
        // Code 202 with the money still settled is the bank's refusal.
        throw answer.Status == 202 ? new ProviderException($"Midtrans: {answer.Body.Text("status_message") ?? "the bank refused the refund"}.", ProviderFault.Refused, "202") : MidtransClient.Refusal(answer);
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<ProviderFact>> AskAsync(ProviderSettings settings, ProviderRefs refs, CancellationToken cancellationToken)
    {
        // The order's answer is about the transaction that lives; one order may have seen several.
        foreach (var id in new[] { refs.OrderId, refs.TransactionId }.OfType<string>())
        {
            if (await _client.FindAsync(settings, Transaction(id, "status"), cancellationToken) is not { } told || told.Text("transaction_status") is null) continue;
            if (told.Text("order_id") != id && told.Text("transaction_id") != id) throw new ProviderException("Midtrans answered about another transaction than it was asked for.", ProviderFault.Unknown);
            return Told(told, refs.SubscriptionId);
        }

        return refs.SubscriptionId is { } subscription && await _client.FindAsync(settings, $"/v1/subscriptions/{Uri.EscapeDataString(subscription)}", cancellationToken) is { } plan && plan.Text("id") == subscription
            ? Told(plan, null)
            : [];
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ProviderPayment>? ListAsync(ProviderSettings settings, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => null;

    /// <inheritdoc/>
    public Task<Uri?> PortalAsync(ProviderSettings settings, string customerId, Uri? returnUrl, CancellationToken cancellationToken) => Task.FromResult<Uri?>(null);

    /// <inheritdoc/>
    public Notification? Verify(ProviderSettings settings, Func<string, string?> headers, ReadOnlySpan<byte> body, DateTimeOffset now, out SignatureFault fault)
    {
        fault = SignatureFault.Missing;
        if (JsonReading.Parse(body) is not { ValueKind: JsonValueKind.Object } told) return null;
        var isSigned = !MidtransFacts.IsSubscription(told);
        if (isSigned)
        {
            if (told.Text("signature_key") is not { } signature || told.Text("order_id") is not { } order || told.Text("status_code") is not { } code || told.Text("gross_amount") is not { } amount) return null;
            fault = SignatureFault.Wrong;
            if (!MidtransSignature.IsStatusCode(code) || !IsOrderId(order)) return null;
            var fits = false;
            foreach (var key in settings.WebhookSecrets) fits |= MidtransSignature.Fits(order, code, amount, key, signature);
            if (!fits) return null;
        }

        fault = SignatureFault.Unreadable;
        return MidtransFacts.Envelope(told) is { } named ? named with { IsSigned = isSigned } : null;
    }

    /// <inheritdoc/>
    public ImmutableArray<ProviderFact> Translate(ReadOnlySpan<byte> body) =>
        JsonReading.Parse(body) is { ValueKind: JsonValueKind.Object } told ? MidtransFacts.Read(told, hint: true) : throw new UnreadableNotificationException("The body is no JSON object.");

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <summary>The order id of an attempt: Midtrans never forgets one, so each attempt has its own.</summary>
    internal static string OrderId(CheckoutOrder order) => $"{order.Payment}-{order.Attempt}";

    /// <summary>The body of the call that opens a page.</summary>
    internal static JsonObject SnapBody(CheckoutOrder order, DateTimeOffset now)
    {
        var total = Rupiah(order.Total)!.Value;
        var items = new JsonArray();
        var name = Cut(order.ItemName, ItemNameMax);
        if (order.UnitPrice.Currency == Currency && Rupiah(order.UnitPrice) is { } price and > 0)
        {
            items.Add(new JsonObject { ["id"] = "item", ["price"] = price, ["quantity"] = order.Quantity, ["name"] = name });
            // The lines must add up to what is paid: a discount is a line below 0.
            if (total - (price * order.Quantity) is var rest and not 0) items.Add(new JsonObject { ["id"] = "discount", ["price"] = rest, ["quantity"] = 1, ["name"] = "Discount" });
        }
        else
        {
            items.Add(new JsonObject { ["id"] = "item", ["price"] = total, ["quantity"] = 1, ["name"] = name });
        }

        var body = new JsonObject
        {
            ["transaction_details"] = new JsonObject { ["order_id"] = OrderId(order), ["gross_amount"] = total },
            ["item_details"] = items,
            ["credit_card"] = new JsonObject { ["secure"] = true },
            ["expiry"] = new JsonObject { ["unit"] = "minute", ["duration"] = (long)Math.Clamp(Math.Ceiling((order.ExpiresAt - now).TotalMinutes), 1, ExpiryMinutesMax) },
        };
        var customer = new JsonObject();
        if (order.Name is not null) customer["first_name"] = order.Name;
        if (order.Email is not null) customer["email"] = order.Email;
        if (customer.Count > 0) body["customer_details"] = customer;
        if (order.SuccessUrl is { } finish) body["callbacks"] = new JsonObject { ["finish"] = finish.OriginalString };
        body["custom_field1"] = Cut(order.Tenant, CustomFieldMax);
        body["custom_field2"] = Cut(order.Account, CustomFieldMax);
        body["custom_field3"] = order.Payment;
        return body;
    }

    private static bool IsOrderId(string text) => text.Length is > 0 and <= OrderIdMax && !text.AsSpan().ContainsAnyExcept(OrderIdCharacters);

    // Our rupiah has two decimals, Midtrans's none.
    private static long? Rupiah(Money money) => money.Currency == Currency && money.Amount % MinorPerRupiah == 0 ? money.Amount / MinorPerRupiah : null;

    private static string Cut(string text, int max) => text.Length <= max ? text : text[..(char.IsHighSurrogate(text[max - 1]) ? max - 1 : max)];

    private static string Transaction(string id, string what) => $"/v2/{Uri.EscapeDataString(id)}/{what}";

    private static RefundTold Refund(RefundOrder order, JsonElement answer, string key, Money amount) => new()
    {
        Provider = MidtransFacts.Name,
        Refs = new ProviderRefs { OrderId = answer.Text("order_id") ?? order.Refs.OrderId, TransactionId = answer.Text("transaction_id") ?? order.Refs.TransactionId },
        RefundId = key,
        OurRefundId = order.RefundId,
        Amount = amount,
        Status = RefundStatus.Succeeded,
    };

    private async Task<RefundTold?> RefundedAsync(ProviderSettings settings, string id, string key, CancellationToken cancellationToken) =>
        await _client.FindAsync(settings, Transaction(id, "status"), cancellationToken) is { } told ? Read(() => MidtransFacts.RefundOf(told, key)) : null;

    private async Task<RefundTold?> VoidedAsync(ProviderSettings settings, string id, RefundOrder order, string key, CancellationToken cancellationToken)
    {
        if (await _client.FindAsync(settings, Transaction(id, "status"), cancellationToken) is not { } told) return null;
        var amount = Read(() => MidtransFacts.Amount(told));
        var status = told.Text("transaction_status")?.ToLowerInvariant();
        if (order.Amount is { } part && part != amount) return null;
        // A void whose answer was lost has been done.
        if (status == "cancel") return Refund(order, told, key, amount);
        if (status != "capture") return null;
        var answer = await _client.PostAsync(settings, Transaction(id, "cancel"), null, cancellationToken);
        return answer is { Status: 200, Body: { } done } ? Refund(order, done, key, amount) : null;
    }

    private static ImmutableArray<ProviderFact> Told(JsonElement answer, string? subscription)
    {
        var facts = Read(() => MidtransFacts.Read(answer, hint: false));
        return subscription is null ? facts : [.. facts.Select(fact => fact with { Refs = fact.Refs.With(new ProviderRefs { SubscriptionId = subscription }) })];
    }

    // An answer that can't be read is the call's fault, and no notification's.
    private static T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (UnreadableNotificationException problem)
        {
            throw new ProviderException($"Midtrans's answer can't be read: {problem.Message}", ProviderFault.Unknown, inner: problem);
        }
    }
}
