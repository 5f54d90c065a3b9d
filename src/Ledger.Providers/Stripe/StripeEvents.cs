using System.Collections.Immutable;
using System.Text.Json;
using Ledger.Domain.Payments;

namespace Ledger.Providers.Stripe;

/// <summary>What each type of Stripe's snapshot events tells. What is in no line here is kept and ignored.</summary>
internal static class StripeEvents
{
    /// <summary>The event's name, type and object; null where the body is no event.</summary>
    public static Notification? Envelope(ReadOnlySpan<byte> body)
    {
        if (JsonReading.Parse(body) is not { ValueKind: JsonValueKind.Object } told || told.Text("id") is not { } id || told.Text("type") is not { } type) return null;
        var isLive = told.Member("livemode") is { } live ? live.ValueKind == JsonValueKind.True : (bool?)null;
        return new Notification(id, type, told.Member("data").Member("object").Text("id"), isLive, told.Text("api_version"));
    }

    /// <summary>The facts of an event.</summary>
    public static ImmutableArray<ProviderFact> Translate(ReadOnlySpan<byte> body)
    {
        if (JsonReading.Parse(body) is not { ValueKind: JsonValueKind.Object } told) throw new UnreadableNotificationException("The body is no JSON object.");
        var at = told.Seconds("created");
        if (told.Text("object") != "event") return [Ignored($"It is no snapshot event ({told.Text("object") ?? "it does not say what"}).", at)];
        var type = told.NeedText("type");
        if (Kind(type) is not { } read) return [Ignored($"Nothing follows from {type}.", at)];
        return told.Member("data").Member("object") is { ValueKind: JsonValueKind.Object } about ? [read(about, at)] : throw new UnreadableNotificationException($"The event {type} has no object.");
    }

    private static Func<JsonElement, DateTimeOffset?, ProviderFact>? Kind(string type) => type switch
    {
        "checkout.session.completed" => (session, at) => StripeObjects.Session(session, at, null),
        "checkout.session.async_payment_succeeded" => (session, at) => StripeObjects.Session(session, at, PaymentStatus.Succeeded),
        "checkout.session.async_payment_failed" => (session, at) => StripeObjects.Session(session, at, PaymentStatus.Failed),
        "checkout.session.expired" => (session, at) => StripeObjects.Session(session, at, PaymentStatus.Expired),

        "payment_intent.succeeded" => (intent, at) => StripeObjects.Intent(intent, at, PaymentStatus.Succeeded),
        "payment_intent.payment_failed" => (intent, at) => StripeObjects.Intent(intent, at, PaymentStatus.Failed),
        "payment_intent.requires_action" => (intent, at) => StripeObjects.Intent(intent, at, PaymentStatus.RequiresAction),
        "payment_intent.amount_capturable_updated" => (intent, at) => StripeObjects.Intent(intent, at, PaymentStatus.Authorized),
        "payment_intent.canceled" => (intent, at) => StripeObjects.Intent(intent, at, PaymentStatus.Canceled),
        "payment_intent.created" or "payment_intent.processing" => (intent, at) => StripeObjects.Intent(intent, at, PaymentStatus.Pending),

        "charge.succeeded" or "charge.captured" or "charge.updated" or "charge.failed" or "charge.expired" or "charge.pending" => StripeObjects.Charge,
        "charge.refunded" => (charge, at) => StripeObjects.Refunded(charge, at) as ProviderFact ?? Ignored("What was never captured was let go; no money came back.", at),
        "refund.created" or "refund.updated" or "refund.failed" or "charge.refund.updated" => StripeObjects.Refund,
        "charge.dispute.created" or "charge.dispute.updated" or "charge.dispute.closed" or "charge.dispute.funds_withdrawn" or "charge.dispute.funds_reinstated" => StripeObjects.Dispute,

        "invoice.paid" => (invoice, at) => StripePlans.Invoice(invoice, at, InvoiceNews.Paid),
        "invoice.payment_failed" => (invoice, at) => StripePlans.Invoice(invoice, at, InvoiceNews.PaymentFailed),
        "invoice.payment_action_required" => (invoice, at) => StripePlans.Invoice(invoice, at, InvoiceNews.ActionRequired),
        "invoice.created" or "invoice.finalized" or "invoice.voided" or "invoice.marked_uncollectible" or "invoice.overpaid" => (invoice, at) => StripePlans.Invoice(invoice, at, InvoiceNews.Changed),
        "invoice.payment_succeeded" => (_, at) => Ignored("invoice.paid says the same, and is sent for what was paid elsewhere too.", at),
        "invoice_payment.paid" => StripePlans.InvoicePayment,

        "customer.subscription.created" or "customer.subscription.updated" or "customer.subscription.deleted" or "customer.subscription.paused" or "customer.subscription.resumed" =>
            (subscription, at) => StripePlans.Subscription(subscription, at, endsSoon: false),
        "customer.subscription.trial_will_end" => (subscription, at) => StripePlans.Subscription(subscription, at, endsSoon: true),

        "customer.created" or "customer.updated" => (customer, at) => Customer(customer, at, deleted: false),
        "customer.deleted" => (customer, at) => Customer(customer, at, deleted: true),
        _ => null,
    };

    private static CustomerTold Customer(JsonElement customer, DateTimeOffset? at, bool deleted) => new()
    {
        Provider = StripeObjects.Name,
        Refs = new ProviderRefs { CustomerId = customer.NeedText("id") },
        Marks = customer.Member("metadata").Marks(),
        At = at,
        Deleted = deleted,
    };

    private static IgnoredFact Ignored(string why, DateTimeOffset? at) => new(why) { Provider = StripeObjects.Name, At = at };
}
