using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Subscriptions;

// The payment that an invoice of a provider is: the page's own, for the one that its subscription began with, else one that the provider charges by itself. It is told what the invoice says, whatever the subscription makes of that.
internal sealed class Bill
{
    private readonly PaymentDraft payment;
    private readonly bool isOfPage;

    private Bill(PaymentDraft payment, bool isOfPage) => (this.payment, this.isOfPage) = (payment, isOfPage);

    public PaymentId Id => payment.Payment.Id;

    /// <summary>Whether what it pays for was given.</summary>
    public bool IsDelivered => !isOfPage && payment.Payment.IsFulfilled;

    /// <summary>Whether all of its money has gone back again.</summary>
    public bool IsTakenBack => payment.Payment.IsTakenBack;

    /// <summary>Whether other money was paid at the page than was asked there: then nothing is given for it.</summary>
    public bool IsMismatched => payment.Payment.IsMismatched;

    /// <summary>Whether nobody has to refund it where nothing can be given yet: the page's own payment says what became of it.</summary>
    public bool IsOfPage => isOfPage;

    /// <summary>The payment of an invoice; null where no money is in it, and where it stands for a payment that nobody keeps.</summary>
    /// <param name="command">What was told.</param>
    /// <param name="subscription">The subscription that it is of.</param>
    /// <param name="line">Its period; null where it pays none.</param>
    /// <param name="plan">The plan that the provider's price leads to, where it is another one than that of the subscription.</param>
    /// <param name="isGranted">Whether its period was granted. Where it has no payment, that was before such payments were kept, and it has an invoice of its own.</param>
    public static Bill? Of(ApplyInvoiceFact command, SubscriptionDraft subscription, InvoiceLineTold? line, PinnedPlan? plan, bool isGranted)
    {
        var (fact, billing, state) = (command.Fact, subscription.Billing, subscription.State);
        if (PageOf(billing, state, fact) is { } page)
        {
            var own = new Bill(new PaymentDraft(billing.Find(page), billing) { Bill = new(null, null, fact.HostedUrl) }, isOfPage: true);
            if (IsPaid(fact) && line is { Amount.Amount: > 0 }) own.Compare(fact);
            own.Learn(fact);
            return own;
        }

        if (isGranted && billing.LedTo(fact.Provider, fact.InvoiceId) is null) return null;
        var (amount, isPaid) = (IsPaid(fact) ? fact.AmountPaid : fact.AmountDue ?? fact.Total, IsPaid(fact));
        var id = billing.LedTo(fact.Provider, fact.InvoiceId) ?? Beside(billing, state, fact) ?? command.Payment;
        if (!billing.Find(id).Exists && (amount.Amount <= 0 || fact.Status == ToldInvoiceStatus.Draft)) return null;
        var item = PlanOf(subscription, line?.PriceId, plan);
        var bill = new Bill(new PaymentDraft(billing.Find(id), billing) { Bill = BillOf(fact, amount, line, price => (PlanOf(subscription, price, plan) ?? item ?? state.Plan).Terms.Name) }, isOfPage: false);
        if (!bill.payment.Payment.Exists) bill.Open(fact, amount, state, item);
        if (isPaid) bill.Paid(fact);
        else bill.Unpaid(fact);
        bill.Learn(fact);
        return bill;
    }

    /// <summary>Whether it says that it is paid; what failed to be charged was not, when that was told.</summary>
    public static bool IsPaid(InvoiceTold fact) => fact is { Status: ToldInvoiceStatus.Paid, News: not (InvoiceNews.PaymentFailed or InvoiceNews.ActionRequired) };

    /// <summary>What it pays for was given.</summary>
    public void Deliver()
    {
        if (!isOfPage && payment.Payment is { HasSucceeded: true, IsFulfilled: false }) payment.Add(new PaymentFulfilled());
    }

    /// <summary>Its money came, and nothing can be given for it: somebody has to look, once for a reason.</summary>
    public void Attend(string reason)
    {
        if (payment.Payment.Resolved != reason) payment.Add(new AttentionNeeded { Reason = reason });
    }

    /// <summary>Writes all of it, and its invoice.</summary>
    public void Close() => payment.Close();

    // The page's payment where this is the invoice that it began with. In a trial that invoice is over nothing, and the first one with money is the provider's own.
    private static PaymentId? PageOf(BillingDraft billing, Subscription state, InvoiceTold fact)
    {
        if (state.Checkout is not { } id || billing.Find(id) is not { Exists: true, Amount.Amount: > 0 } page || page.Provider != fact.Provider) return null;
        if (billing.LedTo(fact.Provider, fact.InvoiceId) is { } led) return led == id ? id : null;
        if (page.Refs.InvoiceId is { } known) return known == fact.InvoiceId ? id : null;
        return fact.IsFirst ?? state.GrantedPeriod == 0 ? id : null;
    }

    // One that an intent or a charge leads to, where that is of this subscription.
    private static PaymentId? Beside(BillingDraft billing, Subscription state, InvoiceTold fact)
    {
        foreach (var reference in fact.Refs.Leading)
        {
            if (billing.LedTo(fact.Provider, reference) is { } led && billing.Find(led) is { IsBilled: true } known && known.Subscription == state.Id) return led;
        }

        return null;
    }

    private static PinnedPlan? PlanOf(SubscriptionDraft subscription, string? price, PinnedPlan? told)
    {
        var state = subscription.State;
        if (price is null) return null;
        foreach (var plan in (PinnedPlan?[])[state.Plan, state.Scheduled?.Plan, state.Changing?.Plan, told])
        {
            if (plan?.Terms.PriceAt(state.Provider) == price) return plan;
        }

        return null;
    }

    // The provider's lines where all of them are told and what is paid is in them; what is taken off (a discount, what was put down before) is the discount.
    private static BillTold BillOf(InvoiceTold fact, Money amount, InvoiceLineTold? period, Func<string?, string> nameOf)
    {
        long sum = 0;
        var lines = new List<InvoiceLine>(fact.Lines.Count);
        foreach (var line in fact.Lines)
        {
            sum += line.Amount.Currency == amount.Currency ? line.Amount.Amount : long.MinValue / (fact.Lines.Count + 1);
            var name = nameOf(line.PriceId) + (!line.IsProration ? "" : line.Amount.Amount < 0 ? ", unused time" : ", rest of the period");
            var quantity = line.Quantity is > 0 and var told && line.Amount.Amount % told == 0 ? told : 1;
            lines.Add(new(name, quantity, line.Amount with { Amount = line.Amount.Amount / quantity }, line.Amount, line.PeriodStart, line.PeriodEnd));
        }

        return !fact.HasMoreLines && lines.Count > 0 && sum >= amount.Amount
            ? new([.. lines], amount with { Amount = sum - amount.Amount }, fact.HostedUrl)
            : new([new(nameOf(period?.PriceId), 1, amount, amount, period?.PeriodStart, period?.PeriodEnd)], amount with { Amount = 0 }, fact.HostedUrl);
    }

    private void Open(InvoiceTold fact, Money amount, Subscription state, PinnedPlan? plan) => payment.Add(new PaymentBilled
    {
        Account = state.Account,
        Provider = fact.Provider,
        Subscription = state.Id,
        Amount = amount,
        Item = plan is null ? null : new(ItemKind.Plan, plan.Id, plan.Version, plan.Terms.Name, 1, plan.Terms.PriceOf(state.Seats)),
        Refs = New(fact),
    });

    private void Paid(InvoiceTold fact)
    {
        var known = payment.Payment;
        if (known.HasSucceeded || known.IsReversed) return;
        if (fact.AmountPaid.Amount <= 0)
        {
            if (known.Standing != PaymentStatus.Canceled) payment.Add(new PaymentAdvanced { To = PaymentStatus.Canceled, Reason = "nothing had to be paid in the end" });
            return;
        }

        payment.Add(new PaymentSucceeded { Received = fact.AmountPaid, PaidAt = fact.PaidAt ?? fact.At, Refs = New(fact) });
        if (fact.AmountPaid != known.Amount) Attend($"{fact.AmountPaid} was paid, and {known.Amount} had been asked.");
        if (known.Standing == PaymentStatus.Canceled) Attend($"It was paid after its invoice {fact.InvoiceId} had been taken back. Look at it with {fact.Provider}.");
    }

    // Statuses move forward only: what is told late, or again, changes nothing.
    private void Unpaid(InvoiceTold fact)
    {
        var known = payment.Payment;
        if (known.HasSucceeded || known.IsReversed || known.Standing == PaymentStatus.Canceled) return;
        var (to, reason) = fact switch
        {
            { Status: ToldInvoiceStatus.Void } => (PaymentStatus.Canceled, "its invoice was taken back"),
            { Status: ToldInvoiceStatus.Uncollectible } => (PaymentStatus.Failed, "given up as a bad debt"),
            { News: InvoiceNews.PaymentFailed } => (fact.NextAttemptAt is null ? PaymentStatus.Failed : PaymentStatus.Pending, known.FailureReason is null ? "charging it failed" : null),
            { News: InvoiceNews.ActionRequired } => (PaymentStatus.RequiresAction, known.FailureReason is null ? "the payer has to authenticate the payment" : null),
            _ => (PaymentStatus.Pending, (string?)null),
        };
        var isFurther = to is PaymentStatus.Canceled || (to == PaymentStatus.Failed && known.Standing != PaymentStatus.Failed) || (to == PaymentStatus.RequiresAction && known.Standing == PaymentStatus.Pending);
        if (isFurther || (reason is not null && reason != known.FailureReason)) payment.Add(new PaymentAdvanced { To = isFurther ? to : known.Standing, Reason = reason, Refs = New(fact) });
    }

    // The first invoice of a page has to ask what the page did, whichever of both is heard first.
    private void Compare(InvoiceTold fact)
    {
        var page = payment.Payment;
        if (!page.HasSucceeded && !page.IsReversed && !page.IsMismatched && fact.Total != page.Amount) payment.Mismatch($"{fact.Total} was paid, and {page.Amount} was asked.", fact.Total, null);
    }

    private void Learn(InvoiceTold fact)
    {
        if (payment.HasLearnt) return;
        var (known, refs) = (payment.Payment, New(fact));
        var isNew = refs.With(known.Refs) != known.Refs || known.LeadsByInvoice != true;
        foreach (var reference in refs.Leading) isNew |= payment.Billing.LedTo(fact.Provider, reference) is null;
        if (isNew) payment.Add(new PaymentDetailsLearnt { Refs = refs, ByInvoice = known.LeadsByInvoice == true ? null : true });
    }

    // A reference that leads to another payment stays with that.
    private ProviderRefs New(InvoiceTold fact)
    {
        string? Own(string? reference) => reference is not null && payment.Billing.LedTo(fact.Provider, reference) is { } led && led != Id ? null : reference;
        return fact.Refs with { PaymentIntentId = Own(fact.Refs.PaymentIntentId), ChargeId = Own(fact.Refs.ChargeId) };
    }
}
