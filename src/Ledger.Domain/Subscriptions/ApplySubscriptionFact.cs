using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Subscriptions;

/// <summary>A provider told how a subscription stands. It is safe to apply twice and late; it is never refused for an account's state. Its plan is the one that the provider's price leads to, where one does.</summary>
public sealed record ApplySubscriptionFact : SubscriptionCommand
{
    /// <summary>What was told.</summary>
    public required SubscriptionTold Fact { get; init; }

    /// <summary>The tenant that it came for, as clients name it.</summary>
    public required string Tenant { get; init; }

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => ApplySubscriptionFactHandler.Handle(this, draft, plan);
}

/// <summary>Applies what providers tell of subscriptions.</summary>
public static class ApplySubscriptionFactHandler
{
    /// <summary>The newest by the provider's clock wins. It moves the status, the period and the seats, and grants nothing: a paid invoice does.</summary>
    public static SubscriptionDecision Handle(ApplySubscriptionFact command, BillingDraft draft, CatalogItem? plan)
    {
        var fact = command.Fact;
        var subscription = new SubscriptionDraft(draft, command.Subscription);
        if (PlanTelling.Objection(subscription, fact, command.Tenant, fact.SubscriptionId) is { } instead) return instead;
        var item = fact.Items.Count == 0 ? null : fact.Items[0];
        if (!subscription.State.Exists)
        {
            if (fact.Status is ToldSubscriptionStatus.Canceled or ToldSubscriptionStatus.IncompleteExpired) return new SubscriptionDecision.Nothing("it has ended, and the ledger never knew it");
            if (PlanTelling.Open(subscription, fact, plan, item?.PriceId, item?.Quantity) is { } unopened) return unopened;
        }

        var state = subscription.State;
        if (IsOld(state, fact)) return new SubscriptionDecision.Nothing("newer news of it are known");
        SettleSubscriptionHandler.Settle(subscription);
        PlanTelling.Learn(subscription, new(fact.SubscriptionId, fact.Refs.CustomerId, item?.ItemId), fact.At);
        if (Told(subscription, fact, item, plan) is { } waits) return waits;
        // Its next answer decides; where it has yet to be told something, it gives one anyway.
        if (IsInDoubt(state, fact) && subscription.State is { IsLive: true, Asks.Count: 0 }) subscription.Ask(ProviderActionKind.Ask);
        return subscription.Done("nothing in it is new");
    }

    // Of what was told in one second, what is further on is the newer.
    private static bool IsOld(Subscription state, SubscriptionTold fact) =>
        state.ToldAt is { } known && fact.At is { } at && (at < known || (at == known && Rank(fact.Status) < Rank(state.Status)));

    // Of two that are as far on and were told in one second, either may be how it stands: the later to come holds until its provider has been asked.
    private static bool IsInDoubt(Subscription state, SubscriptionTold fact) =>
        fact.At is { } at && at == state.ToldAt && Rank(fact.Status) == Rank(state.Status) && fact.Status switch
        {
            ToldSubscriptionStatus.Active => state.Status != SubscriptionStatus.Active,
            ToldSubscriptionStatus.PastDue or ToldSubscriptionStatus.Unpaid => state.Status != SubscriptionStatus.PastDue,
            ToldSubscriptionStatus.Paused => state.Status != SubscriptionStatus.Paused,
            _ => false,
        };

    private static SubscriptionDecision.Waits? Told(SubscriptionDraft subscription, SubscriptionTold fact, SubscriptionItemTold? item, CatalogItem? plan)
    {
        var state = subscription.State;
        if (fact.Status is ToldSubscriptionStatus.Canceled or ToldSubscriptionStatus.IncompleteExpired)
        {
            if (!state.HasEnded) subscription.End(fact.Status == ToldSubscriptionStatus.Canceled || state.IsLive ? SubscriptionStatus.Canceled : SubscriptionStatus.IncompleteExpired, fact.CancelReason, isTold: true);
            return null;
        }

        if (fact.Status == ToldSubscriptionStatus.Incomplete) return null;

        // What has ended here ends there too, once that has been told; where it still runs there and nothing is on its way, it is told again, for it goes on to charge. Only what never began may still begin.
        if (state.Status is SubscriptionStatus.Canceled or SubscriptionStatus.Expired)
        {
            if (state.Asks.Count == 0) subscription.Ask(ProviderActionKind.CancelNow);
            return null;
        }

        if (subscription.AccountIsClosed)
        {
            if (!state.HasEnded) subscription.EndForClosed();
            return null;
        }

        if (!state.IsLive && fact.Status == ToldSubscriptionStatus.Paused) return null;
        if (PlanTelling.Take(subscription) is { } waits) return waits;
        Stand(subscription, fact, item, plan);
        if (!subscription.State.IsToBeTold) Wishes(subscription, fact, item, plan);
        return null;
    }

    private static void Stand(SubscriptionDraft subscription, SubscriptionTold fact, SubscriptionItemTold? item, CatalogItem? plan)
    {
        if (fact.Status == ToldSubscriptionStatus.Trialing && fact.TrialEnd is { } end)
        {
            if (subscription.State.Status != SubscriptionStatus.Trialing || subscription.State.TrialEnd != end) subscription.Add(new TrialStarted { Start = fact.TrialStart ?? subscription.Now, End = end });
            if (fact.TrialEndsSoon && !subscription.State.IsTrialEndAnnounced) subscription.Add(new TrialEndAnnounced { End = end });
            return;
        }

        PlanTelling.Move(subscription, item?.PeriodStart, item?.PeriodEnd, item?.PriceId, plan);
        if (!subscription.State.IsLive || (fact.Status == ToldSubscriptionStatus.Active && subscription.State.Period == 0)) subscription.First(subscription.Now, null, containsNow: true); // it runs, and does not say since when
        var state = subscription.State;
        switch (fact.Status)
        {
            // Who was resumed or paid is told with the period that runs; what was said of one that is over may be late.
            case ToldSubscriptionStatus.Active when state.Status == SubscriptionStatus.PastDue && !(item?.PeriodEnd <= subscription.Now):
            case ToldSubscriptionStatus.Active when state.Status == SubscriptionStatus.Paused && !state.IsToBeTold:
                subscription.Add(new SubscriptionResumed());
                break;
            case ToldSubscriptionStatus.PastDue or ToldSubscriptionStatus.Unpaid when state.Status is SubscriptionStatus.Active or SubscriptionStatus.Trialing:
                subscription.PastDue(subscription.Now, fact.ChargeFailure ?? "its provider says that a payment is missing");
                break;
            case ToldSubscriptionStatus.Paused when state.Status != SubscriptionStatus.Paused && !state.IsToBeTold:
                subscription.Add(new SubscriptionPaused());
                break;
        }
    }

    // What somebody wants of it at the provider's own pages. While the provider has yet to be told something from here, what it says of that is old.
    private static void Wishes(SubscriptionDraft subscription, SubscriptionTold fact, SubscriptionItemTold? item, CatalogItem? plan)
    {
        var state = subscription.State;
        var ends = fact.CancelAtPeriodEnd || (fact.CancelAt is { } at && item?.PeriodEnd is { } end && at <= end);
        if (ends && !state.CancelAtPeriodEnd) subscription.Add(new CancellationScheduled { Reason = fact.CancelReason, CanceledAt = fact.CanceledAt });
        if (!ends && state.CancelAtPeriodEnd) subscription.Add(new CancellationUndone());

        if (item?.PriceId is not { } price || state.Scheduled?.Plan.Terms.PriceAt(state.Provider) == price) return;
        var current = state.Plan.Terms.PriceAt(state.Provider) == price ? state.Plan : PinnedPlan.Of(plan) is { } other && other.Terms.PriceAt(state.Provider) == price ? other : null;
        if (current is null) return;
        var seats = PlanTerms.SeatsTold(current.Terms, item.Quantity, state.Seats);
        if (current.Id != state.Plan.Id || current.Version != state.Plan.Version || seats != state.Seats)
        {
            // What the plan that is left gave in this period still counts, should somebody come back to it.
            subscription.Add(new PlanChanged { Plan = current, Seats = seats, Extra = current.Id == state.Plan.Id || state.Period == 0 ? null : new(state.Plan, current.Id, Credits.Zero) });
            // Other seats there take nothing from what waits here for the end of the period.
            if (current.Id == state.Plan.Id && state is { ChangesLength: true, Scheduled.Plan: var later }) subscription.Add(new ChangeScheduled { Plan = later, Seats = PlanTerms.SeatsOf(later.Terms, seats) });
        }
    }

    private static int Rank(ToldSubscriptionStatus status) => status switch
    {
        ToldSubscriptionStatus.Incomplete => 0,
        ToldSubscriptionStatus.Trialing => 1,
        ToldSubscriptionStatus.Canceled or ToldSubscriptionStatus.IncompleteExpired => 3,
        _ => 2,
    };

    private static int Rank(SubscriptionStatus status) => status switch
    {
        SubscriptionStatus.Incomplete => 0,
        SubscriptionStatus.Trialing => 1,
        SubscriptionStatus.Active or SubscriptionStatus.PastDue or SubscriptionStatus.Paused => 2,
        _ => 3,
    };
}
