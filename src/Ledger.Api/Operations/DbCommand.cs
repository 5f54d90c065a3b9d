using System.CommandLine;
using Ledger.EventStore;

namespace Ledger.Api.Operations;

/// <summary><c>db apply</c> brings the schema up to date, <c>db assert</c> only looks.</summary>
internal sealed class DbCommand : IOperationsCommand
{
    public static Command Create()
    {
        var apply = new Command("apply", "Apply what is missing of the schema");
        apply.SetAction(async (parsed, cancellationToken) =>
        {
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken, withSchema: false);
            var applied = await CommandLineDatabase.EnsureAsync(database.ConnectionString, cancellationToken);
            Console.WriteLine(applied.Count == 0 ? "The schema is up to date." : "Applied " + string.Join(", ", applied) + ".");
            return 0;
        });
        var assert = new Command("assert", "Say whether the schema is up to date; exit status 1 where it is not");
        assert.SetAction(async (parsed, cancellationToken) =>
        {
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken, withSchema: false);
            if (await CommandLineDatabase.AssertAsync(database.ConnectionString, cancellationToken) is { } problem) throw new SchemaException(problem);
            Console.WriteLine("The schema is up to date.");
            return 0;
        });
        return new Command("db", "The database's schema") { apply, assert };
    }
}
