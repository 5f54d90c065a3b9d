namespace Ledger.Api.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class Versions_over_http(ContractService service)
{
    [Fact]
    public async Task Every_command_takes_the_version_that_it_was_decided_on()
    {
        var (account, to) = (await service.OpenAsync(), await service.OpenAsync());
        var bought = await account.Purchase("100");
        var used = (await account.Consume("10")).ShouldBe(201);
        var (one, two) = ((await account.Hold("1")).Text("id"), (await account.Hold("1")).Text("id"));
        foreach (var (command, body) in new (string, string)[]
        {
            ("purchases", """{"creditAmount":1,"price":{"amount":1,"currency":"usd"}}"""), ("grants", """{"amount":1,"source":"bonus"}"""), ("consumptions", """{"amount":1}"""), ("holds", """{"amount":1}"""),
            ($"holds/{one}/capture", "{}"), ($"holds/{two}/release", "{}"), ($"consumptions/{used["id"]}/refund", """{"reason":"r"}"""), ($"purchases/{bought["id"]}/refund", """{"reason":"r","amount":1}"""),
            ("adjustments", """{"amount":1,"reason":"r"}"""), ("transfers", $$"""{"amount":1,"toAccountId":"{{to.Id}}"}"""), ("freeze", "{}"), ("unfreeze", "{}"), ("close", """{"forfeit":true}"""),
        })
        {
            var etag = (await account.Get()).Headers["ETag"];
            var stale = await account.Post(command, body, null, ("If-Match", "\"1\""));
            stale.ShouldBe(412, "version-mismatch")["version"].ShouldBe(etag.Trim('"'), command);
            var done = await account.Post(command, body, null, ("If-Match", etag));
            done.Status.ShouldBeInRange(200, 201, done.Body);
        }
    }

    [Fact]
    public async Task A_star_matches_any_account_that_there_is()
    {
        var account = await service.OpenAsync();
        (await account.Post("grants", """{"amount":1,"source":"bonus"}""", null, ("If-Match", "*"))).ShouldBe(201);
        const string open = """{"owner":{"kind":"user","id":"u_1"}}""";
        (await account.Client.Put(account.Path, open, ("If-Match", "*"))).ShouldBe(200);
        var unopened = "/v1/accounts/" + ContractService.NewId();
        (await account.Client.Put(unopened, open, ("If-Match", "*"))).ShouldBe(412, "version-mismatch")["version"].ShouldBe("0");
        (await account.Client.Put(unopened, open, ("If-Match", "\"1\""))).ShouldBe(412, "version-mismatch");
        (await account.Client.Get(unopened)).ShouldBe(404);
        (await account.Client.Put(account.Path, """{"owner":{"kind":"user","id":"u_1"},"metadata":{"a":"b"}}""", ("If-Match", "\"1\""))).ShouldBe(412, "version-mismatch");
        (await account.Client.Put(account.Path, """{"owner":{"kind":"user","id":"u_1"},"metadata":{"a":"b"}}""", ("If-Match", "\"2\""))).ShouldBe(200)["version"].ShouldBe("3");
    }

    [Theory]
    [InlineData("2")]
    [InlineData("\"\"")]
    [InlineData("\"x\"")]
    [InlineData("\"02\"")]
    [InlineData("\"-2\"")]
    [InlineData("\"0\"")]
    [InlineData("\"2")]
    [InlineData("W/\"2\"")]
    [InlineData("\"1\", \"2\"")]
    [InlineData("\"99999999999999999999\"")]
    [InlineData("**")]
    public async Task Anything_else_is_refused(string header)
    {
        var account = await service.OpenAsync();
        await account.Grant("5");
        (await account.Post("consumptions", """{"amount":1}""", null, ("If-Match", header))).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["If-Match"]);
        await account.ShouldHave(("version", "2"));
    }

    [Fact]
    public async Task No_304_is_answered()
    {
        var account = await service.OpenAsync();
        (await account.Client.Get(account.Path, ("If-None-Match", "\"1\""))).ShouldBe(200)["version"].ShouldBe("1");
    }

    [Fact]
    public async Task Of_many_with_the_same_version_one_is_done()
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => account.Post("consumptions", """{"amount":1}""", null, ("If-Match", "\"2\""))));
        replies.Count(reply => reply.Status == 201).ShouldBe(1);
        replies.Count(reply => reply.Status == 412).ShouldBe(19);
        await account.ShouldHave(("balance", "99"));
    }

    [Fact]
    public async Task The_version_is_that_of_the_account_in_the_path()
    {
        var (from, to) = (await service.OpenAsync(), await service.OpenAsync());
        await from.Grant("5");
        (await from.Post("transfers", $$"""{"amount":1,"toAccountId":"{{to.Id}}"}""", null, ("If-Match", "\"1\""))).ShouldBe(412)["version"].ShouldBe("2");
        (await from.Post("transfers", $$"""{"amount":1,"toAccountId":"{{to.Id}}"}""", null, ("If-Match", "\"2\""))).ShouldBe(201);
    }
}
