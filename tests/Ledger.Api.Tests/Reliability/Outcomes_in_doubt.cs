using System.Diagnostics;
using Ledger.Testing;

namespace Ledger.Api.Tests.Reliability;

/// <summary>What is said while nobody can know: arranged with a relay that swallows the answer to a commit and a lock that keeps the writer from looking it up.</summary>
[Collection(ReliabilityRuns.Name)]
[Trait("lane", "waits")]
public sealed class Outcomes_in_doubt
{
    [Fact]
    public async Task a_commit_that_may_have_happened_is_never_told_as_nothing_done_however_its_look_up_fails()
    {
        await using var database = await Run.DatabaseAsync();
        await using var relay = PostgresRelay.To(database.ConnectionString, commitsOf: Run.WriterSession);
        await using var service = await Run.NodeAsync(relay.ConnectionString, ("Writer__WaitMax", "00:00:02"), ("Writer__LockTimeout", "00:00:01.500"));
        using var client = new Client(service);
        await client.OpenAsync("doubt");
        await client.GrantAsync("doubt", 100);

        // The writer waits behind the first holder, the second holder behind the writer: so it has the lock as soon as the commit is over.
        var clock = Stopwatch.StartNew();
        var sent = new Sent("consumptions", "/v1/accounts/doubt/consumptions", """{"amount":7}""", "doubt/1");
        Task<Reply> doubtful;
        Task<Npgsql.NpgsqlConnection> second;
        await using (await Writer_lock.TakeAsync(database.ConnectionString))
        {
            relay.SwallowCommit();
            doubtful = client.PostAsync(sent);
            await Run.UntilAsync(async () => await Writer_lock.WaitingAsync(database.ConnectionString) == 1, TimeSpan.FromSeconds(5), "the writer waits for the lock");
            second = Writer_lock.TakeAsync(database.ConnectionString);
            await Run.UntilAsync(async () => await Writer_lock.WaitingAsync(database.ConnectionString) == 2, TimeSpan.FromSeconds(5), "the second holder waits behind it");
        }

        await using (await second)
        {
            await Run.UntilAsync(() => Task.FromResult(relay.CommittedUnheard == 1), TimeSpan.FromSeconds(5), "the answer to the commit is swallowed");
            // What comes now can't be begun: it is told so in time, though the writer is still busy with the doubt.
            var late = Stopwatch.StartNew();
            var behind = await client.PostAsync(sent with { Key = "doubt/2" });
            behind.Problem.ShouldBe("overloaded");
            behind.RetryAfter.ShouldNotBeNull();
            late.Elapsed.ShouldBeInRange(TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(5));
            await Task.Delay(TimeSpan.FromSeconds(2));
            doubtful.IsCompleted.ShouldBeFalse("it was done, and the service can't know yet; it said " + (doubtful.IsCompleted ? (await doubtful).ToString() : "nothing"));
        }

        var reply = await doubtful;
        reply.Status.ShouldBe(201, reply.Body);
        reply.IsReplay.ShouldBeFalse();
        var books = await Books.CheckAsync(database.ConnectionString);
        books.CheckStories([new Story(sent, reply, 0, null), new Story(sent with { Key = "doubt/2" }, null, 0, DateTimeOffset.UtcNow)]).ShouldBe(1);
    }

    [Fact]
    public async Task a_doubt_that_lasts_is_told_as_a_doubt_and_the_repeat_as_what_it_was()
    {
        await using var database = await Run.DatabaseAsync();
        await using var relay = PostgresRelay.To(database.ConnectionString, commitsOf: Run.WriterSession);
        await using var service = await Run.NodeAsync(relay.ConnectionString, ("Writer__WaitMax", "00:00:01"), ("Writer__UnknownMax", "00:00:03"));
        using var client = new Client(service);
        await client.OpenAsync("doubt");
        await client.GrantAsync("doubt", 100);
        var sent = new Sent("consumptions", "/v1/accounts/doubt/consumptions", """{"amount":7}""", "doubt/1");
        // The connections that stand go on; after this commit nobody comes through any more to ask.
        relay.RefusesNew = true;
        relay.SwallowCommit();
        var reply = await client.PostAsync(sent);
        reply.Status.ShouldBe(503);
        reply.Problem.ShouldBe("outcome-unknown");
        reply.RetryAfter.ShouldNotBeNull();
        relay.CommittedUnheard.ShouldBe(1);

        relay.RefusesNew = false;
        await service.WaitUntilReadyAsync();
        // Connections that were cut in the pool of readers may cost the repeat an attempt of its own.
        var again = await client.UntilAnsweredAsync(sent, new Random(1));
        again.Reply!.Status.ShouldBe(201);
        again.Reply.IsReplay.ShouldBeTrue("the first attempt did it");
        var books = await Books.CheckAsync(database.ConnectionString);
        books.CheckStories([again]).ShouldBe(1);
    }
}
