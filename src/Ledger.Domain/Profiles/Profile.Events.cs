namespace Ledger.Domain.Profiles;

// ---- Events: names and members are stored for ever; a member is only ever added, and then optional. No personal data but what a card shows of itself. ----

/// <summary>Something that happened to what an account is besides its credits. A closed family.</summary>
public abstract record ProfileEvent
{
    private protected ProfileEvent()
    {
    }
}

/// <summary>A payment method is kept, or shows something else than before.</summary>
public sealed record PaymentMethodKept : ProfileEvent
{
    /// <summary>Its id, <c>pmt_...</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The provider that has it.</summary>
    public required string Provider { get; init; }

    /// <summary>The provider's id of it, <c>pm_...</c>: unique in the tenant.</summary>
    public required string ProviderMethodId { get; init; }

    /// <summary>The provider's word: <c>card</c>, <c>sepa_debit</c> ...</summary>
    public required string Type { get; init; }

    /// <summary>A card's brand, or the bank or wallet.</summary>
    public string? Brand { get; init; }

    /// <summary>The last four characters of the card or account; never more.</summary>
    public string? Last4 { get; init; }

    /// <summary>A card's last month, 1 to 12.</summary>
    public int? ExpMonth { get; init; }

    /// <summary>A card's last year.</summary>
    public int? ExpYear { get; init; }
}

/// <summary>This payment method is the default from here on.</summary>
public sealed record PaymentMethodPreferred : ProfileEvent
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }
}

/// <summary>A payment method is kept no more.</summary>
public sealed record PaymentMethodRemoved : ProfileEvent
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }
}

/// <summary>The app says how far its owner has come.</summary>
public sealed record OnboardingChanged : ProfileEvent
{
    /// <summary>Whether nothing is left to do.</summary>
    public required bool Complete { get; init; }
}

/// <summary>All that was known of the people behind the account was erased where it stood; here is only that it was.</summary>
public sealed record PersonalDataErased : ProfileEvent;
