using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Simulation;

// Subscriptions that Stripe charges by itself: periods, invoices, tries that fail, its portal.
internal sealed partial class Providers
{
    private readonly List<PlanThere> plans = [];

    public IReadOnlyList<PlanThere> Plans => plans;

    // A page was paid: its subscription begins, with a trial or with its first invoice.
    private void Begin(Household home, Payment payment, Subscription subscription)
    {
        var plan = new PlanThere
        {
            Home = home,
            Id = NewId("sub"),
            Marks = new("default", home.Id.Value, payment.Id.Value),
            Price = subscription.Plan.Terms.PriceAt("stripe")!,
            Quantity = subscription.Plan.Terms.Seats?.PricePerSeat is null ? 1 : subscription.Seats ?? 1,
            Anchor = Now,
            Start = Now,
        };
        plans.Add(plan);
        tenant.Count("plan there");
        var refs = RefsOf(payment) with { SubscriptionId = plan.Id, CustomerId = CustomerOf(home) };
        if (subscription.TrialDays is > 0 and var days)
        {
            (plan.Status, plan.TrialStart, plan.TrialEnd, plan.End) = (ToldSubscriptionStatus.Trialing, Now, Now.AddDays(days), Now.AddDays(days));
            Tell(plan);
            Invoice(plan, "subscription_create", [new(plan.Price, plan.Quantity, new(0, "usd"), plan.Start, plan.End, false)], out var nothing);
            Paid(nothing, null);
            if (days > 3) tenant.At(plan.End.AddDays(-3), () => TellTrialEnds(plan));
            taken[payment.Id] = new() { Home = home, Provider = "stripe", Refs = refs, Amount = payment.Amount, Payment = payment.Id };
            Tell(home, Told(payment, PaymentStatus.Succeeded) with { Refs = refs with { PaymentIntentId = null, InvoiceId = nothing.Id } });
        }
        else
        {
            (plan.Status, plan.End) = (ToldSubscriptionStatus.Active, EndOf(plan, 0));
            Tell(plan, ToldSubscriptionStatus.Incomplete);
            Invoice(plan, "subscription_create", [Line(plan)], out var first);
            refs = refs with { InvoiceId = first.Id };
            taken[payment.Id] = Charged(home, "stripe", refs, payment.Amount, payment.Id);
            Paid(first, taken[payment.Id]);
            Tell(home, Told(payment, PaymentStatus.Succeeded) with { Refs = refs });
            Tell(plan);
        }

        Await(plan);
    }

    private void TellTrialEnds(PlanThere plan)
    {
        if (plan.Status == ToldSubscriptionStatus.Trialing) Tell(plan.Home, Stands(plan) with { TrialEndsSoon = true });
    }

    // The period is over: it ends, or the next one begins, with an invoice that is charged an hour later.
    private void Cycle(PlanThere plan, DateTimeOffset end)
    {
        if (plan.HasEnded || plan.End != end) return;
        if (plan.CancelAtPeriodEnd)
        {
            End(plan);
            return;
        }

        if (plan.Status == ToldSubscriptionStatus.Trialing)
        {
            (plan.Anchor, plan.Periods, plan.Status) = (end, -1, ToldSubscriptionStatus.Active);
            tenant.Count("trial over there");
        }

        (plan.Periods, plan.Start) = (plan.Periods + 1, end);
        plan.End = EndOf(plan, plan.Periods);
        Await(plan);
        Tell(plan);
        Invoice(plan, "subscription_cycle", [Line(plan)], out var invoice);
        if (plan.Status == ToldSubscriptionStatus.Unpaid) return; // a draft that nobody charges
        tenant.At(tenant.Now.AddHours(1), () => Finalize(invoice));
    }

    private void Await(PlanThere plan)
    {
        var end = plan.End;
        tenant.At(end, () => Cycle(plan, end));
    }

    private void Finalize(InvoiceThere invoice)
    {
        if (invoice.Plan.HasEnded || invoice.Plan.Rests || tenant.OneIn(60))
        {
            Void(invoice);
            return;
        }

        invoice.Status = ToldInvoiceStatus.Open;
        Tell(invoice, InvoiceNews.Changed);
        Try(invoice);
    }

    private void Try(InvoiceThere invoice)
    {
        if (invoice.Status != ToldInvoiceStatus.Open) return;
        var plan = invoice.Plan;
        invoice.Tries++;
        if (Random.Next(100) < (invoice.Tries == 1 ? 88 : 45))
        {
            Paid(invoice, ChargeOf(invoice));
            if (plan.Status is ToldSubscriptionStatus.PastDue or ToldSubscriptionStatus.Unpaid)
            {
                plan.Status = ToldSubscriptionStatus.Active;
                Tell(plan);
            }

            return;
        }

        tenant.Count("charge failed there");
        Tell(invoice, tenant.OneIn(5) ? InvoiceNews.ActionRequired : InvoiceNews.PaymentFailed);
        if (plan.HasEnded) return;
        if (invoice.Tries < 4)
        {
            if (plan.Status == ToldSubscriptionStatus.Active)
            {
                plan.Status = ToldSubscriptionStatus.PastDue;
                Tell(plan);
            }

            tenant.At(tenant.Now.AddDays(invoice.Tries + Random.Next(3)), () => Try(invoice));
        }
        else if (tenant.OneIn(2))
        {
            End(plan, "payment_failed");
            invoice.Status = ToldInvoiceStatus.Uncollectible;
            Tell(invoice, InvoiceNews.Changed);
        }
        else
        {
            plan.Status = ToldSubscriptionStatus.Unpaid;
            Tell(plan);
            // Somebody brings another card, much later.
            tenant.At(tenant.Now.AddDays(Random.Next(1, 30)), () => Try(invoice));
        }
    }

    private void Paid(InvoiceThere invoice, Charge? charge)
    {
        (invoice.Status, invoice.PaidAt, invoice.Charge) = (ToldInvoiceStatus.Paid, Now, charge);
        if (charge is not null) tenant.Count(invoice.IsPeriod ? "period paid there" : "difference paid there");
        Tell(invoice, InvoiceNews.Paid);
        if (charge is null) return;
        var refs = new ProviderRefs { InvoiceId = invoice.Id, PaymentIntentId = charge.Refs.PaymentIntentId, ChargeId = charge.Refs.ChargeId };
        Tell(invoice.Plan.Home, new DetailsTold { Provider = "stripe", Refs = refs, At = Now });
        if (charge.Payment is null) Tell(invoice.Plan.Home, new PaymentTold { Provider = "stripe", Refs = charge.Refs, At = Now, Status = PaymentStatus.Succeeded, Amount = charge.Amount });
    }

    private Charge ChargeOf(InvoiceThere invoice) => Charged(invoice.Plan.Home, "stripe", new() { PaymentIntentId = NewId("pi"), ChargeId = NewId("ch"), CustomerId = CustomerOf(invoice.Plan.Home) }, invoice.Total, null);

    private void Void(InvoiceThere invoice)
    {
        tenant.Count("invoice voided there");
        invoice.Status = ToldInvoiceStatus.Void;
        Tell(invoice, InvoiceNews.Changed);
    }

    private void End(PlanThere plan, string reason = "cancellation_requested")
    {
        if (plan.HasEnded) return;
        tenant.Count("end there");
        plan.Status = ToldSubscriptionStatus.Canceled;
        foreach (var invoice in plan.Invoices.Where(invoice => invoice.Status == ToldInvoiceStatus.Open)) Void(invoice);
        Tell(plan.Home, Stands(plan) with { CancelReason = reason, EndedAt = Now, CanceledAt = Now });
    }

    /// <summary>What the account's owner does at Stripe's own pages.</summary>
    public void Portal(PlanThere plan)
    {
        if (plan.HasEnded || plan.Rests || plan.Status is ToldSubscriptionStatus.Unpaid) return;
        tenant.Count("portal");
        switch (Random.Next(5))
        {
            case 0:
                plan.CancelAtPeriodEnd = true;
                Tell(plan);
                break;
            case 1:
                plan.CancelAtPeriodEnd = false;
                Tell(plan);
                break;
            case 2 when tenant.OneIn(3):
                End(plan);
                break;
            default:
                var other = tenant.Plans.Values.Select(item => (Plan)item.Entry!).Where(terms => terms.PriceAt("stripe") is not null).OrderBy(_ => Random.Next()).First();
                if (Change(plan, other.PriceAt("stripe")!, other.Seats?.PricePerSeat is null ? 1 : Random.Next(2, 11), prorates: true)) Tell(plan);
                break;
        }
    }

    // Another price or quantity: the difference is charged at once, or nothing changes. Periods of another length begin at once.
    private bool Change(PlanThere plan, string price, long quantity, bool prorates)
    {
        var (from, to) = (Terms(plan.Price), Terms(price));
        var (before, after) = (from.PriceOf((int)plan.Quantity).Amount, to.PriceOf((int)quantity).Amount);
        if (plan.Status == ToldSubscriptionStatus.Trialing || (from.Interval == to.Interval && (!prorates || plan.Status != ToldSubscriptionStatus.Active)))
        {
            (plan.Price, plan.Quantity) = (price, quantity);
            return true;
        }

        var left = (decimal)(plan.End - Now).Ticks / (plan.End - plan.Start).Ticks;
        var credit = new InvoiceLineTold(plan.Price, plan.Quantity, new(-(long)(before * left), "usd"), Now, plan.End, true);
        if (from.Interval == to.Interval)
        {
            var more = new InvoiceLineTold(price, quantity, new((long)(after * left), "usd"), Now, plan.End, true);
            if (credit.Amount.Amount + more.Amount.Amount > 0)
            {
                if (tenant.OneIn(6)) return false; // the card was declined
                (plan.Price, plan.Quantity) = (price, quantity);
                Invoice(plan, "subscription_update", [credit, more], out var difference);
                Paid(difference, ChargeOf(difference));
            }

            (plan.Price, plan.Quantity) = (price, quantity);
            return true;
        }

        if (plan.Status != ToldSubscriptionStatus.Active || (prorates && to.Interval == PlanInterval.Month) || tenant.OneIn(6)) return false;
        (plan.Price, plan.Quantity, plan.Anchor, plan.Periods, plan.Start) = (price, quantity, Now, 0, Now);
        plan.End = EndOf(plan, 0);
        Await(plan);
        Invoice(plan, "subscription_update", prorates ? [credit, Line(plan)] : [Line(plan)], out var whole);
        Paid(whole, ChargeOf(whole));
        return true;
    }

    /// <summary>A worker tells what is wanted of a subscription: it is done, refused, or the answer is lost on its way.</summary>
    public void Answer(Household home, Subscription subscription)
    {
        if (subscription.Asking is not { } ask) return;
        var came = new RecordSubscriptionCall { Subscription = subscription.Id, Account = home.Id, Action = ask.Version };
        if (subscription.Refs.SubscriptionId is not { } theirs || plans.Find(one => one.Id == theirs) is not { } plan)
        {
            home.Send(came with { Reason = "it has not told yet what it calls it" });
            return;
        }

        if (ask.NotAfter <= Now)
        {
            home.Send(came with { Reason = "the period has ended", IsFinal = true });
            return;
        }

        var isLost = !tenant.IsQuiet && tenant.OneIn(10);
        if ((!isLost || tenant.OneIn(2)) && !plan.Done.Contains(ask.Version))
        {
            if (tenant.OneIn(40) || !Do(plan, ask))
            {
                home.Send(came with { Reason = "card_declined", IsFinal = true });
                return;
            }

            if (ask.Kind != ProviderActionKind.Ask) plan.Done.Add(ask.Version);
            Tell(plan);
        }

        if (isLost)
        {
            home.Send(came with { Reason = "no way there" });
            return;
        }

        home.Hear(Stands(plan));
        if (ask.Kind == ProviderActionKind.Ask && plan.Invoices.LastOrDefault() is { } last) home.Hear(Stands(last, last.Status == ToldInvoiceStatus.Paid ? InvoiceNews.Paid : InvoiceNews.Changed));
        home.Send(came);
    }

    private bool Do(PlanThere plan, ProviderAction ask)
    {
        if (plan.HasEnded) return ask.Kind is ProviderActionKind.CancelNow or ProviderActionKind.Ask;
        switch (ask.Kind)
        {
            case ProviderActionKind.Change:
                return Change(plan, ask.PriceId ?? plan.Price, Terms(ask.PriceId ?? plan.Price).Seats?.PricePerSeat is null ? 1 : ask.Seats ?? 1, ask.Prorate);
            case ProviderActionKind.CancelNow:
                End(plan);
                break;
            case ProviderActionKind.CancelAtPeriodEnd:
                plan.CancelAtPeriodEnd = true;
                break;
            case ProviderActionKind.UndoCancel:
                plan.CancelAtPeriodEnd = false;
                break;
            case ProviderActionKind.Pause:
                plan.Rests = true;
                break;
            case ProviderActionKind.Resume:
                plan.Rests = false;
                break;
        }

        return true;
    }

    private void Invoice(PlanThere plan, string reason, ValueList<InvoiceLineTold> lines, out InvoiceThere invoice)
    {
        invoice = new() { Plan = plan, Id = NewId("in"), Reason = reason, Lines = lines, Total = new(Math.Max(0, lines.Sum(line => line.Amount.Amount)), "usd") };
        plan.Invoices.Add(invoice);
    }

    private Plan Terms(string price) => (Plan)tenant.PlanAt(price)!.Entry!;

    private InvoiceLineTold Line(PlanThere plan) => new(plan.Price, plan.Quantity, Terms(plan.Price).PriceOf((int)plan.Quantity), plan.Start, plan.End, false);

    private DateTimeOffset EndOf(PlanThere plan, int periods) => Domain.Subscriptions.Periods.EndOf(plan.Anchor, Terms(plan.Price).Interval, periods)!.Value;

    private static string CustomerOf(Household home) => $"cus_{home.Number}";

    private void Tell(PlanThere plan, ToldSubscriptionStatus? status = null) => Tell(plan.Home, status is { } other ? Stands(plan) with { Status = other } : Stands(plan));

    private void Tell(InvoiceThere invoice, InvoiceNews news) => Tell(invoice.Plan.Home, Stands(invoice, news));

    private SubscriptionTold Stands(PlanThere plan)
    {
        // Two states in one second can't be told apart by anybody who hears of them: each has a second of its own.
        plan.ToldAt = plan.ToldAt >= Now ? plan.ToldAt.AddSeconds(1) : Now;
        return new()
        {
            Provider = "stripe",
            SubscriptionId = plan.Id,
            Refs = new() { SubscriptionId = plan.Id, CustomerId = CustomerOf(plan.Home) },
            Marks = plan.Marks,
            At = plan.ToldAt,
            Status = plan.Rests && !plan.HasEnded ? ToldSubscriptionStatus.Paused : plan.Status,
            Items = [new($"si_{plan.Id}", plan.Price, plan.Quantity, plan.Start, plan.End)],
            TrialStart = plan.TrialStart,
            TrialEnd = plan.TrialEnd,
            CancelAtPeriodEnd = plan.CancelAtPeriodEnd,
        };
    }

    private InvoiceTold Stands(InvoiceThere invoice, InvoiceNews news) => new()
    {
        Provider = "stripe",
        InvoiceId = invoice.Id,
        Refs = new() { InvoiceId = invoice.Id, SubscriptionId = invoice.Plan.Id, CustomerId = CustomerOf(invoice.Plan.Home) },
        Marks = invoice.Plan.Marks,
        At = Now,
        Status = invoice.Status,
        News = news,
        BillingReason = invoice.Reason,
        IsFirst = invoice.Reason == "subscription_create",
        AmountDue = invoice.Total,
        Total = invoice.Total,
        AmountPaid = invoice.Total with { Amount = invoice.Status == ToldInvoiceStatus.Paid ? invoice.Total.Amount : 0 },
        AttemptCount = invoice.Tries,
        Lines = invoice.Lines,
    };
}
