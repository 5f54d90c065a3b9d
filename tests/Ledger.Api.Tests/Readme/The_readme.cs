using System.Diagnostics;
using System.Text.RegularExpressions;
using Ledger.Testing;

namespace Ledger.Api.Tests.Readme;

/// <summary>What people are told to type does what it says: the walks of the README and of the life of a subscription, against one service.</summary>
public sealed partial class The_readme(The_readme.Walked walked) : IClassFixture<The_readme.Walked>
{
    [Fact]
    public Task its_walk_through_prints_byte_for_byte_what_it_says() => WalkAsync("README.md", text => text.Split("## Walk-through\n")[1].Split("\n## ")[0], 5);

    [Fact]
    public Task the_life_of_a_subscription_prints_byte_for_byte_what_it_says() => WalkAsync("docs/subscriptions.md", text => text, 8);

    private async Task WalkAsync(string file, Func<string, string> section, int blocksMin)
    {
        var blocks = Blocks().Matches(section(await File.ReadAllTextAsync(Path.Combine(FindRoot(), file)))).Select(m => (Kind: m.Groups[1].Value, Text: m.Groups[2].Value)).ToList();
        blocks.Count(b => b.Kind == "sh").ShouldBeGreaterThanOrEqualTo(blocksMin);

        // One shell for all blocks, as a reader has; each text block says what the shell block ahead of it prints.
        var script = string.Concat(blocks.Where(b => b.Kind == "sh").Select(b => b.Text));
        var said = string.Concat(blocks.Where(b => b.Kind == "text").Select(b => b.Text));
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LEDGER"] = walked.Address;
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

    /// <summary>The service that is walked on, on a database of its own.</summary>
    public sealed class Walked : IAsyncLifetime
    {
        private TestDatabase? database;
        private ServiceProcess? service;

        public string Address => service!.Address.ToString().TrimEnd('/');

        public async ValueTask InitializeAsync()
        {
            database = await TestPostgres.CreateDatabaseAsync();
            service = await ServiceProcess.StartAsync(new Dictionary<string, string>
            {
                ["ConnectionStrings__Ledger"] = database.ConnectionString,
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["LEDGER_DEV_API_KEY"] = "lk_walk_through_key_of_my_own_choice",
            });
        }

        public async ValueTask DisposeAsync()
        {
            if (service is not null) await service.DisposeAsync();
            if (database is not null) await database.DisposeAsync();
        }
    }
}
