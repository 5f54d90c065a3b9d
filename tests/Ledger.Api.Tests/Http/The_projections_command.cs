using System.Diagnostics;
using Ledger.Api.Operations;
using Ledger.Testing;

namespace Ledger.Api.Tests.Http;

public sealed class The_projections_command
{
    [Fact]
    public async Task says_how_they_stand_and_rebuilds_pauses_resumes_and_retries_them()
    {
        await using var database = await EdgeHost.DatabaseAsync();
        var (status, output, errors) = await RunAsync(database, "projections", "rebuild", "transactions");
        (status, errors).ShouldBe((0, ""), output);
        output.ShouldContain("transactions is rebuilt up to position 0");
        (await RunAsync(database, "projections", "pause", "usage")).Output.ShouldBe("usage is paused.\n");
        (await RunAsync(database, "projections", "pause", "usage")).Output.ShouldBe("usage was paused already.\n");
        (await RunAsync(database, "projections", "retry", "usage")).ShouldBe((1, "", "usage is paused: resume it first.\n"));
        (status, output, _) = await RunAsync(database, "projections", "status");
        status.ShouldBe(0);
        output.ShouldContain("paused");
        output.ShouldContain("inline");
        (await RunAsync(database, "projections", "resume", "usage")).Output.ShouldBe("usage goes on.\n");
        (await RunAsync(database, "projections", "retry", "usage")).Output.ShouldBe("0 streams are up to date again, 0 failed again.\n");
        (await RunAsync(database, "projections", "rebuild", "accounts")).Output.ShouldContain("accounts is rebuilt");
        (status, output, errors) = await RunAsync(database, "projections", "rebuild", "nothing");
        (status, output).ShouldBe((1, ""));
        errors.ShouldStartWith("There is no projection nothing; there are accounts,");
    }

    private static async Task<(int Status, string Output, string Errors)> RunAsync(TestDatabase database, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [ServiceProcess.Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[CommandLineDatabase.Variable] = database.ConnectionString;
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return (process.ExitCode, await output, await errors);
    }
}
