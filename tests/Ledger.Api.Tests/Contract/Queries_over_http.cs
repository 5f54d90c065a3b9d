using System.Diagnostics;
using System.Text.Json;

namespace Ledger.Api.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class Queries_over_http(ContractService service)
{
    [Fact]
    public async Task Events_are_the_stream_itself_oldest_first()
    {
        var account = await service.OpenAsync(""","metadata":{"a":"b"}""");
        var granted = await account.Grant("10.5");
        (await account.Post("freeze", "{}")).ShouldBe(200);
        var events = (await service.As("analyst").Get(account.Path + "/events")).ShouldBe(200);
        var tag = granted["id"][4..20];
        events.ShouldHave($$"""
            { "data": [
              { "id":"<uuid>","version":1,"type":"account_opened","recordedAt":"<time>","data":{"metadata":{"a":"b"},"overdraftLimit":0,"owner":{"id":"u_1","kind":"user"},"scale":6,"tag":"{{tag}}","unit":"credit"} },
              { "id":"<uuid>","version":2,"type":"credits_granted","recordedAt":"{{granted["recordedAt"]}}","data":{"after":10.5,"allocations":[{"amount":10.5,"lot":"{{granted["allocations.0.lotId"]}}"}],"amount":10.5,"available":10.5,
                "before":0,"id":"{{granted["id"]}}","lot":"{{granted["allocations.0.lotId"]}}","priority":100,"source":"bonus"} },
              { "id":"<uuid>","version":3,"type":"account_frozen","recordedAt":"<time>","data":{} } ], "nextCursor": null }
            """);
    }

    [Theory]
    [InlineData("decimals=string")]
    [InlineData("respond-async, decimals=string")]
    [InlineData("decimals=\"string\"")]
    public async Task Decimals_are_strings_for_those_who_prefer_them(string prefer)
    {
        var account = await service.OpenAsync(""","overdraftLimit":1.5""");
        var other = await service.OpenAsync();
        (string, string) header = ("Prefer", prefer);
        var replies = new List<Reply>
        {
            await account.Post("grants", """{"amount":"1000000000000.000000","source":"bonus"}""", null, header), await account.Post("purchases", """{"creditAmount":5,"price":{"amount":5,"currency":"usd"}}""", null, header),
            await account.Post("consumptions", """{"amount":0.5}""", null, header), await account.Post("holds", """{"amount":0.25}""", null, header), await account.Post("adjustments", """{"amount":-1,"reason":"r"}""", null, header),
            await account.Post("transfers", $$"""{"amount":1,"toAccountId":"{{other.Id}}"}""", null, header),
        };
        replies[0]["amount"].ShouldBe("1000000000000");
        replies.Add(await account.Post($"consumptions/{replies[2]["id"]}/refund", """{"reason":"r"}""", null, header));
        replies.Add(await account.Post($"purchases/{replies[1]["id"]}/refund", """{"reason":"r"}""", null, header));
        replies.Add(await account.Post($"holds/{replies[3]["id"]}/release", "{}", null, header));
        replies.Add(await account.Post("freeze", "{}", null, header));
        replies.Add(await account.Post("unfreeze", "{}", null, header));
        foreach (var path in new[] { "", "/transactions", "/lots", "/holds", "/events", "/transactions/" + replies[0]["id"], "?version=2" }) replies.Add(await account.Client.Get(account.Path + path, header));
        replies.Add(await account.Client.Put(account.Path, """{"owner":{"kind":"user","id":"u_1"}}""", header));
        foreach (var reply in replies)
        {
            reply.Status.ShouldBeInRange(200, 201, reply.Body);
            reply.Headers["Preference-Applied"].ShouldBe("decimals=string");
            Numbers(reply.Json).ShouldBeSubsetOf(["version", "scale", "priority", "price.amount", "cost.amount"], reply.Body);
        }

        var refused = (await account.Post("consumptions", """{"amount":1e12}""", null, header)).ShouldBe(402);
        (refused.Json.GetProperty("available").GetString(), refused.Json.GetProperty("required").GetString()).ShouldBe(("999999999998", "1000000000000"));
        var batch = await account.Client.Batch([$$"""{"key":"{{account.Id}}p","accountId":"{{account.Id}}","command":"consume","amount":1}""", $$"""{"key":"{{account.Id}}q","accountId":"{{account.Id}}","command":"consume","amount":1e12}"""], false, header);
        batch[0].Json.GetProperty("amount").GetString().ShouldBe("1");
        batch[1].Json.GetProperty("required").GetString().ShouldBe("1000000000000");
        (await account.Get()).Headers.ContainsKey("Preference-Applied").ShouldBeFalse();
    }

    [Fact]
    public async Task A_query_waits_for_the_version_that_it_names()
    {
        var account = await service.OpenAsync();
        foreach (var list in new[] { "transactions", "lots", "holds", "events" })
        {
            var next = long.Parse((await account.Get())["version"], System.Globalization.CultureInfo.InvariantCulture) + 1;
            var waiting = account.Client.Get($"{account.Path}/{list}?minVersion={next}");
            await Task.Delay(200);
            waiting.IsCompleted.ShouldBeFalse();
            var granted = await account.Grant("1");
            granted["version"].ShouldBe(next.ToString(System.Globalization.CultureInfo.InvariantCulture));
            var found = (await waiting).ShouldBe(200);
            if (list == "transactions") found["data.0.id"].ShouldBe(granted["id"]);
            if (list == "events") found.Data.Last().GetProperty("version").GetInt64().ShouldBe(next);
        }
    }

    [Fact]
    public async Task A_version_that_does_not_come_is_answered_503_after_5_seconds()
    {
        var account = await service.OpenAsync();
        var waited = Stopwatch.StartNew();
        var late = await Task.WhenAll(new[] { "transactions", "lots", "holds", "events" }.Select(list => account.Client.Get($"{account.Path}/{list}?minVersion=2")));
        waited.Elapsed.TotalSeconds.ShouldBeInRange(4.9, 8);
        foreach (var reply in late) reply.ShouldBe(503, "read-model-behind").Headers["Retry-After"].ShouldBe("1");
        (await account.Client.Get(account.Path + "/lots?minVersion=1")).ShouldBe(200);
        (await account.Client.Get($"/v1/accounts/{ContractService.NewId()}/lots?minVersion=2")).ShouldBe(404, "account-not-found");
    }

    [Fact]
    public async Task One_transaction_is_read_by_its_id()
    {
        var account = await service.OpenAsync();
        var granted = await account.Grant("1");
        (await account.Client.Get($"{account.Path}/transactions/{granted["id"]}")).ShouldBe(200).Body.ShouldBe(granted.Body);
        var opening = granted["id"][..^1] + "1";
        (await account.Client.Get($"{account.Path}/transactions/{opening}")).ShouldBe(404, "not-found");
        (await account.Client.Get($"{account.Path}/transactions/{granted["id"].ToUpperInvariant()}")).ShouldBe(404, "not-found");
        (await account.Client.Get($"{account.Path}/transactions/{granted["id"]}?x=1")).ShouldBe(400, "invalid-request");
    }

    /// <summary>The paths of all numbers, by their last names; what is in lists by its own.</summary>
    private static IEnumerable<string> Numbers(JsonElement json, string name = "") => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(member => Numbers(member.Value, name is "price" or "cost" ? $"{name}.{member.Name}" : member.Name)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(item => Numbers(item, name)),
        JsonValueKind.Number => [name],
        _ => [],
    };
}
