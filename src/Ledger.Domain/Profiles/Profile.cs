namespace Ledger.Domain.Profiles;

/// <summary>A payment method that an account keeps with a provider, as it is shown.</summary>
/// <param name="Id">Its id, <c>pmt_...</c>.</param>
/// <param name="Provider">The provider that has it.</param>
/// <param name="ProviderMethodId">The provider's id of it.</param>
/// <param name="Type">The provider's word.</param>
/// <param name="Brand">A card's brand, or the bank or wallet.</param>
/// <param name="Last4">The last four characters of the card or account.</param>
/// <param name="ExpMonth">A card's last month, 1 to 12.</param>
/// <param name="ExpYear">A card's last year.</param>
/// <param name="KeptAt">Since when it is kept.</param>
public sealed record PaymentMethod(string Id, string Provider, string ProviderMethodId, string Type, string? Brand, string? Last4, int? ExpMonth, int? ExpYear, DateTimeOffset KeptAt)
{
    /// <summary>The name that is unique in the tenant: <c>stripe:pm_...</c>.</summary>
    public string Name() => NameOf(Provider, ProviderMethodId);

    /// <summary>The name of a provider's method.</summary>
    public static string NameOf(string provider, string providerMethodId) => $"{provider}:{providerMethodId}";
}

/// <summary>A provider's method that an account has from here on, or has no more.</summary>
/// <param name="Name">Its name, <c>stripe:pm_...</c>.</param>
/// <param name="Held">Whether it is kept.</param>
public sealed record MethodHeld(string Name, bool Held);

/// <summary>What an account is besides its credits, as its events made it: payment methods and how far its owner has come. Mail address and name are in none of it. Immutable.</summary>
public sealed record Profile
{
    /// <summary>The most payment methods of an account.</summary>
    public const int MethodsMax = 50;

    // Names of removed ones that are remembered.
    private const int RemovedMax = 100;

    private MethodHeld? told;

    /// <summary>The account.</summary>
    public required AccountId Account { get; init; }

    /// <summary>How many events made it; 0 where there is none.</summary>
    public long Version { get; init; }

    /// <summary>Payment methods, in the order in which they came.</summary>
    public ValueList<PaymentMethod> Methods { get; init; } = [];

    /// <summary>The default one's id; null where none is kept.</summary>
    public string? Default { get; init; }

    /// <summary>Names of methods that were removed and not kept again since, oldest first; the last hundred.</summary>
    public ValueList<string> Removed { get; init; } = [];

    /// <summary>Whether the app has nothing left for its owner to do.</summary>
    public bool IsOnboarded { get; init; }

    /// <summary>When its personal data was erased last; null for never.</summary>
    public DateTimeOffset? ErasedAt { get; init; }

    /// <summary>The profile of an account that nothing is known of.</summary>
    public static Profile None(AccountId account) => new() { Account = account };

    /// <summary>The provider's method that the last event brought or took. Not saved.</summary>
    public MethodHeld? Told() => told;

    /// <summary>A payment method by its id, or null.</summary>
    public PaymentMethod? Find(string id)
    {
        foreach (var method in Methods)
        {
            if (method.Id == id) return method;
        }

        return null;
    }

    /// <summary>The profile after <paramref name="happened"/>, which was recorded at <paramref name="recordedAt"/> as its next version. Total.</summary>
    public Profile Evolve(ProfileEvent happened, DateTimeOffset recordedAt)
    {
        var next = this with { Version = Version + 1, told = null };
        switch (happened)
        {
            case PaymentMethodKept e:
                var name = PaymentMethod.NameOf(e.Provider, e.ProviderMethodId);
                return next with { Methods = With(e, recordedAt), Removed = Removed.Contains(name) ? [.. Removed.Where(gone => gone != name)] : Removed, told = new(name, true) };
            case PaymentMethodPreferred e:
                return next with { Default = e.Id };
            case PaymentMethodRemoved e:
                var without = next with { Methods = Without(e.Id), Default = Default == e.Id ? null : Default };
                return Find(e.Id)?.Name() is { } gone ? without with { Removed = [.. Removed.Where(known => known != gone).TakeLast(RemovedMax - 1), gone], told = new(gone, false) } : without;
            case OnboardingChanged e:
                return next with { IsOnboarded = e.Complete };
            case PersonalDataErased:
                return next with { ErasedAt = recordedAt };
        }

        return next;
    }

    private ValueList<PaymentMethod> With(PaymentMethodKept e, DateTimeOffset recordedAt)
    {
        var all = new List<PaymentMethod>(Methods.Count + 1);
        var kept = new PaymentMethod(e.Id, e.Provider, e.ProviderMethodId, e.Type, e.Brand, e.Last4, e.ExpMonth, e.ExpYear, recordedAt);
        var found = false;
        foreach (var method in Methods)
        {
            found |= method.Id == e.Id;
            all.Add(method.Id == e.Id ? kept with { KeptAt = method.KeptAt } : method);
        }

        if (!found) all.Add(kept);
        return [.. all];
    }

    private ValueList<PaymentMethod> Without(string id)
    {
        var all = new List<PaymentMethod>(Methods.Count);
        foreach (var method in Methods)
        {
            if (method.Id != id) all.Add(method);
        }

        return [.. all];
    }
}
