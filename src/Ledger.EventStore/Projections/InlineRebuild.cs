using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Ledger.EventStore.Projections;

/// <summary>
/// Builds the rows of an inline projection anew: all events but the last are applied in memory while the writers go on; the rest under the writer's lock, where only the rows
/// that differ are changed. Commands wait for that last part alone.
/// </summary>
internal static class InlineRebuild
{
    private const int PageMax = 5_000;

    // Rows are held in memory: an inline projection is a small index, or it would be asynchronous.
    private const long RowsMax = 5_000_000;

    public static void Run(string connectionString, EventCatalog catalog, Projection projection, ProjectionOptions options, Action<RebuildProgress>? told, CancellationToken cancellation)
    {
        if (projection.Tables.Any(t => t.IsLog)) throw new ProjectionRefusedException($"{projection.Name} has a log, which is not rebuilt inline.");
        var builder = new NpgsqlConnectionStringBuilder(ProjectionStore.ConnectionString(connectionString, options, "rebuild"));
        builder.Options = string.Create(CultureInfo.InvariantCulture, $"{builder.Options} -c role=none -c synchronous_commit=on -c enable_hashjoin=on -c enable_mergejoin=on -c enable_seqscan=on -c enable_bitmapscan=on -c statement_timeout=60000");
        using var source = NpgsqlDataSource.Create(builder.ConnectionString);
        using var connection = source.OpenConnection();
        var pages = new EventPages(catalog, projection.Handles);
        var run = new ProjectionRun(projection, int.MaxValue);
        run.Rows.IsPartial = false;
        var (position, goal, clock) = (0L, EventPages.Highest(connection), Stopwatch.StartNew());
        Fold(long.MaxValue);
        Execute(connection, $"begin; select pg_advisory_xact_lock({WriterConnection.WriterLock})");
        Fold(long.MaxValue);
        foreach (var table in projection.Tables) Replace(connection, run, table);
        Execute(connection, "commit");
        told?.Invoke(RebuildProgress.Of("done", position, position, clock.Elapsed));

        void Fold(long upTo)
        {
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                var page = pages.Read(connection, position, upTo, PageMax);
                run.Events = page.Events;
                run.Apply();
                if (run.Rows.Tables.Sum(t => (long)t.Count) > RowsMax) throw new ProjectionRefusedException($"{projection.Name} has more than {RowsMax} rows, which are not built in memory.");
                position = page.Last;
                told?.Invoke(RebuildProgress.Of("copying", position, Math.Max(goal, position), clock.Elapsed));
                if (!page.IsFull) return;
            }
        }
    }

    private static void Replace(NpgsqlConnection connection, ProjectionRun run, ProjectionTable table)
    {
        const string rebuilt = "rebuilt_rows";
        Execute(connection, $"create temporary table {rebuilt} on commit drop as select {string.Join(", ", table.ColumnNames)} from {table.FullName} where false");
        run.Rows.Of(table).Copy(connection, rebuilt);
        Execute(connection, $"analyze {rebuilt}");
        var isKey = string.Join(" and ", table.ColumnNames.Take(table.KeyColumns).Select(c => $"t.{c} = q.{c}"));
        var rest = table.ColumnNames.Skip(table.KeyColumns).ToList();
        Execute(connection, $"delete from {table.FullName} t where not exists (select from {rebuilt} q where {isKey})");
        if (rest.Count > 0)
        {
            Execute(connection,
                $"update {table.FullName} t set {string.Join(", ", rest.Select(c => $"{c} = q.{c}"))} from {rebuilt} q where {isKey} and ({string.Join(", ", rest.Select(c => "t." + c))}) is distinct from ({string.Join(", ", rest.Select(c => "q." + c))})");
        }

        var columns = string.Join(", ", table.ColumnNames);
        Execute(connection, $"insert into {table.FullName} ({columns}) select {columns} from {rebuilt} q where not exists (select from {table.FullName} t where {isKey})");
        Execute(connection, $"drop table {rebuilt}");
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
