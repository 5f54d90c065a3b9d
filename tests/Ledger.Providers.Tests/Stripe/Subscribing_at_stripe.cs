using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Ledger.Domain.Payments;
using Ledger.Providers.Stripe;
using Ledger.Testing;

namespace Ledger.Providers.Tests.Stripe;

public sealed class Subscribing_at_stripe : IAsyncLifetime
{
    private readonly StripeDouble _stripe = new();
    private readonly StripeProvider _provider = new(Orders.Quick);

    private ProviderSettings Settings => Orders.Of(_stripe);

    public ValueTask InitializeAsync()
    {
        _stripe.AddPrice("price_1", 2999);
        _stripe.AddPrice("price_2", 4999);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _provider.Dispose();
        await _stripe.DisposeAsync();
    }

    [Fact]
    public async Task a_paid_page_tells_of_its_payment_its_subscription_and_its_invoice_when_it_is_asked_about()
    {
        var started = await _provider.StartAsync(Settings, Plan(), default);
        (await _provider.AskAsync(Settings, started.Refs, default)).Only<PaymentTold>().Status.ShouldBe(PaymentStatus.Pending);
        var events = _stripe.Pay(started.Refs.CheckoutSessionId!);

        var facts = await _provider.AskAsync(Settings, started.Refs, default);
        var paid = facts.OfType<PaymentTold>().First();
        (paid.Status, paid.Amount, paid.Marks.Payment).ShouldBe((PaymentStatus.Succeeded, Orders.Usd(2999), "pay_1"));
        var subscription = facts.One<SubscriptionTold>();
        (subscription.Status, subscription.Marks.Payment, subscription.Items.Count).ShouldBe((ToldSubscriptionStatus.Active, "pay_1", 1));
        subscription.At.ShouldNotBeNull();
        var invoice = facts.One<InvoiceTold>();
        (invoice.News, invoice.AmountPaid, invoice.Marks.Account).ShouldBe((InvoiceNews.Paid, Orders.Usd(2999), "acct_1"));
        // The intent bears no mark of ours; the session that is told first names it.
        (paid.Refs.PaymentIntentId, paid.Refs.SubscriptionId, paid.Refs.InvoiceId).ShouldBe(((string)_stripe.Objects("payment_intent").Single()["id"]!, subscription.SubscriptionId, invoice.InvoiceId));
        facts.One<DetailsTold>().Refs.PaymentIntentId.ShouldBe(paid.Refs.PaymentIntentId);

        // What the events tell is the same.
        var told = events.SelectMany(one => _provider.Translate(one.Body)).ToImmutableArray();
        told.One<SubscriptionTold>().Items.ShouldBe(subscription.Items);
        told.One<InvoiceTold>().Lines.ShouldBe(invoice.Lines);
        told.OfType<PaymentTold>().Last().Refs.SubscriptionId.ShouldBe(subscription.SubscriptionId);
    }

    [Fact]
    public async Task the_payment_of_a_plan_is_refunded_through_its_invoice()
    {
        var (started, _) = await SubscribedAsync();
        var told = (await _provider.RefundAsync(Settings, new RefundOrder("pay_1", "ref_1", started.Refs, null, null), default)).Only<RefundTold>();
        (told.Amount, told.Refs.PaymentIntentId).ShouldBe((Orders.Usd(2999), (string)_stripe.Objects("payment_intent").Single()["id"]!));
    }

    [Fact]
    public async Task a_trial_is_a_page_that_is_done_without_a_payment()
    {
        _provider.Objection(Plan() with { Total = Orders.Usd(0), TrialDays = 14 }).ShouldBeNull();
        _provider.Objection(Plan() with { Total = Orders.Usd(0) }).ShouldNotBeNull();
        var (started, subscription) = await SubscribedAsync(Plan() with { Total = Orders.Usd(0), TrialDays = 14 });

        var facts = await _provider.AskAsync(Settings, started.Refs, default);
        (facts.One<PaymentTold>().Amount, facts.One<InvoiceTold>().AmountPaid).ShouldBe((Orders.Usd(0), Orders.Usd(0)));
        (subscription.Status, subscription.TrialEnd - subscription.TrialStart).ShouldBe((ToldSubscriptionStatus.Trialing, TimeSpan.FromDays(14)));
        (await Should.ThrowAsync<ProviderException>(_provider.RefundAsync(Settings, new RefundOrder("pay_1", "ref_1", started.Refs, null, null), default))).Fault.ShouldBe(ProviderFault.NotFound);

        var renewed = _stripe.Renew(subscription.SubscriptionId).SelectMany(one => _provider.Translate(one.Body)).ToImmutableArray();
        renewed.One<SubscriptionTold>().Status.ShouldBe(ToldSubscriptionStatus.Active);
        renewed.OfType<InvoiceTold>().Select(told => (told.Status, told.AmountPaid)).ShouldBe([(ToldInvoiceStatus.Open, Orders.Usd(0)), (ToldInvoiceStatus.Paid, Orders.Usd(2999))]);
    }

    [Fact]
    public async Task a_change_names_the_item_and_is_made_once_whatever_becomes_of_its_answer()
    {
        var (_, subscription) = await SubscribedAsync();
        _stripe.LoseNext("/v1/subscriptions");
        var order = Wish(subscription) with { ItemId = subscription.Items[0].ItemId, PriceId = "price_2", Seats = 3, Prorate = true };
        var told = (await _provider.ChangeSubscriptionAsync(Settings, order, default)).Only<SubscriptionTold>();
        (told.Items[0].PriceId, told.Items[0].Quantity).ShouldBe(("price_2", 3));
        _stripe.Objects("invoice").Count.ShouldBe(2);

        // A repeat tells how it stands now, not how it stood then.
        _stripe.EndSubscription(subscription.SubscriptionId);
        (await _provider.ChangeSubscriptionAsync(Settings, order, default)).Only<SubscriptionTold>().Status.ShouldBe(ToldSubscriptionStatus.Canceled);
        (await Should.ThrowAsync<ProviderException>(_provider.ChangeSubscriptionAsync(Settings, order with { Key = "sub_1/2" }, default))).Fault.ShouldBe(ProviderFault.Refused);
    }

    [Fact]
    public async Task a_change_without_an_item_takes_the_only_one_and_settles_nothing_now()
    {
        var (_, subscription) = await SubscribedAsync();
        var told = (await _provider.ChangeSubscriptionAsync(Settings, Wish(subscription) with { PriceId = "price_2" }, default)).Only<SubscriptionTold>();
        (told.Items[0].PriceId, told.Items[0].Quantity).ShouldBe(("price_2", 1));
        _stripe.Objects("invoice").Count.ShouldBe(1);
        var form = StripeDouble.Decode(_stripe.Requests.Last().Body);
        (form["proration_behavior"], form.ContainsKey("payment_behavior")).ShouldBe(("none", false));
        (await Should.ThrowAsync<ProviderException>(_provider.ChangeSubscriptionAsync(Settings, Wish(subscription) with { Key = "k", PriceId = "price_none" }, default))).Fault.ShouldBe(ProviderFault.Refused);
    }

    [Fact]
    public async Task an_end_is_asked_for_taken_back_and_final()
    {
        var (_, subscription) = await SubscribedAsync();
        var order = Wish(subscription);
        var ends = (await _provider.CancelSubscriptionAsync(Settings, order with { End = SubscriptionEnd.PeriodEnd, Reason = "too dear" }, default)).Only<SubscriptionTold>();
        (ends.CancelAtPeriodEnd, ends.CancelAt).ShouldBe((true, subscription.Items[0].PeriodEnd));
        var kept = (await _provider.CancelSubscriptionAsync(Settings, order with { End = SubscriptionEnd.Never }, default)).Only<SubscriptionTold>();
        (kept.CancelAtPeriodEnd, kept.CancelAt).ShouldBe((false, null));

        var ended = (await _provider.CancelSubscriptionAsync(Settings, order, default)).Only<SubscriptionTold>();
        (ended.Status, ended.EndedAt is null).ShouldBe((ToldSubscriptionStatus.Canceled, false));
        // Ended already, here or in the dashboard: that is what was wanted.
        (await _provider.CancelSubscriptionAsync(Settings, order with { Key = "sub_1/2" }, default)).Only<SubscriptionTold>().Status.ShouldBe(ToldSubscriptionStatus.Canceled);
        (await Should.ThrowAsync<ProviderException>(_provider.CancelSubscriptionAsync(Settings, order with { SubscriptionId = "sub_none" }, default))).Fault.ShouldBe(ProviderFault.NotFound);
    }

    [Fact]
    public async Task an_end_that_is_told_as_a_time_alone_is_taken_back_too()
    {
        var (_, subscription) = await SubscribedAsync();
        var stands = _stripe.Look(subscription.SubscriptionId)!;
        stands["cancel_at"] = 1_999_999_999L;
        await using var scripted = new ScriptedApi(new DoubleAnswer(200, stands), new DoubleAnswer(200, _stripe.Look(subscription.SubscriptionId)));
        var told = (await _provider.CancelSubscriptionAsync(Settings with { ApiBase = scripted.Address }, Wish(subscription) with { End = SubscriptionEnd.Never }, default)).Only<SubscriptionTold>();
        told.CancelAt.ShouldBeNull();
        scripted.Requests.Select(sent => sent.Body).ShouldBe(["cancel_at_period_end=false", "cancel_at="]);
    }

    [Fact]
    public async Task of_an_invoice_with_many_lines_all_are_read()
    {
        await SubscribedAsync();
        var invoice = _stripe.Look((string)_stripe.Objects("invoice").Single()["id"]!)!;
        var line = invoice["lines"]!["data"]![0]!;
        JsonObject Page(bool more, string id)
        {
            var one = line.DeepClone();
            one["id"] = id;
            return new JsonObject { ["object"] = "list", ["has_more"] = more, ["data"] = new JsonArray(one) };
        }

        invoice["lines"]!["has_more"] = true;
        invoice["status_transitions"] = new JsonObject { ["paid_at"] = 1_785_715_203L };
        await using var scripted = new ScriptedApi(new DoubleAnswer(200, new JsonObject { ["data"] = new JsonArray() }), new DoubleAnswer(200, invoice), new DoubleAnswer(200, Page(true, "il_1")), new DoubleAnswer(200, Page(false, "il_2")));
        var told = (await _provider.AskAsync(Settings with { ApiBase = scripted.Address }, new ProviderRefs { InvoiceId = "in_1" }, default)).One<InvoiceTold>();
        (told.Lines.Count, told.HasMoreLines, told.PaidAt).ShouldBe((2, false, DateTimeOffset.FromUnixTimeSeconds(1_785_715_203)));
        scripted.Requests.Select(sent => sent.Path).Skip(2).ShouldAllBe(path => path.StartsWith("/v1/invoices/in_1/lines"));
    }

    [Fact]
    public async Task what_is_not_collected_rests_until_it_is_resumed()
    {
        var (_, subscription) = await SubscribedAsync();
        (await _provider.PauseSubscriptionAsync(Settings, Wish(subscription), default)).Only<SubscriptionTold>().Status.ShouldBe(ToldSubscriptionStatus.Paused);
        // Stripe goes on to call it active.
        _stripe.Renew(subscription.SubscriptionId).SelectMany(one => _provider.Translate(one.Body)).OfType<SubscriptionTold>().ShouldAllBe(told => told.Status == ToldSubscriptionStatus.Paused);
        (await _provider.ResumeSubscriptionAsync(Settings, Wish(subscription) with { Key = "sub_1/2" }, default)).Only<SubscriptionTold>().Status.ShouldBe(ToldSubscriptionStatus.Active);
    }

    [Fact]
    public async Task what_stripe_itself_paused_is_resumed_by_its_own_call()
    {
        var (_, subscription) = await SubscribedAsync();
        var stands = _stripe.Look(subscription.SubscriptionId)!;
        stands["status"] = "paused";
        _stripe.Plant(stands);
        (await _provider.ResumeSubscriptionAsync(Settings, Wish(subscription), default)).Only<SubscriptionTold>().Status.ShouldBe(ToldSubscriptionStatus.Active);
    }

    [Fact]
    public async Task news_by_our_own_call_bear_stripes_time_as_its_events_do()
    {
        var (_, subscription) = await SubscribedAsync();
        var now = DateTimeOffset.FromUnixTimeSeconds(2_000_000_000);
        _stripe.Now = () => now;
        (await _provider.PauseSubscriptionAsync(Settings, Wish(subscription), default)).Only<SubscriptionTold>().At.ShouldBe(now);
    }

    [Fact]
    public async Task a_kept_method_is_charged_once_while_nobody_is_there()
    {
        var order = await ChargeAsync("pm_card_visa");
        _stripe.LoseNext("/v1/payment_intents");
        var told = (await _provider.ChargeAsync(Settings, order, default)).Only<PaymentTold>();
        (told.Status, told.Amount, told.Marks, told.Method!.Last4).ShouldBe((PaymentStatus.Succeeded, Orders.Usd(500), new LedgerMarks("default", "acct_1", "pay_9"), "4242"));
        (await _provider.ChargeAsync(Settings, order, default)).Only<PaymentTold>().Refs.ShouldBe(told.Refs);
        // So late that its key is forgotten, it is found by what was written on it.
        (await _provider.ChargeAsync(Settings, order with { MayHaveBeenAsked = true, Description = "other words" }, default)).Only<PaymentTold>().Refs.ShouldBe(told.Refs);
        _stripe.Objects("payment_intent").Count.ShouldBe(1);
        var form = StripeDouble.Decode(_stripe.Requests.First(sent => sent.Path == "/v1/payment_intents").Body);
        (form["off_session"], form["confirm"], form["automatic_payment_methods[allow_redirects]"]).ShouldBe(("true", "true", "never"));
    }

    [Fact]
    public async Task a_method_is_kept_where_the_payer_was_told_so_and_can_be_charged_then()
    {
        var order = await ChargeAsync("pm_card_visa");
        async Task<string> Paid(CheckoutOrder page)
        {
            var started = await _provider.StartAsync(Settings, page with { CustomerId = order.CustomerId }, default);
            _stripe.Pay(started.Refs.CheckoutSessionId!);
            return (await _provider.AskAsync(Settings, started.Refs, default)).One<DetailsTold>().Method!.ProviderId!;
        }

        var once = await Paid(Orders.Order(payment: "pay_1"));
        (await Should.ThrowAsync<ProviderException>(_provider.ChargeAsync(Settings, order with { Payment = "pay_2", MethodId = once }, default))).Fault.ShouldBe(ProviderFault.Refused);
        var kept = await Paid(Orders.Order(payment: "pay_3") with { KeepsMethod = true });
        (await _provider.ChargeAsync(Settings, order with { Payment = "pay_4", MethodId = kept }, default)).Only<PaymentTold>().Status.ShouldBe(PaymentStatus.Succeeded);
    }

    [Theory]
    [InlineData(StripeDouble.DeclinedMethod, "card_declined: generic_decline")]
    [InlineData(StripeDouble.StrictMethod, "authentication_required: authentication_required")]
    public async Task a_method_that_is_declined_is_told_and_not_thrown_and_never_tried_again(string method, string reason)
    {
        var order = await ChargeAsync(method);
        var told = (await _provider.ChargeAsync(Settings, order, default)).Only<PaymentTold>();
        (told.Status, told.Reason, told.MayStillSucceed, told.Marks.Payment).ShouldBe((PaymentStatus.Failed, reason, false, "pay_9"));
        (await _provider.ChargeAsync(Settings, order, default)).Only<PaymentTold>().ShouldBe(told);
        _stripe.Objects("payment_intent").Count.ShouldBe(1);
    }

    [Fact]
    public async Task a_method_or_customer_that_is_not_there_or_an_amount_that_is_none_is_refused()
    {
        var order = await ChargeAsync("pm_card_visa");
        async Task<ProviderFault> Fault(ChargeOrder wrong) => (await Should.ThrowAsync<ProviderException>(_provider.ChargeAsync(Settings, wrong, default))).Fault;
        (await Fault(order with { MethodId = "pm_none" })).ShouldBe(ProviderFault.Refused);
        (await Fault(order with { CustomerId = "cus_none" })).ShouldBe(ProviderFault.CustomerGone);
        (await Fault(order with { Amount = Orders.Usd(0) })).ShouldBe(ProviderFault.Refused);
        (await Fault(order with { Amount = Orders.Usd(49) })).ShouldBe(ProviderFault.Refused);
    }

    private static CheckoutOrder Plan() => Orders.Order(amount: 2999) with { ItemName = "Pro", RecurringPriceId = "price_1" };

    private static SubscriptionOrder Wish(SubscriptionTold subscription) => new() { Tenant = "default", Account = "acct_1", Key = "sub_1/1", SubscriptionId = subscription.SubscriptionId };

    private async Task<(StartedCheckout Started, SubscriptionTold Subscription)> SubscribedAsync(CheckoutOrder? order = null)
    {
        var started = await _provider.StartAsync(Settings, order ?? Plan(), default);
        _stripe.Pay(started.Refs.CheckoutSessionId!);
        return (started, (await _provider.AskAsync(Settings, started.Refs, default)).One<SubscriptionTold>());
    }

    private async Task<ChargeOrder> ChargeAsync(string method)
    {
        var customer = (await _provider.CreateCustomerAsync(Settings, "default", "acct_1", null, null, 1, default))!;
        return new ChargeOrder { Tenant = "default", Account = "acct_1", Payment = "pay_9", CustomerId = customer, MethodId = _stripe.AddMethod(customer, method), Amount = Orders.Usd(500), Description = "Top-up" };
    }
}
