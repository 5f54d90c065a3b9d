namespace Ledger.Api.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class Status_of_an_account(ContractService service)
{
    private const string Reason = """{"reason":"r"}""";

    [Fact]
    public async Task Freezing_and_unfreezing_answer_with_the_account_and_doing_it_again_changes_nothing()
    {
        var account = await service.OpenAsync();
        var frozen = await account.Post("freeze", """{"reason":"review","actor":"u_9"}""");
        (frozen.ShouldBe(200)["status"], frozen["version"], frozen.Headers["ETag"], frozen["id"]).ShouldBe(("frozen", "2", "\"2\"", account.Id));
        (await account.Post("freeze", "{}")).ShouldBe(200)["version"].ShouldBe("2");
        (await account.Post("unfreeze", null)).ShouldBe(200)["status"].ShouldBe("open");
        (await account.Post("unfreeze", "{}")).ShouldBe(200)["version"].ShouldBe("3");
        (await account.Get()).ShouldBe(200)["status"].ShouldBe("open");
    }

    [Fact]
    public async Task A_frozen_account_refuses_spending_and_everything_else_goes_on()
    {
        var account = await service.OpenAsync();
        var other = await service.OpenAsync();
        await other.Grant("10");
        var bought = await account.Purchase("100");
        var used = (await account.Consume("10")).ShouldBe(201);
        var (first, second, third) = ((await account.Hold("5")).Text("id"), (await account.Hold("6")).Text("id"), (await account.Hold("7")).Text("id"));
        (await account.Post("freeze", "{}")).ShouldBe(200);

        foreach (var (command, body) in new[]
        {
            ("consumptions", """{"amount":1}"""), ("holds", """{"amount":1}"""), ("transfers", $$"""{"amount":1,"toAccountId":"{{other.Id}}"}"""),
            ("adjustments", """{"amount":-1,"reason":"r"}"""), ($"holds/{third}/capture", """{"amount":8}"""),
        })
        {
            (await account.Post(command, body)).ShouldBe(409, "account-frozen")["state"].ShouldBe("frozen");
        }

        (await account.Post("grants", """{"amount":1,"source":"bonus"}""")).ShouldBe(201);
        (await account.Purchase("1")).ShouldBe(201);
        (await account.Post("adjustments", """{"amount":1,"reason":"r"}""")).ShouldBe(201);
        (await account.Post($"holds/{first}/capture", "{}")).ShouldBe(201);
        (await account.Post($"holds/{second}/release", "{}")).ShouldBe(200);
        (await account.Post($"consumptions/{used.Text("id")}/refund", Reason)).ShouldBe(201);
        (await account.Post($"purchases/{bought.Text("id")}/refund", """{"amount":1,"reason":"r"}""")).ShouldBe(201);
        (await other.Post("transfers", $$"""{"amount":1,"toAccountId":"{{account.Id}}"}""")).ShouldBe(201);
        (await account.Client.Put(account.Path, """{"owner":{"kind":"user","id":"u_1"},"metadata":{"a":"b"}}""")).ShouldBe(200)["status"].ShouldBe("frozen");
        (await account.Post("unfreeze", "{}")).ShouldBe(200);
        (await account.Consume("1")).ShouldBe(201);
    }

    [Fact]
    public async Task An_account_closes_at_nothing_only_and_then_refuses_every_change()
    {
        var account = await service.OpenAsync();
        var other = await service.OpenAsync();
        await other.Grant("10");
        var bought = await account.Purchase("100");
        var hold = (await account.Hold("5")).Text("id");
        (await account.Post("close", "{}")).ShouldBe(409, "conflict")["state"].ShouldBe("open");
        (await account.Post($"holds/{hold}/release", "{}")).ShouldBe(200);
        (await account.Post("close", """{"forfeit":false}""")).ShouldBe(409, "conflict");
        var used = (await account.Consume("100")).ShouldBe(201);
        var closed = await account.Post("close", """{"reason":"left"}""");
        (closed.ShouldBe(200)["status"], closed["balance"]).ShouldBe(("closed", "0"));
        var version = closed["version"];

        foreach (var (command, body) in new[]
        {
            ("consumptions", """{"amount":1}"""), ("holds", """{"amount":1}"""), ("transfers", $$"""{"amount":1,"toAccountId":"{{other.Id}}"}"""), ("adjustments", """{"amount":-1,"reason":"r"}"""),
            ("adjustments", """{"amount":1,"reason":"r"}"""), ("grants", """{"amount":1,"source":"bonus"}"""), ("purchases", """{"creditAmount":1,"price":{"amount":1,"currency":"usd"}}"""),
            ($"consumptions/{used.Text("id")}/refund", Reason), ($"purchases/{bought.Text("id")}/refund", """{"reason":"r","allowDebt":true}"""), ("freeze", "{}"), ("unfreeze", "{}"),
        })
        {
            (await account.Post(command, body)).ShouldBe(409, "account-closed")["state"].ShouldBe("closed");
        }

        (await other.Post("transfers", $$"""{"amount":1,"toAccountId":"{{account.Id}}"}""")).ShouldBe(409, "account-closed");
        (await account.Client.Put(account.Path, """{"owner":{"kind":"user","id":"u_1"},"metadata":{"a":"b"}}""")).ShouldBe(409, "account-closed");
        (await account.Client.Put(account.Path, """{"owner":{"kind":"user","id":"u_1"}}""")).ShouldBe(200);
        (await account.Post($"holds/{hold}/capture", "{}")).ShouldBe(409, "account-closed");
        await account.ShouldHave(("version", version), ("status", "closed"));
        await other.ShouldHave(("balance", "10"));
    }

    [Theory]
    [InlineData("25", "0", "-25")]
    [InlineData("10", "15", "5")]
    public async Task Closing_with_forfeit_releases_holds_and_adjusts_to_nothing(string granted, string consumed, string adjusted)
    {
        var account = await service.OpenAsync(""","overdraftLimit":50""");
        await account.Grant(granted);
        if (consumed != "0") (await account.Consume(consumed)).ShouldBe(201);
        (await account.Hold("3")).ShouldBe(201);
        var closed = await account.Post("close", """{"forfeit":true}""");
        (closed.ShouldBe(200)["status"], closed["balance"], closed["held"], closed["debt"], closed["totals.adjusted"]).ShouldBe(("closed", "0", "0", "0", adjusted));
        (await account.Client.Get(account.Path + "/holds")).Data.Single().GetProperty("state").GetString().ShouldBe("released");
        (await account.Get("/transactions?type=adjustment")).Data.Single().GetProperty("balanceAfter").GetRawText().ShouldBe("0");
    }

    [Theory]
    [InlineData("app")]
    [InlineData("reader")]
    [InlineData("analyst")]
    public async Task Only_an_administrator_changes_a_status(string role)
    {
        var account = await service.OpenAsync();
        foreach (var command in new[] { "freeze", "unfreeze", "close" }) (await service.As(role).Post($"{account.Path}/{command}", "{}")).ShouldBe(403, "forbidden");
        await account.ShouldHave(("version", "1"));
    }
}
