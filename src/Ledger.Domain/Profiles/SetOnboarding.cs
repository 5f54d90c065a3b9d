namespace Ledger.Domain.Profiles;

/// <summary>The app says how far the account's owner has come.</summary>
public sealed record SetOnboarding : ProfileCommand
{
    /// <summary>Whether nothing is left to do.</summary>
    public required bool Complete { get; init; }

    /// <inheritdoc/>
    public override ProfileDecision Decide(Profile profile, AccountId? holder) => SetOnboardingHandler.Handle(this, profile);
}

/// <summary>Keeps how far owners have come.</summary>
public static class SetOnboardingHandler
{
    /// <summary>Nothing where it is as it was.</summary>
    public static ProfileDecision Handle(SetOnboarding command, Profile profile)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(profile);
        return profile.IsOnboarded == command.Complete ? ProfileDecision.Nothing : new([new OnboardingChanged { Complete = command.Complete }]);
    }
}
