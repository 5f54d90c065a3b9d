using System.Text.Json;

namespace Ledger.Api.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class Lists_over_http(ContractService service)
{
    private static string Text(JsonElement element, string member) => element.GetProperty(member).GetString()!;

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=501", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=1.5", "limit")]
    [InlineData("limit=x", "limit")]
    [InlineData("limit=", "limit")]
    [InlineData("limit=1&limit=1", "limit")]
    [InlineData("Limit=1", "Limit")]
    [InlineData("cursor=", "cursor")]
    [InlineData("cursor=x", "cursor")]
    [InlineData("cursor=AAAAAAAAAAAAAAAA", "cursor")]
    [InlineData("offset=1", "offset")]
    [InlineData("x=1&y=2", "x,y")]
    [InlineData("=1", "a parameter without a name")]
    [InlineData("%00=1", "a parameter with a control character")]
    public async Task Every_list_refuses_and_names(string query, string members)
    {
        var account = await service.OpenAsync();
        foreach (var list in new[] { "/v1/accounts", account.Path + "/transactions", account.Path + "/lots", account.Path + "/holds", account.Path + "/events", "/v1/api-keys" })
            (await service.Admin.Get($"{list}?{query}")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(members.Split(','), list);
        (await service.As("operator").Get($"/v1/tenants?{query}")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(members.Split(','));
    }

    [Fact]
    public async Task A_page_has_50_entries_unless_told_otherwise_and_at_most_500()
    {
        var account = await service.OpenAsync();
        await account.Grant("1000");
        var lines = Enumerable.Range(0, 501).Select(i => $$"""{"key":"{{account.Id}}-{{i}}","accountId":"{{account.Id}}","command":"hold","amount":1}""");
        (await account.Client.Batch(lines)).ShouldAllBe(line => line.Status == 201);
        foreach (var list in new[] { "holds", "events" })
        {
            (await account.Client.Get($"{account.Path}/{list}")).Data.Count().ShouldBe(50);
            var largest = await account.Client.Get($"{account.Path}/{list}?limit=500");
            largest.Data.Count().ShouldBe(500);
            var rest = await account.Client.Get($"{account.Path}/{list}?limit=500&cursor={largest.Text("nextCursor")}");
            (rest.Data.Count(), rest["nextCursor"]).ShouldBe((list == "holds" ? 1 : 3, "null"));
        }

        (await account.Get("/transactions?limit=1"))["nextCursor"].ShouldBe("null");
    }

    [Fact]
    public async Task Paging_yields_each_entry_once_newest_first_while_others_arrive()
    {
        var account = await service.OpenAsync(""","overdraftLimit":100000""");
        for (var i = 0; i < 12; i++)
        {
            await account.Grant("2");
            var hold = (await account.Hold("0.5")).ShouldBe(201);
            if (i % 3 == 0) (await account.Post($"holds/{hold["id"]}/release", "{}")).ShouldBe(200);
            (await account.Consume("1.5")).ShouldBe(201);
        }

        foreach (var (list, newestFirst) in new[] { ("transactions", true), ("lots", true), ("holds", true), ("events", false) })
        {
            var before = await AllAsync(account, list, 500);
            var paged = await AllAsync(account, list, 5, async () =>
            {
                await account.Grant("1");
                (await account.Hold("0.1")).ShouldBe(201);
            });
            var ids = paged.Select(entry => Text(entry, "id")).ToList();
            ids.Distinct().Count().ShouldBe(ids.Count, list);
            var order = newestFirst ? before.Select(entry => Text(entry, "id")).ToList() : ids.Take(before.Count).ToList();
            (newestFirst ? ids : before.Select(entry => Text(entry, "id"))).ShouldBe(order, list);
            var times = paged.Select(entry => entry.GetProperty(entry.TryGetProperty("createdAt", out _) ? "createdAt" : "recordedAt").GetDateTimeOffset()).ToList();
            times.ShouldBe((newestFirst ? times.OrderDescending() : times.Order()).ToList(), list);
        }
    }

    [Fact]
    public async Task Paging_over_lots_that_close_meanwhile_yields_each_once()
    {
        var account = await service.OpenAsync();
        for (var i = 0; i < 20; i++) await account.Grant("1");
        var before = (await AllAsync(account, "lots", 500)).Select(lot => Text(lot, "id")).ToList();
        var paged = await AllAsync(account, "lots", 3, async () => (await account.Consume("2.5")).ShouldBe(201));
        paged.Select(lot => Text(lot, "id")).ShouldBe(before);
    }

    [Fact]
    public async Task Accounts_are_listed_by_owner_and_status_newest_first_while_others_are_opened()
    {
        var owner = ContractService.NewId("owner");
        Task<Reply> Open(string kind = "user") => service.Admin.Put($"/v1/accounts/{ContractService.NewId()}", $$"""{"owner":{"id":"{{owner}}","kind":"{{kind}}"} }""");
        var opened = new List<string>();
        for (var i = 0; i < 7; i++) opened.Insert(0, (await Open(i == 3 ? "workspace" : "user")).ShouldBe(201).Text("id"));
        (await service.Admin.Post($"/v1/accounts/{opened[0]}/freeze", "{}")).ShouldBe(200);
        (await service.Admin.Post($"/v1/accounts/{opened[1]}/close", "{}")).ShouldBe(200);
        async Task<List<string>> List(string query) => [.. (await service.As("reader").Get($"/v1/accounts?ownerId={owner}{query}")).ShouldBe(200).Data.Select(account => Text(account, "id"))];
        (await List("")).ShouldBe(opened);
        (await List("&ownerKind=workspace")).ShouldBe([opened[3]]);
        (await List("&status=frozen")).ShouldBe([opened[0]]);
        (await List("&status=closed")).ShouldBe([opened[1]]);
        (await List("&status=open&ownerKind=user")).ShouldBe(opened.Skip(2).Where(id => id != opened[3]));
        (await List("&ownerKind=workspace&status=closed")).ShouldBeEmpty();

        var (found, cursor) = (new List<string>(), "");
        do
        {
            var page = await service.Admin.Get($"/v1/accounts?ownerId={owner}&limit=2{cursor}");
            found.AddRange(page.ShouldBe(200).Data.Select(account => Text(account, "id")));
            cursor = page["nextCursor"] == "null" ? "" : "&cursor=" + page["nextCursor"];
            await Open();
        }
        while (cursor.Length > 0);
        found.ShouldBe(opened);

        var single = (await service.Admin.Get($"/v1/accounts?ownerId={owner}&status=frozen")).Data.Single();
        single.GetRawText().ShouldBe((await service.Admin.Get($"/v1/accounts/{opened[0]}")).Body);
        foreach (var (query, member) in new[] { ("ownerKind=robot", "ownerKind"), ("status=gone", "status"), ("status=open,closed", "status"), ("ownerId=", "ownerId"), ("unit=", "unit"), ("search=", "search"), ("search=%01", "search"), ("name=x", "name") })
            (await service.Admin.Get("/v1/accounts?" + query)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe([member]);
    }

    [Fact]
    public async Task Accounts_are_searched_by_the_beginning_of_their_id_or_owner()
    {
        var mark = ContractService.NewId("s");
        async Task<string> Open(string id, string owner, string unit = "credit") =>
            (await service.Admin.Put($"/v1/accounts/{id}", $$"""{"owner":{"id":"{{owner}}","kind":"user"},"unit":"{{unit}}"}""")).ShouldBe(201).Text("id");
        var byId = await Open(mark + ".1", ContractService.NewId("o"));
        var byOwner = await Open(ContractService.NewId(), mark + ":o", "token");
        var neither = await Open(ContractService.NewId(), "x" + mark);
        async Task<List<string>> List(string query, Client? client = null) => [.. (await (client ?? service.As("reader")).Get("/v1/accounts?" + query)).ShouldBe(200).Data.Select(account => Text(account, "id"))];
        (await List("search=" + mark)).ShouldBe([byOwner, byId]);
        (await List($"search={mark}:")).ShouldBe([byOwner]);
        (await List($"search={mark}&unit=token")).ShouldBe([byOwner]);
        (await List($"search={mark}&unit=credit&ownerKind=user&status=open")).ShouldBe([byId]);
        (await List("search=" + neither)).ShouldBe([neither]);
        (await List("search=" + mark.ToUpperInvariant())).ShouldBeEmpty("case counts");
        foreach (var pattern in new[] { "%25", "_", mark[..^1] + "%25", mark[..^1] + "_", "%5C", "'" }) (await List("search=" + pattern)).ShouldBeEmpty("nothing in it is a pattern");
        (await List("search=" + mark, service.As("other:reader"))).ShouldBeEmpty();
        (await List("search=" + mark, service.AsUser(mark + ":o"))).ShouldBe([byOwner], "an end user finds only what is theirs");

        var first = (await service.Admin.Get($"/v1/accounts?search={mark}&limit=1")).ShouldBe(200);
        (await List($"search={mark}&limit=1&cursor={first.Text("nextCursor")}", service.Admin)).ShouldBe([byId]);
        (await service.Admin.Get($"/v1/accounts?search={mark}x&cursor={first.Text("nextCursor")}")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["cursor"]);
    }

    [Fact]
    public async Task A_cursor_belongs_to_its_list_and_filter()
    {
        var (account, other) = (await service.OpenAsync(), await service.OpenAsync());
        foreach (var each in new[] { account, other })
        {
            for (var i = 0; i < 3; i++) await each.Grant("10");
            for (var i = 0; i < 3; i++) (await each.Hold("1")).ShouldBe(201);
        }

        var first = await account.Get("/transactions?type=grant&limit=1");
        var cursor = first.Text("nextCursor");
        (await account.Get($"/transactions?type=grant&limit=2&cursor={cursor}")).ShouldBe(200).Data.Count().ShouldBe(2);
        (await account.Client.Get($"{account.Path}/transactions?limit=2&type=grant&minVersion=1&cursor={cursor}")).ShouldBe(200, null);
        (await service.As("reader").Get($"{account.Path}/transactions?type=grant&cursor={cursor}")).ShouldBe(200);
        foreach (var path in new[]
        {
            $"{account.Path}/transactions?cursor={cursor}", $"{account.Path}/transactions?type=purchase&cursor={cursor}", $"{account.Path}/transactions?type=grant&service=x&cursor={cursor}", $"{account.Path}/events?cursor={cursor}",
            $"{account.Path}/lots?cursor={cursor}", $"{account.Path}/holds?cursor={cursor}", $"{other.Path}/transactions?type=grant&cursor={cursor}", $"/v1/accounts?cursor={cursor}",
            $"{account.Path}/transactions?type=grant&cursor={cursor}&cursor={cursor}", $"{account.Path}/transactions?type=grant&cursor={cursor[..^1]}", $"{account.Path}/transactions?type=grant&cursor={cursor}A",
            $"{account.Path}/transactions?type=grant&cursor={cursor}=", $"{account.Path}/transactions?type=grant&cursor=%20{cursor}", $"{account.Path}/transactions?type=grant&cursor={new string('A', 1025)}",
        })
        {
            (await account.Client.Get(path)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["cursor"], path);
        }

        for (var at = 0; at < cursor.Length; at++)
        {
            var altered = string.Concat(cursor.AsSpan(0, at), cursor[at] == 'A' ? "B" : "A", cursor.AsSpan(at + 1));
            (await account.Client.Get($"{account.Path}/transactions?type=grant&cursor={altered}")).ShouldBe(400, "invalid-request");
        }

        var foreign = await service.OpenAsync(client: service.As("other:admin"), id: account.Id);
        (await foreign.Client.Get($"{account.Path}/transactions?type=grant&cursor={cursor}")).ShouldBe(400, "invalid-request");
    }

    [Fact]
    public async Task Transactions_are_found_by_every_filter_and_all_of_them_together()
    {
        var (account, other) = (await service.OpenAsync(), await service.OpenAsync());
        var made = new Dictionary<string, string>();
        made["grant"] = (await account.Grant("100", ""","reference":"R1" """))["id"];
        made["purchase"] = (await account.Purchase("10"))["id"];
        var first = (await account.Consume("1", ""","service":"chat","reference":"R1","resource":{"type":"workshop","id":"w1"}""")).ShouldBe(201);
        await Task.Delay(3);
        var second = (await account.Consume("2", ""","service":"chat","resource":{"type":"workshop","id":"w2"}""")).ShouldBe(201);
        await Task.Delay(3);
        var third = (await account.Consume("3", ""","service":"image","resource":{"type":"report","id":"w1"}""")).ShouldBe(201);
        var hold = (await account.Hold("1", ""","service":"chat","reference":"R2" """)).ShouldBe(201);
        var captured = (await account.Post($"holds/{hold["id"]}/capture", "{}")).ShouldBe(201)["id"];
        made["consumption_refund"] = (await account.Post($"consumptions/{first["id"]}/refund", """{"reason":"r"}""")).ShouldBe(201)["id"];
        made["purchase_refund"] = (await account.Post($"purchases/{made["purchase"]}/refund", """{"reason":"r"}""")).ShouldBe(201)["id"];
        made["adjustment"] = (await account.Post("adjustments", """{"amount":-1,"reason":"r"}""")).ShouldBe(201)["id"];
        made["transfer"] = (await account.Post("transfers", $$"""{"amount":1,"toAccountId":"{{other.Id}}"}""")).ShouldBe(201)["id"];
        async Task<IEnumerable<string>> Find(string query) => (await account.Get($"/transactions?{query}")).ShouldBe(200).Data.Select(t => Text(t, "id"));

        foreach (var (type, id) in made) (await Find("type=" + type)).ShouldBe([id]);
        (await Find("type=expiry")).ShouldBeEmpty();
        (await Find("type=consumption")).ShouldBe([captured, third["id"], second["id"], first["id"]]);
        (await Find("service=chat")).ShouldBe([captured, second["id"], first["id"]]);
        (await Find("service=image")).ShouldBe([third["id"]]);
        (await Find("service=Chat")).ShouldBeEmpty();
        (await Find("resourceType=workshop")).ShouldBe([second["id"], first["id"]]);
        (await Find("resourceId=w1")).ShouldBe([third["id"], first["id"]]);
        (await Find("resourceType=workshop&resourceId=w1")).ShouldBe([first["id"]]);
        (await Find("reference=R1")).ShouldBe([first["id"], made["grant"]]);
        (await Find("reference=R2")).ShouldBe([captured]);
        (await Find("type=consumption&service=chat&resourceType=workshop&resourceId=w1&reference=R1")).ShouldBe([first["id"]]);
        (await Find("service=" + Uri.EscapeDataString("x' or '1'='1"))).ShouldBeEmpty();
        (await Find($"type=consumption&from={second["recordedAt"]}")).ShouldBe([captured, third["id"], second["id"]], "from is in");
        (await Find($"type=consumption&to={second["recordedAt"]}")).ShouldBe([first["id"]], "to is out");
        (await Find($"from={second["recordedAt"]}&to={third["recordedAt"]}")).ShouldBe([second["id"]]);
        (await Find($"from={second["recordedAt"]}&to={second["recordedAt"]}")).ShouldBeEmpty();
        (await account.Client.Get($"{account.Path}/transactions?from={third["recordedAt"]}&to={second["recordedAt"]}")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["to"]);

        foreach (var (query, member) in new[] { ("type=spending", "type"), ("type=Grant", "type"), ("from=today", "from"), ("to=1", "to"), ("service=", "service"), ("reference=%01", "reference"), ("minVersion=0", "minVersion"), ("minVersion=x", "minVersion"), ("resource=1", "resource") })
            (await account.Client.Get($"{account.Path}/transactions?{query}")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe([member]);
    }

    [Fact]
    public async Task Lots_and_holds_are_found_by_their_state()
    {
        var account = await service.OpenAsync();
        var other = await service.OpenAsync();
        var depleted = (await account.Grant("1"))["allocations.0.lotId"];
        (await account.Consume("1")).ShouldBe(201);
        var transferred = (await account.Grant("2"))["allocations.0.lotId"];
        (await account.Post("transfers", $$"""{"amount":2,"toAccountId":"{{other.Id}}"}""")).ShouldBe(201);
        var bought = await account.Purchase("3");
        (await account.Post($"purchases/{bought["id"]}/refund", """{"reason":"r"}""")).ShouldBe(201);
        var active = (await account.Grant("4"))["allocations.0.lotId"];
        async Task<IEnumerable<string>> Find(string query) => (await account.Client.Get(account.Path + query)).ShouldBe(200).Data.Select(entry => Text(entry, "id"));
        (await Find("/lots?state=depleted")).ShouldBe([depleted]);
        (await Find("/lots?state=transferred")).ShouldBe([transferred]);
        (await Find("/lots?state=revoked")).ShouldBe([bought["allocations.0.lotId"]]);
        (await Find("/lots?state=active")).ShouldBe([active]);
        (await Find("/lots?state=expired")).ShouldBeEmpty();
        (await Find("/lots?state=frozen")).ShouldBeEmpty();
        (await Find("/lots")).Count().ShouldBe(4);

        var holds = new List<string>();
        for (var i = 0; i < 3; i++) holds.Add((await account.Hold("1")).ShouldBe(201)["id"]);
        (await account.Post($"holds/{holds[0]}/capture", "{}")).ShouldBe(201);
        (await account.Post($"holds/{holds[1]}/release", "{}")).ShouldBe(200);
        (await Find("/holds?state=captured")).ShouldBe([holds[0]]);
        (await Find("/holds?state=released")).ShouldBe([holds[1]]);
        (await Find("/holds?state=active")).ShouldBe([holds[2]]);
        (await Find("/holds")).ShouldBe(Enumerable.Reverse(holds));
        foreach (var query in new[] { "/lots?state=open", "/lots?state=active,depleted", "/lots?state=", "/holds?state=ACTIVE", "/holds?state=active,released" })
            (await account.Client.Get(account.Path + query)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["state"], query);
    }

    private static async Task<List<JsonElement>> AllAsync(TestAccount account, string list, int limit, Func<Task>? between = null)
    {
        var (found, cursor) = (new List<JsonElement>(), "");
        for (var pages = 0; ; pages++)
        {
            var page = (await account.Client.Get($"{account.Path}/{list}?limit={limit}{cursor}")).ShouldBe(200);
            found.AddRange(page.Data);
            if (page["nextCursor"] == "null") return found;
            page.Data.Count().ShouldBe(limit);
            cursor = "&cursor=" + page["nextCursor"];
            if (between is not null && pages < 10) await between();
        }
    }
}
