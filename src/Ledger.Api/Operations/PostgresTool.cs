using System.Collections;
using System.ComponentModel;
using System.Diagnostics;

namespace Ledger.Api.Operations;

/// <summary>What a tool ended with: its exit status, and all it printed.</summary>
internal sealed record PostgresToolResult(int ExitCode, string Output)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>The line that tells most: the last error, else the last line.</summary>
    public string Gist()
    {
        var lines = Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.LastOrDefault(line => line.Contains("error:", StringComparison.Ordinal) || line.Contains("FATAL:", StringComparison.Ordinal))
            ?? lines.LastOrDefault() ?? $"exit status {ExitCode}";
    }
}

/// <summary>Runs initdb, pg_ctl and the few system tools beside them.</summary>
internal static class PostgresTool
{
    /// <summary>Exit status of a program that could not be started, as the shell has it.</summary>
    public const int NotFound = 127;

    public static async Task<PostgresToolResult> RunAsync(
        string file, IReadOnlyList<string> arguments, CancellationToken cancel, string? directory = null, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(file)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = directory ?? "/",
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        // PGPORT, PGDATA, PGOPTIONS and the like of the caller mean another server, not this one.
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
            if (entry.Key is string name && name.StartsWith("PG", StringComparison.Ordinal)) start.Environment.Remove(name);
        start.Environment["LC_ALL"] = "C";
        foreach (var (name, value) in environment) start.Environment[name] = value;

        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception problem)
        {
            return new PostgresToolResult(NotFound, problem.Message);
        }
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancel);
            var errors = process.StandardError.ReadToEndAsync(cancel);
            await process.WaitForExitAsync(cancel);
            return new PostgresToolResult(process.ExitCode, await output + await errors);
        }
        catch (OperationCanceledException)
        {
            if (!process.HasExited) process.Kill();
            throw;
        }
    }
}
