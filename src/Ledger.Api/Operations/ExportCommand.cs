using System.CommandLine;
using System.Globalization;
using Ledger.Api.Access;
using Ledger.Api.Exports;
using Ledger.Api.Http;
using Spectre.Console;

namespace Ledger.Api.Operations;

/// <summary><c>export</c>: the same rows as the routes of exports, into a file; what was stopped goes on where it stopped.</summary>
internal sealed class ExportCommand : IOperationsCommand
{
    public static Command Create()
    {
        var names = string.Join(", ", Export.All.Select(export => export.Name));
        var what = new Argument<string>("WHAT") { Description = "One of " + names };
        var file = new Option<string>("--out") { Description = "The file; what is written so far stands in FILE.partial, and the same command goes on there", Required = true, HelpName = "FILE" };
        var format = new Option<string>("--format") { Description = "csv or ndjson", HelpName = "FORMAT", DefaultValueFactory = _ => "csv" };
        var from = new Option<string?>("--from") { Description = "Recorded at this time or later (of usage: occurred)", HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "Recorded before this time (of usage: occurred)", HelpName = "TIME" };
        var tenant = new Option<string>("--tenant") { Description = "The tenant", HelpName = "ID", DefaultValueFactory = _ => TenantId.Default };
        var command = new Command("export", "Export a tenant's rows into a file") { what, file, format, from, to, tenant };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var export = Export.All.FirstOrDefault(known => known.Name == parsed.GetRequiredValue(what)) ?? throw new ConfigurationException($"WHAT must be one of {names}.");
            if (!Words.TryParse<ExportFormat>(parsed.GetRequiredValue(format), out var written)) throw new ConfigurationException($"--format {Words.Rule<ExportFormat>()}.");
            var request = new ExportRequest(parsed.GetRequiredValue(tenant), written, TimeOf(parsed.GetValue(from), "--from"), TimeOf(parsed.GetValue(to), "--to"));
            if (export.Check(request.From, request.To) is var (parameter, wrong)) throw new ConfigurationException($"--{parameter} {wrong}.");
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            if (await new AccessStore(database.Service).FindTenantAsync(request.Tenant, cancellationToken) is null) throw new ConfigurationException($"There is no tenant {request.Tenant}.");
            return await RunAsync(database, export, request, parsed.GetRequiredValue(file), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(CommandLineDatabase database, Export export, ExportRequest request, string path, CancellationToken cancellationToken)
    {
        await using var source = new ExportSource(database.ConnectionString);
        await using var file = new ExportFile(path, export, request);
        try
        {
            var length = 0L;
            var (at, end) = await file.BeginAsync(source.Connections, cancellationToken);
            await ConsoleProgress.RunAsync(AnsiConsole.Console, export.Name, end, async done =>
            {
                done(at);
                length = await file.WriteAsync(source.Connections, position =>
                {
                    done(position - at);
                    at = position;
                }, cancellationToken);
            });
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: {length:N0} bytes."));
            return 0;
        }
        catch (OperationCanceledException) when (file.CanGoOn)
        {
            await Console.Error.WriteLineAsync("Stopped. The same command goes on from here.");
            throw;
        }
    }

    private static DateTimeOffset? TimeOf(string? text, string option) =>
        text is null ? null : Times.TryParse(text, out var time) ? time : throw new ConfigurationException($"{option} {Times.Rule}.");
}
