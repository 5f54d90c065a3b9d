using System.Collections.Immutable;

namespace Ledger.Domain.Profiles;

/// <summary>A payment method, or all of them, are to be kept no more.</summary>
public sealed record RemovePaymentMethod : ProfileCommand
{
    /// <summary>Its id; null for all.</summary>
    public string? Id { get; init; }

    /// <inheritdoc/>
    public override ProfileDecision Decide(Profile profile, AccountId? holder) => RemovePaymentMethodHandler.Handle(this, profile);
}

/// <summary>Removes payment methods.</summary>
public static class RemovePaymentMethodHandler
{
    /// <summary>Where the default goes, the newest of the others takes its place.</summary>
    public static ProfileDecision Handle(RemovePaymentMethod command, Profile profile)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(profile);
        var events = ImmutableArray.CreateBuilder<ProfileEvent>();
        if (command.Id is not { } id)
        {
            foreach (var method in profile.Methods) events.Add(new PaymentMethodRemoved { Id = method.Id });
            return new ProfileDecision(events.ToImmutable());
        }

        if (profile.Find(id) is null) return ProfileDecision.Refuse(new PaymentMethodNotFound(id));
        events.Add(new PaymentMethodRemoved { Id = id });
        string? newest = null;
        foreach (var method in profile.Methods)
        {
            if (method.Id != id) newest = method.Id;
        }

        if (profile.Default == id && newest is not null) events.Add(new PaymentMethodPreferred { Id = newest });
        return new ProfileDecision(events.ToImmutable());
    }
}
