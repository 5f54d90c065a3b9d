namespace Ledger.Domain.Subscriptions;

public sealed partial record Subscription
{
    // ---- Evolve: total, without rules. What was decided stands in the event; witnesses are never read. ----

    /// <summary>The subscription after <paramref name="happened"/>, which was recorded at <paramref name="recordedAt"/> as its next version.</summary>
    public Subscription Evolve(SubscriptionEvent happened, DateTimeOffset recordedAt)
    {
        var next = this with { Version = Version + 1, UpdatedAt = recordedAt };
        switch (happened)
        {
            case SubscriptionStarted e:
                return next with
                {
                    Account = e.Account,
                    Plan = e.Plan,
                    Status = SubscriptionStatus.Incomplete,
                    Provider = e.Provider,
                    RenewsAtProvider = e.RenewsAtProvider,
                    Seats = e.Seats,
                    TrialDays = e.TrialDays,
                    Checkout = e.Checkout,
                    StartsAt = e.StartsAt,
                    WaitsUntil = e.WaitsUntil,
                    Refs = e.Refs ?? Refs,
                    CreatedAt = recordedAt,
                };
            case TrialStarted e:
                return next.Begun() with
                {
                    Status = SubscriptionStatus.Trialing,
                    TrialStart = e.Start,
                    TrialEnd = e.End,
                    IsTrialEndAnnounced = false,
                    CurrentPeriodStart = e.Start,
                    CurrentPeriodEnd = e.End,
                };
            case TrialPaid e:
                return next with { IsTrialPaid = e.IsUndone is not true, PaidBy = e.Payment, Provider = e.Provider ?? Provider };
            case TrialEndAnnounced:
                return next with { IsTrialEndAnnounced = true };
            case PeriodStarted e:
                return next.Begun().In(e);
            case PeriodGranted e:
                return next with
                {
                    GrantedPeriod = e.Period,
                    PeriodLots = e.Lots is null ? PeriodLots : [.. PeriodLots.AsSpan(), .. e.Lots.AsSpan()],
                    Lapsed = e.Lapsed ?? Lapsed,
                    PaidInvoice = e.Invoice ?? PaidInvoice,
                    PaidBy = e.Payment ?? PaidBy,
                    PeriodLot = e.Amount.IsPositive && e.Lots is { Count: > 0 } lots ? lots[^1] : null, // what rolled comes first
                };
            case CreditsRolled e:
                return next with { Rolls = Rolls.Count == 0 ? Rolls : [.. Rolls.AsSpan()[1..]], PeriodLots = e.Lot is { } lot ? [.. PeriodLots.AsSpan(), lot] : PeriodLots, Lapsed = e.Lapsed };
            case PlanChanged e:
                return next.Changed(e);
            case ChangeScheduled e:
                return next with { Scheduled = new(e.Plan, e.Seats) };
            case ChangeUnscheduled:
                return next with { Scheduled = null };
            case CancellationScheduled e:
                return next with { CancelAtPeriodEnd = true, CanceledAt = e.CanceledAt ?? recordedAt, CancelReason = e.Reason };
            case CancellationUndone:
                return next with { CancelAtPeriodEnd = false, CanceledAt = null, CancelReason = null };
            case SubscriptionPaused:
                return next.Paid() with { Status = SubscriptionStatus.Paused };
            case SubscriptionResumed e:
                return next.Paid() with { Status = SubscriptionStatus.Active, PaidBy = e.Payment ?? PaidBy };
            case SubscriptionPastDue e:
                return next with { Status = SubscriptionStatus.PastDue, PastDueSince = e.Since, GraceEndsAt = e.GraceEndsAt };
            case SubscriptionEnded e:
                return next with
                {
                    Status = e.As,
                    EndedAt = recordedAt,
                    CancelAtPeriodEnd = false,
                    CanceledAt = e.As == SubscriptionStatus.Canceled ? CanceledAt ?? recordedAt : CanceledAt,
                    CancelReason = CancelReason ?? e.Reason,
                    Scheduled = null,
                    Rolls = [],
                    Asks = [],
                    NextCall = null,
                    Tries = 0,
                };
            case SubscriptionToldOf e:
                return next with { ToldAt = e.At ?? ToldAt, Refs = Refs.With(e.Refs) };
            case SubscriptionCallWanted e:
                return next with { Asks = [.. Asks.AsSpan(), new(next.Version, e.Kind, e.PriceId, e.Seats, e.Prorate, e.Plan, e.NotAfter)], NextCall = NextCall ?? recordedAt, ChangeAskedIn = e.NotAfter is null ? ChangeAskedIn : Period };
            case SubscriptionCallDone e:
                return next.Told(e.Action, recordedAt);
            case SubscriptionCallTried e:
                return next with { NextCall = e.NextAt, Tries = Tries + 1 };
            case SubscriptionCallRefused e:
                return next.Told(e.Action, recordedAt) with { Attention = e.Reason };
        }

        return next;
    }

    // What had ended, and begins after all, is no more to be ended at its provider.
    private Subscription Begun()
    {
        var begun = Paid() with { StartsAt = null, WaitsUntil = null, EndedAt = null };
        return HasEnded ? begun.Without(ask => ask.Kind == ProviderActionKind.CancelNow) with { CanceledAt = null, CancelReason = null } : begun;
    }

    private Subscription Paid() => this with { PastDueSince = null, GraceEndsAt = null };

    private Subscription In(PeriodStarted e) => this with
    {
        Status = SubscriptionStatus.Active,
        Plan = e.Plan ?? Plan,
        Seats = e.Plan is null ? Seats : e.Seats,
        Provider = e.Provider ?? Provider,
        Scheduled = null,
        IsTrialPaid = false,
        PaidBy = e.Payment ?? (IsTrialPaid ? PaidBy : null),
        PeriodLot = null,
        Period = e.Period,
        CurrentPeriodStart = e.Start,
        CurrentPeriodEnd = e.End,
        Anchor = e.Anchor ?? Anchor,
        AnchorPeriod = e.Anchor is null ? AnchorPeriod : e.AnchorPeriod ?? e.Period,
        Interval = e.Anchor is null ? Interval : (e.Plan ?? Plan)?.Terms.Interval ?? Interval,
        RolloverMax = Plan?.Terms.RolloverMax ?? RolloverMax,
        PeriodLots = [],
        Extras = [],
        Rolls = e.RollsAt is { } end ? [.. Rolls.AsSpan(), end] : Rolls,
    };

    private Subscription Changed(PlanChanged e)
    {
        var extras = Extras.AsSpan().ToArray();
        var undone = e.Undone;
        for (var at = extras.Length - 1; at >= 0 && undone > 0; at--)
        {
            if (extras[at].IsUndone) continue;
            extras[at] = extras[at] with { IsUndone = true };
            undone--;
        }

        return this with { Plan = e.Plan, Seats = e.Seats, Scheduled = null, Extras = e.Extra is null ? [.. extras] : [.. extras, e.Extra] };
    }

    private Subscription Told(long action, DateTimeOffset now) => Without(ask => ask.Version == action) with { NextCall = Asks.Count <= 1 ? null : now, Tries = 0 };

    private Subscription Without(Predicate<ProviderAction> gone)
    {
        var left = new List<ProviderAction>();
        foreach (var ask in Asks)
        {
            if (!gone(ask)) left.Add(ask);
        }

        return left.Count == Asks.Count ? this : this with { Asks = [.. left], NextCall = left.Count == 0 ? null : NextCall, Tries = 0 };
    }
}
