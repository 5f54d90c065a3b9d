using System.CommandLine;
using System.Text;
using Ledger.Api.Operations;
using Ledger.EventStore;
using Ledger.EventStore.Verification;

namespace Ledger.Api.Verification;

/// <summary><c>roots</c>: seals the days that are over and gives their roots out, to be kept where nobody who writes to the database can reach.</summary>
internal sealed class RootsCommand : IOperationsCommand
{
    public static Command Create()
    {
        var into = new Option<string?>("--out") { Description = "Write them to this file, in place of what is there; printed where nothing is said", HelpName = "FILE" };
        var command = new Command("roots", "Make the Merkle roots of the days that are over, and print all of them: one JSON object a line") { into };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            await using var source = StoreConnections.Readers(database.ConnectionString, TimeSpan.Zero);
            var roots = new DayRoots(source);
            while (await roots.SealAsync(cancellationToken) > 0)
            {
            }

            var all = await roots.FromAsync(0, cancellationToken);
            if (parsed.GetValue(into) is not { } file)
            {
                foreach (var root in all) Console.WriteLine(RootsFile.Line(root));
                return 0;
            }

            // Whole or not at all: a file that is half written is worth nothing.
            var text = new StringBuilder();
            foreach (var root in all) text.Append(RootsFile.Line(root)).Append('\n');
            var beside = file + ".new";
            await File.WriteAllTextAsync(beside, text.ToString(), cancellationToken);
            File.Move(beside, file, overwrite: true);
            Console.WriteLine($"{all.Count} roots are in {file}. Keep a copy where nobody who can write to this database can reach it.");
            return 0;
        });
        return command;
    }
}
