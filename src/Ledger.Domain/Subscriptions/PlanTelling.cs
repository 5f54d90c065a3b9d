using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Subscriptions;

// What news of subscriptions and of their invoices have in common.
internal static class PlanTelling
{
    /// <summary>Times of a provider and ours that are nearer than this are the same: periods are months.</summary>
    public static readonly TimeSpan Near = TimeSpan.FromDays(1);

    /// <summary>Whether two times are not the same.</summary>
    public static bool IsFar(DateTimeOffset told, DateTimeOffset? known) => known is { } ours && (told - ours).Duration() > Near;

    private static readonly TimeSpan WaitsFor = TimeSpan.FromDays(3);

    /// <summary>Why a fact is not applied: it is for another one, or for none that is known.</summary>
    public static SubscriptionDecision? Objection(SubscriptionDraft subscription, ProviderFact fact, string tenant, string theirs)
    {
        var state = subscription.State;
        SubscriptionDecision Refuse(string what) => SubscriptionDecision.Refuse(new SubscriptionConflict(what, state.Status));
        if (fact.Marks.Tenant is { } marked && marked != tenant) return Refuse($"It is marked for the tenant {marked}, and came for {tenant}.");
        if (fact.IsHint) return new SubscriptionDecision.Waits("It is a hint, which the provider has to confirm first.");
        if (!state.Exists)
        {
            if (fact.Marks.Payment is { } payment && PaymentId.TryParse(payment, out _)) return new SubscriptionDecision.Waits($"There is no payment {payment} that begins a subscription yet.");
            return fact.Marks.Account is null ? new SubscriptionDecision.Nothing("it is about no subscription of this ledger") : null;
        }

        if (state.Provider != fact.Provider || !state.RenewsAtProvider) return Refuse($"{state.Id} is not charged by {fact.Provider}, which told it.");
        if (fact.Marks.Account is { } account && account != state.Account.Value) return Refuse($"It is marked for the account {account}, and {state.Id} is for {state.Account}.");
        return state.Refs.SubscriptionId is { } known && known != theirs ? Refuse($"It is about {theirs}, and {state.Id} is {known} there.") : null;
    }

    /// <summary>Begins one that no checkout of ours began, where it says whose it is and its price is one of a plan's; why not yet, where it can't be.</summary>
    public static SubscriptionDecision? Open(SubscriptionDraft subscription, ProviderFact fact, CatalogItem? plan, string? price, long? quantity)
    {
        if (!AccountId.TryParse(fact.Marks.Account, out var account)) return new SubscriptionDecision.Nothing("ledger_account is no account's id");
        if (subscription.Billing.Account is not { Exists: true } found || found.Id != account) return new SubscriptionDecision.Waits($"There is no account {account} yet.");
        if (PinnedPlan.Of(plan) is not { } pinned || price is null || pinned.Terms.PriceAt(fact.Provider) != price) return new SubscriptionDecision.Waits($"No plan names the price {price ?? "(none)"} among its providerRefs. Name it there, and apply this again.");
        subscription.Add(new SubscriptionStarted
        {
            Account = account,
            Plan = pinned,
            Provider = fact.Provider,
            RenewsAtProvider = true,
            Seats = PlanTerms.SeatsTold(pinned.Terms, quantity, null),
            WaitsUntil = subscription.Now + WaitsFor,
        });
        return null;
    }

    /// <summary>Keeps what it is called there, and when it was so.</summary>
    public static void Learn(SubscriptionDraft subscription, SubscriptionRefs refs, DateTimeOffset? at)
    {
        var state = subscription.State;
        var isNew = state.Refs.With(refs) != state.Refs;
        if (isNew || (at is { } time && !(state.ToldAt >= time))) subscription.Add(new SubscriptionToldOf { At = at is { } told && !(state.ToldAt > told) ? told : null, Refs = isNew ? refs : null });
    }

    /// <summary>Takes the account's place for one that begins; where another one has it that does not give way, it is waited for.</summary>
    public static SubscriptionDecision.Waits? Take(SubscriptionDraft subscription) => subscription.State.IsLive || subscription.Take(isPaid: true) is not { } taken ? null : new($"{subscription.State.Id} is paid, and can't begin. {taken.Detail}");

    /// <summary>Goes on to the period that was told, where that is a later one than the one that runs, or one of another length that began within it.</summary>
    public static void Move(SubscriptionDraft subscription, DateTimeOffset? start, DateTimeOffset? end, string? price, CatalogItem? plan)
    {
        var state = subscription.State;
        if (start is not { } from || end is not { } until || until <= from) return;
        if (state.Status == SubscriptionStatus.Trialing && from < state.TrialEnd - Near && until <= state.TrialEnd + Near) return; // the trial's own
        if (state.Period == 0 || from > state.CurrentPeriodStart + Near || (from >= state.CurrentPeriodStart && IsFar(until, state.CurrentPeriodEnd))) subscription.StartTold(from, until, price, PinnedPlan.Of(plan));
    }
}
