using Ledger.Domain.Accounts;

namespace Ledger.Domain.Quotas;

/// <summary>An account gets a limit of its own for a metric, or loses it.</summary>
public sealed record OverrideLimit : QuotaCommand
{
    /// <summary>The metric, by any of its names.</summary>
    public required string Metric { get; init; }

    /// <summary>The limit, 0 or more, at most 6 decimals; null: that of the plan holds again.</summary>
    public Credits? Limit { get; init; }

    /// <inheritdoc/>
    public override QuotaDecision Decide(QuotaStates states, DateTimeOffset now) => OverrideLimitHandler.Handle(this, states, now);
}

/// <summary>Sets limits of accounts.</summary>
public static class OverrideLimitHandler
{
    /// <summary>The same limit again changes nothing. What is used beyond a lower limit stays; alerts follow the new limit at once.</summary>
    public static QuotaDecision Handle(OverrideLimit command, QuotaStates states, DateTimeOffset now)
    {
        if (!states.Account.Exists) return QuotaDecision.Refuse(new AccountNotFound(command.Account));
        var draft = new QuotaDraft(command, states, now);
        if (draft.IsOutdated) return new QuotaDecision.Outdated();
        if (command.Limit is { } limit)
        {
            if (limit.IsNegative || limit > Metrics.MaxOf(command.Metric)) return QuotaDecision.Refuse(new InvalidAmount("limit", $"must be between 0 and {Metrics.MaxOf(command.Metric)}"));
            if (limit.Scale > Credits.ScaleMax) return QuotaDecision.Refuse(new InvalidAmount("limit", "may have at most 6 decimals"));
        }

        if (states.Account.Status == AccountStatus.Closed) return QuotaDecision.Refuse(new AccountIsClosed(command.Account));
        var metric = Metrics.Metered(command.Metric);
        Credits? wanted = command.Limit is { } asked ? Metrics.ToMetered(command.Metric, asked) : null;
        var known = states.Quota.OverrideOf(metric);
        if (wanted == known) return draft.Done();
        if (known is null && states.Quota.Overrides.Count >= Quota.MetricsMax) return QuotaDecision.Refuse(new LimitReached("metrics with a limit of their own", Quota.MetricsMax));
        draft.Add(new LimitOverridden { Metric = metric, Limit = wanted });
        SettleQuotaHandler.Settle(draft);
        return draft.Done();
    }
}
