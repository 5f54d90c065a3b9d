using Ledger.Api.Payments;
using Ledger.Api.Tests.Contract;
using Ledger.Api.Webhooks;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Providers.Fake;

namespace Ledger.Api.Tests.Payments;

[Collection(ContractCollection.Name)]
public sealed class Checkouts_over_http(ContractService service)
{
    private Purchaser Shop => new(service);

    private static string NewId() => "t" + Guid.NewGuid().ToString("N");

    [Fact]
    public async Task A_checkout_leads_to_the_providers_page_and_its_money_to_credits()
    {
        var account = await Shop.OpenAsync();
        var key = NewId();
        const string more = ""","successUrl":"https://app.example/ok","cancelUrl":"https://app.example/no","customer":{"email":"payer@example.com","name":"P. Ayer"},"metadata":{"cart":"7"}""";
        var checkout = await Shop.CheckoutAsync(account.Id, more: more, key: key);
        var payment = checkout.ShouldBe(201)["paymentId"];
        checkout.ShouldHave($$"""
            { "id": "chk_{{payment[4..]}}", "paymentId": "{{payment}}", "status": "pending", "amount": { "amount": 1500, "currency": "usd" }, "listPrice": { "amount": 1500, "currency": "usd" }, "discount": { "amount": 0, "currency": "usd" },
              "redirectUrl": "{{service.Address}}fake-provider/pay/fcs_{{payment}}", "expiresAt": "<time>" }
            """);
        var again = await Shop.CheckoutAsync(account.Id, more: more, key: key);
        (again.ShouldBe(201).Body, again.Replayed).ShouldBe((checkout.Body, true));
        (await Shop.CheckoutAsync(account.Id, "\"kind\":\"package\",\"id\":\"small\"", more, key)).ShouldBe(422, "idempotency-key-reused");

        (await Shop.DecideAsync(payment, FakeDecision.Decline)).ShouldAllBe(outcome => outcome is FactOutcome.Applied);
        (await Shop.Get(payment))["failureReason"].ShouldBe("card_declined");
        (await Shop.DecideAsync(payment, FakeDecision.Pay, dryRun: true)).ShouldHaveSingleItem().ShouldBeOfType<FactOutcome.Applied>().Changes.ShouldBe(["payment_succeeded", "payment_fulfilled", "credits_purchased", "invoice_numbered", "invoice_issued", "invoice_paid"]);
        await account.ShouldHave(("balance", "0"));
        (await Shop.DecideAsync(payment, FakeDecision.Pay)).ShouldHaveSingleItem().ShouldBeOfType<FactOutcome.Applied>().PaymentId.ShouldBe(payment);
        (await Shop.DecideAsync(payment, FakeDecision.Pay)).ShouldHaveSingleItem().ShouldBeOfType<FactOutcome.Unchanged>();
        await account.ShouldHave(("balance", "15"), ("totals", """{"purchased":15,"granted":0,"consumed":0,"refunded":0,"revoked":0,"expired":0,"adjusted":0,"transferred":0}"""));

        var read = (await Shop.Get(payment)).ShouldBe(200);
        (read["status"], read["purpose"], read["creditAmount"], read["provider"], read["method.last4"], read["metadata.cart"]).ShouldBe(("succeeded", "credits", "15", "fake", "4242", "7"));
        (read["providerRefs.checkoutSessionId"], read["providerRefs.paymentIntentId"], read["providerRefs.customerId"]).ShouldBe(($"fcs_{payment}", $"fpi_{payment}", $"fcus_default_{account.Id}"));
        read.Json.GetProperty("history").EnumerateArray().Select(step => step.GetProperty("status").GetString()).ShouldBe(["pending", "succeeded"]);
        read["history.1.providerEventId"].ShouldStartWith("evt_");
        (await account.Get("/transactions"))["data.0.paymentId"].ShouldBe(payment);
        (await service.QueryAsync<long>($"select count(*) from ledger.mt_events where data::text like '%payer@example.com%' or data::text like '%P. Ayer%'")).ShouldBe(0, "no personal data in events");
        (await service.QueryAsync<string>($"select email from ledger.checkout_contacts where payment_id = '{payment}'")).ShouldBe("payer@example.com");
        (await Shop.CheckoutAsync(account.Id, more: more, key: key)).ShouldBe(201).Body.ShouldBe(checkout.Body, "the answer stays as it was");
    }

    [Fact]
    public async Task A_total_of_nothing_is_fulfilled_at_once_without_a_provider_and_a_checkout_may_open_its_account()
    {
        var (package, account) = (NewId(), ContractService.NewId());
        (await Shop.Client.Put($"/v1/packages/{package}", """{"name":"Gift","price":{"amount":0,"currency":"usd"},"creditAmount":2.5}""")).ShouldBe(201);
        var checkout = await Shop.Client.Post("/v1/checkouts", $$"""{"accountId":"{{account}}","openAccount":{"owner":{"kind":"user","id":"u_9"} },"item":{"kind":"package","id":"{{package}}","quantity":2} }""");
        (checkout.ShouldBe(201)["status"], checkout["amount.amount"]).ShouldBe(("succeeded", "0"));
        checkout.Json.TryGetProperty("redirectUrl", out _).ShouldBeFalse();
        (await Shop.Client.Get($"/v1/accounts/{account}")).ShouldBe(200)["balance"].ShouldBe("5");
        (await Shop.Client.Post($"/v1/payments/{checkout["paymentId"]}/refund", """{"reason":"r"}""")).ShouldBe(409, "not-refundable")["state"].ShouldBe("succeeded");
        (await Shop.Client.Post("/v1/checkouts", $$"""{"accountId":"{{ContractService.NewId()}}","item":{"kind":"package","id":"{{package}}"} }""")).ShouldBe(404, "account-not-found");
    }

    [Theory]
    [InlineData("idr", 15_000_000, "150", 5_000_000, "100")]
    [InlineData("jpy", 1501, "10", 501, "6.662226")]
    [InlineData("kwd", 4_570, "4.57", 10, "4.56")]
    public async Task Amounts_of_every_kind_of_currency_go_through_to_credits_and_back(string currency, long amount, string credits, long refunded, string left)
    {
        var package = NewId();
        (await Shop.Client.Put($"/v1/packages/{package}", $$"""{"name":"Some","price":{"amount":{{amount}},"currency":"{{currency}}"},"creditAmount":"{{credits}}"}""")).ShouldBe(201);
        var account = await Shop.OpenAsync();
        var payment = await Shop.BuyAsync(account, $"\"kind\":\"package\",\"id\":\"{package}\"");
        await account.ShouldHave(("balance", credits));
        (await account.Get("/lots"))["data.0.cost"].ShouldBe($$"""{"amount":{{amount}},"currency":"{{currency}}"}""");
        (await Shop.Client.Post($"/v1/payments/{payment}/refund", $$"""{"amount":{{refunded}},"reason":"returned"}""")).ShouldBe(201)["amountRefunded"].ShouldBe($$"""{"amount":{{refunded}},"currency":"{{currency}}"}""");
        await account.ShouldHave(("balance", left));
        (await Shop.Client.Post($"/v1/payments/{payment}/refund", """{"reason":"the rest"}""")).ShouldBe(201)["status"].ShouldBe("refunded");
        await account.ShouldHave(("balance", "0"));
    }

    [Fact]
    public async Task What_can_not_be_sold_so_is_refused_before_anything_is_stored()
    {
        var account = await Shop.OpenAsync(""","scale":0""");
        var before = await service.WrittenAsync();
        (await Shop.CheckoutAsync(account.Id, more: ""","promoCode":"X" """)).ShouldBe(400, "not-available");
        (await Shop.CheckoutAsync(account.Id, more: ""","referralCode":"X" """)).ShouldBe(400, "not-available");
        (await Shop.CheckoutAsync(account.Id, "\"kind\":\"package\",\"id\":\"none\"")).ShouldBe(404, "not-found");
        (await Shop.CheckoutAsync(ContractService.NewId())).ShouldBe(404, "account-not-found");
        (await Shop.CheckoutAsync(account.Id, provider: "paypal")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["provider"]);
        (await Shop.CheckoutAsync(account.Id, provider: "stripe")).ShouldBe(400, "not-available");
        (await Shop.CheckoutAsync(account.Id, "\"kind\":\"package\",\"id\":\"small\",\"quantity\":10001")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["item.quantity"]);
        (await Shop.CheckoutAsync(account.Id, more: ""","successUrl":"javascript:alert(1)","customer":{"email":"nobody"}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["customer.email", "successUrl"]);
        (await Shop.Client.Post("/v1/checkouts", "{}")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["accountId", "item"]);
        (await Shop.Client.Post("/v1/checkouts", "{}", Contract.Client.NoKey)).ShouldBe(400, "invalid-request");
        (await Shop.CheckoutAsync(account.Id, key: Contract.Client.NoKey)).ShouldBe(400, "idempotency-key-missing");
        (await service.AsUser("u_1").Post("/v1/checkouts", "{}")).ShouldBe(403, "forbidden");
        (await service.WrittenAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task An_archived_item_is_not_sold_and_a_sale_pins_the_version_that_it_was_made_at()
    {
        var (package, account) = (NewId(), await Shop.OpenAsync());
        var item = $"\"kind\":\"package\",\"id\":\"{package}\"";
        (await Shop.Client.Put($"/v1/packages/{package}", """{"name":"A","price":{"amount":100,"currency":"usd"},"creditAmount":1}""")).ShouldBe(201);
        var checkout = (await Shop.CheckoutAsync(account.Id, item)).ShouldBe(201);
        (await Shop.Client.Put($"/v1/packages/{package}", """{"name":"B","price":{"amount":900,"currency":"usd"},"creditAmount":2}""")).ShouldBe(200);
        (await Shop.Client.Send(HttpMethod.Delete, $"/v1/packages/{package}", null, null)).ShouldBe(200);
        (await Shop.CheckoutAsync(account.Id, item)).ShouldBe(409, "conflict")["state"].ShouldBe("archived");
        await Shop.DecideAsync(checkout["paymentId"], FakeDecision.Pay);
        await account.ShouldHave(("balance", "1"));
        (await Shop.Get(checkout["paymentId"]))["item"].ShouldBe("""{"kind":"package","id":"ID","version":1,"name":"A","quantity":1,"unitPrice":{"amount":100,"currency":"usd"}}""".Replace("ID", package, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_product_is_access_while_its_money_is_here()
    {
        var (product, account) = (NewId(), await Shop.OpenAsync());
        (await account.Get($"/access?product={product}")).ShouldBe(404, "not-found");
        (await Shop.Client.Put($"/v1/products/{product}", """{"name":"Workshop","price":{"amount":9900,"currency":"usd"}}""")).ShouldBe(201);
        (await account.Get($"/access?product={product}")).ShouldBe(200).ShouldHave($$"""{ "accountId": "{{account.Id}}", "product": "{{product}}", "access": false, "source": "none" }""");
        (await account.Get("/access")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["product"]);
        var payment = await Shop.BuyAsync(account, $"\"kind\":\"product\",\"id\":\"{product}\"");
        (await account.Get($"/access?product={product}")).ShouldHave($$"""{ "accountId": "{{account.Id}}", "product": "{{product}}", "access": true, "source": "purchase", "paymentId": "{{payment}}", "since": "<time>" }""");
        (await service.AsUser("u_1").Get($"{account.Path}/access?product={product}")).ShouldBe(200)["access"].ShouldBe("true");
        (await service.AsUser("u_2").Get($"{account.Path}/access?product={product}")).ShouldBe(404, "account-not-found");
        await Shop.DecideAsync(payment, FakeDecision.Dispute);
        (await account.Get($"/access?product={product}"))["access"].ShouldBe("false");
        await Shop.DecideAsync(payment, FakeDecision.WinDispute);
        (await account.Get($"/access?product={product}"))["access"].ShouldBe("true");
        await Shop.DecideAsync(payment, FakeDecision.Refund);
        (await account.Get($"/access?product={product}"))["access"].ShouldBe("false");
    }

    [Fact]
    public async Task Copies_of_a_checkout_at_once_begin_one_payment()
    {
        var (account, key) = (await Shop.OpenAsync(), NewId());
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Shop.CheckoutAsync(account.Id, key: key)));
        answers.ShouldAllBe(answer => answer.Status == 201);
        answers.Select(answer => answer["paymentId"]).Distinct().ShouldHaveSingleItem();
        (await service.QueryAsync<long>($"select count(*) from ledger.payments where account_id = '{account.Id}'")).ShouldBe(1);
        await service.QueryAsync<long>("select 1::bigint");
        (await Shop.CheckoutAsync(account.Id, key: key))["redirectUrl"].ShouldContain("fcs_");
    }
}
