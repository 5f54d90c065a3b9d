namespace Ledger.Api.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class Accounts_over_http(ContractService service)
{
    private const string Owner = """{"owner":{"kind":"user","id":"u_1"}}""";

    [Fact]
    public async Task An_account_is_opened_with_an_owner_alone_and_the_rest_begins_as_the_contract_says()
    {
        var id = ContractService.NewId();
        var expected = $$"""
            { "id": "{{id}}", "owner": { "kind": "user", "id": "u_1" }, "unit": "credit", "scale": 6, "status": "open",
              "balance": 0, "held": 0, "frozen": 0, "available": 0, "debt": 0, "overdraftLimit": 0,
              "totals": { "purchased": 0, "granted": 0, "consumed": 0, "refunded": 0, "revoked": 0, "expired": 0, "adjusted": 0, "transferred": 0 },
              "version": 1, "createdAt": "<time>", "updatedAt": "<time>", "metadata": {} }
            """;
        var opened = await service.As("app").Put($"/v1/accounts/{id}", Owner);
        opened.ShouldBe(201).ShouldHave(expected).Headers["ETag"].ShouldBe("\"1\"");
        var read = await service.As("reader").Get($"/v1/accounts/{id}");
        read.ShouldBe(200).ShouldHave(expected).Headers["ETag"].ShouldBe("\"1\"");
        read.Body.ShouldBe(opened.Body);
    }

    [Fact]
    public async Task An_account_is_opened_with_everything()
    {
        var id = ContractService.NewId("w:1.2-3");
        var opened = await service.Admin.Put($"/v1/accounts/{id}", """{"metadata":{"b":"2","a":"ä€😀"},"overdraftLimit":"12.50","scale":2,"unit":"token","owner":{"id":"w_9","kind":"workspace"}}""");
        opened.ShouldBe(201);
        (opened["owner.kind"], opened["owner.id"], opened["unit"], opened["scale"], opened["overdraftLimit"]).ShouldBe(("workspace", "w_9", "token", "2", "12.5"));
        (opened["metadata.a"], opened["metadata.b"]).ShouldBe(("ä€😀", "2"));
    }

    [Fact]
    public async Task A_second_put_answers_200_replaces_metadata_and_leaves_what_it_does_not_name()
    {
        var account = await service.OpenAsync(""","overdraftLimit":7,"scale":3,"unit":"token","metadata":{"a":"1","b":"2"}""");
        var same = await service.As("app").Put(account.Path, Owner);
        same.ShouldBe(200)["version"].ShouldBe("1");
        (same["overdraftLimit"], same["scale"], same["unit"], same["metadata"]).ShouldBe(("7", "3", "token", """{"a":"1","b":"2"}"""));

        var replaced = await service.As("app").Put(account.Path, """{"owner":{"kind":"user","id":"u_1"},"metadata":{"c":"3"},"overdraftLimit":7.0}""");
        replaced.ShouldBe(200);
        (replaced["version"], replaced["metadata"], replaced["overdraftLimit"]).ShouldBe(("2", """{"c":"3"}""", "7"));
        replaced.Headers["ETag"].ShouldBe("\"2\"");

        (await service.As("app").Put(account.Path, """{"owner":{"kind":"user","id":"u_1"},"metadata":{}}""")).ShouldBe(200)["metadata"].ShouldBe("{}");
        (await service.As("app").Put(account.Path, """{"owner":{"kind":"user","id":"u_1"},"metadata":null,"scale":null}""")).ShouldBe(200)["version"].ShouldBe("3");
    }

    [Theory]
    [InlineData("""{"owner":{"kind":"user","id":"u_2"}}""")]
    [InlineData("""{"owner":{"kind":"workspace","id":"u_1"}}""")]
    [InlineData("""{"owner":{"kind":"user","id":"u_1"},"unit":"token"}""")]
    [InlineData("""{"owner":{"kind":"user","id":"u_1"},"scale":5}""")]
    public async Task Another_owner_unit_or_scale_is_a_conflict(string body)
    {
        var account = await service.OpenAsync();
        var refused = await account.Client.Put(account.Path, body);
        refused.ShouldBe(409, "conflict")["state"].ShouldBe("open");
        await account.ShouldHave(("version", "1"));
    }

    [Fact]
    public async Task Only_an_administrator_sets_another_overdraft_limit()
    {
        var id = ContractService.NewId();
        var app = service.As("app");
        const string withLimit = """{"owner":{"kind":"user","id":"u_1"},"overdraftLimit":5}""";
        (await app.Put($"/v1/accounts/{id}", withLimit)).ShouldBe(403, "forbidden");
        (await app.Get($"/v1/accounts/{id}")).ShouldBe(404, "account-not-found");
        (await app.Put($"/v1/accounts/{id}", """{"owner":{"kind":"user","id":"u_1"},"overdraftLimit":0}""")).ShouldBe(201);
        (await app.Put($"/v1/accounts/{id}", withLimit)).ShouldBe(403, "forbidden");
        var raised = await service.Admin.Put($"/v1/accounts/{id}", withLimit);
        (raised.ShouldBe(200)["overdraftLimit"], raised["version"]).ShouldBe(("5", "2"));
        (await app.Put($"/v1/accounts/{id}", withLimit)).ShouldBe(200)["version"].ShouldBe("2");
        (await app.Put($"/v1/accounts/{id}", """{"owner":{"kind":"user","id":"u_1"},"overdraftLimit":0}""")).ShouldBe(403, "forbidden");
    }

    [Theory]
    [InlineData("a")]
    [InlineData("-._:0")]
    [InlineData("A-Z.a-z_0:9")]
    public async Task An_account_id_may_be(string start)
    {
        var id = start + Guid.NewGuid().ToString("N");
        (await service.Admin.Put($"/v1/accounts/{id}", Owner)).ShouldBe(201)["id"].ShouldBe(id);
        var longest = id.PadRight(128, 'x');
        (await service.Admin.Put($"/v1/accounts/{longest}", Owner)).ShouldBe(201)["id"].ShouldBe(longest);
    }

    [Theory]
    [InlineData("---")]
    [InlineData("_._")]
    [InlineData("a b")]
    [InlineData("a%2Fb")]
    [InlineData("a%20")]
    [InlineData("%C3%A4")]
    [InlineData("a+b")]
    [InlineData("a*")]
    [InlineData("a%0Ab")]
    [InlineData("a,b")]
    public async Task An_account_id_may_not_be(string id)
    {
        (await service.Admin.Put($"/v1/accounts/{id}", Owner)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["accountId"]);
        (await service.Admin.Get($"/v1/accounts/{id}")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["accountId"]);
        (await service.Admin.Post($"/v1/accounts/{id}/grants", """{"amount":1,"source":"bonus"}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["accountId"]);
    }

    [Fact]
    public async Task An_account_id_has_at_most_128_characters() =>
        (await service.Admin.Put($"/v1/accounts/{new string('a', 129)}", Owner)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["accountId"]);

    [Theory]
    [InlineData("""{}""", "owner")]
    [InlineData("""{"owner":null}""", "owner")]
    [InlineData("""{"owner":{}}""", "owner.id,owner.kind")]
    [InlineData("""{"owner":{"kind":"robot","id":"r"}}""", "owner.kind")]
    [InlineData("""{"owner":{"kind":"User","id":"r"}}""", "owner.kind")]
    [InlineData("""{"owner":{"kind":"user","id":""}}""", "owner.id")]
    [InlineData("""{"owner":{"kind":"user","id":"a b"}}""", "owner.id")]
    [InlineData("""{"owner":{"kind":"user","id":"u","name":"x"}}""", "owner.name")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"scale":7}""", "scale")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"scale":-1}""", "scale")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"scale":1.5}""", "scale")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"overdraftLimit":-1}""", "overdraftLimit")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"overdraftLimit":1000000000000.000001}""", "overdraftLimit")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"overdraftLimit":0.001,"scale":2}""", "overdraftLimit")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"unit":""}""", "unit")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"unit":"a b"}""", "unit")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"metadata":{"a":1}}""", "metadata.a")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"metadata":{"":"x"}}""", "metadata")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"metadata":[]}""", "metadata")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"status":"open"}""", "status")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"Unit":"x"}""", "Unit")]
    [InlineData("""{"owner":{"kind":"user","id":"u"},"unit":"x","unit":"x"}""", "unit")]
    public async Task Opening_refuses_and_names(string body, string members)
    {
        var id = ContractService.NewId();
        (await service.Admin.Put($"/v1/accounts/{id}", body)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(members.Split(','));
        (await service.Admin.Get($"/v1/accounts/{id}")).ShouldBe(404, "account-not-found");
    }

    [Fact]
    public async Task Metadata_has_at_most_50_members()
    {
        string Body(int count) => """{"owner":{"kind":"user","id":"u"},"metadata":{""" + string.Join(',', Enumerable.Range(0, count).Select(i => $"\"m{i}\":\"v\"")) + "}}";
        (await service.Admin.Put($"/v1/accounts/{ContractService.NewId()}", Body(50))).ShouldBe(201);
        (await service.Admin.Put($"/v1/accounts/{ContractService.NewId()}", Body(51))).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["metadata"]);
    }

    [Fact]
    public async Task An_account_is_read_as_it_was_at_a_time_or_a_version()
    {
        var account = await service.OpenAsync();
        var opened = await account.Get();
        var granted = await account.Grant("10");
        await Task.Delay(5);
        (await account.Consume("4")).ShouldBe(201);

        (await account.Get("?version=1")).ShouldBe(200).Body.ShouldBe(opened.Body);
        var then = await account.Get("?version=2");
        (then["balance"], then["version"], then.Headers["ETag"]).ShouldBe(("10", "2", "\"2\""));
        var at = await account.Get($"?at={Uri.EscapeDataString(granted["recordedAt"])}");
        at.Body.ShouldBe(then.Body);
        (await account.Get("?version=3"))["balance"].ShouldBe("6");
        (await account.Get("?version=4")).ShouldBe(404, "not-found");
        (await account.Get("?at=2020-01-01T00:00:00Z")).ShouldBe(404, "not-found");
        (await account.Get($"?at={Uri.EscapeDataString(opened["createdAt"])}"))["version"].ShouldBe("1");
        (await account.Get("?at=2999-01-01T00:00:00Z"))["version"].ShouldBe("3");
        (await account.Get("?at=2999-01-01T00:00:00%2B07:00")).ShouldBe(200);
    }

    [Theory]
    [InlineData("?at=yesterday", "at")]
    [InlineData("?at=2026-01-01", "at")]
    [InlineData("?at=2026-01-01T00:00:00", "at")]
    [InlineData("?at=2026-02-30T00:00:00Z", "at")]
    [InlineData("?at=", "at")]
    [InlineData("?version=0", "version")]
    [InlineData("?version=-1", "version")]
    [InlineData("?version=1.0", "version")]
    [InlineData("?version=x", "version")]
    [InlineData("?version=1&version=1", "version")]
    [InlineData("?version=1&at=2026-01-01T00:00:00Z", "version")]
    [InlineData("?Version=1", "Version")]
    [InlineData("?expand=lots", "expand")]
    public async Task Reading_refuses_and_names(string query, string member)
    {
        var account = await service.OpenAsync();
        (await account.Get(query)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe([member]);
    }

    [Fact]
    public async Task Totals_and_the_next_expiry_add_up()
    {
        var account = await service.OpenAsync(""","overdraftLimit":10""");
        var other = await service.OpenAsync();
        var soon = DateTimeOffset.UtcNow.AddDays(3).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var later = DateTimeOffset.UtcNow.AddDays(9).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var bought = await account.Purchase("100");
        await account.Grant("20", $""","expiresAt":"{soon}" """);
        await account.Grant("30.5", $""","expiresAt":"{soon}" """);
        await account.Grant("7", $""","expiresAt":"{later}" """);
        var used = (await account.Consume("10")).ShouldBe(201);
        (await account.Post($"consumptions/{used.Text("id")}/refund", """{"amount":2.5,"reason":"r"}""")).ShouldBe(201);
        (await account.Post($"purchases/{bought.Text("id")}/refund", """{"amount":40,"reason":"r"}""")).ShouldBe(201);
        (await account.Post("adjustments", """{"amount":-3,"reason":"r"}""")).ShouldBe(201);
        (await account.Post("transfers", $$"""{"toAccountId":"{{other.Id}}","amount":5}""")).ShouldBe(201);
        (await account.Hold("1.25")).ShouldBe(201);
        var now = await account.Get();
        now["totals"].ShouldBe("""{"purchased":100,"granted":57.5,"consumed":10,"refunded":2.5,"revoked":40,"expired":0,"adjusted":-3,"transferred":-5}""");
        (now["balance"], now["held"], now["available"], now["debt"]).ShouldBe(("102", "1.25", "100.75", "0"));
        now.Json.GetProperty("nextExpiry").GetRawText().ShouldBe($$"""{"amount":35,"at":"{{soon}}"}""");
        (await other.Get())["totals.transferred"].ShouldBe("5");
    }
}
