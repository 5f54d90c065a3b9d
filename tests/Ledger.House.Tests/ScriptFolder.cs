using System.Diagnostics;

namespace Ledger.House.Tests;

/// <summary>
/// A copy of the scripts in a folder of its own, run with a PATH that holds only what is put there: the system's plain tools, and stand-ins for the rest.
/// </summary>
internal sealed class ScriptFolder : IDisposable
{
    private static readonly string[] Tools =
        ["awk", "bash", "cat", "chmod", "cksum", "cut", "dirname", "env", "find", "grep", "head", "mkdir", "mv", "od", "readlink", "rm", "sed", "sleep", "tail", "touch", "tr", "true", "uname"];

    public ScriptFolder()
    {
        Root = Directory.CreateTempSubdirectory("ledger-scripts-").FullName;
        foreach (var script in (string[])["run", "test", "bench", "build/dotnet.sh", "build/postgres.sh"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Root, script))!);
            File.Copy(Path.Combine(Tree.Root, script), Path.Combine(Root, script));
        }
        foreach (var folder in (string[])["src", "src/Ledger.Api", "bin", "programs"]) Directory.CreateDirectory(Path.Combine(Root, folder));
        foreach (var file in (string[])["Directory.Build.props", "Directory.Packages.props", "global.json"]) File.WriteAllText(Path.Combine(Root, file), "");
        foreach (var tool in Tools)
            if ((string[])["/bin", "/usr/bin"] is var places && places.Select(place => Path.Combine(place, tool)).FirstOrDefault(File.Exists) is { } real) File.CreateSymbolicLink(Path.Combine(Root, "bin", tool), real);
        StandIn("id", "case $1 in -u) echo 1000 ;; *) echo someone ;; esac");
    }

    public string Root { get; }

    /// <summary>Puts a program of that name on the PATH.</summary>
    public void StandIn(string name, string script) => Program(Path.Combine("bin", name), script);

    /// <summary>A .NET SDK that says yes to everything, and shows how it was called to start the service.</summary>
    public void StandInForDotnet(string more = "") => StandIn("dotnet", $$"""
        case $1 in
          --list-sdks) echo '10.0.100 [/sdk]' ;;
          build | restore | format) echo "$*" >>"{{Root}}/dotnet.log" ;;
          *.dll) {{(more.Length > 0 ? more : "echo \"started $* as $ASPNETCORE_ENVIRONMENT on ${ConnectionStrings__Ledger:-its own}\"")}} ;;
        esac
        """);

    /// <summary>A folder with programs that say to be PostgreSQL.</summary>
    public string StandInForPostgres(string version = "17.2")
    {
        foreach (var program in (string[])["initdb", "pg_ctl", "postgres"]) Program($"programs/{program}", $"echo 'postgres (PostgreSQL) {version}'");
        return Path.Combine(Root, "programs");
    }

    /// <summary>Runs a script; its exit status, its output and its errors, line by line.</summary>
    public async Task<(int Status, string[] Output, string[] Errors)> RunAsync(string script, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("/bin/bash") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        foreach (var argument in (string[])[Path.Combine(Root, script), .. arguments]) start.ArgumentList.Add(argument);
        start.Environment.Clear();
        start.Environment["PATH"] = Path.Combine(Root, "bin");
        // Nowhere but here.
        start.Environment["LEDGER_PG_PLACES"] = Path.Combine(Root, "programs");
        start.Environment["TMPDIR"] = Root;
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, Lines(await output), Lines(await errors));
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private void Program(string path, string script)
    {
        var file = Path.Combine(Root, path);
        File.WriteAllText(file, $"#!/bin/bash\n{script}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
