using Ledger.Api.Tests.Contract;

namespace Ledger.Api.Tests.Catalog;

[Collection(ContractCollection.Name)]
public sealed class Catalogue_over_http(ContractService service)
{
    private static string NewId() => "t" + Guid.NewGuid().ToString("N");

    private static IEnumerable<string> Ids(Reply list) => list.ShouldBe(200).Data.Select(entry => entry.GetProperty("id").GetString()!);

    [Fact]
    public async Task Every_tenant_has_the_packages_and_plans_that_it_begins_with_without_having_made_any()
    {
        var tenant = "later" + Guid.NewGuid().ToString("N")[..8];
        var development = service.With(ContractService.DevelopmentKey);
        (await development.Put($"/v1/tenants/{tenant}", """{"name":"Later"}""")).ShouldBe(201);
        var admin = service.With((await development.Post("/v1/api-keys", $$"""{"name":"a","roles":["admin"],"tenantId":"{{tenant}}"}""")).ShouldBe(201).Text("key"));
        var packages = await admin.Get("/v1/packages?active=true");
        Ids(packages).ShouldBe(["small", "medium", "large"]);
        packages["data.1.price"].ShouldBe("""{"amount":1500,"currency":"usd"}""");
        Ids(await admin.Get("/v1/plans")).ShouldBe(["free", "pro-monthly", "pro-yearly", "enterprise-yearly"]);
        Ids(await admin.Get("/v1/products")).ShouldBeEmpty();
        (await admin.Get("/v1/packages/small")).ShouldBe(200).ShouldHave("""
            { "id": "small", "name": "Small", "active": true, "archived": false, "version": 1, "metadata": {}, "price": { "amount": 500, "currency": "usd" }, "creditAmount": 5, "sortOrder": 1 }
            """).Headers["ETag"].ShouldBe("\"1\"");

        (await admin.Put("/v1/packages/small", """{"name":"Small","price":{"amount":600,"currency":"usd"},"creditAmount":6,"sortOrder":9}""")).ShouldBe(200)["version"].ShouldBe("2");
        Ids(await admin.Get("/v1/packages")).ShouldBe(["medium", "large", "small"]);
        (await admin.Send(HttpMethod.Delete, "/v1/packages/large?reason=old", null, null)).ShouldBe(200)["archived"].ShouldBe("true");
        Ids(await admin.Get("/v1/packages")).ShouldBe(["medium", "small"]);
        Ids(await admin.Get("/v1/packages?archived=true")).ShouldBe(["large"]);
        (await service.As("other:admin").Get("/v1/packages/small")).ShouldBe(200)["price.amount"].ShouldBe("500");
    }

    [Fact]
    public async Task A_package_is_put_up_changed_archived_and_put_up_again_and_the_same_request_changes_nothing()
    {
        var (id, admin) = (NewId(), service.Admin);
        const string body = """{"name":"Tiny","description":"One credit","price":{"amount":99,"currency":"usd"},"creditAmount":"1.50","expiresAfterDays":30,"sortOrder":7,"metadata":{"a":"1"}}""";
        var made = (await admin.Put($"/v1/packages/{id}", body)).ShouldBe(201);
        made.ShouldHave($$"""
            { "id": "{{id}}", "name": "Tiny", "description": "One credit", "active": true, "archived": false, "version": 1, "updatedAt": "<time>", "metadata": { "a": "1" }, "price": { "amount": 99, "currency": "usd" }, "creditAmount": 1.5, "expiresAfterDays": 30, "sortOrder": 7 }
            """);
        var written = await service.QueryAsync<long>($"select count(*) from ledger.mt_events where stream_id = 'package/{id}'");
        (await admin.Put($"/v1/packages/{id}", body.Replace("1.50", "1.5", StringComparison.Ordinal))).ShouldBe(200)["version"].ShouldBe("1");
        (await service.QueryAsync<long>($"select count(*) from ledger.mt_events where stream_id = 'package/{id}'")).ShouldBe(written);
        (await admin.Put($"/v1/packages/{id}", """{"name":"Tiny","price":{"amount":199,"currency":"usd"},"creditAmount":2}""", ("If-Match", "\"7\""))).ShouldBe(412)["version"].ShouldBe("1");
        (await admin.Put($"/v1/packages/{id}", """{"name":"Tiny","price":{"amount":199,"currency":"usd"},"creditAmount":2}""", ("If-Match", "\"1\""))).ShouldBe(200)["version"].ShouldBe("2");
        foreach (var _ in new[] { 1, 2 }) (await admin.Send(HttpMethod.Delete, $"/v1/packages/{id}", null, null)).ShouldBe(200)["version"].ShouldBe("3");
        (await admin.Get($"/v1/packages/{id}")).ShouldBe(200)["archived"].ShouldBe("true");
        (await admin.Put($"/v1/packages/{id}", body)).ShouldBe(200)["active"].ShouldBe("true");
        (await admin.Get($"/v1/packages/{NewId()}")).ShouldBe(404, "not-found");
        (await admin.Send(HttpMethod.Delete, $"/v1/packages/{NewId()}", null, null)).ShouldBe(404, "not-found");
        foreach (var who in new[] { "app", "reader", "analyst" })
        {
            (await service.As(who).Put($"/v1/packages/{id}", body)).ShouldBe(403, "forbidden");
            (await service.As(who).Send(HttpMethod.Delete, $"/v1/packages/{id}", null, null)).ShouldBe(403, "forbidden");
            (await service.As(who).Get($"/v1/packages/{id}")).ShouldBe(200);
        }

        (await service.AsUser("u_1").Get("/v1/packages?active=true")).ShouldBe(200);
    }

    [Fact]
    public async Task The_package_for_an_amount_is_the_active_one_that_costs_just_that()
    {
        var client = service.As("other:admin");
        var (id, kwd) = (NewId(), 1_000_000 + Random.Shared.Next(1_000_000));
        (await client.Put($"/v1/packages/{id}", $$"""{"name":"Dinars","price":{"amount":{{kwd}},"currency":"kwd"},"creditAmount":5}""")).ShouldBe(201);
        (await client.Put($"/v1/packages/{id}x", $$"""{"name":"Dinars","price":{"amount":{{kwd}},"currency":"kwd"},"creditAmount":6,"active":false}""")).ShouldBe(201);
        Ids(await client.Get($"/v1/packages?price={kwd}&currency=kwd")).ShouldBe([id]);
        Ids(await client.Get($"/v1/packages?price={kwd}&currency=usd")).ShouldBeEmpty();
        Ids(await client.Get("/v1/packages?price=1500&currency=usd")).ShouldContain("medium");
        (await client.Get("/v1/packages?price=1500")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["currency"]);
        (await client.Get("/v1/packages?price=x&currency=USD")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["currency", "price"]);
    }

    [Fact]
    public async Task A_plan_has_all_members_of_the_contract_and_its_tier_and_interval_for_itself()
    {
        var (id, admin, tier) = (NewId(), service.Admin, NewId());
        var body = $$"""
            {"tier":"{{tier}}","name":"Team","price":{"amount":4900,"currency":"usd"},"interval":"month","trialDays":14,"creditsPerPeriod":100,"rollover":{"max":50},"limits":{"users":5,"storage_mb":1024.5},"features":{"sso":true},
             "seats":{"min":2,"max":10,"pricePerSeat":{"amount":900,"currency":"usd"} },"providerRefs":{"stripe":{"priceId":"price_1","productId":"prod_1"} },"active":true,"displayOrder":4,"metadata":{"a":"b"} }
            """;
        (await admin.Put($"/v1/plans/{id}", body)).ShouldBe(201).ShouldHave($$"""
            { "id": "{{id}}", "name": "Team", "active": true, "archived": false, "version": 1, "updatedAt": "<time>", "metadata": { "a": "b" }, "tier": "{{tier}}", "price": { "amount": 4900, "currency": "usd" }, "interval": "month", "trialDays": 14,
              "creditsPerPeriod": 100, "rollover": { "max": 50 }, "limits": { "users": 5, "storage_mb": 1024.5 }, "features": { "sso": true }, "seats": { "min": 2, "max": 10, "pricePerSeat": { "amount": 900, "currency": "usd" } },
              "providerRefs": { "stripe": { "priceId": "price_1", "productId": "prod_1" } }, "displayOrder": 4 }
            """);
        (await admin.Put($"/v1/plans/{id}2", body)).ShouldBe(409, "conflict")["state"].ShouldBe("active");
        (await admin.Put($"/v1/plans/{id}2", body.Replace("\"month\"", "\"year\"", StringComparison.Ordinal))).ShouldBe(201);
        (await admin.Send(HttpMethod.Delete, $"/v1/plans/{id}", null, null)).ShouldBe(200);
        (await admin.Put($"/v1/plans/{id}3", body)).ShouldBe(201);
        (await admin.Put($"/v1/plans/{id}4", body.Replace(tier, "pro", StringComparison.Ordinal))).ShouldBe(409, "conflict");
        (await admin.Put($"/v1/plans/{id}5", """{"tier":"x y","name":" ","price":{"amount":-1,"currency":"USD"},"interval":"week"}""")).ShouldBe(400, "invalid-request");
        (await admin.Put($"/v1/plans/{id}5", """{"tier":"x y","name":" ","price":{"amount":-1,"currency":"USD"},"trialDays":-1,"limits":{"a b":1,"c":-1},"seats":{"min":3,"max":2},"providerRefs":{"paypal":{} } }"""))
            .ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["interval", "limits", "limits.c", "name", "price.amount", "price.currency", "providerRefs", "seats.max", "tier", "trialDays"]);
    }

    [Fact]
    public async Task A_product_may_have_no_price_and_lists_page_in_order()
    {
        var client = service.As("other:admin");
        var prefix = NewId();
        foreach (var n in new[] { "b", "a", "c" }) (await client.Put($"/v1/products/{prefix}{n}", """{"name":"Workshop","price":null}""")).ShouldBe(201)["kind"].ShouldBe("workshop");
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await client.Get("/v1/products?limit=2" + (cursor is null ? "" : "&cursor=" + cursor));
            seen.AddRange(Ids(page));
            cursor = page["nextCursor"] == "null" ? null : page["nextCursor"];
        }
        while (cursor is not null);
        seen.ShouldBeUnique();
        seen.Where(id => id.StartsWith(prefix, StringComparison.Ordinal)).ShouldBe([prefix + "a", prefix + "b", prefix + "c"]);
        (await client.Get("/v1/products?limit=2&cursor=abc")).ShouldBe(400, "invalid-request");
    }
}
