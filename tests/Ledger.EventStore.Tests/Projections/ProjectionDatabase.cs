using System.Diagnostics;
using Ledger.EventStore;
using Ledger.EventStore.Projections;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ledger.EventStore.Tests.Projections;

/// <summary>A store with the tables of the test projections, daemons on it, and a model of what they must come to.</summary>
public sealed class ProjectionDatabase : IAsyncDisposable
{
    public static readonly ProjectionOptions Quick = new()
    {
        BeatEvery = TimeSpan.FromMilliseconds(100),
        PollEvery = TimeSpan.FromMilliseconds(50),
        StaleAfter = TimeSpan.FromSeconds(1),
        IdleTimeout = TimeSpan.FromMilliseconds(500),
        LockTimeout = TimeSpan.FromMilliseconds(300),
        PaceMin = TimeSpan.FromMilliseconds(1),
        PaceMax = TimeSpan.FromMilliseconds(5),
    };

    private readonly List<ProjectionDaemon> daemons = [];

    private ProjectionDatabase(StoreDatabase store) => Store = store;

    public StoreDatabase Store { get; }

    public static ProjectionCatalog All => new([new ThingTotals(), new ThingLog(), new ThingNotes()]);

    public static async Task<ProjectionDatabase> CreateAsync()
    {
        var store = await StoreDatabase.CreateAsync();
        await store.ExecuteAsync(ThingTables.Sql);
        return new ProjectionDatabase(store);
    }

    public ProjectionDaemon Daemon(ProjectionCatalog? projections = null, ProjectionOptions? options = null, string? connectionString = null)
    {
        var daemon = new ProjectionDaemon(connectionString ?? Store.ConnectionString, ThingModel.Catalog(), projections ?? All, options ?? Quick, NullLogger.Instance);
        daemons.Add(daemon);
        daemon.Start();
        return daemon;
    }

    public ProjectionDesk Desk(ProjectionCatalog? projections = null, ProjectionDaemon? daemon = null) => new(Store.Reader.Source, projections ?? All, daemon);

    /// <summary>Appends counted events to some streams, in batches of one writer; returns the last position.</summary>
    public async Task<long> AppendAsync(int count, int streams = 5, int seed = 1, string tenant = "acme", Func<int, decimal>? by = null)
    {
        using var node = Store.Node();
        var random = new Random(seed);
        var works = Enumerable.Range(0, count).Select(i => node.SubmitAsync(new AppendWork(
            (new StreamRef(tenant, $"thing/{random.Next(streams)}"), null, [new ThingCounted(by?.Invoke(i) ?? random.Next(1, 90), random.Next(3) == 0 ? $"n{random.Next(7)}" : null)]))
        { Tenant = tenant }, bulk: true)).ToList();
        (await Task.WhenAll(works)).ShouldAllBe(o => o is Outcome.Accepted);
        return await HighestAsync();
    }

    public Task<long> HighestAsync() => Store.ScalarAsync<long>("select coalesce(max(seq_id), 0) from ledger.mt_events");

    public async Task UntilSeenAsync(long position, params string[] names)
    {
        foreach (var name in names.Length > 0 ? names : ["totals", "lines", "notes"])
            await UntilAsync(async () => await Store.ScalarAsync<long>("select coalesce((select last_seq_id from ledger.projections where name = $1), 0)", name) >= position, $"{name} has come to {position}");
    }

    public static async Task UntilAsync(Func<Task<bool>> isSo, string what, int seconds = 20)
    {
        var clock = Stopwatch.StartNew();
        while (!await isSo())
        {
            if (clock.Elapsed.TotalSeconds > seconds) throw new TimeoutException($"Not within {seconds} s: {what}");
            await Task.Delay(10);
        }
    }

    public Task<string> HashAsync(string table) => Store.ScalarAsync<string>(ThingTables.Hash(table));

    /// <summary>Holds the tables against the events, by SQL that knows nothing of projections.</summary>
    public async Task CheckAsync()
    {
        (await Store.ScalarAsync<long>("select count(*) from (select tenant_id, stream_id, version, seq_id, (data->>'by')::numeric, data->>'note' from ledger.mt_events where type = 'thing_counted' except select tenant_id, thing, version, seq_id, by, note from ledger.thing_log) x")).ShouldBe(0, "none skipped");
        (await Store.ScalarAsync<long>("select (select count(*) from ledger.thing_log) - (select count(*) from ledger.mt_events where type = 'thing_counted')")).ShouldBe(0, "none twice");
        (await Store.ScalarAsync<long>(
            "select count(*) from (select tenant_id, stream_id, sum((data->>'by')::numeric) s, count(*) n from ledger.mt_events where type = 'thing_counted' group by 1, 2) e full join ledger.thing_totals t on t.tenant_id = e.tenant_id and t.thing = e.stream_id where (e.s, e.n) is distinct from (t.count, t.events)")).ShouldBe(0, "totals");
        (await Store.ScalarAsync<long>(
            "select count(*) from (select tenant_id, coalesce(data->>'note', 'none') note, sum(coalesce((data->>'by')::numeric, 0)) s, count(*) n from ledger.mt_events group by 1, 2) e full join ledger.thing_notes t on t.tenant_id = e.tenant_id and t.note = e.note where (e.s, e.n) is distinct from (t.sum, t.events)")).ShouldBe(0, "notes");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in daemons) daemon.Dispose();
        await Store.DisposeAsync();
    }
}
