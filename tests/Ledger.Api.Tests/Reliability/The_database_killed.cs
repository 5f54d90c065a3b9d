using System.Diagnostics;
using Ledger.Testing;

namespace Ledger.Api.Tests.Reliability;

[Collection(ReliabilityRuns.Name)]
[Trait("lane", "works")]
public sealed class The_database_killed(ITestOutputHelper output)
{
    [Fact]
    public async Task under_load_loses_nothing_doubles_nothing_and_is_reported_as_it_was()
    {
        var seed = Run.Seed(output);
        await using var postgres = await PostgresProcess.StartAsync();
        await using var service = await Run.NodeAsync(postgres.ConnectionString, ("Writer__WaitMax", "00:00:03"));
        using var client = new Client(service);
        string[] accounts = [.. Enumerable.Range(0, 6).Select(i => $"killed.{i}")];
        var commands = new RandomCommands(seed, accounts);
        await commands.OpenAsync(client);
        var crowd = new Crowd(commands, client);
        var load = crowd.RunAsync(24, staysAway: 30);
        var random = new Random(seed);
        var kills = Run.Of(3, 30);
        var recoveries = new List<TimeSpan>();
        for (var kill = 0; kill < kills && !load.IsCompleted; kill++)
        {
            await Task.Delay(random.Next(300, 900));
            await postgres.KillAsync();
            // Now and then it stays away for longer than a command may wait.
            if (kill % 5 == 1) await Task.Delay(4_500);
            await postgres.RestartAsync();
            var clock = Stopwatch.StartNew();
            var before = crowd.Done;
            await Run.UntilAsync(() => Task.FromResult(crowd.Done > before || load.IsCompleted), TimeSpan.FromSeconds(20), $"the service goes on by itself after kill {kill + 1} of the database:\n{service.Output}");
            recoveries.Add(clock.Elapsed);
        }

        crowd.Stop();
        await load;
        output.WriteLine($"{kills} kills, going on after {string.Join(", ", recoveries.Select(time => $"{time.TotalSeconds:f1}"))} s; {crowd.Summary()}");
        client.Unanswered.ShouldBe(0, "the service answers every request, whatever happens to its database");
        crowd.Stories.ShouldAllBe(story => story.Reply == null || story.Reply.Status < 500, "every 503 says what it means, and nothing is a fault of the service");
        service.HasExited.ShouldBeFalse();
        (await client.GetAsync("/health/ready")).Status.ShouldBe(200);
        var books = await Books.CheckAsync(postgres.ConnectionString);
        books.CheckStories(crowd.Stories).ShouldBeGreaterThan(kills);
        await ReadModels.CheckAsync(postgres.ConnectionString, output);
    }

    [Fact]
    public async Task a_swallowed_answer_to_commit_is_found_out_and_nobody_hears_of_it()
    {
        var seed = Run.Seed(output);
        await using var database = await TestPostgres.CreateDatabaseAsync();
        await using var relay = PostgresRelay.To(database.ConnectionString);
        await using var service = await Run.NodeAsync(relay.ConnectionString);
        using var client = new Client(service);
        string[] accounts = [.. Enumerable.Range(0, 6).Select(i => $"swallowed.{i}")];
        var commands = new RandomCommands(seed, accounts);
        await commands.OpenAsync(client);
        var crowd = new Crowd(commands, client);
        var load = crowd.RunAsync(16);
        relay.SwallowEvery(5);
        await Run.UntilAsync(() => Task.FromResult(relay.Swallowed >= Run.Of(15, 200) || load.IsCompleted), TimeSpan.FromSeconds(Run.Of(60, 400)), "the relay swallows answers");
        relay.SwallowEvery(0);
        crowd.Stop();
        await load;
        output.WriteLine($"{relay.Swallowed} answers swallowed of {relay.Commits} commits, {relay.CommittedUnheard} of them committed; {crowd.Summary()}");
        relay.CommittedUnheard.ShouldBeGreaterThanOrEqualTo(Run.Of(15, 200));
        client.Unanswered.ShouldBe(0);
        crowd.Stories.ShouldAllBe(story => story.Reply!.Status < 500 && story.Doubtful == 0 && story.NothingDoneAt == null, "each outcome is learnt, so no client meets a 503");
        crowd.Stories.ShouldAllBe(story => !story.Reply!.IsReplay, "what was done in an attempt that nobody heard of is answered as done for the first time");
        var books = await Books.CheckAsync(database.ConnectionString);
        books.CheckNoGaps();
        books.CheckStories(crowd.Stories).ShouldBeGreaterThan(100);
        await ReadModels.CheckAsync(database.ConnectionString, output);
    }
}
