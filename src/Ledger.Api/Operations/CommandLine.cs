using System.CommandLine;
using System.Reflection;
using Ledger.Api.Access;
using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Operations;

/// <summary>An operations command. Each is a file of its own; the command line finds it by this interface.</summary>
internal interface IOperationsCommand
{
    /// <summary>The command with its options and action. An action reports a failure by an exception with one clear line, see <see cref="CommandLine"/>.</summary>
    static abstract Command Create();
}

/// <summary>
/// The command line: no command starts the service. What goes wrong ends in one line for a person and exit status 1, never in a stack.
/// </summary>
internal static class CommandLine
{
    private const string DataDirVariable = "LEDGER_DATA_DIR";

    // Longer than the requests in work and PostgreSQL need to end.
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(60);

    /// <summary>Where the private PostgreSQL and the Development key are kept.</summary>
    public static Option<string?> DataDir { get; } = new("--data-dir")
    {
        Description = $"Folder for the private PostgreSQL and the Development key ({DataDirVariable}; .ledger where nothing is said)",
        HelpName = "DIR",
        Recursive = true,
    };

    /// <summary>Runs a command; the result is the exit status.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="compose">Makes the service from its builder.</param>
    public static async Task<int> RunAsync(string[] args, Func<WebApplicationBuilder, WebApplication> compose)
    {
        var root = ServeCommand.Create(compose);
        root.Options.Add(DataDir);
        foreach (var command in Commands()) root.Subcommands.Add(command);
        try
        {
            var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = EndTime };
            return await root.Parse(args).InvokeAsync(invocation);
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
        catch (Exception failure) when (Line(failure) is { } line)
        {
            await Console.Error.WriteLineAsync(line);
            return 1;
        }
    }

    /// <summary>The data directory that was named, in the command, then in the environment.</summary>
    public static string DataDirOf(ParseResult parsed) =>
        parsed.GetValue(DataDir) ?? (Environment.GetEnvironmentVariable(DataDirVariable) is { Length: > 0 } named ? named : ".ledger");

    private static IEnumerable<Command> Commands() =>
        from type in Assembly.GetExecutingAssembly().GetTypes()
        where type.IsAssignableTo(typeof(IOperationsCommand)) && type is { IsInterface: false, IsAbstract: false }
        let command = (Command)type.GetMethod(nameof(IOperationsCommand.Create), BindingFlags.Public | BindingFlags.Static)!.Invoke(null, null)!
        orderby command.Name
        select command;

    /// <summary>What a person is told; null for a fault of ours, which keeps its stack.</summary>
    private static string? Line(Exception failure) => failure switch
    {
        PostgresUnavailableException or ConfigurationException or SchemaException or Exports.ReadModelBehindException => failure.Message,
        PostgresException server => $"The database refused: {server.SqlState} {server.MessageText}",
        NpgsqlException database => $"The database can't be reached ({database.InnerException?.Message ?? database.Message}): check ConnectionStrings__Ledger.",
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } => failure.Message.TrimEnd('.') + ". Stop what listens there, or name another address with --urls.",
        IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException => failure.Message,
        // The server's words for an address that it can't read.
        FormatException or UriFormatException => failure.Message,
        _ => null,
    };
}
