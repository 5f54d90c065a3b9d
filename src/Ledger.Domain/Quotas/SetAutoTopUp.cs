using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Quotas;

/// <summary>Says when an account's credits are bought by themselves, and which.</summary>
public sealed record SetAutoTopUp : QuotaCommand
{
    /// <summary>All of it; the price is that of the catalogue at this time. What only turns it off may leave the package out (an empty text): then all stays as it was set, but off.</summary>
    public required AutoTopUp Settings { get; init; }

    /// <inheritdoc/>
    public override string? Package => Settings.Package.Length > 0 ? Settings.Package : null;

    /// <inheritdoc/>
    public override QuotaDecision Decide(QuotaStates states, DateTimeOffset now) => SetAutoTopUpHandler.Handle(this, states, now);
}

/// <summary>Sets auto top-ups.</summary>
public static class SetAutoTopUpHandler
{
    /// <summary>Agrees on the price as it is now. Where too little is available already, the first one begins at once. Setting it again ends the wait after tries in vain, and after money that went back. Turned off it can be at any time, whatever the catalogue sells; a charge that the provider was not asked for yet is called off by that.</summary>
    public static QuotaDecision Handle(SetAutoTopUp command, QuotaStates states, DateTimeOffset now)
    {
        if (!states.Account.Exists) return QuotaDecision.Refuse(new AccountNotFound(command.Account));
        var draft = new QuotaDraft(command, states, now);
        if (draft.IsOutdated) return new QuotaDecision.Outdated();
        var asked = command.Settings;
        if (asked.Threshold.IsNegative || asked.Threshold > Credits.AmountMax) return QuotaDecision.Refuse(new InvalidAmount("threshold", $"must be between 0 and {Credits.AmountMax}"));
        if (asked.Threshold.Scale > states.Account.Scale) return QuotaDecision.Refuse(new InvalidAmount("threshold", $"may have at most {Metrics.Text(states.Account.Scale)} decimals on this account"));
        if (!asked.Enabled) return TurnOff(draft, asked, states);
        if (states.Package is not { Entry: Package package } item) return QuotaDecision.Refuse(new EntryNotFound(ItemKind.Package, asked.Package));
        if (states.Account.Status == AccountStatus.Closed) return QuotaDecision.Refuse(new AccountIsClosed(command.Account));
        if (!item.IsForSale) return QuotaDecision.Refuse(new EntryConflict($"{package.Name} ({item.Id}) is not sold now. Take another one from the list of what is active.", item.IsArchived ? "archived" : "inactive"));
        if (TopUps.Objection(package, asked.Quantity, states.Account) is { } objection) return QuotaDecision.Refuse(new InvalidRequest("item", objection));
        var settings = asked with { Price = package.Price with { Amount = package.Price.Amount * asked.Quantity } };
        if (settings == states.Quota.AutoTopUp && states.Quota.TopUp.Failures == 0 && TopUps.TakenBack(draft) is null) return draft.Done();
        draft.Add(new AutoTopUpSet { Settings = settings });
        SettleQuotaHandler.Settle(draft);
        return draft.Done();
    }

    private static QuotaDecision TurnOff(QuotaDraft draft, AutoTopUp asked, QuotaStates states)
    {
        var known = states.Quota.AutoTopUp;
        AutoTopUp? settings;
        if (asked.Package.Length == 0) settings = known is null ? null : known with { Enabled = false };
        else if (states.Package is { Entry: Package package } && TopUps.Objection(package, asked.Quantity, states.Account) is null) settings = asked with { Price = package.Price with { Amount = package.Price.Amount * asked.Quantity } };
        else if (known is not null) settings = asked with { Package = known.Package, Quantity = known.Quantity, Price = known.Price };
        else return QuotaDecision.Refuse(new EntryNotFound(ItemKind.Package, asked.Package));
        if (settings is null || settings == known) return draft.Done();
        TopUps.CallOff(draft);
        draft.Add(new AutoTopUpSet { Settings = settings });
        SettleQuotaHandler.Settle(draft);
        return draft.Done();
    }
}
