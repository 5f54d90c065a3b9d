namespace Ledger.Api.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class Idempotency_over_http(ContractService service)
{
    private const string Full = """
        {"amount":5.5,"service":"s","resource":{"type":"t","id":"i"},"usage":{"inputTokens":3,"requestData":{"b":1.50,"a":[-0,1E2,"x\u00e9"]}},"metadata":{"k":"v","a":"b"},"occurredAt":"2026-01-01T00:00:00Z"}
        """;

    [Fact]
    public async Task Every_command_repeated_with_its_key_gives_the_same_answer_byte_for_byte()
    {
        var (account, other) = (await service.OpenAsync(), await service.OpenAsync());
        await account.Grant("1000");
        var occurred = DateTimeOffset.UtcNow.AddDays(-1).ToString("yyyy-MM-dd'T'HH:mm:ss'.1234567Z'", System.Globalization.CultureInfo.InvariantCulture);
        var used = (await account.Consume("5")).ShouldBe(201);
        var bought = await account.Purchase("50");
        var (one, two) = ((await account.Hold("5", ""","usage":{}""")).ShouldBe(201), (await account.Hold("5")).ShouldBe(201));
        var commands = new (string Command, string? Body)[]
        {
            ("consumptions", Full.Replace("2026-01-01T00:00:00Z", occurred, StringComparison.Ordinal)), ("grants", """{"amount":"1.10","source":"bonus","priority":0,"metadata":{"n":null}}"""),
            ("purchases", $$"""{"creditAmount":1e1,"price":{"amount":0,"currency":"idr"},"paymentId":"{{ContractService.NewId("pay")}}"}"""), ("adjustments", """{"amount":-1,"reason":"é\"<>&'😀"}"""),
            ("transfers", $$"""{"amount":1,"toAccountId":"{{other.Id}}","description":""}"""), ("holds", """{"amount":1,"usage":{"requestData":{}}}"""), ($"holds/{one["id"]}/capture", """{"amount":2,"usage":{"success":true}}"""),
            ($"holds/{two["id"]}/release", """{"usage":{"errorMessage":"x"}}"""), ($"consumptions/{used["id"]}/refund", """{"reason":"r"}"""), ($"purchases/{bought["id"]}/refund", """{"reason":"r","amount":1}"""),
            ("freeze", """{"reason":"r"}"""), ("freeze", null), ("unfreeze", "{}"),
        };
        var first = new List<(string Key, Reply Reply)>();
        foreach (var (command, body) in commands)
        {
            var key = Guid.NewGuid().ToString();
            var reply = await account.Post(command, body, key);
            reply.Status.ShouldBeInRange(200, 201, reply.Body);
            reply.Replayed.ShouldBeFalse();
            first.Add((key, reply));
            (await account.Post(command, body, key)).Body.ShouldBe(reply.Body);
        }

        await account.Grant("77");
        (await account.Client.Put(account.Path, """{"owner":{"kind":"user","id":"u_1"},"metadata":{"late":"x"}}""")).ShouldBe(200);
        foreach (var ((command, body), (key, reply)) in commands.Zip(first))
        {
            var again = await account.Post(command, body, key, ("If-Match", "\"1\""));
            again.Replayed.ShouldBeTrue(command);
            (again.Status, again.Body, again.MediaType).ShouldBe((reply.Status, reply.Body, reply.MediaType), command);
        }

        (await account.Client.Service.As("app").Post(account.Path + "/grants", commands[1].Body, first[1].Key)).Replayed.ShouldBeTrue("the key belongs to the tenant, not to the credential");
        (await account.Client.Service.As("app").Post(account.Path + "/adjustments", commands[3].Body, first[3].Key)).ShouldBe(403, "forbidden");
        var closed = await account.Post("close", """{"forfeit":true}""", "close-" + account.Id);
        closed.ShouldBe(200);
        var closedAgain = await account.Post("close", """{"forfeit":true}""", "close-" + account.Id);
        (closedAgain.Body, closedAgain.Replayed).ShouldBe((closed.Body, true));
        (await account.Post(commands[0].Command, commands[0].Body, first[0].Key)).Body.ShouldBe(first[0].Reply.Body);
    }

    [Fact]
    public async Task A_key_is_one_in_its_tenant_whatever_it_was_used_for()
    {
        var account = await service.OpenAsync();
        const string grant = """{"amount":1,"source":"bonus"}""";
        const string make = """{"name":"n","roles":["reader"]}""";
        var (first, second) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        (await account.Post("grants", grant, first)).ShouldBe(201);
        (await service.Admin.Post("/v1/api-keys", make, first)).ShouldBe(422, "idempotency-key-reused");
        var made = (await service.Admin.Post("/v1/api-keys", make, second)).ShouldBe(201);
        (await account.Post("grants", grant, second)).ShouldBe(422, "idempotency-key-reused");
        (await service.Admin.Post($"/v1/api-keys/{made["id"]}/revoke", "{}", second)).ShouldBe(422, "idempotency-key-reused");
        (await service.Admin.Post("/v1/api-keys", make, second)).Replayed.ShouldBeTrue();
    }

    [Fact]
    public async Task What_had_been_done_before_under_another_key_is_repeated_as_such()
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        const string once = """{"amount":5,"resource":{"type":"t","id":"i"},"oncePerResource":true}""";
        var purchase = $$"""{"creditAmount":10,"price":{"amount":1,"currency":"usd"},"paymentId":"{{ContractService.NewId("pay")}}"}""";
        var (hold, used, bought) = ((await account.Post("holds", once)).ShouldBe(201), (await account.Post("consumptions", once)).ShouldBe(201), (await account.Post("purchases", purchase)).ShouldBe(201));
        foreach (var (command, body, first) in new[] { ("consumptions", once, used), ("purchases", purchase, bought), ($"holds/{hold["id"]}/capture", "{}", used) })
        {
            var key = Guid.NewGuid().ToString();
            var already = (await account.Post(command, body, key)).ShouldBe(200);
            (already.Body, already.Replayed).ShouldBe((first.Body, false), command);
            (await account.Post($"consumptions/{used["id"]}/refund", """{"amount":1,"reason":"r"}""")).ShouldBe(201);
            var again = await account.Post(command, body, key);
            (again.Status, again.Body, again.Replayed).ShouldBe((200, first.Body, true), command);
        }

        await account.ShouldHave(("held", "0"), ("balance", "108"));
    }

    [Theory]
    [InlineData("""{"metadata":{"a":"b","k":"v"},"resource":{"id":"i","type":"t"},"service":"s","amount":"5.500","usage":{"requestData":{"a":[0,100,"xé"],"b":1.5},"inputTokens":3}}""")]
    [InlineData("""  { "amount" : 55e-1 , "service":"s","resource":{"type":"t","id":"i"},"usage":{"inputTokens":3,"requestData":{"b":0.15e1,"a":[0.0,1e+2,"x\u00E9"]}},"metadata":{"k":"v","a":"b","gone":null},"actor":null,"oncePerResource":null }  """)]
    public async Task Order_space_and_spelling_of_members_do_not_count(string other)
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        const string one = """{"amount":5.5,"service":"s","resource":{"type":"t","id":"i"},"usage":{"inputTokens":3,"requestData":{"b":1.50,"a":[-0,1E2,"x\u00e9"]}},"metadata":{"k":"v","a":"b"}}""";
        var key = Guid.NewGuid().ToString();
        var first = (await account.Post("consumptions", one, key)).ShouldBe(201);
        var again = await account.Post("consumptions", other, key);
        again.ShouldBe(201).Replayed.ShouldBeTrue();
        again.Body.ShouldBe(first.Body);
        await account.ShouldHave(("version", "3"));
    }

    [Theory]
    [InlineData("""{"amount":6,"reference":"r"}""")]
    [InlineData("""{"amount":5,"reference":"R"}""")]
    [InlineData("""{"amount":5}""")]
    [InlineData("""{"amount":5,"reference":"r","actor":"a"}""")]
    [InlineData("""{"amount":5,"reference":"r","metadata":{"a":"b"}}""")]
    [InlineData("""{"amount":5,"reference":"r","resource":{"type":"t","id":"i"}}""")]
    [InlineData("""{"amount":5,"reference":"r","usage":{"inputTokens":1}}""")]
    public async Task Other_members_under_the_same_key_are_refused(string other)
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        var key = Guid.NewGuid().ToString();
        (await account.Post("consumptions", """{"amount":5,"reference":"r"}""", key)).ShouldBe(201);
        (await account.Post("consumptions", other, key)).ShouldBe(422, "idempotency-key-reused");
        await account.ShouldHave(("balance", "95"));
    }

    [Fact]
    public async Task Another_account_or_command_under_the_same_key_is_refused_and_another_tenant_has_keys_of_its_own()
    {
        var (account, other) = (await service.OpenAsync(), await service.OpenAsync());
        var foreign = await service.OpenAsync(client: service.As("other:admin"), id: account.Id);
        var key = Guid.NewGuid().ToString();
        const string body = """{"amount":5,"source":"bonus"}""";
        (await account.Post("grants", body, key)).ShouldBe(201);
        (await other.Post("grants", body, key)).ShouldBe(422, "idempotency-key-reused");
        (await account.Post("freeze", "{}", key)).ShouldBe(422, "idempotency-key-reused");
        (await account.Client.Post($"/v1/accounts/{ContractService.NewId()}/grants", body, key)).ShouldBe(422, "idempotency-key-reused");
        var theirs = (await foreign.Post("grants", body, key)).ShouldBe(201);
        theirs.Replayed.ShouldBeFalse();
        var holds = ((await account.Hold("1")).Text("id"), (await account.Hold("1")).Text("id"));
        (await account.Post($"holds/{holds.Item1}/capture", "{}", key + "h")).ShouldBe(201);
        (await account.Post($"holds/{holds.Item2}/capture", "{}", key + "h")).ShouldBe(422, "idempotency-key-reused");
    }

    [Fact]
    public async Task A_refused_command_uses_up_no_key()
    {
        var account = await service.OpenAsync();
        var key = Guid.NewGuid().ToString();
        (await account.Post("consumptions", """{"amount":5}""", key)).ShouldBe(402, "insufficient-credits");
        (await account.Post("consumptions", """{"amount":-5}""", key)).ShouldBe(400, "invalid-request");
        (await account.Client.Post($"/v1/accounts/{ContractService.NewId()}/consumptions", """{"amount":5}""", key)).ShouldBe(404, "account-not-found");
        (await account.Post("consumptions", """{"amount":6}""", key, ("If-Match", "\"9\""))).ShouldBe(412, "version-mismatch");
        await account.Grant("10");
        (await account.Post("consumptions", """{"amount":7}""", key)).ShouldBe(201).Replayed.ShouldBeFalse();
    }

    [Theory]
    [InlineData("", "idempotency-key-missing")]
    [InlineData(" ", "invalid-request,idempotency-key-missing")]
    [InlineData("ä", "invalid-request")]
    [InlineData("a\tb", "invalid-request")]
    public async Task A_post_needs_a_key(string key, string problems)
    {
        var account = await service.OpenAsync();
        (await account.Post("grants", """{"amount":5,"source":"bonus"}""", key)).ShouldBe(400).Problem.ShouldBeOneOf(problems.Split(','));
        await account.ShouldHave(("version", "1"));
    }

    [Fact]
    public async Task A_key_has_1_to_255_printable_characters()
    {
        var account = await service.OpenAsync();
        var start = account.Id + " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
        const string body = """{"amount":5,"source":"bonus"}""";
        (await account.Post("grants", body, start.PadRight(255, 'x'))).ShouldBe(201);
        (await account.Post("grants", body, start.PadRight(256, 'x'))).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["Idempotency-Key"]);
    }

    [Fact]
    public async Task A_line_of_a_batch_and_a_single_request_are_the_same_request()
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        var bought = await account.Purchase("10");
        var commands = new (string Path, string Body, string Command, string Line)[]
        {
            ("consumptions", """{"amount":1.0,"reference":"r"}""", "consume", ""","reference":"r","amount":1"""), ("holds", """{"amount":2}""", "hold", ""","amount":"2" """),
            ("adjustments", """{"amount":-1,"reason":"r"}""", "adjust", ""","amount":-1,"reason":"r" """), ($"purchases/{bought["id"]}/refund", """{"amount":1,"reason":"r"}""", "refund_purchase", $""","txnId":"{bought["id"]}","amount":1,"reason":"r" """),
        };
        foreach (var (path, body, command, line) in commands)
        {
            string Line(string key) => $$"""{"key":"{{key}}","accountId":"{{account.Id}}","command":"{{command}}"{{line}}}""";
            var (singly, batched) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
            var single = (await account.Post(path, body, singly)).ShouldBe(201);
            var again = (await account.Client.Batch([Line(singly)])).Single();
            (again.Status, again.Body, again.Replayed).ShouldBe((201, single.Body, true), command);
            var first = (await account.Client.Batch([Line(batched)])).Single();
            (first.Status, first.Replayed).ShouldBe((201, false), first.Body);
            var replayed = await account.Post(path, body, batched);
            (replayed.Status, replayed.Body, replayed.Replayed).ShouldBe((201, first.Body, true), command);
        }
    }

    [Fact]
    public async Task Copies_that_come_at_once_are_done_once_and_answered_alike()
    {
        const int keys = 50, copies = 8;
        var account = await service.OpenAsync();
        await account.Grant("1000");
        var sent = Enumerable.Range(0, keys).SelectMany(key => Enumerable.Repeat(key, copies)).ToArray();
        Random.Shared.Shuffle(sent);
        var replies = await Task.WhenAll(sent.Select(async key => (Key: key, Reply: await account.Post("consumptions", $$"""{"amount":1,"reference":"k{{key}}"}""", $"{account.Id}-{key}"))));
        foreach (var group in replies.GroupBy(reply => reply.Key))
        {
            group.Select(reply => (reply.Reply.Status, reply.Reply.Body)).Distinct().Count().ShouldBe(1);
            group.First().Reply.ShouldBe(201);
            group.Count(reply => !reply.Reply.Replayed).ShouldBe(1);
        }

        await account.ShouldHave(("balance", "950"), ("version", "52"));
    }

    [Fact]
    public async Task A_key_that_made_an_api_key_stands_for_that_request()
    {
        var account = await service.OpenAsync();
        var key = Guid.NewGuid().ToString();
        (await service.Admin.Post("/v1/api-keys", """{"name":"x","roles":["reader"]}""", key)).ShouldBe(201);
        (await service.Admin.Post("/v1/api-keys", """{"name":"y","roles":["reader"]}""", key)).ShouldBe(422, "idempotency-key-reused");
        var again = (await service.Admin.Post("/v1/api-keys", """{"roles":["reader"],"name":"x"}""", key)).ShouldBe(201);
        again.Replayed.ShouldBeTrue();
        again.Json.TryGetProperty("key", out _).ShouldBeFalse("a key is shown once");
        await account.ShouldHave(("version", "1"));
    }
}
