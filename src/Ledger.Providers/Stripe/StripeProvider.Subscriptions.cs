using System.Collections.Immutable;
using System.Text.Json;
using Ledger.Domain.Payments;

namespace Ledger.Providers.Stripe;

// Subscriptions, and money that is taken while nobody is there.
public sealed partial class StripeProvider
{
    private const int CommentMax = 500;

    /// <inheritdoc/>
    public async Task<ImmutableArray<ProviderFact>> ChargeAsync(ProviderSettings settings, ChargeOrder order, CancellationToken cancellationToken)
    {
        var amount = order.Amount.Amount > 0 ? StripeMoney.ToStripe(order.Amount) : null;
        if (amount is null) throw new ProviderException($"Stripe has no amount of {order.Amount}.", ProviderFault.Refused, "invalid_amount");
        if (order.MayHaveBeenAsked && await ChargedAsync(settings, order, cancellationToken) is { } made) return Told(() => Taken(made));
        var form = new StripeForm()
            .Add("amount", amount)
            .Add("currency", order.Amount.Currency)
            .Add("customer", order.CustomerId)
            .Add("payment_method", order.MethodId)
            .Add("description", order.Description)
            .Add("confirm", "true")
            .Add("off_session", "true")
            // A method that has to send its owner elsewhere can't be charged while nobody is there.
            .Add("automatic_payment_methods[enabled]", "true")
            .Add("automatic_payment_methods[allow_redirects]", "never")
            .Marks("metadata", order.Tenant, order.Account, order.Payment)
            .Add("expand[0]", "latest_charge");
        var (done, declined) = await _client.TakeAsync(settings, "/v1/payment_intents", form, $"ledger-pay-{order.Payment}", cancellationToken);
        if (done is { } answer) return Told(() => Taken(answer.Body));

        // The bank said no. The intent that came to nothing is told with it, and nobody tries it again: the next try is a payment of its own.
        var error = declined!.Body.Member("error");
        if (error.Member("payment_intent") is { ValueKind: JsonValueKind.Object } intent)
        {
            var told = Told(() => StripeObjects.Intent(intent, null, null));
            if (told.Status is PaymentStatus.Failed or PaymentStatus.RequiresAction or PaymentStatus.Canceled) return [told with { MayStillSucceed = false, Reason = told.Reason ?? Reason(error) }];
        }

        return [new PaymentTold { Provider = Name, Marks = new LedgerMarks(order.Tenant, order.Account, order.Payment), Status = PaymentStatus.Failed, Amount = order.Amount, Reason = Reason(error) }];
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<ProviderFact>> ChangeSubscriptionAsync(ProviderSettings settings, SubscriptionOrder order, CancellationToken cancellationToken)
    {
        var item = order.ItemId ?? await OnlyItemAsync(settings, order, cancellationToken);
        var form = new StripeForm()
            .Add("items[0][id]", item)
            .Add("items[0][price]", order.PriceId)
            .Add("items[0][quantity]", order.Seats)
            .Add("proration_behavior", order.Prorate ? "always_invoice" : "none")
            // What can't be paid is not changed: else more would be had than was paid for.
            .Add("payment_behavior", order.Prorate ? "error_if_incomplete" : null);
        return await ChangedAsync(settings, order, form, "change", cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<ProviderFact>> CancelSubscriptionAsync(ProviderSettings settings, SubscriptionOrder order, CancellationToken cancellationToken)
    {
        var comment = order.Reason is { Length: > CommentMax } reason ? reason[..(char.IsHighSurrogate(reason[CommentMax - 1]) ? CommentMax - 1 : CommentMax)] : order.Reason;
        switch (order.End)
        {
            case SubscriptionEnd.Now:
                return await EndedAsync(settings, order, new StripeForm().Add("cancellation_details[comment]", comment), cancellationToken);
            case SubscriptionEnd.PeriodEnd:
                return await ChangedAsync(settings, order, new StripeForm().Add("cancel_at_period_end", "true").Add("cancellation_details[comment]", comment), "cancel", cancellationToken);
            default:
                var facts = await ChangedAsync(settings, order, new StripeForm().Add("cancel_at_period_end", "false"), "keep", cancellationToken);
                // An end may be told as a time alone; the two can't be taken back in one call.
                return facts is [SubscriptionTold { CancelAt: not null, EndedAt: null }] ? await ChangedAsync(settings, order, new StripeForm().Add("cancel_at", ""), "keep-at", cancellationToken) : facts;
        }
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<ProviderFact>> PauseSubscriptionAsync(ProviderSettings settings, SubscriptionOrder order, CancellationToken cancellationToken) =>
        ChangedAsync(settings, order, new StripeForm().Add("pause_collection[behavior]", "void"), "pause", cancellationToken);

    /// <inheritdoc/>
    public async Task<ImmutableArray<ProviderFact>> ResumeSubscriptionAsync(ProviderSettings settings, SubscriptionOrder order, CancellationToken cancellationToken)
    {
        var facts = await ChangedAsync(settings, order, new StripeForm().Add("pause_collection", ""), "resume", cancellationToken);
        // Stripe itself paused it, when its trial ended without a method.
        return facts is [SubscriptionTold { Status: ToldSubscriptionStatus.Paused }] ? await ChangedAsync(settings, order, new StripeForm(), "resume-now", cancellationToken, "/resume") : facts;
    }

    private async Task<ImmutableArray<ProviderFact>> ChangedAsync(ProviderSettings settings, SubscriptionOrder order, StripeForm form, string what, CancellationToken cancellationToken, string below = "")
    {
        var path = Subscription(order.SubscriptionId);
        var answer = await _client.ChangeAsync(settings, path + below, form, $"ledger-{order.Key}-{what}", cancellationToken);
        // A stored answer tells how it stood then.
        if (answer.IsReplay) answer = await _client.ReadAsync(settings, path, new StripeForm(), cancellationToken);
        return Told(() => [StripePlans.Subscription(answer.Body, answer.At, endsSoon: false)]);
    }

    private async Task<ImmutableArray<ProviderFact>> EndedAsync(ProviderSettings settings, SubscriptionOrder order, StripeForm query, CancellationToken cancellationToken)
    {
        var path = Subscription(order.SubscriptionId);
        StripeAnswer answer;
        try
        {
            answer = await _client.DeleteAsync(settings, path, query, cancellationToken);
        }
        catch (ProviderException problem) when (problem.Fault is ProviderFault.NotFound or ProviderFault.Refused)
        {
            // What has ended can't be ended again: an earlier answer was lost, or somebody else was first.
            answer = await _client.ReadAsync(settings, path, new StripeForm(), cancellationToken);
            if (answer.Body.Text("status") is not ("canceled" or "incomplete_expired")) throw;
        }

        return Told(() => [StripePlans.Subscription(answer.Body, answer.At, endsSoon: false)]);
    }

    private async Task<string> OnlyItemAsync(ProviderSettings settings, SubscriptionOrder order, CancellationToken cancellationToken)
    {
        var subscription = await _client.GetAsync(settings, Subscription(order.SubscriptionId), new StripeForm(), cancellationToken);
        return subscription.Member("items").Items("data").Select(item => item.Text("id")).ToArray() is [{ } only]
            ? only
            : throw new ProviderException("The subscription has not one item at Stripe but none or several: say which one is meant.", ProviderFault.Refused, "no_single_item");
    }

    // How a subscription and its invoice stand; of one that is not named, or not there, nothing.
    private async Task<ImmutableArray<ProviderFact>> PlanAsync(ProviderSettings settings, string? subscription, string? invoice, CancellationToken cancellationToken)
    {
        var facts = ImmutableArray.CreateBuilder<ProviderFact>();
        if (subscription is not null && await TryReadAsync(settings, Subscription(subscription), cancellationToken) is { } stands) facts.Add(Told(() => StripePlans.Subscription(stands.Body, stands.At, endsSoon: false)));
        if (invoice is not null && Invoice(invoice) is var path && await TryReadAsync(settings, path, cancellationToken) is { } asked)
        {
            var lines = asked.Body.Member("lines").Is("has_more") ? await LinesAsync(settings, path, cancellationToken) : null;
            facts.Add(Told(() => StripePlans.Invoice(asked.Body, asked.At, asked.Body.Text("status") == "paid" ? InvoiceNews.Paid : InvoiceNews.Changed, lines)));
        }

        return facts.ToImmutable();
    }

    // An invoice shows a few of its lines; the period that was paid may stand in the others.
    private async Task<IReadOnlyList<JsonElement>?> LinesAsync(ProviderSettings settings, string path, CancellationToken cancellationToken)
    {
        try
        {
            return await AllAsync(settings, $"{path}/lines", () => new StripeForm(), cancellationToken);
        }
        catch (ProviderException problem) when (problem.Fault == ProviderFault.NotFound)
        {
            return null;
        }
    }

    private async Task<StripeAnswer?> TryReadAsync(ProviderSettings settings, string path, CancellationToken cancellationToken)
    {
        try
        {
            return await _client.ReadAsync(settings, path, new StripeForm(), cancellationToken);
        }
        catch (ProviderException problem) when (problem.Fault == ProviderFault.NotFound)
        {
            return null;
        }
    }

    // Since 2025-03-31 an invoice names its payment in a list of its own.
    private async Task<string?> IntentOfInvoiceAsync(ProviderSettings settings, string? invoice, CancellationToken cancellationToken)
    {
        if (invoice is null) return null;
        var payments = await _client.GetAsync(settings, "/v1/invoice_payments", new StripeForm().Add("invoice", invoice), cancellationToken);
        return payments.Items("data").Where(one => one.Text("status") == "paid").Select(one => one.Member("payment").Id("payment_intent")).FirstOrDefault(found => found is not null);
    }

    /// <summary>The invoice that an intent pays, with the intent and its charge; null where it pays none.</summary>
    private async Task<InvoiceTold?> BillAsync(ProviderSettings settings, JsonElement intent, string? known, CancellationToken cancellationToken)
    {
        var refs = StripeObjects.IntentRefs(intent);
        if ((known ?? refs.InvoiceId) is not { } id)
        {
            if (intent.Member("metadata").Marks() is not { Payment: null, Credits: null }) return null;
            var form = new StripeForm().Add("payment[type]", "payment_intent").Add("payment[payment_intent]", refs.PaymentIntentId);
            if ((await _client.GetAsync(settings, "/v1/invoice_payments", form, cancellationToken)).Items("data").Select(one => one.Id("invoice")).FirstOrDefault(found => found is not null) is not { } named) return null;
            id = named;
        }

        var told = (await PlanAsync(settings, null, id, cancellationToken)).OfType<InvoiceTold>().FirstOrDefault();
        return told is null ? null : told with { Refs = told.Refs with { PaymentIntentId = refs.PaymentIntentId, ChargeId = refs.ChargeId ?? told.Refs.ChargeId } };
    }

    /// <summary>The invoices that were paid in a time, by the intents that paid them.</summary>
    private async Task<Dictionary<string, string>> InvoicesAsync(ProviderSettings settings, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        // An invoice and its intent are made together; what a bank transfer pays may take its intent later.
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        StripeForm Page() => new StripeForm().Add("created[gte]", Ceiling(from.AddDays(-1))).Add("created[lt]", Ceiling(to.AddDays(1)));
        foreach (var paid in await AllAsync(settings, "/v1/invoice_payments", Page, cancellationToken))
        {
            if (paid.Member("payment").Id("payment_intent") is { } intent && paid.Id("invoice") is { } invoice) all[intent] = invoice;
        }

        return all;
    }

    /// <summary>The intent that Stripe made for an order long ago, by what we wrote on it; null where it made none.</summary>
    private async Task<JsonElement?> ChargedAsync(ProviderSettings settings, ChargeOrder order, CancellationToken cancellationToken)
    {
        await foreach (var intent in _client.ListAsync(settings, "/v1/payment_intents", () => new StripeForm().Add("customer", order.CustomerId).Add("expand[0]", "data.latest_charge"), cancellationToken))
        {
            if (intent.Member("metadata").Text("ledger_payment") == order.Payment) return intent;
        }

        return null;
    }

    private static ImmutableArray<ProviderFact> Taken(JsonElement intent)
    {
        var told = StripeObjects.Intent(intent, null, null);
        return [told with { MayStillSucceed = false }];
    }

    private static string Reason(JsonElement? error) =>
        string.Join(": ", new[] { error.Text("code") ?? error.Text("type"), error.Text("decline_code") }.OfType<string>()) is { Length: > 0 } reason ? reason : "declined";

    private static string Invoice(string id) => $"/v1/invoices/{Uri.EscapeDataString(id)}";

    private static string Subscription(string id) => $"/v1/subscriptions/{Uri.EscapeDataString(id)}";
}
