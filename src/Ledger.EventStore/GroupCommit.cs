using System.Diagnostics;
using Ledger.EventStore.Projections;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Ledger.EventStore;

/// <summary>
/// Commits many commands in one transaction: a bounded queue, drained by one writer. The writer takes what has come while it was busy (it never
/// waits for a batch to fill), loads all that the batch needs in one round trip, decides in memory, writes and commits in one more, and only
/// then answers. See docs/adr/0004.
/// </summary>
public sealed class GroupCommit : IDisposable
{
    private readonly EventCatalog catalog;
    private readonly ILogger logger;
    private readonly GroupCommitOptions options;
    private readonly IReadOnlyList<Projection> projections;
    private readonly StreamModels models;
    private readonly NpgsqlDataSource source;
    private readonly CancellationTokenSource stopped = new();
    private readonly Thread writer;
    private readonly WorkQueue queue;
    private readonly StoreMetrics metrics;
    private readonly Timer lateness;
    private readonly AheadWriter ahead;
    private readonly Strain strain = new();
    private readonly LostSessions lost;
    private volatile bool healthy;
    private bool fewBefore = true;

    // So often a writer without work looks whether the database is there: what it tells of its health is then true without traffic too.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    // Batches of no more than so many groups are committed without the other thread's help while nothing else is under way.
    private const int FewMax = 8;

    private static readonly TimeSpan LateEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>Starts the writer.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="catalog">The events.</param>
    /// <param name="models">The kinds of streams.</param>
    /// <param name="projections">Read models that are written in the same commit.</param>
    /// <param name="options">Sizes and times.</param>
    /// <param name="logger">Where faults are told.</param>
    public GroupCommit(string connectionString, EventCatalog catalog, StreamModels models, IReadOnlyList<Projection> projections, GroupCommitOptions options, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        (this.catalog, this.models, this.projections, this.options, this.logger) = (catalog, models, projections, options, logger);
        source = NpgsqlDataSource.Create(WriterConnection.ConnectionString(connectionString, options));
        lost = new LostSessions(source, options.IdleTimeout, logger);
        queue = new WorkQueue(options.QueueMax, options.BulkQueueMax);
        metrics = new StoreMetrics(() => queue.Count);
        ahead = new AheadWriter(() => WriterConnection.Open(source), () => new WorkingSet(models, catalog), catalog, options.ForeignMax, logger, Write, Answer, queue.Nudge);
        writer = new Thread(Run) { IsBackground = true, Name = "ledger writer" };
        writer.Start();
        // The writer may be busy with a batch whose outcome it must learn first; what waits behind it was not begun and is told so in time.
        lateness = new Timer(_ => GiveUpWaiting(), null, LateEvery, LateEvery);
    }

    /// <summary>Whether the writer reached the database when it last tried.</summary>
    public bool Healthy => healthy;

    /// <summary>
    /// Tells the events of each commit of this node, in order, right after it, by one thread at a time: whoever listens only takes note of them. Other nodes' commits
    /// are not told here, so a listener compares positions.
    /// </summary>
    public event Action<IReadOnlyList<StoredEvent>>? Committed;

    /// <summary>
    /// How many commands were under way at once lately, lines of bulk requests counted, on average: at this node and, judged by what they append, at the others. 0 when none came
    /// here for a second. What follows the log gives way by it.
    /// </summary>
    public double UnderWay => strain.Value;

    /// <summary>Hands a work in. It ends at once as overloaded where the queue is full.</summary>
    public Task<Outcome> SubmitAsync(Work work, bool bulk = false)
    {
        ArgumentNullException.ThrowIfNull(work);
        var done = work.Expect();
        if (!queue.TryAdd(new WorkGroup([work], bulk), work.Tenant)) Refuse(work);
        return done;
    }

    /// <summary>
    /// Hands in lines of a bulk request, in their order: each is done or refused on its own, and all of them are one wait. They all belong to one tenant. When it
    /// ends, each tells what became of it (<see cref="Work.Answer"/>). Where the queue has not room for all, the last of them end as overloaded.
    /// </summary>
    public Task SubmitEachAsync(IReadOnlyList<Work> works)
    {
        ArgumentNullException.ThrowIfNull(works);
        var bundle = new WorkBundle(works);
        if (works.Count == 0) return bundle.Done;
        var added = queue.AddEach(works.Select(work => new WorkGroup([work], bulk: true)).ToArray(), works[0].Tenant);
        foreach (var work in works.Skip(added)) Refuse(work);
        return bundle.Done;
    }

    /// <summary>Hands in works that are committed together or not at all. They all belong to one tenant. When it ends, each tells what became of it.</summary>
    public Task SubmitTogetherAsync(IReadOnlyList<Work> works)
    {
        ArgumentNullException.ThrowIfNull(works);
        var bundle = new WorkBundle(works);
        if (works.Count > 0 && !queue.TryAdd(new WorkGroup(works, bulk: true), works[0].Tenant))
        {
            foreach (var work in works) Refuse(work);
        }

        return bundle.Done;
    }

    /// <summary>Takes no more work and waits until all that was taken is answered, at most this long.</summary>
    public void Drain(TimeSpan atMost)
    {
        queue.Close();
        writer.Join(atMost);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Drain(TimeSpan.FromSeconds(5));
        stopped.Cancel();
        var ended = writer.Join(TimeSpan.FromSeconds(5));
        lateness.Dispose();
        metrics.Dispose();
        // A writer that hangs in a round trip goes with the process: it must not meet what was taken from under it.
        if (!ended) return;
        source.Dispose();
        stopped.Dispose();
        queue.Dispose();
    }

    private void GiveUpWaiting()
    {
        foreach (var group in queue.TakeOlderThan(options.WaitMax))
        {
            foreach (var work in group.Works) Refuse(work);
        }
    }

    private void Refuse(Work work)
    {
        metrics.Overloaded();
        work.Complete(new Outcome.Overloaded());
    }

    private void Run()
    {
        WriterConnection? connection = null;
        var batch = new List<WorkGroup>(options.BatchMax);
        var pause = TimeSpan.Zero;
        try
        {
            while (!stopped.IsCancellationRequested)
            {
                if (batch.Count == 0 && !ahead.HasFailed)
                {
                    // Work is taken only with a connection: in the queue it is told in time, whatever an attempt to connect may last.
                    if (connection is null && (connection = TryConnect()) is null)
                    {
                        if (queue.IsOver) return;
                        pause = Pause(pause);
                        continue;
                    }

                    ahead.WaitForMore();
                    var taken = queue.Take(batch, options.BatchMax, LookEvery, stopped.Token);
                    // What broke meanwhile stays as it is until it is thrown below: it must be forgotten as a whole, not only taken back.
                    if (taken is Taken.Closed or Taken.Nothing) ahead.Wait();
                    if (taken == Taken.Closed && !ahead.HasFailed) return;
                    if (taken == Taken.Nothing && !ahead.HasFailed) connection = Look(connection!);
                }

                GiveUpLate(batch);
                if (batch.Count == 0 && !ahead.HasFailed) continue;
                try
                {
                    connection ??= WriterConnection.Open(source);
                    lost.End();
                    Process(connection, batch);
                    pause = TimeSpan.Zero;
                    batch.Clear();
                }
                catch (Exception failure) when (failure is not OperationCanceledException)
                {
                    // A commit may have broken as well while something else was thrown here: what it left behind counts too.
                    Exception[] failures = ahead.TakeBack(batch) is { } broke && broke != failure ? [failure, broke] : [failure];
                    var movedOn = failure is MovedOnException or PostgresException { SqlState: WriterConnection.MovedOn };
                    var timeMoved = failure is PostgresException { SqlState: WriterConnection.TimeMoved };
                    ahead.Forget(movedOn);
                    if (failures.OfType<KeyMetException>().Any()) ahead.AskForKeys();
                    if (connection is not null && failures.Any(f => WriterFailure.Of(f) is WriterFailure.Kind.Unknown)) lost.Add(connection.Session);
                    connection?.Dispose();
                    connection = null;
                    metrics.Retried();
                    if (movedOn || timeMoved || failure is KeyMetException) continue;
                    // Where a commit may still be on its way, its session is ended before anything is decided again; what surfaced here will do so again.
                    if (WriterFailure.Of(failure) is WriterFailure.Kind.Surfaced && lost.IsEmpty)
                    {
                        Isolate(batch, failure);
                        continue;
                    }

                    // Nothing is answered here: the batch is decided again under the lock, where its keys tell what an earlier attempt did. What was not sent
                    // to commit goes back to the queue, where it is told in time if there is none.
                    logger.LogWarning(failure, "The writer's transaction broke; its batch of {Count} groups is decided again.", batch.Count);
                    if (WriterFailure.Of(failure) is WriterFailure.Kind.Unknown) healthy = false;
                    if (failure is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable }) lost.FreeLock();
                    queue.PutBack(batch.Where(group => !group.Attempted));
                    batch.RemoveAll(group => !group.Attempted);
                    pause = Pause(pause);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped while waiting for work.
        }
        catch (Exception failure)
        {
            logger.LogCritical(failure, "The writer has ended.");
            if (!stopped.IsCancellationRequested) throw;
        }
        finally
        {
            healthy = false;
            queue.Close();
            ahead.TakeBack(batch);
            ahead.Dispose();
            connection?.Dispose();
            foreach (var group in batch) group.Complete(group.Attempted ? new Outcome.Unknown() : new Outcome.Overloaded());
            foreach (var group in queue.TakeOlderThan(TimeSpan.Zero)) group.Complete(new Outcome.Overloaded());
        }
    }

    /// <summary>
    /// The server, or the program, does not take this batch: it is rolled back. One group alone hears of it; of several, each is committed on
    /// its own, so that a poisoned one costs its neighbours nothing but this detour.
    /// </summary>
    private void Isolate(List<WorkGroup> batch, Exception failure)
    {
        logger.LogError(failure, "A batch of {Count} groups was not taken; each is now committed on its own.", batch.Count);
        while (batch.Count > 0)
        {
            var alone = new List<WorkGroup> { batch[0] };
            // Each goes over a connection of its own, and over a new one nothing in memory is taken for true.
            ahead.Forget(othersWrite: false);
            try
            {
                using var connection = WriterConnection.Open(source);
                ProcessLocked(connection, alone, alone: true);
            }
            catch (Exception again) when (again is not OperationCanceledException)
            {
                ahead.Forget(othersWrite: false);
                if (WriterFailure.Of(again) is not WriterFailure.Kind.Surfaced) return; // what is left of the batch goes the ordinary way
                foreach (var work in alone.SelectMany(g => g.Works))
                {
                    if (work.Attempted) work.Complete(new Outcome.Unknown());
                    else work.Fail(new DecisionFailedException(again));
                }
            }

            batch.RemoveAt(0);
        }

        ahead.Forget(othersWrite: false);
    }

    private TimeSpan Pause(TimeSpan pause)
    {
        stopped.Token.WaitHandle.WaitOne(pause);
        return TimeSpan.FromMilliseconds(Math.Min(1_000, (pause.TotalMilliseconds * 2) + 10));
    }

    private WriterConnection? Look(WriterConnection connection)
    {
        try
        {
            connection.Look();
            healthy = true;
            return connection;
        }
        catch (Exception failure)
        {
            logger.LogWarning(failure, "The writer has lost the database.");
            healthy = false;
            // What comes back may have lost its last commits, and others may have gone on from there: nothing in memory is taken for true then.
            ahead.Forget(othersWrite: false);
            connection.Dispose();
            return null;
        }
    }

    // Whatever goes wrong with a connection, the writer lives on and tries again.
    private WriterConnection? TryConnect()
    {
        try
        {
            var connection = WriterConnection.Open(source);
            healthy = true;
            return connection;
        }
        catch (Exception failure)
        {
            logger.LogWarning(failure, "The writer can't reach the database yet.");
            return null;
        }
    }

    private void GiveUpLate(List<WorkGroup> batch)
    {
        for (var i = batch.Count - 1; i >= 0; i--)
        {
            var waited = Stopwatch.GetElapsedTime(batch[i].EnqueuedAt);
            var attempted = batch[i].Attempted;
            if (waited <= (attempted ? options.UnknownMax : options.WaitMax)) continue;
            batch[i].Complete(attempted ? new Outcome.Unknown() : new Outcome.Overloaded());
            batch.RemoveAt(i);
        }
    }

    /// <summary>Decides a batch and sees to its commit: ahead of the one that is being committed where that may be, else under the lock.</summary>
    private void Process(WriterConnection connection, List<WorkGroup> batch)
    {
        if (!ahead.MayDecide(batch) || ahead.HasFailed)
        {
            ahead.WaitUntilIdle(batch);
            // A batch in doubt is decided as it was, and is not made larger.
            ProcessLocked(connection, batch, alone: batch.Exists(group => group.Attempted));
            return;
        }

        var decided = ahead.Decide(batch);
        // With nobody waiting there is nothing to decide meanwhile: committed right here, a lone command is answered soonest. Where there were more a moment ago there will be again.
        var few = batch.Count <= FewMax && fewBefore;
        fewBefore = batch.Count <= FewMax;
        if (few && queue.Count == 0 && ahead.IsIdle && !ahead.HasFailed)
        {
            Commit(connection, decided);
            return;
        }

        decided.Set.Prepare();
        ahead.Hand(connection, decided, batch);
    }

    private void ProcessLocked(WriterConnection connection, List<WorkGroup> batch, bool alone)
    {
        var set = new WorkingSet(models, catalog);
        LockedLoad.Load(connection, catalog, set, batch, ahead, more => queue.TakeMore(more, alone ? 0 : options.BatchMax));
        var decided = DecidedBatch.Decide(set, batch, null, logger);
        Commit(connection, decided);
        ahead.Learn(set);
    }

    private void Commit(WriterConnection connection, DecidedBatch decided)
    {
        Write(connection, decided);
        Answer(decided);
    }

    private void Write(WriterConnection connection, DecidedBatch decided)
    {
        decided.Commit(connection, projections);
        healthy = true;
    }

    private void Answer(DecidedBatch decided)
    {
        try
        {
            decided.Answer(metrics);
            strain.Add(decided.Groups, decided.Set.Events.Count, decided.Set.Foreign);
            if (decided.Set.Events.Count > 0) Committed?.Invoke([.. decided.Set.Events.Select(pending => pending.Stored)]);
        }
        catch (Exception fault)
        {
            // The batch is durable, and its callers are answered first of all.
            logger.LogError(fault, "A listener to commits failed; what it follows catches up from the database.");
        }
    }
}

/// <summary>A decision threw: a fault of the program. Nothing of its work was written.</summary>
public sealed class DecisionFailedException(Exception inner) : Exception("A decision failed.", inner);
