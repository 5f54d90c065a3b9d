using System.Collections.Concurrent;
using Ledger.Providers;

namespace Ledger.Api.Webhooks;

/// <summary>
/// Counts what was refused for its signature. It is kept in memory and written every few seconds, so that a flood of forgeries costs the database next to nothing; a node that
/// dies takes the counts of its last seconds with it.
/// </summary>
internal sealed class RefusalCounts(DeliveryStore store)
{
    private readonly ConcurrentDictionary<(string Tenant, string Provider, SignatureFault Fault), long> counts = new();

    /// <summary>One was refused. The tenant exists.</summary>
    public void Add(string tenant, string provider, SignatureFault fault) => counts.AddOrUpdate((tenant, provider, fault), 1, (_, count) => count + 1);

    /// <summary>Writes what was counted since the last time; what can't be written is kept for the next.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        var taken = new Dictionary<(string, string, SignatureFault), long>();
        foreach (var key in counts.Keys)
        {
            if (counts.TryRemove(key, out var count)) taken.Add(key, count);
        }

        if (taken.Count == 0) return;
        try
        {
            await store.CountRefusedAsync(taken, cancellationToken);
        }
        catch
        {
            foreach (var (key, count) in taken) counts.AddOrUpdate(key, count, (_, more) => more + count);
            throw;
        }
    }
}
