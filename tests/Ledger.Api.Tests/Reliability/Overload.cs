using System.Diagnostics;
using System.Globalization;
using Ledger.Testing;

namespace Ledger.Api.Tests.Reliability;

[Collection(ReliabilityRuns.Name)]
[Trait("lane", "waits")]
public sealed class Overload(ITestOutputHelper output)
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task a_database_that_hangs_ends_requests_in_time_takes_no_memory_and_is_found_again_at_once()
    {
        await using var database = await Run.DatabaseAsync();
        await using var relay = PostgresRelay.To(database.ConnectionString);
        await using var service = await Run.NodeAsync(relay.ConnectionString, ("Writer__WaitMax", $"{WaitMax}"), ("Writer__CommandTimeout", "00:00:03"));
        using var client = new Client(service);
        await client.OpenAsync("busy");
        await client.GrantAsync("busy", 1_000_000);
        var sent = 0;
        var done = await WaveAsync(client, 200, () => sent++);
        done.ShouldAllBe(answer => answer.Reply.Status == 201);

        // A writer that has been idle asks the database for the time before it decides; one that has not would be told nothing of a commit that it had sent already.
        await Task.Delay(400);
        relay.Pause();
        var memory = new List<long>();
        for (var wave = 0; wave < Run.Of(2, 12); wave++)
        {
            var answers = await WaveAsync(client, 1_000, () => sent++);
            answers.ShouldAllBe(answer => answer.Reply.Status == 503 && answer.Reply.Problem == "overloaded" && answer.Reply.RetryAfter > TimeSpan.Zero, "nothing was done, and the client is told when to come back");
            // What is in the writer's hands when the database begins to hang waits for the end of that round trip besides, which takes one vain attempt to connect.
            answers.Max(answer => answer.Time).ShouldBeLessThan(WaitMax + TimeSpan.FromSeconds(wave == 0 ? 8 : 3));
            memory.Add(ResidentMegabytes(service));
            output.WriteLine($"wave {wave}: answered within {answers.Max(answer => answer.Time).TotalSeconds:f1} s, {memory[^1]} MB");
        }

        memory[^1].ShouldBeLessThan(memory[0] + 100, "what is refused leaves nothing behind");
        (await client.GetAsync("/health/ready")).Status.ShouldBe(503);
        (await client.GetAsync("/health/live")).Status.ShouldBe(200);

        relay.Resume();
        var clock = Stopwatch.StartNew();
        // Without a command: a load balancer sends none to a node that is not ready.
        await Run.UntilAsync(async () => (await client.GetAsync("/health/ready")).Status == 200, TimeSpan.FromSeconds(15), "the service is ready again by itself");
        output.WriteLine($"ready again after {clock.Elapsed.TotalSeconds:f1} s");
        (await client.PostAsync(new Sent("consumptions", "/v1/accounts/busy/consumptions", """{"amount":1}""", "busy/last"))).Status.ShouldBe(201);
        var books = await Books.CheckAsync(database.ConnectionString);
        books.Rows.Count(row => row.Type == "credits_consumed").ShouldBe(201, "what was refused for overload was not done");
    }

    private static async Task<IReadOnlyList<(Reply Reply, TimeSpan Time)>> WaveAsync(Client client, int requests, Func<int> number) =>
        await Task.WhenAll(Enumerable.Range(0, requests).Select(async _ =>
        {
            var clock = Stopwatch.StartNew();
            var reply = await client.PostAsync(new Sent("consumptions", "/v1/accounts/busy/consumptions", """{"amount":1}""", $"busy/{number()}"));
            return (reply, clock.Elapsed);
        }));

    private static long ResidentMegabytes(ServiceProcess service)
    {
        var line = File.ReadLines($"/proc/{service.ProcessId}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1_024;
    }
}
