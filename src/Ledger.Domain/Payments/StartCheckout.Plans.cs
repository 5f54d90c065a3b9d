using System.Globalization;
using Ledger.Domain.Accounts;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Payments;

// Checkouts of plans: each opens a subscription, or pays a period of the one that the account has.
internal static class PlanCheckout
{
    // How much longer than its page a subscription waits for its payment: providers tell late.
    private static readonly TimeSpan Late = TimeSpan.FromDays(1);

    public static PaymentDecision Start(StartCheckout command, PaymentDraft draft, PinnedPlan plan)
    {
        if (command.Quantity != 1) return PaymentDecision.Refuse(new InvalidRequest("item.quantity", "must be 1 for a plan; say how many seats instead"));
        if (draft.Account!.Status == AccountStatus.Closed) return PaymentDecision.Refuse(new AccountIsClosed(command.Account));
        var renewsAtProvider = plan.Terms.PriceAt(command.Provider) is not null;
        return draft.Billing.Live is { Exists: true } live && !renewsAtProvider && Renews(live, plan)
            ? Renew(command, draft, live)
            : Open(command, draft, plan, renewsAtProvider);
    }

    // Its own plan, or the one that it changes to; what its provider charges by itself, and what costs nothing, needs no checkout.
    private static bool Renews(Subscription live, PinnedPlan plan) => !live.RenewsAtProvider && (live.Scheduled?.Plan ?? live.Plan).Id == plan.Id && (live.Scheduled?.Plan ?? live.Plan).Terms.Price.Amount > 0;

    private static PaymentDecision Renew(StartCheckout command, PaymentDraft draft, Subscription live)
    {
        var (plan, seats) = live.Scheduled is { } change ? (change.Plan, change.Seats) : (live.Plan, live.Seats);
        if (command.Seats is { } asked && asked != seats) return PaymentDecision.Refuse(new InvalidRequest("seats", "differ from those of the subscription that this renews; change the subscription first, or leave them out"));
        if (command.TrialDays > 0) return PaymentDecision.Refuse(new InvalidRequest("trialDays", "must be left out: this renews a subscription"));
        if (live.IsTrialPaid) return PaymentDecision.Refuse(new SubscriptionConflict("The period after the trial is paid already. Renew it once that has begun.", live.Status));
        if (live.Status != SubscriptionStatus.Trialing && live.CurrentPeriodEnd is null) return PaymentDecision.Refuse(new SubscriptionConflict("A lifetime has no next period. There is nothing to renew.", live.Status));
        if (live.IsLastPeriod && live.Status != SubscriptionStatus.PastDue) return PaymentDecision.Refuse(new SubscriptionConflict(Subscription.NoNextTerm, live.Status));
        if (live.Rolls.Count >= RenewSubscriptionHandler.EarlyMax) return PaymentDecision.Refuse(new SubscriptionConflict(string.Create(CultureInfo.InvariantCulture, $"{RenewSubscriptionHandler.EarlyMax} periods are renewed ahead. Wait until one of them has ended."), live.Status));
        if (command.Provider is null) return PaymentDecision.Refuse(new InvalidRequest("provider", "is required where something is to be paid"));
        draft.Add(Intent(command, draft, plan, plan.Terms.PriceOf(seats), plan.Terms.PriceOf(seats), live.Id));
        return draft.Done("nothing was to be done");
    }

    private static PaymentDecision Open(StartCheckout command, PaymentDraft draft, PinnedPlan plan, bool renewsAtProvider)
    {
        var terms = plan.Terms;
        if ((PlanTerms.Seats(terms, command.Seats, null, out var seats) ?? Trial(command, renewsAtProvider)) is { } wrong) return PaymentDecision.Refuse(wrong);
        var price = terms.PriceOf(seats);
        if (price.Amount > 0 && command.Provider is null) return PaymentDecision.Refuse(new InvalidRequest("provider", "is required where something is to be paid"));
        if (!command.Item.IsForSale) return PaymentDecision.Refuse(new Catalog.EntryConflict($"{terms.Name} ({plan.Id}) is not sold now. Take another one from the list of what is active.", command.Item.IsArchived ? "archived" : "inactive"));
        if (draft.Billing.Subscriber.Live is { } taken && draft.Billing.Find(taken) is var live && !SubscriptionDraft.GivesWay(live, price, isPaid: true)) return PaymentDecision.Refuse(new SubscriptionExists(taken, live.Status));
        var hadTrial = draft.Billing.Subscriber.HasTried(terms.Tier);
        if (command.TrialDays > 0 && hadTrial) return PaymentDecision.Refuse(new Conflict($"The account has had its trial of {terms.Tier}. Leave trialDays out."));

        // Who pays a period ahead has no trial: it is paid at once.
        var days = renewsAtProvider ? command.TrialDays ?? (hadTrial ? 0 : terms.TrialDays) : 0;
        var total = days > 0 ? price with { Amount = 0 } : price;
        var id = SubscriptionId.Of(command.Payment);
        draft.Add(Intent(command, draft, plan, price, total, id));
        draft.Billing.Add(id, new SubscriptionStarted
        {
            Account = command.Account,
            Plan = plan,
            Provider = price.Amount == 0 ? Subscription.Manual : command.Provider!,
            RenewsAtProvider = renewsAtProvider && price.Amount > 0,
            Seats = seats,
            TrialDays = days == 0 ? null : days,
            Checkout = command.Payment,
            WaitsUntil = draft.Now + StartCheckout.PageLife + Late,
        });
        if (price.Amount == 0)
        {
            draft.Add(new PaymentSucceeded { Received = total });
            if (draft.Fulfil(fromProvider: false) is { } refusal) return PaymentDecision.Refuse(refusal);
        }

        return draft.Done("nothing was to be done");
    }

    private static InvalidRequest? Trial(StartCheckout command, bool renewsAtProvider)
    {
        if (command.TrialDays is < 0 or > StartSubscription.TrialDaysMax) return new("trialDays", string.Create(CultureInfo.InvariantCulture, $"must be 0 to {StartSubscription.TrialDaysMax}"));
        return command.TrialDays > 0 && !renewsAtProvider ? new("trialDays", "can't be given where each period is paid ahead; an administrator can start a trial with the provider manual") : null;
    }

    private static PaymentIntended Intent(StartCheckout command, PaymentDraft draft, PinnedPlan plan, Money price, Money total, SubscriptionId subscription) => new()
    {
        Account = command.Account,
        Purpose = PaymentPurpose.Subscription,
        Item = new(Catalog.ItemKind.Plan, plan.Id, plan.Version, plan.Terms.Name, 1, price),
        Amount = total,
        ListPrice = total,
        Subscription = subscription,
        Provider = price.Amount == 0 ? null : command.Provider,
        ExpiresAt = draft.Now + StartCheckout.PageLife,
        SuccessUrl = command.SuccessUrl,
        CancelUrl = command.CancelUrl,
        KeepsMethod = command.KeepsMethod ? true : null,
        Metadata = command.Metadata is { Count: > 0 } ? command.Metadata : null,
    };
}
