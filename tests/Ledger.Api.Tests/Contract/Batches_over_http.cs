using System.Text;

namespace Ledger.Api.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class Batches_over_http(ContractService service)
{
    private static string Line(TestAccount account, string command, string members, string? key = null) => Line(account.Id, command, members, key);

    private static string Line(string account, string command, string members, string? key = null) =>
        $$"""{"key":"{{key ?? Guid.NewGuid().ToString()}}","accountId":"{{account}}","command":"{{command}}"{{(members.Length == 0 ? "" : "," + members)}}}""";

    [Fact]
    public async Task Every_command_may_be_a_line_and_lines_of_an_account_are_done_in_their_order()
    {
        var (account, other) = (await service.OpenAsync(), await service.OpenAsync());
        await account.Purchase("100");
        var used = (await account.Consume("10")).ShouldBe(201)["id"];
        var bought = (await account.Purchase("5"))["id"];
        var (one, two) = ((await account.Hold("1"))["id"], (await account.Hold("2"))["id"]);
        var lines = await account.Client.Batch(
        [
            Line(account, "consume", "\"amount\":1,\"service\":\"s\""), Line(account, "grant", "\"amount\":2,\"source\":\"bonus\""), Line(account, "purchase", "\"creditAmount\":3,\"price\":{\"amount\":1,\"currency\":\"usd\"}"),
            Line(account, "adjust", "\"amount\":-1,\"reason\":\"r\""), Line(account, "transfer", $"\"toAccountId\":\"{other.Id}\",\"amount\":4"), Line(account, "hold", "\"amount\":5"),
            Line(account, "capture", $"\"holdId\":\"{one}\""), Line(account, "release", $"\"holdId\":\"{two}\""), Line(account, "refund_consumption", $"\"txnId\":\"{used}\",\"reason\":\"r\""), Line(account, "refund_purchase", $"\"txnId\":\"{bought}\",\"reason\":\"r\""),
        ]);
        lines.Select(line => (line.Status, line.MediaType)).ShouldBe(
        [
            (201, "transaction"), (201, "transaction"), (201, "transaction"), (201, "transaction"), (201, "transaction"), (201, "hold"), (201, "transaction"), (200, "hold"), (201, "transaction"), (201, "transaction"),
        ]);
        lines.Where(line => line.MediaType == "transaction").Select(line => line["type"]).ShouldBe(["consumption", "grant", "purchase", "adjustment", "transfer", "consumption", "consumption_refund", "purchase_refund"]);
        lines[5]["state"].ShouldBe("active");
        lines[7]["state"].ShouldBe("released");
        var versions = lines.Where(line => line.MediaType == "transaction").Select(line => int.Parse(line["version"], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        versions.ShouldBe(versions.Order());
        foreach (var line in lines.Where(line => line.MediaType == "transaction")) (await account.Client.Get($"{account.Path}/transactions/{line["id"]}")).Body.ShouldBe(line.Body);
    }

    [Fact]
    public async Task A_bad_line_spoils_no_other()
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        var good = """ "amount":1""";
        var cases = new (string Line, int Status, string? Problem, string? Member)[]
        {
            ("{", 400, "invalid-request", "body"), ("nonsense", 400, "invalid-request", "body"), ("[]", 400, "invalid-request", "body"), ("null", 400, "invalid-request", "body"), ("{}", 400, "idempotency-key-missing", null),
            (Line(account, "consume", good) + "x", 400, "invalid-request", "body"), (Line(account, "consume", good), 201, null, null),
            ($$"""{"accountId":"{{account.Id}}","command":"consume","amount":1}""", 400, "idempotency-key-missing", null), ($$"""{"key":"","accountId":"{{account.Id}}","command":"consume","amount":1}""", 400, "invalid-request", "key"),
            ($$"""{"key":1,"accountId":"{{account.Id}}","command":"consume","amount":1}""", 400, "invalid-request", "key"), ($$"""{"key":"a\u0001","accountId":"{{account.Id}}","command":"consume","amount":1}""", 400, "invalid-request", "key"),
            ($$"""{"key":"{{new string('k', 256)}}","accountId":"{{account.Id}}","command":"consume","amount":1}""", 400, "invalid-request", "key"), ("""{"key":"x","command":"consume","amount":1}""", 400, "invalid-request", "accountId"),
            ("""{"key":"x","accountId":"!","command":"consume","amount":1}""", 400, "invalid-request", "accountId"), ($$"""{"key":"x","accountId":"{{account.Id}}","amount":1}""", 400, "invalid-request", "command"),
            (Line(account, "steal", good), 400, "invalid-request", "command"), (Line(account, "freeze", ""), 400, "invalid-request", "command"), (Line(account, "Consume", good), 400, "invalid-request", "command"), (Line(account, "consumptions", good), 400, "invalid-request", "command"),
            (Line(account, "consume", """ "amount":1,"x":2"""), 400, "invalid-request", "x"), (Line(account, "consume", """ "amount":1,"amount":1"""), 400, "invalid-request", "amount"), (Line(account, "consume", """ "amount":1,"key":"y" """), 400, "invalid-request", "key"),
            (Line(account, "consume", """ "amount":0"""), 400, "invalid-request", "amount"), (Line(account, "consume", ""), 400, "invalid-request", "amount"), (Line(account, "grant", good), 400, "invalid-request", "source"),
            (Line(account, "consume", """ "amount":1,"holdId":"hold_1" """), 400, "invalid-request", "holdId"), (Line(account, "capture", ""), 400, "invalid-request", "holdId"), (Line(account, "capture", """ "txnId":"txn_1" """), 400, "invalid-request", "holdId"),
            (Line(account, "refund_purchase", """ "reason":"r" """), 400, "invalid-request", "txnId"), (Line(account, "release", """ "holdId":"hold_x" """), 404, "not-found", null), (Line(account, "refund_consumption", """ "txnId":"\u0000","reason":"r" """), 404, "not-found", null),
            (Line("nobody-" + account.Id, "consume", good), 404, "account-not-found", null), (Line(account, "consume", """ "amount":1e9"""), 402, "insufficient-credits", null), (Line(account, "consume", good + ""","openAccount":{}"""), 400, "invalid-request", "openAccount.owner"),
            (Line(account, "consume", good + ""","openAccount":[]"""), 400, "invalid-request", "openAccount"), (Line(account, "consume", good + ""","description":"\ud800" """), 400, "invalid-request", "description"),
            (Line(account, "consume", good + ""","ifMatch":"1" """), 400, "invalid-request", "ifMatch"), (Line(account, "consume", good), 201, null, null),
        };
        var lines = await account.Client.Batch(cases.Select(each => each.Line));
        lines.Count.ShouldBe(cases.Length);
        foreach (var (expected, line) in cases.Zip(lines))
        {
            line.Status.ShouldBe(expected.Status, $"{expected.Line}: {line.Body}");
            if (expected.Problem is not null) line.Problem.ShouldBe(expected.Problem, $"{expected.Line}: {line.Body}");
            if (expected.Member is not null) line.WrongMembers.ShouldContain(expected.Member, $"{expected.Line}: {line.Body}");
        }

        await account.ShouldHave(("balance", "98"), ("version", "4"));
    }

    [Fact]
    public async Task A_line_is_read_like_a_request_whatever_the_order_of_its_members()
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        var reply = await account.Client.Send(HttpMethod.Post, "/v1/batch", $$"""
            { "amount" : "1.0" , "comm\u0061nd":"consume","metadata":{"key":"not the line's","command":"x"},"accountId":"{{account.Id}}","holdId":null,"openAccount":null,"key":"{{account.Id}}-1" }{{"\r"}}
            {{"\r"}}

              {{"\t"}}
            {"key":"{{account.Id}}-2","accountId":"{{account.Id}}","command":"consume","amount":1}
            """, "application/x-ndjson; charset=utf-8");
        var lines = reply.ShouldBe(200).Lines;
        lines.Select(line => line.Status).ShouldBe([201, 201], reply.Body);
        lines[0]["metadata"].ShouldBe("""{"command":"x","key":"not the line's"}""");
        reply.Body.ShouldEndWith("}\n");
        reply.Body.ShouldNotContain("\r");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n\r\n  \n")]
    public async Task Nothing_but_blank_lines_is_an_empty_batch(string body) =>
        (await service.As("app").Send(HttpMethod.Post, "/v1/batch", body, "application/x-ndjson")).ShouldBe(200).Body.ShouldBe("");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_key_that_is_there_twice_is_done_once(bool atomic)
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        var key = Guid.NewGuid().ToString();
        var lines = await account.Client.Batch([Line(account, "consume", "\"amount\":1", key), Line(account, "consume", "\"amount\":1.0", key)], atomic);
        lines.Select(line => (line.Status, line.Replayed)).ShouldBe([(201, false), (201, true)]);
        lines[0].Body.ShouldBe(lines[1].Body);
        lines = await account.Client.Batch([Line(account, "consume", "\"amount\":1", key + "b"), Line(account, "consume", "\"amount\":2", key + "b")], atomic);
        lines[1].ShouldBe(422, "idempotency-key-reused");
        lines[0].Status.ShouldBe(atomic ? 409 : 201);
        await account.ShouldHave(("balance", atomic ? "99" : "98"));
    }

    [Fact]
    public async Task A_batch_sent_again_answers_the_same_with_each_line_replayed()
    {
        var account = await service.OpenAsync();
        await account.Grant("10");
        string[] sent = [Line(account, "consume", "\"amount\":4"), Line(account, "hold", "\"amount\":4"), Line(account, "consume", "\"amount\":4"), Line(account, "grant", "\"amount\":1,\"source\":\"bonus\"")];
        var first = await account.Client.Batch(sent);
        first.Select(line => line.Status).ShouldBe([201, 201, 402, 201]);
        var again = await account.Client.Batch(sent);
        again.Select(line => (line.Status, line.Replayed)).ShouldBe([(201, true), (201, true), (402, false), (201, true)]);
        foreach (var at in new[] { 0, 1, 3 }) again[at].Body.ShouldBe(first[at].Body);
        (await account.Client.Batch(sent, atomic: true)).Select(line => line.Status).ShouldBe([409, 409, 402, 409]);
        await account.ShouldHave(("balance", "7"), ("held", "4"));
    }

    [Fact]
    public async Task A_line_may_open_its_account()
    {
        var app = service.As("app");
        var (id, refused, limited) = (ContractService.NewId(), ContractService.NewId(), ContractService.NewId());
        const string open = ""","openAccount":{"owner":{"kind":"workspace","id":"w_1"},"scale":2,"metadata":{"a":"b"}}""";
        var lines = await app.Batch(
        [
            Line(id, "grant", """ "amount":5,"source":"bonus" """ + open), Line(id, "consume", "\"amount\":1" + open), Line(refused, "consume", "\"amount\":1" + open),
            Line(limited, "grant", """ "amount":5,"source":"bonus","openAccount":{"owner":{"kind":"user","id":"u"},"overdraftLimit":5}"""), Line(id, "consume", """ "amount":1,"openAccount":{"owner":{"kind":"user","id":"other"}}"""),
        ]);
        lines.Select(line => line.Status).ShouldBe([201, 201, 402, 403, 201]);
        (lines[0]["version"], lines[1]["version"]).ShouldBe(("2", "3"));
        var opened = (await app.Get($"/v1/accounts/{id}")).ShouldBe(200);
        (opened["owner.kind"], opened["scale"], opened["metadata"], opened["balance"]).ShouldBe(("workspace", "2", """{"a":"b"}""", "3"));
        (await app.Get($"/v1/accounts/{refused}")).ShouldBe(404, "account-not-found");
        (await app.Get($"/v1/accounts/{limited}")).ShouldBe(404, "account-not-found");
        (await service.Admin.Batch([Line(limited, "consume", """ "amount":5,"openAccount":{"owner":{"kind":"user","id":"u"},"overdraftLimit":5}""")])).Single().ShouldBe(201)["balanceAfter"].ShouldBe("-5");
    }

    [Fact]
    public async Task An_atomic_batch_is_done_whole_or_not_at_all()
    {
        var (account, other) = (await service.OpenAsync(), await service.OpenAsync());
        await account.Grant("10");
        var opened = ContractService.NewId();
        string[] sent =
        [
            Line(account, "consume", "\"amount\":4"), Line(account, "transfer", $"\"toAccountId\":\"{other.Id}\",\"amount\":3"), Line(opened, "grant", """ "amount":1,"source":"bonus","openAccount":{"owner":{"kind":"user","id":"u"}}"""),
            Line(other, "consume", "\"amount\":4"), Line(account, "hold", "\"amount\":1"),
        ];
        var before = await service.WrittenAsync();
        var lines = await account.Client.Batch(sent, atomic: true);
        lines.Select(line => line.Status).ShouldBe([409, 409, 409, 402, 409]);
        foreach (var line in lines.Where(line => line.Status == 409)) line.ShouldBe(409, "batch-aborted");
        lines[3]["available"].ShouldBe("3", "it is decided after the lines before it");
        (await service.WrittenAsync()).ShouldBe(before);

        sent[3] = Line(other, "consume", "\"amount\":3");
        lines = await account.Client.Batch(sent, atomic: true);
        lines.Select(line => line.Status).ShouldBe([201, 201, 201, 201, 201]);
        await account.ShouldHave(("balance", "3"), ("held", "1"));
        await other.ShouldHave(("balance", "0"));
        (await account.Client.Batch(sent, atomic: true)).ShouldAllBe(line => line.Status == 201 && line.Replayed);

        lines = await account.Client.Batch([Line(account, "grant", "\"amount\":4,\"source\":\"bonus\""), "{", Line(account, "consume", "\"amount\":0")], atomic: true);
        lines.Select(line => line.Problem).ShouldBe(["batch-aborted", "invalid-request", "invalid-request"]);
        (await account.Client.Send(HttpMethod.Post, "/v1/batch?atomic=false", Line(account, "consume", "\"amount\":1"), "application/x-ndjson")).Lines.Single().ShouldBe(201);
        foreach (var query in new[] { "atomic=yes", "atomic=", "atomic=true&atomic=true", "Atomic=true", "x=1" }) (await account.Client.Send(HttpMethod.Post, "/v1/batch?" + query, "", "application/x-ndjson")).ShouldBe(400, "invalid-request");
    }

    [Fact]
    public async Task Roles_are_asked_line_by_line_before_the_line_is_judged()
    {
        var account = await service.OpenAsync();
        await account.Grant("10");
        var lines = await service.As("app").Batch(
        [
            Line(account, "adjust", "\"amount\":1,\"reason\":\"r\""), Line(account, "adjust", "\"amount\":\"x\""), $$"""{"accountId":"!","command":"adjust","amount":1}""", Line(account, "consume", "\"amount\":1"),
        ]);
        lines.Select(line => line.Status).ShouldBe([403, 403, 403, 201]);
        (await service.Admin.Batch([Line(account, "adjust", "\"amount\":1,\"reason\":\"r\"")])).Single().ShouldBe(201);
        foreach (var role in new[] { "reader", "analyst", "operator" }) (await service.As(role).Send(HttpMethod.Post, "/v1/batch", Line(account, "consume", "\"amount\":1"), "application/x-ndjson")).ShouldBe(403, "forbidden");
        (await service.As("other:admin").Batch([Line(account, "consume", "\"amount\":1")])).Single().ShouldBe(404, "account-not-found");
    }

    [Fact]
    public async Task A_batch_has_its_own_media_type_and_bounds()
    {
        var account = await service.OpenAsync();
        await account.Grant("100000");
        var client = account.Client;
        (await client.Send(HttpMethod.Post, "/v1/batch", Line(account, "consume", "\"amount\":1"), "application/json")).ShouldBe(415, "unsupported-media-type");
        var long1 = Line(account, "consume", "\"amount\":1");
        var longest = long1.PadRight(256 * 1024);
        var lines = await client.Batch([longest, Line(account, "consume", "\"amount\":1").PadRight((256 * 1024) + 1), Line(account, "consume", "\"amount\":1")]);
        lines.Select(line => line.Status).ShouldBe([201, 413, 201]);
        lines[1].Problem.ShouldBe("too-large");

        var padding = new string(' ', (8 * 1024 * 1024) - Encoding.UTF8.GetByteCount(long1) - 1);
        (await client.Send(HttpMethod.Post, "/v1/batch", long1 + "\n" + padding, "application/x-ndjson")).ShouldBe(200).Lines.Single().Replayed.ShouldBeTrue();
        (await client.Send(HttpMethod.Post, "/v1/batch", long1 + "\n" + padding + " ", "application/x-ndjson", ("Expect", "100-continue"))).ShouldBe(413, "too-large").Text("detail").ShouldContain("8388608");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_batch_has_10000_lines_and_no_more(bool atomic)
    {
        var account = await service.OpenAsync();
        await account.Grant("1");
        // In this order alone there is always enough.
        var sent = Enumerable.Range(0, 5000).SelectMany(_ => new[] { Line(account, "consume", "\"amount\":1"), Line(account, "grant", "\"amount\":1,\"source\":\"bonus\"") }).ToList();
        var before = await service.WrittenAsync();
        (await account.Client.Send(HttpMethod.Post, "/v1/batch", string.Join('\n', sent.Append(sent[0])), "application/x-ndjson")).ShouldBe(413, "too-large").Text("detail").ShouldContain("10000");
        (await service.WrittenAsync()).ShouldBe(before);
        var lines = await account.Client.Batch(sent, atomic);
        lines.Count.ShouldBe(10_000);
        lines.ShouldAllBe(line => line.Status == 201);
        lines.Select(line => line["version"]).ShouldBe(Enumerable.Range(3, 10_000).Select(version => version.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        await account.ShouldHave(("balance", "1"), ("version", "10002"));
    }
}
