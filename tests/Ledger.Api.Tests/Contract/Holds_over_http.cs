namespace Ledger.Api.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class Holds_over_http(ContractService service)
{
    [Fact]
    public async Task A_hold_answers_with_all_that_it_was_given()
    {
        var account = await service.OpenAsync();
        await account.Grant("30");
        var hold = await account.Post("holds", """{"amount":20.5,"service":"s","operation":"o","resource":{"type":"t","id":"i"},"oncePerResource":true,"usage":{"inputTokens":1},"actor":"a","description":"d","reference":"r","metadata":{"k":"v"}}""");
        var expected = $$"""
            { "id":"{{hold["id"]}}","accountId":"{{account.Id}}","amount":20.5,"captured":0,"state":"active","expiresAt":"<time>","createdAt":"<time>","service":"s","operation":"o","resource":{"type":"t","id":"i"},
              "oncePerResource":true,"usage":{"inputTokens":1},"actor":"a","description":"d","reference":"r","metadata":{"k":"v"} }
            """;
        hold.ShouldBe(201).ShouldHave(expected)["id"].ShouldStartWith("hold_");
        (hold.Json.GetProperty("expiresAt").GetDateTimeOffset() - hold.Json.GetProperty("createdAt").GetDateTimeOffset()).ShouldBe(TimeSpan.FromMinutes(15));
        var listed = (await account.Client.Get(account.Path + "/holds?state=active")).ShouldBe(200);
        listed["data.0"].ShouldBe(hold.Body);
        await account.ShouldHave(("version", "3"), ("available", "9.5"));
        (await account.Get("/transactions")).Data.Count().ShouldBe(1);
    }

    [Fact]
    public async Task A_capture_takes_the_holds_own_words_unless_given_anew()
    {
        var account = await service.OpenAsync();
        var granted = await account.Grant("30");
        const string all = ""","service":"s","operation":"o","resource":{"type":"t","id":"i"},"usage":{"inputTokens":1},"actor":"a","description":"d","reference":"r","metadata":{"k":"v"}""";
        var (first, second) = ((await account.Hold("10", all)).ShouldBe(201), (await account.Hold("10", all)).ShouldBe(201));
        (await account.Post($"holds/{first["id"]}/capture", null)).ShouldBe(201).ShouldHave($$"""
            { "id":"<txn>","accountId":"{{account.Id}}","type":"consumption","direction":"debit","amount":10,"balanceBefore":30,"balanceAfter":20,"available":10,"holdId":"{{first["id"]}}",
              "allocations":[{"lotId":"{{granted["allocations.0.lotId"]}}","amount":10}],"service":"s","operation":"o","resource":{"type":"t","id":"i"},"usage":{"inputTokens":1},
              "actor":"a","description":"d","reference":"r","metadata":{"k":"v"},"version":5,"occurredAt":"<time>","recordedAt":"<time>" }
            """);
        var anew = await account.Post($"holds/{second["id"]}/capture", """{"service":"s2","operation":"o2","resource":{"type":"t2","id":"i2"},"usage":{"outputTokens":2},"actor":"a2","description":"d2","reference":"r2","metadata":{}}""");
        anew.ShouldBe(201);
        (anew["service"], anew["operation"], anew["resource"], anew["usage"], anew["actor"], anew["description"], anew["reference"])
            .ShouldBe(("s2", "o2", """{"type":"t2","id":"i2"}""", """{"outputTokens":2}""", "a2", "d2", "r2"));
    }

    [Theory]
    [InlineData("""{"amount":6}""", "6", "24", "24")]
    [InlineData("""{}""", "10", "20", "20")]
    [InlineData("""{"amount":25}""", "25", "5", "5")]
    [InlineData("""{"amount":30}""", "30", "0", "0")]
    public async Task A_capture_may_take_less_or_more(string body, string amount, string balance, string available)
    {
        var account = await service.OpenAsync();
        await account.Grant("30");
        var hold = (await account.Hold("10")).ShouldBe(201);
        var captured = (await account.Post($"holds/{hold["id"]}/capture", body)).ShouldBe(201);
        (captured["amount"], captured["balanceAfter"], captured["available"]).ShouldBe((amount, balance, available));
        await account.ShouldHave(("held", "0"), ("balance", balance), ("available", available));
        var ended = (await account.Client.Get(account.Path + "/holds")).Data.Single();
        (ended.GetProperty("state").GetString(), ended.GetProperty("captured").GetRawText(), ended.GetProperty("amount").GetRawText()).ShouldBe(("captured", amount, "10"));
        (await account.Post($"holds/{hold["id"]}/capture", body)).ShouldBe(409, "hold-not-active")["state"].ShouldBe("captured");
    }

    [Fact]
    public async Task A_capture_beyond_what_is_available_is_refused_and_the_hold_stands()
    {
        var account = await service.OpenAsync();
        await account.Grant("30");
        var hold = (await account.Hold("10")).ShouldBe(201);
        var refused = (await account.Post($"holds/{hold["id"]}/capture", """{"amount":31}""")).ShouldBe(402, "insufficient-credits");
        (refused["available"], refused["required"]).ShouldBe(("20", "21"));
        await account.ShouldHave(("held", "10"));
        (await account.Post($"holds/{hold["id"]}/capture", """{"amount":0}""")).ShouldBe(400, "invalid-request");
    }

    [Fact]
    public async Task A_release_answers_with_the_hold_and_logs_what_was_used()
    {
        var account = await service.OpenAsync();
        await account.Grant("30");
        var hold = (await account.Hold("10", ""","service":"s" """)).ShouldBe(201);
        var released = await account.Post($"holds/{hold["id"]}/release", """{"usage":{"success":false,"errorMessage":"timeout"}}""");
        released.ShouldBe(200).ShouldHave($$"""
            { "id":"{{hold["id"]}}","accountId":"{{account.Id}}","amount":10,"captured":0,"state":"released","expiresAt":"{{hold["expiresAt"]}}","createdAt":"{{hold["createdAt"]}}","endedAt":"<time>",
              "service":"s","usage":{"success":false,"errorMessage":"timeout"},"metadata":{} }
            """);
        await account.ShouldHave(("available", "30"), ("held", "0"));
        (await account.Client.Get(account.Path + "/holds?state=released")).Json.GetProperty("data")[0].GetRawText().ShouldBe(released.Body);
        (await account.Post($"holds/{hold["id"]}/release", "{}")).ShouldBe(409, "hold-not-active")["state"].ShouldBe("released");
    }

    [Fact]
    public async Task A_hold_may_use_the_overdraft_and_its_capture_makes_the_debt()
    {
        var account = await service.OpenAsync(""","overdraftLimit":5""");
        await account.Grant("3");
        (await account.Hold("8.1")).ShouldBe(402, "insufficient-credits");
        var hold = (await account.Hold("8")).ShouldBe(201);
        await account.ShouldHave(("available", "-5"), ("balance", "3"), ("debt", "0"));
        var captured = (await account.Post($"holds/{hold["id"]}/capture", "{}")).ShouldBe(201);
        (captured["balanceAfter"], captured["allocations.1"]).ShouldBe(("-5", """{"lotId":null,"amount":5}"""));
    }

    [Fact]
    public async Task A_capture_of_what_was_held_succeeds_though_the_credits_are_gone()
    {
        var account = await service.OpenAsync();
        var bought = await account.Purchase("10");
        var hold = (await account.Hold("10")).ShouldBe(201);
        (await account.Post($"purchases/{bought["id"]}/refund", """{"reason":"r"}""")).ShouldBe(409, "already-refunded");
        (await account.Post($"purchases/{bought["id"]}/refund", """{"reason":"r","allowDebt":true}""")).ShouldBe(201)["available"].ShouldBe("-10");
        (await account.Post($"holds/{hold["id"]}/capture", "{}")).ShouldBe(201)["balanceAfter"].ShouldBe("-10");
        await account.ShouldHave(("debt", "10"));
    }

    [Fact]
    public async Task A_once_only_resource_counts_at_the_capture()
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        const string once = ""","oncePerResource":true,"resource":{"type":"report","id":"r"}""";
        var (one, two) = ((await account.Hold("10", once)).ShouldBe(201), (await account.Hold("10", once)).ShouldBe(201));
        var used = (await account.Post($"holds/{one["id"]}/capture", "{}")).ShouldBe(201);
        (await account.Post($"holds/{two["id"]}/capture", "{}")).ShouldBe(200).Body.ShouldBe(used.Body);
        (await account.Consume("10", once)).ShouldBe(200).Body.ShouldBe(used.Body);
        await account.ShouldHave(("balance", "90"), ("held", "0"));
        (await account.Hold("10", ""","oncePerResource":true""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["resource"]);
        var late = (await account.Hold("1")).ShouldBe(201);
        (await account.Post($"holds/{late["id"]}/capture", """{"oncePerResource":true}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["resource"]);
    }

    [Fact]
    public async Task Holds_of_another_account_are_not_found()
    {
        var (account, other) = (await service.OpenAsync(), await service.OpenAsync());
        await account.Grant("10");
        var hold = (await account.Hold("1")).ShouldBe(201);
        (await other.Post($"holds/{hold["id"]}/capture", "{}")).ShouldBe(404, "not-found");
        (await other.Post($"holds/{hold["id"]}/release", "{}")).ShouldBe(404, "not-found");
        await account.ShouldHave(("held", "1"));
    }
}
