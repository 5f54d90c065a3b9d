using Ledger.EventStore;

namespace Ledger.EventStore.Tests;

public sealed class Lines_handed_in_together
{
    private static readonly StreamRef A = new("acme", "thing/a");

    private static Work[] Lines(params decimal[] by) => Array.ConvertAll(by, each => (Work)new Count(A, each) { Tenant = "acme" });

    private static WorkGroup[] Groups(int count) => [.. Enumerable.Range(0, count).Select(_ => new WorkGroup(Lines(1), bulk: true))];

    [Fact]
    public async Task each_is_done_or_refused_on_its_own_and_in_its_order()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node(new GroupCommitOptions { BatchMax = 3 });
        Work[] works = [.. Lines(5, -6, -5, 2), new Count(A, 1, fault: true) { Tenant = "acme" }, .. Lines(-2, -1)];
        await node.SubmitEachAsync(works);
        works[0].Answer().ShouldBeOfType<Outcome.Accepted>().Version.ShouldBe(1);
        works[1].Answer().ShouldBe(new Outcome.Refused("below zero"));
        works[2].Answer().ShouldBeOfType<Outcome.Accepted>().Version.ShouldBe(2);
        works[3].Answer().ShouldBeOfType<Outcome.Accepted>().Version.ShouldBe(3);
        Should.Throw<DecisionFailedException>(() => works[4].Answer());
        works[5].Answer().ShouldBeOfType<Outcome.Accepted>().Version.ShouldBe(4);
        works[6].Answer().ShouldBe(new Outcome.Refused("below zero"));
        await node.SubmitEachAsync([]);
    }

    [Fact]
    public async Task nobody_is_told_of_any_before_the_last_is_durable()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node(new GroupCommitOptions { BatchMax = 10 });
        await using var holder = await database.HoldWriterLockAsync();
        var works = Lines([.. Enumerable.Repeat(1m, 25)]);
        var all = node.SubmitEachAsync(works);
        await Task.Delay(200);
        all.IsCompleted.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => works[0].Answer());
        await holder.DisposeAsync();
        await all;
        works.ShouldAllBe(work => work.Answer() is Outcome.Accepted);
        (await database.ScalarAsync<long>("select count(*) from ledger.mt_events")).ShouldBe(25);
    }

    [Fact]
    public async Task where_there_is_not_room_for_all_the_last_ones_are_refused()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node(new GroupCommitOptions { BulkQueueMax = 20 });
        await using var holder = await database.HoldWriterLockAsync();
        var first = node.SubmitEachAsync(Lines(1));
        await Task.Delay(100); // the writer has taken it and waits for the lock
        var works = Lines([.. Enumerable.Repeat(1m, 30)]);
        var all = node.SubmitEachAsync(works);
        works[20..].ShouldAllBe(work => work.Answer() is Outcome.Overloaded);
        all.IsCompleted.ShouldBeFalse("the others still wait");
        await holder.DisposeAsync();
        await Task.WhenAll(first, all);
        works[..20].ShouldAllBe(work => work.Answer() is Outcome.Accepted);
    }

    [Fact]
    public async Task a_closed_store_takes_none()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        node.Drain(TimeSpan.FromSeconds(5));
        var works = Lines(1, 2);
        await node.SubmitEachAsync(works);
        works.ShouldAllBe(work => work.Answer() is Outcome.Overloaded);
    }

    [Fact]
    public void a_batch_of_lines_is_small_while_single_commands_come()
    {
        var clock = new HandMovedClock();
        using var queue = new WorkQueue(4_096, 40_000, clock);
        queue.AddEach(Groups(6_000), "acme").ShouldBe(6_000);
        Taken().ShouldBe(1_000, "nobody else is there");
        queue.TryAdd(new WorkGroup(Lines(1), bulk: false), "acme").ShouldBeTrue();
        Taken().ShouldBe(1 + WorkQueue.BesideSinglesMin);
        Taken().ShouldBe(WorkQueue.BesideSinglesMin, "who sent the single command is answered before this batch is over, and comes again");
        clock.Passed = WorkQueue.SinglesComeAgain;
        Taken().ShouldBe(1_000);

        int Taken()
        {
            var taken = new List<WorkGroup>();
            queue.Take(taken, 1_000, TimeSpan.Zero, CancellationToken.None);
            return taken.Count;
        }
    }

    private sealed class HandMovedClock : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Passed.Ticks;
    }
}
