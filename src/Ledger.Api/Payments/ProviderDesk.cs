using Ledger.Api.Settings;
using Ledger.Providers;

namespace Ledger.Api.Payments;

/// <summary>The providers by their names, and what each tenant has set for them.</summary>
internal sealed class ProviderDesk(IEnumerable<IPaymentProvider> providers, TenantSettings settings)
{
    private readonly Dictionary<string, IPaymentProvider> byName = providers.ToDictionary(provider => provider.Name, StringComparer.Ordinal);

    /// <summary>Their names, in order.</summary>
    public IReadOnlyList<string> Names => [.. byName.Keys.Order(StringComparer.Ordinal)];

    /// <summary>A provider, or null.</summary>
    public IPaymentProvider? Find(string? name) => name is null ? null : byName.GetValueOrDefault(name);

    /// <summary>A provider with what the tenant has set for it now; null where it has not.</summary>
    public async Task<(IPaymentProvider Provider, ProviderSettings Settings)?> OfAsync(string tenant, string? name, CancellationToken cancellationToken) =>
        Find(name) is { } provider && await settings.FindAsync(tenant, provider.Name, cancellationToken) is { SecretKey.Length: > 0 } set ? (provider, set) : null;
}
