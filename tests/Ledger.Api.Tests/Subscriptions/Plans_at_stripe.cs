using System.Globalization;
using System.Text.Json.Nodes;
using Ledger.Api.Reconciliation;
using Ledger.Api.Tests.Reliability;
using Ledger.Api.Tests.Webhooks;
using Ledger.Api.Verification;
using Ledger.Api.Webhooks;
using Ledger.EventStore;
using Ledger.EventStore.Verification;
using Ledger.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Api.Tests.Subscriptions;

/// <summary>Plans that Stripe charges by itself: its double behind the service as it is composed. The clock of each test is its own, since the double lives in real time.</summary>
public sealed class Plans_at_stripe : IAsyncLifetime
{
    private readonly PayingService paying = new();

    private InboxService Service => paying.Service;

    private StripeDouble Stripe => paying.Stripe;

    public ValueTask InitializeAsync() => paying.InitializeAsync();

    public ValueTask DisposeAsync() => paying.DisposeAsync();

    [Fact]
    public async Task What_stripe_tells_in_any_order_and_twice_opens_renews_and_ends_a_subscription_once()
    {
        var (plan, _) = await PlanAsync(2_000, 100, "\"rollover\":{\"max\":10},");
        var (account, id, session) = await BeginAsync(plan);
        var opened = Stripe.Pay(session).Select(e => e.Body).ToList();
        await TellAsync([.. opened.AsEnumerable().Reverse(), .. opened]);
        var active = await UntilAsync(id, "active");
        (active.Text("period"), active.Text("planId")).ShouldBe(("1", plan));
        var theirs = active.Json.GetProperty("providerRefs").GetProperty("subscriptionId").GetString()!;
        (await paying.BalanceAsync(account)).ShouldBe("100");

        // Beside it somebody tries another plan: a page over nothing begins a trial.
        var (tried, _) = await PlanAsync(2_000, 50, "\"trialDays\":14,");
        var (trying, trial, page) = await BeginAsync(tried);
        await TellAsync([.. Stripe.Pay(page).Select(e => e.Body)]);
        var trialing = await UntilAsync(trial, "trialing");
        (Time(trialing, "trialEnd") - Time(trialing, "trialStart")).ShouldBe(TimeSpan.FromDays(14));
        (await paying.BalanceAsync(trying)).ShouldBe("0");
        await ShiftAsync(trialing);
        await TellAsync([.. Stripe.Renew(trialing.Json.GetProperty("providerRefs").GetProperty("subscriptionId").GetString()!).Select(e => e.Body)]);
        await UntilAsync(trial, "active", now => now.Text("period") == "1");
        (await paying.BalanceAsync(trying)).ShouldBe("50");

        // A month on, the news of the next period come, the invoice first, of which some lines are cut: the rest is asked for.
        await ShiftAsync(active);
        var renewed = Stripe.Renew(theirs).Select(e => e.Type == "invoice.paid" ? Cut(e.Body) : e.Body).ToList();
        await TellAsync([.. renewed.AsEnumerable().Reverse(), .. renewed]);
        await UntilAsync(id, "active", now => now.Text("period") == "2");
        await Run.UntilAsync(async () => await paying.BalanceAsync(account) == "110", TimeSpan.FromSeconds(20), "what may roll has rolled, and the period is granted once");

        // The card is declined, then paid: past due in between.
        await ShiftAsync(await UntilAsync(id, "active"));
        await TellAsync([.. Stripe.Renew(theirs, declined: true).Select(e => e.Body)]);
        await UntilAsync(id, "past_due");
        await TellAsync([.. Stripe.PayDue(theirs).Select(e => e.Body)]);
        await UntilAsync(id, "active", now => now.Text("period") == "3");
        (await Granted(id)).ShouldBe(3);
        (await Service.QueryAsync<long>("select count(*) from ledger.webhook_deliveries where type = 'invoice.paid' and status = 'applied' and payment_id is not null")).ShouldBeGreaterThanOrEqualTo(3, "what is erased with a payment is found by it");
        await TellAsync([.. Stripe.EndSubscription(theirs).Select(e => e.Body)]);
        await UntilAsync(id, "canceled");
        (await Service.Get($"/v1/accounts/{account}/subscriptions?status=canceled")).ShouldBe(200).Json.GetProperty("data").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task What_is_wanted_here_is_told_there_and_again_where_the_answer_is_lost()
    {
        var (low, _) = await PlanAsync(1_000, 100);
        var (high, price) = await PlanAsync(5_000, 500);
        var (account, id, session) = await BeginAsync(low);
        await TellAsync([.. Stripe.Pay(session).Select(e => e.Body)]);
        var theirs = (await UntilAsync(id, "active")).Json.GetProperty("providerRefs").GetProperty("subscriptionId").GetString()!;
        Stripe.LoseNext($"/v1/subscriptions/{theirs}", 3);
        var changed = (await Do(id, "change", $$"""{"planId":"{{high}}","when":"now"}""")).ShouldBe(200);
        changed.Text("planId").ShouldBe(low, "Stripe has not said yet that it charged the dearer one, so nothing is given for it");
        await Run.UntilAsync(() => Task.FromResult((string?)Stripe.Look(theirs)!["items"]!["data"]![0]!["price"]!["id"] == price), TimeSpan.FromSeconds(30), "Stripe has the dearer price");
        await Run.UntilAsync(async () => (await Service.Get($"/v1/subscriptions/{id}")).Text("planId") == high, TimeSpan.FromSeconds(30), "and so it is here");
        decimal.Parse(await paying.BalanceAsync(account), CultureInfo.InvariantCulture).ShouldBeInRange(499, 500);

        // Periods of another length begin there when they are asked for: that waits for the last hour of this one.
        var yearly = InboxService.NewId("plan");
        Stripe.AddPrice("price_" + yearly, 50_000);
        (await Service.Send(HttpMethod.Put, $"/v1/plans/{yearly}", $$$"""{"name":"A year","tier":"{{{yearly}}}","interval":"year","price":{"amount":50000,"currency":"usd"},"providerRefs":{"stripe":{"priceId":"price_{{{yearly}}}"} } }""")).ShouldBe(201);
        var scheduled = (await Do(id, "change", $$"""{"planId":"{{yearly}}","when":"period_end"}""")).ShouldBe(200);
        ((string?)Stripe.Look(theirs)!["items"]!["data"]![0]!["price"]!["id"]).ShouldBe(price);
        await ShiftAsync(scheduled, -TimeSpan.FromMinutes(30));
        await Run.UntilAsync(() => Task.FromResult((string?)Stripe.Look(theirs)!["items"]!["data"]![0]!["price"]!["id"] == "price_" + yearly), TimeSpan.FromSeconds(30), "Stripe is asked for it");
        (await Do(id, "cancel", """{"when":"now"}""")).ShouldBe(200).Text("status").ShouldBe("canceled");
    }

    [Fact]
    public async Task What_ends_here_ends_there()
    {
        var (_, id, session) = await BeginAsync((await PlanAsync(1_000, 100)).Plan);
        await TellAsync([.. Stripe.Pay(session).Select(e => e.Body)]);
        var theirs = (await UntilAsync(id, "active")).Json.GetProperty("providerRefs").GetProperty("subscriptionId").GetString()!;
        (await Do(id, "cancel", """{"when":"period_end","reason":"moving on"}""")).ShouldBe(200).Text("cancelAtPeriodEnd").ShouldBe("True");
        await Run.UntilAsync(() => Task.FromResult((bool)Stripe.Look(theirs)!["cancel_at_period_end"]!), TimeSpan.FromSeconds(30), "it ends with its period there too");
        (await Do(id, "resume")).ShouldBe(200);
        await Run.UntilAsync(() => Task.FromResult(!(bool)Stripe.Look(theirs)!["cancel_at_period_end"]!), TimeSpan.FromSeconds(30), "and goes on again");
        (await Do(id, "renew")).ShouldBe(409, "conflict");
        (await Do(id, "cancel", """{"when":"now"}""")).ShouldBe(200).Text("status").ShouldBe("canceled");
        await Run.UntilAsync(() => Task.FromResult((string?)Stripe.Look(theirs)!["status"] == "canceled"), TimeSpan.FromSeconds(30), "it has ended there");
        (await Service.QueryAsync<long>($"select count(*) from ledger.due where stream_id = 'subscription/{id}'")).ShouldBe(0, "nothing is left to be told");
    }

    [Fact]
    public async Task What_stripe_charges_by_itself_is_a_payment_with_an_invoice_and_its_money_can_go_back()
    {
        var (plan, _) = await PlanAsync(2_000, 100);
        var (dearer, _) = await PlanAsync(5_000, 200);
        var (account, id, session) = await BeginAsync(plan);
        await TellAsync([.. Stripe.Pay(session).OrderBy(e => e.Type == "invoice_payment.paid").Select(e => e.Body)]);
        var active = await UntilAsync(id, "active");
        var theirs = active.Json.GetProperty("providerRefs").GetProperty("subscriptionId").GetString()!;
        var page = (await NewestAsync("payments", account, 1)).GetProperty("providerRefs");
        page.GetProperty("paymentIntentId").GetString().ShouldBe((string?)Stripe.Objects("payment_intent")[^1]["id"], "the page's own invoice has led to it");

        // Declined: pending here, and its invoice failed. Then it is paid and nothing of that is heard, before some of it goes back: its provider is asked what that was.
        await ShiftAsync(active);
        await TellAsync(Stripe.Renew(theirs, declined: true).Select(e => e.Body));
        (await NewestAsync("payments", account, 2)).GetProperty("status").GetString().ShouldBe("pending");
        (await NewestAsync("invoices", account, 2)).GetProperty("status").GetString().ShouldBe("failed");
        var paid = Stripe.PayDue(theirs);
        var intent = (string)Stripe.Objects("payment_intent")[^1]["id"]!;
        await TellAsync(Stripe.RefundInDashboard(intent, 500).Select(e => e.Body));
        var payment = await NewestAsync("payments", account, 2);
        (payment.GetProperty("status").GetString(), payment.GetProperty("purpose").GetString(), payment.GetProperty("amountRefunded").GetProperty("amount").GetInt64(), payment.GetProperty("providerRefs").GetProperty("paymentIntentId").GetString())
            .ShouldBe(("partially_refunded", "subscription", 500, intent));
        await TellAsync([.. paid.Reverse().Select(e => e.Body), .. paid.Select(e => e.Body)]);
        (await UntilAsync(id, "active")).Text("period").ShouldBe("2");
        (await paying.BalanceAsync(account), await Granted(id)).ShouldBe(("100", 2));

        // The next one is heard of by nobody: comparing finds it, and puts it right.
        await ShiftAsync(await UntilAsync(id, "active"));
        Stripe.Renew(theirs);
        var bill = Stripe.Look((string)Stripe.Objects("invoice")[^1]["id"]!)!;
        var foreign = (JsonObject)bill.DeepClone();
        foreign["parent"]!["subscription_details"]!["metadata"]!["ledger_tenant"] = "somebody-else";
        Stripe.Plant(foreign);
        (await ReconcileAsync()).Differing.ShouldBe(0, "tenants may share an account of Stripe's");
        Stripe.Plant(bill);
        var found = await ReconcileAsync();
        (found.Counts.MissingHere, found.Healed).ShouldBe((1, 1), found.Payments.Count > 0 ? found.Payments[0].ToString() : "nothing differs");
        (await ReconcileAsync()).Differing.ShouldBe(0);
        var billed = (await NewestAsync("payments", account, 3)).GetProperty("id").GetString()!;
        (await UntilAsync(id, "active")).Text("period").ShouldBe("3");

        // What settles a change is a payment too, and pays no period.
        (await Do(id, "change", $$"""{"planId":"{{dearer}}","when":"now"}""")).ShouldBe(200);
        await Run.UntilAsync(async () => (await Service.Get($"/v1/subscriptions/{id}")).Text("planId") == dearer, TimeSpan.FromSeconds(30), "Stripe has charged the change");
        await TellAsync(Stripe.Unsent().Select(e => e.Body));
        (await NewestAsync("invoices", account, 4)).GetProperty("lines")[0].GetProperty("description").GetString().ShouldEndWith("rest of the period");
        (await paying.BalanceAsync(account)).ShouldNotBe("100");

        // All of it goes back by ourselves: the period is taken back, as was shown before.
        var before = decimal.Parse(await paying.BalanceAsync(account), CultureInfo.InvariantCulture);
        var foreseen = (await Service.Send(HttpMethod.Post, $"/v1/payments/{billed}/refund?dryRun=true", """{"reason":"goodwill"}""")).ShouldBe(200);
        decimal.Parse(foreseen.Text("periodCredits"), CultureInfo.InvariantCulture).ShouldBe(before);
        (await Service.Send(HttpMethod.Post, $"/v1/payments/{billed}/refund", """{"reason":"goodwill"}""")).ShouldBe(201);
        await paying.UntilAsync(billed, "refunded");
        await UntilAsync(id, "past_due");
        (await paying.BalanceAsync(account)).ShouldBe("0");
        (await Service.Get($"/v1/invoices/inv_{billed[4..]}")).ShouldBe(200).Text("status").ShouldBe("refunded");
        (await Service.QueryAsync<long>($"select returned_minor from analytics.payments where payment_id = '{billed}'")).ShouldBe(2_000);
        await using var source = StoreConnections.Readers(Service.ConnectionString, TimeSpan.FromMinutes(1));
        (await VerificationServices.Verification(source).RunAsync(new VerificationOptions())).First.Select(finding => finding.ToString()).ShouldBeEmpty();
    }

    /// <summary>An event of an invoice that shows another line than that of its period.</summary>
    private static byte[] Cut(byte[] body)
    {
        var told = JsonNode.Parse(body)!;
        var lines = told["data"]!["object"]!["lines"]!;
        lines["has_more"] = true;
        lines["data"]![0]!["parent"]!["subscription_item_details"]!["proration"] = true;
        return System.Text.Encoding.UTF8.GetBytes(told.ToJsonString());
    }

    /// <summary>The newest of an account, of which there are so many.</summary>
    private async Task<System.Text.Json.JsonElement> NewestAsync(string what, string account, int count)
    {
        var all = (await Service.Get($"/v1/{what}?accountId={account}")).ShouldBe(200).Json.GetProperty("data");
        all.GetArrayLength().ShouldBe(count);
        return all[0];
    }

    private async Task<ReconciliationBody> ReconcileAsync() =>
        (await Service.Services.GetRequiredService<Reconciler>().RunAsync(new ReconciliationScope("default", "stripe", DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), Apply: true, 1_000), null, CancellationToken.None)).ShouldNotBeNull();

    private static DateTimeOffset Time(Answered answer, string member) => DateTimeOffset.Parse(answer.Json.GetProperty(member).GetString()!, CultureInfo.InvariantCulture);

    private async Task<(string Plan, string Price)> PlanAsync(long amount, int credits, string more = "")
    {
        var id = InboxService.NewId("plan");
        var price = "price_" + id;
        Stripe.AddPrice(price, amount);
        (await Service.Send(HttpMethod.Put, $"/v1/plans/{id}", $$"""{"name":"A plan","tier":"{{id}}","interval":"month",{{more}}"price":{"amount":{{amount}},"currency":"usd"},"creditsPerPeriod":{{credits}},"providerRefs":{"stripe":{"priceId":"{{price}}"} } }""")).ShouldBe(201);
        return (id, price);
    }

    private async Task<(string Account, string Subscription, string Session)> BeginAsync(string plan)
    {
        var account = await paying.OpenAsync();
        var begun = (await Service.Send(HttpMethod.Post, $"/v1/accounts/{account}/subscriptions", $$"""{"planId":"{{plan}}","provider":"stripe"}""")).ShouldBe(201);
        begun.Text("status").ShouldBe("incomplete");
        var payment = begun.Json.GetProperty("checkout").GetProperty("paymentId").GetString()!;
        return (account, begun.Text("id"), (await Service.Get($"/v1/payments/{payment}")).Json.GetProperty("providerRefs").GetProperty("checkoutSessionId").GetString()!);
    }

    private Task<Answered> Do(string id, string verb, string body = "{}") => Service.Send(HttpMethod.Post, $"/v1/subscriptions/{id}/{verb}", body);

    /// <summary>Delivers all of it, and waits until each is settled.</summary>
    private async Task TellAsync(params IEnumerable<byte[]> bodies)
    {
        var open = (await paying.TellStripe(bodies)).ToHashSet(StringComparer.Ordinal);
        var left = "";
        try
        {
            await Run.UntilAsync(async () =>
            {
                foreach (var id in open.ToList())
                {
                    var now = await Service.Get($"/v1/webhook-deliveries/{id}");
                    if (now.Text("status") is "applied" or "ignored") open.Remove(id);
                    else left = now.Body;
                }

                return open.Count == 0;
            }, TimeSpan.FromSeconds(20), "all that was told is settled");
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException($"{open.Count} are not settled, such as {left}");
        }
    }

    private async Task<Answered> UntilAsync(string id, string status, Func<Answered, bool>? also = null)
    {
        var now = await Service.Get($"/v1/subscriptions/{id}");
        await Run.UntilAsync(async () => (now = await Service.Get($"/v1/subscriptions/{id}")).Text("status") == status && also?.Invoke(now) != false, TimeSpan.FromSeconds(20), $"{id} is {status}");
        return now;
    }

    /// <summary>Moves business time to the end of the running period, or trial.</summary>
    private async Task ShiftAsync(Answered subscription, TimeSpan more = default) =>
        (await Service.Send(HttpMethod.Put, "/v1/clock", $$"""{"at":"{{Time(subscription, "currentPeriodEnd").AddSeconds(1).Add(more).UtcDateTime.ToString("O", CultureInfo.InvariantCulture)}}"}""")).ShouldBe(200);

    private Task<long> Granted(string id) => Service.QueryAsync<long>($"select count(*) from ledger.mt_events where stream_id = 'subscription/{id}' and type = 'period_granted'");
}
