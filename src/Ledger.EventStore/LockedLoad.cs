namespace Ledger.EventStore;

/// <summary>
/// Loads what a batch needs that is decided under the lock. The round trip that takes the lock tells which streams other nodes have changed since this one had it
/// last, so what is in memory of all others still holds and is not loaded. While another node had the lock, work came: it goes with this batch. What
/// either of these brings is loaded in a second round trip; a lone command needs none. See docs/adr/0012.
/// </summary>
internal static class LockedLoad
{
    /// <param name="connection">Takes the lock.</param>
    /// <param name="catalog">The events.</param>
    /// <param name="set">Takes what is known and what was loaded.</param>
    /// <param name="batch">The works.</param>
    /// <param name="ahead">What is in memory.</param>
    /// <param name="topUp">Puts more works behind those of the batch, once the lock is had.</param>
    public static void Load(WriterConnection connection, EventCatalog catalog, WorkingSet set, List<WorkGroup> batch, AheadWriter ahead, Action<List<WorkGroup>> topUp)
    {
        var needs = new Needs();
        var foreign = ahead.Foreign();
        var keys = DecidedBatch.Name(batch, needs);
        ahead.SeedLocked(set, needs);
        connection.Load(set, catalog, needs, keys, first: true, locked: true, foreign);

        needs = new Needs();
        var had = batch.Count;
        topUp(batch);
        keys = DecidedBatch.Name(batch.Skip(had), needs);
        if (foreign is not null) ahead.CatchUp(set, foreign, needs);
        needs.Streams.RemoveWhere(set.Has);
        ahead.SeedLocked(set, needs);
        var came = batch.Count > had;
        if (came || needs.Streams.Count > 0 || needs.HasFacts) connection.Load(set, catalog, needs, keys, first: false, locked: true, clockAgain: came);

        DecidedBatch.LoadMore(batch, set, more => ahead.SeedLocked(set, more), more => connection.Load(set, catalog, more, [], first: false, locked: true));
    }
}
