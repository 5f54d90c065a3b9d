namespace Ledger.Domain.Profiles;

/// <summary>The personal data of an account was erased beside the events.</summary>
public sealed record ErasePersonalData : ProfileCommand
{
    /// <inheritdoc/>
    public override ProfileDecision Decide(Profile profile, AccountId? holder) => ErasePersonalDataHandler.Handle(this, profile);
}

/// <summary>Notes erasures.</summary>
public static class ErasePersonalDataHandler
{
    /// <summary>Each erasure is noted, so that it can be shown when it was done.</summary>
    public static ProfileDecision Handle(ErasePersonalData command, Profile profile)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(profile);
        return new([new PersonalDataErased()]);
    }
}
