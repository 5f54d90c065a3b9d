using System.Globalization;
using Ledger.Api.Tests.Contract;
using Ledger.Api.Tests.Payments;
using Ledger.Api.Webhooks;
using Ledger.Providers.Fake;

namespace Ledger.Api.Tests.Subscriptions;

[Collection(SubscriptionsCollection.Name)]
public sealed class Subscriptions_over_http(ContractService service)
{
    private Subscribing Plans => new(service);

    private Purchaser Shop => new(service);

    private static DateTimeOffset Time(Reply reply, string member) => DateTimeOffset.Parse(reply[member], CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_subscription_given_by_an_administrator_runs_at_once_with_its_credits()
    {
        var (account, plan) = (await Plans.OpenAsync(), await Plans.PlanAsync(more: ""","seats":{"min":2,"max":5}"""));
        var key = Subscribing.NewId("k");
        var started = (await Plans.StartAsync(account, plan, ""","provider":"manual","seats":3""", key)).ShouldBe(201);
        started.ShouldHave($$"""
            { "id": "{{started["id"]}}", "accountId": "{{account.Id}}", "planId": "{{plan}}", "planVersion": 1, "status": "active", "entitles": true, "provider": "manual", "price": { "amount": 1000, "currency": "usd" }, "period": 1,
              "currentPeriodStart": "<time>", "currentPeriodEnd": "<time>", "cancelAtPeriodEnd": false, "seats": 3, "providerRefs": {}, "version": "<any>", "createdAt": "<time>", "updatedAt": "<time>" }
            """);
        Time(started, "currentPeriodEnd").ShouldBe(Time(started, "currentPeriodStart").AddMonths(1));
        await account.ShouldHave(("balance", "100"));
        (await Plans.GetAsync(started["id"])).ShouldBe(200).Body.ShouldBe(started.Body);

        (await Plans.DoAsync(started["id"], "cancel", """{"reason":"enough"}""")).ShouldBe(200)["cancelAtPeriodEnd"].ShouldBe("true");
        var again = await Plans.StartAsync(account, plan, ""","provider":"manual","seats":3""", key);
        (again.ShouldBe(201).Body, again.Replayed).ShouldBe((started.Body, true), "as it was answered then, whatever has changed since");
        (await Plans.StartAsync(account, plan, ""","provider":"manual","seats":4""", key)).ShouldBe(422, "idempotency-key-reused");
    }

    [Fact]
    public async Task Of_any_number_of_starts_at_once_one_takes_the_accounts_place()
    {
        var (account, free, paid) = (await Plans.OpenAsync(), await Plans.PlanAsync(0), await Plans.PlanAsync(0));
        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(n => Plans.StartAsync(account, n % 2 == 0 ? free : paid)));
        answers.Count(answer => answer.Status == 201).ShouldBe(1);
        foreach (var refused in answers.Where(answer => answer.Status != 201)) refused.ShouldBe(409, "subscription-exists")["state"].ShouldBe("active");
        await account.ShouldHave(("balance", "100"));
        (await account.Get("/subscriptions")).ShouldBe(200).Data.Count().ShouldBe(1);
    }

    [Fact]
    public async Task What_costs_something_is_an_administrators_to_give()
    {
        var (account, plan, free) = (await Plans.OpenAsync(), await Plans.PlanAsync(), await Plans.PlanAsync(0));
        var app = service.As("app");
        (await Plans.StartAsync(account, plan, client: app)).ShouldBe(403, "forbidden");
        (await Plans.StartAsync(account, plan, ""","provider":"manual" """, client: app)).ShouldBe(403, "forbidden");
        var mine = (await Plans.StartAsync(account, free, client: app)).ShouldBe(201)["id"];
        (await Plans.DoAsync(mine, "change", $$"""{"planId":"{{plan}}","when":"now"}""", client: app)).ShouldBe(403, "forbidden");
        (await Plans.DoAsync(mine, "renew", client: app)).ShouldBe(409, "conflict");
        var given = (await Plans.StartAsync(account, plan)).ShouldBe(201);
        (await Plans.GetAsync(mine))["status"].ShouldBe("canceled", "what is free gives way to what costs something");
        (await Plans.DoAsync(given["id"], "renew", client: app)).ShouldBe(403, "forbidden");
        (await Plans.DoAsync(given["id"], "renew")).ShouldBe(200)["period"].ShouldBe("2");
    }

    [Fact]
    public async Task A_request_that_can_not_be_done_says_why_and_leaves_all_as_it_was()
    {
        var (account, plan) = (await Plans.OpenAsync(), await Plans.PlanAsync(0));
        // Whatever else goes on at this service: nothing of this account's, and nothing that names it.
        var ofAccount = $"select count(*) from ledger.mt_events where stream_id like '%/{account.Id}' or data->>'account' = '{account.Id}'";
        var before = await service.QueryAsync<long>(ofAccount);
        before.ShouldBe(1);
        (await Plans.StartAsync(account, "nothing-of-ours")).ShouldBe(404, "not-found");
        (await account.Post("subscriptions", "{}")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["planId"]);
        (await Plans.StartAsync(account, plan, ""","provider":"paypal","trialDays":731,"seats":0""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["provider", "seats", "trialDays"]);
        (await Plans.StartAsync(account, plan, ""","provider":"fake","startAt":"2027-01-01T00:00:00Z" """)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["startAt"]);
        (await account.Post("subscriptions", $$"""{"planId":"{{plan}}"}""", Client.NoKey)).ShouldBe(400, "idempotency-key-missing");
        (await Plans.Admin.Post($"/v1/accounts/{ContractService.NewId()}/subscriptions", $$"""{"planId":"{{plan}}"}""")).ShouldBe(404, "account-not-found");
        foreach (var verb in new[] { "change", "cancel", "resume", "pause", "renew", "mark-past-due" })
        {
            (await Plans.DoAsync("sub_00000000000000000000000000", verb, verb == "change" ? """{"planId":"free"}""" : "{}")).ShouldBe(404, "not-found");
            (await Plans.DoAsync("nothing", verb, verb == "change" ? """{"planId":"free"}""" : "{}")).ShouldBe(404, "not-found");
            (await service.AsUser("u_1").Post($"/v1/subscriptions/sub_00000000000000000000000000/{verb}", "{}")).ShouldBe(403, "forbidden");
        }

        (await service.QueryAsync<long>(ofAccount)).ShouldBe(before);
    }

    [Fact]
    public async Task Lists_show_ones_own_by_account_status_and_provider()
    {
        var owner = ContractService.NewId("u");
        var account = new TestAccount(Plans.Admin, ContractService.NewId());
        (await Plans.Admin.Put(account.Path, $$"""{"owner":{"kind":"user","id":"{{owner}}"} }""")).ShouldBe(201);
        var plan = await Plans.PlanAsync(0);
        var first = (await Plans.StartAsync(account, plan)).ShouldBe(201)["id"];
        (await Plans.DoAsync(first, "cancel", """{"when":"now","reason":"again"}""")).ShouldBe(200)["status"].ShouldBe("canceled");
        var second = (await Plans.StartAsync(account, plan)).ShouldBe(201)["id"];
        static IEnumerable<string> Ids(Reply reply) => reply.ShouldBe(200).Data.Select(one => one.GetProperty("id").GetString()!);
        foreach (var client in new[] { Plans.Admin, service.As("reader"), service.AsUser(owner) })
        {
            Ids(await client.Get($"{account.Path}/subscriptions")).ShouldBe([second, first]);
            Ids(await client.Get($"/v1/subscriptions?accountId={account.Id}")).ShouldBe([second, first]);
            Ids(await client.Get($"/v1/subscriptions?accountId={account.Id}&status=active")).ShouldBe([second]);
            Ids(await client.Get($"{account.Path}/subscriptions?status=canceled&limit=1")).ShouldBe([first]);
            Ids(await client.Get($"/v1/subscriptions?accountId={account.Id}&provider=stripe")).ShouldBeEmpty();
        }

        var page = await Plans.Admin.Get($"{account.Path}/subscriptions?limit=1");
        Ids(page).ShouldBe([second]);
        Ids(await Plans.Admin.Get($"{account.Path}/subscriptions?limit=1&cursor={page.Text("nextCursor")}")).ShouldBe([first]);
        (await Plans.Admin.Get("/v1/subscriptions?status=alive")).ShouldBe(400, "invalid-request");
        var stranger = service.AsUser("somebody-else");
        (await stranger.Get($"/v1/subscriptions/{first}")).ShouldBe(404, "not-found");
        (await stranger.Get($"{account.Path}/subscriptions")).ShouldBe(404, "account-not-found");
        Ids(await stranger.Get($"/v1/subscriptions?accountId={account.Id}")).ShouldBeEmpty();
        (await service.As("other:admin").Get($"/v1/subscriptions/{first}")).ShouldBe(404, "not-found");
        (await service.As("other:admin").Post($"/v1/subscriptions/{second}/cancel", "{}")).ShouldBe(404, "not-found");
    }

    [Fact]
    public async Task A_trial_is_announced_and_ends_active_where_it_was_paid_and_expired_where_not()
    {
        await Plans.RunAsync();
        var plan = await Plans.PlanAsync(trialDays: 10);
        var (paying, leaving) = (await Plans.OpenAsync(), await Plans.OpenAsync());
        var (paid, left) = ((await Plans.StartAsync(paying, plan)).ShouldBe(201), (await Plans.StartAsync(leaving, plan)).ShouldBe(201));
        (paid["status"], paid["entitles"], paid["period"]).ShouldBe(("trialing", "true", "0"));
        (Time(paid, "trialEnd") - Time(paid, "trialStart")).ShouldBe(TimeSpan.FromDays(10));
        await paying.ShouldHave(("balance", "0"));

        var announced = await Plans.RunAsync(Time(left, "trialEnd") - TimeSpan.FromDays(3));
        (announced["announced"], announced["trialsEnded"]).ShouldBe(("2", "0"));
        (await Plans.EventsAsync(left["id"])).ShouldEndWith("trial_end_announced");
        // As a time: it may end in a zero, which one of the two leaves out.
        DateTimeOffset.Parse(await service.QueryAsync<string>($"select payload->>'trialEnd' from ledger.outbox where topic = 'subscription.trial_ending' and payload->>'subscriptionId' = '{left["id"]}'"), CultureInfo.InvariantCulture)
            .ShouldBe(DateTimeOffset.Parse(left["trialEnd"], CultureInfo.InvariantCulture));
        (await Plans.DoAsync(paid["id"], "renew")).ShouldBe(200)["status"].ShouldBe("trialing", "paid ahead: the period begins with the trial's end");
        var ended = await Plans.RunAsync(Time(left, "trialEnd"));
        (ended["trialsEnded"], ended["subscriptionsExpired"], ended["announced"]).ShouldBe(("2", "1", "0"));
        ended.Json.GetProperty("periodsGranted").GetInt64().ShouldBeGreaterThanOrEqualTo(1, "periods of other tests may end meanwhile");
        (await Plans.GetAsync(paid["id"]))["status"].ShouldBe("active");
        (await Plans.GetAsync(left["id"]))["status"].ShouldBe("expired");
        await paying.ShouldHave(("balance", "100"));
        await leaving.ShouldHave(("balance", "0"));
        (await Plans.StartAsync(leaving, plan)).ShouldBe(201)["status"].ShouldBe("active", "an account has one trial of a tier");
    }

    [Fact]
    public async Task Periods_renew_by_the_calendar_and_roll_what_may_roll()
    {
        var (account, plan) = (await Plans.OpenAsync(), await Plans.PlanAsync(credits: "100", rollover: "20"));
        await account.Purchase("7");
        var started = (await Plans.StartAsync(account, plan)).ShouldBe(201);
        (await account.Consume("50")).ShouldBe(201);
        var before = await account.Get();
        var purchased = before.Json.GetProperty("balance").GetDecimal() - 50;
        purchased.ShouldBe(7, "what ends first is drawn first");
        var run = await Plans.RunAsync(Time(started, "currentPeriodEnd"));
        run.Json.GetProperty("renewed").GetInt64().ShouldBeGreaterThanOrEqualTo(1, run.Body);
        await account.ShouldHave(("balance", "127"));
        var second = await Plans.GetAsync(started["id"]);
        (second["period"], Time(second, "currentPeriodStart")).ShouldBe(("2", Time(started, "currentPeriodEnd")));

        // Nobody looks for three months: each period is done in its turn.
        var anchor = Time(started, "currentPeriodStart");
        var late = await Plans.RunAsync(anchor.AddMonths(5).AddDays(1));
        late.Json.GetProperty("renewed").GetInt64().ShouldBeGreaterThanOrEqualTo(4, late.Body);
        var now = await Plans.GetAsync(started["id"]);
        (now["period"], Time(now, "currentPeriodEnd")).ShouldBe(("6", anchor.AddMonths(6)));
        await account.ShouldHave(("balance", "127"));
        (await Plans.EventsAsync(started["id"])).Split(' ').Count(type => type == "period_granted").ShouldBe(6, "each period grants once");
        (await Plans.RunAsync(anchor.AddMonths(5).AddDays(1)))["renewed"].ShouldBe("0");
    }

    [Fact]
    public async Task A_missing_payment_ends_in_grace_or_in_cancellation()
    {
        var (account, plan, product) = (await Plans.OpenAsync(), await Plans.PlanAsync(), Subscribing.NewId());
        (await Plans.Admin.Put($"/v1/products/{product}", """{"name":"For members"}""")).ShouldBe(201);
        var id = (await Plans.StartAsync(account, plan)).ShouldBe(201)["id"];
        (await account.Get($"/access?product={product}")).ShouldHave($$"""{ "accountId": "{{account.Id}}", "product": "{{product}}", "access": true, "source": "subscription", "since": "<time>", "subscriptionId": "{{id}}" }""");
        var due = (await Plans.DoAsync(id, "mark-past-due", """{"reason":"the transfer did not come"}""")).ShouldBe(200);
        (due["status"], Time(due, "graceEndsAt") - Time(due, "pastDueSince")).ShouldBe(("past_due", TimeSpan.FromDays(7)));
        (await Plans.DoAsync(id, "change", $$"""{"planId":"{{await Plans.PlanAsync(2_000)}}","when":"now"}""")).ShouldBe(409, "conflict")["state"].ShouldBe("past_due");
        (await Plans.DoAsync(id, "renew")).ShouldBe(200)["status"].ShouldBe("active");
        due = (await Plans.DoAsync(id, "mark-past-due")).ShouldBe(200);
        (await account.Get($"/access?product={product}"))["access"].ShouldBe("true", "it entitles until its grace ends");
        var run = await Plans.RunAsync(Time(due, "graceEndsAt"));
        run.Json.GetProperty("subscriptionsCanceled").GetInt64().ShouldBeGreaterThanOrEqualTo(1);
        (await Plans.GetAsync(id))["status"].ShouldBe("canceled");
        (await account.Get($"/access?product={product}"))["access"].ShouldBe("false");
        (await Plans.DoAsync(id, "resume")).ShouldBe(409, "conflict");
        (await Plans.StartAsync(account, plan)).ShouldBe(201);
    }

    [Fact]
    public async Task It_ends_with_its_period_unless_that_is_taken_back_and_rests_until_it_is_resumed()
    {
        var (account, plan) = (await Plans.OpenAsync(), await Plans.PlanAsync());
        var started = (await Plans.StartAsync(account, plan)).ShouldBe(201);
        var id = started["id"];
        var canceled = (await Plans.DoAsync(id, "cancel", """{"when":"period_end","reason":"too dear"}""")).ShouldBe(200);
        (canceled["status"], canceled["cancelAtPeriodEnd"], canceled["cancelReason"]).ShouldBe(("active", "true", "too dear"));
        (await Plans.DoAsync(id, "cancel", """{"reason":"again"}""")).ShouldBe(200)["cancelReason"].ShouldBe("too dear", "it is so already");
        (await Plans.DoAsync(id, "resume")).ShouldBe(200)["cancelAtPeriodEnd"].ShouldBe("false");
        var paused = (await Plans.DoAsync(id, "pause")).ShouldBe(200);
        (paused["status"], paused["entitles"]).ShouldBe(("paused", "false"));
        (await Plans.DoAsync(id, "resume")).ShouldBe(200)["status"].ShouldBe("active");
        (await Plans.DoAsync(id, "resume")).ShouldBe(409, "conflict")["state"].ShouldBe("active");
        (await Plans.DoAsync(id, "cancel", """{"when":"period_end"}""")).ShouldBe(200);
        await Plans.RunAsync(Time(started, "currentPeriodEnd"));
        (await Plans.GetAsync(id))["status"].ShouldBe("canceled");
    }

    [Fact]
    public async Task Credits_can_not_be_farmed_by_going_up_and_down()
    {
        var (account, low, high) = (await Plans.OpenAsync(), await Plans.PlanAsync(1_000, "100"), await Plans.PlanAsync(5_000, "500"));
        var id = (await Plans.StartAsync(account, low)).ShouldBe(201)["id"];
        (await Plans.DoAsync(id, "change", $$"""{"planId":"{{high}}","when":"now"}""")).ShouldBe(200)["planId"].ShouldBe(high);
        var extra = (await account.Get()).Json.GetProperty("balance").GetDecimal();
        extra.ShouldBeInRange(499, 500, "the difference for the rest of the period");
        (await Plans.DoAsync(id, "change", $$"""{"planId":"{{low}}","when":"now"}""")).ShouldBe(200)["planId"].ShouldBe(low);
        await account.ShouldHave(("balance", "100"));
        (await Plans.DoAsync(id, "change", $$"""{"planId":"{{high}}","when":"now"}""")).ShouldBe(200);
        await account.ShouldHave(("balance", "100"));
        var other = await Plans.PlanAsync(9_000, "900");
        (await Plans.DoAsync(id, "change", $$"""{"planId":"{{other}}","when":"now"}""")).ShouldBe(200);
        (await account.Consume("450")).ShouldBe(201);
        (await Plans.DoAsync(id, "change", $$"""{"planId":"{{low}}","when":"now"}""")).ShouldBe(409, "conflict")["state"].ShouldBe("active");
        var scheduled = (await Plans.DoAsync(id, "change", $$"""{"planId":"{{low}}","when":"period_end"}""")).ShouldBe(200);
        (scheduled["planId"], scheduled["scheduledChange.planId"]).ShouldBe((other, low));
        await Plans.RunAsync(Time(scheduled, "currentPeriodEnd"));
        (await Plans.GetAsync(id))["planId"].ShouldBe(low);
        await account.ShouldHave(("balance", "100"));
    }

    [Fact]
    public async Task A_plan_that_is_paid_begins_with_its_payment_and_is_renewed_by_the_next_one()
    {
        var (account, plan) = (await Plans.OpenAsync(), await Plans.PlanAsync());
        var key = Subscribing.NewId("k");
        var begun = (await Plans.StartAsync(account, plan, ""","provider":"fake" """, key)).ShouldBe(201);
        var (id, payment) = (begun["id"], begun["checkout.paymentId"]);
        (begun["status"], begun["entitles"], begun["checkout.status"], begun["checkout.amount.amount"]).ShouldBe(("incomplete", "false", "pending", "1000"));
        begun["checkout.redirectUrl"].ShouldContain($"fcs_{payment}");
        (await Shop.Get(payment))["purpose"].ShouldBe("subscription");
        var free = (await Plans.StartAsync(account, await Plans.PlanAsync(0, "1"))).ShouldBe(201)["id"];
        (await Shop.DecideAsync(payment, FakeDecision.Pay)).ShouldHaveSingleItem().ShouldBeOfType<FactOutcome.Applied>();
        (await Shop.DecideAsync(payment, FakeDecision.Pay)).ShouldHaveSingleItem().ShouldBeOfType<FactOutcome.Unchanged>();
        var active = (await Plans.GetAsync(id)).ShouldBe(200);
        (active["status"], active["period"], active["provider"]).ShouldBe(("active", "1", "fake"));
        (await Plans.GetAsync(free))["status"].ShouldBe("canceled", "what is free gives way");
        await account.ShouldHave(("balance", "101"));
        var again = await Plans.StartAsync(account, plan, ""","provider":"fake" """, key);
        (again.ShouldBe(201).Body, again.Replayed).ShouldBe((begun.Body, true));
        (await Plans.StartAsync(account, plan, ""","provider":"fake" """)).ShouldBe(409, "subscription-exists");

        var renewal = (await Plans.DoAsync(id, "renew")).ShouldBe(200);
        renewal["checkout.paymentId"].ShouldNotBe(payment);
        (await Plans.GetAsync(id))["period"].ShouldBe("1", "the payment renews, not the wish");
        await Plans.RunAsync(Time(active, "currentPeriodEnd"));
        (await Plans.GetAsync(id))["status"].ShouldBe("past_due", "prepaid: who does not pay is past due");
        await Shop.DecideAsync(renewal["checkout.paymentId"], FakeDecision.Pay);
        var renewed = await Plans.GetAsync(id);
        (renewed["status"], renewed["period"], Time(renewed, "currentPeriodStart")).ShouldBe(("active", "2", Time(active, "currentPeriodEnd")));
        (await Shop.Get(payment))["status"].ShouldBe("succeeded");
    }

    [Fact]
    public async Task A_change_that_waits_is_what_the_next_payment_pays()
    {
        var (account, plan, cheaper) = (await Plans.OpenAsync(), await Plans.PlanAsync(), await Plans.PlanAsync(400, "40"));
        var begun = (await Plans.StartAsync(account, plan, ""","provider":"fake" """)).ShouldBe(201);
        await Shop.DecideAsync(begun["checkout.paymentId"], FakeDecision.Pay);
        (await Plans.DoAsync(begun["id"], "change", $$"""{"planId":"{{cheaper}}","when":"period_end"}""")).ShouldBe(200)["scheduledChange.planId"].ShouldBe(cheaper);
        var renewal = (await Plans.DoAsync(begun["id"], "renew")).ShouldBe(200);
        renewal["checkout.amount.amount"].ShouldBe("400");
        await Shop.DecideAsync(renewal["checkout.paymentId"], FakeDecision.Pay);
        (await Plans.GetAsync(begun["id"]))["planId"].ShouldBe(cheaper);
    }

    [Fact]
    public async Task A_repeat_is_answered_as_it_was_whichever_way_it_would_go_now()
    {
        var (account, plan, app) = (await Plans.OpenAsync(), await Plans.PlanAsync(), service.As("app"));
        var id = (await Plans.StartAsync(account, plan)).ShouldBe(201)["id"];
        var key = Subscribing.NewId("k");
        var renewed = (await Plans.DoAsync(id, "renew", key: key)).ShouldBe(200);
        renewed["period"].ShouldBe("2");

        // A payment makes it one that is paid for: the next renewal is a checkout.
        var checkout = (await Shop.CheckoutAsync(account.Id, $"\"kind\":\"plan\",\"id\":\"{plan}\"")).ShouldBe(201);
        await Shop.DecideAsync(checkout["paymentId"], FakeDecision.Pay);
        (await Plans.GetAsync(id))["provider"].ShouldBe("fake");
        (await Plans.Admin.Get($"/v1/subscriptions?accountId={account.Id}&provider=fake")).ShouldBe(200).Data.ShouldHaveSingleItem();
        (await Plans.Admin.Get($"/v1/subscriptions?accountId={account.Id}&provider=manual")).ShouldBe(200).Data.ShouldBeEmpty();
        var again = await Plans.DoAsync(id, "renew", key: key);
        (again.ShouldBe(200).Body, again.Replayed).ShouldBe((renewed.Body, true));
        (await Plans.DoAsync(id, "renew", """{"successUrl":"https://app.example/paid"}""", key)).ShouldBe(422, "idempotency-key-reused");

        // What cost something costs nothing by now.
        var (buyer, sold) = (await Plans.OpenAsync(), await Plans.PlanAsync());
        var begun = (await Plans.StartAsync(buyer, sold, ""","provider":"fake" """, key = Subscribing.NewId("k"), app)).ShouldBe(201);
        (await Plans.Admin.Put($"/v1/plans/{sold}", $$"""{"name":"A gift","tier":"{{sold}}","interval":"month","price":{"amount":0,"currency":"usd"},"creditsPerPeriod":1}""")).ShouldBe(200);
        again = await Plans.StartAsync(buyer, sold, ""","provider":"fake" """, key, app);
        (again.ShouldBe(201).Body, again.Replayed).ShouldBe((begun.Body, true));
        (await Plans.StartAsync(account, plan, ""","provider":"fake" """, key)).ShouldBe(422, "idempotency-key-reused");
        (await app.Post($"/v1/accounts/{ContractService.NewId()}/subscriptions", $$"""{"planId":"{{plan}}"}""")).ShouldBe(403, "forbidden");
    }

    [Fact]
    public async Task A_checkout_of_a_plan_is_the_same_and_one_that_nobody_pays_is_given_up()
    {
        var (account, plan) = (await Plans.OpenAsync(), await Plans.PlanAsync());
        var checkout = (await Shop.CheckoutAsync(account.Id, $"\"kind\":\"plan\",\"id\":\"{plan}\"")).ShouldBe(201);
        var begun = (await account.Get("/subscriptions")).ShouldBe(200);
        (begun["data.0.status"], begun["data.0.planId"]).ShouldBe(("incomplete", plan));
        var run = await Plans.PassAsync(TimeSpan.FromDays(3));
        run.Json.GetProperty("incompleteExpired").GetInt64().ShouldBeGreaterThanOrEqualTo(1);
        (await Plans.GetAsync(begun["data.0.id"]))["status"].ShouldBe("incomplete_expired");
        (await Plans.StartAsync(account, plan)).Status.ShouldBe(201, "it never took the place");
        (await Shop.DecideAsync(checkout["paymentId"], FakeDecision.Pay)).ShouldNotBeEmpty();
        (await Shop.Get(checkout["paymentId"]))["needsAttention"].ShouldBe("true", "money that came too late is never lost");
    }

    [Fact]
    public async Task A_free_plan_is_opened_for_every_account_without_one_and_once()
    {
        var tenant = "b" + Guid.NewGuid().ToString("N")[..12];
        (await Plans.Operator.Put($"/v1/tenants/{tenant}", """{"name":"Backfilled"}""")).ShouldBe(201);
        var key = (await Plans.Operator.Post("/v1/api-keys", $$"""{"name":"a","roles":["admin","app"],"tenantId":"{{tenant}}"}""")).ShouldBe(201).Text("key");
        var admin = service.With(key);
        var accounts = new List<TestAccount>();
        for (var n = 0; n < 12; n++) accounts.Add(await service.OpenAsync(client: admin));
        (await admin.Post($"{accounts[0].Path}/close", "{}")).ShouldBe(200);
        (await Plans.StartAsync(accounts[1], await Plans.PlanAsync(client: admin))).ShouldBe(201);
        var body = $$"""{"tenantId":"{{tenant}}"}""";
        var runs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Plans.Operator.Post("/v1/maintenance/backfill-free", body)));
        runs.Sum(run => run.ShouldBe(200).Json.GetProperty("opened").GetInt64()).ShouldBe(10, "two at once do no harm");
        (await Plans.Operator.Post("/v1/maintenance/backfill-free", body)).ShouldBe(200).ShouldHave("""{ "accounts": 0, "opened": 0, "withoutPlan": 0, "refused": 0, "more": false }""");
        foreach (var account in accounts.Skip(2)) (await account.Get("/subscriptions")).Data.ShouldHaveSingleItem().GetProperty("planId").GetString().ShouldBe("free");
        (await accounts[0].Get("/subscriptions")).Data.ShouldBeEmpty();
        (await Plans.Operator.Post("/v1/maintenance/backfill-free", """{"tenantId":"NO"}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["tenantId"]);
    }
}
