using Npgsql;
using Spectre.Console;

namespace Ledger.Bench;

/// <summary>What each statement of the service costs the database, by its own count (<c>--statements</c>). The count itself costs a little, so ratios are taken without it.</summary>
internal static class StatementCosts
{
    public static IReadOnlyDictionary<string, string> Settings(bool wanted) => wanted
        ? new Dictionary<string, string> { ["shared_preload_libraries"] = "pg_stat_statements", ["pg_stat_statements.track_utility"] = "off" }
        : new Dictionary<string, string>();

    public static async Task ResetAsync(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("select pg_stat_statements_reset()");
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Prints the statements that cost most, each with its share of one command (the warm-up's commands are estimated).</summary>
    public static async Task PrintAsync(string connectionString, double commands)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(
            "select regexp_replace(left(query, 90), '\\s+', ' ', 'g'), calls, rows, total_exec_time, wal_bytes from pg_stat_statements where query not like '%baseline.%' order by total_exec_time desc limit 14");
        await using var reader = await command.ExecuteReaderAsync();
        var table = new Table().AddColumns("statement", "calls", "rows", "us a command", "WAL bytes a command");
        while (await reader.ReadAsync())
        {
            table.AddRow(Markup.Escape(reader.GetString(0)), $"{reader.GetInt64(1):n0}", $"{reader.GetInt64(2):n0}", $"{reader.GetDouble(3) * 1_000 / commands:n1}", $"{(double)reader.GetDecimal(4) / commands:n0}");
        }

        AnsiConsole.Write(table);
    }
}
