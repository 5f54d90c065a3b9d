using Ledger.EventStore;
using Ledger.EventStore.Verification;

namespace Ledger.EventStore.Tests;

public sealed class Roots_of_days
{
    private static readonly StreamRef A = new("acme", "thing/a");
    private static readonly StreamRef B = new("other", "thing/b");

    [Fact]
    public async Task cover_every_event_once_and_chain_over_days_without_any()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        var roots = new DayRoots(database.Reader.Source);
        (await roots.SealAsync()).ShouldBe(0, "there is no event");
        await CountAsync(node, 5);
        (await roots.SealAsync()).ShouldBe(0, "the day is not over");
        await database.PassDaysAsync(1);
        await CountAsync(node, 3);
        await database.PassDaysAsync(3);
        (await roots.SealAsync()).ShouldBe(4);
        (await roots.SealAsync()).ShouldBe(0, "a day is sealed once");
        await CountAsync(node, 2);

        var days = await roots.FromAsync(0);
        days.Count.ShouldBe(4);
        days = (await roots.ListDownAsync(null, DateOnly.MaxValue, 100)).AsEnumerable().Reverse().ToList();
        days.Select(day => (day.First, day.Last, day.Events)).ShouldBe([(1, 5, 5), (6, 8, 3), (9, 8, 0), (9, 8, 0)]);
        var previous = DayRoot.Origin.ToArray();
        foreach (var day in days)
        {
            day.Previous.ToArray().ShouldBe(previous);
            previous = day.Root;
        }

        days[0].Tree.ToArray().ShouldBe(await database.TreeAsync(1, 5));
        days[1].Tree.ToArray().ShouldBe(await database.TreeAsync(6, 8));
        days[2].Tree.ToArray().ShouldBe(MerkleTree.Empty.ToArray());
        (await roots.FindAsync(days[1].Day))!.Hex.ShouldBe(days[1].Hex);
        (await roots.FindAsync(days[^1].Day.AddDays(1))).ShouldBeNull();
    }

    [Fact]
    public async Task are_made_once_however_many_nodes_make_them()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        await CountAsync(node, 5);
        await database.PassDaysAsync(30);
        var made = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => new DayRoots(database.Reader.Source).SealAsync()));
        made.Sum().ShouldBe(30);
    }

    [Fact]
    public async Task stand_whatever_the_clock_does_afterwards()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        var roots = new DayRoots(database.Reader.Source);
        await CountAsync(node, 2);
        await database.PassDaysAsync(1);
        await roots.SealAsync();
        await CountAsync(node, 1);
        // The clock goes back into the day that is sealed; what is recorded now belongs to the next one.
        await database.PassDaysAsync(-1);
        await node.SubmitAsync(new Count(new("acme", "thing/new"), 1) { Tenant = "acme" });
        await database.PassDaysAsync(2);
        (await roots.SealAsync()).ShouldBe(1);
        (await roots.FromAsync(0)).Select(day => (day.First, day.Last)).ShouldBe([(1, 2), (3, 4)]);
        (await database.VerifyAsync()).First.ShouldBeEmpty();
    }

    [Fact]
    public async Task are_led_to_by_the_path_of_every_event()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        await CountAsync(node, 1_100);
        await database.PassDaysAsync(1);
        await CountAsync(node, 3);
        await database.PassDaysAsync(1);
        var roots = new DayRoots(database.Reader.Source);
        await roots.SealAsync();
        await CountAsync(node, 1);
        var positions = new long[] { 1, 2, 1_023, 1_024, 1_025, 1_100, 1_101, 1_103, 1_104 };
        var proofs = await roots.ProveAsync(positions, await roots.FromAsync(0));
        proofs.Select(proof => proof.SeqId).ShouldBe(positions[..^1], "the last one is of today");
        foreach (var proof in proofs)
        {
            var leaf = MerkleTree.Leaf(proof.SeqId, await database.HashAsync(proof.SeqId));
            MerkleTree.RootOf(leaf, proof.Index, proof.Day.Events, proof.Path).ShouldBe(proof.Day.Tree.ToArray(), $"position {proof.SeqId}");
        }
    }

    [Fact]
    public async Task are_led_to_by_the_paths_of_a_day_whose_positions_have_gaps()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        await CountAsync(node, 2_100);
        await database.ExecuteAsync("delete from ledger.mt_events where seq_id in (5, 6, 1030)");
        await database.PassDaysAsync(1);
        var roots = new DayRoots(database.Reader.Source);
        await roots.SealAsync();
        var days = await roots.FromAsync(0);
        foreach (var positions in new long[][] { [1, 4, 7, 1_023, 1_024, 1_025, 1_026, 1_027, 1_028, 1_031, 2_051, 2_052, 2_099, 2_100], [2_100], [1_500, 1_501], [7] })
        {
            var proofs = await roots.ProveAsync(positions, days);
            proofs.Select(proof => proof.SeqId).ShouldBe(positions);
            foreach (var proof in proofs)
            {
                var leaf = MerkleTree.Leaf(proof.SeqId, await database.HashAsync(proof.SeqId));
                MerkleTree.RootOf(leaf, proof.Index, proof.Day.Events, proof.Path).ShouldBe(proof.Day.Tree.ToArray(), $"position {proof.SeqId}");
            }
        }

        await Should.ThrowAsync<InvalidOperationException>(() => roots.ProveAsync([5], days));
    }

    [Fact]
    public async Task are_not_made_over_an_event_without_a_hash()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        await CountAsync(node, 3);
        await database.PassDaysAsync(1);
        await database.ExecuteAsync("update ledger.mt_events set headers = '{}' where seq_id = 2");
        (await Should.ThrowAsync<UnreadableHashException>(() => new DayRoots(database.Reader.Source).SealAsync())).SeqId.ShouldBe(2);
    }

    private static async Task CountAsync(GroupCommit node, int times)
    {
        for (var i = 0; i < times; i++) (await node.SubmitAsync(new Count(i % 3 == 0 ? B : A, 1, "n", null) { Tenant = i % 3 == 0 ? "other" : "acme" })).ShouldBeOfType<Outcome.Accepted>();
    }
}
