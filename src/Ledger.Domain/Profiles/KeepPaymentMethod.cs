using System.Collections.Immutable;

namespace Ledger.Domain.Profiles;

/// <summary>A payment method is to be kept, or shown in another way. The first is the default.</summary>
public sealed record KeepPaymentMethod : ProfileCommand
{
    /// <summary>What is kept; its time is not read.</summary>
    public required PaymentMethod Method { get; init; }

    /// <summary>Whether it takes the default's place.</summary>
    public bool AsDefault { get; init; }

    /// <summary>Whether nobody said so, but a payment showed it: then one that was removed stays so.</summary>
    public bool IsLearnt { get; init; }

    /// <inheritdoc/>
    public override string? MethodName => Method.Name();

    /// <inheritdoc/>
    public override ProfileDecision Decide(Profile profile, AccountId? holder) => KeepPaymentMethodHandler.Handle(this, profile, holder);
}

/// <summary>Keeps payment methods.</summary>
public static class KeepPaymentMethodHandler
{
    /// <summary>One account of the tenant has a provider's method, and each account has one default.</summary>
    public static ProfileDecision Handle(KeepPaymentMethod command, Profile profile, AccountId? holder)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(profile);
        var method = command.Method;
        if (command.IsLearnt && profile.Removed.Contains(method.Name())) return ProfileDecision.Nothing;
        if (holder is { } other && other != command.Account) return ProfileDecision.Refuse(new Conflict($"{method.Name()} is a payment method of another account. Remove it there first."));
        var known = profile.Find(method.Id);
        if (known is null && profile.Methods.Count >= Profile.MethodsMax) return ProfileDecision.Refuse(new LimitReached("payment methods", Profile.MethodsMax));
        var events = ImmutableArray.CreateBuilder<ProfileEvent>(2);
        if (known is null || known != method with { KeptAt = known.KeptAt })
        {
            events.Add(new PaymentMethodKept
            {
                Id = method.Id,
                Provider = method.Provider,
                ProviderMethodId = method.ProviderMethodId,
                Type = method.Type,
                Brand = method.Brand,
                Last4 = method.Last4,
                ExpMonth = method.ExpMonth,
                ExpYear = method.ExpYear,
            });
        }

        if (profile.Default is null || (command.AsDefault && profile.Default != method.Id)) events.Add(new PaymentMethodPreferred { Id = method.Id });
        return new ProfileDecision(events.ToImmutable());
    }
}
