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

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => ApplyInvoiceFactHandler.Handle(this, draft, plan);
}

/// <summary>Applies what providers tell of invoices.</summary>
public static class ApplyInvoiceFactHandler
{
    /// <summary>A paid period is granted and invoiced, once, whichever of the invoice and the news of the subscription comes first. What settles a change within a period is no period; one over nothing, in a trial, begins that.</summary>
    public static SubscriptionDecision Handle(ApplyInvoiceFact command, BillingDraft draft, CatalogItem? plan)
    {
        var fact = command.Fact;
        if (fact.Refs.SubscriptionId is not { } theirs) return new SubscriptionDecision.Nothing("it is of no subscription");
        var subscription = new SubscriptionDraft(draft, command.Subscription);
        if (PlanTelling.Objection(subscription, fact, command.Tenant, theirs) is { } instead) return instead;
        if (fact.News == InvoiceNews.Changed) return new SubscriptionDecision.Nothing("an invoice counts when it is paid, or when charging it has failed");
        var line = PeriodLine(fact, subscription.State.Exists ? subscription.State.Plan.Terms.PriceAt(fact.Provider) : null);
        if (!subscription.State.Exists)
        {
            if (fact is not { News: InvoiceNews.Paid, Status: ToldInvoiceStatus.Paid } || line is null) return new SubscriptionDecision.Waits($"There is no subscription {theirs} of {fact.Provider} yet.");
            if (PlanTelling.Open(subscription, fact, plan, line.PriceId, line.Quantity) is { } unopened) return unopened;
        }

        SettleSubscriptionHandler.Settle(subscription);
        var done = fact.News switch
        {
            InvoiceNews.Paid when fact.Status == ToldInvoiceStatus.Paid => Paid(subscription, fact, line, theirs, plan),
            InvoiceNews.PaymentFailed or InvoiceNews.ActionRequired => Failed(subscription, fact, line),
            _ => null,
        };
        return done ?? subscription.Done("nothing in it is new");
    }

    private static SubscriptionDecision? Paid(SubscriptionDraft subscription, InvoiceTold fact, InvoiceLineTold? line, string theirs, CatalogItem? plan)
    {
        var state = subscription.State;
        if (line is null && fact.HasMoreLines) return new SubscriptionDecision.Waits($"Invoice {fact.InvoiceId} has more lines than were told, and none of these is for a period. Look at it with {fact.Provider}.");
        if (line is null) return new SubscriptionDecision.Nothing("it settles a change within a period, and pays none");
        if (state.PaidInvoice == fact.InvoiceId) return new SubscriptionDecision.Nothing("its period is granted");
        PlanTelling.Learn(subscription, new(theirs, fact.Refs.CustomerId), null);
        if (state.Status is SubscriptionStatus.Canceled or SubscriptionStatus.Expired) return SubscriptionDecision.Refuse(new SubscriptionConflict($"{state.Id} has ended, and a period of it was paid. Give the money of invoice {fact.InvoiceId} back with {fact.Provider}.", state.Status));
        if (subscription.AccountIsClosed)
        {
            if (!state.HasEnded) subscription.EndForClosed();
            return null;
        }

        if (PlanTelling.Take(subscription) is { } waits) return waits;
        if (line.Amount.Amount == 0 && state.Price.Amount > 0)
        {
            // What the first days of a trial cost is no payment.
            if (subscription.State.Period == 0 && state.Status != SubscriptionStatus.Trialing) subscription.Add(new TrialStarted { Start = line.PeriodStart, End = line.PeriodEnd });
            return null;
        }

        PlanTelling.Move(subscription, line.PeriodStart, line.PeriodEnd, line.PriceId, plan);
        state = subscription.State;
        var isOfBefore = line.PriceId is { } price && price != state.Plan.Terms.PriceAt(state.Provider) && line.PeriodStart < state.CurrentPeriodStart && PlanTelling.IsFar(line.PeriodEnd, state.CurrentPeriodEnd);
        if (isOfBefore || line.PeriodEnd <= state.CurrentPeriodStart + PlanTelling.Near) return subscription.Done("its period is over");
        if (state.Status == SubscriptionStatus.PastDue) subscription.Add(new SubscriptionResumed());
        var isNew = state.GrantedPeriod < state.Period;
        subscription.Deliver(fact.InvoiceId);
        if (isNew) subscription.Invoice(fact);
        return null;
    }

    private static SubscriptionDecision.Nothing? Failed(SubscriptionDraft subscription, InvoiceTold fact, InvoiceLineTold? line)
    {
        var state = subscription.State;
        if (state.PaidInvoice == fact.InvoiceId || state.ToldAt > fact.At) return new SubscriptionDecision.Nothing("newer news of it are known");
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
