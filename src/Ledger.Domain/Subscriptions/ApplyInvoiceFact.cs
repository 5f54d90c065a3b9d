using System.Collections.Immutable;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Subscriptions;

/// <summary>A provider told of an invoice of a subscription. It is safe to apply twice and late. Its plan is the one that the provider's price leads to, where one does.</summary>
public sealed record ApplyInvoiceFact : SubscriptionCommand
{
    /// <summary>What was told.</summary>
    public required InvoiceTold Fact { get; init; }

    /// <summary>The tenant that it came for, as clients name it.</summary>
    public required string Tenant { get; init; }

    /// <summary>The payment that it opens where there is none yet: the same for each news of one invoice.</summary>
    public required PaymentId Payment { get; init; }

    /// <summary>The payment that its references lead to, as was looked at; null where they lead to none.</summary>
    public PaymentId? Known { get; init; }

    /// <summary>The checkout of the subscription, as it was looked at; null for none.</summary>
    public PaymentId? Checkout { get; init; }

    /// <summary>Whether a period was granted for the invoice, as was looked at.</summary>
    public bool IsGranted { get; init; }

    /// <inheritdoc/>
    public override ImmutableArray<PaymentId> Payments => [.. new[] { Payment, Known, Checkout }.OfType<PaymentId>().Distinct()];

    /// <inheritdoc/>
    public override ImmutableArray<string> PaymentRefs => [.. Fact.Refs.Leading.Select(reference => Ledger.Domain.Payments.Payment.RefName(Fact.Provider, reference))];

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => ApplyInvoiceFactHandler.Handle(this, draft, plan);
}

/// <summary>Applies what providers tell of invoices.</summary>
public static class ApplyInvoiceFactHandler
{
    /// <summary>
    /// An invoice with money in it is a payment and an invoice of ours, however it stands. A paid period is granted, once, whichever of the invoice and the news of the subscription comes first. What settles a change within a period is
    /// no period; one over nothing, in a trial, begins that. Money for which nothing can be given is kept on its payment, which needs attention.
    /// </summary>
    public static SubscriptionDecision Handle(ApplyInvoiceFact command, BillingDraft draft, CatalogItem? plan)
    {
        var fact = command.Fact;
        if (fact.Refs.SubscriptionId is not { } theirs) return new SubscriptionDecision.Nothing("it is of no subscription");
        var subscription = new SubscriptionDraft(draft, command.Subscription);
        if (PlanTelling.Objection(subscription, fact, command.Tenant, theirs) is { } instead) return instead;
        if (fact.Status == ToldInvoiceStatus.Draft) return new SubscriptionDecision.Nothing("an invoice counts once it is sent");
        var line = PeriodLine(fact, subscription.State.Exists ? subscription.State.Plan.Terms.PriceAt(fact.Provider) : null);
        if (!subscription.State.Exists)
        {
            if (fact.News == InvoiceNews.Changed && !Bill.IsPaid(fact)) return new SubscriptionDecision.Nothing("an invoice of a subscription that is not known yet counts when it is paid");
            if (!Bill.IsPaid(fact) || line is null) return new SubscriptionDecision.Waits($"There is no subscription {theirs} of {fact.Provider} yet.");
            if (PlanTelling.Open(subscription, fact, plan, line.PriceId, line.Quantity) is { } unopened) return unopened;
        }

        SettleSubscriptionHandler.Settle(subscription);
        if (Bill.IsPaid(fact) && line is null && fact.HasMoreLines) return new SubscriptionDecision.Waits($"Invoice {fact.InvoiceId} has more lines than were told, and none of these is for a period. Look at it with {fact.Provider}.");
        var isGranted = command.IsGranted || subscription.State.PaidInvoice == fact.InvoiceId;
        var bill = Bill.Of(command, subscription, line, PinnedPlan.Of(plan), isGranted);
        string? why = null;
        if (isGranted || bill is { IsDelivered: true }) why = "its period is granted";
        else if (Bill.IsPaid(fact))
        {
            if (Paid(subscription, fact, line, theirs, plan, bill, out why) is { } waits) return waits;
        }
        else if (fact.News is InvoiceNews.PaymentFailed or InvoiceNews.ActionRequired) why = Failed(subscription, fact, line);
        bill?.Close();
        return subscription.Done(why ?? "nothing in it is new");
    }

    private static SubscriptionDecision.Waits? Paid(SubscriptionDraft subscription, InvoiceTold fact, InvoiceLineTold? line, string theirs, CatalogItem? plan, Bill? bill, out string? why)
    {
        var state = subscription.State;
        why = null;
        if (line is null)
        {
            bill?.Deliver();
            why = "it settles a change within a period, and pays none";
            return null;
        }

        PlanTelling.Learn(subscription, new(theirs, fact.Refs.CustomerId), null);
        if (bill is { IsTakenBack: true })
        {
            why = "its money has gone back";
            return null;
        }

        if (state.Status is SubscriptionStatus.Canceled or SubscriptionStatus.Expired)
        {
            why = "its subscription has ended";
            bill?.Attend($"A period of {state.Id} was paid by invoice {fact.InvoiceId}, and it has ended: nothing was given for that. Refund the payment.");
            return null;
        }

        if (subscription.AccountIsClosed)
        {
            if (!state.HasEnded) subscription.EndForClosed();
            bill?.Attend($"Account {state.Account} is closed: nothing was given for the period that was paid. Refund the payment.");
            return null;
        }

        if (bill is { IsMismatched: true } && line.Amount.Amount > 0)
        {
            why = "other money was paid than was asked";
            return null;
        }

        if (PlanTelling.Take(subscription) is { } waits)
        {
            if (bill is null or { IsOfPage: true }) return waits;
            why = "another subscription has its place";
            bill.Attend($"{waits.Why} Nothing was given for the period that invoice {fact.InvoiceId} paid: refund the payment, or make room and apply its notification again.");
            return null;
        }

        if (line.Amount.Amount == 0 && state.Price.Amount > 0)
        {
            // What the first days of a trial cost is no payment.
            if (subscription.State.Period == 0 && state.Status != SubscriptionStatus.Trialing) subscription.Add(new TrialStarted { Start = line.PeriodStart, End = line.PeriodEnd });
            bill?.Deliver();
            return null;
        }

        PlanTelling.Move(subscription, line.PeriodStart, line.PeriodEnd, line.PriceId, plan);
        state = subscription.State;
        var isOfBefore = line.PriceId is { } price && price != state.Plan.Terms.PriceAt(state.Provider) && line.PeriodStart < state.CurrentPeriodStart && PlanTelling.IsFar(line.PeriodEnd, state.CurrentPeriodEnd);
        if (isOfBefore || line.PeriodEnd <= state.CurrentPeriodStart + PlanTelling.Near)
        {
            why = "its period is over";
            bill?.Attend($"Invoice {fact.InvoiceId} paid the period from {line.PeriodStart:yyyy-MM-dd} to {line.PeriodEnd:yyyy-MM-dd}, which was over when that was told: its credits would have lapsed, and were not given. Refund the payment, or grant them.");
            return null;
        }

        var (wasMissing, isNew) = (state.Status == SubscriptionStatus.PastDue, state.GrantedPeriod < state.Period);
        if (wasMissing) subscription.Add(new SubscriptionResumed { Payment = isNew ? null : bill?.Id });
        subscription.Deliver(fact.InvoiceId, bill?.Id);
        if (isNew || wasMissing) bill?.Deliver();
        else bill?.Attend($"Invoice {fact.InvoiceId} paid a period of {state.Id} that had been paid before: nothing was given for it. Refund the payment.");
        return null;
    }

    private static string? Failed(SubscriptionDraft subscription, InvoiceTold fact, InvoiceLineTold? line)
    {
        var state = subscription.State;
        if (state.ToldAt > fact.At) return "newer news of it are known";
        if (line is null || line.PeriodEnd <= state.CurrentPeriodStart + PlanTelling.Near || state.Status != SubscriptionStatus.Active) return null;
        subscription.PastDue(subscription.Now, fact.News == InvoiceNews.ActionRequired ? "the payer has to authenticate the payment" : "charging it failed");
        return null;
    }

    // The line of a whole period: of several the one for the plan's price, else the one that ends last.
    private static InvoiceLineTold? PeriodLine(InvoiceTold fact, string? price)
    {
        InvoiceLineTold? found = null;
        foreach (var line in fact.Lines)
        {
            if (line.IsProration || line.PeriodEnd <= line.PeriodStart || line.Amount.Amount < 0) continue;
            if (found is null || (line.PriceId == price && found.PriceId != price) || (line.PriceId == found.PriceId && line.PeriodEnd > found.PeriodEnd)) found = line;
        }

        return found;
    }
}
