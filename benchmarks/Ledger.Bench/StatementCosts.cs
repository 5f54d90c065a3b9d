using Npgsql;
using Spectre.Console;

namespace Ledger.Bench;

/// <summary>What a statement cost for each command.</summary>
internal sealed record StatementCost(string Statement, double Calls, double Microseconds, double WalBytes);

/// <summary>What each statement of the service costs the database, by its own count. The count itself costs a little, so it runs during one load of its own only.</summary>
internal static class StatementCosts
{
    /// <summary>What the server loads to count.</summary>
    public const string Library = "pg_stat_statements";

    private const int Shown = 12;

    public static IReadOnlyDictionary<string, string> Settings(bool wanted) => wanted
        ? new Dictionary<string, string>
        {
            ["shared_preload_libraries"] = Library,
            ["pg_stat_statements.track"] = "none",
            ["pg_stat_statements.track_utility"] = "off",
            // What is prepared while nobody counts must be known by its number too.
            ["compute_query_id"] = "on",
        }
        : new Dictionary<string, string>();

    /// <summary>Counts from now on.</summary>
    public static async Task BeginAsync(string connectionString)
    {
        await SetAsync(connectionString, "alter system set pg_stat_statements.track = 'top'; select pg_reload_conf(); select pg_stat_statements_reset()");
    }

    /// <summary>Counts no longer; returns the statements that cost most, each with its share of one of these commands.</summary>
    public static async Task<IReadOnlyList<StatementCost>> EndAsync(string connectionString, double commands)
    {
        var found = new List<StatementCost>();
        await using (var source = NpgsqlDataSource.Create(connectionString))
        await using (var command = source.CreateCommand(
            "select regexp_replace(left(query, 400), '\\s+', ' ', 'g'), calls, total_exec_time * 1000, wal_bytes::float8 from pg_stat_statements order by total_exec_time desc limit 40"))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                found.Add(new StatementCost(reader.GetString(0), reader.GetInt64(1) / commands, reader.GetDouble(2) / commands, reader.GetDouble(3) / commands));
            }
        }

        await SetAsync(connectionString, "alter system reset pg_stat_statements.track; select pg_reload_conf()");
        return [.. found.Take(Shown)];
    }

    public static void Print(IEnumerable<StatementCost> costs)
    {
        var table = new Table().AddColumns("statement", "calls a command", "us a command", "WAL bytes a command");
        foreach (var cost in costs) table.AddRow(Markup.Escape(cost.Statement[..Math.Min(90, cost.Statement.Length)]), $"{cost.Calls:n4}", $"{cost.Microseconds:n1}", $"{cost.WalBytes:n0}");
        AnsiConsole.Write(table);
    }

    private static Task SetAsync(string connectionString, string statements) => Sql.RunAsync(connectionString, statements);
}
