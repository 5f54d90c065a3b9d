using System.CommandLine;
using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Commands;
using Ledger.Api.ReadModels;
using Ledger.EventStore.Projections;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;

namespace Ledger.Api.Operations;

/// <summary><c>projections status|rebuild|pause|resume|retry</c>, over the database itself, whether the service runs or not.</summary>
internal sealed class ProjectionsCommand : IOperationsCommand
{
    public static Command Create() => new("projections", "Read models: how they stand, and their rebuild")
    {
        Status(),
        Make("rebuild", "Build a projection's rows anew beside the live ones and put them in place; Ctrl-C cancels and leaves nothing behind", RebuildAsync),
        Make("pause", "Let a projection stand still", async (operations, name, stop) => await operations.PauseAsync(name, stop) ? $"{name} is paused." : $"{name} was paused already."),
        Make("resume", "Let a projection that was paused, or has failed, go on", async (operations, name, stop) => await operations.ResumeAsync(name, stop) ? $"{name} goes on." : $"{name} was running already."),
        Make("retry", "Replay the streams that a projection has put aside", async (operations, name, stop) =>
        {
            var result = await operations.RetryAsync(name, stop);
            return $"{result.Taken} streams are up to date again, {result.StillParked} failed again.";
        }),
    };

    private static Command Status()
    {
        var command = new Command("status", "Say how each projection stands");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            var desk = new ProjectionDesk(database.Service, ReadModelServices.All);
            var table = new Table().AddColumns("name", "state", "version", "position", "of", "behind", "age", "leader", "parked", "rebuild");
            foreach (var s in await desk.StatusAsync(cancellationToken))
            {
                table.AddRow(
                    s.Name, s.State, s.Version == s.ProgramVersion ? Text(s.Version) : $"{s.Version}, program {s.ProgramVersion}", Text(s.Position), Text(s.Highest), Text(s.LagEvents),
                    s.LagEvents == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{s.LagMs / 1000.0:0.#} s"),
                    Markup.Escape(s.Leader is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{s.Leader}, {s.HeartbeatAgeMs / 1000.0:0.#} s ago")), Text(s.Parked),
                    Markup.Escape(s.Rebuild is not { } r ? "" : r.Phase is "done" or "cancelled" or "failed" or "lost" ? $"{r.Phase} {r.StartedAt:yyyy-MM-dd HH:mm} {r.Error}".TrimEnd() : string.Create(CultureInfo.InvariantCulture, $"{r.Phase} {r.Position:N0} of {r.Goal:N0}")));
            }

            AnsiConsole.Write(table);
            foreach (var (name, error) in (await desk.StatusAsync(cancellationToken)).Where(s => s.Error is not null).Select(s => (s.Name, s.Error))) Console.WriteLine($"{name}: {error}");
            return 0;
        });
        return command;
    }

    private static Command Make(string verb, string description, Func<ProjectionOperations, string, CancellationToken, Task<string>> act)
    {
        var name = new Argument<string>("NAME") { Description = "The projection" };
        var command = new Command(verb, description) { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var wanted = parsed.GetRequiredValue(name);
            if (ReadModelServices.All.Find(wanted) is null) throw new ConfigurationException($"There is no projection {wanted}; there are {string.Join(", ", ReadModelServices.All.All.Select(p => p.Name))}.");
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            using var operations = new ProjectionOperations(database.ConnectionString, EventJson.Catalog, ReadModelServices.All, new ProjectionOptions(), NullLogger.Instance);
            try
            {
                operations.Register();
                Console.WriteLine(await act(operations, wanted, cancellationToken));
                return 0;
            }
            catch (Exception refused) when (refused is ProjectionRefusedException or ProjectionFailedException)
            {
                throw new ConfigurationException(refused.Message, refused);
            }
        });
        return command;
    }

    private static async Task<string> RebuildAsync(ProjectionOperations operations, string name, CancellationToken cancellationToken)
    {
        const int steps = 1_000_000;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var last = default(RebuildProgress);
        await ConsoleProgress.RunAsync(AnsiConsole.Console, name, steps, async done =>
        {
            var gate = new Lock();
            var at = 0L;
            await operations.RebuildAsync(name, progress =>
            {
                lock (gate)
                {
                    last = progress;
                    // The goal moves while events come in, the bar goes forward only.
                    var now = progress.Phase == "done" ? steps : progress.Goal == 0 ? 0 : Math.Min(steps - 1, (long)((decimal)progress.Position / progress.Goal * steps));
                    if (now <= at) return;
                    done(now - at);
                    at = now;
                }
            }, cancellationToken);
        });
        return string.Create(CultureInfo.InvariantCulture, $"{name} is rebuilt up to position {last.Position:N0}, in {clock.Elapsed.TotalSeconds:0.#} s.");
    }

    private static string Text(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
