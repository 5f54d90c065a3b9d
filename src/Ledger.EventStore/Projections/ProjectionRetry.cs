using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using static Ledger.EventStore.WriterConnection;

namespace Ledger.EventStore.Projections;

/// <summary>What a retry has come to.</summary>
/// <param name="Taken">So many streams are up to date again.</param>
/// <param name="StillParked">So many failed again.</param>
public readonly record struct RetryResult(int Taken, int StillParked);

/// <summary>Replays parked streams, each from the first event that was not taken up to where the projection stands.</summary>
internal static class ProjectionRetry
{
    private const int PageMax = 500;

    public static RetryResult Run(NpgsqlConnection connection, EventCatalog catalog, Projection projection, ProjectionOptions options, ILogger logger)
    {
        var claim = ProjectionClaim.Take(connection, projection, ProjectionClaim.Holder(), options.StaleAfter, evenOutdated: false)
            ?? throw new ProjectionRefusedException($"Another retry of {projection.Name}, or the end of a rebuild, is under way: wait for it, then retry again.");
        try
        {
            if (claim.State != "running") throw new ProjectionRefusedException($"{projection.Name} is {claim.State}: resume it first.");
            var pages = new EventPages(catalog, projection.Handles);
            var run = new ProjectionRun(projection, options.CachedRowsMax);
            var (taken, left) = (0, 0);
            foreach (var parked in ProjectionStore.Parked(connection, projection.Name))
            {
                if (Replay(connection, pages, run, claim, parked)) taken++;
                else left++;
            }

            return new RetryResult(taken, left);
        }
        finally
        {
            GiveBack(connection, claim, logger);
        }
    }

    /// <summary>Whatever ended the retry stays what is told of it.</summary>
    private static void GiveBack(NpgsqlConnection connection, ProjectionClaim claim, ILogger logger)
    {
        try
        {
            using (var rollback = new NpgsqlCommand("rollback", connection)) rollback.ExecuteNonQuery();
            claim.Release(connection);
        }
        catch (Exception failure) when (failure is NpgsqlException or InvalidOperationException or IOException or TimeoutException)
        {
            logger.LogWarning(failure, "The lead of the projection {Name} could not be given back after a retry; it ends by itself.", claim.Name);
        }
    }

    private static bool Replay(NpgsqlConnection connection, EventPages pages, ProjectionRun run, ProjectionClaim claim, ParkedStream parked)
    {
        var (version, max) = (parked.FirstVersion, PageMax);
        while (true)
        {
            var page = pages.Read(connection, parked.Stream, version, parked.FirstSeqId - 1, claim.Position, max);
            var events = page.Events.Where(e => e.Data is UnreadableEvent || run.Projection.Handles.Contains(e.Data.GetType())).ToList();
            try
            {
                Write(connection, run, claim, events, page.IsFull ? MoveOn(claim.Name, parked.Stream, page.Last + 1, version + max) : Unpark(claim.Name, parked.Stream));
            }
            catch (Exception failure) when (failure is ProjectionFailedException || (failure is PostgresException { SqlState: var state } && (state.StartsWith("22", StringComparison.Ordinal) || state.StartsWith("23", StringComparison.Ordinal))))
            {
                using (var rollback = new NpgsqlCommand("rollback", connection)) rollback.ExecuteNonQuery();
                run.Forget();
                var at = failure is ProjectionFailedException poison ? events.IndexOf(poison.Event) : 0;
                if (failure is PostgresException && events.Count > 1)
                {
                    max = 1; // event by event until the one at fault is found
                    continue;
                }

                // What comes before it is taken; it stays parked from there on.
                Write(connection, run, claim, events[..at], ProjectionStore.Park(claim.Name, events[at], 1, ProjectionStore.Reason(failure)));
                return false;
            }

            if (!page.IsFull) return true;
            version += max; // versions have no gaps
        }
    }

    private static void Write(NpgsqlConnection connection, ProjectionRun run, ProjectionClaim claim, List<StoredEvent> events, NpgsqlBatchCommand and)
    {
        run.Events = events;
        ProjectionRun.Load(connection, [run]);
        run.Apply();
        using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
        batch.BatchCommands.Add(ProjectionStore.Advance([claim.Name], [claim.Epoch], claim.Position, claim.Position));
        run.Write(batch.BatchCommands);
        batch.BatchCommands.Add(and);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        batch.ExecuteNonQuery();
        run.Committed();
    }

    /// <summary>What a page has taken is not taken again, whatever ends the retry after it.</summary>
    private static NpgsqlBatchCommand MoveOn(string name, StreamRef stream, long seqId, long version) => Command(
        "update ledger.projection_parked set first_seq_id = $4, first_version = $5 where projection = $1 and tenant_id = $2 and stream_id = $3",
        Value(NpgsqlDbType.Text, name), Value(NpgsqlDbType.Text, Tenants.Stored(stream.Tenant)), Value(NpgsqlDbType.Text, stream.Id), Value(NpgsqlDbType.Bigint, seqId), Value(NpgsqlDbType.Bigint, version));

    private static NpgsqlBatchCommand Unpark(string name, StreamRef stream) => Command(
        "delete from ledger.projection_parked where projection = $1 and tenant_id = $2 and stream_id = $3",
        Value(NpgsqlDbType.Text, name), Value(NpgsqlDbType.Text, Tenants.Stored(stream.Tenant)), Value(NpgsqlDbType.Text, stream.Id));
}
