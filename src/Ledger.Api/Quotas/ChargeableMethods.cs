using Ledger.Api.Payments;
using Ledger.Api.Profiles;
using Ledger.Domain;
using Ledger.Domain.Payments;
using Ledger.Domain.Profiles;
using Ledger.Domain.Quotas;
using Ledger.EventStore;

namespace Ledger.Api.Quotas;

/// <summary>Finds what can be charged of an account without its owner being there: the default payment method, or the newest one of the provider that is asked for.</summary>
internal sealed class ChargeableMethods(EventReader reader)
{
    /// <summary>The kept method that is charged, or why there is none.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="account">The account.</param>
    /// <param name="provider">The provider; null for that of the default method.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    public async Task<(Chargeable? Method, string? Why)> FindAsync(string tenant, AccountId account, string? provider, CancellationToken cancellationToken)
    {
        var profile = (await reader.StateAsync(ProfileModel.StreamOf(tenant, account), cancellationToken))?.State as Profile;
        if (MethodOf(profile, provider) is not { } method) return (null, "there is no saved payment method that can be charged" + (provider is null ? "" : $" with {provider}"));
        var customer = (await reader.StateAsync(CustomerModel.StreamOf(tenant, method.Provider, account), cancellationToken))?.State as Customer;
        return customer?.CustomerId is { } id ? (new Chargeable(method.Provider, id, method.ProviderMethodId), null) : (null, $"the account is no customer of {method.Provider}");
    }

    private static PaymentMethod? MethodOf(Profile? profile, string? provider)
    {
        if (profile is null) return null;
        if (profile.Default is { } id && profile.Find(id) is { } byDefault && (provider is null || byDefault.Provider == provider)) return byDefault;
        return provider is null ? null : profile.Methods.LastOrDefault(method => method.Provider == provider);
    }
}
