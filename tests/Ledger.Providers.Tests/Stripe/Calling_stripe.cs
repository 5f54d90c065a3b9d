using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Providers.Stripe;
using Ledger.Testing;

namespace Ledger.Providers.Tests.Stripe;

public sealed class Calling_stripe : IAsyncLifetime
{
    private readonly StripeDouble _stripe = new();
    private readonly StripeProvider _provider = new(Orders.Quick);

    private ProviderSettings Settings => Orders.Of(_stripe);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _provider.Dispose();
        await _stripe.DisposeAsync();
    }

    [Fact]
    public async Task opens_a_page_with_our_marks_on_the_session_and_on_its_intent()
    {
        var started = await _provider.StartAsync(Settings, Orders.Order(), default);

        started.RedirectUrl.AbsoluteUri.ShouldContain(started.Refs.CheckoutSessionId!);
        var sent = _stripe.Requests.ShouldHaveSingleItem();
        sent.Headers["Idempotency-Key"].ShouldBe("ledger-pay-pay_1");
        var form = StripeDouble.Decode(sent.Body);
        form["success_url"].ShouldBe("https://app.example.com/ok?session_id={CHECKOUT_SESSION_ID}");
        foreach (var parent in (string[])["metadata", "payment_intent_data[metadata]"])
            (form[$"{parent}[ledger_tenant]"], form[$"{parent}[ledger_account]"], form[$"{parent}[ledger_payment]"]).ShouldBe(("default", "acct_1", "pay_1"));
        (form["line_items[0][price_data][unit_amount]"], form["line_items[0][quantity]"], form["mode"]).ShouldBe(("1500", "1", "payment"));
    }

    [Fact]
    public async Task a_discount_is_one_line_over_what_is_paid()
    {
        await _provider.StartAsync(Settings, Orders.Order(amount: 4000, quantity: 3, unit: 1500), default);
        var form = StripeDouble.Decode(_stripe.Requests.Single().Body);
        (form["line_items[0][price_data][unit_amount]"], form["line_items[0][quantity]"], form["line_items[0][price_data][product_data][name]"]).ShouldBe(("4000", "1", "3 x 15 credits"));
    }

    [Fact]
    public async Task a_plan_is_subscribed_to_at_its_price_with_our_marks_on_the_subscription()
    {
        _stripe.AddPrice("price_1", 2999);
        await _provider.StartAsync(Settings, Orders.Order() with { RecurringPriceId = "price_1", TrialDays = 14 }, default);
        var form = StripeDouble.Decode(_stripe.Requests.Single().Body);
        (form["mode"], form["line_items[0][price]"], form["subscription_data[trial_period_days]"], form["subscription_data[metadata][ledger_payment]"]).ShouldBe(("subscription", "price_1", "14", "pay_1"));
        form.Keys.ShouldNotContain(name => name.StartsWith("payment_intent_data"));
    }

    [Fact]
    public async Task a_repeat_of_the_same_order_gives_the_same_page_whatever_the_attempt()
    {
        var order = Orders.Order();
        var first = await _provider.StartAsync(Settings, order, default);
        (await _provider.StartAsync(Settings, order with { Attempt = 2 }, default)).ShouldBe(first);
        _stripe.Objects("checkout.session").Count.ShouldBe(1);
    }

    [Fact]
    public async Task a_lost_answer_is_asked_for_again_with_the_same_key_and_makes_nothing_twice()
    {
        _stripe.LoseNext("/v1/checkout/sessions");
        var started = await _provider.StartAsync(Settings, Orders.Order(), default);
        _stripe.Requests.Select(request => request.Headers["Idempotency-Key"]).ShouldBe(["ledger-pay-pay_1", "ledger-pay-pay_1"]);
        _stripe.Objects("checkout.session").ShouldHaveSingleItem()["id"]!.ToString().ShouldBe(started.Refs.CheckoutSessionId);
    }

    [Fact]
    public async Task another_order_under_the_same_payment_is_refused()
    {
        await _provider.StartAsync(Settings, Orders.Order(), default);
        var problem = await Should.ThrowAsync<ProviderException>(_provider.StartAsync(Settings, Orders.Order(amount: 1600), default));
        (problem.Fault, problem.Code).ShouldBe((ProviderFault.Refused, "idempotency_error"));
    }

    [Fact]
    public async Task a_customer_is_made_once_and_another_name_makes_another_one_rather_than_none()
    {
        var first = await _provider.CreateCustomerAsync(Settings, "default", "acct_1", "a+b@example.com", "Ayu & Zoë", 1, default);
        (await _provider.CreateCustomerAsync(Settings, "default", "acct_1", "a+b@example.com", "Ayu & Zoë", 1, default)).ShouldBe(first);
        StripeDouble.Decode(_stripe.Requests.First().Body)["name"].ShouldBe("Ayu & Zoë");

        var second = await _provider.CreateCustomerAsync(Settings, "default", "acct_1", "c@example.com", null, 1, default);
        second.ShouldNotBe(first);
        (await _provider.CreateCustomerAsync(Settings, "other", "acct_1", "a+b@example.com", "Ayu & Zoë", 1, default)).ShouldNotBe(first);
        // In place of one that was deleted there is a new one, though Stripe still remembers the first call.
        (await _provider.CreateCustomerAsync(Settings, "default", "acct_1", "a+b@example.com", "Ayu & Zoë", 2, default)).ShouldNotBe(first);
    }

    [Fact]
    public async Task a_customer_who_is_no_more_is_said_to_be_so_and_another_one_gets_the_page()
    {
        var customer = await _provider.CreateCustomerAsync(Settings, "default", "acct_1", null, null, 1, default);
        _stripe.DeleteCustomer(customer!);
        var order = Orders.Order() with { CustomerId = customer };
        (await Should.ThrowAsync<ProviderException>(_provider.StartAsync(Settings, order, default))).Fault.ShouldBe(ProviderFault.CustomerGone);
        var other = await _provider.CreateCustomerAsync(Settings, "default", "acct_1", null, null, 2, default);
        (await _provider.StartAsync(Settings, order with { CustomerId = other, CustomerNumber = 2 }, default)).Refs.CustomerId.ShouldBe(other);
    }

    [Fact]
    public async Task the_state_of_a_payment_follows_its_session_intent_refunds_and_disputes()
    {
        var started = await _provider.StartAsync(Settings, Orders.Order(), default);
        (await _provider.AskAsync(Settings, started.Refs, default)).Only<PaymentTold>().Status.ShouldBe(PaymentStatus.Pending);

        _stripe.Pay(started.Refs.CheckoutSessionId!);
        var paid = await _provider.AskAsync(Settings, started.Refs, default);
        paid.OfType<PaymentTold>().ShouldAllBe(told => told.Status == PaymentStatus.Succeeded && told.Amount == Orders.Usd(1500) && told.Marks.Payment == "pay_1" && !told.IsHint);
        var refs = paid.Aggregate(ProviderRefs.None, (known, fact) => known.With(fact.Refs));
        refs.Leading.Length.ShouldBe(3);
        paid.One<DetailsTold>().Method.ShouldBe(new MethodShown("card", "visa", "4242", 12, 2034, "pm_double"));

        _stripe.RefundInDashboard(refs.PaymentIntentId!, 500);
        _stripe.OpenDispute(refs.PaymentIntentId!, 1000);
        var now = await _provider.AskAsync(Settings, new ProviderRefs { ChargeId = refs.ChargeId }, default);
        now.One<RefundTold>().Amount.ShouldBe(Orders.Usd(500));
        now.One<RefundedSoFarTold>().Total.ShouldBe(Orders.Usd(500));
        now.One<DisputeTold>().Status.ShouldBe(DisputeStatus.Open);
    }

    [Fact]
    public async Task of_what_stripe_does_not_know_there_is_nothing_to_tell()
    {
        (await _provider.AskAsync(Settings, ProviderRefs.None, default)).ShouldBeEmpty();
        (await _provider.AskAsync(Settings, new ProviderRefs { CheckoutSessionId = "cs_nope", PaymentIntentId = "pi_nope", ChargeId = "ch_nope", SubscriptionId = "sub_nope" }, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task a_declined_card_may_still_become_a_payment()
    {
        var started = await _provider.StartAsync(Settings, Orders.Order(), default);
        _stripe.Decline(started.Refs.CheckoutSessionId!);
        var told = (await _provider.AskAsync(Settings, started.Refs, default)).OfType<PaymentTold>().Last();
        (told.Status, told.MayStillSucceed, told.Reason).ShouldBe((PaymentStatus.Failed, true, "card_declined: insufficient_funds"));
    }

    [Fact]
    public async Task a_refund_is_asked_for_once_under_its_id_and_says_whose_it_is()
    {
        var refs = await PaidAsync();
        var order = new RefundOrder("pay_1", "ref_1", refs, Orders.Usd(500), "did not like it", "default", "acct_1");
        _stripe.LoseNext("/v1/refunds");
        var told = (await _provider.RefundAsync(Settings, order, default)).Only<RefundTold>();

        (told.OurRefundId, told.Amount, told.Status, told.IsHint).ShouldBe(("ref_1", Orders.Usd(500), RefundStatus.Succeeded, false));
        (await _provider.RefundAsync(Settings, order, default)).Only<RefundTold>().ShouldBe(told);
        _stripe.Objects("refund").Count.ShouldBe(1);
        var form = StripeDouble.Decode(_stripe.Requests.Last(request => request.Path == "/v1/refunds").Body);
        (form["reason"], form["metadata[ledger_payment]"], form["metadata[ledger_refund]"]).ShouldBe(("requested_by_customer", "pay_1", "ref_1"));

        // So late that its key is forgotten, it is found by what was written on it, and not made again.
        var posts = _stripe.Requests.Count(request => request.Method == "POST");
        var late = (await _provider.RefundAsync(Settings, order with { MayHaveBeenAsked = true }, default)).Only<RefundTold>();
        (late.RefundId, _stripe.Requests.Count(request => request.Method == "POST")).ShouldBe((told.RefundId, posts));

        (await _provider.RefundAsync(Settings, order with { RefundId = "ref_2", Amount = null, MayHaveBeenAsked = true }, default)).Only<RefundTold>().Amount.ShouldBe(Orders.Usd(1000));
        var problem = await Should.ThrowAsync<ProviderException>(_provider.RefundAsync(Settings, order with { RefundId = "ref_3" }, default));
        (problem.Fault, problem.Code).ShouldBe((ProviderFault.Refused, "charge_already_refunded"));
    }

    [Fact]
    public async Task a_refund_finds_its_intent_by_the_session_alone_and_refuses_where_nothing_was_paid()
    {
        var started = await _provider.StartAsync(Settings, Orders.Order(), default);
        var order = new RefundOrder("pay_1", "ref_1", started.Refs, null, null);
        (await Should.ThrowAsync<ProviderException>(_provider.RefundAsync(Settings, order, default))).Fault.ShouldBe(ProviderFault.NotFound);
        _stripe.Pay(started.Refs.CheckoutSessionId!);
        (await _provider.RefundAsync(Settings, order, default)).Only<RefundTold>().Amount.ShouldBe(Orders.Usd(1500));
    }

    [Fact]
    public async Task giving_up_a_page_is_quiet_where_it_is_over_already()
    {
        var started = await _provider.StartAsync(Settings, Orders.Order(), default);
        await _provider.ExpireAsync(Settings, started.Refs, default);
        (await _provider.AskAsync(Settings, started.Refs, default)).Only<PaymentTold>().Status.ShouldBe(PaymentStatus.Expired);
        await _provider.ExpireAsync(Settings, started.Refs, default);
        await _provider.ExpireAsync(Settings, new ProviderRefs { CheckoutSessionId = "cs_nope" }, default);
        await _provider.ExpireAsync(Settings, ProviderRefs.None, default);

        var paid = await PaidAsync("pay_2");
        await _provider.ExpireAsync(Settings, paid, default);
        (await _provider.AskAsync(Settings, paid, default)).OfType<PaymentTold>().Last().Status.ShouldBe(PaymentStatus.Succeeded);
    }

    [Fact]
    public async Task the_list_goes_on_over_pages_and_says_what_came_of_each()
    {
        var begin = DateTimeOffset.UtcNow.AddSeconds(-5);
        for (var number = 0; number < 103; number++) _stripe.PayElsewhere(1000 + number, "usd", new Dictionary<string, string> { ["ledger_account"] = $"acct_{number}", ["ledger_credits"] = "5" });
        var refunded = (string)_stripe.Objects("payment_intent")[7]["id"]!;
        _stripe.RefundInDashboard(refunded);
        var lost = (string)_stripe.Objects("payment_intent")[8]["id"]!;
        _stripe.OpenDispute(lost);
        _stripe.CloseDispute((string)_stripe.Objects("dispute").Single()["id"]!, won: false);

        var listed = new List<ProviderPayment>();
        await foreach (var payment in _provider.ListAsync(Settings, begin, DateTimeOffset.UtcNow.AddMinutes(1), default)) listed.Add(payment);

        listed.Select(payment => payment.Marks.Account).Order().ShouldBe(Enumerable.Range(0, 103).Select(number => $"acct_{number}").Order());
        var one = listed.Single(payment => payment.Refs.PaymentIntentId == refunded);
        (one.Status, one.Amount, one.Refunded).ShouldBe((PaymentStatus.Refunded, Orders.Usd(1007), Orders.Usd(1007)));
        listed.Single(payment => payment.Refs.PaymentIntentId == lost).Status.ShouldBe(PaymentStatus.DisputeLost);
        listed.Count(payment => payment.Status == PaymentStatus.Succeeded).ShouldBe(101);
        // Two pages, and what came after one payment each: nothing is asked of, or held for, the others.
        _stripe.Requests.Select(request => request.Path).ToLookup(path => path).ToDictionary(path => path.Key, path => path.Count()).ShouldBe(
            new Dictionary<string, int> { ["/v1/payment_intents"] = 2, ["/v1/refunds"] = 1, ["/v1/disputes"] = 1 }, ignoreOrder: true);

        var none = new List<ProviderPayment>();
        await foreach (var payment in _provider.ListAsync(Settings, begin.AddDays(-1), begin, default)) none.Add(payment);
        none.ShouldBeEmpty();
    }

    [Fact]
    public async Task the_portal_is_a_new_page_each_time()
    {
        var customer = await _provider.CreateCustomerAsync(Settings, "default", "acct_1", null, null, 1, default);
        var first = await _provider.PortalAsync(Settings, customer!, new Uri("https://app.example.com/account"), default);
        (await _provider.PortalAsync(Settings, customer!, null, default)).ShouldNotBe(first);
        (await Should.ThrowAsync<ProviderException>(_provider.PortalAsync(Settings, "cus_nope", null, default))).Fault.ShouldBe(ProviderFault.CustomerGone);
    }

    [Theory]
    [InlineData(409, 1, ProviderFault.Unknown)]
    [InlineData(429, 1, ProviderFault.Busy)]
    [InlineData(500, 1, ProviderFault.Unknown)]
    [InlineData(503, 1, ProviderFault.Unknown)]
    [InlineData(400, 0, ProviderFault.Refused)]
    [InlineData(402, 0, ProviderFault.Refused)]
    [InlineData(401, 0, ProviderFault.Unauthorized)]
    [InlineData(403, 0, ProviderFault.Unauthorized)]
    [InlineData(404, 0, ProviderFault.NotFound)]
    [InlineData(302, 0, ProviderFault.Unknown)]
    public async Task only_what_may_change_is_tried_again_and_only_so_often(int status, int retried, ProviderFault fault)
    {
        _stripe.FailNext("/v1/", status, times: 1);
        if (retried == 1) await _provider.StartAsync(Settings, Orders.Order(), default);
        else (await Should.ThrowAsync<ProviderException>(_provider.StartAsync(Settings, Orders.Order(), default))).Fault.ShouldBe(fault);
        _stripe.Requests.Count.ShouldBe(1 + retried);

        _stripe.FailNext("/v1/", status, times: 3);
        (await Should.ThrowAsync<ProviderException>(_provider.StartAsync(Settings, Orders.Order(payment: "pay_2"), default))).Fault.ShouldBe(fault);
    }

    [Fact]
    public async Task the_providers_word_about_trying_again_goes_before_the_status()
    {
        _stripe.FailNext("/v1/", 500, headers: ("Stripe-Should-Retry", "false"));
        await Should.ThrowAsync<ProviderException>(_provider.StartAsync(Settings, Orders.Order(), default));
        _stripe.Requests.Count.ShouldBe(1);
        _stripe.FailNext("/v1/", 400, headers: ("Stripe-Should-Retry", "true"));
        await _provider.StartAsync(Settings, Orders.Order(), default);
        _stripe.Requests.Count.ShouldBe(3);
    }

    [Fact]
    public async Task a_longer_wait_than_ours_is_left_to_the_caller()
    {
        _stripe.FailNext("/v1/", 429, headers: ("Retry-After", "60"));
        (await Should.ThrowAsync<ProviderException>(_provider.StartAsync(Settings, Orders.Order(), default))).Fault.ShouldBe(ProviderFault.Busy);
        _stripe.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task an_error_never_shows_the_key()
    {
        var problem = await Should.ThrowAsync<ProviderException>(_provider.StartAsync(Settings with { SecretKey = "sk_test_wrong_secret" }, Orders.Order(), default));
        problem.Fault.ShouldBe(ProviderFault.Unauthorized);
        problem.ToString().ShouldNotContain("sk_test");
    }

    [Fact]
    public async Task nobody_there_is_an_unknown_outcome()
    {
        var address = _stripe.Address;
        await _stripe.DisposeAsync();
        (await Should.ThrowAsync<ProviderException>(_provider.StartAsync(Settings with { ApiBase = address }, Orders.Order(), default))).Fault.ShouldBe(ProviderFault.Unknown);
    }

    [Fact]
    public async Task an_answer_that_is_no_json_is_an_unknown_outcome()
    {
        await using var scripted = new ScriptedApi(new DoubleAnswer(200, null));
        (await Should.ThrowAsync<ProviderException>(_provider.StartAsync(Settings with { ApiBase = scripted.Address }, Orders.Order(), default))).Fault.ShouldBe(ProviderFault.Unknown);
    }

    [Fact]
    public async Task a_caller_who_gives_up_is_obeyed()
    {
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(_provider.StartAsync(Settings, Orders.Order(), cancel.Token));
    }

    private async Task<ProviderRefs> PaidAsync(string payment = "pay_1")
    {
        var started = await _provider.StartAsync(Settings, Orders.Order(payment: payment), default);
        _stripe.Pay(started.Refs.CheckoutSessionId!);
        return started.Refs.With(new ProviderRefs { PaymentIntentId = (string)_stripe.Look(started.Refs.CheckoutSessionId!)!["payment_intent"]! });
    }
}
