using System.Diagnostics;
using Ledger.Testing;

namespace Ledger.Api.Tests.Reliability;

/// <summary>It mostly waits, so it runs beside other tests of its lane.</summary>
[Trait("lane", "waits")]
public sealed class A_database_that_hangs(ITestOutputHelper output)
{
    [Fact]
    public async Task does_not_keep_the_service_from_stopping_in_order()
    {
        await using var database = await Run.DatabaseAsync();
        await using var relay = PostgresRelay.To(database.ConnectionString);
        await using var service = await Run.NodeAsync(relay.ConnectionString, ("Writer__WaitMax", "00:00:02"), ("Writer__CommandTimeout", "00:00:02"));
        using var client = new Client(service);
        await client.OpenAsync("busy");
        await client.GrantAsync("busy", 100);
        relay.Pause();
        var waiting = Enumerable.Range(0, 20).Select(i => client.PostAsync(new Sent("consumptions", "/v1/accounts/busy/consumptions", """{"amount":1}""", $"hang/{i}"))).ToList();
        await Task.Delay(500);
        var clock = Stopwatch.StartNew();
        var status = await service.StopAsync();
        output.WriteLine($"stopped after {clock.Elapsed.TotalSeconds:f1} s");
        status.ShouldBe(0, service.Output);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(32), "the time to drain, and that of the writer");
        foreach (var one in waiting)
        {
            try
            {
                (await one).Problem.ShouldBeOneOf("overloaded", "outcome-unknown");
            }
            catch (HttpRequestException)
            {
                // Cut off when the time to drain was over: the client can't know, and asks again.
            }
        }
    }
}
