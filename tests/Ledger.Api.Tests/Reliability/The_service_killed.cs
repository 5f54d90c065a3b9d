using Ledger.Testing;

namespace Ledger.Api.Tests.Reliability;

[Collection(ReliabilityRuns.Name)]
[Trait("lane", "works")]
public sealed class The_service_killed(ITestOutputHelper output)
{
    [Fact]
    public async Task under_load_loses_nothing_acknowledged_and_does_nothing_twice()
    {
        var seed = Run.Seed(output);
        await using var database = await TestPostgres.CreateDatabaseAsync();
        await using var service = await Run.NodeAsync(database.ConnectionString);
        using var client = new Client(service);
        string[] accounts = [.. Enumerable.Range(0, 6).Select(i => $"killed.{i}")];
        var commands = new RandomCommands(seed, accounts);
        await commands.OpenAsync(client);
        var crowd = new Crowd(commands, client);
        var load = crowd.RunAsync(24);
        var random = new Random(seed);
        var kills = Run.Of(5, 50);
        for (var kill = 0; kill < kills && !load.IsCompleted; kill++)
        {
            await Task.Delay(random.Next(200, 900));
            await service.KillAsync();
            await service.RestartAsync();
        }

        await Task.Delay(500);
        crowd.Stop();
        await load;
        output.WriteLine($"{kills} kills, {client.Unanswered} attempts broken; {crowd.Summary()}");
        client.Unanswered.ShouldBeGreaterThan(kills, "the kills met requests on their way");
        crowd.Stories.ShouldAllBe(story => story.Reply != null && story.Reply.Status < 500);
        var books = await Books.CheckAsync(database.ConnectionString);
        books.CheckStories(crowd.Stories).ShouldBeGreaterThan(kills);
        await ReadModels.CheckAsync(database.ConnectionString, output);
    }
}
