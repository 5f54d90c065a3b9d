using Ledger.Domain.Profiles;

namespace Ledger.Domain.Tests.Profiles;

/// <summary>Every type of event of profiles at least twice: once with all members set, once with as few as there may be. Stored forms are checked against these.</summary>
public static class ProfileSamples
{
    /// <summary>All of them, by a name for the file of each.</summary>
    public static IReadOnlyList<(string Name, object Event)> All { get; } =
    [
        ("payment_method_kept_full", new PaymentMethodKept { Id = "pmt_1", Provider = "stripe", ProviderMethodId = "pm_1", Type = "card", Brand = "visa", Last4 = "4242", ExpMonth = 12, ExpYear = 2030 }),
        ("payment_method_kept_small", new PaymentMethodKept { Id = "pmt_2", Provider = "midtrans", ProviderMethodId = "tok_1", Type = "gopay" }),
        ("payment_method_preferred_full", new PaymentMethodPreferred { Id = "pmt_1" }),
        ("payment_method_preferred_small", new PaymentMethodPreferred { Id = "pmt_2" }),
        ("payment_method_removed_full", new PaymentMethodRemoved { Id = "pmt_1" }),
        ("payment_method_removed_small", new PaymentMethodRemoved { Id = "pmt_2" }),
        ("onboarding_changed_full", new OnboardingChanged { Complete = true }),
        ("onboarding_changed_small", new OnboardingChanged { Complete = false }),
        ("personal_data_erased_full", new PersonalDataErased()),
        ("personal_data_erased_small", new PersonalDataErased()),
    ];
}
