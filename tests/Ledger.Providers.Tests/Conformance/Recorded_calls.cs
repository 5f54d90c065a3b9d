using System.Text.Json.Nodes;
using Ledger.Domain.Payments;
using Ledger.Providers.Midtrans;
using Ledger.Providers.Stripe;
using Ledger.Testing;

namespace Ledger.Providers.Tests.Conformance;

public sealed class Recorded_calls
{
    private static readonly ProviderRefs Paid = new() { PaymentIntentId = "pi_1", OrderId = "LEDGER-pay_1" };

    public static TheoryData<string> StripeObjects => Fixtures.Names("stripe/objects");

    public static TheoryData<string> StripeErrors => Fixtures.Folder is null ? [Fixtures.NotRun] : [.. Fixtures.Read("stripe/objects/errors.json").AsObject().Select(one => one.Key)];

    public static TheoryData<string> MidtransAnswers => Fixtures.Folder is null ? [Fixtures.NotRun] : [.. Fixtures.Read("midtrans/api-responses.json").AsObject().Select(one => one.Key).Where(name => name != "auth_example")];

    [Theory]
    [InlineData("customer_create")]
    [InlineData("checkout_payment")]
    [InlineData("checkout_subscription")]
    [InlineData("checkout_retrieve_expanded")]
    [InlineData("checkout_expire")]
    [InlineData("refund_partial")]
    [InlineData("portal_session")]
    [InlineData("subscription_change_plan")]
    [InlineData("subscription_cancel_at_period_end")]
    [InlineData("subscription_uncancel")]
    [InlineData("subscription_pause")]
    [InlineData("subscription_cancel_now")]
    public async Task to_stripe_mean_what_its_own_client_says(string name)
    {
        if (Fixtures.Folder is null)
        {
            Fixtures.None(Fixtures.NotRun).ShouldBeTrue();
            return;
        }

        await using var api = new ScriptedApi(new DoubleAnswer(200, JsonNode.Parse("""{"id":"x_1","object":"x","url":"https://pay.example.test/x_1","status":"complete","mode":"setup"}""")));
        using var stripe = new StripeProvider(Orders.Quick);
        var settings = new ProviderSettings("sk_test_ledger", [], api.Address);
        var wish = new SubscriptionOrder { Tenant = "default", Account = "acct_1", Key = "sub_1/1", SubscriptionId = "sub_1", ItemId = "si_1", PriceId = "price_2", Seats = 3, Prorate = true };
        var order = Orders.Order() with { CustomerId = "cus_123", ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(1_785_718_800) };
        // An answer of this script can't be a refund; what was sent is what counts here.
        Task call = name switch
        {
            "customer_create" => stripe.CreateCustomerAsync(settings, "default", "acct_1", "a+b@example.com", "Ayu & Zoë", 1, default),
            "checkout_payment" => stripe.StartAsync(settings, order, default),
            "checkout_subscription" => stripe.StartAsync(settings, order with { RecurringPriceId = "price_1", TrialDays = 14, SuccessUrl = new Uri("https://app.example.com/ok"), CancelUrl = null, Payment = "pay_1" }, default),
            "checkout_retrieve_expanded" => stripe.AskAsync(settings, new ProviderRefs { CheckoutSessionId = "cs_test_1" }, default),
            "checkout_expire" => stripe.ExpireAsync(settings, new ProviderRefs { CheckoutSessionId = "cs_test_1" }, default),
            "refund_partial" => Should.ThrowAsync<ProviderException>(stripe.RefundAsync(settings, new RefundOrder("pay_1", "1", Paid, Orders.Usd(500), "requested_by_customer", "default", "acct_1"), default)),
            "subscription_change_plan" => Should.ThrowAsync<ProviderException>(stripe.ChangeSubscriptionAsync(settings, wish, default)),
            "subscription_cancel_at_period_end" => Should.ThrowAsync<ProviderException>(stripe.CancelSubscriptionAsync(settings, wish with { End = SubscriptionEnd.PeriodEnd }, default)),
            "subscription_uncancel" => Should.ThrowAsync<ProviderException>(stripe.CancelSubscriptionAsync(settings, wish with { End = SubscriptionEnd.Never }, default)),
            "subscription_pause" => Should.ThrowAsync<ProviderException>(stripe.PauseSubscriptionAsync(settings, wish, default)),
            "subscription_cancel_now" => Should.ThrowAsync<ProviderException>(stripe.CancelSubscriptionAsync(settings, wish with { Reason = "by customer" }, default)),
            _ => stripe.PortalAsync(settings, "cus_123", new Uri("https://app.example.com/account"), default),
        };
        await call;

        var recorded = Fixtures.Named("stripe/requests.json", "requests", name);
        var sent = api.Requests.First();
        (sent.Method, sent.Path).ShouldBe(((string)recorded["method"]!, ((string)recorded["path"]!).Split('?')[0]));
        sent.Headers["Authorization"].ShouldBe((string)recorded["headers"]!["authorization"]!);
        sent.Headers["Stripe-Version"].ShouldBe((string)recorded["headers"]!["stripe-version"]!);
        var (ours, theirs) = (Tree(sent), (JsonObject)recorded["decoded"]!.DeepClone());
        new OpenApi(Fixtures.Read("stripe/openapi-subset.json")).Request(sent.Method, sent.Path, ours).ShouldBeEmpty();
        switch (name)
        {
            case "customer_create":
                ((JsonObject)theirs["metadata"]!).Remove("ledger_payment"); // a customer is of many payments
                break;
            case "checkout_subscription":
                foreach (var more in (string[])["client_reference_id", "expires_at"]) ours.Remove(more); // ours are frozen with the intent
                theirs.Remove("allow_promotion_codes"); // promotions are the ledger's own
                theirs["line_items"]!.AsArray().RemoveAt(1); // a plan has one price
                break;
            case "checkout_retrieve_expanded":
                theirs["expand"]!.AsArray().RemoveAt(1); // the lines are known
                break;
            case "subscription_change_plan":
                ours.Remove("payment_behavior").ShouldBeTrue(); // what can't be paid is not changed
                break;
            case "subscription_cancel_now":
                foreach (var more in (string[])["prorate", "invoice_now"]) theirs.Remove(more); // what was paid is not given back by that
                break;
            case "refund_partial":
                ((JsonObject)ours["metadata"]!).Remove("ledger_refund").ShouldBeTrue(); // which of our refunds it is
                break;
        }

        JsonNode.DeepEquals(Sorted(ours), Sorted(theirs)).ShouldBeTrue($"{ours.ToJsonString()}\n{theirs.ToJsonString()}");
        if (name is "customer_create" or "checkout_payment" or "refund_partial") sent.Headers["Idempotency-Key"].ShouldBe((string)recorded["headers"]!["idempotency-key"]!);
        (sent.Headers.ContainsKey("Idempotency-Key") == (sent.Method == "POST")).ShouldBeTrue();
    }

    [Fact]
    public async Task to_stripe_are_all_as_it_describes_them()
    {
        if (Fixtures.Folder is null)
        {
            Fixtures.None(Fixtures.NotRun).ShouldBeTrue();
            return;
        }

        var description = new OpenApi(Fixtures.Read("stripe/openapi-subset.json"));
        await using var api = new StripeDouble();
        using var stripe = new StripeProvider(Orders.Quick);
        var settings = Orders.Of(api);
        var customer = await stripe.CreateCustomerAsync(settings, "default", "acct_1", "a@example.com", "Ayu", 1, default);
        var started = await stripe.StartAsync(settings, Orders.Order() with { CustomerId = customer }, default);
        api.AddPrice("price_1", 2999);
        api.AddPrice("price_2", 4999);
        var plan = await stripe.StartAsync(settings, Orders.Order(payment: "pay_3") with { RecurringPriceId = "price_1", CustomerId = customer }, default);
        api.Pay(plan.Refs.CheckoutSessionId!);
        var subscription = (await stripe.AskAsync(settings, plan.Refs, default)).One<SubscriptionTold>();
        var wish = new SubscriptionOrder { Tenant = "default", Account = "acct_1", Key = "sub_1/1", SubscriptionId = subscription.SubscriptionId, PriceId = "price_2", Seats = 3, Prorate = true };
        await stripe.ChangeSubscriptionAsync(settings, wish, default);
        await stripe.PauseSubscriptionAsync(settings, wish, default);
        await stripe.ResumeSubscriptionAsync(settings, wish, default);
        foreach (var end in Enum.GetValues<SubscriptionEnd>().Reverse()) await stripe.CancelSubscriptionAsync(settings, wish with { End = end, Reason = "by customer" }, default);
        var charge = new ChargeOrder { Tenant = "default", Account = "acct_1", Payment = "pay_4", CustomerId = customer!, MethodId = api.AddMethod(customer!), Amount = Orders.Usd(500), Description = "Top-up" };
        await stripe.ChargeAsync(settings, charge, default);
        await stripe.ChargeAsync(settings, charge with { MayHaveBeenAsked = true }, default);
        await stripe.StartAsync(settings, Orders.Order(payment: "pay_2") with { RecurringPriceId = "price_1", TrialDays = 7, Email = "a@example.com" }, default);
        api.Pay(started.Refs.CheckoutSessionId!);
        var paid = await stripe.AskAsync(settings, started.Refs, default);
        var refs = paid[^1].Refs;
        await stripe.AskAsync(settings, new ProviderRefs { ChargeId = refs.ChargeId }, default);
        await stripe.AskAsync(settings, new ProviderRefs { SubscriptionId = "sub_1" }, default);
        await stripe.RefundAsync(settings, new RefundOrder("pay_1", "ref_1", refs, Orders.Usd(500), "duplicate", "default", "acct_1"), default);
        await stripe.RefundAsync(settings, new RefundOrder("pay_1", "ref_2", new ProviderRefs { ChargeId = refs.ChargeId }, Orders.Usd(500), null), default);
        api.OpenDispute(refs.PaymentIntentId!);
        await stripe.PortalAsync(settings, customer!, null, default);
        await stripe.ExpireAsync(settings, started.Refs, default);
        await foreach (var _ in stripe.ListAsync(settings, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), default)) continue;

        api.Requests.Select(request => $"{request.Method} {request.Path.Split('/')[2]}").Distinct().Count().ShouldBeGreaterThan(8);
        foreach (var sent in api.Requests) description.Request(sent.Method, sent.Path, Tree(sent)).ShouldBeEmpty($"{sent.Method} {sent.Path}");
        // The validator sees what is wrong.
        var wrong = api.Requests.First(request => request.Path == "/v1/refunds" && request.Method == "POST");
        description.Request("POST", "/v1/refunds", Tree(wrong with { Body = wrong.Body + "&foo=1" })).ShouldHaveSingleItem().ShouldContain("foo");
        description.Request("POST", "/v1/refunds", Tree(wrong with { Body = wrong.Body.Replace("amount=500", "amount=5.5") })).ShouldNotBeEmpty();
        description.Request("POST", "/v1/refunds", Tree(wrong with { Body = wrong.Body.Replace("reason=duplicate", "reason=whim") })).ShouldNotBeEmpty();
        description.Request("POST", "/v1/nowhere", []).ShouldNotBeEmpty();
    }

    [Theory]
    [MemberData(nameof(StripeObjects))]
    public async Task stripes_objects_are_read_as_answers(string name)
    {
        if (Fixtures.None(name)) return;
        var recorded = Fixtures.Read($"stripe/objects/{name}.json").AsObject();
        var kind = (string)recorded["object"]!;
        new OpenApi(Fixtures.Read("stripe/openapi-subset.json")).Answer(kind, recorded).ShouldBeEmpty();
        await using var api = new StripeDouble();
        using var stripe = new StripeProvider(Orders.Quick);
        var settings = Orders.Of(api);
        api.Plant(recorded);
        var id = (string)recorded["id"]!;
        // Lists that follow a payment are empty at the double.
        var told = kind switch
        {
            "checkout.session" => await stripe.AskAsync(settings, new ProviderRefs { CheckoutSessionId = id }, default),
            "payment_intent" => await stripe.AskAsync(settings, new ProviderRefs { PaymentIntentId = id }, default),
            "subscription" => await stripe.AskAsync(settings, new ProviderRefs { SubscriptionId = id }, default),
            "refund" or "dispute" or "charge" or "invoice" or "customer" => Payload(kind, recorded, stripe),
            _ => [new IgnoredFact("Nothing reads it.") { Provider = "stripe" }],
        };
        told.ShouldNotBeEmpty();
        if (kind is "payment_intent" or "refund" or "dispute" or "invoice" or "subscription") told.ShouldNotContain(fact => fact is IgnoredFact);
    }

    [Theory]
    [MemberData(nameof(StripeErrors))]
    public async Task stripes_errors_are_what_they_mean(string name)
    {
        if (Fixtures.None(name)) return;
        var recorded = Fixtures.Read("stripe/objects/errors.json")[name]!;
        var status = (int)recorded["http_status"]!;
        await using var api = new ScriptedApi(new DoubleAnswer(status, recorded["body"]));
        using var stripe = new StripeProvider(Orders.Quick);
        var problem = await Should.ThrowAsync<ProviderException>(stripe.StartAsync(new ProviderSettings("sk_test_ledger", [], api.Address), Orders.Order(), default));
        problem.Fault.ShouldBe(status switch { 401 => ProviderFault.Unauthorized, 404 => (string?)recorded["body"]!["error"]!["param"] == "customer" ? ProviderFault.CustomerGone : ProviderFault.NotFound, 409 or 500 => ProviderFault.Unknown, 429 => ProviderFault.Busy, _ => ProviderFault.Refused });
        problem.Code.ShouldBe((string?)recorded["body"]!["error"]!["code"] ?? (string)recorded["body"]!["error"]!["type"]!);
        api.Requests.Count.ShouldBe(status is 409 or 429 or 500 ? 3 : 1);
    }

    [Theory]
    [MemberData(nameof(MidtransAnswers))]
    public async Task midtranss_answers_are_what_they_mean(string name)
    {
        if (Fixtures.None(name)) return;
        var recorded = Fixtures.Read("midtrans/api-responses.json")[name]!;
        var key = (string)Fixtures.Read("midtrans/requests.json")["server_key"]!;
        await using var api = new ScriptedApi(new DoubleAnswer((int)recorded["http_status"]!, recorded["body"]));
        using var midtrans = new MidtransProvider(Orders.Quick, TimeProvider.System);
        var settings = new ProviderSettings(key, [key], api.Address, api.Address);
        var refs = new ProviderRefs { OrderId = (string?)recorded["body"]?["order_id"] ?? "LEDGER-pay_1" };
        var refund = new RefundOrder("pay_1", "c10-1", refs, Orders.Rupiah(50_000), null);
        Task<string> Call() => name switch
        {
            _ when name.StartsWith("snap", StringComparison.Ordinal) => Said(midtrans.StartAsync(settings, Orders.Order(15_000_000, "idr"), default), started => started.Token!),
            _ when name.StartsWith("refund", StringComparison.Ordinal) => Said(midtrans.RefundAsync(settings, refund, default), facts => Effects.Words(facts)),
            _ when name is "cancel_ok" or "expire_ok" => Said(Quiet(midtrans.ExpireAsync(settings, refs, default)), _ => "quiet"),
            _ => Said(midtrans.AskAsync(settings, refs, default), facts => Effects.Words(facts)),
        };
        (await Call()).ShouldBe(name switch
        {
            "snap_create" => (string)recorded["body"]!["token"]!,
            "snap_create_invalid" => "Refused 400",
            "snap_duplicate_order" => $"Refused {MidtransProvider.OrderIdTaken}",
            "snap_unauthorized" => "Unauthorized 401",
            "snap_server_error" => "Unknown 500",
            "status_found" => "succeeded",
            "status_not_found" or "status_not_found_http200" => "",
            "status_expired" => "expired",
            "status_pending_uppercase" => "pending",
            "refund_full" or "refund_partial" => "refund succeeded 5000000 idr",
            "refund_denied_by_bank" => "Refused 202",
            "refund_duplicate_key" => "Refused 406",
            "refund_not_allowed" => "Refused 412",
            "refund_invalid_amount" => "Refused 414",
            "cancel_ok" or "expire_ok" => "quiet",
            "rate_limited" => "Busy 429",
            "in_progress" => "Unknown 202",
            _ => throw new InvalidOperationException($"Nobody said what comes of {name}."),
        });
        api.Requests.First().Headers["Authorization"].ShouldBe((string)Fixtures.Read("midtrans/api-responses.json")["auth_example"]!["authorization"]!);
    }

    [Fact]
    public async Task to_midtrans_mean_what_its_own_client_says()
    {
        if (Fixtures.Folder is null)
        {
            Fixtures.None(Fixtures.NotRun).ShouldBeTrue();
            return;
        }

        JsonObject Recorded(string name) => Fixtures.Named("midtrans/requests.json", "requests", name);
        var key = (string)Fixtures.Read("midtrans/requests.json")["server_key"]!;
        var snap = JsonNode.Parse((string)Recorded("snap_create")["body"]!)!.AsObject();
        var ours = MidtransProvider.SnapBody(Orders.Order(15_000_000, "idr") with { Name = "Ayu", Email = "ayu@example.com", SuccessUrl = new Uri("https://app.example.com/ok") }, DateTimeOffset.UtcNow);
        // Ids and words of ours; all else the same.
        ours["transaction_details"]!["order_id"] = snap["transaction_details"]!["order_id"]!.DeepClone();
        ours["item_details"]![0]!["id"] = snap["item_details"]![0]!["id"]!.DeepClone();
        ((string)ours["expiry"]!["unit"]! + "s").ShouldBe((string)snap["expiry"]!["unit"]!);
        ours["expiry"]!["unit"] = snap["expiry"]!["unit"]!.DeepClone();
        JsonNode.DeepEquals(Sorted(ours), Sorted(snap)).ShouldBeTrue($"{ours.ToJsonString()}\n{snap.ToJsonString()}");

        await using var api = new ScriptedApi(new DoubleAnswer(200, JsonNode.Parse("""{"status_code":"412"}""")));
        using var midtrans = new MidtransProvider(Orders.Quick, TimeProvider.System);
        var settings = new ProviderSettings(key, [key], api.Address, api.Address);
        await Should.ThrowAsync<ProviderException>(midtrans.RefundAsync(settings, new RefundOrder("pay_1", "1", Paid, Orders.Rupiah(50_000), "requested by customer"), default));
        await midtrans.ExpireAsync(settings, Paid, default);
        foreach (var (sent, name) in new[] { (api.Requests.First(), "refund_partial"), (api.Requests.ElementAt(1), "status"), (api.Requests.Last(), "expire") })
        {
            (sent.Method, sent.Path, sent.Headers["Authorization"], sent.Headers["Accept"]).ShouldBe(
                ((string)Recorded(name)["method"]!, (string)Recorded(name)["path"]!, (string)Recorded(name)["headers"]!["authorization"]!, (string)Recorded(name)["headers"]!["accept"]!));
        }

        JsonNode.DeepEquals(Sorted(JsonNode.Parse(api.Requests.First().Body)!), Sorted(JsonNode.Parse((string)Recorded("refund_partial")["body"]!)!)).ShouldBeTrue();
    }

    private static JsonObject Tree(DoubleRequest sent) => OpenApi.Tree(StripeDouble.Decode(sent.Method == "POST" ? sent.Body : sent.Query));

    private static System.Collections.Immutable.ImmutableArray<ProviderFact> Payload(string kind, JsonObject about, StripeProvider stripe)
    {
        var type = kind switch { "refund" => "refund.updated", "dispute" => "charge.dispute.updated", "charge" => "charge.succeeded", "invoice" => "invoice.finalized", _ => "customer.updated" };
        return stripe.Translate(Orders.Bytes(new JsonObject { ["id"] = "evt_1", ["object"] = "event", ["type"] = type, ["created"] = 1, ["data"] = new JsonObject { ["object"] = about.DeepClone() } }));
    }

    private static async Task<string> Said<T>(Task<T> call, Func<T, string> words)
    {
        try
        {
            return words(await call);
        }
        catch (ProviderException problem)
        {
            return $"{problem.Fault} {problem.Code}";
        }
    }

    private static async Task<bool> Quiet(Task call)
    {
        await call;
        return true;
    }

    private static JsonNode Sorted(JsonNode node) => node switch
    {
        JsonObject members => new JsonObject(members.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => KeyValuePair.Create(one.Key, one.Value is null ? null : (JsonNode?)Sorted(one.Value)))),
        JsonArray list => new JsonArray([.. list.Select(one => Sorted(one!))]),
        _ => node.DeepClone(),
    };
}
