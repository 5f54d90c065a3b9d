namespace Ledger.Domain.Quotas;

/// <summary>So much more would pass the limit (409).</summary>
/// <param name="Metric">The metric, by the name that was used.</param>
/// <param name="Limit">The limit.</param>
/// <param name="Used">What is used.</param>
public sealed record QuotaExceeded(string Metric, Credits Limit, Credits Used) : Refusal
{
    /// <summary>What may still be used; never below 0.</summary>
    public Credits Remaining => Credits.Max(Credits.Zero, Limit - Used);

    /// <inheritdoc/>
    public override string Detail => $"Of {Metric}, {Used} of {Limit} is used and {Remaining} remains. Use less, wait until it is counted anew, or choose a plan with a higher limit.";
}

/// <summary>A level would fall below nothing (409).</summary>
/// <param name="Metric">The metric, by the name that was used.</param>
/// <param name="Level">How much it is.</param>
public sealed record LevelTooLow(string Metric, Credits Level) : Refusal
{
    /// <inheritdoc/>
    public override string Detail => $"Of {Metric}, {Level} stands in this category, and no more can go off. Set the level with mode set.";
}
