using System.Diagnostics;
using System.Text.Json;
using Ledger.Api.Operations;
using Ledger.Api.Tests.Contract;
using Ledger.Testing;

namespace Ledger.Api.Tests.Subscriptions;

[Collection(SubscriptionsCollection.Name)]
public sealed class The_maintenance_command(ContractService service)
{
    [Fact]
    public async Task Does_what_is_due_and_opens_free_plans_beside_a_running_service()
    {
        var plans = new Subscribing(service);
        var account = await plans.OpenAsync();
        var started = (await plans.StartAsync(account, await plans.PlanAsync())).ShouldBe(201);
        var (status, output, errors) = await RunAsync(["maintenance", "--at", started["currentPeriodEnd"], "--json"]);
        status.ShouldBe(0, errors);
        JsonDocument.Parse(output).RootElement.GetProperty("renewed").GetInt64().ShouldBeGreaterThanOrEqualTo(1);
        (await plans.GetAsync(started["id"]))["period"].ShouldBe("2");

        var other = await service.OpenAsync(client: service.As("other:admin"));
        (status, output, errors) = await RunAsync(["maintenance", "--backfill-free", "--tenant", ContractService.OtherTenant]);
        (status, output).ShouldBe((0, output), errors);
        output.ShouldStartWith("1 free plans opened");
        errors.ShouldContain("Accounts: ");
        (await other.Get("/subscriptions"))["data.0.planId"].ShouldBe("free");

        var later = (await plans.NowAsync()).AddDays(1).UtcDateTime.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        (status, _, errors) = await RunAsync(["maintenance", "--at", later], ("ASPNETCORE_ENVIRONMENT", "Production"));
        (status, errors.TrimEnd('\n')).ShouldBe((1, "--at must not be later than now: the clock can be moved in Development alone."));
        (status, _, errors) = await RunAsync(["--urls", "http://127.0.0.1:0"], ("ASPNETCORE_ENVIRONMENT", "Production"));
        (status, errors.TrimEnd('\n')).ShouldBe((1, "The clock of this database was moved by a test, but the environment is Production: the test clock exists in Development only. Use a database of its own for tests, and another one here."));
    }

    private async Task<(int Status, string Output, string Errors)> RunAsync(string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [ServiceProcess.Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[CommandLineDatabase.Variable] = service.ConnectionString;
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }

        return (process.ExitCode, await output, await errors);
    }
}
