using System.Globalization;

namespace Ledger.Api.Tests.Contract;

/// <summary>Each command with all that it may be given, and its whole answer.</summary>
[Collection(ContractCollection.Name)]
public sealed class Commands_over_http(ContractService service)
{
    private static readonly string Occurred = DateTimeOffset.UtcNow.AddDays(-34).ToString("yyyy-MM-dd'T'HH:mm:ss'.125Z'", CultureInfo.InvariantCulture);

    private static readonly string Note = $$"""
        "actor":"u_7","description":"A \"call\" ä","reference":"req_9","metadata":{"team":"blue","a":"1"},"occurredAt":"{{Occurred}}"
        """;

    private static readonly string Expected = $$"""
        "actor":"u_7","description":"A \"call\" ä","reference":"req_9","metadata":{"a":"1","team":"blue"},"occurredAt":"{{Occurred}}","recordedAt":"<time>"
        """;

    private const string Spending = """
        "service":"chat_assistant","operation":"completion","resource":{"type":"workshop","id":"ws_3"},
        "usage":{"inputTokens":374,"outputTokens":44,"processingTimeMs":812,"success":true,"errorMessage":"(500)","requestData":{"z":[1.50,null,true],"a":{"x":"é"},"e":1e2}}
        """;

    private const string SpendingAnswered = """
        "service":"chat_assistant","operation":"completion","resource":{"type":"workshop","id":"ws_3"},
        "usage":{"inputTokens":374,"outputTokens":44,"processingTimeMs":812,"success":true,"errorMessage":"(500)","requestData":{"a":{"x":"é"},"e":100,"z":[1.5,null,true]}}
        """;

    [Fact]
    public async Task A_purchase_makes_a_paid_lot()
    {
        var account = await service.OpenAsync();
        var payment = ContractService.NewId("pay");
        var ends = DateTimeOffset.UtcNow.AddDays(365).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var bought = await account.Post("purchases", $$"""{"creditAmount":100.000001,"price":{"amount":1500,"currency":"usd"},"paymentId":"{{payment}}","expiresAt":"{{ends}}",{{Note}}}""");
        bought.ShouldBe(201).ShouldHave($$"""
            { "id":"<txn>","accountId":"{{account.Id}}","type":"purchase","direction":"credit","amount":100.000001,"balanceBefore":0,"balanceAfter":100.000001,"available":100.000001,
              "allocations":[{"lotId":"<lot>","amount":100.000001}],"price":{"amount":1500,"currency":"usd"},"paymentId":"{{payment}}","expiresAt":"{{ends}}","version":2,{{Expected}} }
            """);
        var lots = await account.Client.Get(account.Path + "/lots");
        lots.ShouldBe(200).ShouldHave($$"""
            { "data": [ { "id":"{{bought["allocations.0.lotId"]}}","kind":"purchased","source":"purchase","amount":100.000001,"remaining":100.000001,"priority":100,"expiresAt":"{{ends}}","state":"active",
              "cost":{"amount":1500,"currency":"usd"},"transactionId":"{{bought["id"]}}","createdAt":"{{bought["recordedAt"]}}" } ], "nextCursor": null }
            """);
        (await account.Client.Get($"{account.Path}/transactions/{bought["id"]}")).ShouldBe(200).Body.ShouldBe(bought.Body);
    }

    [Fact]
    public async Task A_payment_counts_once_in_a_tenant()
    {
        var account = await service.OpenAsync();
        var other = await service.OpenAsync();
        var payment = ContractService.NewId("pay");
        string Body(string amount, int price = 1500) => $$"""{"creditAmount":{{amount}},"price":{"amount":{{price}},"currency":"usd"},"paymentId":"{{payment}}"}""";
        var first = (await account.Post("purchases", Body("10"))).ShouldBe(201);
        await account.Grant("1");
        (await account.Post("purchases", Body("10.0"))).ShouldBe(200).Body.ShouldBe(first.Body);
        (await account.Post("purchases", Body("11"))).ShouldBe(409, "conflict");
        (await other.Post("purchases", Body("10"))).ShouldBe(409, "conflict")["state"].ShouldBe("open");
        await account.ShouldHave(("balance", "11"), ("version", "3"));
        await other.ShouldHave(("version", "1"));

        var elsewhere = await service.OpenAsync(client: service.As("other:admin"));
        (await elsewhere.Post("purchases", Body("10"))).ShouldBe(201);
    }

    [Theory]
    [InlineData("subscription")]
    [InlineData("bonus")]
    [InlineData("referral")]
    [InlineData("promotion")]
    [InlineData("compensation")]
    public async Task A_grant_makes_a_free_lot(string source)
    {
        var account = await service.OpenAsync();
        var granted = await account.Post("grants", $$"""{"amount":"50.50","source":"{{source}}","priority":7,{{Note}}}""");
        granted.ShouldBe(201).ShouldHave($$"""
            { "id":"<txn>","accountId":"{{account.Id}}","type":"grant","direction":"credit","amount":50.5,"balanceBefore":0,"balanceAfter":50.5,"available":50.5,
              "allocations":[{"lotId":"<lot>","amount":50.5}],"source":"{{source}}","priority":7,"version":2,{{Expected}} }
            """);
        (await account.Client.Get(account.Path + "/lots")).ShouldHave($$"""
            { "data": [ { "id":"<lot>","kind":"granted","source":"{{source}}","amount":50.5,"remaining":50.5,"priority":7,"state":"active","transactionId":"{{granted["id"]}}","createdAt":"<time>" } ], "nextCursor": null }
            """);
    }

    [Fact]
    public async Task A_consumption_tells_all_that_it_was_given()
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        (await account.Post("consumptions", $$"""{"amount":5,{{Spending}},{{Note}}}""")).ShouldBe(201).ShouldHave($$"""
            { "id":"<txn>","accountId":"{{account.Id}}","type":"consumption","direction":"debit","amount":5,"balanceBefore":100,"balanceAfter":95,"available":95,
              "allocations":[{"lotId":"<lot>","amount":5}],{{SpendingAnswered}},"version":3,{{Expected}} }
            """);
    }

    [Fact]
    public async Task A_consumption_with_an_amount_alone_has_no_more_than_it_must()
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        var used = (await account.Consume("5e0")).ShouldBe(201);
        used.ShouldHave($$"""
            { "id":"<txn>","accountId":"{{account.Id}}","type":"consumption","direction":"debit","amount":5,"balanceBefore":100,"balanceAfter":95,"available":95,
              "allocations":[{"lotId":"<lot>","amount":5}],"version":3,"occurredAt":"{{used["recordedAt"]}}","recordedAt":"<time>","metadata":{} }
            """);
    }

    [Fact]
    public async Task A_refund_of_a_consumption_names_it()
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        var used = (await account.Consume("5", ""","service":"s" """)).ShouldBe(201);
        var path = $"consumptions/{used["id"]}/refund";
        (await account.Post(path, $$"""{"amount":2,"reason":"failed call",{{Note}}}""")).ShouldBe(201).ShouldHave($$"""
            { "id":"<txn>","accountId":"{{account.Id}}","type":"consumption_refund","direction":"credit","amount":2,"balanceBefore":95,"balanceAfter":97,"available":97,
              "allocations":[{"lotId":"{{used["allocations.0.lotId"]}}","amount":2}],"reason":"failed call","refundOf":"{{used["id"]}}","version":4,{{Expected}} }
            """);
        (await account.Post(path, """{"amount":4,"reason":"r"}""")).ShouldBe(409, "already-refunded")["left"].ShouldBe("3");
        (await account.Post(path, """{"reason":"r"}""")).ShouldBe(201)["amount"].ShouldBe("3");
        (await account.Post(path, """{"reason":"r"}""")).ShouldBe(409, "already-refunded")["state"].ShouldBe("refunded");
        await account.ShouldHave(("balance", "100"), ("totals.refunded", "5"));
    }

    [Fact]
    public async Task A_refund_of_a_purchase_revokes_what_is_left()
    {
        var account = await service.OpenAsync();
        var bought = await account.Purchase("100");
        (await account.Consume("30")).ShouldBe(201);
        var path = $"purchases/{bought["id"]}/refund";
        (await account.Post(path, """{"amount":71,"reason":"r"}""")).ShouldBe(409, "conflict");
        (await account.Post(path, """{"amount":101,"reason":"r"}""")).ShouldBe(409, "already-refunded");
        (await account.Post(path, $$"""{"amount":20,"reason":"returned",{{Note}}}""")).ShouldBe(201).ShouldHave($$"""
            { "id":"<txn>","accountId":"{{account.Id}}","type":"purchase_refund","direction":"debit","amount":20,"balanceBefore":70,"balanceAfter":50,"available":50,
              "allocations":[{"lotId":"{{bought["allocations.0.lotId"]}}","amount":20}],"reason":"returned","refundOf":"{{bought["id"]}}","version":4,{{Expected}} }
            """);
        (await account.Post(path, """{"reason":"r"}""")).ShouldBe(201)["amount"].ShouldBe("50");
        (await account.Post(path, """{"reason":"r"}""")).ShouldBe(409, "already-refunded");
        var debt = (await account.Post(path, """{"reason":"r","allowDebt":true}""")).ShouldBe(201);
        (debt["amount"], debt["balanceAfter"], debt["allocations"]).ShouldBe(("30", "-30", """[{"lotId":null,"amount":30}]"""));
        await account.ShouldHave(("debt", "30"), ("totals.revoked", "100"));
        (await account.Client.Get(account.Path + "/lots?state=revoked")).Data.Count().ShouldBe(1);
    }

    [Theory]
    [InlineData("9.5", "credit", "9.5", "19.5")]
    [InlineData("-9.5", "debit", "9.5", "0.5")]
    public async Task An_adjustment_goes_either_way(string amount, string direction, string moved, string after)
    {
        var account = await service.OpenAsync();
        await account.Grant("10");
        (await account.Post("adjustments", $$"""{"amount":{{amount}},"reason":"correction",{{Note}}}""")).ShouldBe(201).ShouldHave($$"""
            { "id":"<txn>","accountId":"{{account.Id}}","type":"adjustment","direction":"{{direction}}","amount":{{moved}},"balanceBefore":10,"balanceAfter":{{after}},"available":{{after}},
              "allocations":[{"lotId":"<lot>","amount":{{moved}}}],"reason":"correction","version":3,{{Expected}} }
            """);
        if (direction == "debit") return;
        var lot = (await account.Client.Get(account.Path + "/lots")).Data.First();
        (lot.GetProperty("kind").GetString(), lot.GetProperty("priority").GetInt32(), lot.TryGetProperty("expiresAt", out _)).ShouldBe(("granted", 100, false));
    }

    [Fact]
    public async Task A_negative_adjustment_may_not_use_the_overdraft()
    {
        var account = await service.OpenAsync(""","overdraftLimit":50""");
        await account.Grant("10");
        var refused = (await account.Post("adjustments", """{"amount":-11,"reason":"r"}""")).ShouldBe(402, "insufficient-credits");
        (refused["available"], refused["required"]).ShouldBe(("10", "11"));
    }

    [Fact]
    public async Task A_transfer_changes_both_accounts()
    {
        var (from, to) = (await service.OpenAsync(), await service.OpenAsync(""","overdraftLimit":5"""));
        var bought = await from.Purchase("10");
        var granted = await from.Grant("4", ""","priority":3""");
        (await to.Consume("2")).ShouldBe(201);
        var sent = await from.Post("transfers", $$"""{"toAccountId":"{{to.Id}}","amount":6,{{Note}}}""");
        sent.ShouldBe(201).ShouldHave($$"""
            { "id":"<txn>","accountId":"{{from.Id}}","type":"transfer","direction":"debit","amount":6,"balanceBefore":14,"balanceAfter":8,"available":8,
              "allocations":[{"lotId":"{{granted["allocations.0.lotId"]}}","amount":4},{"lotId":"{{bought["allocations.0.lotId"]}}","amount":2}],
              "fromAccountId":"{{from.Id}}","toAccountId":"{{to.Id}}","version":4,{{Expected}} }
            """);
        var came = (await to.Get("/transactions?type=transfer")).Data.Single();
        JsonShape.Match(came, $$"""
            { "id":"<txn>","accountId":"{{to.Id}}","type":"transfer","direction":"credit","amount":6,"balanceBefore":-2,"balanceAfter":4,"available":4,
              "allocations":[{"lotId":null,"amount":2},{"lotId":"<lot>","amount":2},{"lotId":"<lot>","amount":2}],
              "fromAccountId":"{{from.Id}}","toAccountId":"{{to.Id}}","version":3,{{Expected}} }
            """);
        came.GetProperty("recordedAt").GetString().ShouldBe(sent["recordedAt"]);
        var lots = (await to.Client.Get(to.Path + "/lots")).Data.ToList();
        lots.Select(lot => (lot.GetProperty("kind").GetString(), lot.GetProperty("priority").GetInt32(), lot.GetProperty("remaining").GetRawText(), lot.TryGetProperty("cost", out var cost) ? cost.GetProperty("amount").GetInt64() : 0))
            .ShouldBe([("purchased", 100, "2", 300), ("granted", 3, "2", 0)]);
    }

    [Fact]
    public async Task A_transfer_that_is_refused_changes_neither()
    {
        var (from, to, tokens) = (await service.OpenAsync(""","overdraftLimit":50"""), await service.OpenAsync(), await service.OpenAsync(""","unit":"token" """));
        await from.Grant("5");
        (await from.Post("transfers", $$"""{"toAccountId":"{{to.Id}}","amount":6}""")).ShouldBe(402, "insufficient-credits");
        (await from.Post("transfers", $$"""{"toAccountId":"{{tokens.Id}}","amount":1}""")).ShouldBe(409, "conflict");
        (await from.Post("transfers", $$"""{"toAccountId":"{{from.Id}}","amount":1}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["toAccountId"]);
        (await from.Post("transfers", $$"""{"toAccountId":"{{ContractService.NewId()}}","amount":1}""")).ShouldBe(404, "account-not-found");
        var foreign = await service.OpenAsync(client: service.As("other:admin"));
        (await from.Post("transfers", $$"""{"toAccountId":"{{foreign.Id}}","amount":1}""")).ShouldBe(404, "account-not-found");
        foreach (var account in new[] { from, to, tokens, foreign }) await account.ShouldHave(("totals.transferred", "0"));
    }

    [Fact]
    public async Task A_resource_is_charged_once_until_its_refund()
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        const string once = ""","oncePerResource":true,"resource":{"type":"report","id":"r_1"}""";
        (await account.Consume("1", ""","resource":{"type":"report","id":"r_1"}""")).ShouldBe(201);
        var first = (await account.Consume("10", once)).ShouldBe(201);
        first["oncePerResource"].ShouldBe("true");
        (await account.Consume("10", once)).ShouldBe(200).Body.ShouldBe(first.Body);
        (await account.Consume("25", once)).ShouldBe(200).Body.ShouldBe(first.Body);
        (await account.Consume("1", once.Replace("r_1", "r_2", StringComparison.Ordinal))).ShouldBe(201);
        (await account.Post($"consumptions/{first["id"]}/refund", """{"amount":4,"reason":"r"}""")).ShouldBe(201);
        (await account.Consume("10", once)).ShouldBe(200);
        (await account.Post($"consumptions/{first["id"]}/refund", """{"reason":"r"}""")).ShouldBe(201);
        var again = (await account.Consume("10", once)).ShouldBe(201);
        again["id"].ShouldNotBe(first["id"]);
        (await account.Consume("10", ""","oncePerResource":true""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["resource"]);
        (await account.Consume("10", ""","oncePerResource":false""")).ShouldBe(201);
    }

    [Fact]
    public async Task Transactions_of_other_kinds_and_accounts_are_not_found()
    {
        var (account, other) = (await service.OpenAsync(), await service.OpenAsync());
        var (granted, bought) = (await account.Grant("10"), await account.Purchase("10"));
        var used = (await account.Consume("1")).ShouldBe(201);
        foreach (var (holder, path) in new[]
        {
            (account, $"consumptions/{granted["id"]}/refund"), (account, $"consumptions/{bought["id"]}/refund"), (account, $"purchases/{granted["id"]}/refund"), (account, $"purchases/{used["id"]}/refund"),
            (other, $"consumptions/{used["id"]}/refund"), (other, $"purchases/{bought["id"]}/refund"), (account, "consumptions/txn_0/refund"), (account, "purchases/x/refund"), (account, "consumptions/%C3%A4/refund"),
        })
        {
            (await holder.Post(path, """{"reason":"r"}""")).ShouldBe(404, "not-found");
        }

        (await account.Post("holds/hold_0/capture", "{}")).ShouldBe(404, "not-found").Text("detail").ShouldNotContain("zzzz");
        (await account.Post($"holds/{used["id"]}/release", "{}")).ShouldBe(404, "not-found");
        (await account.Post("consumptions/nonsense/refund", """{"reason":"r"}""")).ShouldBe(404, "not-found").Text("detail").ShouldNotContain("zzzz");
        (await account.Client.Get($"{other.Path}/transactions/{used["id"]}")).ShouldBe(404, "not-found");
        (await account.Client.Get($"{account.Path}/transactions/txn_x")).ShouldBe(404, "not-found");
    }

    [Fact]
    public async Task A_scale_bounds_every_amount()
    {
        var (account, to) = (await service.OpenAsync(""","scale":2"""), await service.OpenAsync(""","scale":2"""));
        await account.Grant("10.250000");
        await account.Purchase("1.10");
        var hold = (await account.Hold("1")).ShouldBe(201);
        var used = (await account.Consume("1")).ShouldBe(201);
        foreach (var (command, body, member) in new[]
        {
            ("grants", """{"amount":0.001,"source":"bonus"}""", "amount"), ("purchases", """{"creditAmount":0.001,"price":{"amount":1,"currency":"usd"}}""", "creditAmount"), ("consumptions", """{"amount":0.001}""", "amount"),
            ("holds", """{"amount":0.001}""", "amount"), ("adjustments", """{"amount":-0.001,"reason":"r"}""", "amount"), ("transfers", $$"""{"amount":0.001,"toAccountId":"{{to.Id}}"}""", "amount"),
            ($"holds/{hold["id"]}/capture", """{"amount":0.001}""", "amount"), ($"consumptions/{used["id"]}/refund", """{"amount":0.001,"reason":"r"}""", "amount"),
        })
        {
            (await account.Post(command, body)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe([member], command);
        }

        await account.ShouldHave(("balance", "10.35"), ("held", "1"));
    }

    [Fact]
    public async Task The_largest_amounts_are_exact()
    {
        var account = await service.OpenAsync();
        await account.Grant("1000000000000");
        await account.Grant("\"999999999999.999999\"");
        await account.Grant("0.000001");
        await account.Grant("1e12");
        await account.ShouldHave(("balance", "3000000000000"));
        (await account.Consume("1e-6")).ShouldBe(201)["balanceAfter"].ShouldBe("2999999999999.999999");
        foreach (var amount in new[] { "1000000000000.000001", "1e13", "-1", "0", "0.0", "0.0000001", "1e-7", "1e400", "-0", "\"1e3\"", "\"+1\"", "\" 1\"", "\"\"", "\"NaN\"", "\".5\"", "\"5.\"", "true", "[]" })
            (await account.Consume(amount)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["amount"], amount);
        foreach (var amount in new[] { "NaN", "Infinity", "-Infinity", "+1", "01", ".5", "5.", "0x1" }) (await account.Consume(amount)).ShouldBe(400, "invalid-request");
    }
}
