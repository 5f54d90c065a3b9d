using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

/// <summary>Every type of event of subscriptions at least twice: once with all members set, once with as few as there may be. Stored forms are checked against these.</summary>
public static class SubscriptionSamples
{
    private const SubscriptionStatus Active = SubscriptionStatus.Active;

    private static readonly DateTimeOffset Time = new(2026, 11, 20, 12, 34, 56, TimeSpan.Zero);

    private static readonly SubscriptionId First = SubscriptionId.Of(1);

    private static readonly PinnedPlan Pro = new("pro-monthly", 2, new Plan { Name = "Pro", Active = true, Tier = "pro", Price = new(2999, "usd"), Interval = PlanInterval.Month, CreditsPerPeriod = 100 });

    private static readonly PinnedPlan Free = new("free", 1, new Plan { Name = "Free", Active = true, Tier = "free", Price = new(0, "usd"), Interval = PlanInterval.Month });

    private static readonly LotId Lot = LotId.For(Samples.Tag, 7);

    /// <summary>All of them, by a name for the file of each.</summary>
    public static IReadOnlyList<(string Name, object Event)> All { get; } =
    [
        ("subscription_started_full", new SubscriptionStarted
        {
            Status = SubscriptionStatus.Incomplete, Account = new("acct_1"), Plan = Pro, Provider = "stripe", RenewsAtProvider = true, Seats = 3, TrialDays = 14, Checkout = PaymentId.Of(1), StartsAt = Time, WaitsUntil = Time.AddDays(2),
            Refs = new("sub_x", "cus_1", "si_1"),
        }),
        ("subscription_started_small", new SubscriptionStarted { Account = new("acct_1"), Plan = Free, Provider = Subscription.Manual }),
        ("trial_started_full", new TrialStarted { Status = SubscriptionStatus.Trialing, Start = Time, End = Time.AddDays(14) }),
        ("trial_started_small", new TrialStarted { Start = Time, End = Time.AddDays(1) }),
        ("trial_paid_full", new TrialPaid { Status = SubscriptionStatus.Trialing, Payment = PaymentId.Of(1), Provider = "midtrans" }),
        ("trial_paid_small", new TrialPaid()),
        ("trial_paid_undone", new TrialPaid { IsUndone = true }),
        ("trial_end_announced_full", new TrialEndAnnounced { Status = SubscriptionStatus.Trialing, End = Time }),
        ("trial_end_announced_small", new TrialEndAnnounced { End = Time }),
        ("period_started_full", new PeriodStarted
        {
            Status = Active, Period = 3, Start = Time, End = Time.AddMonths(1), Anchor = Time.AddMonths(-2), AnchorPeriod = 1, RollsAt = Time.AddDays(2), Plan = Pro, Seats = 4, Provider = "midtrans", Payment = PaymentId.Of(2),
        }),
        ("period_started_small", new PeriodStarted { Period = 1, Start = Time }),
        ("period_granted_full", new PeriodGranted { Status = Active, Period = 3, Amount = 100.5m, Rolled = 20, Lots = [Lot, LotId.For(Samples.Tag, 8)], Lapsed = 70.25m, Invoice = "in_1" }),
        ("period_granted_billed", new PeriodGranted { Period = 3, Amount = 100, Invoice = "in_1", Payment = PaymentId.Of(2) }),
        ("period_granted_small", new PeriodGranted { Period = 1, Amount = 0 }),
        ("credits_rolled_full", new CreditsRolled { Status = Active, End = Time, Rolled = 5, Lot = Lot, Lapsed = 12 }),
        ("credits_rolled_small", new CreditsRolled { End = Time, Rolled = 0, Lapsed = 0 }),
        ("plan_changed_full", new PlanChanged { Status = Active, Plan = Pro, Seats = 2, Extra = new(Free, "pro-monthly", 50, Lot, true), Undone = 1 }),
        ("plan_changed_small", new PlanChanged { Plan = Free }),
        ("change_scheduled_full", new ChangeScheduled { Status = Active, Plan = Free, Seats = 1 }),
        ("change_scheduled_small", new ChangeScheduled { Plan = Free }),
        ("change_unscheduled_full", new ChangeUnscheduled { Status = Active }),
        ("change_unscheduled_small", new ChangeUnscheduled()),
        ("cancellation_scheduled_full", new CancellationScheduled { Status = Active, Reason = "too dear", CanceledAt = Time }),
        ("cancellation_scheduled_small", new CancellationScheduled()),
        ("cancellation_undone_full", new CancellationUndone { Status = Active }),
        ("cancellation_undone_small", new CancellationUndone()),
        ("subscription_paused_full", new SubscriptionPaused { Status = SubscriptionStatus.Paused, Reason = "holidays" }),
        ("subscription_paused_small", new SubscriptionPaused()),
        ("subscription_resumed_full", new SubscriptionResumed { Status = Active, Payment = PaymentId.Of(3) }),
        ("subscription_resumed_small", new SubscriptionResumed()),
        ("subscription_past_due_full", new SubscriptionPastDue { Status = SubscriptionStatus.PastDue, Since = Time, GraceEndsAt = Time.AddDays(7), Reason = "card_declined" }),
        ("subscription_past_due_small", new SubscriptionPastDue { Since = Time, GraceEndsAt = Time }),
        ("subscription_ended_full", new SubscriptionEnded { Status = SubscriptionStatus.Canceled, As = SubscriptionStatus.Canceled, Reason = "no payment came" }),
        ("subscription_ended_small", new SubscriptionEnded { As = SubscriptionStatus.Expired }),
        ("subscription_told_of_full", new SubscriptionToldOf { Status = Active, At = Time, Refs = new("sub_x", "cus_1", "si_1") }),
        ("subscription_told_of_small", new SubscriptionToldOf()),
        ("subscription_call_wanted_full", new SubscriptionCallWanted { Status = Active, Kind = ProviderActionKind.Change, PriceId = "price_1", Seats = 3, Prorate = true }),
        ("subscription_call_wanted_small", new SubscriptionCallWanted { Kind = ProviderActionKind.CancelAtPeriodEnd }),
        ("subscription_call_wanted_until", new SubscriptionCallWanted { Kind = ProviderActionKind.Change, PriceId = "price_1", NotAfter = Time }),
        ("subscription_call_wanted_plan", new SubscriptionCallWanted { Kind = ProviderActionKind.Change, PriceId = "price_1", Plan = Pro }),
        ("subscription_call_done_full", new SubscriptionCallDone { Status = Active, Action = 7 }),
        ("subscription_call_done_small", new SubscriptionCallDone { Action = 8 }),
        ("subscription_call_tried_full", new SubscriptionCallTried { Status = Active, Action = 7, Reason = "no answer", NextAt = Time }),
        ("subscription_call_tried_small", new SubscriptionCallTried { Action = 8, NextAt = Time }),
        ("subscription_call_refused_full", new SubscriptionCallRefused { Status = Active, Action = 7, Reason = "no such price" }),
        ("subscription_call_refused_small", new SubscriptionCallRefused { Action = 8, Reason = "no" }),
        ("subscription_taken_full", new SubscriptionTaken { Subscription = First }),
        ("subscription_taken_small", new SubscriptionTaken { Subscription = SubscriptionId.Of(2) }),
        ("subscription_taken_trial", new SubscriptionTaken { Subscription = First, Trial = "pro" }),
        ("subscription_left_full", new SubscriptionLeft { Subscription = First }),
        ("subscription_left_free", new SubscriptionLeft { Subscription = First, FreeUntil = Time }),
        ("subscription_left_small", new SubscriptionLeft { Subscription = SubscriptionId.Of(2) }),
    ];
}
