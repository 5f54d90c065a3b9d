using Ledger.Domain.Accounts;

namespace Ledger.Domain.Quotas;

/// <summary>Says what an account wants to hear of.</summary>
public sealed record SetAlerts : QuotaCommand
{
    /// <summary>All of it; levels in any order, none twice.</summary>
    public required AlertSettings Settings { get; init; }

    /// <inheritdoc/>
    public override QuotaDecision Decide(QuotaStates states, DateTimeOffset now) => SetAlertsHandler.Handle(this, states, now);
}

/// <summary>Sets alerts.</summary>
public static class SetAlertsHandler
{
    /// <summary>What is crossed already is raised at once. The same settings again change nothing.</summary>
    public static QuotaDecision Handle(SetAlerts command, QuotaStates states, DateTimeOffset now)
    {
        if (!states.Account.Exists) return QuotaDecision.Refuse(new AccountNotFound(command.Account));
        var draft = new QuotaDraft(command, states, now);
        if (draft.IsOutdated) return new QuotaDecision.Outdated();
        if (Check(command.Settings) is { } wrong) return QuotaDecision.Refuse(wrong);
        if (states.Account.Status == AccountStatus.Closed) return QuotaDecision.Refuse(new AccountIsClosed(command.Account));
        var settings = new AlertSettings([.. command.Settings.LowBalance.OrderByDescending(level => level)], [.. command.Settings.QuotaPercent.Order()]);
        if (settings == states.Quota.Alerts) return draft.Done();
        draft.Add(new AlertsSet { Settings = settings });
        SettleQuotaHandler.Settle(draft);
        return draft.Done();
    }

    private static InvalidRequest? Check(AlertSettings settings)
    {
        if (settings.LowBalance.Count > AlertSettings.LevelsMax) return new("lowBalance", $"must have at most {Metrics.Text(AlertSettings.LevelsMax)} levels");
        if (settings.QuotaPercent.Count > AlertSettings.LevelsMax) return new("quotaPercent", $"must have at most {Metrics.Text(AlertSettings.LevelsMax)} percentages");
        if (settings.LowBalance.Any(level => !level.IsPositive || level > Credits.AmountMax || level.Scale > Credits.ScaleMax)) return new("lowBalance", "must have levels of more than 0 with at most 6 decimals");
        if (settings.QuotaPercent.Any(percent => percent is < 1 or > AlertSettings.PercentMax)) return new("quotaPercent", $"must have percentages between 1 and {Metrics.Text(AlertSettings.PercentMax)}");
        if (settings.LowBalance.Distinct().Count() < settings.LowBalance.Count) return new("lowBalance", "must not have a level twice");
        return settings.QuotaPercent.Distinct().Count() < settings.QuotaPercent.Count ? new("quotaPercent", "must not have a percentage twice") : null;
    }
}
