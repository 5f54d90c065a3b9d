using System.Globalization;

namespace Ledger.Api.Tests.Contract;

/// <summary>The contract's worked examples, by request. Where time passes, the test clock of this class's own service is moved.</summary>
public sealed class Burn_down_over_http(ContractService service) : IClassFixture<ContractService>
{
    private static readonly string[] LotsOfExample = ["A", "B", "C"];

    [Fact]
    public async Task Examples_1_to_3_burn_in_order_refund_in_reverse_and_replace_what_has_expired()
    {
        var account = await service.OpenAsync();
        var now = await NowAsync();
        var lots = new[]
        {
            await account.Purchase("10"), await account.Grant("5", $""","expiresAt":"{Text(now.AddDays(3))}" """), await account.Grant("5", ""","priority":10"""),
        }.Zip(LotsOfExample).ToDictionary(pair => pair.First["allocations.0.lotId"], pair => pair.Second);
        string Parts(Reply transaction) => string.Join(' ', transaction.Json.GetProperty("allocations").EnumerateArray().Select(part =>
            $"{lots.GetValueOrDefault(part.GetProperty("lotId").GetString()!, "new")}{part.GetProperty("amount").GetRawText()}"));

        var used = (await account.Consume("12")).ShouldBe(201);
        Parts(used).ShouldBe("C5 B5 A2");
        var refunded = (await account.Post($"consumptions/{used["id"]}/refund", """{"amount":6,"reason":"r"}""")).ShouldBe(201);
        Parts(refunded).ShouldBe("A2 B4");

        await service.PassAsync(TimeSpan.FromDays(4));
        await account.ShouldHave(("balance", "10"), ("totals.expired", "4"));
        var late = (await account.Post($"consumptions/{used["id"]}/refund", """{"amount":3,"reason":"r"}""")).ShouldBe(201);
        Parts(late).ShouldBe("new1 C2");
        var expiry = (await account.Get("/transactions?type=expiry")).Data.Single();
        JsonShape.Match(expiry, $$"""
            { "id":"<txn>","accountId":"{{account.Id}}","type":"expiry","direction":"debit","amount":4,"balanceBefore":14,"balanceAfter":10,"available":10,
              "allocations":[{"lotId":"<lot>","amount":4}],"version":7,"occurredAt":"{{Text(now.AddDays(3))}}","recordedAt":"<time>","metadata":{} }
            """);
        (late["version"], late["balanceBefore"]).ShouldBe(("8", "10"));
        var replaced = (await account.Client.Get(account.Path + "/lots")).Data.First();
        (replaced.GetProperty("kind").GetString(), replaced.GetProperty("source").GetString(), replaced.GetProperty("priority").GetInt32(), replaced.GetProperty("remaining").GetRawText()).ShouldBe(("granted", "bonus", 100, "1"));
        (replaced.GetProperty("expiresAt").GetDateTimeOffset() - DateTimeOffset.Parse(late["recordedAt"], CultureInfo.InvariantCulture)).ShouldBe(TimeSpan.FromDays(30));
    }

    [Fact]
    public async Task Example_4_goes_into_debt_within_the_overdraft_and_a_grant_pays_it_first()
    {
        var account = await service.OpenAsync(""","overdraftLimit":5""");
        await account.Grant("3");
        var over = (await account.Consume("8.000001")).ShouldBe(402, "insufficient-credits");
        (over["available"], over["required"]).ShouldBe(("3", "8.000001"));
        var used = (await account.Consume("7")).ShouldBe(201);
        (used["balanceAfter"], used["available"], used["allocations.1"]).ShouldBe(("-4", "-4", """{"lotId":null,"amount":4}"""));
        await account.ShouldHave(("balance", "-4"), ("debt", "4"), ("available", "-4"));
        (await account.Client.Get(account.Path + "/lots?state=active")).Data.ShouldBeEmpty();
        var granted = await account.Grant("10");
        granted["allocations.0"].ShouldBe("""{"lotId":null,"amount":4}""");
        var lot = (await account.Client.Get(account.Path + "/lots?state=active")).Data.Single();
        (lot.GetProperty("amount").GetRawText(), lot.GetProperty("remaining").GetRawText()).ShouldBe(("10", "6"));
        await account.ShouldHave(("balance", "6"), ("debt", "0"));
    }

    [Fact]
    public async Task Example_5_holds_and_the_hold_ends_by_the_clock()
    {
        var account = await service.OpenAsync();
        await account.Grant("30");
        var hold = (await account.Hold("20")).ShouldBe(201);
        await account.ShouldHave(("available", "10"), ("held", "20"), ("balance", "30"));
        (await account.Consume("15")).ShouldBe(402, "insufficient-credits")["available"].ShouldBe("10");
        await service.PassAsync(TimeSpan.FromMinutes(15) + TimeSpan.FromSeconds(1));
        await account.ShouldHave(("available", "30"), ("held", "0"));
        (await account.Client.Get(account.Path + "/holds?state=expired")).Data.Single().GetProperty("id").GetString().ShouldBe(hold["id"]);
        (await account.Post($"holds/{hold["id"]}/capture", "{}")).ShouldBe(409, "hold-not-active")["state"].ShouldBe("expired");
        (await account.Post($"holds/{hold["id"]}/release", "{}")).ShouldBe(409, "hold-not-active");
        (await account.Consume("15")).ShouldBe(201);
    }

    [Fact]
    public async Task Example_6_refunds_a_purchase_as_far_as_it_goes_and_beyond_with_debt()
    {
        var first = await service.OpenAsync();
        var bought = await first.Purchase("100");
        (await first.Consume("30")).ShouldBe(201);
        (await first.Post($"purchases/{bought["id"]}/refund", """{"amount":100,"reason":"r"}""")).ShouldBe(409, "conflict");
        (await first.Post($"purchases/{bought["id"]}/refund", """{"reason":"r"}""")).ShouldBe(201)["amount"].ShouldBe("70");

        var second = await service.OpenAsync();
        bought = await second.Purchase("100");
        (await second.Consume("30")).ShouldBe(201);
        (await second.Post($"purchases/{bought["id"]}/refund", """{"amount":100,"reason":"r","allowDebt":true}""")).ShouldBe(201)["balanceAfter"].ShouldBe("-30");
        await second.ShouldHave(("balance", "-30"), ("debt", "30"));
    }

    [Fact]
    public async Task What_has_expired_is_settled_before_the_command_and_a_refused_one_writes_nothing()
    {
        var account = await service.OpenAsync();
        await account.Grant("5", $""","expiresAt":"{Text((await NowAsync()).AddHours(1))}" """);
        await account.Grant("2");
        await service.PassAsync(TimeSpan.FromHours(2));
        var refused = await account.Consume("6");
        refused.ShouldBe(402, "insufficient-credits")["available"].ShouldBe("2");
        (await account.Get())["balance"].ShouldBe("2");
        var used = (await account.Consume("1")).ShouldBe(201);
        (used["version"], used["balanceBefore"], used["balanceAfter"]).ShouldBe(("5", "2", "1"));
        (await account.Client.Get(account.Path + "/lots?state=expired")).Data.Single().GetProperty("remaining").GetRawText().ShouldBe("0");
    }

    [Fact]
    public async Task A_repeated_key_gives_the_first_answer_though_time_has_passed()
    {
        var account = await service.OpenAsync();
        await account.Grant("5", $""","expiresAt":"{Text((await NowAsync()).AddHours(1))}" """);
        (await account.Post("freeze", "{}")).ShouldBe(200);
        await service.PassAsync(TimeSpan.FromHours(2));
        var first = await account.Post("freeze", "{}", "again-" + account.Id);
        await service.PassAsync(TimeSpan.FromHours(2));
        (await account.Grant("7")).ShouldBe(201);
        var replayed = await account.Post("freeze", "{}", "again-" + account.Id);
        replayed.ShouldBe(200).Replayed.ShouldBeTrue();
        replayed.Body.ShouldBe(first.Body);
    }

    [Fact]
    public async Task Times_are_bounded()
    {
        var account = await service.OpenAsync();
        await account.Grant("10");
        var now = await NowAsync();
        foreach (var (command, member, time, status) in new[]
        {
            ("consumptions", "occurredAt", now.AddSeconds(50), 201), ("consumptions", "occurredAt", now.AddMinutes(2), 400), ("consumptions", "occurredAt", now.AddDays(-35).AddMinutes(1), 201), ("consumptions", "occurredAt", now.AddDays(-35).AddMinutes(-1), 400),
            ("holds", "expiresAt", now.AddDays(30).AddMinutes(-1), 201), ("holds", "expiresAt", now.AddDays(30).AddMinutes(1), 400), ("holds", "expiresAt", now.AddMinutes(-1), 400),
            ("grants", "expiresAt", now.AddMinutes(-1), 400), ("grants", "expiresAt", now.AddMinutes(1), 201), ("purchases", "expiresAt", now.AddMinutes(-1), 400), ("grants", "expiresAt", DateTimeOffset.MaxValue.AddDays(-1), 201),
        })
        {
            var more = command switch { "grants" => ",\"source\":\"bonus\"", "purchases" => ",\"price\":{\"amount\":1,\"currency\":\"usd\"}", _ => "" };
            var amount = command == "purchases" ? "creditAmount" : "amount";
            var reply = (await account.Post(command, $$"""{"{{amount}}":1,"{{member}}":"{{Text(time)}}"{{more}}}""")).ShouldBe(status);
            if (status == 400) reply.WrongMembers.ShouldBe([member]);
        }
    }

    [Fact]
    public async Task Credits_kept_for_a_hold_outlive_their_lot_for_it_alone()
    {
        var account = await service.OpenAsync();
        var now = await NowAsync();
        await account.Grant("10", $""","expiresAt":"{Text(now.AddHours(1))}" """);
        var hold = (await account.Hold("4", $""","expiresAt":"{Text(now.AddHours(5))}" """)).ShouldBe(201);
        await service.PassAsync(TimeSpan.FromHours(2));
        await account.ShouldHave(("balance", "4"), ("held", "4"), ("available", "0"));
        (await account.Consume("1")).ShouldBe(402, "insufficient-credits");
        (await account.Post($"holds/{hold["id"]}/capture", """{"amount":3}""")).ShouldBe(201)["balanceAfter"].ShouldBe("1");
        await account.ShouldHave(("balance", "0"), ("held", "0"), ("totals.expired", "7"));
    }

    private Task<DateTime> DatabaseNow() => service.QueryAsync<DateTime>("select date_trunc('second', clock_timestamp() + shift) from ledger.clock");

    private async Task<DateTimeOffset> NowAsync() => new(DateTime.SpecifyKind(await DatabaseNow(), DateTimeKind.Utc));

    private static string Text(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
