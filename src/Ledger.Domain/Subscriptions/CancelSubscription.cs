using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>Ends a subscription.</summary>
public sealed record CancelSubscription : SubscriptionCommand
{
    /// <summary>When: at once, or with its period.</summary>
    public required ChangeWhen When { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => CancelSubscriptionHandler.Handle(this, draft, plan);
}

/// <summary>Ends subscriptions.</summary>
public static class CancelSubscriptionHandler
{
    /// <summary>Ends it at once, or with its period. Credits that it gave stay until their own end. One whose end is known already changes nothing.</summary>
    public static SubscriptionDecision Handle(CancelSubscription command, BillingDraft draft, CatalogItem? plan)
    {
        if (SettleSubscriptionHandler.Ready(command, draft, out var subscription) is { } notNow) return SubscriptionDecision.Refuse(notNow);
        var state = subscription.State;
        if (state.HasEnded) return SubscriptionDecision.Refuse(new SubscriptionConflict("It has ended already, for good.", state.Status));
        // What has not begun, or whose period is over, has no end of a period to wait for.
        if (command.When == ChangeWhen.Now || state.Status == SubscriptionStatus.Incomplete || state.CurrentPeriodEnd <= draft.Now)
        {
            subscription.End(SubscriptionStatus.Canceled, command.Reason);
            return SubscriptionDecision.Accept;
        }

        if (state.CancelAtPeriodEnd) return new SubscriptionDecision.Nothing("it ends with its period already");
        if (state.CurrentPeriodEnd is null) return SubscriptionDecision.Refuse(new SubscriptionConflict("A lifetime has no end of a period. Cancel it now.", state.Status));
        if (state.IsTrialPaid) return SubscriptionDecision.Refuse(new SubscriptionConflict("The period after the trial is paid. Cancel it with that period once it has begun, or refund the payment, or cancel it now.", state.Status));
        if (state is { IsChangeBeingAsked: true, Scheduled: { } scheduled }) return SubscriptionDecision.Refuse(new SubscriptionConflict($"{state.Provider} is being asked for the change to {scheduled.Plan.Terms.Name} ({scheduled.Plan.Id}). Send this again once the next period has begun, or cancel it now.", state.Status));
        if (state.Scheduled is not null)
        {
            subscription.Add(new ChangeUnscheduled());
            if (!state.ChangesLength) subscription.Ask(ProviderActionKind.Change, state.Plan.Terms.PriceAt(state.Provider), state.Seats);
        }

        subscription.Add(new CancellationScheduled { Reason = command.Reason });
        subscription.Ask(ProviderActionKind.CancelAtPeriodEnd);
        return SubscriptionDecision.Accept;
    }
}
