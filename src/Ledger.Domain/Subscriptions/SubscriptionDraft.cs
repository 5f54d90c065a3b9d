using System.Collections.Immutable;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Subscriptions;

// One subscription while a command is decided, with its account, the place that it takes and its invoices. Each verb here leaves all of them in step.
internal sealed class SubscriptionDraft(BillingDraft billing, SubscriptionId id)
{
    private const string AccountClosed = "its account is closed";

    public BillingDraft Billing => billing;

    public Subscription State => billing.Find(id);

    public DateTimeOffset Now => billing.Now;

    public bool AccountIsClosed => billing.Account is { Status: AccountStatus.Closed };

    public void Add(SubscriptionEvent happened) => billing.Add(id, happened);

    public SubscriptionDecision Done(string nothing) => billing.IsEmpty ? new SubscriptionDecision.Nothing(nothing) : SubscriptionDecision.Accept;

    /// <summary>Whether a live subscription gives way to one that costs something: one that costs nothing, and to one that is paid for also a trial that nobody has paid yet.</summary>
    public static bool GivesWay(Subscription live, Money price, bool isPaid) =>
        live.Exists && price.Amount > 0 && (live.Price.Amount == 0 || (isPaid && live is { Status: SubscriptionStatus.Trialing, Provider: Subscription.Manual, IsTrialPaid: false }));

    /// <summary>Takes the account's one place; why not, where another one has it that does not give way.</summary>
    public SubscriptionExists? Take(bool isPaid)
    {
        if (billing.Subscriber.Live is { } taken)
        {
            if (taken == id) return null;
            var live = billing.Find(taken);
            if (!GivesWay(live, State.Price, isPaid)) return new(taken, live.Exists ? live.Status : SubscriptionStatus.Active);
            new SubscriptionDraft(billing, taken).End(SubscriptionStatus.Canceled, $"{id} took its place");
        }

        billing.Add(new SubscriptionTaken { Subscription = id, Trial = State.TrialDays > 0 ? State.Plan.Terms.Tier : null });
        return null;
    }

    /// <summary>Its trial begins, or where it has none its first period.</summary>
    public void Begin(DateTimeOffset from, PaymentId? payment)
    {
        if (State.TrialDays is > 0 and var days) Add(new TrialStarted { Start = from, End = from.AddDays(days) });
        else First(from, payment, containsNow: true);
    }

    /// <summary>The first period begins, counted from here.</summary>
    /// <param name="from">The anchor.</param>
    /// <param name="payment">What paid it; null for nothing.</param>
    /// <param name="containsNow">Whether periods that have passed by now are left out.</param>
    /// <param name="provider">Who renews it from now on; null where that stays.</param>
    public void First(DateTimeOffset from, PaymentId? payment, bool containsNow, string? provider = null)
    {
        var plan = State.Scheduled?.Plan ?? State.Plan;
        Start(from, plan.Terms.Interval, containsNow ? Periods.IndexAt(from, plan.Terms.Interval, Now) : 0, payment, provider);
    }

    /// <summary>The next period begins: at its time, or early. What was scheduled takes effect.</summary>
    /// <param name="payment">What paid it; null for nothing.</param>
    /// <param name="provider">Who renews it from now on; null where that stays.</param>
    /// <param name="containsNow">Whether periods that have passed by now are left out.</param>
    public void Next(PaymentId? payment, string? provider, bool containsNow)
    {
        var state = State;
        var terms = (state.Scheduled?.Plan ?? state.Plan).Terms;
        var interval = terms.Interval;
        // A fixed term goes on from no anchor: each is counted from its own.
        var goesOn = interval == state.Interval && interval != Catalog.PlanInterval.Fixed;
        var (anchor, index) = goesOn ? (state.Anchor, state.Period + 1 - state.AnchorPeriod) : (state.CurrentPeriodEnd ?? Now, 0);
        if (containsNow) index = Math.Max(index, Periods.IndexAt(anchor, interval, Now));
        // Nobody pays for a term that is over: it begins now.
        if (containsNow && Periods.EndOf(anchor, interval, index, terms.TermDays) <= Now) anchor = Now;
        Start(anchor, interval, index, payment, provider);
    }

    /// <summary>A period begins that its provider told of; nothing is granted for it yet.</summary>
    /// <param name="start">From when.</param>
    /// <param name="end">Until when.</param>
    /// <param name="price">The provider's price; null where it is not told.</param>
    /// <param name="plan">The plan that it leads to; null for none, and where that is not known.</param>
    public void StartTold(DateTimeOffset start, DateTimeOffset end, string? price, PinnedPlan? plan)
    {
        var state = State;
        var next = state.Scheduled is { } change && (price is null || change.Plan.Terms.PriceAt(state.Provider) == price) ? change
            : price is null || state.Plan.Terms.PriceAt(state.Provider) == price ? null
            : state.Changing is { Plan: { } wanted } asked && asked.PriceId == price ? new(wanted, asked.Seats)
            : plan?.Terms.PriceAt(state.Provider) == price ? new ScheduledChange(plan!, PlanTerms.SeatsOf(plan!.Terms, state.Seats))
            : null;
        Add(new PeriodStarted { Period = state.Period + 1, Start = start, End = end, Anchor = start, RollsAt = StillRuns, Plan = next?.Plan, Seats = next?.Seats });
        // It was renewed before it could be asked for the other length: that waits for the end of this period, then.
        if (next is null && state.ChangesLength) Add(new ChangeScheduled { Plan = state.Scheduled!.Plan, Seats = state.Scheduled.Seats });
    }

    /// <summary>Why one that stands so has no period to pay; null where it has.</summary>
    public SubscriptionConflict? Unrenewable(Subscription state)
    {
        if (state.Status != SubscriptionStatus.Trialing && state.CurrentPeriodEnd is null) return new("A lifetime has no next period. There is nothing to renew.", state.Status);
        if (state.IsLastPeriod && !(state.Status == SubscriptionStatus.PastDue && state.CurrentPeriodEnd > Now && state.GrantedPeriod == state.Period)) return new(Subscription.NoNextTerm, state.Status);
        return state.IsTrialPaid ? new("The period after the trial is paid already. Renew it once that has begun.", state.Status) : null;
    }

    /// <summary>A payment, or an administrator, pays the period that was missing, else the next one.</summary>
    /// <returns>Why there is none to pay; null where there is.</returns>
    public SubscriptionConflict? Renew(PaymentId? payment, string? provider)
    {
        var state = State;
        if (Unrenewable(state) is { } refused) return refused;
        if (state.CancelAtPeriodEnd) Add(new CancellationUndone());
        switch (state.Status)
        {
            case SubscriptionStatus.Trialing:
                Add(new TrialPaid { Payment = payment, Provider = provider });
                return null;
            case SubscriptionStatus.PastDue when state.CurrentPeriodEnd > Now && state.GrantedPeriod == state.Period:
                // What was written as paid for it was not: the payment has the invoice now.
                if (payment is not null && billing.Find(InvoiceId.Of(id, state.Period)) is { Exists: true } written) InvoiceBook.Credit(billing, written.Id, written.Total);
                Add(new SubscriptionResumed { Payment = payment });
                return null;
            default:
                Next(payment, provider, containsNow: true);
                Deliver(null);
                return null;
        }
    }

    /// <summary>Gives the credits of the running period, once, and writes its invoice where no payment of this ledger did.</summary>
    /// <param name="invoice">The provider's invoice that paid it; null for none.</param>
    /// <param name="payment">The payment that this invoice is; null for none.</param>
    public void Deliver(string? invoice, PaymentId? payment = null)
    {
        var state = State;
        if (state.GrantedPeriod >= state.Period || AccountIsClosed) return;
        var plan = state.Plan.Terms;
        var isAgain = plan.PriceOf(state.Seats).Amount == 0 && billing.Subscriber.FreeUntil > Now;
        Credits? most = state.Rolls.Count > 0 ? null : state.RolloverMax;
        var came = Give(state.Period, isAgain ? Credits.Zero : plan.CreditsPerPeriod, most, state.CurrentPeriodEnd);
        Add(new PeriodGranted
        {
            Period = state.Period,
            Amount = came.Amount,
            Rolled = came.Rolled,
            Lots = came.Lots.Count == 0 ? null : came.Lots,
            Lapsed = most is null ? null : came.Lapsed,
            Invoice = invoice,
            Payment = payment,
        });
    }

    /// <summary>A period that the next one had followed early comes to its end: what is left of its credits rolls.</summary>
    public void Roll()
    {
        var state = State;
        var came = AccountIsClosed ? (Credits.Zero, Credits.Zero, [], state.Lapsed) : Give(state.Period - (state.Rolls.Count - 1), Credits.Zero, state.RolloverMax, state.Rolls.Count > 1 ? state.Rolls[1] : state.CurrentPeriodEnd);
        Add(new CreditsRolled { End = state.Rolls[0], Rolled = came.Rolled, Lot = came.Lots.Count == 0 ? null : came.Lots[0], Lapsed = came.Lapsed });
    }

    /// <summary>The invoice of the running period, where nobody else writes one.</summary>
    public void Invoice()
    {
        var state = State;
        var price = state.Price;
        if (price.Amount == 0 || state.Provider != Subscription.Manual) return;
        InvoiceBook.Issue(billing, InvoiceId.Of(id, state.Period), new InvoiceTerms
        {
            Account = state.Account,
            Subscription = id,
            Lines = [new(state.Plan.Terms.Name, 1, price, price, state.CurrentPeriodStart, state.CurrentPeriodEnd)],
            Discount = price with { Amount = 0 },
            IsPaid = true,
        });
    }

    /// <summary>A payment is missing.</summary>
    public void PastDue(DateTimeOffset since, string? reason) => Add(new SubscriptionPastDue { Since = since, GraceEndsAt = since.AddDays(billing.Policy.GraceDays), Reason = reason });

    /// <summary>It is over, for good; the place is free.</summary>
    /// <param name="status">Canceled, expired or incomplete_expired.</param>
    /// <param name="reason">Why.</param>
    /// <param name="isTold">Whether its provider told that, so that it needs not be told.</param>
    public void End(SubscriptionStatus status, string? reason, bool isTold = false)
    {
        var was = State;
        Add(new SubscriptionEnded { As = status, Reason = reason });
        if (billing.Subscriber.Live == id)
        {
            // What nobody paid for is given once a period, however often somebody leaves and comes again.
            var isFree = was.Price.Amount == 0 && was.PeriodLots.Count > 0;
            billing.Add(new SubscriptionLeft { Subscription = id, FreeUntil = isFree && was.CurrentPeriodEnd > Now ? was.CurrentPeriodEnd : null });
        }

        if (!isTold && (was.IsLive || was.Refs.SubscriptionId is not null)) Ask(ProviderActionKind.CancelNow);
    }

    /// <summary>Its account is closed: nothing is given any more, and the provider stops charging.</summary>
    public void EndForClosed() => End(SubscriptionStatus.Canceled, AccountClosed);

    /// <summary>Its provider has to be told, where it has one that charges it.</summary>
    /// <param name="kind">What.</param>
    /// <param name="price">The provider's price, of a change.</param>
    /// <param name="seats">The seats, of a change.</param>
    /// <param name="prorate">Whether the provider settles the rest of the period, of a change.</param>
    /// <param name="plan">The plan that takes effect here once that is done, of a change at once.</param>
    /// <param name="notAfter">After this it is not told any more; null for at any time.</param>
    public void Ask(ProviderActionKind kind, string? price = null, int? seats = null, bool prorate = false, PinnedPlan? plan = null, DateTimeOffset? notAfter = null)
    {
        if (State.RenewsAtProvider) Add(new SubscriptionCallWanted { Kind = kind, PriceId = price, Seats = seats, Prorate = prorate, Plan = plan, NotAfter = notAfter });
    }

    /// <summary>Takes back what is left of what came with the running period, for its money has gone. What rolled into it had been paid for before.</summary>
    public void RevokePeriod(string reason)
    {
        var state = State;
        var lots = LotsOf(state);
        if (lots.Count > 0 && !AccountIsClosed) Invariant.Holds(billing.Run(new RevokePeriod { Account = state.Account, Lots = [.. lots], Reason = reason }, out _) is null, "what is left of a period can be taken back");
    }

    /// <summary>The lots that came with the running period; what rolled into it had been paid for before.</summary>
    public static List<LotId> LotsOf(Subscription state)
    {
        var lots = new List<LotId>();
        if (state.PeriodLot is { } own) lots.Add(own);
        foreach (var extra in state.Extras)
        {
            if (extra is { Lot: { } lot, IsUndone: false }) lots.Add(lot);
        }

        return lots;
    }

    // The end of the running period, where that has not come yet.
    private DateTimeOffset? StillRuns => State is { HasEnded: false, Period: > 0, CurrentPeriodEnd: { } end } && end > Now ? end : null;

    // Numbers have no gaps: where periods are left out, the anchor's number moves back instead.
    private void Start(DateTimeOffset anchor, Catalog.PlanInterval interval, long index, PaymentId? payment, string? provider)
    {
        var state = State;
        var number = state.Period + 1;
        var first = number - index;
        var start = Periods.StartOf(anchor, interval, index) ?? Now;
        var keeps = state.Period > 0 && anchor == state.Anchor && first == state.AnchorPeriod && interval == state.Interval;
        Add(new PeriodStarted
        {
            Period = number,
            Start = start > Now ? Now : start,
            End = Periods.EndOf(anchor, interval, index, (state.Scheduled?.Plan ?? state.Plan).Terms.TermDays),
            Anchor = keeps ? null : anchor,
            AnchorPeriod = keeps || index == 0 ? null : first,
            RollsAt = StillRuns,
            Plan = state.Scheduled?.Plan,
            Seats = state.Scheduled is null ? null : state.Scheduled.Seats,
            Provider = provider,
            Payment = payment,
        });
    }

    private (Credits Amount, Credits Rolled, ValueList<LotId> Lots, Credits Lapsed) Give(long period, Credits amount, Credits? rolloverMax, DateTimeOffset? endsAt)
    {
        var state = State;
        var refused = billing.Run(new GrantPeriod { Account = state.Account, Subscription = id, Period = period, Amount = amount, RolloverMax = rolloverMax, LapsedBefore = state.Lapsed, EndsAt = endsAt }, out var happened);
        Invariant.Holds(refused is null, "an open account takes what comes with its subscription");
        return Came(happened);
    }

    // What was granted, and what had lapsed before it was: a grant for a period that has passed lapses in the same breath, and that may roll with the next one.
    private (Credits Amount, Credits Rolled, ValueList<LotId> Lots, Credits Lapsed) Came(ImmutableArray<AccountEvent> happened)
    {
        Credits amount = 0, rolled = 0, since = 0;
        var lots = new List<LotId>();
        foreach (var one in happened)
        {
            if (one is CreditsGranted { Period: { } period } granted)
            {
                lots.Add(granted.Lot);
                if (period.Part == PeriodPart.Rolled) rolled += granted.Amount;
                else amount += granted.Amount;
            }
            else if (one is LotExpired expired && lots.Count > 0)
            {
                since += expired.Amount;
            }
        }

        var lapsed = billing.Account?.Period is { } kept && kept.Subscription == id ? kept.Lapsed : Credits.Zero;
        return (amount, rolled, [.. lots], lapsed - since);
    }
}
