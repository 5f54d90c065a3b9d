using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Ledger.Testing;

namespace Ledger.Api.Tests.Readme;

public sealed partial class The_readme
{
    [Fact]
    public async Task its_walk_through_prints_byte_for_byte_what_it_says()
    {
        var root = FindRoot();
        var section = (await File.ReadAllTextAsync(Path.Combine(root, "README.md"))).Split("## Walk-through\n")[1].Split("\n## ")[0];
        var blocks = Blocks().Matches(section).Select(m => (Kind: m.Groups[1].Value, Text: m.Groups[2].Value)).ToList();
        blocks.Count(b => b.Kind == "sh").ShouldBeGreaterThanOrEqualTo(5);
        await using var database = await TestPostgres.CreateDatabaseAsync();
        const string key = "lk_walk_through_key_of_my_own_choice";
        await using var service = await ServiceProcess.StartAsync(new Dictionary<string, string>
        {
            ["ConnectionStrings__Ledger"] = database.ConnectionString,
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["LEDGER_DEV_API_KEY"] = key,
        });

        // One shell for all blocks, as a reader has; each text block says what the shell block ahead of it prints.
        var script = string.Concat(blocks.Where(b => b.Kind == "sh").Select(b => b.Text));
        var said = string.Concat(blocks.Where(b => b.Kind == "text").Select(b => b.Text));
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LEDGER"] = service.Address.ToString().TrimEnd('/');
        start.Environment.Remove("LEDGER_DEV_API_KEY");
        using var shell = Process.Start(start)!;
        var output = shell.StandardOutput.ReadToEndAsync();
        var errors = shell.StandardError.ReadToEndAsync();
        await shell.StandardInput.WriteAsync(script);
        shell.StandardInput.Close();
        await shell.WaitForExitAsync();
        (await errors).ShouldBe("");
        (await output).ShouldBe(said);
    }

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Ledger.sln"))) return folder;
        }

        throw new DirectoryNotFoundException("The tests run inside the repository.");
    }

    [GeneratedRegex("```(sh|text)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();
}
