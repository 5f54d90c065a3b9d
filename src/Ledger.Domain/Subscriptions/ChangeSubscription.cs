using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;

namespace Ledger.Domain.Subscriptions;

/// <summary>Another plan, other seats. Without a plan's id the plan stays, as it is pinned.</summary>
public sealed record ChangeSubscription : SubscriptionCommand
{
    /// <summary>When: at once, or with the next period.</summary>
    public required ChangeWhen When { get; init; }

    /// <summary>Whether a provider that charges the periods by itself settles the rest of this one.</summary>
    public bool Prorate { get; init; } = true;

    /// <summary>How many people use it; null for as many as now, where the plan is for so many.</summary>
    public int? Seats { get; init; }

    /// <summary>Whether the caller may give a plan that costs something.</summary>
    public bool MayGivePaid { get; init; }

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => ChangeSubscriptionHandler.Handle(this, draft, plan);
}

/// <summary>Changes plans and seats.</summary>
public static class ChangeSubscriptionHandler
{
    // A provider that is asked for another length of periods needs some time for it.
    private static readonly TimeSpan AskedBefore = TimeSpan.FromMinutes(5);

    /// <summary>
    /// At once: a dearer plan gives what is left of the difference, once for each plan and period; a cheaper one is refused unless what the dearer one gave is untouched, and takes that back. With the next period: nothing changes until then.
    /// The period and where periods are counted from stay; where the new plan's are of another length, they are counted from the next one on.
    /// </summary>
    public static SubscriptionDecision Handle(ChangeSubscription command, BillingDraft draft, CatalogItem? plan)
    {
        if (SettleSubscriptionHandler.Ready(command, draft, out var subscription) is { } notNow) return SubscriptionDecision.Refuse(notNow);
        var state = subscription.State;
        if ((command.PlanId is null ? state.Plan : PinnedPlan.Of(plan)) is not { } target) return SubscriptionDecision.Refuse(new EntryNotFound(ItemKind.Plan, command.PlanId ?? ""));
        if (PlanTerms.Seats(target.Terms, command.Seats, state.Seats, out var seats) is { } wrong) return SubscriptionDecision.Refuse(wrong);
        var order = PlanTerms.Compare(target.Terms, seats, state.Plan.Terms, state.Seats);
        if (order > 0 && state.Provider == Subscription.Manual && !command.MayGivePaid) return SubscriptionDecision.Refuse(new PaidPlanNotAllowed());
        var isSame = target.Id == state.Plan.Id && target.Version == state.Plan.Version;
        if (Stands(command, subscription, plan, target, seats, order, isSame) is { } refused) return SubscriptionDecision.Refuse(refused);
        if (isSame && seats == state.Seats)
        {
            if (state.Scheduled is null) return new SubscriptionDecision.Nothing("it has this plan and these seats already");
            subscription.Add(new ChangeUnscheduled());
            if (!state.ChangesLength) subscription.Ask(ProviderActionKind.Change, target.Terms.PriceAt(state.Provider), seats);
            return SubscriptionDecision.Accept;
        }

        if (command.When == ChangeWhen.PeriodEnd)
        {
            subscription.Add(new ChangeScheduled { Plan = target, Seats = seats });
            if (!subscription.State.ChangesLength) subscription.Ask(ProviderActionKind.Change, target.Terms.PriceAt(state.Provider), seats);
            else
            {
                if (state is { Scheduled: not null, ChangesLength: false }) subscription.Ask(ProviderActionKind.Change, state.Plan.Terms.PriceAt(state.Provider), state.Seats); // what was asked for before it
                // Its provider refused what it was asked for in time: who wants it again, or another one, has it asked for at once.
                if (state.ChangeAskedIn == state.Period) subscription.Ask(ProviderActionKind.Change, target.Terms.PriceAt(state.Provider), seats, notAfter: state.CurrentPeriodEnd);
            }

            return SubscriptionDecision.Accept;
        }

        // What the provider has to charge for takes effect once it has: a card that is declined buys no dearer plan.
        if (state.RenewsAtProvider) subscription.Ask(ProviderActionKind.Change, target.Terms.PriceAt(state.Provider), seats, command.Prorate && state.Status != SubscriptionStatus.Trialing, target);
        else if (Now(subscription, target, seats, order) is { } touched) return SubscriptionDecision.Refuse(touched);
        return SubscriptionDecision.Accept;
    }

    /// <summary>The provider has done a change at once: it takes effect here too.</summary>
    internal static void Apply(SubscriptionDraft subscription, ProviderAction done)
    {
        var state = subscription.State;
        if (done.Plan is not { } target || !state.IsLive || (state.Plan == target && state.Seats == done.Seats)) return;
        var order = PlanTerms.Compare(target.Terms, done.Seats, state.Plan.Terms, state.Seats);
        // Nothing hangs on a period whose payment has yet to come: its invoice brings what belongs to the plan then.
        if (subscription.AccountIsClosed || state.GrantedPeriod < state.Period || Now(subscription, target, done.Seats, order) is not null) subscription.Add(new PlanChanged { Plan = target, Seats = done.Seats });
    }

    // Whether how it stands allows it at all.
    private static Refusal? Stands(ChangeSubscription command, SubscriptionDraft subscription, CatalogItem? plan, PinnedPlan target, int? seats, int order, bool isSame)
    {
        var state = subscription.State;
        SubscriptionConflict Conflict(string what) => new(what, state.Status);
        if (!isSame && plan is { IsForSale: false }) return new EntryConflict($"{target.Terms.Name} ({target.Id}) is not sold now. Take another one from the list of what is active.", plan.IsArchived ? "archived" : "inactive");
        if (subscription.AccountIsClosed) return new AccountIsClosed(state.Account);
        if (state.Status is not (SubscriptionStatus.Active or SubscriptionStatus.Trialing))
        {
            return Conflict(state.Status switch
            {
                SubscriptionStatus.PastDue => "A payment is missing. The plan can be changed once that has come.",
                SubscriptionStatus.Paused => "It is paused. Resume it first.",
                SubscriptionStatus.Incomplete => "Its first payment is open. Finish that, or start another one.",
                _ => "It has ended. Start another one.",
            });
        }

        if (state.RenewsAtProvider && target.Terms.PriceAt(state.Provider) is null) return Conflict($"{target.Terms.Name} ({target.Id}) has no price at {state.Provider}, which charges this subscription. Name one among its providerRefs, or cancel and start anew.");
        if (state.Changing is { Plan: { } wanted }) return Conflict($"{state.Provider} is being asked for the change to {wanted.Terms.Name} ({wanted.Id}). Send this again once it has answered.");
        if (state is { IsChangeBeingAsked: true, Scheduled: { } scheduled }) return Conflict($"{state.Provider} is being asked for the change to {scheduled.Plan.Terms.Name} ({scheduled.Plan.Id}). Send this again once the next period has begun.");
        if (state.IsTrialPaid && order > 0) return Conflict("The period after the trial is paid already, and the difference can't be charged. Change the plan once that has begun.");
        if (command.When == ChangeWhen.Now && state.RenewsAtProvider && Periods.Months(target.Terms.Interval) < Periods.Months(state.Interval) && state.Status == SubscriptionStatus.Active && target.Terms.Interval != PlanInterval.Lifetime)
        {
            return Conflict($"{state.Provider} can't go over to shorter periods without ending the one that is paid. Change with the end of the period.");
        }

        var isPaidAhead = !state.RenewsAtProvider && state.Provider != Subscription.Manual;
        if (command.When == ChangeWhen.PeriodEnd)
        {
            if (state.CurrentPeriodEnd is null) return Conflict("A lifetime has no end of a period. Cancel it now, and start another one.");
            if (state.CancelAtPeriodEnd) return Conflict("It ends with its period. Resume it first, then change it.");
            if (state.Status == SubscriptionStatus.Active && target.Id == state.Plan.Id && !(isSame && seats == state.Seats) && target.Terms.Interval == PlanInterval.Fixed && state.Plan.Terms.Interval == PlanInterval.Fixed)
            {
                return Conflict("It is a fixed term, and the same plan does not follow it. Change it now, or take another plan with its end.");
            }

            if (!state.RenewsAtProvider || target.Terms.Interval == state.Interval || state.Status != SubscriptionStatus.Active) return null;
            if (target.Terms.Interval == PlanInterval.Lifetime) return Conflict($"{state.Provider} charges no lifetime. Cancel with the end of the period, and start the other plan then.");
            return state.CurrentPeriodEnd - subscription.Now < AskedBefore ? Conflict($"The period ends in a moment, and {state.Provider} has to be asked before. Send this again once the next one has begun.") : null;
        }

        if (state.GrantedPeriod < state.Period) return Conflict("The payment of the running period has not come yet. Change the plan once it has.");
        if (state.Status == SubscriptionStatus.Trialing) return null;
        if (!isSame && (target.Terms.Interval == PlanInterval.Lifetime) != (state.Plan.Terms.Interval == PlanInterval.Lifetime)) return Conflict("A lifetime neither begins nor ends within a period. Change with the end of the period, or cancel and start another one.");
        if (target.Terms.TermDays != state.Plan.Terms.TermDays) return Conflict("A fixed term neither begins nor ends within a period. Change with the end of the period, or cancel and start another one.");
        if (target.Terms.Price.Currency != state.Plan.Terms.Price.Currency && state.Price.Amount > 0 && target.Terms.PriceOf(seats).Amount > 0) return Conflict("The currency can't change within a period. Change with the end of the period.");
        return isPaidAhead && order > 0 ? Conflict($"The period is paid ahead by {state.Provider}, and the difference can't be charged. Change with the end of the period: the next payment is for the new plan.") : null;
    }

    private static SubscriptionConflict? Now(SubscriptionDraft subscription, PinnedPlan target, int? seats, int order)
    {
        var state = subscription.State;
        // More or fewer seats, another version, or a trial: no credits hang on it.
        if (state.Status == SubscriptionStatus.Trialing || target.Id == state.Plan.Id)
        {
            subscription.Add(new PlanChanged { Plan = target, Seats = seats });
            return null;
        }

        var (from, fromSeats, undone) = (state.Plan, state.Seats, 0);
        for (var at = state.Extras.Count - 1; PlanTerms.Compare(target.Terms, seats, from.Terms, fromSeats) < 0; at--)
        {
            while (at >= 0 && state.Extras[at].IsUndone) at--;
            if (at < 0 || state.Extras[at].To != from.Id || Revoke(subscription, state.Extras[at]) is not null)
            {
                return new($"{target.Terms.Name} costs less, and the credits of {from.Terms.Name} came with this period. Change with the end of the period.", state.Status);
            }

            (from, fromSeats, undone) = (state.Extras[at].From, PlanTerms.SeatsOf(state.Extras[at].From.Terms, fromSeats), undone + 1);
        }

        subscription.Add(new PlanChanged { Plan = target, Seats = seats, Extra = from.Id == target.Id ? null : Extra(subscription, state, from, target, undone, order > 0 || undone > 0), Undone = undone });
        return null;
    }

    private static Refusal? Revoke(SubscriptionDraft subscription, ExtraGrant extra) =>
        extra.Lot is { } lot ? subscription.Billing.Run(new RevokeExtra { Account = subscription.State.Account, Lot = lot, Amount = extra.Amount }, out _) : null;

    private static ExtraGrant Extra(SubscriptionDraft subscription, Subscription state, PinnedPlan from, PinnedPlan target, int undone, bool gives)
    {
        // What any plan of this period has given counts, not what the last one would: else a detour over a plan with few credits would mint some.
        var given = from;
        var left = state.Extras.Count(extra => !extra.IsUndone) - undone;
        foreach (var before in state.Extras)
        {
            if (before.To == target.Id || before.From.Id == target.Id) gives = false;
            if (!before.IsUndone && left-- > 0 && PlanTerms.GivesMore(before.From.Terms, given.Terms)) given = before.From;
        }

        // Where periods of another length follow, the next one brings all that comes with the new plan.
        if (!gives || target.Terms.Interval != state.Interval) return new(from, target.Id, Credits.Zero);
        // A lifetime has all of its time left.
        var (rest, whole) = state is { CurrentPeriodStart: { } start, CurrentPeriodEnd: { } end } ? (end - subscription.Now, end - start) : (TimeSpan.FromTicks(1), TimeSpan.FromTicks(1));
        var amount = PlanTerms.Extra(given.Terms, target.Terms, state.Interval, rest, whole, subscription.Billing.Account!.Scale);
        if (!amount.IsPositive) return new(from, target.Id, Credits.Zero);
        var refused = subscription.Billing.Run(new GrantExtra { Account = state.Account, Subscription = state.Id, Period = state.Period, Amount = amount, EndsAt = state.CurrentPeriodEnd }, out var happened);
        Invariant.Holds(refused is null, "an open account takes what an upgrade gives");
        LotId? lot = null;
        foreach (var one in happened)
        {
            if (one is CreditsGranted { Period.Part: PeriodPart.Extra } granted) lot = granted.Lot;
        }

        return new(from, target.Id, amount, lot);
    }
}
