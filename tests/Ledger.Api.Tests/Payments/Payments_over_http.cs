using Ledger.Api.Payments;
using Ledger.Api.Tests.Contract;
using Ledger.Api.Webhooks;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Providers.Fake;

namespace Ledger.Api.Tests.Payments;

[Collection(ContractCollection.Name)]
public sealed class Payments_over_http(ContractService service)
{
    private Purchaser Shop => new(service);

    private static PaymentTold Reported(string account, string intent, string credits = "7.5", long amount = 700, string? tenant = "default") => new()
    {
        Provider = "stripe",
        Refs = new() { PaymentIntentId = intent },
        Marks = new(tenant, account, null, credits),
        Status = PaymentStatus.Succeeded,
        Amount = new Money(amount, "usd"),
    };

    private static string NewIntent() => "pi_" + Guid.NewGuid().ToString("N");

    [Fact]
    public async Task A_refund_says_beforehand_what_it_would_do_then_does_it_and_answers_the_same_for_ever()
    {
        var account = await Shop.OpenAsync();
        var payment = await Shop.BuyAsync(account);
        var dry = await Shop.Client.Post($"/v1/payments/{payment}/refund?dryRun=true", """{"amount":500,"reason":"returned"}""");
        (dry.ShouldBe(200)["dryRun"], dry["creditsRevoked"], dry["refund.status"]).ShouldBe(("true", "5", "pending"));
        await account.ShouldHave(("balance", "15"));
        const string body = """{"amount":500,"reason":"returned"}""";
        var key = Guid.NewGuid().ToString();
        var refund = await Shop.Client.Post($"/v1/payments/{payment}/refund", body, key);
        (refund.ShouldBe(201)["status"], refund["refund.status"], refund["amountRefunded.amount"], refund["creditsRevoked"]).ShouldBe(("partially_refunded", "pending", "500", "5"));
        var again = await Shop.Client.Post($"/v1/payments/{payment}/refund", body, key);
        (again.ShouldBe(201).Replayed, again["refund.id"], again["refund.status"], again["version"]).ShouldBe((true, refund["refund.id"], "pending", refund["version"]));
        (await Shop.Get(payment))["refunds.0.status"].ShouldBe("succeeded", "the provider was asked by the request");
        await account.ShouldHave(("balance", "10"), ("totals.revoked", "5"));
        (await Shop.Client.Post($"/v1/payments/{payment}/refund", """{"amount":{"amount":1001,"currency":"usd"},"reason":"r"}""")).ShouldBe(409, "already-refunded")["left"].ShouldBe("""{"amount":1000,"currency":"usd"}""");
        (await Shop.Client.Post($"/v1/payments/{payment}/refund", """{"amount":{"amount":1,"currency":"eur"},"reason":"r"}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["amount.currency"]);
        (await Shop.Client.Post($"/v1/payments/{payment}/refund", """{"amount":0}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["amount", "reason"]);
        (await account.Consume("8")).ShouldBe(201);
        (await Shop.Client.Post($"/v1/payments/{payment}/refund", """{"reason":"all"}""")).ShouldBe(409, "not-refundable")["state"].ShouldBe("partially_refunded");
        (await Shop.Client.Post($"/v1/payments/{payment}/refund", """{"amount":100,"reason":"kept","revokeCredits":false}""")).ShouldBe(201)["creditsRevoked"].ShouldBe("5");
        (await Shop.Client.Post($"/v1/payments/{payment}/refund", """{"reason":"all","allowDebt":true}""")).ShouldBe(201)["status"].ShouldBe("refunded");
        await account.ShouldHave(("balance", "-7"), ("debt", "7"));
        (await Shop.Client.Post($"/v1/payments/{payment}/refund", """{"reason":"more"}""")).ShouldBe(409, "already-refunded");
        (await Shop.Client.Post("/v1/payments/pay_0/refund", """{"reason":"r"}""")).ShouldBe(404, "not-found");
        (await Shop.Client.Post($"/v1/payments/{PaymentId.Of(77)}/refund", """{"reason":"r"}""")).ShouldBe(404, "not-found");
    }

    [Fact]
    public async Task A_dispute_freezes_what_is_left_and_a_lost_one_revokes_it_with_the_rest_as_a_shortfall()
    {
        var account = await Shop.OpenAsync();
        var payment = await Shop.BuyAsync(account);
        (await account.Consume("5")).ShouldBe(201);
        await Shop.DecideAsync(payment, FakeDecision.Dispute);
        await account.ShouldHave(("balance", "10"), ("frozen", "10"), ("available", "0"));
        (await account.Consume("1")).ShouldBe(402);
        (await Shop.Client.Post($"/v1/payments/{payment}/refund", """{"reason":"r"}""")).ShouldBe(409, "not-refundable")["state"].ShouldBe("disputed");
        await Shop.DecideAsync(payment, FakeDecision.LoseDispute);
        await account.ShouldHave(("balance", "0"), ("frozen", "0"), ("totals.revoked", "10"));
        var read = await Shop.Get(payment);
        (read["status"], read["creditsRevoked"], read["shortfall"], read["disputes.0.status"]).ShouldBe(("dispute_lost", "10", "5", "lost"));
        read.Json.GetProperty("history").EnumerateArray().Select(step => step.GetProperty("status").GetString()).ShouldBe(["pending", "succeeded", "disputed", "dispute_lost"]);
    }

    [Fact]
    public async Task A_tenant_that_allows_debt_gets_it_where_a_provider_tells_of_a_refund()
    {
        var shop = new Purchaser(service, "other");
        (await shop.Client.Put("/v1/settings", """{"allowDebtOnProviderRefund":true}""")).ShouldBe(200)["allowDebtOnProviderRefund"].ShouldBe("true");
        var account = await shop.OpenAsync();
        var payment = await shop.BuyAsync(account);
        (await account.Consume("12")).ShouldBe(201);
        await shop.DecideAsync(payment, FakeDecision.Refund);
        await account.ShouldHave(("balance", "-12"), ("debt", "12"));
        (await shop.Get(payment))["shortfall"].ShouldBe("0");
        (await shop.Client.Put("/v1/settings", """{"allowDebtOnProviderRefund":false}""")).ShouldBe(200);
    }

    [Fact]
    public async Task A_payment_that_no_checkout_began_is_one_whatever_tells_of_it_first()
    {
        var account = await Shop.OpenAsync();
        var intent = NewIntent();
        var told = Reported(account.Id, intent);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => Shop.TellAsync(n % 2 == 0 ? told : told with { Refs = new() { PaymentIntentId = intent, ChargeId = "ch_" + intent } })));
        outcomes.Count(outcome => outcome is FactOutcome.Applied { Changes: var changes } && changes.Contains("payment_reported")).ShouldBe(1);
        outcomes.ShouldAllBe(outcome => outcome is FactOutcome.Applied || outcome is FactOutcome.Unchanged);
        await account.ShouldHave(("balance", "7.5"));
        var list = await Shop.Client.Get($"/v1/payments?accountId={account.Id}");
        var payment = list.ShouldBe(200).Data.ShouldHaveSingleItem().GetProperty("id").GetString()!;
        (await Shop.TellAsync(new RefundTold { Provider = "stripe", Refs = new() { ChargeId = "ch_" + intent }, RefundId = "re_" + intent, Amount = new(700, "usd"), Status = RefundStatus.Succeeded })).ShouldBeOfType<FactOutcome.Applied>().PaymentId.ShouldBe(payment, "a charge leads to it");
        await account.ShouldHave(("balance", "0"));
        (await Shop.TellAsync(Reported(ContractService.NewId(), NewIntent()))).ShouldBeOfType<FactOutcome.Waits>();
        (await Shop.TellAsync(Reported(account.Id, NewIntent(), tenant: "other"))).ShouldBeOfType<FactOutcome.Refused>().Reason.ShouldContain("other");
        (await Shop.TellAsync(Reported(account.Id, NewIntent(), "lots"))).ShouldBeOfType<FactOutcome.Refused>().Reason.ShouldContain("ledger_credits");
        (await Shop.TellAsync(new IgnoredFact("a type that nobody needs") { Provider = "stripe" })).ShouldBeOfType<FactOutcome.Unchanged>();
    }

    [Fact]
    public async Task Money_that_was_not_asked_for_is_kept_as_failed_and_found_by_who_looks_for_what_needs_attention()
    {
        var account = await Shop.OpenAsync();
        var checkout = (await Shop.CheckoutAsync(account.Id)).ShouldBe(201);
        var id = checkout["paymentId"];
        var told = new PaymentTold { Provider = "fake", Marks = new("default", account.Id, id), Status = PaymentStatus.Succeeded, Amount = new Money(1, "usd") };
        foreach (var _ in new[] { 1, 2 }) (await Shop.TellAsync(told)).ShouldBeOfType<FactOutcome.Refused>().Reason.ShouldContain("1 usd was paid, and 1500 usd was asked");
        var read = await Shop.Get(id);
        (read["status"], read["needsAttention"]).ShouldBe(("failed", "true"));
        await account.ShouldHave(("balance", "0"));
        (await Shop.Client.Get($"/v1/payments?needsAttention=true&accountId={account.Id}")).Data.Count().ShouldBe(1);
        (await Shop.Client.Get($"/v1/payments?needsAttention=false&accountId={account.Id}")).Data.ShouldBeEmpty();
        await Shop.DecideAsync(id, FakeDecision.Pay);
        await account.ShouldHave(("balance", "15"));
        (await Shop.Client.Get($"/v1/payments?needsAttention=true&accountId={account.Id}")).Data.ShouldBeEmpty();

        var closed = await Shop.OpenAsync();
        var paid = (await Shop.CheckoutAsync(closed.Id)).ShouldBe(201)["paymentId"];
        (await closed.Post("close", "{}")).ShouldBe(200);
        await Shop.DecideAsync(paid, FakeDecision.Pay);
        (await Shop.Client.Get($"/v1/payments?needsAttention=true&accountId={closed.Id}")).Data.ShouldHaveSingleItem().GetProperty("status").GetString().ShouldBe("succeeded");
    }

    [Fact]
    public async Task Lists_filter_and_page_and_a_user_sees_its_own_payments_alone()
    {
        var owner = "u" + Guid.NewGuid().ToString("N");
        var account = new TestAccount(Shop.Client, ContractService.NewId());
        (await account.Client.Put(account.Path, $$"""{"owner":{"kind":"user","id":"{{owner}}"} }""")).ShouldBe(201);
        var first = await Shop.BuyAsync(account);
        var second = (await Shop.CheckoutAsync(account.Id)).ShouldBe(201)["paymentId"];
        async Task<IEnumerable<string?>> Ids(string query, Client? client = null) => (await (client ?? Shop.Client).Get($"/v1/payments?accountId={account.Id}{query}")).ShouldBe(200).Data.Select(p => p.GetProperty("id").GetString()).ToList();
        (await Ids("")).ShouldBe([second, first]);
        (await Ids("&status=pending")).ShouldBe([second]);
        (await Ids("&status=succeeded&provider=fake&purpose=credits&from=2020-01-01T00:00:00Z")).ShouldBe([first]);
        (await Ids("&provider=stripe")).ShouldBeEmpty();
        (await Ids("&to=2020-01-01T00:00:00Z")).ShouldBeEmpty();
        var page = await Shop.Client.Get($"/v1/payments?accountId={account.Id}&limit=1");
        (await Shop.Client.Get($"/v1/payments?accountId={account.Id}&limit=1&cursor={page["nextCursor"]}"))["data.0.id"].ShouldBe(first);
        (await Shop.Client.Get("/v1/payments?status=paid&from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z&x=1")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["status", "to", "x"]);
        var (user, stranger) = (service.AsUser(owner), service.AsUser("u_1"));
        (await Ids("", user)).ShouldBe([second, first]);
        (await Ids("", stranger)).ShouldBeEmpty();
        (await user.Get($"/v1/payments/{first}")).ShouldBe(200);
        (await stranger.Get($"/v1/payments/{first}")).ShouldBe(404, "not-found");
        (await service.As("other:admin").Get($"/v1/payments/{first}")).ShouldBe(404, "not-found");
        (await user.Post($"/v1/payments/{first}/refund", """{"reason":"r"}""")).ShouldBe(403, "forbidden");
    }

    [Fact]
    public async Task What_stands_in_the_events_of_payments_is_what_verification_makes_of_them()
    {
        var account = await Shop.OpenAsync();
        var payment = await Shop.BuyAsync(account);
        (await Shop.Client.Post($"/v1/payments/{payment}/refund", """{"amount":100,"reason":"r"}""")).ShouldBe(201);
        await using var source = Ledger.EventStore.StoreConnections.Readers(service.ConnectionString, TimeSpan.FromMinutes(1));
        var report = await Ledger.Api.Verification.VerificationServices.Verification(source).RunAsync(new Ledger.EventStore.Verification.VerificationOptions { ReadModels = false });
        report.First.Select(finding => finding.ToString()).Where(finding => finding.Contains("payment/", StringComparison.Ordinal) || finding.Contains("the fact", StringComparison.Ordinal) || finding.Contains("package/", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_somebody_has_looked_at_is_resolved_once_with_a_reason_that_its_history_shows()
    {
        var account = await Shop.OpenAsync();
        var payment = (await Shop.CheckoutAsync(account.Id)).ShouldBe(201)["paymentId"];
        var path = $"/v1/payments/{payment}/resolve";
        (await Shop.Client.Post(path, """{"reason":"r"}""")).ShouldBe(409, "conflict")["state"].ShouldBe("pending");
        await Shop.TellAsync(Reported(account.Id, NewIntent()) with { Provider = "fake", Marks = new("default", account.Id, payment, null), Amount = new Money(1400, "usd") });
        (await Shop.Get(payment))["needsAttention"].ShouldBe("true");
        (await Shop.Client.Post(path, "{}")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["reason"]);
        foreach (var who in new[] { "reader", "analyst" }) (await service.As(who).Post(path, """{"reason":"r"}""")).ShouldBe(403, "forbidden");

        var key = Guid.NewGuid().ToString();
        var resolved = await Shop.Client.Post(path, """{"reason":"refunded by hand"}""", key);
        (resolved.ShouldBe(200)["status"], resolved["needsAttention"]).ShouldBe(("failed", "false"));
        (await Shop.Client.Post(path, """{"reason":"refunded by hand"}""", key)).ShouldBe(200).Replayed.ShouldBeTrue();
        (await Shop.Client.Post(path, """{"reason":"again"}""")).ShouldBe(409, "conflict")["state"].ShouldBe("failed");
        (await Shop.Client.Get($"/v1/payments?needsAttention=true&accountId={account.Id}")).Data.ShouldBeEmpty();
        var history = (await Shop.Get(payment)).Json.GetProperty("history").EnumerateArray().ToList();
        history.Select(one => one.GetProperty("status").GetString()).ShouldBe(["pending", "failed", "failed"]);
        history[^1].GetProperty("resolved").GetString().ShouldBe("refunded by hand");
        (await Shop.Client.Post("/v1/payments/pay_0/resolve", """{"reason":"r"}""")).ShouldBe(404, "not-found");
    }
}
