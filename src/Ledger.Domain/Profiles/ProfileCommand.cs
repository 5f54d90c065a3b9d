using System.Collections.Immutable;

namespace Ledger.Domain.Profiles;

/// <summary>A command on the profile of an account.</summary>
public abstract record ProfileCommand
{
    private protected ProfileCommand()
    {
    }

    /// <summary>The account.</summary>
    public required AccountId Account { get; init; }

    /// <summary>The provider's method that it is about, <c>stripe:pm_...</c>; null where it is about none that may be new.</summary>
    public virtual string? MethodName => null;

    /// <summary>Hands the command to its handler.</summary>
    /// <param name="profile">The account's profile.</param>
    /// <param name="holder">The account that has <see cref="MethodName"/> now; null for none.</param>
    public abstract ProfileDecision Decide(Profile profile, AccountId? holder);
}

/// <summary>What a command on a profile comes to.</summary>
/// <param name="Events">What happened; none where nothing had to change.</param>
/// <param name="Refusal">Why it was refused; null where it was not.</param>
public sealed record ProfileDecision(ImmutableArray<ProfileEvent> Events, Refusal? Refusal = null)
{
    /// <summary>Nothing has to change.</summary>
    public static ProfileDecision Nothing { get; } = new([]);

    /// <summary>Refused; nothing is appended.</summary>
    public static ProfileDecision Refuse(Refusal refusal) => new([], refusal);
}

/// <summary>The account keeps no such payment method (404).</summary>
public sealed record PaymentMethodNotFound(string Id) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => "This account keeps no such payment method. Take the id from the list of them.";
}
