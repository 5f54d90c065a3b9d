using Ledger.EventStore;
using Ledger.Testing;

namespace Ledger.EventStore.Tests;

public sealed class Group_read
{
    [Fact]
    public async Task gives_each_who_asks_his_own_stream_as_it_was_acknowledged_before_he_asked()
    {
        await using var database = await StoreDatabase.CreateAsync();
        using var node = database.Node();
        StreamRef[] streams = [.. Enumerable.Range(0, 40).Select(i => new StreamRef(i % 2 == 0 ? "acme" : "other", $"thing/{i / 2}"))];
        foreach (var (stream, i) in streams.Select((stream, i) => (stream, i))) await node.SubmitAsync(new Count(stream, i) { Tenant = stream.Tenant });
        await Task.WhenAll(Enumerable.Range(0, 300).Select(async n =>
        {
            var i = n % streams.Length;
            var done = (Outcome.Accepted)await node.SubmitAsync(new Count(streams[i], 1_000) { Tenant = streams[i].Tenant });
            var read = await database.Reader.StateAsync(streams[i]);
            read!.Stream.ShouldBe(streams[i]);
            read.Version.ShouldBeGreaterThanOrEqualTo(done.Version);
            ((Thing)read.State).Count.ShouldBe(i + (1_000 * (read.Version - 1)));
            (await database.Reader.StateAsync(new StreamRef("acme", $"thing/none/{n}"))).ShouldBeNull();
        }));
    }

    [Fact]
    public async Task goes_on_after_a_query_that_broke_and_lets_go_who_no_longer_waits()
    {
        await using var database = await StoreDatabase.CreateAsync();
        await using var relay = PostgresRelay.To(database.ConnectionString);
        using (var node = database.Node()) await node.SubmitAsync(new Count(new StreamRef("acme", "thing/a"), 7) { Tenant = "acme" });
        await using var source = StoreConnections.Readers(relay.ConnectionString, TimeSpan.FromSeconds(5));
        var reader = new EventReader(source, ThingModel.Catalog(), new StreamModels([new ThingModel()]));
        var stream = new StreamRef("acme", "thing/a");
        (await reader.StateAsync(stream)).ShouldNotBeNull();

        relay.Pause();
        var asked = Enumerable.Range(0, 50).Select(_ => reader.StateAsync(stream)).ToList();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Should.ThrowAsync<OperationCanceledException>(() => reader.StateAsync(stream, patience.Token));
        relay.CutAll();
        relay.Resume();
        foreach (var one in asked)
        {
            try
            {
                ((Thing)(await one)!.State).Count.ShouldBe(7);
            }
            catch (Npgsql.NpgsqlException)
            {
                // Those of the queries that were cut.
            }
        }

        await TestRetry.UntilAsync(async () => (await reader.StateAsync(stream))!.Version == 1);
    }

    private static class TestRetry
    {
        public static async Task UntilAsync(Func<Task<bool>> isSo)
        {
            for (var tries = 0; ; tries++)
            {
                try
                {
                    if (await isSo()) return;
                }
                catch (Npgsql.NpgsqlException) when (tries < 50)
                {
                    await Task.Delay(50);
                }
            }
        }
    }
}
