using System.Text.Json.Serialization;
using Ledger.Api.Http;
using Ledger.Domain;
using Ledger.Domain.Profiles;

namespace Ledger.Api.Profiles;

/// <summary>What an app says of who stands behind an account. What is left out stays; an empty text is taken away.</summary>
public sealed record ProfileRequest
{
    /// <summary>Mail address. Kept beside the events, and erasable.</summary>
    public string? Email { get; init; }

    /// <summary>Name. Kept beside the events, and erasable.</summary>
    public string? Name { get; init; }

    /// <summary>Address in lines, for invoices. Kept beside the events, and erasable.</summary>
    [JsonConverter(typeof(LinesConverter))]
    public string? Address { get; init; }

    /// <summary>The tier of its live subscription, as it was read: it can't be set here.</summary>
    public string? PlanTier { get; init; }

    /// <summary>Whether the app has nothing left for its owner to do.</summary>
    public bool? OnboardingComplete { get; init; }

    /// <summary>What providers call it, where the app has made their customers: by the provider's name. The first of a provider stays.</summary>
    public IReadOnlyDictionary<string, string?>? ProviderCustomers { get; init; }
}

/// <summary>An account's profile.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Email">Mail address; null where none is kept.</param>
/// <param name="Name">Name; null where none is kept.</param>
/// <param name="Address">Address; null where none is kept.</param>
/// <param name="PlanTier">The tier of its live subscription; free without one.</param>
/// <param name="OnboardingComplete">Whether the app has nothing left for its owner to do.</param>
/// <param name="ProviderCustomers">What providers call it, by the provider's name.</param>
/// <param name="PersonalDataErasedAt">When its personal data was erased last.</param>
public sealed record ProfileBody(
    AccountId AccountId, string? Email, string? Name, string? Address, string PlanTier, bool OnboardingComplete, IReadOnlyDictionary<string, string> ProviderCustomers, DateTimeOffset? PersonalDataErasedAt);

/// <summary>A payment method that a provider keeps for an account. Never a number of a card or account: only what a provider calls it and what people know it by.</summary>
public sealed record PaymentMethodRequest
{
    /// <summary>Most characters of a provider's id and of the words of display.</summary>
    public const int TextMax = 255;

    /// <summary>The provider that has it.</summary>
    public string? Provider { get; init; }

    /// <summary>The provider's id of it: unique in the tenant.</summary>
    public string? ProviderMethodId { get; init; }

    /// <summary>The provider's word, such as card.</summary>
    public string? Type { get; init; }

    /// <summary>A card's brand, or the bank or wallet.</summary>
    public string? Brand { get; init; }

    /// <summary>The last four characters of the card or account.</summary>
    public string? Last4 { get; init; }

    /// <summary>A card's last month, 1 to 12.</summary>
    public int? ExpMonth { get; init; }

    /// <summary>A card's last year, four digits.</summary>
    public int? ExpYear { get; init; }

    /// <summary>true: it takes the default's place.</summary>
    public bool? Default { get; init; }

    internal PaymentMethod ToMethod(string tenant, IReadOnlyList<string> providers, Errors errors)
    {
        var provider = errors.RequiredId(Provider, "provider");
        if (Provider is not null && !providers.Contains(provider)) errors.Add("provider", "must be one of " + string.Join(", ", providers));
        var id = Shown(errors.RequiredText(ProviderMethodId, "providerMethodId", TextMax), "providerMethodId", errors)!;
        var type = Shown(errors.RequiredText(Type, "type", TextMax), "type", errors)!;
        Display(Brand, Last4, ExpMonth, ExpYear, errors);
        return new PaymentMethod(MethodShownInNews.MethodId(tenant, PaymentMethod.NameOf(provider, id)), provider, id, type, Brand, Last4, ExpMonth, ExpYear, default);
    }

    internal static void Display(string? brand, string? last4, int? month, int? year, Errors errors)
    {
        Shown(errors.Text(brand, "brand", TextMax), "brand", errors);
        if (last4 is not null && (last4.Length is 0 or > 4 || !last4.All(char.IsAsciiLetterOrDigit))) errors.Add("last4", "must have 1 to 4 letters or digits: never send more of a number");
        errors.Range(month, "expMonth", 1, 12);
        errors.Range(year, "expYear", 2000, 2200);
    }

    // A number of a card in the wrong member would be kept for ever.
    private static string? Shown(string? text, string member, Errors errors)
    {
        if (text is not null && CardNumbers.Has(text)) errors.Add(member, "looks like the number of a card, which must never be sent here");
        return text;
    }
}

/// <summary>What changes on a payment method that is kept; what is left out stays.</summary>
public sealed record PaymentMethodChangeRequest
{
    /// <summary>A card's brand, or the bank or wallet.</summary>
    public string? Brand { get; init; }

    /// <summary>A card's last month, 1 to 12.</summary>
    public int? ExpMonth { get; init; }

    /// <summary>A card's last year, four digits.</summary>
    public int? ExpYear { get; init; }

    /// <summary>true: it takes the default's place. A default stays one until another takes its place: false is refused.</summary>
    public bool? Default { get; init; }
}

/// <summary>A payment method of an account.</summary>
/// <param name="Id">Its id.</param>
/// <param name="AccountId">The account.</param>
/// <param name="Provider">The provider that has it.</param>
/// <param name="ProviderMethodId">The provider's id of it.</param>
/// <param name="Type">The provider's word.</param>
/// <param name="Brand">A card's brand, or the bank or wallet.</param>
/// <param name="Last4">The last four characters of the card or account.</param>
/// <param name="ExpMonth">A card's last month.</param>
/// <param name="ExpYear">A card's last year.</param>
/// <param name="Default">Whether it is the account's default.</param>
/// <param name="CreatedAt">Since when it is kept.</param>
public sealed record PaymentMethodBody(
    string Id, AccountId AccountId, string Provider, string ProviderMethodId, string Type, string? Brand, string? Last4, int? ExpMonth, int? ExpYear, bool Default, DateTimeOffset CreatedAt)
{
    internal static PaymentMethodBody Of(Profile profile, PaymentMethod method) => new(
        method.Id, profile.Account, method.Provider, method.ProviderMethodId, method.Type, method.Brand, method.Last4, method.ExpMonth, method.ExpYear, profile.Default == method.Id, method.KeptAt);
}

/// <summary>What was erased.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Contacts">Its own contact: 0 or 1.</param>
/// <param name="Checkouts">What checkouts had said of their payers.</param>
/// <param name="Notifications">Raw notifications of providers; what was read from them stays, without personal data.</param>
/// <param name="NotificationsOpen">Raw notifications that are still to be applied: ask again once they are.</param>
public sealed record ErasureBody(AccountId AccountId, int Contacts, int Checkouts, int Notifications, int NotificationsOpen);
