using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>What came of a call to the provider. What the provider answered is a fact of its own.</summary>
public sealed record RecordSubscriptionCall : SubscriptionCommand
{
    /// <summary>Which action it was, by its version.</summary>
    public required long Action { get; init; }

    /// <summary>What the provider, or the way to it, said; null where it was done.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the provider won't do it, now or later.</summary>
    public bool IsFinal { get; init; }

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => RecordSubscriptionCallHandler.Handle(this, draft, plan);
}

/// <summary>Keeps what came of calls.</summary>
public static class RecordSubscriptionCallHandler
{
    /// <summary>The longest wait between two tries.</summary>
    public static readonly TimeSpan PauseMax = TimeSpan.FromHours(1);

    /// <summary>The first wait; each try doubles it.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>Waits ever longer; what the provider refuses for good is given up, and shown.</summary>
    public static SubscriptionDecision Handle(RecordSubscriptionCall command, BillingDraft draft, CatalogItem? plan)
    {
        var subscription = new SubscriptionDraft(draft, command.Subscription);
        var state = subscription.State;
        if (!state.Exists) return SubscriptionDecision.Refuse(new SubscriptionNotFound(command.Subscription));
        if (state.Asking is not { } asked || asked.Version != command.Action) return new SubscriptionDecision.Nothing("nothing waits for this call any more");
        if (command.Reason is not { } reason) subscription.Add(new SubscriptionCallDone { Action = command.Action });
        else if (command.IsFinal) subscription.Add(new SubscriptionCallRefused { Action = command.Action, Reason = reason });
        else subscription.Add(new SubscriptionCallTried { Action = command.Action, Reason = reason, NextAt = draft.Now + After(state.Tries) });

        // What was to be changed at once is changed now that the provider has done it; what it refused stays as it was.
        if (command.Reason is null && asked.Plan is not null) ChangeSubscriptionHandler.Apply(subscription, asked);
        if (asked.Kind == ProviderActionKind.Ask && (command.Reason is null || command.IsFinal) && subscription.State is { Status: SubscriptionStatus.PastDue } now && now.GraceEndsAt <= draft.Now) SettleSubscriptionHandler.EndGrace(subscription);
        return SubscriptionDecision.Accept;
    }

    private static TimeSpan After(int tries) => tries >= 11 ? PauseMax : TimeSpan.FromTicks(Math.Min(PauseMax.Ticks, Pause.Ticks << tries));
}
