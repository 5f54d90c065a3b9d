using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using static Ledger.EventStore.WriterConnection;

namespace Ledger.EventStore.Projections;

/// <summary>
/// Builds the tables of an asynchronous projection anew beside the live ones and puts them in place: one thread reads, some parse, the other applies and copies; then come the
/// indexes, what was committed meanwhile, and a short transaction that swaps. The live projection goes on until the swap. A poison event stops it. Whatever ends it before
/// the swap leaves nothing behind.
/// </summary>
internal sealed class ProjectionRebuild : IDisposable
{
    private const int PageMax = 5_000;
    private const int SwapTries = 5;
    private const int Parsers = 2; // most of a rebuild's time is theirs

    private static readonly TimeSpan ClaimEvery = TimeSpan.FromSeconds(5);

    // So much may be left to be caught up by rows when the indexes are built.
    private const long CatchUpMax = 20_000;

    private readonly Projection projection;
    private readonly ProjectionOptions options;
    private readonly EventPages pages;
    private readonly NpgsqlDataSource readers;
    private readonly NpgsqlDataSource owners;
    private readonly string holder;
    private readonly Guid id = Guid.NewGuid();
    private readonly Action<RebuildProgress>? told;
    private readonly CancellationTokenSource ended;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly List<TablePart> parts = [];
    private volatile string phase = "copying";
    private volatile ProjectionClaim? claim;
    private volatile bool isLost;
    private long position;
    private long goal;

    public ProjectionRebuild(string connectionString, EventCatalog catalog, Projection projection, ProjectionOptions options, string holder, Action<RebuildProgress>? told, CancellationToken cancellation)
    {
        (this.projection, this.options, this.holder, this.told) = (projection, options, holder, told);
        pages = new EventPages(catalog, projection.Handles, Parsers);
        var reading = ProjectionStore.ConnectionString(connectionString, options, holder);
        readers = NpgsqlDataSource.Create(reading);
        var owning = new NpgsqlConnectionStringBuilder(reading) { CommandTimeout = 0 };
        owning.Options = string.Create(CultureInfo.InvariantCulture, $"{owning.Options} -c role=none -c statement_timeout=0 -c idle_in_transaction_session_timeout=30000 -c maintenance_work_mem=256MB");
        owners = NpgsqlDataSource.Create(owning.ConnectionString);
        ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    }

    /// <summary>Takes the right to rebuild this projection: one at a time.</summary>
    /// <exception cref="ProjectionRefusedException">Another rebuild of it is under way.</exception>
    public void Begin()
    {
        using var connection = readers.OpenConnection();
        goal = EventPages.Highest(connection);
        using var command = new NpgsqlCommand(
            """
            insert into ledger.projection_rebuilds as r (projection, id, node, phase, goal) values ($1, $2, $3, 'copying', $4)
            on conflict on constraint projection_rebuilds_pkey do update
            set id = excluded.id, node = excluded.node, phase = excluded.phase, position = 0, goal = excluded.goal, cancelled = false, error = null, started_at = clock_timestamp(), heartbeat_at = clock_timestamp()
            where r.phase in ('done', 'cancelled', 'failed') or r.heartbeat_at < clock_timestamp() - interval '30 seconds'
            """, connection)
        {
            Parameters = { Value(NpgsqlDbType.Text, projection.Name), Value(NpgsqlDbType.Uuid, id), Value(NpgsqlDbType.Text, holder), Value(NpgsqlDbType.Bigint, goal) },
        };
        if (command.ExecuteNonQuery() == 0) throw new ProjectionRefusedException($"A rebuild of {projection.Name} is under way: wait for it, or cancel it.");
    }

    /// <summary>Does it, after <see cref="Begin"/>.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; nothing is left of it.</exception>
    /// <exception cref="ProjectionFailedException">An event can't be applied; nothing is left of it.</exception>
    public void Run()
    {
        using var beating = new Timer(_ => Beat(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        try
        {
            using var connection = owners.OpenConnection();
            foreach (var table in projection.Tables) parts.Add(TablePart.Make(connection, table));
            Swap(connection, Fill(connection));
            End("done", null);
        }
        catch (Exception failure)
        {
            var cancelled = ended.IsCancellationRequested;
            Clean();
            End(cancelled ? "cancelled" : "failed", cancelled ? null : failure is ProjectionFailedException poison ? $"Event {poison.Event.SeqId}: {ProjectionStore.Reason(failure)}" : ProjectionStore.Reason(failure));
            if (isLost) throw new ProjectionRefusedException($"Another rebuild of {projection.Name} took the place of this one, which had not been heard of for 30 s; nothing is left of it.", failure);
            if (cancelled) throw new OperationCanceledException("The rebuild was cancelled; nothing is left of it.", failure, ended.Token);
            if (failure is PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege })
                throw new ProjectionRefusedException($"A rebuild makes tables, which the service's database user may not: run `./run projections rebuild {projection.Name}` with a connection string of the tables' owner.", failure);
            throw;
        }
    }

    public void Dispose()
    {
        readers.Dispose();
        owners.Dispose();
        ended.Dispose();
    }

    private ProjectionRun Fill(NpgsqlConnection connection)
    {
        var run = new ProjectionRun(projection, options.CachedRowsMax, table => parts.Find(p => p.Table == table)!.FullName);
        run.Rows.IsPartial = false;
        while (true)
        {
            Copy(connection, run, goal);
            using var look = readers.OpenConnection();
            var highest = EventPages.Highest(look);
            var left = highest - goal;
            goal = Math.Max(goal, highest);
            if (left <= CatchUpMax) break;
        }

        phase = "indexing";
        Spill(connection, run);
        foreach (var part in parts) part.Index(connection, keyOnly: false, ended.Token);
        return run;
    }

    /// <summary>Copies all events up to a position, reading ahead on a thread of its own.</summary>
    private void Copy(NpgsqlConnection connection, ProjectionRun run, long upTo)
    {
        using var ahead = new BlockingCollection<EventPage>(4);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
        var from = position;
        var reading = Task.Factory.StartNew(() => Read(ahead, from, upTo, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            foreach (var page in ahead.GetConsumingEnumerable(stop.Token)) Take(connection, run, page);
        }
        finally
        {
            stop.Cancel();
            try
            {
                reading.GetAwaiter().GetResult();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Told to end.
            }
        }

        Interlocked.Exchange(ref position, Math.Max(position, upTo));
    }

    private void Read(BlockingCollection<EventPage> ahead, long from, long upTo, CancellationToken stop)
    {
        try
        {
            using var connection = readers.OpenConnection();
            while (true)
            {
                var page = pages.Read(connection, from, upTo, PageMax);
                if (page.Last == from) return;
                ahead.Add(page, stop);
                from = page.Last;
                if (!page.IsFull) return;
            }
        }
        finally
        {
            ahead.CompleteAdding();
        }
    }

    private long CatchUp(NpgsqlConnection connection, NpgsqlConnection reading, ProjectionRun run, long upTo)
    {
        ended.Token.ThrowIfCancellationRequested();
        var page = pages.Read(reading, position, upTo, PageMax);
        var moved = page.Last - position;
        if (moved > 0) Take(connection, run, page);
        Interlocked.Exchange(ref goal, Math.Max(goal, position));
        return moved;
    }

    private void Take(NpgsqlConnection connection, ProjectionRun run, EventPage page)
    {
        run.Events = [.. page.Events.Where(e => e.Data is UnreadableEvent || projection.Handles.Contains(e.Data.GetType()))];
        if (run.Rows.IsPartial) ProjectionRun.Load(connection, [run]);
        run.Apply();
        foreach (var table in projection.Tables.Where(t => t.IsLog))
        {
            var rows = run.Rows.Of(table);
            rows.Copy(connection, run.Target(table));
            rows.Committed();
        }

        if (run.Rows.IsPartial) Write(connection, run);
        else if (run.Rows.Tables.Sum(t => (long)t.Count) > options.RebuildRowsMax) Spill(connection, run);
        Interlocked.Exchange(ref position, page.Last);
        Tell();
    }

    private static void Write(NpgsqlConnection connection, ProjectionRun run)
    {
        using var batch = new NpgsqlBatch(connection);
        run.Write(batch.BatchCommands);
        // One batch is one transaction.
        if (batch.BatchCommands.Count > 0) batch.ExecuteNonQuery();
        run.Committed();
    }

    /// <summary>What was gathered in memory goes into the tables; from now on rows are loaded from there.</summary>
    private void Spill(NpgsqlConnection connection, ProjectionRun run)
    {
        if (run.Rows.IsPartial) return;
        foreach (var part in parts.Where(p => !p.Table.IsLog))
        {
            var rows = run.Rows.Of(part.Table);
            rows.Copy(connection, part.FullName);
            rows.Committed();
            part.Index(connection, keyOnly: true, ended.Token);
        }

        run.Rows.IsPartial = true;
    }

    /// <summary>
    /// Catches up, takes the lead and swaps. Where a long query holds the table, or somebody else the lead, the projection goes on from where it was and all this is done again
    /// later: what was built is never thrown away for that.
    /// </summary>
    private void Swap(NpgsqlConnection connection, ProjectionRun run)
    {
        using var reading = readers.OpenConnection();
        while (true)
        {
            phase = "catching_up";
            while (CatchUp(connection, reading, run, long.MaxValue) >= PageMax / 2)
            {
            }

            phase = "swapping";
            if (ProjectionClaim.Take(reading, projection, holder, options.StaleAfter, evenOutdated: true) is { } taken)
            {
                claim = taken;
                CatchUp(connection, reading, run, long.MaxValue);
                while (position < taken.Position)
                {
                    // Where there is no event at the position itself, there is none left below it.
                    if (CatchUp(connection, reading, run, taken.Position) == 0) Interlocked.Exchange(ref position, taken.Position);
                }

                var isDone = TryPlaces(connection, taken);
                if (!isDone) taken.Release(reading);
                claim = null;
                if (isDone) return;
            }

            phase = "catching_up";
            ended.Token.WaitHandle.WaitOne(ClaimEvery);
        }
    }

    private bool TryPlaces(NpgsqlConnection connection, ProjectionClaim taken)
    {
        for (var tries = 0; tries < SwapTries; tries++)
        {
            ended.Token.ThrowIfCancellationRequested();
            try
            {
                if (TakePlaces(connection, taken)) return true;
                tries = SwapTries;
            }
            catch (PostgresException busy) when (busy.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
            {
                // Queries are being answered from the table; rather than to hold up those behind them, try again.
                ended.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(200));
            }

            using var rollback = new NpgsqlCommand("rollback", connection);
            rollback.ExecuteNonQuery();
        }

        return false;
    }

    /// <summary>The swap; false where the lead is somebody else's by now.</summary>
    private bool TakePlaces(NpgsqlConnection connection, ProjectionClaim taken)
    {
        using (var fence = new NpgsqlBatch(connection))
        {
            fence.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
            fence.BatchCommands.Add(new NpgsqlBatchCommand("set local lock_timeout = '1s'"));
            fence.BatchCommands.Add(new NpgsqlBatchCommand("set local synchronous_commit = on"));
            fence.BatchCommands.Add(Command("update ledger.projection_rebuilds set phase = 'swapping' where projection = $1 and id = $2", Value(NpgsqlDbType.Text, projection.Name), Value(NpgsqlDbType.Uuid, id)));
            fence.BatchCommands.Add(Command(
                """
                update ledger.projections set last_seq_id = $3, version = $4, owner = null, epoch = epoch + 1, error = null, error_at = null, state = case state when 'failed' then 'running' else state end
                where name = $1 and epoch = $2 and version <= $4
                """,
                Value(NpgsqlDbType.Text, projection.Name), Value(NpgsqlDbType.Bigint, taken.Epoch), Value(NpgsqlDbType.Bigint, position), Value(NpgsqlDbType.Integer, projection.Version)));
            fence.ExecuteNonQuery();
            if (fence.BatchCommands[3].RecordsAffected != 1) Lose();
            if (fence.BatchCommands[4].RecordsAffected != 1) return false;
        }

        using var batch = new NpgsqlBatch(connection);
        foreach (var sql in parts.SelectMany(p => p.TakePlace())) batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
        batch.BatchCommands.Add(Command("delete from ledger.projection_parked where projection = $1", Value(NpgsqlDbType.Text, projection.Name)));
        batch.BatchCommands.Add(Command(
            "insert into ledger.mt_event_progression (name, last_seq_id) values ($1 || ':All', $2) on conflict on constraint pk_mt_event_progression do update set last_seq_id = excluded.last_seq_id, last_updated = transaction_timestamp()",
            Value(NpgsqlDbType.Text, projection.Name), Value(NpgsqlDbType.Bigint, position)));
        batch.BatchCommands.Add(new NpgsqlBatchCommand($"select pg_notify('{ProjectionStore.Channel}', '')::text"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        batch.ExecuteNonQuery();
        return true;
    }

    /// <summary>This one was silent for so long that another has begun.</summary>
    private void Lose()
    {
        isLost = true;
        ended.Cancel();
        ended.Token.ThrowIfCancellationRequested();
    }

    private void Tell() => told?.Invoke(RebuildProgress.Of(phase, Interlocked.Read(ref position), Interlocked.Read(ref goal), clock.Elapsed));

    /// <summary>Says how far it has come, and hears whether it was cancelled, or is not the one under way any more.</summary>
    private void Beat()
    {
        try
        {
            using var connection = readers.OpenConnection();
            claim?.Beat(connection);
            using var command = new NpgsqlCommand("update ledger.projection_rebuilds set phase = case when phase in ('done', 'cancelled', 'failed') then phase else $2 end, position = $3, goal = $4, heartbeat_at = clock_timestamp() where projection = $5 and id = $1 returning cancelled", connection)
            {
                Parameters = { Value(NpgsqlDbType.Uuid, id), Value(NpgsqlDbType.Text, phase), Value(NpgsqlDbType.Bigint, Interlocked.Read(ref position)), Value(NpgsqlDbType.Bigint, Interlocked.Read(ref goal)), Value(NpgsqlDbType.Text, projection.Name) },
            };
            switch (command.ExecuteScalar())
            {
                case null:
                    Lose();
                    break;
                case true:
                    ended.Cancel();
                    break;
            }

            Tell();
        }
        catch (OperationCanceledException)
        {
            // Lost: the work itself ends where it stands.
        }
        catch (Exception failure) when (failure is NpgsqlException or ObjectDisposedException or TimeoutException)
        {
            // The next beat tells it; a database that is gone is met by the work itself.
        }
    }

    private void Clean()
    {
        try
        {
            using var connection = owners.OpenConnection();
            claim?.Release(connection);
            foreach (var part in parts) part.Drop(connection);
        }
        catch (NpgsqlException)
        {
            // The database is gone. The next rebuild drops what this one has left, and the claim ends by itself.
        }
    }

    private void End(string how, string? error)
    {
        phase = how;
        Tell();
        try
        {
            using var connection = readers.OpenConnection();
            using var command = new NpgsqlCommand("update ledger.projection_rebuilds set phase = $2, position = $3, goal = $4, error = $5, heartbeat_at = clock_timestamp() where id = $1", connection)
            {
                Parameters =
                {
                    Value(NpgsqlDbType.Uuid, id), Value(NpgsqlDbType.Text, how), Value(NpgsqlDbType.Bigint, position), Value(NpgsqlDbType.Bigint, goal),
                    Value(NpgsqlDbType.Text, error is null ? null : ProjectionStore.Short(error)),
                },
            };
            command.ExecuteNonQuery();
        }
        catch (NpgsqlException)
        {
            // Its row says that it is under way, and grows old: then another rebuild may begin.
        }
    }
}
