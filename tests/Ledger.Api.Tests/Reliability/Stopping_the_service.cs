using System.Collections.Concurrent;
using System.Diagnostics;
using Ledger.Testing;

namespace Ledger.Api.Tests.Reliability;

[Collection(ReliabilityRuns.Name)]
[Trait("lane", "waits")]
public sealed class Stopping_the_service(ITestOutputHelper output)
{
    [Fact]
    public async Task under_load_answers_what_is_in_work_takes_nothing_new_and_stops_its_own_database_in_order()
    {
        var seed = Run.Seed(output);
        // A name that a later run removes, should this one be killed.
        var folder = $"/tmp/ledger-test-{Environment.ProcessId}-{Guid.NewGuid():N}"[..30];
        try
        {
            await using var service = await Run.NodeAsync("", ("LEDGER_DATA_DIR", folder));
            using var client = new Client(service);
            string[] accounts = [.. Enumerable.Range(0, 4).Select(i => $"ends.{i}")];
            var commands = new RandomCommands(seed, accounts);
            await commands.OpenAsync(client);
            var stories = new ConcurrentQueue<(Story Story, long Begun)>();
            for (var round = 0; round < Run.Of(1, 10); round++)
            {
                var earlier = stories.Count;
                var load = Task.WhenAll(Enumerable.Range(0, 24).Select(number => UntilRefusedAsync(client, commands, commands.ForClient((round * 100) + number), stories)));
                await Task.Delay(1_500);
                var told = Stopwatch.GetTimestamp();
                var status = await service.StopAsync();
                var took = Stopwatch.GetElapsedTime(told);
                await load;
                output.WriteLine($"stopped after {took.TotalSeconds:f1} s; of {stories.Count} requests {stories.Count(one => one.Story.Reply is null)} were not taken");
                status.ShouldBe(0, service.Output);
                took.ShouldBeLessThan(TimeSpan.FromSeconds(20), "the time to drain");
                var lost = stories.Skip(earlier).Where(one => one.Story.Reply is null && one.Begun < told).ToList();
                lost.ShouldBeEmpty("each request that had begun before the signal is answered");
                stories.ShouldAllBe(one => one.Story.Reply == null || one.Story.Reply.Status < 500 || one.Story.Reply.Problem == "overloaded");

                File.Exists(Path.Combine(folder, "postgres", "PG_VERSION")).ShouldBeTrue("the database lies where it was asked for");
                File.Exists(Path.Combine(folder, "postgres", "postmaster.pid")).ShouldBeFalse("PostgreSQL has stopped");
                (await File.ReadAllTextAsync(Path.Combine(folder, "postgres", "server.log"))).TrimEnd().ShouldEndWith("database system is shut down");

                await service.RestartAsync();
                (await File.ReadAllTextAsync(Path.Combine(folder, "postgres", "server.log"))).ShouldNotContain("not properly shut down");
            }

            foreach (var (story, _) in stories.Where(one => one.Story.Reply?.Status == 201).TakeLast(200))
            {
                var again = await client.PostAsync(story.Sent);
                again.IsReplay.ShouldBeTrue($"lost: {story}");
                again.Body.ShouldBe(story.Reply!.Body);
            }

            var books = await Books.CheckAsync(await File.ReadAllTextAsync(Path.Combine(folder, "connection")));
            books.CheckStories([.. stories.Select(one => one.Story)]).ShouldBeGreaterThan(50);
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task UntilRefusedAsync(Client client, RandomCommands commands, Random random, ConcurrentQueue<(Story Story, long Begun)> stories)
    {
        await Task.Yield();
        while (true)
        {
            var sent = commands.Next(random);
            var begun = Stopwatch.GetTimestamp();
            try
            {
                var reply = await client.PostAsync(sent);
                stories.Enqueue((new Story(sent, reply.Status == 503 ? null : reply, 0, reply.Status == 503 ? DateTimeOffset.UtcNow : null), begun));
                if (reply.Status == 503) return;
                commands.Heard(sent, reply);
            }
            catch (HttpRequestException)
            {
                stories.Enqueue((new Story(sent, null, 1, null), begun));
                return;
            }
        }
    }
}
