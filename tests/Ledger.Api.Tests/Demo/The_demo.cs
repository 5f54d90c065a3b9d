using Ledger.Api.Access;
using Ledger.Api.Demo;
using Ledger.Api.Operations;
using Ledger.Testing;
using Spectre.Console;

namespace Ledger.Api.Tests.Demo;

public sealed class The_demo : IAsyncLifetime
{
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"ledger-demo-{Guid.NewGuid():N}");
    private TestDatabase database = null!;
    private ServiceProcess service = null!;

    public async ValueTask InitializeAsync()
    {
        database = await Http.EdgeHost.DatabaseAsync();
        // Its key is the one that it makes and keeps itself, where the command looks for it.
        service = await ServiceProcess.StartAsync(new Dictionary<string, string> { ["ConnectionStrings__Ledger"] = database.ConnectionString, [DevelopmentKey.Variable] = "" }, ["--data-dir", folder]);
    }

    public async ValueTask DisposeAsync()
    {
        if (service is not null) await service.DisposeAsync();
        await database.DisposeAsync();
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task adds_up_and_does_nothing_twice_under_the_same_run()
    {
        var options = Options() with { Run = "twice", Users = 20, Calls = 300 };
        var (status, first) = await RunAsync(options);
        status.ShouldBe(0, first);
        first.ShouldContain("Calls: 300 of 300");
        first.ShouldContain("20 of 20 accounts: events add up to the balance");
        Value(first, "errors").ShouldBe("0");
        (int.Parse(Value(first, "captured")) + int.Parse(Value(first, "released"))).ShouldBe(300);

        var (again, second) = await RunAsync(options);
        again.ShouldBe(0, second);
        second.ShouldContain("Run twice had been done before: all 627 commands were answered as then, and nothing was done twice.");
        foreach (var row in (string[])["captured", "released", "refunded of", "credits bought", "credits given", "credits spent", "credits refunded", "credits left"]) Value(second, row).ShouldBe(Value(first, row));

        // With other options it is another run: nothing is done under this name.
        var other = await Should.ThrowAsync<ConfigurationException>(() => RunAsync(options with { Calls = 301 }));
        other.Message.ShouldStartWith("Run twice was made with other options (20 users, 300 calls, ");
    }

    [Fact]
    public async Task stops_a_user_who_has_run_dry_and_survives_the_service()
    {
        var file = Path.Combine(folder, "trace.csv");
        await File.WriteAllLinesAsync(file, [TraceFile.Header, .. Enumerable.Range(0, 60).Select(i => $"2023-11-16 18:15:{i:00}.5,2000,1000")]);
        // 7 credits, of which every call takes 0.3: the 23rd or so is refused.
        var options = Options() with { Run = "dry", Users = 1, TraceFile = file, Concurrency = 8 };
        var (status, told) = await RunAsync(options);
        status.ShouldBe(0, told);
        Value(told, "refused").ShouldBe("1");
        var made = int.Parse(Value(told, "captured")) + int.Parse(Value(told, "released"));
        made.ShouldBeInRange(20, 30);
        Value(told, "not made").ShouldBe($"{59 - made}");

        // The service is killed in the middle of another run, and comes back: its client goes on as if nothing had been.
        var running = RunAsync(Options() with { Run = "killed", Users = 10, Calls = 400 });
        await WaitForCallsAsync("demo_killed_u004");
        await service.KillAsync();
        await service.RestartAsync();
        var (survived, all) = await running;
        survived.ShouldBe(0, all);
        int.Parse(Value(all, "sent again")).ShouldBeGreaterThan(0);
        all.ShouldContain("10 of 10 accounts: events add up to the balance");
    }

    private DemoOptions Options() => new() { Url = service.Address, ApiKey = DemoCommand.KnownKey(folder), Concurrency = 16 };

    private async Task WaitForCallsAsync(string account)
    {
        using var client = new LedgerClient(service.Address, DemoCommand.KnownKey(folder), 1);
        while (await client.GetAsync("v1/accounts/" + account, default) is not { Status: 200 } answer || answer.Body.GetProperty("version").GetInt64() < 10) await Task.Delay(10);
    }

    private static async Task<(int Status, string Told)> RunAsync(DemoOptions options)
    {
        var told = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(told), Ansi = AnsiSupport.No, Interactive = InteractionSupport.No });
        var status = await new DemoRun(options.Checked(), console).RunAsync(default);
        return (status, told.ToString());
    }

    /// <summary>The figure in the first row of the table that begins so.</summary>
    private static string Value(string told, string row) =>
        told.Split('\n').Where(line => line.TrimStart(' ', '│', '|').StartsWith(row, StringComparison.Ordinal)).Select(line => line.Trim().Trim('│', '|').Split('│', '|')[^1].Trim()).First();
}
