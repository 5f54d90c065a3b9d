using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ledger.Testing;

/// <summary>How money moves at the double: what callers start, and what payers, banks and the dashboard do. Those give the events that Stripe would send.</summary>
public sealed partial class StripeDouble
{
    /// <summary>The payer pays a session.</summary>
    public IReadOnlyList<StripeEvent> Pay(string session)
    {
        lock (Gate)
        {
            var page = Open(session);
            if ((string?)page["mode"] == "subscription") return Subscribed(page);
            var (intent, charge) = Charged(page, (long)page["amount_total"]!, (JsonObject)page["intent_metadata"]!);
            page["payment_intent"] = (string)intent["id"]!;
            // Only what the payer was told is kept can be charged again.
            if ((bool)page["keeps_method"]!)
            {
                var kept = AddMethod((string)page["customer"]!);
                (intent["payment_method"], charge["payment_method"]) = (kept, kept);
            }

            page["status"] = "complete";
            page["payment_status"] = "paid";
            page["url"] = null;
            return [Event("checkout.session.completed", page), Event("payment_intent.succeeded", intent), Event("charge.succeeded", charge)];
        }
    }

    /// <summary>The payer tries a card that is declined; the page stays open.</summary>
    public IReadOnlyList<StripeEvent> Decline(string session)
    {
        lock (Gate)
        {
            var page = Open(session);
            var (intent, charge) = Charged(page, (long)page["amount_total"]!, (JsonObject)page["intent_metadata"]!);
            if ((string?)page["mode"] == "payment") page["payment_intent"] = (string)intent["id"]!;
            intent["status"] = "requires_payment_method";
            intent["amount_received"] = 0L;
            intent["last_payment_error"] = new JsonObject { ["type"] = "card_error", ["code"] = "card_declined", ["decline_code"] = "insufficient_funds", ["message"] = "Not enough money." };
            charge["status"] = "failed";
            charge["captured"] = false;
            charge["paid"] = false;
            charge["amount_captured"] = 0L;
            charge["failure_code"] = "card_declined";
            return [Event("payment_intent.payment_failed", intent), Event("charge.failed", charge)];
        }
    }

    /// <summary>Nobody has paid in time.</summary>
    public IReadOnlyList<StripeEvent> Lapse(string session)
    {
        lock (Gate)
        {
            var page = Open(session);
            page["status"] = "expired";
            page["url"] = null;
            return [Event("checkout.session.expired", page)];
        }
    }

    /// <summary>An app takes a payment without any session: what it writes as metadata says whose it is.</summary>
    public IReadOnlyList<StripeEvent> PayElsewhere(long amount, string currency, IReadOnlyDictionary<string, string> metadata)
    {
        lock (Gate)
        {
            var (intent, charge) = Charged(new JsonObject { ["currency"] = currency }, amount, new JsonObject(metadata.Select(one => KeyValuePair.Create(one.Key, (JsonNode?)one.Value))));
            return [Event("payment_intent.succeeded", intent), Event("charge.succeeded", charge)];
        }
    }

    /// <summary>Somebody refunds in the dashboard; null for all that is left.</summary>
    public IReadOnlyList<StripeEvent> RefundInDashboard(string intent, long? amount = null)
    {
        lock (Gate)
        {
            var charge = ChargeOf(intent);
            var refund = Refunded(charge, amount ?? Left(charge), new JsonObject(), "requested_by_customer");
            return [Event("charge.refunded", charge), Event("refund.created", refund)];
        }
    }

    /// <summary>A refund that seemed to be done comes to nothing.</summary>
    public IReadOnlyList<StripeEvent> FailRefund(string refund)
    {
        lock (Gate)
        {
            var failed = _objects[refund];
            if ((string?)failed["status"] is not ("succeeded" or "pending")) throw new InvalidOperationException("It has not gone out.");
            failed["status"] = "failed";
            failed["failure_reason"] = "lost_or_stolen_card";
            failed["failure_balance_transaction"] = New("txn");
            var charge = _objects[(string)failed["charge"]!];
            charge["amount_refunded"] = (long)charge["amount_refunded"]! - (long)failed["amount"]!;
            charge["refunded"] = false;
            return [Event("refund.failed", failed)];
        }
    }

    /// <summary>The payer's bank asks the money back, or asks a question only.</summary>
    public IReadOnlyList<StripeEvent> OpenDispute(string intent, long? amount = null, bool inquiry = false)
    {
        lock (Gate)
        {
            var charge = ChargeOf(intent);
            charge["disputed"] = true;
            var dispute = Keep(new JsonObject
            {
                ["id"] = New("du"),
                ["object"] = "dispute",
                ["created"] = Seconds(),
                ["amount"] = amount ?? (long)charge["amount_captured"]!,
                ["currency"] = (string)charge["currency"]!,
                ["charge"] = (string)charge["id"]!,
                ["payment_intent"] = intent,
                ["reason"] = "fraudulent",
                ["status"] = inquiry ? "warning_needs_response" : "needs_response",
                ["metadata"] = new JsonObject(),
                ["balance_transactions"] = new JsonArray(),
                ["livemode"] = false,
            });
            var opened = Event("charge.dispute.created", dispute);
            return inquiry ? [opened] : [opened, Event("charge.dispute.funds_withdrawn", dispute)];
        }
    }

    /// <summary>A dispute ends.</summary>
    public IReadOnlyList<StripeEvent> CloseDispute(string dispute, bool won)
    {
        lock (Gate)
        {
            var closed = _objects[dispute];
            var inquiry = ((string)closed["status"]!).StartsWith("warning_", StringComparison.Ordinal);
            closed["status"] = inquiry ? "warning_closed" : won ? "won" : "lost";
            var end = Event("charge.dispute.closed", closed);
            return inquiry || !won ? [end] : [end, Event("charge.dispute.funds_reinstated", closed)];
        }
    }

    /// <summary>An event about an object as it stands.</summary>
    public StripeEvent Event(string type, JsonObject about)
    {
        lock (Gate)
        {
            var id = New("evt");
            var copy = (JsonObject)about.DeepClone();
            foreach (var note in Notes) copy.Remove(note);
            var body = new JsonObject
            {
                ["id"] = id,
                ["object"] = "event",
                ["api_version"] = Version,
                ["created"] = ToldAt(about),
                ["livemode"] = false,
                ["pending_webhooks"] = 1,
                ["request"] = new JsonObject { ["id"] = null, ["idempotency_key"] = null },
                ["type"] = type,
                ["data"] = new JsonObject { ["object"] = copy },
            };
            return new StripeEvent(id, type, JsonSerializer.SerializeToUtf8Bytes(body));
        }
    }

    // Two states of one subscription are told in two seconds: a renewal's first news are an hour older than what came of its charge.
    private long ToldAt(JsonObject about)
    {
        if ((string?)about["object"] != "subscription") return Seconds();
        var id = (string)about["id"]!;
        return _told[id] = Math.Max(Seconds(), _told.TryGetValue(id, out var last) ? last + 1 : 0);
    }

    private JsonObject Open(string session)
    {
        if (!Has("checkout.session", session)) throw new InvalidOperationException($"There is no session {session}.");
        return (string?)_objects[session]["status"] == "open" ? _objects[session] : throw new InvalidOperationException($"The session {session} is not open.");
    }

    private JsonObject ChargeOf(string intent) => _objects[(string)_objects[intent]["latest_charge"]!];

    private static long Left(JsonObject charge) => (long)charge["amount_captured"]! - (long)charge["amount_refunded"]!;

    private (JsonObject Intent, JsonObject Charge) Charged(JsonObject page, long amount, JsonObject metadata)
    {
        var intent = (string?)page["payment_intent"] ?? New("pi");
        var charge = Keep(new JsonObject
        {
            ["id"] = New("ch"),
            ["object"] = "charge",
            ["created"] = Seconds(),
            ["amount"] = amount,
            ["amount_captured"] = amount,
            ["amount_refunded"] = 0L,
            ["currency"] = (string)page["currency"]!,
            ["captured"] = true,
            ["paid"] = true,
            ["refunded"] = false,
            ["disputed"] = false,
            ["status"] = "succeeded",
            ["failure_code"] = null,
            ["payment_intent"] = intent,
            ["customer"] = (string?)page["customer"],
            ["payment_method"] = "pm_double",
            ["livemode"] = false,
            ["balance_transaction"] = New("txn"),
            ["metadata"] = metadata.DeepClone(),
            ["payment_method_details"] = new JsonObject { ["type"] = "card", ["card"] = new JsonObject { ["brand"] = "visa", ["last4"] = "4242", ["exp_month"] = 12, ["exp_year"] = 2034 } },
        });
        return (Keep(new JsonObject
        {
            ["id"] = intent,
            ["object"] = "payment_intent",
            ["created"] = Seconds(),
            ["amount"] = amount,
            ["amount_received"] = amount,
            ["amount_capturable"] = 0L,
            ["currency"] = (string)page["currency"]!,
            ["status"] = "succeeded",
            ["customer"] = (string?)page["customer"],
            ["latest_charge"] = (string)charge["id"]!,
            ["payment_method"] = "pm_double",
            ["cancellation_reason"] = null,
            ["last_payment_error"] = null,
            ["livemode"] = false,
            ["metadata"] = metadata.DeepClone(),
        }), charge);
    }

    private DoubleAnswer StartSession(Dictionary<string, string> parameters)
    {
        var mode = parameters.GetValueOrDefault("mode");
        if (mode is not ("payment" or "subscription")) return Error(400, "invalid_request_error", "parameter_missing", "mode is payment or subscription", "mode");
        if (parameters.TryGetValue("customer", out var customer) && !Has("customer", customer)) return Error(400, "invalid_request_error", "resource_missing", $"No such customer: '{customer}'", "customer");
        if (customer is not null && parameters.ContainsKey("customer_email")) return Error(400, "invalid_request_error", null, "You may only specify one of these parameters: customer, customer_email.", "customer_email");
        if (parameters.ContainsKey("subscription_data[trial_period_days]") && mode == "payment") return Error(400, "invalid_request_error", null, "subscription_data is for mode subscription.", "subscription_data");
        if (parameters.TryGetValue("payment_intent_data[setup_future_usage]", out var usage) && (usage is not ("off_session" or "on_session") || customer is null)) return Error(400, "invalid_request_error", null, "A method is kept for a customer, off_session or on_session.", "payment_intent_data[setup_future_usage]");
        if (mode == "subscription" && parameters.Keys.Any(name => name.StartsWith("payment_intent_data", StringComparison.Ordinal))) return Error(400, "invalid_request_error", null, "payment_intent_data is for mode payment.", "payment_intent_data");
        if (parameters.TryGetValue("expires_at", out var until) && long.Parse(until, CultureInfo.InvariantCulture) - Seconds() is < (30 * 60) - 60 or > (24 * 60 * 60) + 60)
            return Error(400, "invalid_request_error", null, "expires_at lies 30 minutes to 24 hours ahead.", "expires_at");
        if (!long.TryParse(parameters.GetValueOrDefault("line_items[0][quantity]"), CultureInfo.InvariantCulture, out var quantity) || quantity < 1) return Error(400, "invalid_request_error", "parameter_missing", "A line has a quantity.", "line_items[0][quantity]");
        var currency = parameters.GetValueOrDefault("line_items[0][price_data][currency]");
        var price = parameters.GetValueOrDefault("line_items[0][price]");
        long total;
        JsonObject? plan = null;
        if (price is not null)
        {
            if (mode == "payment") return Error(400, "invalid_request_error", null, "You specified `payment` mode but passed a recurring price.", "line_items[0][price]");
            if (!Has("price", price)) return Error(400, "invalid_request_error", "resource_missing", $"No such price: '{price}'", "line_items[0][price]");
            var trial = parameters.TryGetValue("subscription_data[trial_period_days]", out var days) ? long.Parse(days, CultureInfo.InvariantCulture) : (long?)null;
            if (trial is < 1 or > 730) return Error(400, "invalid_request_error", null, "A trial has 1 to 730 days.", "subscription_data[trial_period_days]");
            currency = (string)_objects[price]["currency"]!;
            total = trial is null ? (long)_objects[price]["unit_amount"]! * quantity : 0;
            plan = new JsonObject { ["price"] = price, ["quantity"] = quantity, ["trial"] = trial, ["metadata"] = Metadata(parameters, "subscription_data[metadata]") };
        }
        else
        {
            if (mode == "subscription") return Error(400, "invalid_request_error", null, "You must provide at least one recurring price in `subscription` mode.", "mode");
            if (currency is null || !parameters.ContainsKey("line_items[0][price_data][product_data][name]")) return Error(400, "invalid_request_error", "parameter_missing", "A line has a price.", "line_items[0][price_data]");
            if (!long.TryParse(parameters.GetValueOrDefault("line_items[0][price_data][unit_amount]"), NumberStyles.None, CultureInfo.InvariantCulture, out var unit)) return Error(400, "invalid_request_error", "parameter_invalid_integer", "An amount is a whole number.", "line_items[0][price_data][unit_amount]");
            total = unit * quantity;
            if (total <= 0 || (currency == "usd" && total < 50)) return Error(400, "invalid_request_error", "amount_too_small", "Amount must be at least $0.50 usd", "line_items[0][price_data][unit_amount]");
            if (currency is "kwd" or "bhd" or "jod" or "omr" or "tnd" && unit % 10 != 0) return Error(400, "invalid_request_error", null, "The last digit must be 0.", "line_items[0][price_data][unit_amount]");
        }

        var id = New("cs_test");
        return Ok(Keep(new JsonObject
        {
            ["id"] = id,
            ["object"] = "checkout.session",
            ["created"] = Seconds(),
            ["mode"] = mode,
            ["status"] = "open",
            ["payment_status"] = "unpaid",
            ["amount_total"] = total,
            ["amount_subtotal"] = total,
            ["currency"] = currency ?? "usd",
            ["customer"] = customer,
            ["client_reference_id"] = parameters.GetValueOrDefault("client_reference_id"),
            ["payment_intent"] = null,
            ["subscription"] = null,
            ["invoice"] = null,
            ["livemode"] = false,
            ["expires_at"] = until is null ? Seconds() + (24 * 60 * 60) : long.Parse(until, CultureInfo.InvariantCulture),
            ["url"] = $"https://checkout.example.test/pay/{id}",
            ["metadata"] = Metadata(parameters, "metadata"),
            ["intent_metadata"] = Metadata(parameters, "payment_intent_data[metadata]"),
            ["plan_note"] = plan,
            ["keeps_method"] = usage is not null,
        }));
    }

    private DoubleAnswer ExpireSession(string id)
    {
        if (!Has("checkout.session", id)) return Missing("checkout.session", id);
        var page = _objects[id];
        if ((string?)page["status"] != "open") return Error(400, "invalid_request_error", null, "Only Checkout Sessions with a status in [\"open\"] can be expired.");
        page["status"] = "expired";
        page["url"] = null;
        return Ok(page);
    }

    private DoubleAnswer MakeRefund(Dictionary<string, string> parameters)
    {
        var (intent, charge) = (parameters.GetValueOrDefault("payment_intent"), parameters.GetValueOrDefault("charge"));
        if (intent is null == charge is null) return Error(400, "invalid_request_error", null, "Name the payment intent or the charge.", "payment_intent");
        if (intent is not null && !Has("payment_intent", intent)) return Error(404, "invalid_request_error", "resource_missing", $"No such payment_intent: '{intent}'", "payment_intent");
        if (intent is not null && (string?)_objects[intent]["status"] != "succeeded") return Error(400, "invalid_request_error", "payment_intent_unexpected_state", "This PaymentIntent does not have a successful charge to refund.");
        var of = intent is not null ? ChargeOf(intent) : Has("charge", charge!) ? _objects[charge!] : null;
        if (of is null) return Error(404, "invalid_request_error", "resource_missing", $"No such charge: '{charge}'", "charge");
        if (parameters.TryGetValue("reason", out var reason) && reason is not ("duplicate" or "fraudulent" or "requested_by_customer")) return Error(400, "invalid_request_error", null, "No such reason.", "reason");
        if (Left(of) == 0) return Error(400, "invalid_request_error", "charge_already_refunded", "Charge has already been refunded.");
        var amount = parameters.TryGetValue("amount", out var text) ? long.Parse(text, CultureInfo.InvariantCulture) : Left(of);
        if (amount <= 0 || amount > Left(of)) return Error(400, "invalid_request_error", "amount_too_large", "Refund amount is greater than unrefunded amount on charge.", "amount");
        return Ok(Refunded(of, amount, Metadata(parameters, "metadata"), reason));
    }

    private JsonObject Refunded(JsonObject charge, long amount, JsonObject metadata, string? reason)
    {
        charge["amount_refunded"] = (long)charge["amount_refunded"]! + amount;
        charge["refunded"] = Left(charge) == 0;
        return Keep(new JsonObject
        {
            ["id"] = New("re"),
            ["object"] = "refund",
            ["created"] = Seconds(),
            ["amount"] = amount,
            ["currency"] = (string)charge["currency"]!,
            ["charge"] = (string)charge["id"]!,
            ["payment_intent"] = (string?)charge["payment_intent"],
            ["status"] = "succeeded",
            ["balance_transaction"] = New("txn"),
            ["failure_reason"] = null,
            ["reason"] = reason,
            ["metadata"] = metadata,
        });
    }
}
