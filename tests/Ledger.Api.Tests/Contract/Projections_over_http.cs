using System.Text.Json;

namespace Ledger.Api.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class Projections_over_http(ContractService service)
{
    private const string Path = "/v1/projections";

    private Client Operator => service.As("operator");

    [Fact]
    public async Task are_listed_with_how_far_each_is_behind()
    {
        var list = (await Operator.Get(Path)).ShouldBe(200).Json;
        var names = list.GetProperty("data").EnumerateArray().Select(p => p.GetProperty("name").GetString()).ToList();
        names.ShouldContain("transactions");
        names.ShouldBe(names.Order(StringComparer.Ordinal));
        list.GetProperty("data").EnumerateArray().Single(p => p.GetProperty("name").GetString() == "accounts").GetProperty("state").GetString().ShouldBe("inline");
        var first = (await Operator.Get(Path + "?limit=1")).ShouldBe(200).Json;
        first.GetProperty("data").GetArrayLength().ShouldBe(1);
        (await Operator.Get($"{Path}?limit=1&cursor={first.GetProperty("nextCursor").GetString()}")).ShouldBe(200).Json.GetProperty("data")[0].GetProperty("name").GetString().ShouldBe(names[1]);
        await service.OpenAsync();
        var one = await UntilAsync("transactions", p => p.GetProperty("lagEvents").GetInt64() == 0);
        one.GetProperty("position").GetInt64().ShouldBe(one.GetProperty("highest").GetInt64());
        one.GetProperty("state").GetString().ShouldBe("running");
        one.GetProperty("leader").GetString().ShouldNotBeNullOrEmpty();
        one.GetProperty("parked").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task are_paused_and_resumed_and_the_same_key_does_it_once()
    {
        var key = Guid.NewGuid().ToString();
        try
        {
            (await Operator.Post(Path + "/usage/pause", "{}", key)).ShouldBe(200).Text("state").ShouldBe("paused");
            var again = (await Operator.Post(Path + "/usage/pause", "{}", key)).ShouldBe(200);
            again.Replayed.ShouldBeTrue();
            (await Operator.Post(Path + "/usage/resume", "{}", key)).ShouldBe(422, "idempotency-key-reused");
            (await Operator.Post(Path + "/transactions/pause", "{}", key)).ShouldBe(422, "idempotency-key-reused");
        }
        finally
        {
            (await Operator.Post(Path + "/usage/resume", "{}")).ShouldBe(200).Text("state").ShouldBe("running");
        }

        // What was repeated is not done again.
        (await Operator.Post(Path + "/usage/pause", "{}", key)).ShouldBe(200).Text("state").ShouldBe("running");
        await UntilAsync("usage", p => p.TryGetProperty("leader", out _));
        (await Operator.Post(Path + "/usage/retry", "{}")).ShouldBe(200);
    }

    [Fact]
    public async Task are_rebuilt_in_the_background_and_give_the_same_rows()
    {
        var account = await service.OpenAsync();
        await account.Client.Post(account.Path + "/grants", """{"amount":100,"source":"bonus"}""");
        for (var i = 0; i < 5; i++) await account.Client.Post(account.Path + "/consumptions", """{"amount":1.5,"service":"chat"}""");
        await UntilAsync("transactions", p => p.GetProperty("lagEvents").GetInt64() == 0);
        const string hash = "select count(*) || md5(string_agg(t::text, '' order by tenant_id, account_id, version)) from ledger.transactions t where account_id = '{0}'";
        var before = await service.QueryAsync<string>(string.Format(System.Globalization.CultureInfo.InvariantCulture, hash, account.Id));
        var key = Guid.NewGuid().ToString();
        (await Operator.Post(Path + "/transactions/rebuild", "{}", key)).ShouldBe(202);
        (await Operator.Post(Path + "/transactions/rebuild", "{}", key)).ShouldBe(202).Replayed.ShouldBeTrue();
        await UntilAsync("transactions", p => p.TryGetProperty("rebuild", out var rebuild) && rebuild.GetProperty("phase").GetString() == "done");
        await UntilAsync("transactions", p => p.GetProperty("lagEvents").GetInt64() == 0 && p.TryGetProperty("leader", out _));
        (await service.QueryAsync<string>(string.Format(System.Globalization.CultureInfo.InvariantCulture, hash, account.Id))).ShouldBe(before);
        (await service.QueryAsync<long>("select count(*) from pg_inherits where inhparent = 'ledger.transactions'::regclass")).ShouldBe(1);
        (await Operator.Send(HttpMethod.Delete, Path + "/transactions/rebuild", null, null)).ShouldBe(409, "conflict");
        (await Operator.Post(Path + "/accounts/rebuild", "{}")).ShouldBe(202);
    }

    [Fact]
    public async Task refuse_what_can_not_be_done_and_use_up_no_key()
    {
        foreach (var verb in new[] { "rebuild", "pause", "resume", "retry" })
        {
            (await Operator.Post($"{Path}/nothing/{verb}", "{}")).ShouldBe(404, "not-found");
            (await Operator.Post($"{Path}/usage/{verb}", "{}", Client.NoKey)).ShouldBe(400, "idempotency-key-missing");
            (await Operator.Post($"{Path}/usage/{verb}", """{"force":true}""")).ShouldBe(400, "invalid-request");
            (await Operator.Post($"{Path}/usage/{verb}?all=true", "{}")).ShouldBe(400, "invalid-request");
            (await service.Admin.Post($"{Path}/usage/{verb}", "{}")).ShouldBe(403);
        }

        var key = Guid.NewGuid().ToString();
        (await Operator.Post(Path + "/accounts/pause", "{}", key)).ShouldBe(409, "conflict");
        (await Operator.Post(Path + "/usage/resume", "{}", key)).ShouldBe(200);
        (await Operator.Get(Path + "/nothing")).ShouldBe(404, "not-found");
        (await Operator.Get(Path + "/usage?x=1")).ShouldBe(400, "invalid-request");
        (await Operator.Get(Path + "?limit=0")).ShouldBe(400, "invalid-request");
        (await Operator.Send(HttpMethod.Delete, Path + "/nothing/rebuild", null, null)).ShouldBe(404, "not-found");
        (await service.Admin.Get(Path)).ShouldBe(403);
    }

    private async Task<JsonElement> UntilAsync(string name, Func<JsonElement, bool> isSo)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var body = (await Operator.Get($"{Path}/{name}")).ShouldBe(200).Json;
            if (isSo(body)) return body;
            clock.Elapsed.TotalSeconds.ShouldBeLessThan(20, body.ToString());
            await Task.Delay(20);
        }
    }
}
