using System.CommandLine;
using Ledger.Api.Access;
using Ledger.Api.Demo;
using Spectre.Console;

namespace Ledger.Api.Operations;

/// <summary><c>demo</c>: replays a usage trace against a running service, as its client, and checks that everything adds up.</summary>
internal sealed class DemoCommand : IOperationsCommand
{
    // Where the service keeps the key that it makes in Development.
    private const string KeyFile = "development-key";

    public static Command Create()
    {
        var defaults = new DemoOptions { Url = new Uri(ServeCommand.DefaultUrl), ApiKey = "" };
        var trace = new Option<string?>("--trace") { Description = $"A trace to replay: {TraceFile.Header}; one is made where none is named", HelpName = "FILE" };
        var url = new Option<string>("--url") { Description = "Where the service listens", HelpName = "URL", DefaultValueFactory = _ => ServeCommand.DefaultUrl };
        var apiKey = new Option<string?>("--api-key") { Description = $"An API key that may post commands and read ({DevelopmentKey.Variable}; the service's Development key where nothing is said)", HelpName = "KEY" };
        var users = new Option<int>("--users") { Description = "How many users", HelpName = "N", DefaultValueFactory = _ => defaults.Users };
        var calls = new Option<int?>("--calls") { Description = $"How many calls; all of the trace, or {MeasuredTrace.Calls}, where nothing is said", HelpName = "N" };
        var concurrency = new Option<int>("--concurrency") { Description = "Calls at once", HelpName = "N", DefaultValueFactory = _ => defaults.Concurrency };
        var seed = new Option<ulong>("--seed") { Description = "What a made trace follows from", HelpName = "N", DefaultValueFactory = _ => defaults.Seed };
        var speed = new Option<double?>("--speed") { Description = "How many times faster than in the trace the calls come; as fast as it goes where nothing is said", HelpName = "X" };
        var run = new Option<string?>("--run") { Description = "The run's name: started again under it, nothing is done twice; a new one where nothing is said", HelpName = "ID" };
        var command = new Command("demo", "Replay a usage trace against a running service and check every balance") { trace, url, apiKey, users, calls, concurrency, seed, speed, run };
        command.SetAction((parsed, cancellationToken) =>
        {
            var options = new DemoOptions
            {
                Url = Address(parsed.GetRequiredValue(url)),
                ApiKey = parsed.GetValue(apiKey) ?? KnownKey(CommandLine.DataDirOf(parsed)),
                TraceFile = parsed.GetValue(trace),
                Users = parsed.GetValue(users),
                Calls = parsed.GetValue(calls),
                Concurrency = parsed.GetValue(concurrency),
                Seed = parsed.GetValue(seed),
                Speed = parsed.GetValue(speed),
            };
            if (parsed.GetValue(run) is { } named) options = options with { Run = named };
            return new DemoRun(options.Checked(), AnsiConsole.Console).RunAsync(cancellationToken);
        });
        return command;
    }

    /// <summary>An address that paths can be added to.</summary>
    internal static Uri Address(string text) =>
        Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new ConfigurationException($"--url must be an address such as {ServeCommand.DefaultUrl}.");

    /// <summary>The key that the environment names, else the one that the service has made; none where there is none, and the service says what it thinks of that.</summary>
    internal static string KnownKey(string dataDir)
    {
        if (Environment.GetEnvironmentVariable(DevelopmentKey.Variable) is { Length: > 0 } named) return named;
        var file = Path.Combine(dataDir, KeyFile);
        return File.Exists(file) ? File.ReadAllText(file).Trim() : "none";
    }
}
