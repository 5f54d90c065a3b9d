using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Payments;

namespace Ledger.Providers.Stripe;

/// <summary>What Stripe's invoices and subscriptions tell. Since the version 2025-03-31 the subscription of an invoice and the period of a subscription stand one level deeper; both places are read.</summary>
internal static class StripePlans
{
    /// <summary>An invoice.</summary>
    /// <param name="invoice">The object.</param>
    /// <param name="at">When it was so.</param>
    /// <param name="news">What has just happened.</param>
    /// <param name="all">All of its lines, where they were read one by one; null to take those that it shows.</param>
    public static InvoiceTold Invoice(JsonElement invoice, DateTimeOffset? at, InvoiceNews news, IReadOnlyList<JsonElement>? all = null)
    {
        var parent = invoice.Member("parent").Member("subscription_details");
        var older = invoice.Member("subscription_details");
        var lines = invoice.Member("lines");
        var id = invoice.NeedText("id");
        return new InvoiceTold
        {
            Provider = StripeObjects.Name,
            Refs = new ProviderRefs
            {
                InvoiceId = id,
                SubscriptionId = parent.Id("subscription") ?? invoice.Id("subscription") ?? lines.Items("data").Select(LineSubscription).FirstOrDefault(found => found is not null),
                CustomerId = invoice.Id("customer"),
                PaymentIntentId = invoice.Id("payment_intent") ?? invoice.Member("payments").Items("data").Select(paid => paid.Member("payment").Id("payment_intent")).FirstOrDefault(found => found is not null),
                ChargeId = invoice.Id("charge"),
            },
            Marks = ((JsonElement?[])[parent.Member("metadata"), older.Member("metadata"), invoice.Member("metadata"), .. lines.Items("data").Select(line => line.Member("metadata"))])
                .Select(metadata => metadata.Marks()).FirstOrDefault(marks => marks != LedgerMarks.None) ?? LedgerMarks.None,
            At = at,
            InvoiceId = id,
            News = news,
            Status = invoice.Text("status") switch
            {
                "draft" => ToldInvoiceStatus.Draft,
                "open" => ToldInvoiceStatus.Open,
                "paid" => ToldInvoiceStatus.Paid,
                "void" => ToldInvoiceStatus.Void,
                "uncollectible" => ToldInvoiceStatus.Uncollectible,
                var word => throw new UnreadableNotificationException($"Invoice {id} has status {word ?? "none"}, which is not known."),
            },
            Number = invoice.Text("number"),
            BillingReason = invoice.Text("billing_reason"),
            Total = StripeObjects.Amount(invoice, "total"),
            AmountPaid = StripeObjects.Amount(invoice, "amount_paid"),
            AmountDue = invoice.Number("amount_due") is null ? null : StripeObjects.Amount(invoice, "amount_due"),
            IsFirst = invoice.Text("billing_reason") is { } reason ? reason == "subscription_create" : null,
            AttemptCount = invoice.Number("attempt_count") ?? 0,
            NextAttemptAt = invoice.Seconds("next_payment_attempt"),
            PaidAt = invoice.Member("status_transitions").Seconds("paid_at"),
            Lines = [.. (all ?? lines.Items("data")).Select(line => Line(line, invoice))],
            HasMoreLines = all is null && lines.Is("has_more"),
            HostedUrl = invoice.Text("hosted_invoice_url"),
        };
    }

    /// <summary>Which payment intent paid an invoice.</summary>
    public static DetailsTold InvoicePayment(JsonElement paid, DateTimeOffset? at) => new()
    {
        Provider = StripeObjects.Name,
        Refs = new ProviderRefs { InvoiceId = paid.Id("invoice"), PaymentIntentId = paid.Member("payment").Id("payment_intent"), ChargeId = paid.Member("payment").Id("charge") },
        At = at,
    };

    /// <summary>A subscription.</summary>
    public static SubscriptionTold Subscription(JsonElement subscription, DateTimeOffset? at, bool endsSoon)
    {
        var id = subscription.NeedText("id");
        return new SubscriptionTold
        {
            Provider = StripeObjects.Name,
            Refs = new ProviderRefs { SubscriptionId = id, CustomerId = subscription.Id("customer"), InvoiceId = subscription.Id("latest_invoice") },
            Marks = subscription.Member("metadata").Marks(),
            At = at,
            SubscriptionId = id,
            Status = subscription.Text("status") switch
            {
                // What is not collected rests, whatever else it is called.
                "active" or "trialing" or "past_due" or "unpaid" when subscription.Member("pause_collection") is not null => ToldSubscriptionStatus.Paused,
                "incomplete" => ToldSubscriptionStatus.Incomplete,
                "incomplete_expired" => ToldSubscriptionStatus.IncompleteExpired,
                "trialing" => ToldSubscriptionStatus.Trialing,
                "active" => ToldSubscriptionStatus.Active,
                "past_due" => ToldSubscriptionStatus.PastDue,
                "unpaid" => ToldSubscriptionStatus.Unpaid,
                "paused" => ToldSubscriptionStatus.Paused,
                "canceled" => ToldSubscriptionStatus.Canceled,
                var word => throw new UnreadableNotificationException($"Subscription {id} has status {word ?? "none"}, which is not known."),
            },
            Items =
            [
                .. subscription.Member("items").Items("data").Select(item => new SubscriptionItemTold(
                    item.Text("id"),
                    item.Id("price") ?? item.Id("plan"),
                    item.Number("quantity"),
                    item.Seconds("current_period_start") ?? subscription.Seconds("current_period_start"),
                    item.Seconds("current_period_end") ?? subscription.Seconds("current_period_end"))),
            ],
            TrialStart = subscription.Seconds("trial_start"),
            TrialEnd = subscription.Seconds("trial_end"),
            TrialEndsSoon = endsSoon,
            CancelAt = subscription.Seconds("cancel_at"),
            CancelAtPeriodEnd = subscription.Is("cancel_at_period_end"),
            CanceledAt = subscription.Seconds("canceled_at"),
            EndedAt = subscription.Seconds("ended_at"),
            CancelReason = subscription.Member("cancellation_details").Text("reason"),
        };
    }

    private static InvoiceLineTold Line(JsonElement line, JsonElement invoice)
    {
        var parent = line.Member("parent");
        var period = line.Member("period");
        return new InvoiceLineTold(
            line.Member("pricing").Member("price_details").Id("price") ?? line.Id("price") ?? line.Id("plan"),
            line.Number("quantity"),
            StripeMoney.FromStripe(line.NeedNumber("amount"), line.Text("currency") ?? invoice.NeedText("currency")),
            period.Seconds("start") ?? throw JsonReading.Lacks(line, "period"),
            period.Seconds("end") ?? throw JsonReading.Lacks(line, "period"),
            parent.Member("subscription_item_details").Is("proration") || parent.Member("invoice_item_details").Is("proration") || line.Is("proration"));
    }

    private static string? LineSubscription(JsonElement line) => line.Member("parent").Member("subscription_item_details").Id("subscription") ?? line.Id("subscription");
}
