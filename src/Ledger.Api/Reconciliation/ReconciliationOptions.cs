namespace Ledger.Api.Reconciliation;

/// <summary>The daily comparison; <c>Reconciliation__...</c> in the environment.</summary>
public sealed record ReconciliationOptions
{
    /// <summary>Whether it is made.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The time of the UTC day from which on it is made, once over all nodes.</summary>
    public TimeSpan At { get; init; } = TimeSpan.FromHours(3);

    /// <summary>How many whole UTC days before it covers, 1 to 92: what providers and our inbox try again for days has come to an end by then.</summary>
    public int Days { get; init; } = 3;

    /// <summary>Whether it puts right what is safe. Else it only tells.</summary>
    public bool Apply { get; init; }

    /// <summary>How often each node looks whether it is due.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>For how many days what was found is kept.</summary>
    public int KeptDays { get; init; } = 400;
}
