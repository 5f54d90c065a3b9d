using System.Globalization;
using System.Text.Json.Nodes;

namespace Ledger.Testing;

/// <summary>Plans at the double: prices, what a paid page opens, what time and banks do to it, and what callers change. A cancellation, a change or a rest are refused where Stripe would refuse them.</summary>
public sealed partial class StripeDouble
{
    /// <summary>The beginning of the ids of methods that are declined.</summary>
    public const string DeclinedMethod = "pm_card_chargeDeclined";

    /// <summary>The beginning of the ids of methods whose owner has to authenticate.</summary>
    public const string StrictMethod = "pm_card_authenticationRequired";

    /// <summary>Makes a price that renews.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="amount">Stripe's minor units for each seat.</param>
    /// <param name="currency">Lower case.</param>
    /// <param name="interval">day, week, month or year.</param>
    public void AddPrice(string id, long amount, string currency = "usd", string interval = "month") => Plant(new JsonObject
    {
        ["id"] = id,
        ["object"] = "price",
        ["created"] = Seconds(),
        ["active"] = true,
        ["currency"] = currency,
        ["unit_amount"] = amount,
        ["type"] = "recurring",
        ["recurring"] = new JsonObject { ["interval"] = interval, ["interval_count"] = 1 },
        ["livemode"] = false,
    });

    /// <summary>Keeps a method for a customer; its id.</summary>
    public string AddMethod(string customer, string kind = "pm_card_visa")
    {
        lock (Gate)
        {
            return (string)Keep(new JsonObject { ["id"] = New(kind), ["object"] = "payment_method", ["created"] = Seconds(), ["type"] = "card", ["customer"] = customer, ["livemode"] = false })["id"]!;
        }
    }

    /// <summary>A customer is deleted, in the dashboard.</summary>
    public IReadOnlyList<StripeEvent> DeleteCustomer(string customer)
    {
        lock (Gate)
        {
            var gone = _objects[customer];
            _objects.Remove(customer);
            _order.Remove(customer);
            return [Event("customer.deleted", gone)];
        }
    }

    /// <summary>Time comes to the end of a subscription's period or trial: the next one begins and is paid, or not.</summary>
    /// <param name="subscription">The subscription.</param>
    /// <param name="declined">Whether its card is declined.</param>
    public IReadOnlyList<StripeEvent> Renew(string subscription, bool declined = false)
    {
        lock (Gate)
        {
            var plan = _objects[subscription];
            if ((string?)plan["status"] is "canceled" or "incomplete_expired") throw new InvalidOperationException($"{subscription} has ended.");
            if ((bool)plan["cancel_at_period_end"]!) return Ended(plan, "cancellation_requested");
            var item = ItemOf(plan);
            var (begin, price) = ((long)item["current_period_end"]!, _objects[PriceOf(item)]);
            if ((string?)plan["status"] == "trialing") plan["billing_cycle_anchor"] = begin;
            var anchor = (long)plan["billing_cycle_anchor"]!;
            (item["current_period_start"], item["current_period_end"]) = (begin, Next(anchor, begin, (string)price["recurring"]!["interval"]!));
            plan["status"] = "active";
            List<StripeEvent> events = [Event("customer.subscription.updated", plan)];
            var paused = plan["pause_collection"] is not null;
            var invoice = Invoiced(plan, "subscription_cycle", (long)price["unit_amount"]! * (long)item["quantity"]!, begin, (long)item["current_period_end"]!);
            if (paused)
            {
                invoice["status"] = "void";
                return [.. events, Event("invoice.voided", invoice)];
            }

            events.Add(Event("invoice.finalized", invoice));
            if (!declined) return [.. events, .. PaidInvoice(plan, invoice)];
            plan["status"] = "past_due";
            (invoice["attempt_count"], invoice["next_payment_attempt"]) = (1L, begin + (3 * 24 * 60 * 60));
            return [.. events, Event("invoice.payment_failed", invoice), Event("customer.subscription.updated", plan)];
        }
    }

    /// <summary>The open invoice of a subscription that is past due is paid after all.</summary>
    public IReadOnlyList<StripeEvent> PayDue(string subscription)
    {
        lock (Gate)
        {
            var plan = _objects[subscription];
            plan["status"] = "active";
            return [.. PaidInvoice(plan, _objects[(string)plan["latest_invoice"]!]), Event("customer.subscription.updated", plan)];
        }
    }

    /// <summary>An open invoice is taken back, or given up as a bad debt, in the dashboard.</summary>
    /// <param name="invoice">The invoice.</param>
    /// <param name="isBadDebt">Whether it is given up.</param>
    public IReadOnlyList<StripeEvent> CloseInvoice(string invoice, bool isBadDebt = false)
    {
        lock (Gate)
        {
            var open = _objects[invoice];
            if ((string?)open["status"] != "open") throw new InvalidOperationException($"{invoice} is not open.");
            open["status"] = isBadDebt ? "uncollectible" : "void";
            return [Event(isBadDebt ? "invoice.marked_uncollectible" : "invoice.voided", open)];
        }
    }

    /// <summary>Somebody ends a subscription in the dashboard, or Stripe gives up on its payments.</summary>
    public IReadOnlyList<StripeEvent> EndSubscription(string subscription, string reason = "cancellation_requested")
    {
        lock (Gate) return Ended(_objects[subscription], reason);
    }

    private static long Next(long anchor, long begin, string interval)
    {
        var first = DateTimeOffset.FromUnixTimeSeconds(anchor);
        for (var n = 1; ; n++)
        {
            var end = interval switch { "day" => first.AddDays(n), "week" => first.AddDays(7 * n), "month" => first.AddMonths(n), _ => first.AddYears(n) };
            if (end.ToUnixTimeSeconds() > begin) return end.ToUnixTimeSeconds();
        }
    }

    private static JsonObject ItemOf(JsonObject plan) => (JsonObject)plan["items"]!["data"]![0]!;

    private static string PriceOf(JsonObject item) => (string)item["price"]!["id"]!;

    // What a page of mode subscription opens when it is paid.
    private List<StripeEvent> Subscribed(JsonObject page)
    {
        var note = (JsonObject)page["plan_note"]!;
        var price = _objects[(string)note["price"]!];
        var (begin, trial) = (Seconds(), (long?)note["trial"] ?? 0);
        var until = trial > 0 ? begin + (trial * 24 * 60 * 60) : Next(begin, begin, (string)price["recurring"]!["interval"]!);
        var id = New("sub");
        page["customer"] ??= (string)Keep(new JsonObject { ["id"] = New("cus"), ["object"] = "customer", ["created"] = begin, ["livemode"] = false, ["metadata"] = new JsonObject() })["id"]!;
        var customer = (string)page["customer"]!;
        var item = new JsonObject { ["id"] = New("si"), ["object"] = "subscription_item", ["price"] = price.DeepClone(), ["quantity"] = (long)note["quantity"]!, ["current_period_start"] = begin, ["current_period_end"] = until, ["subscription"] = id };
        var plan = Keep(new JsonObject
        {
            ["id"] = id,
            ["object"] = "subscription",
            ["created"] = begin,
            ["status"] = trial > 0 ? "trialing" : "active",
            ["customer"] = customer,
            ["currency"] = (string)price["currency"]!,
            ["billing_cycle_anchor"] = begin,
            ["default_payment_method"] = (string)Keep(new JsonObject { ["id"] = New("pm"), ["object"] = "payment_method", ["created"] = begin, ["type"] = "card", ["customer"] = customer, ["livemode"] = false })["id"]!,
            ["items"] = new JsonObject { ["object"] = "list", ["data"] = new JsonArray(item), ["has_more"] = false },
            ["latest_invoice"] = null,
            ["metadata"] = note["metadata"]!.DeepClone(),
            ["trial_start"] = trial > 0 ? begin : null,
            ["trial_end"] = trial > 0 ? until : null,
            ["cancel_at"] = null,
            ["cancel_at_period_end"] = false,
            ["canceled_at"] = null,
            ["ended_at"] = null,
            ["cancellation_details"] = new JsonObject { ["reason"] = null, ["comment"] = null, ["feedback"] = null },
            ["pause_collection"] = null,
            ["livemode"] = false,
        });
        var invoice = Invoiced(plan, "subscription_create", trial > 0 ? 0 : (long)page["amount_total"]!, begin, until);
        (page["subscription"], page["invoice"], page["status"], page["payment_status"], page["url"]) = (id, (string)invoice["id"]!, "complete", trial > 0 ? "no_payment_required" : "paid", null);
        return [Event("customer.subscription.created", plan), .. PaidInvoice(plan, invoice), Event("checkout.session.completed", page)];
    }

    private JsonObject Invoiced(JsonObject plan, string reason, long amount, long begin, long end)
    {
        var item = ItemOf(plan);
        var id = New("in");
        plan["latest_invoice"] = id;
        return Keep(new JsonObject
        {
            ["id"] = id,
            ["object"] = "invoice",
            ["created"] = Seconds(),
            ["status"] = "open",
            ["number"] = $"DOUBLE-{id[^6..]}",
            ["billing_reason"] = reason,
            ["total"] = amount,
            ["amount_due"] = amount,
            ["amount_paid"] = 0L,
            ["currency"] = (string)plan["currency"]!,
            ["customer"] = (string)plan["customer"]!,
            ["attempt_count"] = 0L,
            ["next_payment_attempt"] = null,
            ["metadata"] = new JsonObject(),
            ["hosted_invoice_url"] = $"https://invoice.example.test/{id}",
            ["parent"] = new JsonObject { ["type"] = "subscription_details", ["subscription_details"] = new JsonObject { ["subscription"] = (string)plan["id"]!, ["metadata"] = plan["metadata"]!.DeepClone() } },
            ["lines"] = new JsonObject
            {
                ["object"] = "list",
                ["has_more"] = false,
                ["data"] = new JsonArray(new JsonObject
                {
                    ["id"] = New("il"),
                    ["object"] = "line_item",
                    ["amount"] = amount,
                    ["currency"] = (string)plan["currency"]!,
                    ["quantity"] = (long)item["quantity"]!,
                    ["period"] = new JsonObject { ["start"] = begin, ["end"] = end },
                    ["pricing"] = new JsonObject { ["price_details"] = new JsonObject { ["price"] = PriceOf(item) } },
                    ["parent"] = new JsonObject { ["subscription_item_details"] = new JsonObject { ["subscription"] = (string)plan["id"]!, ["subscription_item"] = (string)item["id"]!, ["proration"] = reason == "subscription_update" } },
                }),
            },
            ["livemode"] = false,
        });
    }

    // The intent of an invoice bears no metadata of the subscription, and the invoice names it in a list of its own.
    private List<StripeEvent> PaidInvoice(JsonObject plan, JsonObject invoice)
    {
        List<StripeEvent> events = [];
        var amount = (long)invoice["total"]!;
        (invoice["status"], invoice["amount_paid"], invoice["next_payment_attempt"]) = ("paid", amount, null);
        invoice["attempt_count"] = (long)invoice["attempt_count"]! + 1;
        if (amount > 0)
        {
            var (intent, charge) = Charged(new JsonObject { ["currency"] = (string)invoice["currency"]!, ["customer"] = (string)plan["customer"]! }, amount, new JsonObject());
            var payment = Keep(new JsonObject
            {
                ["id"] = New("inpay"),
                ["object"] = "invoice_payment",
                ["created"] = Seconds(),
                ["invoice"] = (string)invoice["id"]!,
                ["amount_paid"] = amount,
                ["currency"] = (string)invoice["currency"]!,
                ["status"] = "paid",
                ["is_default"] = true,
                ["payment"] = new JsonObject { ["type"] = "payment_intent", ["payment_intent"] = (string)intent["id"]! },
                ["livemode"] = false,
            });
            events = [Event("payment_intent.succeeded", intent), Event("charge.succeeded", charge), Event("invoice_payment.paid", payment)];
        }

        return [.. events, Event("invoice.paid", invoice), Event("invoice.payment_succeeded", invoice)];
    }

    private List<StripeEvent> Ended(JsonObject plan, string reason)
    {
        (plan["status"], plan["ended_at"]) = ("canceled", Seconds());
        plan["canceled_at"] ??= Seconds();
        plan["cancellation_details"]!["reason"] = reason;
        return [Event("customer.subscription.deleted", plan)];
    }

    private DoubleAnswer ChangeSubscription(string id, Dictionary<string, string> parameters)
    {
        if (!Has("subscription", id)) return Missing("subscription", id);
        var plan = _objects[id];
        if ((string?)plan["status"] is "canceled" or "incomplete_expired") return Error(400, "invalid_request_error", null, "A canceled subscription can only update its cancellation_details and metadata.");
        if (parameters.ContainsKey("cancel_at") && parameters.ContainsKey("cancel_at_period_end")) return Error(400, "invalid_request_error", null, "Name one of cancel_at and cancel_at_period_end.", "cancel_at");
        if (parameters.TryGetValue("pause_collection[behavior]", out var behavior) && behavior is not ("void" or "keep_as_draft" or "mark_uncollectible")) return Error(400, "invalid_request_error", null, "No such behavior.", "pause_collection[behavior]");
        if (parameters.GetValueOrDefault("pause_collection") is { Length: > 0 }) return Error(400, "invalid_request_error", null, "Invalid object", "pause_collection");
        if (parameters.Keys.Any(name => name.StartsWith("items[", StringComparison.Ordinal)) && Reprice(plan, parameters) is { } refused) return refused;
        if (parameters.TryGetValue("cancel_at_period_end", out var ends))
        {
            plan["cancel_at_period_end"] = ends == "true";
            plan["cancel_at"] = ends == "true" ? (long)ItemOf(plan)["current_period_end"]! : null;
            plan["canceled_at"] = ends == "true" ? Seconds() : null;
        }

        if (parameters.TryGetValue("cancel_at", out var at))
        {
            plan["cancel_at"] = at.Length == 0 ? null : long.Parse(at, CultureInfo.InvariantCulture);
            plan["canceled_at"] = at.Length == 0 ? null : Seconds();
        }

        if (behavior is not null) plan["pause_collection"] = new JsonObject { ["behavior"] = behavior, ["resumes_at"] = null };
        else if (parameters.ContainsKey("pause_collection")) plan["pause_collection"] = null;
        if (parameters.TryGetValue("cancellation_details[comment]", out var comment)) plan["cancellation_details"]!["comment"] = comment;
        return Ok(plan);
    }

    private DoubleAnswer? Reprice(JsonObject plan, Dictionary<string, string> parameters)
    {
        var item = ItemOf(plan);
        if (parameters.GetValueOrDefault("items[0][id]") != (string)item["id"]!) return Error(400, "invalid_request_error", "resource_missing", "No such subscription item.", "items[0][id]");
        var before = _objects[PriceOf(item)];
        var price = parameters.GetValueOrDefault("items[0][price]") ?? PriceOf(item);
        if (!Has("price", price)) return Error(400, "invalid_request_error", "resource_missing", $"No such price: '{price}'", "items[0][price]");
        if ((string)_objects[price]["currency"]! != (string)plan["currency"]!) return Error(400, "invalid_request_error", null, "A subscription has one currency.", "items[0][price]");
        var (old, quantity) = ((long)item["quantity"]!, (long)item["quantity"]!);
        if (parameters.TryGetValue("items[0][quantity]", out var text) && (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out quantity) || quantity < 1)) return Error(400, "invalid_request_error", "parameter_invalid_integer", "A quantity is a whole number.", "items[0][quantity]");
        var more = ((long)_objects[price]["unit_amount"]! * quantity) - ((long)before["unit_amount"]! * old);
        var settles = parameters.GetValueOrDefault("proration_behavior") == "always_invoice" && (string?)plan["status"] == "active" && more != 0;
        if (settles && more > 0 && ((string)plan["default_payment_method"]!).StartsWith(DeclinedMethod, StringComparison.Ordinal) && parameters.GetValueOrDefault("payment_behavior") == "error_if_incomplete")
            return Error(402, "card_error", "card_declined", "Your card was declined.");
        (item["price"], item["quantity"]) = (_objects[price].DeepClone(), quantity);
        if (!settles) return null;
        var (start, end, now) = ((long)item["current_period_start"]!, (long)item["current_period_end"]!, Seconds());
        _unsent.AddRange(PaidInvoice(plan, Invoiced(plan, "subscription_update", Math.Max(0, more * (end - now) / Math.Max(1, end - start)), now, end)));
        return null;
    }

    private DoubleAnswer EndByCall(string id, Dictionary<string, string> parameters)
    {
        if (!Has("subscription", id) || (string?)_objects[id]["status"] is "canceled" or "incomplete_expired") return Missing("subscription", id);
        var plan = _objects[id];
        if (parameters.TryGetValue("cancellation_details[comment]", out var comment)) plan["cancellation_details"]!["comment"] = comment;
        Ended(plan, "cancellation_requested");
        return Ok(plan);
    }

    private DoubleAnswer ResumeByCall(string id)
    {
        if (!Has("subscription", id)) return Missing("subscription", id);
        var plan = _objects[id];
        if ((string?)plan["status"] != "paused") return Error(400, "invalid_request_error", null, "Only paused subscriptions can be resumed.");
        plan["status"] = "active";
        return Ok(plan);
    }

    private DoubleAnswer TakeMoney(Dictionary<string, string> parameters)
    {
        if (!long.TryParse(parameters.GetValueOrDefault("amount"), NumberStyles.None, CultureInfo.InvariantCulture, out var amount) || amount < 1) return Error(400, "invalid_request_error", "parameter_invalid_integer", "An amount is a whole number above 0.", "amount");
        if (!parameters.TryGetValue("currency", out var currency)) return Error(400, "invalid_request_error", "parameter_missing", "A currency is needed.", "currency");
        if (currency == "usd" && amount < 50) return Error(400, "invalid_request_error", "amount_too_small", "Amount must be at least $0.50 usd", "amount");
        if (parameters.GetValueOrDefault("confirm") != "true") return Error(400, "invalid_request_error", null, "The double takes intents that are confirmed at once.", "confirm");
        if (parameters.GetValueOrDefault("automatic_payment_methods[allow_redirects]") != "never" && !parameters.ContainsKey("return_url")) return Error(400, "invalid_request_error", null, "Some methods redirect: name a return_url, or allow none that do.", "return_url");
        if (!parameters.TryGetValue("customer", out var customer) || !Has("customer", customer)) return Error(400, "invalid_request_error", "resource_missing", $"No such customer: '{customer}'", "customer");
        if (!parameters.TryGetValue("payment_method", out var method) || !Has("payment_method", method)) return Error(400, "invalid_request_error", "resource_missing", $"No such PaymentMethod: '{method}'", "payment_method");
        if ((string?)_objects[method]["customer"] != customer) return Error(400, "invalid_request_error", null, "The PaymentMethod does not belong to the customer.", "payment_method");
        var (intent, charge) = Charged(new JsonObject { ["currency"] = currency, ["customer"] = customer }, amount, Metadata(parameters, "metadata"));
        (intent["payment_method"], charge["payment_method"]) = (method, method);
        var code = method.StartsWith(DeclinedMethod, StringComparison.Ordinal) ? "card_declined" : method.StartsWith(StrictMethod, StringComparison.Ordinal) ? "authentication_required" : null;
        if (code is null) return Ok(Expanded((JsonObject)intent.DeepClone(), Expansions(parameters)));
        var error = ErrorBody("card_error", code, "Your card was declined.", null);
        error["error"]!["decline_code"] = code == "card_declined" ? "generic_decline" : code;
        (intent["status"], intent["amount_received"]) = ("requires_payment_method", 0L);
        intent["last_payment_error"] = error["error"]!.DeepClone();
        (charge["status"], charge["captured"], charge["paid"], charge["amount_captured"], charge["failure_code"]) = ("failed", false, false, 0L, code);
        error["error"]!["payment_intent"] = intent.DeepClone();
        return new DoubleAnswer(402, error, ("Request-Id", "req_double"));
    }
}
