using Ledger.Testing;

namespace Ledger.Api.Tests.Reliability;

/// <summary>An audit that finds nothing proves nothing until it has been seen to find something: each fault here is planted, found and taken back.</summary>
[Collection(ReliabilityRuns.Name)]
[Trait("lane", "works")]
public sealed class The_audit_itself
{
    private static readonly (string Plant, string Undo, string Finds)[] Faults =
    [
        ("update ledger.mt_events set data = jsonb_set(data, '{amount}', '8') where type = 'credits_consumed'", "update ledger.mt_events set data = jsonb_set(data, '{amount}', '7') where type = 'credits_consumed'", "The chain breaks"),
        ("create table ledger.aside as select * from ledger.mt_events where type = 'credits_consumed'; delete from ledger.mt_events where type = 'credits_consumed'",
            "insert into ledger.mt_events select * from ledger.aside; drop table ledger.aside", "version of"),
        ("update ledger.mt_events set seq_id = -seq_id where type = 'credits_consumed'", "update ledger.mt_events set seq_id = -seq_id where type = 'credits_consumed'", "after"),
        ("update ledger.mt_streams set version = version + 1 where id = 'account/a'", "update ledger.mt_streams set version = version - 1 where id = 'account/a'", "version of"),
        ("update ledger.stream_states set recorded_at = recorded_at + interval '1 day'", "update ledger.stream_states set recorded_at = recorded_at - interval '1 day'", "The state of"),
        ("update ledger.facts set key = key || 'x' where kind = 'hold'", "update ledger.facts set key = left(key, -1) where kind = 'hold'", "The fact"),
        ("update ledger.due set at = at + interval '1 day'", "update ledger.due set at = at - interval '1 day'", "What is due"),
        ("update ledger.idempotency_keys set key = key || 'x' where key = 'audit/1'", "update ledger.idempotency_keys set key = left(key, -1) where key = 'audit/1x'", "key"),
    ];

    [Fact]
    public async Task finds_what_is_lost_doubled_or_bent()
    {
        await using var database = await Run.DatabaseAsync();
        await using var service = await Run.NodeAsync(database.ConnectionString);
        using var client = new Client(service);
        await client.OpenAsync("a");
        await client.OpenAsync("b");
        await client.GrantAsync("a", 100, more: $$""","expiresAt":"{{DateTimeOffset.UtcNow.AddDays(1):O}}" """);
        var hold = await client.PostAsync(new Sent("holds", "/v1/accounts/a/holds", """{"amount":5}""", "audit/hold"));
        await client.PostAsync(new Sent("holds/release", $"/v1/accounts/a/holds/{hold.Json.GetProperty("id").GetString()}/release", "{}", "audit/release"));
        await client.PostAsync(new Sent("transfers", "/v1/accounts/a/transfers", """{"amount":10,"toAccountId":"b"}""", "audit/0"));
        var sent = new Sent("consumptions", "/v1/accounts/a/consumptions", """{"amount":7}""", "audit/1");
        var reply = await client.PostAsync(sent);
        var books = await Books.CheckAsync(database.ConnectionString);
        books.CheckNoGaps();
        books.CheckStories([new Story(sent, reply, 0, null)]).ShouldBe(1);
        await books.CheckAnswersAsync(client, ["a", "b"]);

        foreach (var (plant, undo, finds) in Faults)
        {
            await Writer_lock.TellAsync(database.ConnectionString, plant);
            (await Record.ExceptionAsync(() => Books.CheckAsync(database.ConnectionString))).ShouldNotBeNull(plant).Message.ShouldContain(finds, customMessage: plant);
            await Writer_lock.TellAsync(database.ConnectionString, undo);
        }

        (string What, Story Story)[] lies =
        [
            ("Lost", new(sent with { Key = "audit/none" }, reply, 0, null)),
            ("Bent", new(sent, reply with { Body = reply.Body.Replace("\"amount\":7", "\"amount\":8", StringComparison.Ordinal) }, 0, null)),
            ("Reported wrongly", new(sent, reply with { Status = 402 }, 0, null)),
            ("Reported wrongly", new(sent, null, 0, null)),
            ("Reported wrongly", new(sent, reply, 0, DateTimeOffset.UtcNow.AddSeconds(1))),
            ("Doubled", new(sent with { Key = "audit/0" }, null, 1, null)),
        ];
        foreach (var (what, story) in lies) Should.Throw<InvalidOperationException>(() => books.CheckStories([story]), story.ToString()).Message.ShouldStartWith(what);
    }

    [Theory]
    [InlineData("""{"id":"t","amount":5,"before":10,"after":5,"available":5,"allocations":[{"lot":"l","amount":4}]}""", "allocates")]
    [InlineData("""{"id":"t","amount":11,"before":10,"after":-1,"available":-1,"allocations":[{"lot":"l","amount":11}]}""", "more than it holds")]
    [InlineData("""{"id":"t","amount":11,"before":10,"after":-1,"available":-1,"allocations":[{"lot":"l","amount":10},{"amount":1}]}""", "overspent")]
    [InlineData("""{"id":"t","amount":5,"before":10,"after":6,"available":5,"allocations":[{"lot":"l","amount":5}]}""", "ends at")]
    [InlineData("""{"id":"t","amount":5,"before":9,"after":5,"available":5,"allocations":[{"lot":"l","amount":5}]}""", "begins at")]
    public void folds_no_event_that_does_not_add_up(string consumed, string wrong)
    {
        var fold = new PlainFold("a");
        fold.Apply(1, "account_opened", System.Text.Json.JsonDocument.Parse("""{"overdraftLimit":0}""").RootElement);
        fold.Apply(2, "credits_granted", System.Text.Json.JsonDocument.Parse("""{"id":"g","amount":10,"before":0,"after":10,"available":10,"allocations":[{"lot":"l","amount":10}]}""").RootElement);
        Should.Throw<InvalidOperationException>(() => fold.Apply(3, "credits_consumed", System.Text.Json.JsonDocument.Parse(consumed).RootElement)).Message.ShouldContain(wrong);
    }
}
