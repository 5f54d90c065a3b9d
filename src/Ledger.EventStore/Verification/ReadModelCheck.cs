using System.Data;
using System.Globalization;
using Ledger.EventStore.Projections;
using Npgsql;

namespace Ledger.EventStore.Verification;

/// <summary>A query whose every row is a fault of a read model in itself, such as sums that are not zero: tenant, place, what follows, what was found (all text).</summary>
/// <param name="What">What must hold, in words.</param>
/// <param name="Sql">The query.</param>
public sealed record ReadModelRule(string What, string Sql);

/// <summary>
/// Builds every read model anew from the events, as a rebuild does, into temporary tables, and compares them row by row with the tables that queries see, each projection as of one
/// moment and as far as it had come by then. While one is compared, a rebuild of it waits with taking its place.
/// </summary>
internal sealed class ReadModelCheck(NpgsqlDataSource source, EventCatalog catalog, ProjectionCatalog projections, IReadOnlyList<ReadModelRule> rules, Findings findings)
{
    private const int PageMax = 5_000;
    private const int ShownMax = 20;

    // More rows than this are not kept in memory: they go through the temporary tables.
    private const long RowsMax = 200_000;

    /// <summary>How many read models there are.</summary>
    public int Count => projections.All.Count;

    /// <summary>How many rows were compared.</summary>
    public long Rows { get; private set; }

    public async Task RunAsync(Action<long> read, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using (var may = new NpgsqlCommand("select has_database_privilege(current_database(), 'temporary')", connection))
        {
            if (await may.ExecuteScalarAsync(cancellationToken) is not true)
            {
                findings.Add(new Finding(null, null, null, null, $"read models can be compared: let an administrator run `grant temporary on database ... to {SchemaMigrator.WriterRole};` once", "the right to temporary tables", "none") { Kind = FindingKind.Beside });
                return;
            }
        }

        foreach (var projection in projections.All)
        {
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            Execute(connection, "set local statement_timeout = 0");
            // Ahead of the snapshot, so that a rebuild puts no other tables in place under it.
            Execute(connection, $"lock table {string.Join(", ", projection.Tables.Select(table => table.FullName))} in access share mode");
            if (Position(connection, projection) is not { } position) continue;
            await Task.Factory.StartNew(() => Compare(connection, projection, position, read, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        foreach (var rule in rules) Hold(connection, rule);
    }

    /// <summary>How far its tables have come; null where they can't be compared, which is a difference too: nobody knows what they hold.</summary>
    private long? Position(NpgsqlConnection connection, Projection projection)
    {
        if (projection.IsInline) return EventPages.Highest(connection);
        using var command = new NpgsqlCommand("select version, last_seq_id, (select count(*) from ledger.projection_parked where projection = $1) from ledger.projections where name = $1", connection);
        command.Parameters.AddWithValue(projection.Name);
        using var reader = command.ExecuteReader();
        if (!reader.Read()) return 0;
        var (version, position, parked) = (reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2));
        if (version == projection.Version && parked == 0) return position;
        var (what, expected, found) = parked > 0
            ? ($"the read model {projection.Name} can be compared: retry what is parked in it first", "no parked streams", string.Create(CultureInfo.InvariantCulture, $"{parked} parked"))
            : ($"the read model {projection.Name} can be compared: rebuild it first", "rows of version " + Shown.Of(projection.Version), "rows of version " + Shown.Of(version));
        findings.Add(new Finding(null, null, null, null, what, expected, found) { Kind = FindingKind.Beside });
        return null;
    }

    private void Compare(NpgsqlConnection connection, Projection projection, long position, Action<long> read, CancellationToken cancellationToken)
    {
        foreach (var table in projection.Tables) Execute(connection, $"create temporary table {NameOf(table)} on commit drop as select {string.Join(", ", table.ColumnNames)} from {table.FullName} where false");
        try
        {
            Fold(connection, projection, position, read, cancellationToken);
        }
        catch (ProjectionFailedException failure)
        {
            findings.Add(new Finding(failure.Event.SeqId, failure.Event.Stream.Tenant, failure.Event.Stream.Id, failure.Event.Version, $"the read model {projection.Name} takes the event", "rows", failure.InnerException?.Message) { Kind = FindingKind.Beside });
            return;
        }

        foreach (var table in projection.Tables)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Execute(connection, $"analyze {NameOf(table)}");
            Compare(connection, projection, table);
            Execute(connection, $"drop table {NameOf(table)}");
        }
    }

    private void Fold(NpgsqlConnection connection, Projection projection, long position, Action<long> read, CancellationToken cancellationToken)
    {
        var pages = new EventPages(catalog, projection.Handles);
        var run = new ProjectionRun(projection, PageMax, NameOf);
        run.Rows.IsPartial = false;
        using var reading = source.OpenConnection();
        for (long at = 0; at < position;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = pages.Read(reading, at, position, PageMax);
            if (page.Last == at) break;
            run.Events = page.Events;
            if (run.Rows.IsPartial) ProjectionRun.Load(connection, [run]);
            run.Apply();
            Keep(connection, run);
            read(page.Last - at);
            at = page.Last;
        }

        if (!run.Rows.IsPartial) Spill(connection, run);
    }

    private static void Keep(NpgsqlConnection connection, ProjectionRun run)
    {
        foreach (var table in run.Projection.Tables.Where(t => t.IsLog))
        {
            var rows = run.Rows.Of(table);
            rows.Copy(connection, run.Target(table));
            rows.Committed();
        }

        if (run.Rows.IsPartial)
        {
            using var batch = new NpgsqlBatch(connection);
            run.Write(batch.BatchCommands);
            if (batch.BatchCommands.Count > 0) batch.ExecuteNonQuery();
            run.Committed();
        }
        else if (run.Rows.Tables.Sum(t => (long)t.Count) > RowsMax)
        {
            Spill(connection, run);
        }
    }

    private static void Spill(NpgsqlConnection connection, ProjectionRun run)
    {
        foreach (var table in run.Projection.Tables.Where(t => !t.IsLog))
        {
            var rows = run.Rows.Of(table);
            rows.Copy(connection, run.Target(table));
            rows.Committed();
            Execute(connection, $"create index on {run.Target(table)} ({string.Join(", ", table.ColumnNames.Take(table.KeyColumns))})");
        }

        run.Rows.IsPartial = true;
    }

    private void Compare(NpgsqlConnection connection, Projection projection, ProjectionTable table)
    {
        var keys = table.ColumnNames.Take(table.KeyColumns).ToList();
        string Row(string alias) => $"row({string.Join(", ", table.ColumnNames.Select(column => $"{alias}.{column}"))})::text";
        var key = string.Join(", ", keys.Select(column => $"coalesce(q.{column}, t.{column})"));
        using (var count = new NpgsqlCommand($"select count(*) from {table.FullName}", connection) { CommandTimeout = 0 }) Rows += (long)count.ExecuteScalar()!;
        using var command = new NpgsqlCommand(
            $"""
            select count(*) over (), row({key})::text, case when q.{keys[0]} is not null then {Row("q")} end, case when t.{keys[0]} is not null then {Row("t")} end
            from {NameOf(table)} q full join {table.FullName} t on {string.Join(" and ", keys.Select(column => $"q.{column} = t.{column}"))}
            where {Row("q")} is distinct from {Row("t")} order by {key} limit {ShownMax}
            """, connection)
        { CommandTimeout = 0 };
        using var reader = command.ExecuteReader();
        var (told, all) = (0L, 0L);
        while (reader.Read())
        {
            (told, all) = (told + 1, reader.GetInt64(0));
            findings.Add(new Finding(null, null, null, null, string.Create(CultureInfo.InvariantCulture, $"the row {reader.GetString(1)} of the read model {projection.Name} in {table.FullName} is what the events make of it"),
                reader.IsDBNull(2) ? null : reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetString(3))
            { Kind = FindingKind.Beside });
        }

        findings.AddUntold(all - told);
    }

    private void Hold(NpgsqlConnection connection, ReadModelRule rule)
    {
        try
        {
            using var command = new NpgsqlCommand(rule.Sql, connection) { CommandTimeout = 0 };
            using var reader = command.ExecuteReader();
            while (reader.Read()) findings.Add(new Finding(null, reader.GetString(0), reader.GetString(1), null, rule.What, reader.GetString(2), reader.GetString(3)) { Kind = FindingKind.Beside });
        }
        catch (PostgresException unreadable) when (unreadable.SqlState.StartsWith("22", StringComparison.Ordinal))
        {
            findings.Add(new Finding(null, null, null, null, rule.What, "numbers", unreadable.MessageText) { Kind = FindingKind.Beside });
        }
    }

    private static string NameOf(ProjectionTable table) => $"pg_temp.verified_{table.Name}";

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        command.ExecuteNonQuery();
    }
}
