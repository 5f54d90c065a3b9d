using System.Diagnostics;
using Ledger.Testing;

namespace Ledger.Api.Tests.Reliability;

[Collection(ReliabilityRuns.Name)]
[Trait("lane", "works")]
public sealed class Time_and_expiry(ITestOutputHelper output)
{
    [Fact]
    public async Task what_ended_while_nothing_ran_is_never_spent_and_is_written_once_by_two_nodes()
    {
        await using var database = await Run.DatabaseAsync();
        var accounts = Enumerable.Range(0, Run.Of(100, 1_500)).Select(i => $"ends.{i}").ToList();
        await using (var before = await Run.NodeAsync(database.ConnectionString))
        {
            using var client = new Client(before);
            var (lots, holds) = (DateTimeOffset.UtcNow.AddHours(1), DateTimeOffset.UtcNow.AddMinutes(30));
            await client.BatchAsync(accounts.SelectMany(account => (string[])
            [
                $$$"""{"key":"{{{account}}}/g","accountId":"{{{account}}}","command":"grant","amount":10,"source":"bonus","expiresAt":"{{{lots:O}}}","openAccount":{"owner":{"kind":"user","id":"u" } } }""",
                $$"""{"key":"{{account}}/h","accountId":"{{account}}","command":"hold","amount":4,"expiresAt":"{{holds:O}}"}""",
            ]));
        }

        // The service is down when the time ends; the commands come before the sweep has had its turn.
        await Writer_lock.TellAsync(database.ConnectionString, "update ledger.clock set shift = '2 hours'");
        await using var a = await Run.NodeAsync(database.ConnectionString);
        await using var b = await Run.NodeAsync(database.ConnectionString);
        using var both = new Client(a, b);
        var spent = await Task.WhenAll(accounts.Select((account, i) => both.PostAsync(new Sent("consumptions", $"/v1/accounts/{account}/consumptions", """{"amount":0.5}""", $"{account}/c"), i % 2)));
        spent.ShouldAllBe(reply => reply.Problem == "insufficient-credits", "what has ended is spent");
        spent.ShouldAllBe(reply => reply.Json.GetProperty("available").GetDecimal() == 0);
        await Run.UntilAsync(async () => await Writer_lock.AskAsync<long>(database.ConnectionString, "select count(*) from ledger.due") == 0, TimeSpan.FromSeconds(30), "the sweep writes what has ended");
        await Task.Delay(2_500); // two more turns of both sweeps
        var books = await Books.CheckAsync(database.ConnectionString);
        foreach (var events in books.Rows.GroupBy(row => row.Stream))
        {
            events.Select(row => row.Type).ShouldBe(["account_opened", "credits_granted", "hold_placed", "hold_expired", "lot_expired"], $"each end is written once on {events.Key}, in due order");
        }

        await books.CheckAnswersAsync(both, accounts);
    }

    [Fact]
    public async Task what_ends_is_not_spent_by_a_command_that_comes_ahead_of_the_sweep()
    {
        await using var database = await Run.DatabaseAsync();
        await using var node = await Run.NodeAsync(database.ConnectionString);
        using var client = new Client(node);
        await client.OpenAsync("ahead");
        await client.GrantAsync("ahead", 5);
        await client.GrantAsync("ahead", 10, more: $$""","expiresAt":"{{DateTimeOffset.UtcNow.AddHours(1):O}}" """);
        Task<Reply> tooMuch, enough;
        await using (await Writer_lock.TakeAsync(database.ConnectionString))
        {
            // The sweep waits for the lock as the commands do, and in the lower lane.
            await Writer_lock.TellAsync(database.ConnectionString, "update ledger.clock set shift = '2 hours'");
            tooMuch = client.PostAsync(new Sent("consumptions", "/v1/accounts/ahead/consumptions", """{"amount":6}""", "ahead/1"));
            enough = client.PostAsync(new Sent("consumptions", "/v1/accounts/ahead/consumptions", """{"amount":5}""", "ahead/2"));
            await Task.Delay(200);
        }

        (await tooMuch).Problem.ShouldBe("insufficient-credits");
        var done = await enough;
        done.Status.ShouldBe(201, done.Body);
        done.Json.GetProperty("balanceBefore").GetDecimal().ShouldBe(5, "what has expired is written first");
        await Task.Delay(1_500);
        var books = await Books.CheckAsync(database.ConnectionString);
        books.Rows.Select(row => row.Type).ShouldBe(["account_opened", "credits_granted", "credits_granted", "lot_expired", "credits_consumed"]);
    }

    [Fact]
    public async Task two_nodes_decide_by_the_clock_of_the_database_and_no_time_recorded_goes_back()
    {
        await using var database = await Run.DatabaseAsync();
        await using var a = await Run.NodeAsync(database.ConnectionString);
        await using var b = await Run.NodeAsync(database.ConnectionString);
        using var client = new Client(a, b);
        var random = new Random(Run.Seed(output));
        string[] accounts = ["clock.0", "clock.1", "clock.2"];
        foreach (var account in accounts)
        {
            await client.OpenAsync(account);
            await client.GrantAsync(account, 1_000);
        }

        for (var round = 0; round < 7; round++)
        {
            var shift = round % 3 == 2 ? 0 : random.Next(1, 200);
            await Writer_lock.TellAsync(database.ConnectionString, $"update ledger.clock set shift = '{shift} hours'");
            var number = round;
            var replies = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => client.PostAsync(
                new Sent("transfers", $"/v1/accounts/{accounts[i % 3]}/transfers", $$"""{"amount":0.5,"toAccountId":"{{accounts[(i + 1) % 3]}}"}""", $"clock/{number}/{i}"), i % 2)));
            replies.ShouldAllBe(reply => reply.Status == 201);
            // Both nodes show the same business time: what ends in between is gone on both, or on neither.
            var end = DateTimeOffset.UtcNow.AddHours(shift).AddSeconds(1.2);
            var fresh = $"clock.fresh.{round}";
            await client.OpenAsync(fresh);
            await client.GrantAsync(fresh, 1, more: $$""","expiresAt":"{{end:O}}" """);
            (await Task.WhenAll(Enumerable.Range(0, 2).Select(node => client.GetAsync($"/v1/accounts/{fresh}", node)))).ShouldAllBe(reply => reply.Json.GetProperty("balance").GetDecimal() == 1);
            if (round % 4 != 0) continue;
            await Task.Delay(1_300);
            (await Task.WhenAll(Enumerable.Range(0, 2).Select(node => client.GetAsync($"/v1/accounts/{fresh}", node)))).ShouldAllBe(reply => reply.Json.GetProperty("balance").GetDecimal() == 0);
        }

        // The audit looks at every time recorded, stream by stream.
        var books = await Books.CheckAsync(database.ConnectionString);
        var last = books.Rows.Where(row => row.Stream.Id == "account/clock.0").Select(row => row.At).ToList();
        (last[^1] - last[0]).ShouldBeGreaterThan(TimeSpan.FromHours(1), "the clock was moved");
    }
}
