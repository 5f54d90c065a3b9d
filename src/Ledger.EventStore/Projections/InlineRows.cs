using Npgsql;

namespace Ledger.EventStore.Projections;

/// <summary>
/// Inline read models in the writer's transaction: rows that its events look up are loaded in one more round trip, in batches that have such events only;
/// what comes of them is written with the events. The writer's lock is held, so nothing loaded can change before the commit.
/// </summary>
internal static class InlineRows
{
    /// <summary>Whether any of these events is one that a projection reads.</summary>
    public static bool AreTouched(IReadOnlyList<Projection> projections, List<PendingEvent> events) =>
        events.Exists(pending => projections.Any(projection => projection.Handles.Contains(pending.Stored.Data.GetType())));

    /// <summary>Adds the statements that bring the read models up to these events.</summary>
    public static void AddTo(IList<NpgsqlBatchCommand> commands, NpgsqlConnection connection, IReadOnlyList<Projection> projections, List<PendingEvent> events)
    {
        List<ProjectionRun>? runs = null;
        foreach (var projection in projections)
        {
            List<StoredEvent>? handled = null;
            foreach (var pending in events)
            {
                if (projection.Handles.Contains(pending.Stored.Data.GetType())) (handled ??= []).Add(pending.Stored);
            }

            if (handled is not null) (runs ??= []).Add(new ProjectionRun(projection) { Events = handled });
        }

        if (runs is null) return;
        ProjectionRun.Load(connection, runs);
        foreach (var run in runs)
        {
            run.Apply();
            run.Write(commands);
        }
    }
}
