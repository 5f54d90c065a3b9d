using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Payments;

namespace Ledger.Providers.Stripe;

/// <summary>Stripe: hosted checkout, customers, refunds, the portal, and signed snapshot events.</summary>
/// <param name="limits">How long and how often it is asked.</param>
public sealed partial class StripeProvider(CallLimits limits) : IPaymentProvider, IDisposable
{
    private const long AmountMax = 99_999_999;
    private const long AmountMaxRupiah = 999_999_999_999;
    private const long AmountMinDollars = 50;
    private const string RefundReason = "requested_by_customer";

    private static readonly HashSet<string> RefundReasons = new(["duplicate", "fraudulent", RefundReason], StringComparer.Ordinal);

    private readonly StripeClient _client = new(limits);

    /// <summary>Stripe, asked within the usual limits.</summary>
    public StripeProvider()
        : this(CallLimits.Default)
    {
    }

    /// <inheritdoc/>
    public string Name => StripeObjects.Name;

    /// <inheritdoc/>
    public string? Objection(CheckoutOrder order)
    {
        // A plan's price is Stripe's own, and in its trial nothing is paid.
        if (order.RecurringPriceId is not null) return order.Total.Amount > 0 || order.TrialDays > 0 ? null : "Stripe renews plans that cost something only.";
        if (order.Total.Amount <= 0) return "Stripe takes amounts above 0 only.";
        if (StripeMoney.ToStripe(order.Total) is not { } amount)
            return StripeMoney.EndsInZero(order.Total.Currency) ? $"Stripe takes amounts in {order.Total.Currency} whose last digit is 0 only." : $"Stripe has no such amount in {order.Total.Currency}.";
        if (amount > (order.Total.Currency == "idr" ? AmountMaxRupiah : AmountMax)) return $"Stripe takes no amount as large as {order.Total}.";
        return order.Total.Currency == "usd" && amount < AmountMinDollars ? "Stripe takes 50 cents and more." : null;
    }

    /// <inheritdoc/>
    public async Task<StartedCheckout> StartAsync(ProviderSettings settings, CheckoutOrder order, CancellationToken cancellationToken)
    {
        // The key is the payment's for all attempts: Stripe answers a repeat with the page that it made, so that there is never a second one that could be paid.
        // With another customer it is another call; the page of the one who is no more was never shown to anybody.
        var key = order.CustomerNumber == 1 ? $"ledger-pay-{order.Payment}" : string.Create(CultureInfo.InvariantCulture, $"ledger-pay-{order.Payment}#{order.CustomerNumber}");
        var session = await _client.PostAsync(settings, "/v1/checkout/sessions", CheckoutForm(order), key, cancellationToken);
        if (session.Text("id") is null || !Uri.TryCreate(session.Text("url"), UriKind.Absolute, out var page)) throw new ProviderException("Stripe's answer has no page to go to.", ProviderFault.Unknown);
        return new StartedCheckout(StripeObjects.SessionRefs(session), page, null);
    }

    /// <inheritdoc/>
    public async Task<string?> CreateCustomerAsync(ProviderSettings settings, string tenant, string account, string? email, string? name, int number, CancellationToken cancellationToken)
    {
        var form = new StripeForm().Add("email", email).Add("name", name).Marks("metadata", tenant, account, null);
        var key = tenant == "default" ? $"ledger-cus-{account}" : $"ledger-cus-{tenant}/{account}";
        if (number > 1) key = string.Create(CultureInfo.InvariantCulture, $"{key}#{number}");
        JsonElement customer;
        try
        {
            customer = await _client.PostAsync(settings, "/v1/customers", form, key, cancellationToken);
        }
        catch (ProviderException problem) when (problem.Code == "idempotency_error")
        {
            // The first answer was lost, and the payer writes another name now. A customer that nobody uses harms nobody.
            var other = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(form.ToString())))[..16];
            customer = await _client.PostAsync(settings, "/v1/customers", form, $"{key}-{other}", cancellationToken);
        }

        return customer.Text("id") ?? throw new ProviderException("Stripe's answer names no customer.", ProviderFault.Unknown);
    }

    /// <inheritdoc/>
    public async Task ExpireAsync(ProviderSettings settings, ProviderRefs refs, CancellationToken cancellationToken)
    {
        if (refs.CheckoutSessionId is not { } session) return;
        try
        {
            await _client.PostAsync(settings, $"{Session(session)}/expire", new StripeForm(), $"ledger-expire-{session}", cancellationToken);
        }
        catch (ProviderException problem) when (problem.Fault is ProviderFault.Refused or ProviderFault.NotFound)
        {
            // Only an open page can be given up; one that was paid or has expired by itself needs no more.
            if (await _client.FindAsync(settings, Session(session), new StripeForm(), cancellationToken) is { } now && now.Text("status") == "open") throw;
        }
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<ProviderFact>> RefundAsync(ProviderSettings settings, RefundOrder order, CancellationToken cancellationToken)
    {
        var intent = order.Refs.PaymentIntentId;
        if (intent is null && order.Refs.ChargeId is null && order.Refs.CheckoutSessionId is { } session)
        {
            var page = await _client.GetAsync(settings, Session(session), new StripeForm(), cancellationToken);
            intent = page.Id("payment_intent") ?? await IntentOfInvoiceAsync(settings, page.Id("invoice"), cancellationToken);
        }

        if (intent is null && order.Refs is { ChargeId: null, CheckoutSessionId: null }) intent = await IntentOfInvoiceAsync(settings, order.Refs.InvoiceId, cancellationToken);
        if (intent is null && order.Refs.ChargeId is null) throw new ProviderException("Stripe has no payment to refund for this: nothing was paid through it.", ProviderFault.NotFound);

        if (order.MayHaveBeenAsked && await MadeAsync(settings, order, intent, cancellationToken) is { } made) return Told(() => [StripeObjects.Refund(made, made.Seconds("created"))]);
        long? amount = null;
        if (order.Amount is { } money)
            amount = StripeMoney.ToStripe(money) ?? throw new ProviderException($"Stripe has no amount of {money}.", ProviderFault.Refused, "invalid_amount");
        var form = new StripeForm()
            .Add("payment_intent", intent)
            .Add("charge", intent is null ? order.Refs.ChargeId : null)
            .Add("amount", amount)
            .Add("reason", order.Reason is { } reason && RefundReasons.Contains(reason) ? reason : RefundReason)
            .Marks("metadata", order.Tenant, order.Account, order.Payment)
            .Add("metadata[ledger_refund]", order.RefundId);
        var refund = await _client.PostAsync(settings, "/v1/refunds", form, $"ledger-ref-{order.RefundId}", cancellationToken);
        return Told(() => [StripeObjects.Refund(refund, refund.Seconds("created"))]);
    }

    /// <summary>The refund that Stripe made for an order long ago, by what we wrote on it; null where it made none.</summary>
    private async Task<JsonElement?> MadeAsync(ProviderSettings settings, RefundOrder order, string? intent, CancellationToken cancellationToken)
    {
        StripeForm Of() => new StripeForm().Add("payment_intent", intent).Add("charge", intent is null ? order.Refs.ChargeId : null);
        foreach (var refund in await AllAsync(settings, "/v1/refunds", Of, cancellationToken))
        {
            if (refund.Member("metadata").Text("ledger_refund") == order.RefundId) return refund;
        }

        return null;
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<ProviderFact>> AskAsync(ProviderSettings settings, ProviderRefs refs, CancellationToken cancellationToken)
    {
        var facts = ImmutableArray.CreateBuilder<ProviderFact>();
        JsonElement? intent = null;
        string? invoiced = null, plan = null;
        if (refs.CheckoutSessionId is { } id && await _client.FindAsync(settings, Session(id), new StripeForm().Add("expand[0]", "payment_intent.latest_charge"), cancellationToken) is { } session)
        {
            var told = Told(() => StripeObjects.Session(session, null, null));
            intent = session.Whole("payment_intent");
            // What a plan's page took stands at its invoice.
            (plan, var invoice) = (told.Refs.SubscriptionId, told.Refs.InvoiceId);
            if (intent is null && plan is not null && (invoiced = await IntentOfInvoiceAsync(settings, invoice, cancellationToken)) is not null) told = told with { Refs = told.Refs with { PaymentIntentId = invoiced } };
            facts.Add(told);
            if (plan is not null) facts.AddRange(await PlanAsync(settings, plan, invoice, cancellationToken));
        }

        if (intent is null) invoiced ??= refs.PaymentIntentId ?? await IntentOfChargeAsync(settings, refs.ChargeId, cancellationToken) ?? (facts.Count == 0 ? await IntentOfInvoiceAsync(settings, refs.InvoiceId, cancellationToken) : null);
        if (intent is null && invoiced is { } named)
            intent = await _client.FindAsync(settings, $"/v1/payment_intents/{Uri.EscapeDataString(named)}", new StripeForm().Add("expand[0]", "latest_charge"), cancellationToken);
        if (intent is { } found)
        {
            StripeForm Of() => new StripeForm().Add("payment_intent", found.Text("id"));
            var paid = found.Text("status") == "succeeded";
            var refunds = paid ? await AllAsync(settings, "/v1/refunds", Of, cancellationToken) : [];
            var disputes = paid ? await AllAsync(settings, "/v1/disputes", Of, cancellationToken) : [];
            var (_, read) = Told(() => Read(found, refunds, disputes));
            // What nothing of ours is written on may be what Stripe charged for a plan: its invoice says so.
            var bill = plan is null ? await BillAsync(settings, found, refs.InvoiceId, cancellationToken) : null;
            if (bill is not null) facts.Add(bill);
            facts.AddRange(bill is null ? read : read.Select(fact => fact with { Refs = fact.Refs with { InvoiceId = bill.InvoiceId } }));
        }

        if (facts.Count == 0) facts.AddRange(await PlanAsync(settings, refs.SubscriptionId, refs.InvoiceId, cancellationToken));
        return facts.ToImmutable();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ProviderPayment> ListAsync(ProviderSettings settings, DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StripeForm Page() => new StripeForm().Add("created[gte]", Ceiling(from)).Add("created[lt]", Ceiling(to)).Add("expand[0]", "data.latest_charge");
        Dictionary<string, string>? invoices = null;
        await foreach (var intent in _client.ListAsync(settings, "/v1/payment_intents", Page, cancellationToken))
        {
            // Those of all payments would be any number: they are asked for where the charge says that there are some. A refund that came to nothing shows on no charge; who finds that it differs asks about the payment.
            StripeForm Of() => new StripeForm().Add("payment_intent", intent.Text("id"));
            var charge = intent.Whole("latest_charge");
            var refunds = charge.Number("amount_refunded") > 0 ? await AllAsync(settings, "/v1/refunds", Of, cancellationToken) : [];
            var disputes = charge.Is("disputed") ? await AllAsync(settings, "/v1/disputes", Of, cancellationToken) : [];
            var (told, facts) = Told(() => Read(intent, refunds, disputes));
            if (told is { Marks: { Payment: null, Credits: null }, Refs.InvoiceId: null })
            {
                // Nothing of ours is written on what Stripe charges for a plan: its invoice leads to it.
                invoices ??= await InvoicesAsync(settings, from, to, cancellationToken);
                if (invoices.TryGetValue(told.Refs.PaymentIntentId!, out var invoice)) (told, facts) = (told with { Refs = told.Refs with { InvoiceId = invoice } }, [.. facts.Select(fact => fact with { Refs = fact.Refs with { InvoiceId = invoice } })]);
            }

            var currency = told.Amount?.Currency ?? intent.Text("currency") ?? "usd";
            var amount = told.Status == PaymentStatus.Succeeded && told.Amount is { } received ? received : new Money(0, currency);
            // One figure is counted: the cumulative one, or the sum of what did not fail where that knows more.
            var sum = facts.OfType<RefundTold>().Where(refund => refund.Status is RefundStatus.Succeeded or RefundStatus.Pending).Sum(refund => refund.Amount.Amount);
            var refunded = new Money(Math.Max(sum, facts.OfType<RefundedSoFarTold>().Select(so => so.Total.Amount).FirstOrDefault()), currency);
            yield return new ProviderPayment(told.Refs, told.Marks, Standing(told.Status, amount, refunded, facts), amount, refunded, intent.Seconds("created") ?? from, facts);
        }
    }

    /// <inheritdoc/>
    public async Task<Uri?> PortalAsync(ProviderSettings settings, string customerId, Uri? returnUrl, CancellationToken cancellationToken)
    {
        var form = new StripeForm().Add("customer", customerId).Add("return_url", returnUrl?.OriginalString);
        // A portal's link lives for minutes, so each call wants a new one; only its own retries share a key.
        var portal = await _client.PostAsync(settings, "/v1/billing_portal/sessions", form, $"ledger-portal-{Guid.NewGuid():N}", cancellationToken);
        return Uri.TryCreate(portal.Text("url"), UriKind.Absolute, out var page) ? page : throw new ProviderException("Stripe's answer has no page to go to.", ProviderFault.Unknown);
    }

    /// <inheritdoc/>
    public Notification? Verify(ProviderSettings settings, Func<string, string?> headers, ReadOnlySpan<byte> body, DateTimeOffset now, out SignatureFault fault)
    {
        if (!SignedHeader.Holds(headers("Stripe-Signature"), body, settings.WebhookSecrets, now, out fault)) return null;
        fault = SignatureFault.Unreadable;
        return StripeEvents.Envelope(body);
    }

    /// <inheritdoc/>
    public ImmutableArray<ProviderFact> Translate(ReadOnlySpan<byte> body) => StripeEvents.Translate(body);

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <summary>The parameters of a page. A repeat with the same order gives the same text.</summary>
    internal static StripeForm CheckoutForm(CheckoutOrder order)
    {
        var recurring = order.RecurringPriceId is not null;
        var form = new StripeForm()
            .Add("mode", recurring ? "subscription" : "payment")
            .Add("customer", order.CustomerId)
            .Add("customer_email", order.CustomerId is null ? order.Email : null)
            .Add("client_reference_id", order.Payment)
            // As it was written: a placeholder for the session's id keeps its braces.
            .Add("success_url", order.SuccessUrl?.OriginalString)
            .Add("cancel_url", order.CancelUrl?.OriginalString);
        if (recurring)
        {
            form.Add("line_items[0][price]", order.RecurringPriceId).Add("line_items[0][quantity]", order.Quantity);
        }
        else
        {
            // Stripe knows no line below 0: with a discount it is one line over what is paid.
            var whole = order.UnitPrice.Currency == order.Total.Currency && (Int128)order.UnitPrice.Amount * order.Quantity == order.Total.Amount;
            var price = whole ? order.UnitPrice : order.Total;
            form.Add("line_items[0][price_data][currency]", price.Currency)
                .Add("line_items[0][price_data][unit_amount]", StripeMoney.ToStripe(price) ?? throw new ProviderException($"Stripe has no amount of {price}.", ProviderFault.Refused, "invalid_amount"))
                .Add("line_items[0][price_data][product_data][name]", whole || order.Quantity == 1 ? order.ItemName : $"{order.Quantity} x {order.ItemName}")
                .Add("line_items[0][quantity]", whole ? order.Quantity : 1);
        }

        // Metadata does not flow from one object to the next: it is written on both.
        form.Marks("metadata", order.Tenant, order.Account, order.Payment)
            .Marks(recurring ? "subscription_data[metadata]" : "payment_intent_data[metadata]", order.Tenant, order.Account, order.Payment);
        // A method is kept for somebody only.
        if (!recurring && order is { KeepsMethod: true, CustomerId: not null }) form.Add("payment_intent_data[setup_future_usage]", "off_session");
        if (recurring) form.Add("subscription_data[trial_period_days]", order.TrialDays is > 0 ? order.TrialDays : null);
        return form.Add("expires_at", order.ExpiresAt.ToUnixTimeSeconds());
    }

    // An intent with what came after it: its charge, refunds and disputes.
    private static (PaymentTold Told, ImmutableArray<ProviderFact> Facts) Read(JsonElement intent, IEnumerable<JsonElement> refunds, IEnumerable<JsonElement> disputes)
    {
        var told = StripeObjects.Intent(intent, null, null);
        var facts = ImmutableArray.CreateBuilder<ProviderFact>();
        facts.Add(told);
        if (intent.Whole("latest_charge") is not { } charge) return (told, facts.ToImmutable());
        facts.Add(StripeObjects.Charge(charge, null));
        if (told.Status != PaymentStatus.Succeeded) return (told, facts.ToImmutable());
        foreach (var refund in refunds)
        {
            // What was let go of a partial capture is no refund; the charge tells which ones can be that.
            if (StripeObjects.MovedNothing(refund) && StripeObjects.IsPartlyCaptured(charge)) continue;
            if (StripeObjects.Refund(refund, refund.Seconds("created")) is RefundTold sure) facts.Add(sure with { IsHint = false, Marks = told.Marks });
        }

        if (StripeObjects.Refunded(charge, null) is { } soFar) facts.Add(soFar);
        facts.AddRange(disputes.Select(dispute => StripeObjects.Dispute(dispute, dispute.Seconds("created"))));
        return (told, facts.ToImmutable());
    }

    private async Task<List<JsonElement>> AllAsync(ProviderSettings settings, string path, Func<StripeForm> query, CancellationToken cancellationToken)
    {
        List<JsonElement> all = [];
        await foreach (var one in _client.ListAsync(settings, path, query, cancellationToken)) all.Add(one);
        return all;
    }

    private async Task<string?> IntentOfChargeAsync(ProviderSettings settings, string? charge, CancellationToken cancellationToken) =>
        charge is null ? null : (await _client.FindAsync(settings, $"/v1/charges/{Uri.EscapeDataString(charge)}", new StripeForm(), cancellationToken)) is { } found ? found.Id("payment_intent") : null;

    private static PaymentStatus Standing(PaymentStatus told, Money amount, Money refunded, ImmutableArray<ProviderFact> facts)
    {
        if (told != PaymentStatus.Succeeded) return told;
        var disputes = facts.OfType<DisputeTold>().Select(dispute => dispute.Status).ToArray();
        if (disputes.Contains(DisputeStatus.Lost)) return PaymentStatus.DisputeLost;
        if (disputes.Contains(DisputeStatus.Open)) return PaymentStatus.Disputed;
        return refunded.Amount == 0 ? told : refunded.Amount >= amount.Amount ? PaymentStatus.Refunded : PaymentStatus.PartiallyRefunded;
    }

    private static string Session(string id) => $"/v1/checkout/sessions/{Uri.EscapeDataString(id)}";

    // Stripe's times are whole seconds: none before the beginning, all before the end.
    private static long Ceiling(DateTimeOffset time) => time.ToUnixTimeSeconds() + (time.Ticks % TimeSpan.TicksPerSecond == 0 ? 0 : 1);

    // An answer that can't be read is the call's fault, and no notification's.
    private static T Told<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (UnreadableNotificationException problem)
        {
            throw new ProviderException($"Stripe's answer can't be read: {problem.Message}", ProviderFault.Unknown, inner: problem);
        }
    }

    private static ImmutableArray<ProviderFact> Told(Func<ImmutableArray<ProviderFact>> read) => Told<ImmutableArray<ProviderFact>>(read);
}
