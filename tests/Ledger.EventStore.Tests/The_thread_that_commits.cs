using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ledger.EventStore.Tests;

/// <summary>Batches that were decided ahead are committed one after the other, answered in that order, and taken back together where one breaks.</summary>
public sealed class The_thread_that_commits : IDisposable
{
    private static readonly StreamModels Models = new(new ThingModel());
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly ConcurrentQueue<string> told = new();
    private readonly ConcurrentDictionary<DecidedBatch, string> names = new();
    private readonly SemaphoreSlim go = new(0);
    private readonly SemaphoreSlim answer = new(0);
    private readonly HashSet<string> breaks = [];
    private readonly HashSet<string> breaksAtOnce = [];
    private readonly CommitThread thread;
    private int failures;

    public The_thread_that_commits() => thread = new CommitThread(
        (_, batch) =>
        {
            told.Enqueue("begin " + names[batch]);
            if (breaksAtOnce.Contains(names[batch])) throw new InvalidOperationException(names[batch]);
            go.Wait();
            if (breaks.Contains(names[batch])) throw new InvalidOperationException(names[batch]);
            told.Enqueue("durable " + names[batch]);
        },
        batch =>
        {
            told.Enqueue("answer " + names[batch]);
            answer.Release();
        },
        () => Interlocked.Increment(ref failures));

    public void Dispose()
    {
        go.Release(100);
        thread.Dispose();
        go.Dispose();
        answer.Dispose();
    }

    [Fact]
    public async Task what_waits_is_sent_before_the_callers_of_what_is_durable_are_answered()
    {
        var (first, second) = (Batch("first"), Batch("second"));
        Hand(first);
        var handing = Task.Run(() => Hand(second));
        await UntilAsync(() => told.Contains("begin first"));
        await Task.Delay(50);
        handing.IsCompleted.ShouldBeFalse("whoever hands in the next one waits until it is begun");
        thread.IsIdle.ShouldBeFalse();
        go.Release();
        await handing.WaitAsync(Soon);
        await UntilAsync(() => told.Contains("begin second"));
        told.ShouldContain("answer first");
        told.ShouldNotContain("durable second", "the first is answered while the second is on its way");
        go.Release();
        thread.Wait();
        told.Where(what => !what.StartsWith("begin", StringComparison.Ordinal)).ShouldBe(["durable first", "answer first", "durable second", "answer second"]);
    }

    [Fact]
    public async Task of_what_was_decided_on_a_batch_that_breaks_nothing_is_committed_and_all_is_taken_back_in_order()
    {
        breaks.Add("first");
        var (first, second) = (Batch("first"), Batch("second"));
        Hand(first);
        List<WorkGroup> groups = [.. second.Groups];
        var handing = Task.Run(() => thread.Hand(null!, second, groups));
        await UntilAsync(() => told.Contains("begin first"));
        await Task.Delay(50);
        go.Release();
        (await Should.ThrowAsync<InvalidOperationException>(() => handing.WaitAsync(Soon))).Message.ShouldBe("first");
        groups.ShouldBe([.. first.Groups, .. second.Groups]);
        thread.HasFailed.ShouldBeFalse("it was taken back");
        told.ShouldBe(["begin first"]);

        thread.TakeBack(groups).ShouldBeNull();

        // And it goes on.
        Hand(Batch("third"));
        go.Release();
        thread.Wait();
        told.ShouldContain("answer third");
    }

    [Fact]
    public async Task what_breaks_as_soon_as_it_is_begun_is_taken_back_once()
    {
        for (var i = 0; i < 200; i++)
        {
            var (first, second) = (Batch($"first {i}"), Batch($"second {i}"));
            breaksAtOnce.Add($"second {i}");
            Hand(first);
            List<WorkGroup> groups = [.. second.Groups];
            var handing = Task.Run(() =>
            {
                thread.Hand(null!, second, groups);
                groups.Clear();
            });
            if (i % 2 == 0) await Task.Yield();
            else await UntilAsync(() => told.Contains($"begin first {i}"));
            go.Release();
            await handing.WaitAsync(Soon);
            thread.TakeBack(groups).ShouldBeOfType<InvalidOperationException>().Message.ShouldBe($"second {i}");
            groups.ShouldBe(second.Groups, "handed over, it is the thread's; taken back, it is there once");
            told.ShouldContain($"answer first {i}");
            told.ShouldNotContain($"answer second {i}");
        }

        Volatile.Read(ref failures).ShouldBeGreaterThan(190);
    }

    [Fact]
    public async Task answers_keep_the_order_of_the_commits()
    {
        const int Batches = 300;
        go.Release(Batches);
        for (var i = 0; i < Batches; i++) Hand(Batch($"{i}"));
        thread.Wait();
        await UntilAsync(() => answer.CurrentCount == Batches);
        told.Where(what => what.StartsWith("answer", StringComparison.Ordinal)).ShouldBe(Enumerable.Range(0, Batches).Select(i => $"answer {i}"));
    }

    [Fact]
    public async Task waits_for_more_only_while_a_commit_has_time_left()
    {
        // Nothing is being committed.
        thread.WaitUntilLeft(-3_600 * Stopwatch.Frequency);
        Hand(Batch("slow"));
        await UntilAsync(() => told.Contains("begin slow"));
        await Task.Delay(800);
        go.Release();
        thread.Wait();

        // It would take about a hundred milliseconds, by what the last one took.
        var clock = Stopwatch.StartNew();
        Hand(Batch("on time"));
        thread.WaitUntilLeft(0);
        clock.ElapsedMilliseconds.ShouldBeInRange(30, 5_000);
        thread.WaitUntilLeft(0);
        go.Release();
        thread.Wait();

        // It ends early, and nobody waits on.
        Hand(Batch("early"));
        var waiting = Task.Run(() => thread.WaitUntilLeft(-3_600 * Stopwatch.Frequency));
        await Task.Delay(50);
        waiting.IsCompleted.ShouldBeFalse();
        go.Release();
        await waiting.WaitAsync(Soon);
    }

    private void Hand(DecidedBatch batch) => thread.Hand(null!, batch, [.. batch.Groups]);

    private DecidedBatch Batch(string name)
    {
        var set = new WorkingSet(Models, ThingModel.Catalog()) { Clock = DateTimeOffset.UnixEpoch };
        var batch = DecidedBatch.Decide(set, [new WorkGroup([], bulk: false)], 0, NullLogger.Instance);
        names[batch] = name;
        return batch;
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        var until = DateTime.UtcNow + Soon;
        while (!isSo()) { DateTime.UtcNow.ShouldBeLessThan(until); await Task.Delay(1); }
    }
}
