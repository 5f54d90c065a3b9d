using System.Globalization;
using Ledger.Api.Tests.Contract;

namespace Ledger.Api.Tests.Subscriptions;

[Collection(SubscriptionsCollection.Name)]
public sealed class Maintenance_over_http(ContractService service)
{
    private Subscribing Plans => new(service);

    private static string In(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    [Fact]
    public async Task The_clock_goes_forward_only_and_is_an_operators()
    {
        var before = (await Plans.Operator.Get("/v1/clock")).ShouldBe(200);
        before.ShouldHave("""{ "now": "<time>", "shiftSeconds": "<any>" }""");
        var moved = (await Plans.Operator.Put("/v1/clock", """{"advanceSeconds":3600.5}""")).ShouldBe(200);
        (moved.Json.GetProperty("shiftSeconds").GetDecimal() - before.Json.GetProperty("shiftSeconds").GetDecimal()).ShouldBe(3600.5m);
        var there = await Plans.NowAsync() + TimeSpan.FromHours(1);
        var at = (await Plans.Operator.Put("/v1/clock", $$"""{"at":"{{In(there)}}"}""")).ShouldBe(200);
        (DateTimeOffset.Parse(at.Text("now"), CultureInfo.InvariantCulture) - there).ShouldBeInRange(TimeSpan.Zero, TimeSpan.FromSeconds(5));
        var account = await service.OpenAsync();
        DateTimeOffset.Parse((await account.Get())["createdAt"], CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(there, "decisions follow it at once");

        (await Plans.Operator.Put("/v1/clock", $$"""{"at":"{{In(there - TimeSpan.FromDays(1))}}"}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["at"]);
        (await Plans.Operator.Put("/v1/clock", """{"at":"2400-01-01T00:00:00Z"}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["at"]);
        foreach (var wrong in new[] { "{}", """{"advanceSeconds":-1}""", """{"advanceSeconds":1,"at":"2027-01-01T00:00:00Z"}""", """{"advanceSeconds":3155760001}""" })
            (await Plans.Operator.Put("/v1/clock", wrong)).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["advanceSeconds"]);
        (await Plans.Admin.Put("/v1/clock", """{"advanceSeconds":1}""")).ShouldBe(403, "forbidden");
    }

    [Fact]
    public async Task A_run_does_all_that_is_due_counts_it_and_finds_nothing_the_second_time()
    {
        await Plans.RunAsync();
        var account = await service.OpenAsync();
        var end = await Plans.NowAsync() + TimeSpan.FromHours(2);
        await account.Grant("10", $$""","expiresAt":"{{In(end)}}" """);
        await account.Grant("5");
        (await account.Hold("3", $$""","expiresAt":"{{In(end - TimeSpan.FromHours(1))}}" """)).ShouldBe(201);

        var key = Subscribing.NewId("k");
        var body = $$"""{"at":"{{In(end)}}"}""";
        var run = (await Plans.Operator.Post("/v1/maintenance/run", body, key)).ShouldBe(200);
        (run["lotsExpired"], run["holdsExpired"], run["settled"], run["failed"], run["more"]).ShouldBe(("1", "1", "1", "0", "false"));
        await account.ShouldHave(("balance", "5"), ("held", "0"));
        var again = (await Plans.Operator.Post("/v1/maintenance/run", body, key)).ShouldBe(200);
        (again.Body, again.Replayed).ShouldBe((run.Body, true));
        (await Plans.Operator.Post("/v1/maintenance/run", "{}", key)).ShouldBe(422, "idempotency-key-reused");
        var second = await Plans.RunAsync(end);
        second.Json.EnumerateObject().Where(member => member.Name is not ("at" or "more")).ShouldAllBe(member => member.Value.GetInt64() == 0);
        (await Plans.Admin.Post("/v1/maintenance/run", "{}")).ShouldBe(403, "forbidden");
        foreach (var never in new[] { "2400-01-01T00:00:00Z", "9999-12-31T23:59:59Z" }) (await Plans.Operator.Post("/v1/maintenance/run", $$"""{"at":"{{never}}"}""")).ShouldBe(400, "invalid-request").WrongMembers.ShouldBe(["at"]);
        var metrics = await service.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        metrics.ShouldContain("ledger_maintenance_events_total{event=\"lot_expired\"}");
        metrics.ShouldContain("ledger_maintenance_settled_total{kind=\"account\",outcome=\"done\"}");
        metrics.ShouldContain("ledger_maintenance_oldest_seconds{kind=\"subscription\"}");
        (await service.QueryAsync<long>("select count(*) from ledger.due_claims where until > clock_timestamp() + interval '1 minute'")).ShouldBe(0, "nothing is kept");
    }

    [Fact]
    public async Task Two_runs_at_once_do_each_thing_once()
    {
        await Plans.RunAsync();
        var accounts = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => service.OpenAsync()));
        var end = await Plans.NowAsync() + TimeSpan.FromHours(1);
        await Task.WhenAll(accounts.Select(account => account.Grant("1", $$""","expiresAt":"{{In(end)}}" """)));
        var runs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Plans.RunAsync(end)));
        runs.Sum(run => run.Json.GetProperty("lotsExpired").GetInt64()).ShouldBe(20);
        foreach (var account in accounts) (await account.Get("/events")).Data.Count(one => one.GetProperty("type").GetString() == "lot_expired").ShouldBe(1);
    }
}
