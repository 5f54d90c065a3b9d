using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Ledger.EventStore.Projections;

/// <summary>
/// Keeps the asynchronous projections up: one on each node, and over all nodes one leader for each projection. Leadership is fenced in the data: the position is
/// moved in the transaction that writes the rows, for the leader of that epoch only, so a leader that was replaced while it stood still can write nothing.
/// It is woken by commits of this node and by notifications of the others, and does nothing else than to say now and then that it lives.
/// </summary>
public sealed class ProjectionDaemon : IDisposable
{
    private readonly ProjectionCatalog projections;
    private readonly ProjectionOptions options;
    private readonly ProjectionPace pace;
    private readonly ILogger logger;
    private readonly NpgsqlDataSource source;
    private readonly EventPages pages;
    private readonly EventFeed feed;
    private readonly ProjectionMetrics metrics;
    private readonly ManualResetEvent stopped = new(false);
    private readonly AutoResetEvent wake = new(false);
    private readonly WaitHandle[] either;
    private readonly Thread thread;
    private volatile List<ProjectionLead> leads = [];
    private ProjectionListener? listener;
    private long highest;
    private long nextBeat;
    private long steps;
    private int begun;

    /// <summary>A daemon; it does nothing until <see cref="Start"/>.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="catalog">The events.</param>
    /// <param name="projections">The projections; inline ones are none of its business.</param>
    /// <param name="options">Sizes and times.</param>
    /// <param name="logger">Where faults are told.</param>
    public ProjectionDaemon(string connectionString, EventCatalog catalog, ProjectionCatalog projections, ProjectionOptions options, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(projections);
        ArgumentNullException.ThrowIfNull(options);
        (this.projections, this.options, this.logger) = (projections, options, logger);
        pace = new ProjectionPace(options, stopped, () => UnderWay());
        (ConnectionString, Events) = (connectionString, catalog);
        var machine = Environment.MachineName.Length > 16 ? Environment.MachineName[..16] : Environment.MachineName;
        Node = $"{machine}-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}";
        source = NpgsqlDataSource.Create(ProjectionStore.ConnectionString(connectionString, options, Node));
        pages = new EventPages(catalog, projections.Async.SelectMany(p => p.Handles).ToHashSet());
        feed = new EventFeed(options.FeedMax);
        metrics = new ProjectionMetrics(() => leads.Select(l => (l.Name, Math.Max(0, Interlocked.Read(ref highest) - l.Position), l.ParkedCount)));
        either = [stopped, wake];
        thread = new Thread(Run) { IsBackground = true, Name = "ledger projections" };
    }

    /// <summary>This node's name among the leaders.</summary>
    public string Node { get; }

    /// <summary>How many commands this node has under way, where anybody knows; see <see cref="ProjectionOptions.GiveWayAbove"/>.</summary>
    public Func<double> UnderWay { get; set; } = () => 0;

    /// <summary>How many pages of events were taken so far: stands still on an idle ledger.</summary>
    public long Steps => Interlocked.Read(ref steps);

    internal string ConnectionString { get; }

    internal EventCatalog Events { get; }

    internal ProjectionOptions Options => options;

    internal ProjectionProgress Progress { get; } = new();

    /// <summary>Begins to work.</summary>
    public void Start()
    {
        if (projections.Async.Count > 0 && Interlocked.Exchange(ref begun, 1) == 0) thread.Start();
    }

    /// <summary>Told by this node's writer after each commit, in the order of commits: these events need not be read and parsed again.</summary>
    /// <param name="events">All events of the commit, in the order of their positions.</param>
    public void Committed(IReadOnlyList<StoredEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (events.Count == 0 || projections.Async.Count == 0) return;
        // A node that leads nothing would only keep what nobody takes.
        if (leads.Count > 0) feed.Put(events);
        Committed(events[^1].SeqId);
    }

    /// <summary>Gives the lead up at once and ends.</summary>
    public void Dispose()
    {
        if (stopped.WaitOne(0)) return;
        stopped.Set();
        var ended = Interlocked.Exchange(ref begun, 1) == 0 || thread.ThreadState.HasFlag(System.Threading.ThreadState.Unstarted) || thread.Join(TimeSpan.FromSeconds(10));
        metrics.Dispose();
        // A thread that hangs in a round trip goes with the process: it must not meet what was taken from under it.
        if (!ended) return;
        source.Dispose();
    }

    private void Committed(long last)
    {
        Raise(last);
        // Without a number something has come, and nobody knows what: the beat looks.
        if (last == 0) Interlocked.Exchange(ref nextBeat, 0);
        wake.Set();
    }

    private void Raise(long last)
    {
        var known = Interlocked.Read(ref highest);
        while (last > known)
        {
            var before = Interlocked.CompareExchange(ref highest, last, known);
            if (before == known) return;
            known = before;
        }
    }

    private void Changed()
    {
        Interlocked.Exchange(ref nextBeat, 0);
        wake.Set();
    }

    private void Run()
    {
        listener = new ProjectionListener(source, Committed, Changed, logger);
        var pause = 100;
        try
        {
            while (!stopped.WaitOne(0))
            {
                try
                {
                    using var connection = source.OpenConnection();
                    ProjectionStore.Register(connection, projections.Async);
                    pause = 100;
                    nextBeat = 0;
                    Work(connection);
                    StandDown();
                    ProjectionStore.Release(connection, Node);
                }
                catch (Exception failure)
                {
                    // Whatever it was: nothing of it is written, what is in memory may be stale, and another node may lead by now.
                    StandDown();
                    if (stopped.WaitOne(0)) return;
                    logger.LogWarning(failure, "The projections of this node were interrupted; it tries again.");
                    if (failure is UnknownEventException) GiveUp();
                    stopped.WaitOne(failure is UnknownEventException ? options.StaleAfter : TimeSpan.FromMilliseconds(pause));
                    pause = Math.Min(5_000, pause * 2);
                }
            }
        }
        finally
        {
            listener.Dispose();
        }
    }

    private void StandDown()
    {
        foreach (var lead in leads) Progress.Forget(lead.Name);
        leads = [];
        feed.Clear();
        Progress.Tell();
    }

    /// <summary>A newer program has written what this one does not know: a node that does may lead.</summary>
    private void GiveUp()
    {
        try
        {
            using var connection = source.OpenConnection();
            ProjectionStore.Release(connection, Node);
        }
        catch (NpgsqlException failure)
        {
            logger.LogWarning(failure, "The lead could not be given up; it ends by itself.");
        }
    }

    private void Work(NpgsqlConnection connection)
    {
        while (!stopped.WaitOne(0))
        {
            if (Environment.TickCount64 >= Interlocked.Read(ref nextBeat)) Beat(connection);
            var (began, clock) = (Environment.TickCount64, Stopwatch.GetTimestamp());
            var taken = Step(connection, pace.Sizes(Behind()));
            if (taken < 0)
            {
                var rest = leads.Count == 0 ? 0 : leads.Max(l => l.RestsUntil) - began;
                var wait = Interlocked.Read(ref nextBeat) - began;
                WaitHandle.WaitAny(either, (int)Math.Clamp(rest > 0 ? Math.Min(rest, wait) : wait, 0, 60_000));
            }
            else if (pace.IsPressed)
            {
                pace.Rest(Stopwatch.GetElapsedTime(clock), Behind(), Progress);
            }
            else
            {
                pace.WaitForMore(taken, began, Progress);
            }
        }
    }

    /// <summary>By how many events the last of those that can go on is behind.</summary>
    private long Behind()
    {
        var (now, last) = (Environment.TickCount64, Interlocked.Read(ref highest));
        return leads.Where(l => l.RestsUntil <= now).Select(l => last - l.Position).DefaultIfEmpty().Max();
    }

    private void Beat(NpgsqlConnection connection)
    {
        Interlocked.Exchange(ref nextBeat, Environment.TickCount64 + (long)(listener!.IsListening ? options.BeatEvery : options.PollEvery).TotalMilliseconds);
        var (epochs, last) = ProjectionStore.Beat(connection, Node);
        var held = new List<ProjectionLead>();
        foreach (var lead in leads)
        {
            if (epochs.TryGetValue(lead.Name, out var epoch) && epoch == lead.Epoch) held.Add(lead);
            else Lost(lead);
        }

        var wanted = projections.Async.Where(p => !held.Exists(l => l.Name == p.Name)).ToList();
        if (wanted.Count > 0)
        {
            foreach (var (name, epoch, position) in ProjectionStore.Take(connection, Node, wanted, options.StaleAfter))
            {
                var lead = new ProjectionLead(projections.Find(name)!, epoch, position, options.CachedRowsMax);
                lead.Knows(ProjectionStore.Parked(connection, name));
                held.Add(lead);
                Progress.Reached(name, position);
                logger.LogInformation("This node leads the projection {Name} from position {Position} on, epoch {Epoch}.", name, position, epoch);
            }

            if (held.Count < projections.Async.Count && ProjectionStore.EndSilent(connection, options.StaleAfter)) logger.LogWarning("A leader that had been silent in the middle of its transaction was ended, so that this node can go on.");
        }

        leads = held;
        Raise(last);
    }

    private void Lost(ProjectionLead lead)
    {
        Progress.Forget(lead.Name);
        Progress.Tell();
        logger.LogInformation("This node does not lead the projection {Name} any more.", lead.Name);
    }

    /// <summary>Takes one page for each place at which projections stand; returns how many events came at most, -1 where there was nothing to do.</summary>
    private int Step(NpgsqlConnection connection, ProjectionOptions sizes)
    {
        var now = Environment.TickCount64;
        var most = -1;
        var groups = leads.Where(l => l.RestsUntil <= now).GroupBy(l => (l.Position, Alone: l.IsAlone ? l.Name : "")).OrderBy(of => of.Key.Position).Select(of => of.ToList()).ToList();
        for (var i = 0; i < groups.Count && !stopped.WaitOne(0); i++)
        {
            var position = groups[i][0].Position;
            var known = Interlocked.Read(ref highest);
            if (known <= position) continue;
            // Those behind stop where the next ones stand, and go on together with them.
            var upTo = groups.Skip(i + 1).Select(of => of[0].Position).FirstOrDefault(p => p > position, long.MaxValue);
            var clock = Stopwatch.GetTimestamp();
            var page = pages.Next(connection, feed.After(position, upTo, sizes.FeedPageMax), upTo, sizes);
            if (page.Last == position)
            {
                Interlocked.CompareExchange(ref highest, position, known);
                continue;
            }

            if (Take(connection, groups[i], page)) metrics.Committed(page.Events.Count, Stopwatch.GetElapsedTime(clock));
            most = Math.Max(most, page.IsFull ? sizes.PageMax : page.Events.Count);
            Interlocked.Increment(ref steps);
        }

        return most;
    }

    private bool Take(NpgsqlConnection connection, List<ProjectionLead> group, EventPage page)
    {
        if (group is [{ Limit: < int.MaxValue } troubled]) page = page.Cut(troubled.Limit, troubled.Reads);
        try
        {
            Commit(connection, group, page);
            return true;
        }
        catch (Exception failure) when (failure is ProjectionFailedException || WriterFailure.Of(failure) is WriterFailure.Kind.Surfaced)
        {
            Recover(connection, group, failure);
            return false;
        }
    }

    private void Commit(NpgsqlConnection connection, List<ProjectionLead> group, EventPage page)
    {
        foreach (var lead in group) lead.Choose(page);
        ProjectionRun.Load(connection, group.ConvertAll(l => l.Run));
        foreach (var lead in group) lead.Run.Apply();
        using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
        // The position first: it locks the row, so whoever would take over meanwhile waits, and whoever is late learns it before anything is written.
        batch.BatchCommands.Add(ProjectionStore.Advance([.. group.Select(l => l.Name)], [.. group.Select(l => l.Epoch)], page.After, page.Last));
        foreach (var lead in group) lead.Write(batch.BatchCommands);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        batch.ExecuteNonQuery();
        foreach (var lead in group)
        {
            try
            {
                lead.Committed(page.Last);
            }
            catch (InvalidOperationException gone)
            {
                Stop(connection, lead, gone.Message);
                continue;
            }

            Progress.Reached(lead.Name, page.Last);
            metrics.Applied(lead.Name, lead.Run.Events.Count);
        }

        Progress.Tell();
    }

    /// <summary>Nothing was written. Of several projections each now goes by itself; one alone has the trouble of its own.</summary>
    private void Recover(NpgsqlConnection connection, List<ProjectionLead> group, Exception failure)
    {
        using (var rollback = new NpgsqlCommand("rollback", connection)) rollback.ExecuteNonQuery();
        foreach (var lead in group) lead.Run.Forget();
        if (group.Count > 1)
        {
            if (failure is ProjectionFailedException of) group.Find(l => l.Projection == of.Projection)!.Tried(of.Event);
            foreach (var lead in group) lead.IsAlone = true;
            return;
        }

        var alone = group[0];
        metrics.Failed(alone.Name);
        switch (failure)
        {
            case ProjectionFailedException poison:
                Poison(connection, alone, poison.Event, poison);
                break;
            case PostgresException { SqlState: ProjectionStore.Fenced }:
                leads = [.. leads.Where(l => l != alone)];
                Lost(alone);
                Interlocked.Exchange(ref nextBeat, 0);
                break;
            case PostgresException { SqlState: var state } when alone.Run.Events.Count > 1 && IsOfData(state):
                alone.Halve();
                break;
            case PostgresException { SqlState: var state } when alone.Run.Events.Count == 1 && IsOfData(state):
                alone.Halve();
                Poison(connection, alone, alone.Run.Events[0], failure);
                break;
            default:
                logger.LogError(failure, "The projection {Name} can't go on from position {Position}; it tries again.", alone.Name, alone.Position);
                ProjectionStore.Note(connection, alone.Name, alone.Epoch, ProjectionStore.Reason(failure), stop: false);
                alone.Rest(Environment.TickCount64);
                break;
        }
    }

    /// <summary>Values that do not fit, and constraints: what the database may say of single events. All else is no fault of an event.</summary>
    private static bool IsOfData(string state) => state.StartsWith("22", StringComparison.Ordinal) || state.StartsWith("23", StringComparison.Ordinal);

    private void Poison(NpgsqlConnection connection, ProjectionLead lead, StoredEvent happened, Exception failure)
    {
        var tries = lead.Tried(happened);
        logger.LogError(failure, "The projection {Name} failed at event {Position} of {Stream}, try {Try} of {TriesMax}.", lead.Name, happened.SeqId, happened.Stream, tries, options.TriesMax);
        if (tries < options.TriesMax) return;
        if (lead.ParkedCount >= options.ParkedMax)
        {
            Stop(connection, lead, $"More than {options.ParkedMax} streams would be parked: the projection is at fault, not they. The last one: {ProjectionStore.Reason(failure)}");
            return;
        }

        lead.Park(happened, ProjectionStore.Reason(failure));
        metrics.Parked(lead.Name);
    }

    private void Stop(NpgsqlConnection connection, ProjectionLead lead, string why)
    {
        logger.LogError("The projection {Name} has stopped: {Why}", lead.Name, why);
        ProjectionStore.Note(connection, lead.Name, lead.Epoch, why, stop: true);
        leads = [.. leads.Where(l => l != lead)];
        Lost(lead);
    }
}
