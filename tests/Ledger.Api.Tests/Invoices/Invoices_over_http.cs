using System.Globalization;
using Ledger.Api.Tests.Contract;
using Ledger.Api.Tests.Payments;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Providers.Fake;

namespace Ledger.Api.Tests.Invoices;

[Collection(ContractCollection.Name)]
public sealed class Invoices_over_http(ContractService service)
{
    private const string Seller = """{"seller":{"name":"Shop <b>Ltd</b>","address":"1 High Street\nLondon","taxId":"GB1","footer":"Thanks & bye"},"tax":{"percent":11,"name":"PPN"}}""";
    private const string NoSeller = """{"seller":{"name":"","address":"","taxId":"","footer":""},"tax":{"percent":0,"name":""}}""";

    private Purchaser Shop => new(service);

    private static string Now => DateTimeOffset.UtcNow.Year.ToString(CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_payment_that_succeeds_has_its_invoice_and_what_goes_back_of_it_its_credit_note()
    {
        var shop = new Purchaser(service, ContractService.OtherTenant);
        var account = await shop.OpenAsync();
        string payment;
        try
        {
            (await shop.Client.Put("/v1/settings", Seller)).ShouldBe(200);
            payment = await shop.BuyAsync(account, "\"kind\":\"package\",\"id\":\"medium\",\"quantity\":2");
        }
        finally
        {
            (await shop.Client.Put("/v1/settings", NoSeller)).ShouldBe(200);
        }

        var id = "inv_" + payment[4..];
        var invoice = (await shop.Client.Get($"/v1/invoices/{id}")).ShouldBe(200);
        invoice["number"].ShouldMatch($"^INV-{Now}-[0-9]{{6}}$");
        invoice.ShouldHave($$"""
            { "id": "{{id}}", "number": "<any>", "accountId": "{{account.Id}}", "status": "paid", "paymentId": "{{payment}}", "currency": "usd",
              "lines": [ { "description": "Medium", "quantity": 2, "unitAmount": { "amount": 1500, "currency": "usd" }, "amount": { "amount": 3000, "currency": "usd" } } ],
              "subtotal": { "amount": 3000, "currency": "usd" }, "discount": { "amount": 0, "currency": "usd" }, "net": { "amount": 2703, "currency": "usd" }, "tax": { "amount": 297, "currency": "usd" },
              "taxPercent": 11, "taxName": "PPN", "total": { "amount": 3000, "currency": "usd" }, "amountPaid": { "amount": 3000, "currency": "usd" }, "amountCredited": { "amount": 0, "currency": "usd" }, "creditNotes": [],
              "seller": { "name": "Shop <b>Ltd</b>", "address": "1 High Street\nLondon", "taxId": "GB1", "footer": "Thanks & bye" }, "issuedAt": "<any>", "paidAt": "<any>", "providerRefs": {}, "version": 2 }
            """);
        (await shop.Client.Get($"/v1/invoices/{invoice["number"]}")).ShouldBe(200).Body.ShouldBe(invoice.Body, "by its number too");

        (await shop.Client.Post($"/v1/payments/{payment}/refund", """{"amount":1000,"reason":"returned"}""")).ShouldBe(201);
        var partly = (await shop.Client.Get($"/v1/invoices/{id}")).ShouldBe(200);
        (partly["status"], partly["amountCredited.amount"], partly["creditNotes.0.amount.amount"], partly["creditNotes.0.tax.amount"], partly["amountPaid.amount"]).ShouldBe(("paid", "1000", "1000", "99", "3000"));
        partly["creditNotes.0.number"].ShouldMatch($"^CN-{Now}-[0-9]{{6}}$");
        (await shop.Client.Post($"/v1/payments/{payment}/refund", """{"reason":"the rest"}""")).ShouldBe(201);
        var back = (await shop.Client.Get($"/v1/invoices/{id}")).ShouldBe(200);
        (back["status"], back["amountCredited.amount"], back["creditNotes.1.amount.amount"], back["creditNotes.1.tax.amount"]).ShouldBe(("refunded", "3000", "2000", "198"));
        (await service.As("admin").Get($"/v1/invoices/{id}")).ShouldBe(404, "not-found");
    }

    [Fact]
    public async Task A_refund_that_is_refused_later_leaves_a_note_that_takes_the_first_one_back()
    {
        var account = await Shop.OpenAsync();
        var payment = await Shop.BuyAsync(account);
        await Shop.DecideAsync(payment, FakeDecision.Dispute);
        await Shop.DecideAsync(payment, FakeDecision.LoseDispute);
        var lost = (await service.Admin.Get($"/v1/invoices/inv_{payment[4..]}")).ShouldBe(200);
        (lost["status"], lost["amountCredited.amount"]).ShouldBe(("refunded", "1500"));
        var other = await Shop.BuyAsync(account);
        var told = new RefundTold { Provider = "fake", Refs = new() { CheckoutSessionId = "fcs_" + other }, RefundId = "re_" + other, Amount = new Money(500, "usd"), Status = RefundStatus.Succeeded };
        await Shop.TellAsync(told);
        await Shop.TellAsync(told with { Status = RefundStatus.Failed });
        var kept = (await service.Admin.Get($"/v1/invoices/inv_{other[4..]}")).ShouldBe(200);
        (kept["status"], kept["amountCredited.amount"], kept["creditNotes.0.amount.amount"], kept["creditNotes.1.amount.amount"]).ShouldBe(("paid", "0", "500", "-500"));
    }

    [Fact]
    public async Task A_plan_that_is_paid_at_a_checkout_has_one_invoice_over_its_first_period()
    {
        var account = await Shop.OpenAsync();
        var payment = await Shop.BuyAsync(account, "\"kind\":\"plan\",\"id\":\"pro-monthly\"");
        var invoices = (await service.Admin.Get($"/v1/invoices?accountId={account.Id}")).ShouldBe(200);
        var invoice = invoices.Data.Single();
        var subscription = (await service.Admin.Get($"/v1/subscriptions/{invoice.GetProperty("subscriptionId").GetString()}")).ShouldBe(200);
        (invoice.GetProperty("paymentId").GetString(), invoice.GetProperty("status").GetString(), invoice.GetProperty("total").GetProperty("amount").GetInt64()).ShouldBe((payment, "paid", 2999));
        var line = invoice.GetProperty("lines")[0];
        (line.GetProperty("periodStart").GetString(), line.GetProperty("periodEnd").GetString()).ShouldBe((subscription["currentPeriodStart"], subscription["currentPeriodEnd"]));
        (await service.Admin.Get($"{account.Path}/profile")).ShouldBe(200)["planTier"].ShouldBe("pro");
    }

    [Fact]
    public async Task Five_hundred_payments_at_once_have_numbers_without_a_gap()
    {
        var account = await Shop.OpenAsync();
        var paid = await Task.WhenAll(Enumerable.Range(0, 500).Select(n => Shop.TellAsync(new PaymentTold
        {
            Provider = "stripe",
            Refs = new() { PaymentIntentId = "pi_" + Guid.NewGuid().ToString("N") },
            Marks = new("default", account.Id, null, "1"),
            Status = PaymentStatus.Succeeded,
            Amount = new Money(100 + n, new[] { "usd", "idr", "jpy", "kwd" }[n % 4]),
        })));
        paid.ShouldAllBe(outcome => outcome is Api.Webhooks.FactOutcome.Applied);
        (await service.QueryAsync<long>($"select count(*) from ledger.invoices where tenant_id = '*DEFAULT*' and account_id = '{account.Id}' and status = 'paid'")).ShouldBe(500);
        const string Gaps = "select count(*) from (select substring(number from 10)::bigint as n, row_number() over (partition by substring(number from 5 for 4) order by number) as should from ledger.invoices where tenant_id = '*DEFAULT*') x where n <> should";
        (await service.QueryAsync<long>(Gaps)).ShouldBe(0);
        (await service.QueryAsync<long>($"select count(*) from ledger.invoices i join ledger.payments p on p.tenant_id = i.tenant_id and p.id = i.payment_id and p.amount = i.total and p.currency = i.currency where i.account_id = '{account.Id}'")).ShouldBe(500);
    }

    [Fact]
    public async Task They_are_listed_by_account_status_and_time_and_a_user_sees_its_own()
    {
        var account = await Shop.OpenAsync();
        var (first, second) = (await Shop.BuyAsync(account), await Shop.BuyAsync(account));
        (await Shop.Client.Post($"/v1/payments/{first}/refund", """{"reason":"r"}""")).ShouldBe(201);
        var all = (await service.Admin.Get($"/v1/invoices?accountId={account.Id}&limit=1")).ShouldBe(200);
        all.Data.Single().GetProperty("paymentId").GetString().ShouldBe(second, "the newest first");
        (await service.Admin.Get($"/v1/invoices?accountId={account.Id}&limit=1&cursor={all["nextCursor"]}")).ShouldBe(200).Data.Single().GetProperty("paymentId").GetString().ShouldBe(first);
        (await service.Admin.Get($"/v1/invoices?accountId={account.Id}&status=refunded")).ShouldBe(200).Data.Single().GetProperty("paymentId").GetString().ShouldBe(first);
        (await service.Admin.Get($"/v1/invoices?paymentId={second}")).ShouldBe(200).Data.Count().ShouldBe(1);
        (await service.Admin.Get($"/v1/invoices?accountId={account.Id}&to=2020-01-01T00:00:00Z")).ShouldBe(200).Data.ShouldBeEmpty();
        (await service.AsUser("u_1").Get($"/v1/invoices?accountId={account.Id}")).ShouldBe(200).Data.Count().ShouldBe(2);
        (await service.AsUser("u_other").Get($"/v1/invoices?accountId={account.Id}")).ShouldBe(200).Data.ShouldBeEmpty();
        (await service.AsUser("u_other").Get($"/v1/invoices/inv_{first[4..]}")).ShouldBe(404, "not-found");
        foreach (var (query, member) in new[] { ("status=sent", "status"), ("from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "to"), ("limit=0", "limit"), ("customer=1", "customer") })
            (await service.Admin.Get("/v1/invoices?" + query)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe([member]);
        foreach (var unknown in new[] { "inv_0", "INV-2026-999999", "x", "inv_00000000000000000000000000" }) (await service.Admin.Get($"/v1/invoices/{unknown}")).ShouldBe(404, "not-found");
        var free = (await Shop.Client.Put("/v1/packages/of-nothing", """{"name":"Nothing","price":{"amount":0,"currency":"usd"},"creditAmount":1}""")).Status is 200 or 201
            ? (await Shop.Client.Post("/v1/checkouts", $$"""{"accountId":"{{account.Id}}","item":{"kind":"package","id":"of-nothing"} }""")).ShouldBe(201)["paymentId"]
            : null;
        if (free is not null) (await service.Admin.Get($"/v1/invoices?paymentId={free}")).ShouldBe(200).Data.ShouldBeEmpty("what costs nothing has no invoice");
    }

    [Fact]
    public async Task People_have_a_page_to_print_or_a_pdf_and_other_forms_are_refused()
    {
        var account = await Shop.OpenAsync();
        (await service.Admin.Put($"/v1/accounts/{account.Id}/profile", """{"name":"<script>alert(1)</script> Ольга 田中","email":"o@example.com","address":"\"Main\" St.\nCity"}""")).ShouldBe(200);
        var path = $"/v1/invoices/inv_{(await Shop.BuyAsync(account))[4..]}";
        var page = (await service.Admin.Get(path, ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"))).ShouldBe(200);
        page.MediaType.ShouldBe("text/html; charset=utf-8");
        page.Headers["Content-Security-Policy"].ShouldStartWith("default-src 'none'; style-src 'sha256-");
        (page.Headers["Cache-Control"], page.Headers["Vary"]).ShouldBe(("no-store, private", "Accept"));
        page.Body.ShouldContain("&lt;script&gt;alert(1)&lt;/script&gt; Ольга 田中");
        page.Body.ShouldNotContain("<script");
        foreach (var shown in new[] { "Medium", "15.00 USD", account.Id, "o@example.com", "&quot;Main&quot; St." }) page.Body.ShouldContain(shown);
        var style = page.Body[(page.Body.IndexOf("<style>", StringComparison.Ordinal) + 7)..page.Body.IndexOf("</style>", StringComparison.Ordinal)];
        page.Headers["Content-Security-Policy"].ShouldContain(Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(style))), Case.Sensitive, "the page's own style is let through");
        var pdf = (await service.Admin.Get(path, ("Accept", "application/pdf"))).ShouldBe(200);
        (pdf.MediaType, pdf.Body[..5]).ShouldBe(("application/pdf", "%PDF-"));
        pdf.Headers["Content-Disposition"].ShouldStartWith("inline; filename=\"INV-");
        (await service.Admin.Get(path, ("Accept", "*/*"))).ShouldBe(200).MediaType.ShouldStartWith("application/json");
        (await service.Admin.Get(path, ("Accept", "text/csv"))).ShouldBe(406, "not-acceptable");
        (await service.Admin.Get(path, ("Accept", "text/html;q=0, application/pdf;q=0"))).ShouldBe(406, "not-acceptable");
        (await service.Admin.Get($"{path[..^3]}zzz", ("Accept", "text/html"))).ShouldBe(404, "not-found");
    }
}
