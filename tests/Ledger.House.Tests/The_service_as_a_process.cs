using Ledger.Testing;

namespace Ledger.House.Tests;

/// <summary>The built program, started as `./run` starts it, ended in every way.</summary>
public sealed class The_service_as_a_process
{
    [Fact]
    public async Task begins_again_after_every_end()
    {
        await using var database = await TestPostgres.CreateDatabaseAsync();
        await using var service = await ServiceProcess.StartAsync(
            new Dictionary<string, string> { ["ConnectionStrings__Ledger"] = database.ConnectionString }, cancel: TestContext.Current.CancellationToken);
        await service.KillAsync();
        service.HasExited.ShouldBeTrue();

        await service.RestartAsync(TestContext.Current.CancellationToken);
        Directory.EnumerateFiles($"/proc/{service.ProcessId}/fd").Select(handle => new FileInfo(handle).LinkTarget).ShouldNotContain("anon_inode:inotify", "no folder is watched: its database may lie below it");
        await service.PauseAsync();
        await service.ContinueAsync();
        (await service.StopAsync()).ShouldBe(0);

        await service.RestartAsync(TestContext.Current.CancellationToken);
        (await service.StopAsync("INT")).ShouldBe(0);
        service.Output.ShouldNotContain("Unhandled exception");
    }

    [Fact]
    public async Task says_in_one_line_why_it_does_not_start()
    {
        var failure = await Should.ThrowAsync<InvalidOperationException>(() => ServiceProcess.StartAsync(
            new Dictionary<string, string> { ["LEDGER_PG_BIN"] = "/nowhere", ["ConnectionStrings__Ledger"] = "", ["LEDGER_DATA_DIR"] = Path.Combine(Path.GetTempPath(), $"ledger-none-{Environment.ProcessId}") },
            cancel: TestContext.Current.CancellationToken));
        failure.Message.ShouldContain("ended with status 1");
        failure.Message.ShouldContain("No PostgreSQL in /nowhere: LEDGER_PG_BIN must name the folder that holds initdb, pg_ctl, postgres.");
        failure.Message.ShouldNotContain("   at ");
        Directory.Delete(Path.Combine(Path.GetTempPath(), $"ledger-none-{Environment.ProcessId}"), recursive: true);
    }
}
