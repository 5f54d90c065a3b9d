using Ledger.EventStore;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Ledger.EventStore.Tests;

/// <summary>What a batch is decided on that has the lock: the time of its works, and the rows that are there.</summary>
public sealed class Loading_under_the_lock
{
    private static readonly StreamRef A = new("acme", "thing/a");

    private static Count Counting(string key, decimal by, DateTimeOffset? due = null) => new(A, by, due: due) { Tenant = "acme", Key = key, Meta = new EventMeta(null, key, null) };

    [Fact]
    public async Task what_came_while_it_was_loaded_is_decided_at_no_time_before_it_came()
    {
        await using var database = await StoreDatabase.CreateAsync();
        await using var source = NpgsqlDataSource.Create(WriterConnection.ConnectionString(database.ConnectionString, new GroupCommitOptions()));
        using var connection = WriterConnection.Open(source);
        var (models, catalog) = (new StreamModels(new ThingModel()), ThingModel.Catalog());
        using var ahead = new AheadWriter(() => WriterConnection.Open(source), () => new WorkingSet(models, catalog), catalog, 5_000, NullLogger.Instance, (_, _) => { }, _ => { }, () => { });
        var set = new WorkingSet(models, catalog);
        LockedLoad.Load(connection, catalog, set, [new WorkGroup([Counting("first", 1)], bulk: false)], ahead, batch =>
        {
            using var owner = new NpgsqlConnection(database.ConnectionString);
            owner.Open();
            using var move = new NpgsqlCommand("update ledger.clock set shift = shift + interval '1 hour'", owner);
            move.ExecuteNonQuery();
            batch.Add(new WorkGroup([Counting("second", 1)], bulk: false));
        });
        set.Clock.ShouldBeGreaterThan(DateTimeOffset.UtcNow.AddMinutes(50), "the clock was moved before the second one came");
    }

    [Fact]
    public async Task what_is_due_on_a_stream_that_was_only_looked_at_is_what_its_row_says()
    {
        await using var database = await StoreDatabase.CreateAsync();
        var due = DateTimeOffset.UtcNow.AddDays(1);
        due = due.AddTicks(-(due.Ticks % TimeSpan.TicksPerSecond));
        using (var node = database.Node()) (await node.SubmitAsync(Counting("made", 1, due))).ShouldBeOfType<Outcome.Accepted>();
        // As a release leaves it whose rule of what is due is another one.
        await database.ExecuteAsync("delete from ledger.due");

        using var other = database.Node();
        (await other.SubmitAsync(Counting("too-much", -100, due))).ShouldBeOfType<Outcome.Refused>();
        (await other.SubmitAsync(Counting("more", 1, due))).ShouldBeOfType<Outcome.Accepted>();
        (await database.ScalarAsync<long>("select count(*) from ledger.due")).ShouldBe(1);
    }
}
