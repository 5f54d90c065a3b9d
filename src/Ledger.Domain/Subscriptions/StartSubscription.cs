using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using System.Globalization;

namespace Ledger.Domain.Subscriptions;

/// <summary>Subscribes an account to a plan that no provider has to be paid for: one that costs nothing, or one that an administrator gives.</summary>
public sealed record StartSubscription : SubscriptionCommand
{
    /// <summary>Days of trial, 0 to <see cref="TrialDaysMax"/>; null for those of the plan, where the account has had none of its tier before.</summary>
    public int? TrialDays { get; init; }

    /// <summary>How many people use it; null for the least that the plan is for.</summary>
    public int? Seats { get; init; }

    /// <summary>When it begins, at most a year from now or before; null for now.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>Whether the caller may give a plan that costs something.</summary>
    public bool MayGivePaid { get; init; }

    /// <summary>The most days of a trial.</summary>
    public const int TrialDaysMax = 730;

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => StartSubscriptionHandler.Handle(this, draft, plan);
}

/// <summary>Starts subscriptions without a payment.</summary>
public static class StartSubscriptionHandler
{
    /// <summary>How far before or after now it may begin.</summary>
    public static readonly TimeSpan StartWithin = TimeSpan.FromDays(366);

    // Clocks differ.
    private static readonly TimeSpan Past = TimeSpan.FromMinutes(5);

    /// <summary>Takes the account's one place, but where it begins later; a free one gives way to one that costs something. It begins with its trial, else its first period is granted and invoiced at once.</summary>
    public static SubscriptionDecision Handle(StartSubscription command, BillingDraft draft, CatalogItem? plan)
    {
        Invariant.Holds(!draft.Find(command.Subscription).Exists, "a subscription is started once");
        var wanted = PinnedPlan.Of(plan);
        // Who may not ask for it learns nothing of the account.
        if (!command.MayGivePaid && wanted?.Terms is { } asked && asked.PriceOf(command.Seats ?? asked.Seats?.Min).Amount > 0) return SubscriptionDecision.Refuse(new PaidPlanNotAllowed());
        if (draft.Account is not { Exists: true } account) return SubscriptionDecision.Refuse(new AccountNotFound(command.Account));
        if (wanted is not { } pinned) return SubscriptionDecision.Refuse(new EntryNotFound(ItemKind.Plan, command.PlanId ?? ""));
        var terms = pinned.Terms;
        if ((PlanTerms.Seats(terms, command.Seats, null, out var seats) ?? Times(command, draft.Now)) is { } wrong) return SubscriptionDecision.Refuse(wrong);
        if (!plan!.IsForSale) return SubscriptionDecision.Refuse(new EntryConflict($"{terms.Name} ({pinned.Id}) is not sold now. Take another one from the list of what is active.", plan.IsArchived ? "archived" : "inactive"));
        if (account.Status == AccountStatus.Closed) return SubscriptionDecision.Refuse(new AccountIsClosed(account.Id));
        if (draft.Live is { } live && !SubscriptionDraft.GivesWay(live, terms.PriceOf(seats), isPaid: false)) return SubscriptionDecision.Refuse(new SubscriptionExists(live.Id, live.Status));

        var from = command.StartAt ?? draft.Now;
        var days = command.TrialDays ?? (draft.Subscriber.HasTried(terms.Tier) || from < draft.Now ? 0 : terms.TrialDays);
        var subscription = new SubscriptionDraft(draft, command.Subscription);
        subscription.Add(new SubscriptionStarted
        {
            Account = account.Id,
            Plan = pinned,
            Provider = Subscription.Manual,
            Seats = seats,
            TrialDays = days == 0 ? null : days,
            StartsAt = from > draft.Now ? from : null,
        });
        if (from > draft.Now) return SubscriptionDecision.Accept;
        if (subscription.Take(isPaid: false) is { } taken) return SubscriptionDecision.Refuse(taken);
        subscription.Begin(from, null);
        subscription.Deliver(null);
        if (subscription.State.Period > 0) subscription.Invoice();
        return SubscriptionDecision.Accept;
    }

    private static InvalidRequest? Times(StartSubscription command, DateTimeOffset now)
    {
        if (command.TrialDays is < 0 or > StartSubscription.TrialDaysMax) return new("trialDays", string.Create(CultureInfo.InvariantCulture, $"must be 0 to {StartSubscription.TrialDaysMax}"));
        if (command.StartAt > now + StartWithin || command.StartAt < now - StartWithin) return new("startAt", "must be within a year of now");
        if (command.StartAt < now - Past && !command.MayGivePaid) return new("startAt", "must not have passed; only an administrator says that something began before");
        return command.StartAt < now && command.TrialDays > 0 ? new("trialDays", "can't be given for a time that has begun; leave startAt out") : null;
    }
}
