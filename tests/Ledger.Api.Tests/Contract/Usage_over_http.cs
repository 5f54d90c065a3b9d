using System.Globalization;
using System.Text.Json;

namespace Ledger.Api.Tests.Contract;

[Collection(ContractCollection.Name)]
public sealed class Usage_over_http(ContractService service)
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    // The beginning of an hour some days ago, so that whatever is told about it lies within the 35 days.
    private static readonly DateTimeOffset Hour = new DateTimeOffset(Now.UtcDateTime.Date, TimeSpan.Zero).AddDays(-9).AddHours(7);

    private static string At(TimeSpan after) => (Hour + after).ToString("yyyy-MM-ddTHH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private static string At(double minutes) => At(TimeSpan.FromMinutes(minutes));

    private async Task<TestAccount> UsedAsync()
    {
        var account = await service.OpenAsync();
        await account.Grant("1000");
        async Task Call(string amount, string more, double minutes) => (await account.Consume(amount, $$""","occurredAt":"{{At(minutes)}}"{{more}}""")).ShouldBe(201);
        await Call("1.5", ""","service":"chat","operation":"ask","actor":"ann","resource":{"type":"w","id":"1"},"usage":{"inputTokens":374,"outputTokens":44,"success":true}""", 0);
        await Call("2", ""","service":"chat","operation":"ask","actor":"bob","resource":{"type":"w","id":"2"},"usage":{"inputTokens":6,"processingTimeMs":812,"success":false}""", 30);
        await Call("4", ""","service":"image","resource":{"type":"w","id":"1"}""", 60);
        await Call("8", ""","service":"chat" """, 24 * 60);
        await Call("16", "", 61);
        return account;
    }

    [Fact]
    public async Task Usage_is_summed_up_by_what_it_is_grouped_by()
    {
        var account = await UsedAsync();
        var (day, next) = (Hour.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), Hour.AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        (await account.Get("/usage?groupBy=service,day")).ShouldBe(200).ShouldHave($$"""
            { "data": [
              { "service":"chat","day":"{{day}}","amount":3.5,"refunded":0,"count":2,"usage":{"inputTokens":380,"outputTokens":44,"processingTimeMs":812,"succeeded":1,"failed":1} },
              { "service":"chat","day":"{{next}}","amount":8,"refunded":0,"count":1,"usage":{} },
              { "service":"image","day":"{{day}}","amount":4,"refunded":0,"count":1,"usage":{} },
              { "day":"{{day}}","amount":16,"refunded":0,"count":1,"usage":{} } ] }
            """);
        (await account.Get("/usage")).ShouldHave("""{ "data": [ { "amount":31.5,"refunded":0,"count":5,"usage":{"inputTokens":380,"outputTokens":44,"processingTimeMs":812,"succeeded":1,"failed":1} } ] }""");
        (await account.Get("/usage?groupBy=resourceType,resourceId")).ShouldHave("""
            { "data": [
              { "resourceType":"w","resourceId":"1","amount":5.5,"refunded":0,"count":2,"usage":{"inputTokens":374,"outputTokens":44,"succeeded":1} },
              { "resourceType":"w","resourceId":"2","amount":2,"refunded":0,"count":1,"usage":{"inputTokens":6,"processingTimeMs":812,"failed":1} },
              { "amount":24,"refunded":0,"count":2,"usage":{} } ] }
            """);
        (await account.Get("/usage?groupBy=actor")).Data.Select(group => group.GetProperty("amount").GetDecimal()).ShouldBe([1.5m, 2m, 28m]);
        (await account.Get("/usage?groupBy=operation,service")).Data.Select(group => group.GetRawText()[..30]).Count().ShouldBe(4);
        (await account.Get("/usage?groupBy=month,day")).Data.Select(group => group.GetProperty("month").GetString()).ShouldBe([day[..7], next[..7]]);
        var strings = await account.Client.Get($"{account.Path}/usage?minVersion={(await account.Get())["version"]}", ("Prefer", "decimals=string"));
        strings["data.0.amount"].ShouldBe("31.5");
        strings.Json.GetProperty("data")[0].GetProperty("amount").ValueKind.ShouldBe(JsonValueKind.String);
        (await (await service.OpenAsync()).Get("/usage")).ShouldHave("""{ "data": [] }""");
    }

    [Fact]
    public async Task A_period_is_that_of_occurrence_to_the_microsecond()
    {
        var account = await UsedAsync();
        async Task<decimal> Sum(string query, string group = "service") => (await account.Get($"/usage?groupBy={group}&{query}")).ShouldBe(200).Data.Sum(g => g.GetProperty("amount").GetDecimal());
        foreach (var group in new[] { "service", "resourceId", "day" })
        {
            (await Sum($"from={At(0)}", group)).ShouldBe(31.5m, "from is in");
            (await Sum($"from={At(TimeSpan.FromMicroseconds(1))}", group)).ShouldBe(30m);
            (await Sum($"to={At(30)}", group)).ShouldBe(1.5m, "to is out");
            (await Sum($"to={At(TimeSpan.FromMinutes(30) + TimeSpan.FromMicroseconds(1))}", group)).ShouldBe(3.5m);
            (await Sum($"from={At(0)}&to={At(60)}", group)).ShouldBe(3.5m);
            (await Sum($"from={At(10)}&to={At(50)}", group)).ShouldBe(2m, "within one hour");
            (await Sum($"from={At(10)}&to={At(60.5)}", group)).ShouldBe(6m, "over an hour's end");
            (await Sum($"from={At(-30)}&to={At(61.5)}", group)).ShouldBe(23.5m);
            (await Sum($"from={At(60)}&to={At(60)}", group)).ShouldBe(0m);
            (await Sum("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59.999999Z", group)).ShouldBe(31.5m);
            (await Sum("from=9999-12-31T23:59:59.999999Z", group)).ShouldBe(0m);
            (await Sum("to=0001-01-01T00:00:00Z", group)).ShouldBe(0m);
        }
    }

    [Fact]
    public async Task A_refund_counts_where_its_consumption_does()
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        var early = (await account.Consume("10", $$""","service":"chat","actor":"ann","resource":{"type":"w","id":"1"},"occurredAt":"{{At(5)}}" """)).ShouldBe(201);
        (await account.Consume("3", ""","service":"chat" """)).ShouldBe(201);
        foreach (var amount in new[] { "2.5", "1" }) (await account.Post($"consumptions/{early["id"]}/refund", $$"""{"amount":{{amount}},"reason":"r","actor":"admin"}""")).ShouldBe(201);
        var day = Hour.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        (await account.Get("/usage?groupBy=service,day,actor")).ShouldHave($$"""
            { "data": [
              { "service":"chat","actor":"ann","day":"{{day}}","amount":10,"refunded":3.5,"count":1,"usage":{} },
              { "service":"chat","day":"{{DateTimeOffset.UtcNow:yyyy-MM-dd}}","amount":3,"refunded":0,"count":1,"usage":{} } ] }
            """);
        (await account.Get($"/usage?from={At(5)}&to={At(6)}")).ShouldHave("""{ "data": [ { "amount":10,"refunded":3.5,"count":1,"usage":{} } ] }""");
        (await account.Get($"/usage?groupBy=resourceId&from={At(6)}")).ShouldHave("""{ "data": [ { "amount":3,"refunded":0,"count":1,"usage":{} } ] }""");
        (await account.Get("/usage?groupBy=resourceId")).Data.First().GetProperty("refunded").GetDecimal().ShouldBe(3.5m);
    }

    [Fact]
    public async Task A_call_that_came_to_nothing_is_counted_without_credits_for_what_its_hold_was_for()
    {
        var account = await service.OpenAsync();
        await account.Grant("100");
        var failed = (await account.Hold("5", ""","service":"chat","operation":"ask","actor":"ann","resource":{"type":"w","id":"1"} """)).ShouldBe(201);
        (await account.Post($"holds/{failed["id"]}/release", $$"""{"usage":{"inputTokens":7,"success":false,"errorMessage":"(500)"},"occurredAt":"{{At(1)}}"}""")).ShouldBe(200);
        var captured = (await account.Hold("5", ""","service":"chat","operation":"ask","actor":"ann","resource":{"type":"w","id":"1"} """)).ShouldBe(201);
        (await account.Post($"holds/{captured["id"]}/capture", $$"""{"amount":4,"usage":{"inputTokens":3},"occurredAt":"{{At(2)}}"}""")).ShouldBe(201);
        var silent = (await account.Hold("5", ""","service":"chat" """)).ShouldBe(201);
        (await account.Post($"holds/{silent["id"]}/release", "{}")).ShouldBe(200);
        foreach (var query in new[] { "", $"&from={At(0)}&to={At(60)}", $"&from={At(0.5)}&to={At(3)}" })
        {
            (await account.Get("/usage?groupBy=service,operation,actor" + query)).ShouldHave(
                """{ "data": [ { "service":"chat","operation":"ask","actor":"ann","amount":4,"refunded":0,"count":2,"usage":{"inputTokens":10,"failed":1} } ] }""");
            (await account.Get("/usage?groupBy=resourceId" + query)).ShouldHave("""{ "data": [ { "resourceId":"1","amount":4,"refunded":0,"count":2,"usage":{"inputTokens":10,"failed":1} } ] }""");
        }

        (await account.Get($"/usage?from={At(2)}")).ShouldHave("""{ "data": [ { "amount":4,"refunded":0,"count":1,"usage":{"inputTokens":3} } ] }""");
    }

    [Fact]
    public async Task More_groups_than_an_answer_has_are_refused()
    {
        var account = await service.OpenAsync();
        await account.Grant("100000");
        async Task Consume(int from, int to)
        {
            var lines = Enumerable.Range(from, to - from).Select(i => $$"""{"key":"{{account.Id}}-{{i}}","accountId":"{{account.Id}}","command":"consume","amount":1,"resource":{"type":"w","id":"{{i}}"} }""");
            (await account.Client.Batch(lines)).ShouldAllBe(line => line.Status == 201);
        }

        await Consume(0, 10_000);
        var last = (await account.Get())["version"];
        (await account.Get("/usage?groupBy=resourceId&minVersion=" + last)).ShouldBe(200).Data.Count().ShouldBe(10_000);
        await Consume(10_000, 10_001);
        var refused = (await account.Get("/usage?groupBy=resourceId&minVersion=" + (await account.Get())["version"])).ShouldBe(400, "invalid-request");
        refused.WrongMembers.ShouldBe(["groupBy"]);
        (await account.Get("/usage?groupBy=resourceType")).ShouldBe(200)["data.0.count"].ShouldBe("10001");
    }
}
