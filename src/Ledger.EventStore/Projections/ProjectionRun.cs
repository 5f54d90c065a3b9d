using System.Runtime.ExceptionServices;
using Npgsql;

namespace Ledger.EventStore.Projections;

/// <summary>A projection threw at an event. Nothing of the batch was written.</summary>
/// <param name="projection">The projection.</param>
/// <param name="happened">The event that it could not take.</param>
/// <param name="inner">What it threw.</param>
public sealed class ProjectionFailedException(Projection projection, StoredEvent happened, Exception inner)
    : Exception($"{projection.Name} can't take event {happened.SeqId} ({happened.Type} of {happened.Stream}, version {happened.Version}): {inner.Message}", inner)
{
    /// <summary>The projection.</summary>
    public Projection Projection => projection;

    /// <summary>The event that it could not take.</summary>
    public StoredEvent Event => happened;
}

/// <summary>A projection with its rows in memory and the events that are to be applied next: load, apply, write, then <see cref="Committed"/>.</summary>
internal sealed class ProjectionRun(Projection projection, int keepMax = 0, Func<ProjectionTable, string>? target = null)
{
    private readonly RowNeeds needs = new();
    private readonly List<(NpgsqlBatchCommand Command, int Rows)> updates = [];

    public Projection Projection => projection;

    public Rows Rows { get; private set; } = new(true, keepMax);

    /// <summary>What is applied next.</summary>
    public IReadOnlyList<StoredEvent> Events { get; set; } = [];

    /// <summary>Loads the rows that the events of all runs name, in one round trip, where any is missing.</summary>
    public static void Load(NpgsqlConnection connection, IReadOnlyList<ProjectionRun> runs)
    {
        NpgsqlBatch? batch = null;
        List<TableRows>? loading = null;
        try
        {
            foreach (var run in runs)
            {
                run.Name();
                foreach (var table in run.Projection.Tables)
                {
                    var rows = run.Rows.Of(table);
                    if (rows.Load(run.needs, run.Target(table)) is not { } load) continue;
                    (batch ??= new NpgsqlBatch(connection)).BatchCommands.Add(load);
                    (loading ??= []).Add(rows);
                }
            }

            if (batch is null) return;
            using var reader = batch.ExecuteReader();
            foreach (var rows in loading!)
            {
                rows.Loaded(reader);
                reader.NextResult();
            }
        }
        finally
        {
            batch?.Dispose();
        }
    }

    /// <summary>Applies the events to the rows in memory.</summary>
    /// <exception cref="ProjectionFailedException">It threw; the rows are then of no use any more, see <see cref="Forget"/>.</exception>
    public void Apply() => Each((happened, rows) => projection.Apply(happened, rows));

    /// <summary>Adds the statements that write what came of it.</summary>
    public void Write(IList<NpgsqlBatchCommand> commands)
    {
        updates.Clear();
        foreach (var table in projection.Tables) Rows.Of(table).Write(Target(table), commands, updates);
    }

    /// <summary>It is written. The rows stay in memory for the events to come.</summary>
    /// <exception cref="InvalidOperationException">Rows that were there are gone: somebody else wrote these tables. They must be rebuilt.</exception>
    public void Committed()
    {
        foreach (var (command, rows) in updates)
        {
            if (command.RecordsAffected != rows)
                throw new InvalidOperationException($"{projection.Name} found {command.RecordsAffected} of {rows} rows that it had written before: somebody else has changed its tables. Rebuild it.");
        }

        foreach (var rows in Rows.Tables) rows.Committed();
    }

    /// <summary>Forgets every row: they are loaded again.</summary>
    public void Forget() => Rows = new Rows(true, keepMax);

    public string Target(ProjectionTable table) => target is null ? table.FullName : target(table);

    private void Name()
    {
        needs.Clear();
        Each((happened, _) => projection.Need(happened, needs));
    }

    private void Each(Action<StoredEvent, Rows> what)
    {
        foreach (var happened in Events)
        {
            try
            {
                if (happened.Data is UnreadableEvent unreadable) ExceptionDispatchInfo.Throw(unreadable.Failure);
                what(happened, Rows);
            }
            catch (Exception failure)
            {
                throw new ProjectionFailedException(projection, happened, failure);
            }
        }
    }
}
