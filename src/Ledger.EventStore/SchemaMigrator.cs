using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Ledger.EventStore;

/// <summary>One numbered SQL file of the schema.</summary>
/// <param name="Number">The number that orders the files: the four digits at the start of the file's name.</param>
/// <param name="Name">The file's name, without folder.</param>
/// <param name="Sql">Its text.</param>
public sealed record SchemaFile(int Number, string Name, string Sql)
{
    /// <summary>SHA-256 of the text, in hex: an applied file must not change any more.</summary>
    public string Checksum => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));

    /// <summary>The SQL files embedded in an assembly, in order.</summary>
    public static IReadOnlyList<SchemaFile> In(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        var files = new List<SchemaFile>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var parts = resource.Split('.');
            var name = parts[^2] + ".sql";
            files.Add(new SchemaFile(int.Parse(name.AsSpan(0, 4), CultureInfo.InvariantCulture), name, reader.ReadToEnd()));
        }

        return files.OrderBy(f => f.Number).ToList();
    }
}

/// <summary>The database is not as the numbered files say, or can't be made so; the message is one line that says what to do.</summary>
public sealed class SchemaException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Applies the numbered SQL files, each once and in order, under a lock, so that nodes that start together do not meet.
/// </summary>
/// <param name="source">A connection that may create schema and roles.</param>
/// <param name="files">All files of the schema: the store's own and those of the rooms above it.</param>
public sealed class SchemaMigrator(NpgsqlDataSource source, IEnumerable<SchemaFile> files)
{
    /// <summary>The database role that the service runs as.</summary>
    public const string WriterRole = "ledger_writer";

    private const long SchemaLock = 0x4C65646765720001; // "Ledger", 1

    private readonly List<SchemaFile> files = files.OrderBy(f => f.Number).ToList();

    /// <summary>Applies what is missing; returns the names of the files that were applied now.</summary>
    /// <exception cref="SchemaException">A file that was applied earlier has another text now, the database is newer than this program, or a role is missing and may not be created.</exception>
    public async Task<IReadOnlyList<string>> ApplyAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RunAsync(connection, $"select pg_advisory_xact_lock({SchemaLock})", cancellationToken);
        await RunAsync(connection, """
            create schema if not exists ledger;
            create table if not exists ledger.schema_versions (
                number     integer     not null,
                name       text        not null,
                checksum   text        not null,
                applied_at timestamptz not null default now(),
                constraint schema_versions_pkey primary key (number)
            );
            """, cancellationToken);
        await EnsureWriterRoleAsync(connection, cancellationToken);
        var applied = await AppliedAsync(connection, cancellationToken);
        var problem = Compare(applied, complete: false);
        if (problem is not null) throw new SchemaException(problem);

        var now = new List<string>();
        foreach (var file in files.Where(f => !applied.ContainsKey(f.Number)))
        {
            try
            {
                await RunAsync(connection, file.Sql, cancellationToken);
            }
            catch (PostgresException failure)
            {
                throw new SchemaException($"{file.Name} can't be applied: {failure.SqlState} {failure.MessageText}", failure);
            }

            await using var note = new NpgsqlCommand("insert into ledger.schema_versions (number, name, checksum) values ($1, $2, $3)", connection);
            note.Parameters.AddWithValue(file.Number);
            note.Parameters.AddWithValue(file.Name);
            note.Parameters.AddWithValue(file.Checksum);
            await note.ExecuteNonQueryAsync(cancellationToken);
            now.Add(file.Name);
        }

        await transaction.CommitAsync(cancellationToken);
        return now;
    }

    /// <summary>Compares the database with the files; returns null where all is as it should be, else one line that says what is not.</summary>
    public async Task<string?> AssertAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var exists = new NpgsqlCommand("select to_regclass('ledger.schema_versions') is not null", connection);
        if (!(bool)(await exists.ExecuteScalarAsync(cancellationToken))!) return "the schema is not there: run `./run db apply`";
        return Compare(await AppliedAsync(connection, cancellationToken), complete: true);
    }

    private string? Compare(Dictionary<int, (string Name, string Checksum)> applied, bool complete)
    {
        foreach (var file in files)
        {
            if (applied.TryGetValue(file.Number, out var row))
            {
                if (row.Checksum != file.Checksum) return $"{file.Name} was applied with another text: an applied file never changes, add a new one";
            }
            else if (complete)
            {
                return $"{file.Name} is not applied: run `./run db apply`";
            }
        }

        var newer = applied.Keys.Except(files.Select(f => f.Number)).Order().ToList();
        return newer.Count == 0 ? null : $"the database has {applied[newer[0]].Name}, which this version of the program does not know: start the newer version";
    }

    private static async Task<Dictionary<int, (string Name, string Checksum)>> AppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var applied = new Dictionary<int, (string, string)>();
        await using var command = new NpgsqlCommand("select number, name, checksum from ledger.schema_versions", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) applied[reader.GetInt32(0)] = (reader.GetString(1), reader.GetString(2));
        return applied;
    }

    private static async Task EnsureWriterRoleAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // Roles belong to the whole server: several databases of one server may be created at once, hence the savepoint and the two codes.
        try
        {
            await RunAsync(connection, $"""
                savepoint writer_role;
                do $$ begin
                    if not exists (select from pg_roles where rolname = '{WriterRole}') then create role {WriterRole} nologin; end if;
                    if not pg_has_role(current_user, '{WriterRole}', 'member') then execute format('grant {WriterRole} to %I', current_user); end if;
                exception when duplicate_object or unique_violation then null;
                end $$;
                """, cancellationToken);
        }
        catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            await RunAsync(connection, "rollback to savepoint writer_role", cancellationToken);
            throw new SchemaException(
                $"the database user may not create the role {WriterRole}: let an administrator run `create role {WriterRole} nologin; grant {WriterRole} to {connection.UserName ?? "the user of the connection"};` once", failure);
        }
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
