using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Ledger.Api.Access;
using Ledger.Api.Commands;
using Ledger.Api.Http;
using Ledger.Api.Operations;
using Ledger.EventStore;
using Ledger.EventStore.Verification;
using Spectre.Console;

namespace Ledger.Api.Verification;

/// <summary><c>verify</c>: recomputes everything that can be recomputed. Exit status 1 where something differs, 2 where a statement is not wrong and not all of it is provable yet.</summary>
internal sealed class VerifyCommand : IOperationsCommand
{
    public static Command Create()
    {
        var roots = new Option<string?>("--roots") { Description = "Roots that were published and kept elsewhere: a file of `roots --out` or of GET /v1/roots", HelpName = "FILE" };
        var noReadModels = new Option<bool>("--without-read-models") { Description = "Leave out the comparison of read models with rebuilds, which takes as long as those" };
        var json = new Option<bool>("--json") { Description = "Print the report as JSON" };
        var statement = new Option<string?>("--statement") { Description = "Verify a statement with its proof (GET .../statement?proof=true) instead; needs --root and no database", HelpName = "FILE" };
        var root = new Option<string?>("--root") { Description = "The root that you trust: in hex, or a file of roots", HelpName = "ROOT" };
        var command = new Command("verify", "Recompute hashes, versions, balances, states, facts and roots from the events; exit status 1 where something differs, 2 where a statement is not provable yet") { roots, json, noReadModels, statement, root };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(statement) is { } named) return await StatementAsync(named, parsed.GetValue(root), cancellationToken);
            if (parsed.GetValue(root) is not null) throw new ConfigurationException("--root goes with --statement FILE; published roots to verify the ledger against are --roots FILE.");
            var options = new VerificationOptions { Published = parsed.GetValue(roots) is { } file ? await RootsFile.ReadAsync(file, cancellationToken) : [], ReadModels = !parsed.GetValue(noReadModels) };
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            await using var source = StoreConnections.Readers(database.ConnectionString, TimeSpan.Zero);
            var verification = VerificationServices.Verification(source);
            try
            {
                if (parsed.GetValue(json))
                {
                    var report = await verification.RunAsync(options, null, cancellationToken);
                    Console.WriteLine(JsonSerializer.Serialize(ReportBody.Of(report), LedgerJson.Numbers));
                    return report.IsClean ? 0 : 1;
                }

                var shown = await WithBarAsync(AnsiConsole.Console, progress => verification.RunAsync(options, progress, cancellationToken));
                Print(AnsiConsole.Console, shown);
                return shown.IsClean ? 0 : 1;
            }
            catch (VerificationRunningException running)
            {
                throw new ConfigurationException(running.Message, running);
            }
        });
        return command;
    }

    private static async Task<int> StatementAsync(string file, string? root, CancellationToken cancellationToken)
    {
        if (root is null) throw new ConfigurationException("--statement needs --root ROOT: the root of a day that was published, in hex, or a file of roots. Without one that you trust nothing is proved.");
        var trusted = RootBody.TryHash(root.ToLowerInvariant(), out _) ? new TrustedRoots(root.ToLowerInvariant(), []) : new TrustedRoots(null, await RootsFile.ReadAsync(root, cancellationToken));
        var verdict = StatementVerifier.Verify(await File.ReadAllBytesAsync(file, cancellationToken), trusted);
        foreach (var note in verdict.Notes) Console.WriteLine(note);
        Console.WriteLine(verdict.Wrong is null
            ? string.Create(CultureInfo.InvariantCulture, $"{verdict.Lines} lines: each is what its event says, all chain, none between them is left out. {verdict.Proved} are proved by the root.{(verdict.IsProved ? "" : " The statement is not provable yet.")}")
            : $"The statement is not proved: {verdict.Wrong}.");
        return verdict switch { { Wrong: not null } => 1, { IsProved: false } => NotProvableYet, _ => 0 };
    }

    private static Task<VerificationReport> WithBarAsync(IAnsiConsole console, Func<Action<VerificationProgress>?, Task<VerificationReport>> run)
    {
        if (!console.Profile.Capabilities.Interactive || !console.Profile.Capabilities.Ansi) return run(null);
        return console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new SpinnerColumn())
            .StartAsync(bar =>
            {
                var task = bar.AddTask("Verifying");
                return run(progress =>
                {
                    task.MaxValue = Math.Max(1, progress.Total);
                    task.Value = progress.Done;
                    task.Description = progress.Differences == 0 ? "Verifying" : string.Create(CultureInfo.InvariantCulture, $"Verifying ({progress.Differences:N0} differ)");
                });
            });
    }

    private static void Print(IAnsiConsole console, VerificationReport report)
    {
        void Line(FormattableString text) => console.Profile.Out.Writer.WriteLine(text.ToString(CultureInfo.InvariantCulture));
        Line($"Read {report.Events:N0} events of {report.Streams:N0} streams up to position {report.LastSeqId}; {report.Facts:N0} facts, {report.Checkpoints:N0} checkpoints, {report.Keys:N0} keys, {report.ReadModelRows:N0} rows of read models, {report.Roots:N0} roots; {report.Took.TotalSeconds:N1} s, {report.Events / Math.Max(0.001, report.Took.TotalSeconds):N0} events a second.");
        foreach (var note in report.Notes.Concat(Guarantees.Of(report))) Line($"{note}");
        if (report.IsClean)
        {
            Line($"Nothing differs.");
            return;
        }

        Line($"{report.Differences:N0} {(report.Differences == 1 ? "difference" : "differences")}. The first:");
        foreach (var finding in report.First.Take(ShownMax)) Line($"  {finding}");
        if (report.Differences > ShownMax) Line($"  ... --json lists up to {Findings.KeptMax}.");
    }

    private const int NotProvableYet = 2;

    private const int ShownMax = 10;
}
