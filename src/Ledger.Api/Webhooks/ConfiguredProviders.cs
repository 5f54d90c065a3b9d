using System.Collections.Immutable;
using Ledger.EventStore;
using Ledger.Providers;

namespace Ledger.Api.Webhooks;

/// <summary>Settings of providers from the environment: <c>Tenants__acme__Stripe__WebhookSecret</c>, and the short names (<c>Stripe__WebhookSecret</c>) for the tenant <c>default</c>.</summary>
internal sealed class ConfiguredProviders(IConfiguration configuration) : IProviderSettingsSource, IRetentionSource
{
    public ValueTask<ProviderSettings?> FindAsync(string tenant, string provider, CancellationToken cancellationToken)
    {
        var name = char.ToUpperInvariant(provider[0]) + provider[1..];
        var section = configuration.GetSection($"Tenants:{tenant}:{name}");
        if (!section.Exists() && tenant == Tenants.Default) section = configuration.GetSection(name);
        var key = section["SecretKey"] ?? section["ServerKey"];
        if (key is null || section["ApiBase"] is not { } api) return new((ProviderSettings?)null);
        var secrets = section["WebhookSecret"] is { } text ? text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : [key];
        return new(new ProviderSettings(key, [.. secrets], new Uri(api), section["SnapBase"] is { } snap ? new Uri(snap) : null));
    }

    public ValueTask<int?> DaysAsync(string tenant, CancellationToken cancellationToken) => new((int?)null);
}
