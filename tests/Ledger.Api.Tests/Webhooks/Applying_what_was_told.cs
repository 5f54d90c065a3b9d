using Ledger.Api.Tests.Reliability;
using Ledger.Api.Webhooks;
using Ledger.Domain.Payments;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Api.Tests.Webhooks;

[Collection(InboxCollection.Name)]
public sealed class Applying_what_was_told(InboxService service)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task What_the_ledger_does_not_act_on_is_kept_as_ignored_with_its_reason()
    {
        var settled = await service.Until(await service.TellNew("weather.changed"), DeliveryStatus.Ignored);
        settled.Text("reason").ShouldContain("weather.changed");
    }

    [Fact]
    public async Task What_lacks_something_is_failed_with_its_reason()
    {
        var settled = await service.Until(await service.TellNew("unreadable"), DeliveryStatus.Failed);
        settled.Text("reason").ShouldBe("There is no amount.");
        settled.Text("attempts").ShouldBe("1");
    }

    [Fact]
    public async Task A_refund_ahead_of_its_payment_waits_and_is_tried_as_soon_as_the_payment_is_there()
    {
        var intent = InboxService.NewId("pi");
        var refund = await service.TellNew("refunded", intent: intent);
        await service.Until(refund, DeliveryStatus.Waiting, d => d.Text("reason") == "The payment is not known yet.");
        // Far off, so that only the payment's arrival can bring it forward.
        await service.QueryAsync<object>($"update ledger.webhook_deliveries set next_attempt_at = now() + interval '1 hour' where id = '{refund}' returning 1");
        await service.Until(await service.TellNew("paid", intent: intent), DeliveryStatus.Applied);
        await service.Until(refund, DeliveryStatus.Applied);
        service.Ledger.Payments["default/" + intent].ShouldBe(["Succeeded", "Refunded"]);
    }

    [Fact]
    public async Task Two_events_about_one_object_have_one_effect()
    {
        var intent = InboxService.NewId("pi");
        foreach (var id in new[] { await service.TellNew("paid", intent: intent), await service.TellNew("paid", intent: intent) }) await service.Until(id, DeliveryStatus.Applied);
        service.Ledger.Payments["default/" + intent].ShouldBe(["Succeeded"]);
    }

    [Fact]
    public async Task What_names_another_tenant_is_failed_and_applied_nowhere()
    {
        var intent = InboxService.NewId("pi");
        (await service.Until(await service.TellNew("paid", intent: intent, more: ""","tenant":"other" """), DeliveryStatus.Failed)).Text("reason").ShouldBe("Its ledger_tenant is other; it came to default.");
        service.Ledger.Payments.ShouldNotContainKey("default/" + intent);
        service.Ledger.Payments.ShouldNotContainKey("other/" + intent);
        await service.Until(await service.TellNew("paid", intent: intent, more: ""","tenant":"default" """), DeliveryStatus.Applied);
    }

    [Fact]
    public async Task Poison_is_parked_after_five_tries_and_holds_up_nobody()
    {
        var poison = new List<string>();
        for (var i = 0; i < 20; i++) poison.Add(await service.TellNew("broken"));
        await service.Until(await service.TellNew("paid"), DeliveryStatus.Applied);
        foreach (var id in poison)
        {
            var parked = await service.Until(id, DeliveryStatus.Failed);
            (parked.Text("attempts"), parked.Text("reason")).ShouldBe(("5", "The program failed over it (InvalidOperationException). The service's log says more under its id."));
        }
    }

    [Fact]
    public async Task What_waits_too_long_is_given_up_with_its_reason()
    {
        var id = await service.TellNew("refunded");
        await service.Until(id, DeliveryStatus.Waiting);
        await service.QueryAsync<object>($"update ledger.webhook_deliveries set begun_at = now() - interval '3 days' where id = '{id}' returning 1");
        (await service.Until(id, DeliveryStatus.Failed)).Text("reason").ShouldBe("Given up after 3 days. The payment is not known yet.");
    }

    [Fact]
    public void Waits_grow_from_seconds_to_hours_and_are_spread()
    {
        var options = new InboxOptions();
        Enumerable.Range(1, 4).Select(tries => options.WaitAfter(tries, 0.5).TotalSeconds).ShouldBe([1, 2, 4, 8]);
        options.WaitAfter(60, 0.5).ShouldBe(TimeSpan.FromHours(4));
        (options.WaitAfter(1, 0), options.WaitAfter(1, 1)).ShouldBe((TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(1.1)));
    }

    [Fact]
    public async Task A_ledger_without_room_is_asked_again_and_uses_up_no_fault()
    {
        var id = await service.TellNew("both");
        await service.Until(id, DeliveryStatus.Applied);
        service.Ledger.IsFull = true;
        try
        {
            var later = await service.TellNew("paid");
            await service.Until(later, DeliveryStatus.Waiting, d => d.Text("reason") == "There is no room.");
            service.Ledger.IsFull = false;
            await service.Until(later, DeliveryStatus.Applied);
        }
        finally
        {
            service.Ledger.IsFull = false;
        }
    }

    [Fact]
    public async Task A_node_that_dies_between_applying_and_marking_has_its_deliveries_applied_again_under_the_same_keys()
    {
        await using var alone = new InboxService { More = new Dictionary<string, string?> { ["Webhooks:AtOnceMax"] = "4", ["Webhooks:LookEvery"] = "00:00:00.1", ["Webhooks:Lease"] = "00:00:01" } };
        await alone.InitializeAsync();
        // This session plays a node that applies and dies before it has marked; the service finds them when the lease is over.
        var (store, inbox) = (alone.Services.GetRequiredService<DeliveryStore>(), alone.Services.GetRequiredService<Inbox>());
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            var body = TestPay.Body($"dying-{i}", "both", $"pi_dying_{i}");
            var (id, _) = await store.AddAsync("default", "elsewhere", new Providers.Notification($"dying-{i}", "both", null, null, null), body, CancellationToken.None);
            ids.Add(id);
        }

        var taken = await store.TakeAsync("elsewhere", 10, [], TimeSpan.FromSeconds(1), CancellationToken.None);
        taken.Count.ShouldBe(5);
        (await store.TakeAsync("elsewhere", 10, [], TimeSpan.FromSeconds(1), CancellationToken.None)).ShouldBeEmpty("nobody else has them while the lease lasts");
        foreach (var delivery in taken) (await inbox.ApplyAsync(delivery with { Provider = InboxService.Pay }, dryRun: false, CancellationToken.None)).Status.ShouldBe(DeliveryStatus.Applied);
        var keys = alone.Ledger.Sent.ToList();
        keys.Count.ShouldBe(10);
        await alone.QueryAsync<object>($"update ledger.webhook_deliveries set provider = '{InboxService.Pay}' returning 1");
        foreach (var id in ids) await alone.Until(id, DeliveryStatus.Applied);
        alone.Ledger.Sent.Skip(10).Order().ShouldBe(keys.Order());
        alone.Ledger.Payments.Values.ShouldAllBe(happened => happened.SequenceEqual(new[] { "Succeeded", "Refunded" }));
        // The first node comes back to life: what it has come to is no longer written.
        (await store.MarkAsync(taken[0], new Judgement(DeliveryStatus.Failed, "late"), null, CancellationToken.None)).ShouldBeFalse();
    }

    [Fact]
    public async Task Deliveries_are_shared_between_nodes_and_none_is_taken_twice()
    {
        var store = service.Services.GetRequiredService<DeliveryStore>();
        var provider = InboxService.NewId("crowd");
        for (var i = 0; i < 60; i++) await store.AddAsync("default", provider, new Providers.Notification($"{i}", "x", null, null, null), "{}"u8.ToArray(), CancellationToken.None);
        var taken = await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            var mine = new List<Delivery>();
            while (await store.TakeAsync(provider, 7, [], TimeSpan.FromMinutes(1), CancellationToken.None) is { Count: > 0 } some) mine.AddRange(some);
            return mine;
        }));
        taken.SelectMany(t => t).Select(d => d.Id).ShouldBeUnique();
        taken.Sum(t => t.Count).ShouldBe(60);
    }

    [Fact]
    public async Task A_hint_is_asked_about_and_the_answer_alone_has_the_effect()
    {
        var order = InboxService.NewId("order");
        service.Hinter.Truth[order] = PaymentStatus.Succeeded;
        var id = await service.TellNew("paid", intent: order, provider: InboxService.Hint);
        await service.Until(id, DeliveryStatus.Applied);
        service.Ledger.Payments["default/" + order].ShouldBe(["Succeeded"]);
        // Another notification of the same news: the answer is the same, and so is its key.
        await service.Until(await service.TellNew("pending", intent: order, provider: InboxService.Hint), DeliveryStatus.Applied);
        service.Ledger.Payments["default/" + order].ShouldBe(["Succeeded"]);
        service.Ledger.Sent.Where(key => key.Contains(order, StringComparison.Ordinal)).Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public async Task A_hint_that_is_not_confirmed_waits_and_asks_again_when_it_comes_again()
    {
        var order = InboxService.NewId("order");
        service.Hinter.Truth[order] = PaymentStatus.Pending;
        var body = TestPay.Body(InboxService.NewId(), "paid", order);
        var id = (await service.Tell(body, provider: InboxService.Hint)).ShouldBe(200).Text("id");
        await service.Until(id, DeliveryStatus.Waiting, d => d.Text("reason") == "Not confirmed: the provider says pending when asked, not succeeded.");
        service.Ledger.Payments["default/" + order].ShouldBe(["Pending"]);
        await service.QueryAsync<object>($"update ledger.webhook_deliveries set next_attempt_at = now() + interval '1 hour', attempted_at = now() - interval '1 minute' where id = '{id}' returning 1");
        service.Hinter.Truth[order] = PaymentStatus.Succeeded;
        (await service.Tell(body, provider: InboxService.Hint)).ShouldBe(200).Text("duplicate").ShouldBe("True");
        await service.Until(id, DeliveryStatus.Applied);
        service.Ledger.Payments["default/" + order].ShouldBe(["Pending", "Succeeded"]);
        // Confirmed now: a repeat changes nothing and asks nobody.
        var asked = service.Hinter.Asked[order];
        (await service.Tell(body, provider: InboxService.Hint)).ShouldBe(200);
        (await service.Get("/v1/webhook-deliveries/" + id)).Text("status").ShouldBe("applied");
        service.Hinter.Asked[order].ShouldBe(asked);
    }

    [Fact]
    public async Task A_repeat_of_an_unconfirmed_hint_asks_at_most_once_in_ten_seconds()
    {
        var order = InboxService.NewId("order");
        var body = TestPay.Body(InboxService.NewId(), "paid", order);
        var id = (await service.Tell(body, provider: InboxService.Hint)).ShouldBe(200).Text("id");
        await service.Until(id, DeliveryStatus.Waiting, d => d.Text("reason") == "Not confirmed: the provider knows nothing of it when asked.");
        await service.QueryAsync<object>($"update ledger.webhook_deliveries set next_attempt_at = now() + interval '1 hour', attempted_at = now() where id = '{id}' returning 1");
        for (var i = 0; i < 5; i++) (await service.Tell(body, provider: InboxService.Hint)).ShouldBe(200);
        (await service.QueryAsync<double>($"select extract(epoch from next_attempt_at - attempted_at)::double precision from ledger.webhook_deliveries where id = '{id}'")).ShouldBe(10, 0.001);
        await service.QueryAsync<object>($"update ledger.webhook_deliveries set status = 'failed', next_attempt_at = null where id = '{id}' returning 1");
    }

    [Fact]
    public async Task Hints_about_one_order_that_come_together_share_the_answers()
    {
        var order = InboxService.NewId("order");
        service.Hinter.Truth[order] = PaymentStatus.Succeeded;
        var ids = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => service.TellNew("paid", intent: order, provider: InboxService.Hint)));
        foreach (var id in ids) await service.Until(id, DeliveryStatus.Applied);
        service.Hinter.Asked[order].ShouldBeLessThan(20);
    }

    [Fact]
    public async Task A_provider_that_can_not_be_asked_holds_up_its_own_hints_alone()
    {
        service.Hinter.IsDown = true;
        try
        {
            var order = InboxService.NewId("order");
            service.Hinter.Truth[order] = PaymentStatus.Succeeded;
            var hint = await service.TellNew("paid", intent: order, provider: InboxService.Hint);
            await service.Until(hint, DeliveryStatus.Waiting, d => d.Text("reason") == "testhint could not be asked: It is out of order.");
            await service.Until(await service.TellNew("paid"), DeliveryStatus.Applied);
            service.Hinter.IsDown = false;
            await service.Until(hint, DeliveryStatus.Applied);
        }
        finally
        {
            service.Hinter.IsDown = false;
        }
    }

    [Fact]
    public async Task What_the_inbox_does_is_measured()
    {
        await service.Until(await service.TellNew("paid"), DeliveryStatus.Applied);
        await Run.UntilAsync(async () =>
        {
            var page = await service.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
            return new[] { "ledger_webhooks_received_total{provider=\"testpay\",answer=\"stored\"}", "ledger_webhooks_settled_total{provider=\"testpay\",status=\"applied\"}", "ledger_webhooks_lag_seconds_count{provider=\"testpay\"}", "ledger_webhooks_oldest_seconds{status=\"waiting\"}", "ledger_webhooks_open{status=\"received\"}" }.All(name => page.Contains(name, StringComparison.Ordinal));
        }, Soon, "all of the inbox's metrics are on the page");
    }
}
