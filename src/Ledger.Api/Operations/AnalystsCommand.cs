using System.CommandLine;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Ledger.Api.Access;
using Npgsql;
using Spectre.Console;

namespace Ledger.Api.Operations;

/// <summary><c>analysts add|list|remove</c>: database logins that read the views of one tenant, or of one owner in it (docs/analysts.md).</summary>
internal sealed partial class AnalystsCommand : IOperationsCommand
{
    /// <summary>So long a statement of an analyst may take, unless its session says otherwise.</summary>
    private static readonly TimeSpan StatementTime = TimeSpan.FromSeconds(60);

    public static Command Create() => new("analysts", "Database logins of analysts") { Add(), List(), Remove() };

    private static Command Add()
    {
        var name = new Argument<string>("LOGIN") { Description = "The login's name: a-z 0-9 _" };
        var tenant = new Option<string>("--tenant") { Description = "The tenant that it sees", HelpName = "ID", DefaultValueFactory = _ => TenantId.Default };
        var owner = new Option<string?>("--owner") { Description = "The owner whose accounts alone it sees, such as user:u_1", HelpName = "KIND:ID" };
        var command = new Command("add", "Make a login and print its password, once") { name, tenant, owner };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var login = Checked(parsed.GetRequiredValue(name));
            var (kind, id) = OwnerOf(parsed.GetValue(owner));
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            if (await new AccessStore(database.Service).FindTenantAsync(parsed.GetRequiredValue(tenant), cancellationToken) is null) throw new ConfigurationException($"There is no tenant {parsed.GetRequiredValue(tenant)}.");
            await using var source = NpgsqlDataSource.Create(database.ConnectionString);
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            if (await FindAsync(connection, "select 1 from pg_roles where rolname = $1", login, cancellationToken) is not null) throw new ConfigurationException($"There is a login {login} already: remove it first, or take another name.");
            var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
            // Names and the password are letters, digits and underscores alone.
            await RunAsync(
                connection,
                $"""
                create role {login} login password '{password}' connection limit 10 in role {(kind is null ? "ledger_analyst" : "ledger_reader")};
                alter role {login} set default_transaction_read_only = on;
                alter role {login} set statement_timeout = {(int)StatementTime.TotalMilliseconds};
                alter role {login} set search_path = analytics;
                """,
                cancellationToken);
            await using (var bind = new NpgsqlCommand("insert into ledger.sql_logins (login, tenant_id, owner_kind, owner_id) values ($1, $2, $3, $4)", connection))
            {
                foreach (var value in new[] { login, parsed.GetRequiredValue(tenant), kind, id }) bind.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
                await bind.ExecuteNonQueryAsync(cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            await Console.Error.WriteLineAsync($"{login} sees {(kind is null ? "all" : $"the accounts of {kind} {id}")} of tenant {parsed.GetRequiredValue(tenant)}. Its password, shown this once:");
            Console.WriteLine(password);
            return 0;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the logins");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            var table = new Table().AddColumns("login", "tenant", "owner");
            await using var query = database.Service.CreateCommand("select login, tenant_id, owner_kind || ':' || owner_id from ledger.sql_logins order by login");
            await using (var rows = await query.ExecuteReaderAsync(cancellationToken))
            {
                while (await rows.ReadAsync(cancellationToken)) table.AddRow(Markup.Escape(rows.GetString(0)), rows.GetString(1), rows.IsDBNull(2) ? "" : Markup.Escape(rows.GetString(2)));
            }

            AnsiConsole.Write(table);
            return 0;
        });
        return command;
    }

    private static Command Remove()
    {
        var name = new Argument<string>("LOGIN") { Description = "The login's name" };
        var command = new Command("remove", "Remove a login; its sessions end at once") { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var login = Checked(parsed.GetRequiredValue(name));
            await using var database = await CommandLineDatabase.OpenAsync(parsed, cancellationToken);
            await using var source = NpgsqlDataSource.Create(database.ConnectionString);
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            if (await FindAsync(connection, "select 1 from ledger.sql_logins where login = $1", login, cancellationToken) is null) throw new ConfigurationException($"There is no analyst {login}.");
            // First nobody can log in, then nobody is, and only then is the login no longer bound: at no time is there a session of it that could name its own tenant.
            await RunAsync(connection, $"do $$ begin alter role {login} nologin; exception when undefined_object then null; end $$", cancellationToken);
            await FindAsync(connection, "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where usename = $1", login, cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await RunAsync(connection, $"drop role if exists {login}", cancellationToken);
            await FindAsync(connection, "delete from ledger.sql_logins where login = $1", login, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            Console.WriteLine($"{login} is removed.");
            return 0;
        });
        return command;
    }

    private static string Checked(string login) =>
        Name().IsMatch(login) && !login.StartsWith("ledger", StringComparison.Ordinal) && !login.StartsWith("pg_", StringComparison.Ordinal)
            ? login
            : throw new ConfigurationException("LOGIN has 1 to 63 of the characters a-z 0-9 _, begins with a letter, and not with ledger or pg_.");

    private static (string? Kind, string? Id) OwnerOf(string? text)
    {
        if (text is null) return (null, null);
        var (kind, id) = text.Split(':', 2) is [var k, var i] ? (k, i) : ("", "");
        return kind is "user" or "workspace" && Http.Errors.IsId(id) ? (kind, id) : throw new ConfigurationException("--owner must be user:ID or workspace:ID.");
    }

    private static async Task<object?> FindAsync(NpgsqlConnection connection, string sql, string login, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new NpgsqlParameter<string> { TypedValue = login } } };
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [GeneratedRegex("^[a-z][a-z0-9_]{0,62}$")]
    private static partial Regex Name();
}
