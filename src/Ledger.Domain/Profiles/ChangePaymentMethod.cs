namespace Ledger.Domain.Profiles;

/// <summary>A payment method that is kept changes: what it shows, or that it is the default.</summary>
public sealed record ChangePaymentMethod : ProfileCommand
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>A card's brand, or the bank or wallet; null for as it is.</summary>
    public string? Brand { get; init; }

    /// <summary>A card's last month; null for as it is.</summary>
    public int? ExpMonth { get; init; }

    /// <summary>A card's last year; null for as it is.</summary>
    public int? ExpYear { get; init; }

    /// <summary>Whether it takes the default's place.</summary>
    public bool AsDefault { get; init; }

    /// <inheritdoc/>
    public override ProfileDecision Decide(Profile profile, AccountId? holder) => ChangePaymentMethodHandler.Handle(this, profile);
}

/// <summary>Changes payment methods.</summary>
public static class ChangePaymentMethodHandler
{
    /// <summary>The method with what was said in place of what it showed.</summary>
    public static ProfileDecision Handle(ChangePaymentMethod command, Profile profile)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(profile);
        if (profile.Find(command.Id) is not { } method) return ProfileDecision.Refuse(new PaymentMethodNotFound(command.Id));
        var changed = method with { Brand = command.Brand ?? method.Brand, ExpMonth = command.ExpMonth ?? method.ExpMonth, ExpYear = command.ExpYear ?? method.ExpYear };
        return KeepPaymentMethodHandler.Handle(new KeepPaymentMethod { Account = command.Account, Method = changed, AsDefault = command.AsDefault }, profile, command.Account);
    }
}
