using System.Collections.Concurrent;
using Ledger.Providers;

namespace Ledger.Api.Webhooks;

/// <summary>
/// What tenants have set for their providers, as it was a moment ago: a flood of forged notifications reads the database once a second, and not for each. What is set through this node counts here at once, and on
/// other nodes within a second.
/// </summary>
/// <param name="providers">Knows what tenants have set.</param>
/// <param name="clock">Tells the time.</param>
internal sealed class SettingsOfAMoment(ProviderDirectory providers, TimeProvider clock)
{
    /// <summary>So long settings count.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(1);

    /// <summary>Beyond so many entries all are forgotten.</summary>
    public const int EntriesMax = 20_000;

    private readonly ConcurrentDictionary<(string Tenant, string Provider), Entry> entries = new();

    /// <summary>What a tenant has set for a provider; null where it has set nothing.</summary>
    public async Task<ProviderSettings?> FindAsync(string tenant, string provider, CancellationToken cancellationToken)
    {
        if (entries.Count >= EntriesMax) entries.Clear();
        var key = (tenant, provider);
        var entry = entries.GetOrAdd(key, Ask);
        if (!IsFresh(entry)) entry = entries.AddOrUpdate(key, Ask, (_, old) => IsFresh(old) ? old : Ask(key));
        try
        {
            return await entry.Settings.Value.WaitAsync(cancellationToken);
        }
        catch when (entry.Settings.Value.IsFaulted)
        {
            entries.TryRemove(KeyValuePair.Create(key, entry));
            throw;
        }
    }

    private bool IsFresh(Entry entry) => entry.Changes == providers.Changes && clock.GetElapsedTime(entry.AskedAt) < FreshFor;

    // Once, however many wait for it; whoever gives up does not end it for the others.
    private Entry Ask((string Tenant, string Provider) key) =>
        new(providers.Changes, clock.GetTimestamp(), new Lazy<Task<ProviderSettings?>>(() => providers.SettingsAsync(key.Tenant, key.Provider, CancellationToken.None).AsTask()));

    private sealed record Entry(long Changes, long AskedAt, Lazy<Task<ProviderSettings?>> Settings);
}
