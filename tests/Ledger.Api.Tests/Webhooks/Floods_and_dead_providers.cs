using System.Diagnostics;
using System.Text;
using Ledger.Api.Tests.Access;
using Ledger.Api.Tests.Reliability;
using Ledger.Api.Webhooks;
using Ledger.Domain.Payments;
using Ledger.Providers;

namespace Ledger.Api.Tests.Webhooks;

[Collection(PayingCollection.Name)]
public sealed class Floods_and_dead_providers(PayingService paying)
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task One_tenants_dead_provider_holds_up_no_other_tenant()
    {
        await using var service = new InboxService
        {
            More = new Dictionary<string, string?>(new InboxService().More) { ["Webhooks:AtOnceMax"] = "4", ["Webhooks:SlowAfter"] = "00:00:00.2", ["Webhooks:SlowEachMax"] = "2", ["Webhooks:AskTimeMax"] = "00:01:00", ["Webhooks:Lease"] = "00:02:00" },
        };
        service.Hinter.Silent["sk_test_1"] = true;
        await service.InitializeAsync();
        for (var n = 0; n < 12; n++) await service.TellNew("paid", provider: InboxService.Hint);
        await Run.UntilAsync(() => Task.FromResult(service.Hinter.Asked.Count >= 4), TimeSpan.FromSeconds(10), "all places are taken by one tenant");

        var order = InboxService.NewId("order");
        service.Hinter.Truth[order] = PaymentStatus.Succeeded;
        var began = Stopwatch.GetTimestamp();
        await service.TellNew("paid", intent: order, provider: InboxService.Hint, tenant: "other");
        await Run.UntilAsync(() => Task.FromResult(service.Ledger.Payments.ContainsKey($"other/{order}")), TimeSpan.FromSeconds(10), "the other tenant's is applied");
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(10));
        // Of the one whose provider is dead no more are begun, however many are due.
        service.Hinter.Asked.Count.ShouldBeLessThanOrEqualTo(6);
    }

    [Fact]
    public async Task What_nobody_signs_is_taken_in_so_often_only_and_forgotten_where_its_provider_knows_nothing_of_it()
    {
        var subscription = InboxService.NewId("sub");
        byte[] Body(int n) => Encoding.UTF8.GetBytes($$$$"""{"event_name":"subscription.charge","transaction":{"status_code":"500"},"subscription":{"id":"{{{{subscription}}}}","status":"active","schedule":{"next_execution_at":"2026-12-{{{{n + 1:D2}}}}T00:00:00.000000Z"}}}""");
        var max = new InboxOptions().UnsignedEachMax;
        var ids = new List<string>();
        for (var n = 0; n < max; n++) ids.Add((await paying.Service.Deliver("midtrans", Body(n))).ShouldBe(200).Text("id"));
        var refused = (await paying.Service.Deliver("midtrans", Body(max))).ShouldBe(429, "rate-limited");
        refused.Headers["Retry-After"].ShouldBe("60");
        (await paying.Service.QueryAsync<long>($"select count(*) from ledger.webhook_deliveries where object_id = '{subscription}'")).ShouldBe(max);
        (await paying.Service.Until(ids[0], DeliveryStatus.Ignored)).Text("reason").ShouldContain("knows nothing of it");
        await Run.UntilAsync(async () => await paying.Service.QueryAsync<long>("select coalesce(sum(count), 0)::bigint from ledger.webhook_refusals where fault = 'too_many' and provider = 'midtrans'") == 1, TimeSpan.FromSeconds(20), "it is counted");
        // What is signed is no part of it.
        (await paying.Service.Deliver("midtrans", "{}"u8.ToArray())).ShouldBe(400);
    }

    [Fact]
    public void So_many_a_minute_of_a_tenant_and_so_many_about_one_object()
    {
        var clock = new SettableClock(Noon);
        var limit = new UnsignedLimit(new InboxOptions { UnsignedMax = 10, UnsignedEachMax = 3 }, clock);
        int Taken(string tenant, string about, int tries) => Enumerable.Range(0, tries).Count(_ => limit.TryTake(tenant, "midtrans", about));
        Taken("a", "sub_1", 5).ShouldBe(3);
        Taken("a", "sub_2", 3).ShouldBe(3);
        Taken("b", "sub_1", 5).ShouldBe(3);
        Enumerable.Range(10, 10).Sum(n => Taken("a", $"sub_{n}", 1)).ShouldBe(2, "those that were refused for their object count too");
        clock.Advance(TimeSpan.FromSeconds(20));
        Taken("a", "sub_1", 3).ShouldBe(1);
        clock.Advance(TimeSpan.FromMinutes(10));
        Taken("a", "sub_1", 9).ShouldBe(3);
        // A flood of names makes no flood of counters.
        var flooded = new UnsignedLimit(new InboxOptions { UnsignedMax = UnsignedLimit.CountersMax * 3, UnsignedEachMax = 1 }, clock);
        for (var n = 0; n < UnsignedLimit.CountersMax * 2; n++)
        {
            flooded.TryTake("a", "midtrans", $"sub_{n}").ShouldBeTrue();
            clock.Advance(TimeSpan.FromMilliseconds(50));
        }

        flooded.Count.ShouldBeLessThanOrEqualTo(UnsignedLimit.CountersMax + 1);
    }

    [Fact]
    public async Task Settings_are_read_once_a_second_however_many_ask_and_at_once_after_a_change_here()
    {
        var clock = new SettableClock(Noon);
        var source = new Counted();
        var settings = new SettingsOfAMoment(new ProviderDirectory([new TestPay("testpay", hints: false)], source), clock);
        async Task<string> Secret() => (await settings.FindAsync("a", "testpay", CancellationToken.None))!.WebhookSecrets[0];
        var all = Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Secret()));
        source.Gate.SetResult();
        (await all).ShouldAllBe(secret => secret == "1");
        source.Reads.ShouldBe(1);
        clock.Advance(TimeSpan.FromMilliseconds(999));
        (await Secret()).ShouldBe("1");
        clock.Advance(TimeSpan.FromMilliseconds(1));
        (await Secret()).ShouldBe("2", "a secret that was changed elsewhere counts within a second");
        source.Changes++;
        (await Secret()).ShouldBe("3");
        source.Fails = true;
        clock.Advance(TimeSpan.FromSeconds(1));
        await Should.ThrowAsync<TimeoutException>(Secret);
        source.Fails = false;
        (await Secret()).ShouldBe("5", "a failure is not kept");
    }

    [Fact]
    public async Task Forged_notifications_cost_the_database_next_to_nothing()
    {
        await using var service = new InboxService();
        await service.InitializeAsync();
        (await service.Tell(TestPay.Body(InboxService.NewId()))).ShouldBe(200);
        var (before, began) = (service.Settings.Reads, Stopwatch.GetTimestamp());
        await Parallel.ForEachAsync(Enumerable.Range(0, 300), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (_, _) => (await service.Tell(TestPay.Body(InboxService.NewId("forged")), "t=1,v1=00")).ShouldBe(400, "bad-signature"));
        (service.Settings.Reads - before).ShouldBeLessThanOrEqualTo(3 + (int)Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    [Fact]
    public async Task A_customer_whom_the_provider_deleted_is_replaced_by_the_next_checkout_or_portal()
    {
        var account = await paying.OpenAsync();
        var first = (await paying.CheckoutAsync(account, "stripe")).ShouldBe(201).Text("paymentId");
        async Task<string> Customer(string payment) => (await paying.Service.Get($"/v1/payments/{payment}")).Json.GetProperty("providerRefs").GetProperty("customerId").GetString()!;
        var gone = await Customer(first);
        paying.Stripe.DeleteCustomer(gone); // and its notification is on its way
        var second = (await paying.CheckoutAsync(account, "stripe")).ShouldBe(201);
        (second.Text("status"), second.Text("redirectUrl").Length > 0).ShouldBe(("pending", true));
        var other = await Customer(second.Text("paymentId"));
        other.ShouldNotBe(gone);
        (await Customer((await paying.CheckoutAsync(account, "stripe")).ShouldBe(201).Text("paymentId"))).ShouldBe(other);
        paying.Stripe.DeleteCustomer(other);
        (await paying.Service.Send(HttpMethod.Post, $"/v1/accounts/{account}/portal-session", "{}")).ShouldBe(201);
        paying.Stripe.Objects("customer").Count(customer => (string?)customer["metadata"]!["ledger_account"] == account).ShouldBe(1);
    }

    [Fact]
    public async Task A_checkout_that_keeps_the_payers_method_says_so_to_the_provider_and_shows_a_method_that_can_be_charged()
    {
        var account = await paying.OpenAsync();
        var checkout = (await paying.Service.Send(HttpMethod.Post, "/v1/checkouts", $$"""{"accountId":"{{account}}","item":{"kind":"package","id":"small"},"provider":"stripe","keepPaymentMethod":true}""")).ShouldBe(201);
        var payment = (await paying.Service.Get($"/v1/payments/{checkout.Text("paymentId")}")).Json.GetProperty("providerRefs");
        foreach (var told in paying.Stripe.Pay(payment.GetProperty("checkoutSessionId").GetString()!)) await paying.Service.Until((await paying.TellStripe([told.Body]))[0], DeliveryStatus.Applied);
        (await paying.UntilAsync(checkout.Text("paymentId"), "succeeded")).Text("status").ShouldBe("succeeded");
        var kept = paying.Stripe.Objects("payment_method").Single(method => (string?)method["customer"] == payment.GetProperty("customerId").GetString());
        (await paying.Service.Get($"/v1/accounts/{account}/payment-methods")).ShouldBe(200).Body.ShouldContain((string)kept["id"]!);
    }

    private sealed class Counted : IProviderSettingsSource
    {
        private int reads;

        public TaskCompletionSource Gate { get; } = new();

        public int Reads => reads;

        public bool Fails { get; set; }

        public long Changes { get; set; }

        public async ValueTask<ProviderSettings?> FindAsync(string tenant, string provider, CancellationToken cancellationToken)
        {
            var read = Interlocked.Increment(ref reads);
            await Gate.Task;
            return Fails ? throw new TimeoutException() : new ProviderSettings("k", [$"{read}"], new Uri("http://localhost:1"));
        }
    }
}
