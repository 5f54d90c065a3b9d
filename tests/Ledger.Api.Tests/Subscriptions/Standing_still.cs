using Ledger.Api.Tests.Reliability;
using Ledger.Api.Verification;
using Ledger.EventStore;
using Ledger.EventStore.Verification;
using Ledger.Testing;

namespace Ledger.Api.Tests.Subscriptions;

/// <summary>A service that was killed stands still for months; then two nodes do what is due.</summary>
public sealed class Standing_still
{
    [Fact]
    public async Task What_came_due_meanwhile_is_done_period_by_period_and_once_by_two_nodes()
    {
        await using var database = await Run.DatabaseAsync();
        var accounts = Enumerable.Range(0, Run.Of(12, 600)).Select(n => $"still.{n}").ToList();
        var node = await Run.NodeAsync(database.ConnectionString);
        await using (node)
        {
            using var client = new Client(node);
            (await client.PutAsync("/v1/plans/still", """{"name":"Still","tier":"still","interval":"month","price":{"amount":1000,"currency":"usd"},"creditsPerPeriod":100,"rollover":{"max":30}}""")).Status.ShouldBe(201);
            (await client.PutAsync("/v1/plans/tried", """{"name":"Tried","tier":"tried","interval":"month","price":{"amount":1000,"currency":"usd"},"creditsPerPeriod":100,"trialDays":20}""")).Status.ShouldBe(201);
            foreach (var account in accounts) (await client.OpenAsync(account)).Status.ShouldBe(201);
            var started = await Task.WhenAll(accounts.Select((account, n) => client.PostAsync(new Sent("subscriptions", $"/v1/accounts/{account}/subscriptions", $$"""{"planId":"{{(n % 3 == 0 ? "tried" : "still")}}"}""", account + "/start"))));
            started.ShouldAllBe(reply => reply.Status == 201);
            foreach (var (reply, n) in started.Select((reply, n) => (reply, n)).Where(one => one.n % 3 == 1))
                (await client.PostAsync(new Sent("cancel", $"/v1/subscriptions/{reply.Json.GetProperty("id").GetString()}/cancel", """{"when":"period_end"}""", $"{n}/cancel"))).Status.ShouldBe(200);
            await node.KillAsync();
        }

        await Writer_lock.TellAsync(database.ConnectionString, "update ledger.clock set shift = '100 days'");
        await using (var a = await Run.NodeAsync(database.ConnectionString))
        await using (var b = await Run.NodeAsync(database.ConnectionString))
        {
            await Run.UntilAsync(async () => await Writer_lock.AskAsync<long>(database.ConnectionString, "select count(*) from ledger.due, ledger.clock where at <= clock_timestamp() + shift") == 0, TimeSpan.FromSeconds(60), "all that is due is done");
        }

        var per = await Writer_lock.AskAsync<string>(database.ConnectionString,
            """
            select string_agg(distinct line, ' | ') from (
                select s.status || ' ' || count(*) filter (where e.type = 'period_granted') || ' ' || count(*) filter (where e.type = 'trial_end_announced') || ' ' || count(*) filter (where e.type = 'subscription_ended') as line
                from ledger.subscriptions s join ledger.mt_events e on e.tenant_id = s.tenant_id and e.stream_id = 'subscription/' || s.id group by s.id, s.status
            ) q
            """);
        // A month in a hundred days begins three times more; the announcement comes late, and still comes.
        per.ShouldBe("active 4 0 0 | canceled 1 0 1 | expired 0 1 1");
        await using var service = StoreConnections.Readers(database.ConnectionString, TimeSpan.FromMinutes(1));
        (await VerificationServices.Verification(service).RunAsync(new VerificationOptions())).First.Select(finding => finding.ToString()).ShouldBeEmpty();
    }
}
