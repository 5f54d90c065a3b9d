using Ledger.Providers;

namespace Ledger.Api.Webhooks;

/// <summary>Where the settings of tenants for their providers are kept.</summary>
internal interface IProviderSettingsSource
{
    /// <summary>What a tenant has set for a provider now; null where it has set nothing.</summary>
    ValueTask<ProviderSettings?> FindAsync(string tenant, string provider, CancellationToken cancellationToken);

    /// <summary>How often anything was set through this node: what was read before the last time may be old.</summary>
    long Changes => 0;
}

/// <summary>The providers by their names, and what each tenant has set for them.</summary>
/// <param name="adapters">All that this program talks to.</param>
/// <param name="settings">What tenants have set.</param>
internal sealed class ProviderDirectory(IEnumerable<IPaymentProvider> adapters, IProviderSettingsSource settings)
{
    private readonly Dictionary<string, IPaymentProvider> byName = adapters.ToDictionary(a => a.Name, StringComparer.Ordinal);

    /// <summary>Their names.</summary>
    public IReadOnlyCollection<string> Names => byName.Keys;

    /// <summary>How often anything was set through this node.</summary>
    public long Changes => settings.Changes;

    /// <summary>The adapter of a provider; null where this program has none.</summary>
    public IPaymentProvider? Find(string provider) => byName.GetValueOrDefault(provider);

    /// <summary>What a tenant has set for a provider; null where it has set nothing.</summary>
    public ValueTask<ProviderSettings?> SettingsAsync(string tenant, string provider, CancellationToken cancellationToken) => settings.FindAsync(tenant, provider, cancellationToken);
}
