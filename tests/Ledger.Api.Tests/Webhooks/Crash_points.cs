using Ledger.Api.Maintenance;
using Ledger.Api.Tests.Reliability;
using Ledger.Api.Webhooks;
using Ledger.Testing;
using Npgsql;

namespace Ledger.Api.Tests.Webhooks;

[Collection(PayingCollection.Name)]
public sealed class Crash_points(PayingService paying)
{
    private InboxService Service => paying.Service;

    private async Task<string> PageAsync(string payment)
    {
        var now = await Service.Get($"/v1/payments/{payment}");
        await Run.UntilAsync(async () => (now = await Service.Get($"/v1/payments/{payment}")).Json.TryGetProperty("providerRefs", out var refs) && refs.TryGetProperty("checkoutSessionId", out _), TimeSpan.FromSeconds(20), $"the page of {payment} is open; it is {now.Body}");
        return now.Json.GetProperty("providerRefs").GetProperty("checkoutSessionId").GetString()!;
    }

    private int SessionsOf(string payment) => paying.Stripe.Objects("checkout.session").Count(session => (string?)session["client_reference_id"] == payment);

    [Fact]
    public async Task After_the_intent_a_worker_opens_the_page_and_a_repeat_of_the_request_gets_it()
    {
        var (account, key) = (await paying.OpenAsync(), Guid.NewGuid().ToString());
        paying.Stripe.FailNext("/v1/checkout/sessions", 503, 3); // all tries of the request's own call
        var checkout = (await paying.CheckoutAsync(account, "stripe", key: key)).ShouldBe(201);
        checkout.Text("status").ShouldBe("pending");
        checkout.Json.TryGetProperty("redirectUrl", out _).ShouldBeFalse();
        var session = await PageAsync(checkout.Text("paymentId"));
        SessionsOf(checkout.Text("paymentId")).ShouldBe(1);
        (await paying.CheckoutAsync(account, "stripe", key: key)).ShouldBe(201).Text("redirectUrl").ShouldContain(session);
    }

    [Fact]
    public async Task After_the_providers_call_whose_answer_is_lost_it_is_the_same_page_and_is_paid_once()
    {
        var account = await paying.OpenAsync();
        paying.Stripe.LoseNext("/v1/checkout/sessions", 3);
        var payment = (await paying.CheckoutAsync(account, "stripe")).ShouldBe(201).Text("paymentId");
        var session = await PageAsync(payment);
        SessionsOf(payment).ShouldBe(1);
        var told = paying.Stripe.Pay(session).Select(e => e.Body).ToList();
        foreach (var id in await paying.TellStripe([.. told, .. told, .. told.AsEnumerable().Reverse()])) await Service.Until(id, DeliveryStatus.Applied);
        (await paying.UntilAsync(payment, "succeeded")).Json.GetProperty("method").GetProperty("last4").GetString().ShouldBe("4242");
        (await paying.BalanceAsync(account)).ShouldBe("15");
    }

    [Fact]
    public async Task A_page_at_midtrans_whose_answer_is_lost_has_another_order_id_and_the_payment_is_paid_once()
    {
        var account = await paying.OpenAsync();
        (await Service.Send(HttpMethod.Put, "/v1/packages/rupiah", """{"name":"Some","price":{"amount":15000000,"currency":"idr"},"creditAmount":150}""")).Status.ShouldBeOneOf(200, 201);
        var before = paying.Midtrans.Orders.Count;
        paying.Midtrans.LoseNext("/snap/v1/transactions");
        var payment = (await paying.CheckoutAsync(account, "midtrans", "rupiah")).ShouldBe(201).Text("paymentId");
        await Run.UntilAsync(async () => (await Service.Get($"/v1/payments/{payment}")).Json.GetProperty("providerRefs").TryGetProperty("orderId", out _), TimeSpan.FromSeconds(30), "its page is open");
        var order = (await Service.Get($"/v1/payments/{payment}")).Json.GetProperty("providerRefs").GetProperty("orderId").GetString()!;
        paying.Midtrans.Orders.Skip(before).ShouldContain(order);

        var pending = paying.Midtrans.Move(order, "pending", "qris", null);
        var settled = paying.Midtrans.Move(order, "settlement", "qris", null);
        // Out of order and twice; each is confirmed by the status that is true now.
        foreach (var body in new[] { settled, pending, settled }) await Service.Until(await paying.TellMidtrans(body), DeliveryStatus.Applied);
        await paying.UntilAsync(payment, "succeeded");
        (await paying.BalanceAsync(account)).ShouldBe("150");
    }

    [Fact]
    public async Task After_the_refund_call_whose_answer_is_lost_it_is_refunded_once()
    {
        var account = await paying.OpenAsync();
        var payment = (await paying.CheckoutAsync(account, "stripe")).ShouldBe(201).Text("paymentId");
        foreach (var id in await paying.TellStripe(paying.Stripe.Pay(await PageAsync(payment)).Select(e => e.Body))) await Service.Until(id, DeliveryStatus.Applied);
        paying.Stripe.LoseNext("/v1/refunds", 3);
        (await Service.Send(HttpMethod.Post, $"/v1/payments/{payment}/refund", """{"amount":500,"reason":"returned"}""")).ShouldBe(201);
        var now = await paying.UntilAsync(payment, "partially_refunded", p => p.Json.GetProperty("refunds")[0].GetProperty("status").GetString() == "succeeded");
        var intent = now.Json.GetProperty("providerRefs").GetProperty("paymentIntentId").GetString()!;
        paying.Stripe.Objects("refund").Count(refund => (string?)refund["payment_intent"] == intent).ShouldBe(1);
        (await paying.BalanceAsync(account)).ShouldBe("10");
        // Weeks later it fails after all: the credits return, once.
        var failed = paying.Stripe.FailRefund((string)paying.Stripe.Objects("refund").Single(refund => (string?)refund["payment_intent"] == intent)["id"]!).Select(e => e.Body).ToList();
        foreach (var id in await paying.TellStripe([.. failed, .. failed])) await Service.Until(id, DeliveryStatus.Applied);
        (await paying.BalanceAsync(account)).ShouldBe("15");
    }

    [Fact]
    public async Task A_provider_that_refuses_the_refund_gives_the_credits_back()
    {
        var account = await paying.OpenAsync();
        var payment = (await paying.CheckoutAsync(account, "stripe")).ShouldBe(201).Text("paymentId");
        foreach (var id in await paying.TellStripe(paying.Stripe.Pay(await PageAsync(payment)).Select(e => e.Body))) await Service.Until(id, DeliveryStatus.Applied);
        paying.Stripe.FailNext("/v1/refunds", 400);
        (await Service.Send(HttpMethod.Post, $"/v1/payments/{payment}/refund", """{"reason":"returned"}""")).ShouldBe(201);
        await paying.UntilAsync(payment, "succeeded", p => p.Json.GetProperty("refunds")[0].GetProperty("status").GetString() == "failed");
        (await paying.BalanceAsync(account)).ShouldBe("15");
    }

    [Fact]
    public async Task A_process_that_is_killed_with_its_intent_stored_is_resumed_by_the_next_one()
    {
        await using var database = await Run.DatabaseAsync();
        await using var stripe = new StripeDouble();
        stripe.FailNext("/v1/checkout/sessions", 503, 2); // the tries of the process that is killed meanwhile
        (string, string)[] settings = [.. PayingService.Settings(stripe, paying.Midtrans).Select(s => (s.Key.Replace(":", "__", StringComparison.Ordinal), s.Value!))];
        await using var service = await Run.NodeAsync(database.ConnectionString, settings);
        using var client = new Reliability.Client(service);
        (await client.OpenAsync("a")).Status.ShouldBe(201);
        var checkout = new Sent("checkouts", "/v1/checkouts", """{"accountId":"a","item":{"kind":"package","id":"small"},"provider":"stripe"}""", "the-only-key");
        using (var dying = new CancellationTokenSource())
        {
            var asked = client.PostAsync(checkout, cancel: dying.Token);
            await Run.UntilAsync(() => Task.FromResult(stripe.Requests.Any(r => r.Path == "/v1/checkout/sessions")), TimeSpan.FromSeconds(20), "the provider is being asked");
            await service.KillAsync();
            await Should.ThrowAsync<Exception>(() => asked);
        }

        // What the dead process held is free when its time is over, which is soon: only who lives makes it longer.
        await using (var session = await database.OpenAsync())
        {
            await using var left = new NpgsqlCommand("select max(until - now()) from ledger.payment_leases", session);
            ((TimeSpan)(await left.ExecuteScalarAsync())!).ShouldBeInRange(TimeSpan.Zero, KeptLease.Time);
            await using var over = new NpgsqlCommand("update ledger.payment_leases set until = now()", session);
            await over.ExecuteNonQueryAsync();
        }

        stripe.Objects("checkout.session").ShouldBeEmpty();
        await service.RestartAsync();
        await Run.UntilAsync(() => Task.FromResult(stripe.Objects("checkout.session").Count == 1), TimeSpan.FromSeconds(30), "the page is opened by the next process");
        var answer = await client.PostAsync(checkout);
        (answer.Status, answer.Json.GetProperty("redirectUrl").GetString()).ShouldBe((201, (string?)stripe.Objects("checkout.session").Single()["url"]));
        stripe.Objects("checkout.session").Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_never_told_is_asked_for_before_the_page_is_forgotten()
    {
        // Its own clock: time does not go back for what has been written.
        var later = new PayingService();
        await using var _ = later;
        await later.InitializeAsync();
        var account = await later.OpenAsync();
        (await later.Service.Send(HttpMethod.Put, "/v1/packages/rupiah", """{"name":"Some","price":{"amount":15000000,"currency":"idr"},"creditAmount":150}""")).Status.ShouldBeOneOf(200, 201);
        var payment = (await later.CheckoutAsync(account, "midtrans", "rupiah")).ShouldBe(201).Text("paymentId");
        var order = (await later.Service.Get($"/v1/payments/{payment}")).Json.GetProperty("providerRefs").GetProperty("orderId").GetString()!;
        later.Midtrans.Move(order, "settlement", "gopay", null);
        var nobody = (await later.CheckoutAsync(account, "midtrans", "rupiah")).ShouldBe(201).Text("paymentId");
        await later.Service.QueryAsync<object>("update ledger.clock set shift = interval '20 minutes' returning shift");
        await later.UntilAsync(payment, "succeeded");
        (await later.BalanceAsync(account)).ShouldBe("150");
        (await later.Service.Get($"/v1/payments/{nobody}")).Text("status").ShouldBe("pending");
        await later.Service.QueryAsync<object>("update ledger.clock set shift = interval '25 hours' returning shift");
        await later.UntilAsync(nobody, "expired");
    }

    [Fact]
    public async Task An_event_of_the_other_mode_is_kept_as_failed_and_grants_nothing()
    {
        var account = await paying.OpenAsync();
        var marks = new Dictionary<string, string> { ["ledger_tenant"] = "default", ["ledger_account"] = account, ["ledger_credits"] = "5.25" };
        var paid = paying.Stripe.PayElsewhere(500, "usd", marks)[0].Body;
        var live = System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(paid).Replace("\"livemode\":false,\"pending", "\"livemode\":true,\"pending", StringComparison.Ordinal));
        live.ShouldNotBe(paid);
        (await Service.Until((await paying.TellStripe([live]))[0], DeliveryStatus.Failed)).Text("reason").ShouldContain("livemode");
        (await paying.BalanceAsync(account)).ShouldBe("0");
        // The same payment in the right mode, outside our checkouts: another event, and its credits.
        var other = paying.Stripe.PayElsewhere(500, "usd", marks);
        // One after the other: details of a payment that is not known yet tell nothing.
        foreach (var told in other) await Service.Until((await paying.TellStripe([told.Body]))[0], DeliveryStatus.Applied);
        (await paying.BalanceAsync(account)).ShouldBe("5.25");
    }

    [Fact]
    public async Task A_payment_for_an_account_that_is_not_there_yet_waits_for_it()
    {
        var account = InboxService.NewId("late");
        var paid = paying.Stripe.PayElsewhere(500, "usd", new Dictionary<string, string> { ["ledger_account"] = account, ["ledger_credits"] = "2" })[0].Body;
        var id = (await paying.TellStripe([paid]))[0];
        await Service.Until(id, DeliveryStatus.Waiting, d => d.Text("reason").Contains(account, StringComparison.Ordinal));
        (await Service.Send(HttpMethod.Put, $"/v1/accounts/{account}", """{"owner":{"kind":"user","id":"u_1"}}""")).ShouldBe(201);
        await Service.Until(id, DeliveryStatus.Applied);
        (await paying.BalanceAsync(account)).ShouldBe("2");
    }

    [Fact]
    public async Task At_developments_page_a_checkout_is_paid_by_a_button()
    {
        var account = await paying.OpenAsync();
        var checkout = (await paying.CheckoutAsync(account, "fake")).ShouldBe(201);
        var page = new Uri(checkout.Text("redirectUrl"));
        page.Authority.ShouldBe(Service.Http.BaseAddress!.Authority);
        var html = await Service.Http.GetStringAsync(page);
        html.ShouldContain(account);
        html.ShouldContain($"action=\"{page.AbsolutePath}/pay\"");
        async Task<int> PressAsync(string button)
        {
            using var answer = await Service.Http.PostAsync(new Uri($"{page}/{button}"), null);
            return (int)answer.StatusCode;
        }

        (await PressAsync("refund")).ShouldBe(409);
        (await PressAsync("steal")).ShouldBe(400);
        (await PressAsync("pay")).ShouldBe(200, "after a redirect to the page");
        await paying.UntilAsync(checkout.Text("paymentId"), "succeeded");
        (await paying.BalanceAsync(account)).ShouldBe("15");
        (await PressAsync("dispute")).ShouldBe(200);
        await paying.UntilAsync(checkout.Text("paymentId"), "disputed");
        (await PressAsync("lose_dispute")).ShouldBe(200);
        await paying.UntilAsync(checkout.Text("paymentId"), "dispute_lost");
        (await paying.BalanceAsync(account)).ShouldBe("0");
    }
}
