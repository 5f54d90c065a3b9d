using System.Diagnostics;
using System.Globalization;
using Ledger.Api.Operations;
using Spectre.Console;

namespace Ledger.Api.Demo;

/// <summary>The demo from beginning to end, as a client of a service that runs.</summary>
/// <param name="options">How.</param>
/// <param name="console">Where it tells of it.</param>
internal sealed class DemoRun(DemoOptions options, IAnsiConsole console)
{
    /// <summary>Runs it; the result is the exit status: 0 where there was no fault and everything adds up.</summary>
    /// <exception cref="Access.ConfigurationException">No service answers, or something named can't be used.</exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var trace = options.Trace();
        using var client = new LedgerClient(options.Url, options.ApiKey, options.Concurrency);
        await client.RequireServiceAsync(cancellationToken);
        var replay = new DemoReplay(options, client, trace);
        await replay.RequireSamePlanAsync(cancellationToken);
        var source = options.TraceFile is { } file ? Path.GetFileName(file) : Text($"made from measured figures with seed {options.Seed}");
        Say($"Run {options.Run}: {options.Users:N0} users, {trace.Count:N0} calls over {trace[^1].At.TotalMinutes:N0} minutes; trace {source}");
        if (options.TraceFile is not null && options.Calls > trace.Count) Say($"The trace has no more than {trace.Count:N0} calls.");
        await replay.OpenAccountsAsync(cancellationToken);
        client.TakeLatencies();
        var begun = Stopwatch.GetTimestamp();
        await ConsoleProgress.RunAsync(console, "Calls", trace.Count, done => replay.MakeCallsAsync(steps => done(steps), cancellationToken));
        var took = Stopwatch.GetElapsedTime(begun);
        Show(replay, client, took);
        if (client.Replayed > 0)
        {
            // A refusal uses up no key: it is decided anew, and comes out as then.
            var decided = client.Keyed - replay.Books.Sum(b => b.Refusals);
            if (client.Replayed == decided) Say($"Run {options.Run} had been done before: all {decided:N0} commands were answered as then, and nothing was done twice.");
            else Say($"Run {options.Run} was begun before: {client.Replayed:N0} of {decided:N0} commands had been done and were answered as then.");
        }

        foreach (var fault in replay.Faults.Take(DemoReplay.FaultsToldMax)) Say($"Error: {fault}");
        var wrong = await BalanceCheck.RunAsync(client, replay.Books, options.Concurrency, null, cancellationToken);
        foreach (var account in wrong) Say($"{account}");
        Say($"{replay.Books.Count - wrong.Count:N0} of {replay.Books.Count:N0} accounts: events add up to the balance");
        return wrong.Count == 0 && replay.Faults.Count == 0 ? 0 : 1;
    }

    private void Show(DemoReplay replay, LedgerClient client, TimeSpan took)
    {
        var books = replay.Books;
        var latencies = client.TakeLatencies().Order().ToArray();
        var table = new Table().AddColumn("").AddColumn("", column => column.RightAligned()).HideHeaders();
        void Count(string what, long count) => table.AddRow(what, Text($"{count:N0}"));
        void Credits(string what, decimal amount) => table.AddRow(what, Text($"{amount:N6}"));

        Count("calls in the trace", books.Sum(b => b.User.Calls.Count));
        Count("  captured", books.Sum(b => b.Captures));
        Count("  released (the call failed)", books.Sum(b => b.Releases));
        Count("  refused (402; the user stops)", books.Sum(b => b.Refusals));
        Count("  not made (the user had stopped)", books.Sum(b => b.NotMade));
        Count("refunded of those captured", books.Sum(b => b.Refunds));
        table.AddEmptyRow();
        Credits("credits bought", books.Sum(b => b.Bought));
        Credits("credits given as a bonus", books.Sum(b => b.Given));
        Credits("credits spent", books.Sum(b => b.Spent));
        Credits("credits refunded", books.Sum(b => b.Refunded));
        Credits("credits left", books.Sum(b => b.Left));
        table.AddEmptyRow();
        Count("HTTP requests", latencies.Length);
        table.AddRow("HTTP requests a second", Text($"{latencies.Length / took.TotalSeconds:N0}"));
        table.AddRow("latency p50", Text($"{At(latencies, 0.50).TotalMilliseconds:N1} ms"));
        table.AddRow("latency p99", Text($"{At(latencies, 0.99).TotalMilliseconds:N1} ms"));
        Count("sent again (503 or no answer)", client.Retried);
        Count("errors", replay.Faults.Count);
        console.Write(table);
    }

    private static TimeSpan At(TimeSpan[] sorted, double share) => sorted.Length == 0 ? TimeSpan.Zero : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A line as it is, at any width: it may be read by a program.</summary>
    private void Say(FormattableString line) => console.Profile.Out.Writer.WriteLine(Text(line));
}
