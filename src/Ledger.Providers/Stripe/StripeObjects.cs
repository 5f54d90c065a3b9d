using System.Text.Json;
using Ledger.Domain;
using Ledger.Domain.Payments;

namespace Ledger.Providers.Stripe;

/// <summary>What Stripe's objects tell of a payment, whether they come in an event or as an answer. Ids are read as such and as the objects that they name.</summary>
internal static class StripeObjects
{
    /// <summary>The provider's name in the HTTP contract.</summary>
    public const string Name = "stripe";

    /// <summary>A checkout session. That of a plan is a payment too, of nothing where a trial begins, and leads to the subscription; a saved card is nothing to the ledger.</summary>
    /// <param name="session">The object.</param>
    /// <param name="at">When it was so.</param>
    /// <param name="told">What the event says of it; null to go by the object alone.</param>
    public static ProviderFact Session(JsonElement session, DateTimeOffset? at, PaymentStatus? told)
    {
        var refs = SessionRefs(session);
        var marks = session.Member("metadata").Marks();
        var mode = session.Text("mode");
        if (mode is not ("payment" or "subscription")) return new IgnoredFact($"A checkout session of mode {mode ?? "unknown"} pays nothing.") { Provider = Name, Refs = refs, Marks = marks, At = at };

        // What a subscription grants, its paid invoices grant.
        if (mode == "subscription") marks = marks with { Credits = null };
        var status = told ?? Standing(session);
        return new PaymentTold
        {
            Provider = Name,
            Refs = refs,
            Marks = marks,
            At = at,
            Status = status,
            Amount = status == PaymentStatus.Succeeded ? Amount(session, "amount_total") : MaybeAmount(session, "amount_total"),
            Reason = status == PaymentStatus.Failed ? "async_payment_failed" : null,
            Method = session.Whole("payment_intent") is { } intent && intent.Whole("latest_charge") is { } charge ? Method(charge) : null,
        };
    }

    /// <summary>All references of a checkout session.</summary>
    public static ProviderRefs SessionRefs(JsonElement session) => new()
    {
        CheckoutSessionId = session.NeedText("id"),
        PaymentIntentId = session.Id("payment_intent"),
        ChargeId = session.Whole("payment_intent") is { } intent ? intent.Id("latest_charge") : null,
        CustomerId = session.Id("customer"),
        SubscriptionId = session.Id("subscription"),
        InvoiceId = session.Id("invoice"),
    };

    /// <summary>A payment intent. Its money is what was received, never what was asked.</summary>
    /// <param name="intent">The object.</param>
    /// <param name="at">When it was so.</param>
    /// <param name="told">What the event says of it; null to go by the object alone.</param>
    public static PaymentTold Intent(JsonElement intent, DateTimeOffset? at, PaymentStatus? told)
    {
        var status = told ?? intent.Text("status") switch
        {
            "succeeded" => PaymentStatus.Succeeded,
            "requires_capture" => PaymentStatus.Authorized,
            "requires_action" => PaymentStatus.RequiresAction,
            "canceled" => PaymentStatus.Canceled,
            "requires_payment_method" when intent.Member("last_payment_error") is not null => PaymentStatus.Failed,
            "requires_payment_method" or "requires_confirmation" or "processing" => PaymentStatus.Pending,
            var word => throw new UnreadableNotificationException($"Payment intent {intent.Text("id")} has status {word ?? "none"}, which is not known."),
        };
        var error = intent.Member("last_payment_error");
        var charge = intent.Whole("latest_charge");
        return new PaymentTold
        {
            Provider = Name,
            Refs = IntentRefs(intent),
            Marks = intent.Member("metadata").Marks(),
            At = at,
            Status = status,
            Amount = status switch
            {
                PaymentStatus.Succeeded => Amount(intent, "amount_received"),
                PaymentStatus.Authorized => MaybeAmount(intent, "amount_capturable"),
                _ => MaybeAmount(intent, "amount"),
            },
            Reason = status switch
            {
                PaymentStatus.Failed => string.Join(": ", new[] { error.Text("code") ?? error.Text("type"), error.Text("decline_code") }.OfType<string>()) is { Length: > 0 } reason ? reason : null,
                PaymentStatus.Canceled => intent.Text("cancellation_reason"),
                _ => null,
            },
            Method = charge is { } whole ? Method(whole) : null,
            MayStillSucceed = status == PaymentStatus.Failed,
        };
    }

    /// <summary>All references of a payment intent; before the version 2022-11-15 its charge is in a list.</summary>
    public static ProviderRefs IntentRefs(JsonElement intent) => new()
    {
        PaymentIntentId = intent.NeedText("id"),
        ChargeId = intent.Id("latest_charge") ?? intent.Member("charges").Items("data").Select(charge => charge.Text("id")).FirstOrDefault(),
        CustomerId = intent.Id("customer"),
        InvoiceId = intent.Id("invoice"),
    };

    /// <summary>A charge, which grants nothing: its intent does.</summary>
    public static DetailsTold Charge(JsonElement charge, DateTimeOffset? at) =>
        new() { Provider = Name, Refs = ChargeRefs(charge), Marks = charge.Member("metadata").Marks(), At = at, Method = Method(charge) };

    /// <summary>All references of a charge.</summary>
    public static ProviderRefs ChargeRefs(JsonElement charge) => new()
    {
        ChargeId = charge.NeedText("id"),
        PaymentIntentId = charge.Id("payment_intent"),
        CustomerId = charge.Id("customer"),
        InvoiceId = charge.Id("invoice"),
    };

    /// <summary>
    /// What was refunded of a charge in all. What was released of an authorization without being captured is counted by Stripe as refunded too, and is no money: it is taken off. Null where nothing is left.
    /// </summary>
    public static RefundedSoFarTold? Refunded(JsonElement charge, DateTimeOffset? at)
    {
        var asked = charge.NeedNumber("amount");
        var captured = Captured(charge);
        var net = charge.NeedNumber("amount_refunded") - (asked - captured);
        return net <= 0 ? null : new RefundedSoFarTold
        {
            Provider = Name,
            Refs = ChargeRefs(charge),
            Marks = charge.Member("metadata").Marks(),
            At = at,
            Total = StripeMoney.FromStripe(net, charge.NeedText("currency")),
        };
    }

    /// <summary>Whether less was captured than authorized: then a refund may be the rest that was let go.</summary>
    public static bool IsPartlyCaptured(JsonElement charge) => Captured(charge) < charge.NeedNumber("amount");

    /// <summary>One refund.</summary>
    public static ProviderFact Refund(JsonElement refund, DateTimeOffset? at)
    {
        var refs = new ProviderRefs { PaymentIntentId = refund.Id("payment_intent"), ChargeId = refund.Id("charge") };
        var metadata = refund.Member("metadata");
        if (refund.Text("reason") == "expired_uncaptured_charge") return new IgnoredFact("An authorization lapsed; no money came back.") { Provider = Name, Refs = refs, Marks = metadata.Marks(), At = at };
        var status = refund.Text("status") switch
        {
            "succeeded" => RefundStatus.Succeeded,
            "pending" or "requires_action" or null => RefundStatus.Pending,
            "failed" => RefundStatus.Failed,
            "canceled" => RefundStatus.Canceled,
            var word => throw new UnreadableNotificationException($"Refund {refund.Text("id")} has status {word}, which is not known."),
        };
        return new RefundTold
        {
            Provider = Name,
            Refs = refs,
            Marks = metadata.Marks(),
            At = at,
            RefundId = refund.NeedText("id"),
            OurRefundId = metadata.Text("ledger_refund"),
            Amount = Amount(refund, "amount"),
            Status = status,
            Reason = refund.Text("failure_reason"),
            IsHint = MovedNothing(refund),
        };
    }

    /// <summary>Whether a refund says that it is done and shows no money: then it may be the rest of a partial capture, which only the charge can tell.</summary>
    public static bool MovedNothing(JsonElement refund) =>
        refund.Text("status") == "succeeded" && refund.TryGetProperty("balance_transaction", out var moved) && moved.ValueKind == JsonValueKind.Null;

    /// <summary>One dispute. A question of the bank moves no money; one that was prevented never came to be.</summary>
    public static ProviderFact Dispute(JsonElement dispute, DateTimeOffset? at)
    {
        var refs = new ProviderRefs { PaymentIntentId = dispute.Id("payment_intent"), ChargeId = dispute.Id("charge") };
        DisputeStatus status;
        switch (dispute.Text("status"))
        {
            case "needs_response" or "under_review":
                status = DisputeStatus.Open;
                break;
            // In old versions a dispute also ended by a refund: what it froze is free, and the refund tells the rest.
            case "won" or "charge_refunded":
                status = DisputeStatus.Won;
                break;
            case "lost":
                status = DisputeStatus.Lost;
                break;
            case { } word when word.StartsWith("warning_", StringComparison.Ordinal):
                status = DisputeStatus.Inquiry;
                break;
            case "prevented":
                return new IgnoredFact("The dispute was prevented before it came to be.") { Provider = Name, Refs = refs, At = at };
            case var word:
                throw new UnreadableNotificationException($"Dispute {dispute.Text("id")} has status {word ?? "none"}, which is not known.");
        }

        return new DisputeTold
        {
            Provider = Name,
            Refs = refs,
            Marks = dispute.Member("metadata").Marks(),
            At = at,
            DisputeId = dispute.NeedText("id"),
            Amount = Amount(dispute, "amount"),
            Status = status,
            Reason = dispute.Text("reason"),
        };
    }

    /// <summary>An amount in the object's currency that must be there.</summary>
    public static Money Amount(JsonElement element, string name) => StripeMoney.FromStripe(element.NeedNumber(name), element.NeedText("currency"));

    private static Money? MaybeAmount(JsonElement element, string name) =>
        element.Number(name) is { } amount && element.Text("currency") is { } currency ? StripeMoney.FromStripe(amount, currency) : null;

    private static PaymentStatus Standing(JsonElement session) => (session.Text("status"), session.Text("payment_status")) switch
    {
        ("expired", _) => PaymentStatus.Expired,
        ("open", _) => PaymentStatus.Pending,
        (_, "paid" or "no_payment_required") => PaymentStatus.Succeeded,
        (_, "unpaid") => PaymentStatus.Pending,
        var (_, word) => throw new UnreadableNotificationException($"Checkout session {session.Text("id")} has payment status {word ?? "none"}, which is not known."),
    };

    // Old versions do not say how much was captured: then it was all or nothing.
    private static long Captured(JsonElement charge) => charge.Number("amount_captured") ?? (charge.Is("captured") ? charge.NeedNumber("amount") : 0);

    private static MethodShown? Method(JsonElement charge)
    {
        var details = charge.Member("payment_method_details");
        if (details.Text("type") is not { } type) return null;
        var own = details.Member(type);
        // One that was declined is shown, and never kept.
        var kept = charge.Text("status") == "failed" ? null : charge.Id("payment_method");
        return new MethodShown(
            type,
            own.Text("brand") ?? own.Text("bank_name") ?? own.Text("bank"),
            own.Text("last4"),
            (int?)own.Number("exp_month"),
            (int?)own.Number("exp_year"),
            kept);
    }
}
