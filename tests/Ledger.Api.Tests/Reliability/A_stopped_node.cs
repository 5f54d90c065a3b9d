using System.Diagnostics;
using Ledger.Testing;

namespace Ledger.Api.Tests.Reliability;

[Collection(ReliabilityRuns.Name)]
[Trait("lane", "waits")]
public sealed class A_stopped_node(ITestOutputHelper output)
{
    [Fact]
    public async Task in_the_middle_of_its_work_holds_the_other_up_for_seconds_only_and_doubles_nothing_afterwards()
    {
        var seed = Run.Seed(output);
        await using var database = await Run.DatabaseAsync();
        await using var stopped = await Run.NodeAsync(database.ConnectionString);
        await using var other = await Run.NodeAsync(database.ConnectionString);
        using var client = new Client(stopped, other);
        string[] accounts = [.. Enumerable.Range(0, 6).Select(i => $"stopped.{i}")];
        var commands = new RandomCommands(seed, accounts);
        await commands.OpenAsync(client);
        var crowd = new Crowd(commands, client);
        var load = crowd.RunAsync(24);
        // Half of the clients wait at the stopped node before long; these go to the other one alone.
        using var faithful = new Client(other);
        var others = new Crowd(new RandomCommands(seed + 1, accounts), faithful);
        var otherLoad = others.RunAsync(6);
        var random = new Random(seed);
        var gaps = new List<TimeSpan>();
        var rounds = Run.Of(2, 20);
        for (var round = 0; round < rounds; round++)
        {
            await CatchAsync(stopped, database.ConnectionString, random);
            var clock = Stopwatch.StartNew();
            var before = others.Done;
            await Run.UntilAsync(() => Task.FromResult(others.Done > before + 6 || otherLoad.IsCompleted), TimeSpan.FromSeconds(20), "the other node goes on");
            gaps.Add(clock.Elapsed);
            await Task.Delay(random.Next(100, 1_000));
            await stopped.ContinueAsync();
            await Task.Delay(500);
        }

        crowd.Stop();
        others.Stop();
        await Task.WhenAll(load, otherLoad);
        output.WriteLine($"{rounds} rounds, the other went on after {string.Join(", ", gaps.Select(gap => $"{gap.TotalSeconds:f1}"))} s; {crowd.Summary()}");
        gaps.ShouldAllBe(gap => gap < TimeSpan.FromSeconds(8), "a node that stands still loses its transaction after three seconds");
        Story[] stories = [.. crowd.Stories, .. others.Stories];
        stories.ShouldAllBe(story => story.Reply != null && story.Reply.Status < 500);
        client.Unanswered.ShouldBe(0);
        var books = await Books.CheckAsync(database.ConnectionString);
        books.CheckNoGaps();
        books.CheckStories(stories).ShouldBeGreaterThan(100);
    }

    [Fact]
    public async Task whose_network_dies_in_the_middle_of_a_commit_holds_the_other_up_for_seconds_only()
    {
        await using var database = await Run.DatabaseAsync();
        await using var relay = PostgresRelay.To(database.ConnectionString, commitsOf: Run.WriterSession);
        await using var cut = await Run.NodeAsync(relay.ConnectionString);
        await using var other = await Run.NodeAsync(database.ConnectionString);
        using var client = new Client(cut, other);
        await client.OpenAsync("cut");
        await client.GrantAsync("cut", 100);
        var sent = new Sent("consumptions", "/v1/accounts/cut/consumptions", """{"amount":7}""", "cut/1");
        relay.PauseAtCommit();
        var unheard = client.PostAsync(sent);
        await Run.UntilAsync(async () => await Writer_lock.StuckAsync(database.ConnectionString) != 0, TimeSpan.FromSeconds(10), "the writer's transaction is open, and nothing comes");
        var clock = Stopwatch.StartNew();
        var random = new Random(1);
        var stories = new List<Story> { await client.UntilAnsweredAsync(sent with { Key = "cut/2" }, new Always(1)) };
        output.WriteLine($"the other went on after {clock.Elapsed.TotalSeconds:f1} s");
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(12));
        stories[0].Reply!.Status.ShouldBe(201);

        // Back on the network the first node finds that its transaction came to nothing, and does it once.
        relay.Resume();
        stories.Add(new Story(sent, await unheard, 0, null));
        if (stories[1].Reply!.Status == 503) stories[1] = await client.UntilAnsweredAsync(sent, random);
        stories[1].Reply!.Status.ShouldBe(201);
        var books = await Books.CheckAsync(database.ConnectionString);
        books.CheckStories(stories).ShouldBe(2);
    }

    // Chooses the same node each time.
    private sealed class Always(int node) : Random
    {
        public override int Next(int maxValue) => node;
    }

    // Stops the node again and again until it stands still while it holds the lock.
    private static async Task CatchAsync(ServiceProcess node, string connectionString, Random random)
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            await node.PauseAsync();
            await Task.Delay(300);
            if (await Writer_lock.StuckAsync(connectionString) != 0) return;
            await node.ContinueAsync();
            await Task.Delay(random.Next(5, 60));
        }

        throw new TimeoutException("The node was never caught while it held the lock.");
    }
}
