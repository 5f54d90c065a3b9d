using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Ledger.EventStore;

/// <summary>
/// The thread that commits what was decided ahead, one batch after the other, while the next one is decided. A batch that waits for its turn is sent as soon as the one before it is durable, and
/// only then are the callers of that one answered: the database does not wait for them. See docs/adr/0012.
/// </summary>
internal sealed class CommitThread : IDisposable
{
    /// <summary>Each commit counts for one part in so many of what commits take on average.</summary>
    private const int Smoothing = 8;

    private readonly Action<WriterConnection, DecidedBatch> commit;
    private readonly Action<DecidedBatch> answer;
    private readonly Action failed;
    private readonly object gate = new();
    private readonly Lock answering = new();
    private readonly Queue<DecidedBatch> done = new();
    private readonly Thread thread;
    private (WriterConnection Connection, DecidedBatch Batch)? next;
    private volatile ExceptionDispatchInfo? failure;
    private IReadOnlyList<WorkGroup> lost = [];
    private DecidedBatch? begun;
    private bool committing;
    private bool ended;
    private long begunAt;
    private long commitTicks;

    /// <summary>Starts the thread.</summary>
    /// <param name="commit">Commits a batch; called on this thread.</param>
    /// <param name="answer">Answers the callers of a batch that is durable; called in the order of commits, by one thread at a time. It does not throw.</param>
    /// <param name="failed">Told when a commit failed, on this thread.</param>
    public CommitThread(Action<WriterConnection, DecidedBatch> commit, Action<DecidedBatch> answer, Action failed)
    {
        (this.commit, this.answer, this.failed) = (commit, answer, failed);
        thread = new Thread(Run) { IsBackground = true, Name = "ledger commit" };
        thread.Start();
    }

    /// <summary>Whether nothing is being committed, and all that was is answered.</summary>
    public bool IsIdle
    {
        get
        {
            lock (gate) return !committing;
        }
    }

    /// <summary>Whether a commit broke whose batch has not been taken back yet.</summary>
    public bool HasFailed => failure is not null;

    /// <summary>
    /// Hands a decided batch to the thread that commits, and waits until that has begun with it: after the batch before it, at once. Then the callers of that one are answered.
    /// Where the commit before broke, throws as <see cref="WaitUntilIdle"/> does.
    /// </summary>
    public void Hand(WriterConnection connection, DecidedBatch batch, List<WorkGroup> groups)
    {
        bool isRefused;
        lock (gate)
        {
            while (next is not null && failure is null) Monitor.Wait(gate);
            if (failure is null)
            {
                next = (connection, batch);
                Monitor.PulseAll(gate);
                var waits = committing;
                if (!waits) (committing, begunAt) = (true, Stopwatch.GetTimestamp());
                while (waits && next is not null && failure is null) Monitor.Wait(gate);
            }

            // One that was begun and broke is not this caller's to take back: it is not in his hands any more.
            isRefused = failure is not null && begun != batch;
        }

        Answer();
        if (isRefused) WaitUntilIdle(groups);
    }

    /// <summary>Waits until what is being committed will be done in so many ticks of the steady clock, by what the last ones took; not at all where nothing is.</summary>
    public void WaitUntilLeft(long ticks)
    {
        lock (gate)
        {
            while (committing && failure is null)
            {
                var wait = (commitTicks - ticks - (Stopwatch.GetTimestamp() - begunAt)) * 1_000 / Stopwatch.Frequency;
                if (wait <= 0) return;
                Monitor.Wait(gate, (int)wait);
            }
        }
    }

    /// <summary>Waits until nothing is being committed, whatever came of it.</summary>
    public void Wait()
    {
        lock (gate)
        {
            while (committing) Monitor.Wait(gate);
        }
    }

    /// <summary>
    /// Waits until nothing is being committed. Where a commit broke, throws what it threw and puts its groups ahead of those given: they were decided on it, so all are decided again.
    /// </summary>
    public void WaitUntilIdle(List<WorkGroup> groups)
    {
        Wait();
        if (failure is not { } broke) return;
        TakeBack(groups);
        broke.Throw();
    }

    /// <summary>Waits until nothing is being committed, and puts the groups of a commit that broke ahead of those given. What was decided on them must then be forgotten.</summary>
    /// <returns>What that commit threw; null where none broke.</returns>
    public Exception? TakeBack(List<WorkGroup> groups)
    {
        Wait();
        if (failure is not { } broke) return null;
        groups.InsertRange(0, lost);
        (failure, lost) = (null, []);
        return broke.SourceException;
    }

    /// <summary>Ends the thread, after what it has begun.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            ended = true;
            Monitor.PulseAll(gate);
        }

        thread.Join();
    }

    private void Run()
    {
        while (Next() is { } work)
        {
            try
            {
                commit(work.Connection, work.Batch);
            }
            catch (Exception fault)
            {
                Answer();
                lock (gate)
                {
                    // The batch that waits was decided on this one: whoever waits with it takes both back.
                    (lost, failure, next, committing) = (work.Batch.Groups, ExceptionDispatchInfo.Capture(fault), null, false);
                    Monitor.PulseAll(gate);
                }

                failed();
                continue;
            }

            bool isAwaited;
            lock (gate)
            {
                done.Enqueue(work.Batch);
                commitTicks += (Stopwatch.GetTimestamp() - begunAt - commitTicks) / Smoothing;
                isAwaited = next is not null;
            }

            // The next batch goes first, where there is one; whoever waits with it answers this one meanwhile.
            if (!isAwaited) Answer();
        }
    }

    private (WriterConnection Connection, DecidedBatch Batch)? Next()
    {
        lock (gate)
        {
            while (true)
            {
                if (next is { } work)
                {
                    next = null;
                    begun = work.Batch;
                    begunAt = Stopwatch.GetTimestamp();
                    Monitor.PulseAll(gate);
                    return work;
                }

                if (committing)
                {
                    committing = false;
                    Monitor.PulseAll(gate);
                }

                if (ended) return null;
                Monitor.Wait(gate);
            }
        }
    }

    // In the order of their commits, whichever thread comes to it.
    private void Answer()
    {
        lock (answering)
        {
            while (true)
            {
                DecidedBatch? batch;
                lock (gate)
                {
                    if (!done.TryDequeue(out batch)) return;
                }

                answer(batch);
            }
        }
    }
}

