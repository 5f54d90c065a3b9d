using Spectre.Console;

namespace Ledger.Bench;

/// <summary>Measures what is asked for, each figure against a baseline of the same run, since the machine is shared and noisy.</summary>
internal static class BenchRun
{
    public static async Task<int> RunAsync(string[] args)
    {
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = 180;
        BenchOptions options;
        try
        {
            if (args.Any(a => a is "--help" or "-h"))
            {
                Console.WriteLine(BenchOptions.Usage);
                return 0;
            }

            options = BenchOptions.Parse(args);
        }
        catch (ArgumentException unknown)
        {
            await Console.Error.WriteLineAsync(unknown.Message);
            return 2;
        }

        var findings = new Findings();
        await using var ground = await Ground.PrepareAsync(FindRoot(), options);
        for (var number = 0; number < options.Repeats; number++)
        {
            Ground.Say($"run {number + 1} of {options.Repeats}");
            var round = new Round(ground, findings, number);
            await Commands.MeasureAsync(round);
            await Following.MeasureAsync(round);
            if (round.Wants("fairness")) await Fairness.MeasureAsync(round);
        }

        if (options.Wants("writes"))
        {
            using var alternatives = new Alternatives(ground);
            await alternatives.MeasureAsync();
        }

        if (options.Statements) await ProfileAsync(ground, findings);
        if (options.Wants("P9", "P10", "growth"))
        {
            await using var growth = new Growth(new Round(ground, findings, options.Repeats));
            await growth.MeasureAsync(options.Repeats);
        }

        await Report.WriteAsync(ground.Root, options, findings);
        return 0;
    }

    /// <summary>One more load of P1, with each statement counted.</summary>
    private static async Task ProfileAsync(Ground ground, Findings findings)
    {
        await ground.Main.ReadModels.CatchUpAsync();
        var before = await Footprint.ReadAsync(ground.Main.Database);
        await StatementCosts.BeginAsync(ground.Main.Database);
        await ground.LoadAsync("P1, statements counted", ground.Main.Service, new LoadOptions { Seconds = ground.Options.Seconds });
        await ground.Main.ReadModels.CatchUpAsync();
        findings.Statements.AddRange(await StatementCosts.EndAsync(ground.Main.Database, (await Footprint.ReadAsync(ground.Main.Database)).Events - before.Events));
        StatementCosts.Print(findings.Statements);
    }

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Ledger.sln"))) return folder;
        }

        throw new InvalidOperationException("The benchmark runs inside the repository.");
    }
}
