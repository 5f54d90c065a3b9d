using System.Diagnostics;
using Ledger.Api.Operations;
using Ledger.Testing;

namespace Ledger.Api.Tests.Verification;

/// <summary>The program as a process, as a person or a script starts it.</summary>
internal static class Commands
{
    public static async Task<(int Status, string Output, string Errors)> RunAsync(string connectionString, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [ServiceProcess.Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[CommandLineDatabase.Variable] = connectionString;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
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
