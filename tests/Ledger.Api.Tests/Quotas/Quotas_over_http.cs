using System.Globalization;
using Ledger.Api.Tests.Contract;
using Ledger.Api.Tests.Payments;
using Ledger.Api.Tests.Subscriptions;
using Run = Ledger.Api.Tests.Reliability.Run;

namespace Ledger.Api.Tests.Quotas;

/// <summary>Usage, quotas, alerts and top-ups by request, on a service whose clock is theirs.</summary>
public sealed class Quotas_over_http(ContractService service) : IClassFixture<ContractService>
{
    private Subscribing Plans => new(service);

    private static Task<Reply> Use(TestAccount account, string metric, string quantity, string more = "", string? key = null) => account.Post("usage", $$"""{"metric":"{{metric}}","quantity":{{quantity}}{{more}}}""", key);

    private static Task<Reply> Limit(TestAccount account, string metric, string limit) => account.Client.Put($"{account.Path}/quotas/{metric}", $$"""{"limit":{{limit}}}""");

    // One account of a tenant has a provider's method.
    private static async Task KeepAsync(TestAccount account, string method) =>
        (await account.Client.Put(account.Path + "/payment-methods", $$"""{"provider":"fake","providerMethodId":"{{method}}","type":"card","default":true}""")).Status.ShouldBeInRange(200, 201);

    private static Task<Reply> Quota(TestAccount account, string metric) => account.Get("/quotas/" + metric);

    [Fact]
    public async Task Of_1000_posts_at_once_against_a_limit_of_100_exactly_100_pass()
    {
        var account = await service.OpenAsync();
        (await Limit(account, "exports", "100")).ShouldBe(200);
        var replies = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(_ => Use(account, "exports", "1", ""","enforce":true""")));
        replies.Count(reply => reply.Status == 201).ShouldBe(100);
        foreach (var refused in replies.Where(reply => reply.Status != 201))
        {
            refused.ShouldBe(409, "quota-exceeded");
            (refused["limit"], refused["used"], refused["remaining"], refused["metric"]).ShouldBe(("100", "100", "0", "exports"));
        }

        (await Quota(account, "exports"))["used"].ShouldBe("100");
        replies.Where(reply => reply.Status == 201).Select(reply => reply["quota.used"]).Distinct().Count().ShouldBe(100, "each was decided on what the one before it left");
        var history = (await account.Get("/quotas/exports/history")).ShouldBe(200).Data.ToList();
        history.Sum(day => day.GetProperty("posts").GetInt64()).ShouldBe(100);
    }

    [Fact]
    public async Task A_post_answers_with_the_quota_and_a_repeat_as_then()
    {
        var account = await service.OpenAsync();
        var key = Subscribing.NewId("k");
        var first = (await Use(account, "exports", "2.5", ""","category":"pdf","metadata":{"a":"1"}""", key)).ShouldBe(201);
        first.ShouldHave($$"""
            { "accountId": "{{account.Id}}", "version": 1, "metric": "exports", "quantity": 2.5, "mode": "add", "category": "pdf", "counted": true, "occurredAt": "<time>", "recordedAt": "<time>", "metadata": { "a": "1" },
              "quota": { "metric": "exports", "kind": "counter", "used": 2.5, "resetsAt": "<time>" } }
            """);
        await Use(account, "exports", "1");
        var again = (await Use(account, "exports", "2.50", ""","metadata":{"a":"1"},"category":"pdf","mode":null""", key)).ShouldBe(201);
        (again.Body, again.Replayed).ShouldBe((first.Body, true));
        (await Use(account, "exports", "3", key: key)).ShouldBe(422, "idempotency-key-reused");
        (await account.Post("usage", """{"metric":"exports","quantity":1}""", Client.NoKey)).ShouldBe(400, "idempotency-key-missing");
        (await account.Post("usage", """{"metric":"Ex ports","mode":"sum"}""")).ShouldBe(400, "invalid-request");
        (await account.Post("usage", """{"metric":"Ex ports"}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["metric", "quantity"]);
        (await Use(account, "exports", "-1")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["quantity"]);
        (await service.Admin.Post($"/v1/accounts/{ContractService.NewId()}/usage", """{"metric":"exports","quantity":1}""")).ShouldBe(404, "account-not-found");
        (await account.Get("/quotas")).Data.Select(quota => quota.GetProperty("metric").GetString()).ShouldBe(["ai_credits", "api_calls", "exports"]);
        var page = await account.Get("/quotas?limit=2");
        (await account.Get($"/quotas?limit=2&cursor={page.Text("nextCursor")}")).Data.Single().GetProperty("categories").GetProperty("pdf").GetDecimal().ShouldBe(2.5m);
        (await Quota(account, "exports?need=1000000"))["allowed"].ShouldBe("true", "there is no limit");
    }

    [Fact]
    public async Task Limits_are_those_of_the_live_subscriptions_plan_and_counters_reset_with_its_period()
    {
        var account = await service.OpenAsync();
        await account.Grant("1000");
        var plan = await Plans.PlanAsync(price: 0, credits: "0", more: ""","limits":{"exports":10,"users":3,"storage_mb":1,"ai_credits":50}""");
        var subscription = (await Plans.StartAsync(account, plan)).ShouldBe(201);
        var end = subscription["currentPeriodEnd"];
        (await Use(account, "exports", "8", ""","enforce":true""")).ShouldBe(201);
        await Use(account, "users", "3", ""","mode":"set" """);
        await Use(account, "storage_bytes", "786432", ""","mode":"set","category":"attachments" """);
        (await account.Consume("20")).ShouldBe(201);
        (await account.Consume("5")).ShouldBe(201);
        var used = await Quota(account, "exports?need=3");
        (used["allowed"], used["used"], used["limit"], used["remaining"], used["resetsAt"]).ShouldBe(("false", "8", "10", "2", end));
        (await Quota(account, "exports?need=2"))["allowed"].ShouldBe("true");
        (await Quota(account, "storage_mb?need=0.25")).ShouldHave("""{ "metric": "storage_mb", "kind": "gauge", "used": 0.75, "limit": 1, "remaining": 0.25, "categories": { "attachments": 0.75 }, "allowed": true }""");
        (await Use(account, "storage_mb", "0.3", ""","enforce":true""")).ShouldBe(409, "quota-exceeded")["remaining"].ShouldBe("0.25");
        (await Quota(account, "ai_credits?need=26")).ShouldSatisfyAllConditions(quota => quota["used"].ShouldBe("25"), quota => quota["allowed"].ShouldBe("false"));
        (await Quota(account, "api_calls"))["used"].ShouldBe("2");

        await Plans.RunAsync(DateTimeOffset.Parse(end, CultureInfo.InvariantCulture));
        (await Quota(account, "exports")).ShouldSatisfyAllConditions(quota => quota["used"].ShouldBe("0"), quota => quota["resetsAt"].ShouldNotBe(end));
        (await Quota(account, "ai_credits"))["used"].ShouldBe("0");
        (await Quota(account, "users"))["used"].ShouldBe("3");
        (await Use(account, "exports", "10", ""","enforce":true""")).ShouldBe(201);
        (await Use(account, "exports", "1", ""","enforce":true""")).ShouldBe(409, "quota-exceeded");
        // Late news of the period before are kept, and take nothing of this one.
        var late = (await Use(account, "exports", "4", $$""","occurredAt":"{{DateTimeOffset.Parse(end, CultureInfo.InvariantCulture).AddDays(-2).UtcDateTime:O}}","enforce":true""")).ShouldBe(201);
        (late["counted"], late["quota.used"]).ShouldBe(("false", "10"));
        var days = (await account.Get("/quotas/exports/history")).Data.ToList();
        days.Select(day => day.GetProperty("added").GetDecimal()).ShouldBe([10, 4, 8]);
        (await account.Get($"/quotas/exports/history?from={days[0].GetProperty("day").GetString()}T00:00:00Z")).Data.Count().ShouldBe(1);
        await service.QueryAsync<long>("select 1::bigint");
    }

    [Fact]
    public async Task A_limit_of_the_accounts_own_is_an_administrators_and_goes_away_with_null()
    {
        var account = await service.OpenAsync();
        (await service.As("app").Put($"{account.Path}/quotas/users", """{"limit":5}""")).ShouldBe(403, "forbidden");
        (await Limit(account, "users", "5")).ShouldHave("""{ "metric": "users", "kind": "gauge", "used": 0, "limit": 5, "remaining": 5, "overridden": true }""");
        (await Use(account, "users", "6", ""","enforce":true""")).ShouldBe(409, "quota-exceeded");
        (await Use(account, "users", "6")).ShouldBe(201)["quota.remaining"].ShouldBe("0");
        (await Use(account, "users", "-7")).ShouldBe(409, "conflict");
        (await account.Client.Put($"{account.Path}/quotas/users", "{}")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["limit"]);
        (await Quota(account, "users"))["limit"].ShouldBe("5", "what was left out takes nothing away");
        (await Limit(account, "users", "null")).ShouldHave("""{ "metric": "users", "kind": "gauge", "used": 6 }""");
        (await Limit(account, "users", "-1")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["limit"]);
        (await Limit(account, "us*ers", "1")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["metric"]);
    }

    [Fact]
    public async Task Bytes_are_taken_and_answered_as_exactly_as_a_long_holds_them()
    {
        var account = await service.OpenAsync();
        var plan = await Plans.PlanAsync(price: 0, credits: "0", more: ""","limits":{"storage_bytes":9223372036854775807}""");
        (await Plans.StartAsync(account, plan)).ShouldBe(201);
        var key = Subscribing.NewId("k");
        var first = (await Use(account, "storage_bytes", "9223372036854775806", ""","mode":"set","enforce":true""", key)).ShouldBe(201);
        (first["quantity"], first["quota.used"], first["quota.remaining"]).ShouldBe(("9223372036854775806", "9223372036854775806", "1"));
        (await Use(account, "storage_bytes", "\"9223372036854775806\"", ""","mode":"set","enforce":true""", key)).ShouldBe(201).Body.ShouldBe(first.Body);
        (await Use(account, "storage_bytes", "1", ""","enforce":true""")).ShouldBe(201);
        (await Quota(account, "storage_bytes?need=9223372036854775807")).ShouldSatisfyAllConditions(quota => quota["used"].ShouldBe("9223372036854775807"), quota => quota["allowed"].ShouldBe("false"));
        (await account.Get("/quotas/storage_bytes/history")).Data.Single().GetProperty("used").GetDecimal().ShouldBe(9223372036854775807m);
        (await Use(account, "storage_bytes", "9223372036854775808", ""","mode":"set" """)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["quantity"]);
        (await Limit(account, "storage_mb", "8796093022208")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["limit"]);
        (await account.Post("grants", """{"amount":1000000000001,"source":"bonus"}""")).ShouldBe(400, "invalid-request"); // credits stay what they were
    }

    [Fact]
    public async Task Access_and_limits_end_with_their_time_though_no_worker_came_by()
    {
        var (trying, passing) = (await service.OpenAsync(), await service.OpenAsync());
        var trial = await Plans.PlanAsync(trialDays: 14, more: ""","limits":{"exports":10}""");
        var pass = await Plans.PlanAsync(interval: "fixed", more: ""","termDays":14,"limits":{"exports":10}""");
        (await Plans.StartAsync(trying, trial)).ShouldBe(201)["status"].ShouldBe("trialing");
        var started = (await Plans.StartAsync(passing, pass)).ShouldBe(201);
        var product = Subscribing.NewId();
        (await service.Admin.Put($"/v1/products/{product}", """{"name":"Workshop","kind":"workshop","price":null}""")).ShouldBe(201);
        async Task<(string?, string?, int)> SeenAsync(TestAccount account) =>
            ((await account.Get($"/access?product={product}"))["access"], (await Quota(account, "exports?need=20"))["allowed"], (await Use(account, "exports", "20", ""","enforce":true""")).Status);
        (await SeenAsync(trying), await SeenAsync(passing)).ShouldBe((("true", "false", 409), ("true", "false", 409)));
        try
        {
            // A run that an operator asked for is under way: no worker settles anything.
            await service.QueryAsync<string>("update ledger.maintenance_turn set holder = 'a test', until = now() + interval '1 minute' returning holder");
            await service.QueryAsync<object>("update ledger.clock set shift = shift + interval '14 days' returning shift");
            (await SeenAsync(trying), await SeenAsync(passing)).ShouldBe((("false", "true", 201), ("false", "true", 201)));
            (await Plans.GetAsync(started["id"]))["status"].ShouldBe("active", "nobody has written it down");
            (await service.Admin.Get(passing.Path + "/profile"))["planTier"].ShouldBe("free");
        }
        finally
        {
            await service.QueryAsync<object>("update ledger.maintenance_turn set holder = null, until = '-infinity' returning until");
        }

        await Plans.RunAsync();
        (await Plans.GetAsync(started["id"]))["status"].ShouldBe("expired");
    }

    [Fact]
    public async Task Prices_in_several_currencies_are_never_compared()
    {
        var account = await service.OpenAsync();
        foreach (var (id, price) in new[] { ("odd-usd", """{"amount":900,"currency":"usd"}"""), ("odd-idr", """{"amount":100,"currency":"idr"}""") })
            (await service.Admin.Put($"/v1/packages/{id}", $$"""{"name":"Odd","price":{{price}},"creditAmount":7919}""")).Status.ShouldBeOneOf(200, 201);
        var path = account.Path + "/auto-topup";
        var refused = (await account.Client.Put(path, """{"threshold":10,"amount":7919}""")).ShouldBe(400, "invalid-request");
        (refused.WrongMembers.Single(), refused.Body.Contains("several currencies", StringComparison.Ordinal)).ShouldBe(("amount", true));
        (await account.Client.Put(path, """{"threshold":10,"amount":7919,"enabled":false}""")).ShouldBe(200)["enabled"].ShouldBe("false", "what is turned off needs no price");
        var paid = await service.OpenAsync();
        await new Purchaser(service).BuyAsync(paid);
        (await paid.Client.Put(paid.Path + "/auto-topup", """{"threshold":1,"amount":7919}""")).ShouldBe(200)["price.currency"].ShouldBe("usd", "that is what the account paid in");
        (await account.Client.Put(path, """{"threshold":10,"amount":{"amount":1800,"currency":"usd"}}""")).ShouldBe(200);
        (await account.Client.Put(path, """{"threshold":10,"item":"odd-idr"}""")).ShouldBe(200)["price.currency"].ShouldBe("idr");
        (await account.Client.Put(path, """{"threshold":10,"amount":7919}""")).ShouldBe(200).ShouldSatisfyAllConditions(set => set["price.currency"].ShouldBe("idr", "that is what was agreed on so far"), set => set["item.id"].ShouldBe("odd-idr"));
        (await service.Admin.Put("/v1/packages/odd-eur", """{"name":"Odd","price":{"amount":700,"currency":"eur"},"creditAmount":7907}""")).Status.ShouldBeOneOf(200, 201);
        (await account.Client.Put(path, """{"threshold":10,"item":"odd-eur"}""")).ShouldBe(200)["price.currency"].ShouldBe("eur");
        (await account.Client.Put(path, """{"threshold":10,"amount":7919}""")).ShouldBe(400, "invalid-request");
        (await account.Client.Put(path, """{"threshold":10,"amount":7919,"enabled":false}""")).ShouldBe(200).ShouldSatisfyAllConditions(off => off["enabled"].ShouldBe("false"), off => off["item.id"].ShouldBe("odd-eur"));
        foreach (var id in new[] { "odd-usd", "odd-idr", "odd-eur" }) (await service.Admin.Send(HttpMethod.Delete, $"/v1/packages/{id}", null, null)).Status.ShouldBeInRange(200, 204);
    }

    [Fact]
    public async Task Alerts_are_raised_by_what_crosses_them_listed_and_left_in_the_outbox_once()
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        (await account.Client.Put(account.Path + "/alerts", """{"lowBalance":[20,50],"quotaPercent":[80]}""")).ShouldHave("""{ "lowBalance": [50, 20], "quotaPercent": [80], "data": [], "nextCursor": null }""");
        await Limit(account, "exports", "10");
        await Use(account, "exports", "9");
        await account.Consume("60");
        await Run.UntilAsync(async () => (await account.Get("/alerts")).Data.Count() == 2, TimeSpan.FromSeconds(10), "both alerts are raised");
        var alerts = (await account.Get("/alerts?limit=1")).ShouldBe(200);
        alerts.ShouldHave("""{ "lowBalance": [50, 20], "quotaPercent": [80], "data": [{ "id": "<any>", "kind": "low_balance", "threshold": 50, "value": 40, "raisedAt": "<time>" }], "nextCursor": "<any>" }""");
        (await account.Get($"/alerts?limit=1&cursor={alerts.Text("nextCursor")}")).Data.Single().ShouldSatisfyAllConditions(
            alert => alert.GetProperty("metric").GetString().ShouldBe("exports"), alert => alert.GetProperty("percent").GetInt32().ShouldBe(80), alert => alert.GetProperty("threshold").GetDecimal().ShouldBe(8));
        await account.Grant("16");
        await Run.UntilAsync(async () => (await account.Get("/alerts")).Json.GetProperty("data")[0].TryGetProperty("clearedAt", out _), TimeSpan.FromSeconds(10), "the alert is cleared");
        (await service.QueryAsync<string>($"select string_agg(topic || ' ' || (payload->>'value'), ', ' order by position) from ledger.outbox where payload->>'accountId' = '{account.Id}'")).ShouldBe("alert.quota 9, alert.low_balance 40");
        (await account.Client.Put(account.Path + "/alerts", """{"lowBalance":[0]}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["lowBalance"]);
        (await service.As("reader").Put(account.Path + "/alerts", "{}")).ShouldBe(403, "forbidden");
    }

    [Fact]
    public async Task Auto_top_up_charges_the_kept_method_once_and_the_credits_come()
    {
        var account = await service.OpenAsync();
        (await account.Get("/auto-topup")).ShouldHave($$"""{ "accountId": "{{account.Id}}", "enabled": false, "thisMonth": 0, "failures": 0 }""");
        var none = (await account.Client.Put(account.Path + "/auto-topup", """{"threshold":10,"amount":10}""")).ShouldBe(200);
        (none["item.id"], none["item.quantity"], none["price.amount"], none["amount"], none["failures"]).ShouldBe(("small", "2", "1000", "10", "1"));
        none["reason"].ShouldContain("no saved payment method");

        await new Purchaser(service).BuyAsync(account);
        await KeepAsync(account, Subscribing.NewId("fpm_"));
        var set = (await account.Client.Put(account.Path + "/auto-topup", """{"threshold":10,"item":"large","maxPerMonth":3,"cooldownMinutes":0}""")).ShouldBe(200);
        (set["enabled"], set["failures"], set["thisMonth"], set["item.id"]).ShouldBe(("true", "0", "0", "large"));
        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => account.Consume("1")));
        await Run.UntilAsync(async () => (await account.Get())["available"] == "33", TimeSpan.FromSeconds(15), "30 credits are bought once 9 or less are there");
        var payments = (await service.Admin.Get($"/v1/payments?accountId={account.Id}")).Data.ToList();
        payments.Count.ShouldBe(2);
        (payments[0].GetProperty("status").GetString(), payments[0].GetProperty("amount").GetProperty("amount").GetInt64(), payments[0].GetProperty("metadata").GetProperty("autoTopup").GetString()).ShouldBe(("succeeded", 3000, "1"));
        await service.PassAsync(TimeSpan.FromMinutes(1));
        await Run.UntilAsync(async () => !(await account.Get("/auto-topup")).Json.TryGetProperty("pendingPaymentId", out _), TimeSpan.FromSeconds(10), "the top-up is known to be paid");
        (await account.Get("/auto-topup"))["thisMonth"].ShouldBe("1");
        await account.Consume("25");
        await Run.UntilAsync(async () => (await account.Get())["available"] == "38", TimeSpan.FromSeconds(15), "it is armed again");
        var off = (await account.Client.Put(account.Path + "/auto-topup", """{"enabled":false}""")).ShouldBe(200);
        (off["enabled"], off["item.id"], off["threshold"]).ShouldBe(("false", "large", "10"));
    }

    [Fact]
    public async Task A_decline_backs_off_and_says_why()
    {
        var account = await service.OpenAsync();
        await new Purchaser(service).BuyAsync(account);
        await KeepAsync(account, "fpm_declined");
        (await account.Client.Put(account.Path + "/auto-topup", """{"threshold":100,"item":"small"}""")).ShouldBe(200)["thisMonth"].ShouldBe("1");
        await Run.UntilAsync(async () => (await service.Admin.Get($"/v1/payments?accountId={account.Id}&status=failed")).Data.Count() == 1, TimeSpan.FromSeconds(10), "the charge is declined");
        await service.PassAsync(TimeSpan.FromMinutes(1));
        await Run.UntilAsync(async () => (await account.Get("/auto-topup"))["failures"] == "1", TimeSpan.FromSeconds(10), "the decline is known");
        var now = await account.Get("/auto-topup");
        (now["thisMonth"], now["reason"]).ShouldBe(("0", "card_declined"));
        now["nextTryAt"].ShouldNotBeEmpty();
        await account.ShouldHave(("available", "15"));
    }

    [Fact]
    public async Task States_read_models_and_due_times_follow_from_the_events_alone()
    {
        var account = await service.OpenAsync();
        await account.Grant("20");
        await account.Client.Put(account.Path + "/alerts", """{"lowBalance":[15,5]}""");
        (await account.Client.Put(account.Path + "/auto-topup", """{"threshold":10,"item":"small"}""")).ShouldBe(200);
        await Limit(account, "storage_mb", "1");
        for (var i = 0; i < 4; i++)
        {
            await Use(account, "storage_bytes", "300000", $$""","category":"c{{i}}" """);
            await Use(account, "exports", "1.5", $$""","occurredAt":"{{await Plans.NowAsync() - TimeSpan.FromDays(i):O}}" """);
            (await account.Consume("4.5")).ShouldBe(201);
        }

        await Run.UntilAsync(async () => (await account.Get("/auto-topup"))["failures"] == "1", TimeSpan.FromSeconds(10), "there is nothing to charge");
        var connection = new Npgsql.NpgsqlConnectionStringBuilder(service.ConnectionString) { CommandTimeout = 0 };
        await using var source = Npgsql.NpgsqlDataSource.Create(connection.ConnectionString);
        var report = await Ledger.Api.Verification.VerificationServices.Verification(source).RunAsync(new Ledger.EventStore.Verification.VerificationOptions());
        report.First.Select(finding => finding.ToString()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Auto_top_up_settings_are_checked()
    {
        var account = await service.OpenAsync();
        Task<Reply> Put(string body) => account.Client.Put(account.Path + "/auto-topup", body);
        (await Put("{}")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["item", "threshold"]);
        (await Put("""{"threshold":1,"item":"small","amount":5}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["item"]);
        (await Put("""{"threshold":1,"item":{"kind":"plan","id":"small"}}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["item.kind"]);
        (await Put("""{"threshold":1,"item":"small","maxPerMonth":0,"cooldownMinutes":-1,"provider":"nobody"}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["cooldownMinutes", "maxPerMonth", "provider"]);
        (await Put("""{"threshold":1,"item":"nothing-here"}""")).ShouldBe(404, "not-found");
        (await Put("""{"threshold":1,"amount":7}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["amount"]);
        (await Put("""{"threshold":1,"amount":{"amount":3000,"currency":"usd"},"enabled":false}""")).ShouldSatisfyAllConditions(reply => reply["item.id"].ShouldBe("large"), reply => reply["amount.amount"].ShouldBe("3000"), reply => reply["enabled"].ShouldBe("false"));
    }
}
