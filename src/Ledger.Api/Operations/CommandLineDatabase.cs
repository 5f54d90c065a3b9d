using System.CommandLine;
using System.Reflection;
using Ledger.Api.Access;
using Ledger.EventStore;
using Npgsql;

namespace Ledger.Api.Operations;

/// <summary>
/// The database that a command works on: the configured one, else the running service's private PostgreSQL, else that server started for as long as the
/// command lasts.
/// </summary>
internal sealed class CommandLineDatabase : IAsyncDisposable
{
    /// <summary>The environment variable of the connection string.</summary>
    public const string Variable = "ConnectionStrings__Ledger";

    private readonly PrivatePostgres? server;
    private NpgsqlDataSource? service;

    private CommandLineDatabase(string connectionString, PrivatePostgres? server)
    {
        ConnectionString = connectionString;
        this.server = server;
    }

    /// <summary>As its owner, who may change the schema.</summary>
    public string ConnectionString { get; }

    /// <summary>Connections as the service's role.</summary>
    public NpgsqlDataSource Service => service ??= StoreConnections.Readers(ConnectionString, TimeSpan.FromMinutes(1));

    /// <summary>Every numbered file of the schema: the store's and this program's.</summary>
    public static IReadOnlyList<SchemaFile> SchemaFiles { get; } = [.. SchemaFile.In(typeof(SchemaMigrator).Assembly), .. SchemaFile.In(Assembly.GetExecutingAssembly())];

    /// <summary>Opens the database of a command, with its schema in place.</summary>
    public static async Task<CommandLineDatabase> OpenAsync(ParseResult parsed, CancellationToken cancellationToken, bool withSchema = true)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } configured)
        {
            var database = new CommandLineDatabase(Checked(configured), null);
            if (withSchema && await AssertAsync(database.ConnectionString, cancellationToken) is { } problem) throw new SchemaException(problem);
            return database;
        }

        var name = parsed.CommandResult.Command.Name;
        var server = await PrivatePostgres.ConnectOrStartAsync(
            new PrivatePostgresOptions { DataDir = CommandLine.DataDirOf(parsed), Purpose = name, Log = Console.Error.WriteLine }, cancellationToken);
        try
        {
            if (withSchema) await EnsureAsync(server.ConnectionString, cancellationToken);
            return new CommandLineDatabase(server.ConnectionString, server);
        }
        catch
        {
            await server.StopAsync();
            throw;
        }
    }

    /// <summary>A connection string that can be read.</summary>
    /// <exception cref="ConfigurationException">It can't.</exception>
    public static string Checked(string connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connectionString).ConnectionString;
        }
        catch (ArgumentException failure)
        {
            throw new ConfigurationException($"The connection string can't be read: {failure.Message}", failure);
        }
    }

    /// <summary>Applies what is missing of the schema; where nothing is, it takes no right to change anything.</summary>
    public static async Task<IReadOnlyList<string>> EnsureAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        var migrator = new SchemaMigrator(source, SchemaFiles);
        return await migrator.AssertAsync(cancellationToken) is null ? [] : await migrator.ApplyAsync(cancellationToken);
    }

    /// <summary>Null where the schema is as it should be, else a line that says what is not.</summary>
    public static async Task<string?> AssertAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        return await new SchemaMigrator(source, SchemaFiles).AssertAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (service is not null) await service.DisposeAsync();
        if (server is not null)
        {
            NpgsqlConnection.ClearAllPools();
            await server.StopAsync();
        }
    }
}
