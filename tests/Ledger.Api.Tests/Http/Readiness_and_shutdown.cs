using System.Text.Json;
using Ledger.Api.Access;
using Ledger.Api.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Ledger.Api.Tests.Http;

public sealed class Readiness_and_shutdown
{
    [Fact]
    public async Task ready_tells_what_is_not_well()
    {
        var check = new Check();
        await using var host = await EdgeHost.StartAsync(services: s => s.AddSingleton<IReadinessCheck>(check));
        (await host.SendAsync(HttpMethod.Get, "/health/ready", key: null)).Text.ShouldBe("""{"status":"ok"}""");
        check.Answer = () => "full";
        var reply = await host.SendAsync(HttpMethod.Get, "/health/ready", key: null);
        (reply.Status, reply.Text).ShouldBe((503, """{"status":"unavailable","faults":{"sample":"full"}}"""));
        check.Answer = () => throw new TimeoutException("db.internal:5432");
        reply = await host.SendAsync(HttpMethod.Get, "/health/ready", key: null);
        reply.Json.GetProperty("faults").GetProperty("sample").GetString().ShouldBe("not reachable");
        (await host.SendAsync(HttpMethod.Get, "/health/live", key: null)).Status.ShouldBe(200);
        (await host.SendAsync(HttpMethod.Head, "/health/ready", key: null)).Status.ShouldBe(503);
    }

    [Fact]
    public async Task a_request_in_work_is_finished_and_its_connection_closed()
    {
        var (entered, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var host = await EdgeHost.StartAsync(map: routes => routes.MapGet("/slow", async http =>
        {
            entered.SetResult();
            await go.Task;
            await Answer.Ok(http, "done");
        }).RequireRoles(RoleSets.Queries));
        var slow = host.SendAsync(HttpMethod.Get, "/slow");
        await entered.Task;
        var readiness = host.Services.GetRequiredService<Readiness>();
        readiness.IsStopping.ShouldBeFalse();
        var stopping = host.StopAsync();
        readiness.IsStopping.ShouldBeTrue();
        (await readiness.FaultsAsync(TestContext.Current.CancellationToken))["service"].ShouldBe("stopping");
        stopping.IsCompleted.ShouldBeFalse();
        go.SetResult();
        var reply = await slow;
        JsonSerializer.Deserialize<string>(reply.Text).ShouldBe("done");
        reply.Headers["Connection"].ShouldBe("close");
        await stopping;
    }

    private sealed class Check : IReadinessCheck
    {
        public Func<string?> Answer { get; set; } = () => null;

        public string Name => "sample";

        public ValueTask<string?> CheckAsync(CancellationToken cancellationToken) => new(Answer());
    }
}
