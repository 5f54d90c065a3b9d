using Ledger.Domain.Accounts;

namespace Ledger.Domain.Payments;

/// <summary>A provider told something about a payment. It is safe to apply twice and late; it is never refused for an account's state or a limit.</summary>
public sealed record ApplyProviderFact : PaymentCommand
{
    /// <summary>What was told.</summary>
    public required ProviderFact Fact { get; init; }

    /// <summary>The tenant that it came for, as clients name it.</summary>
    public required string Tenant { get; init; }

    /// <summary>Whether credits that were spent become debt; the tenant's policy. Else they are a shortfall.</summary>
    public bool AllowsDebt { get; init; }

    /// <inheritdoc/>
    public override PaymentDecision Decide(Payment payment, Account? account, PaymentPast past, DateTimeOffset now) => ApplyProviderFactHandler.Handle(this, payment, account, past, now);
}

/// <summary>Applies what providers tell.</summary>
public static class ApplyProviderFactHandler
{
    private const string NothingNew = "nothing in it is new";

    /// <summary>One step of the state machine. States only move forward; money wins over words.</summary>
    public static PaymentDecision Handle(ApplyProviderFact command, Payment payment, Account? account, PaymentPast past, DateTimeOffset now)
    {
        var fact = command.Fact;
        if (fact.Marks.Tenant is { } tenant && tenant != command.Tenant) return Refuse(payment, $"It is marked for the tenant {tenant}, and came for {command.Tenant}.");
        if (fact is not (PaymentTold or DetailsTold or RefundTold or RefundedSoFarTold or DisputeTold)) return new PaymentDecision.Nothing("no payment changes by it");
        if (fact.IsHint) return new PaymentDecision.Waits("It is a hint, which the provider has to confirm first.");
        var draft = new PaymentDraft(payment, account, past, now);
        if (!payment.Exists)
        {
            if (Report(draft, fact) is { } unopened) return unopened;
        }
        else
        {
            if (payment.Provider != fact.Provider) return Refuse(payment, $"{payment.Id} is paid by {payment.Provider ?? "nobody"}, and {fact.Provider} told it.");
            if (fact.Marks.Account is { } marked && marked != payment.Account.Value) return Refuse(payment, $"It is marked for the account {marked}, and {payment.Id} is for {payment.Account}.");
            if (fact.Marks.Payment is { } named && named != payment.Id.Value && payment is { Item: not null, IsBilled: not true }) return Refuse(payment, $"It is marked for {named}, and its references lead to {payment.Id}.");
            foreach (var reference in payment.LeadingOf(fact.Refs))
            {
                if (past.Refs.TryGetValue(Payment.RefName(fact.Provider, reference), out var other) && other != payment.Id) return Refuse(payment, $"The reference {reference} leads to {other}, and another one to {payment.Id}.");
            }
        }

        var instead = fact switch
        {
            PaymentTold told => Told(draft, told, command.AllowsDebt),
            RefundTold told => Refunded(draft, told, command.AllowsDebt),
            RefundedSoFarTold told => RefundedSoFar(draft, told, command.AllowsDebt),
            DisputeTold told => Disputed(draft, told, command.AllowsDebt),
            _ => null,
        };
        if (instead is not null) return instead;
        Learn(draft, fact, past);
        return draft.Done(NothingNew);
    }

    // A payment that no checkout of ours began is opened by its money, where it says whose and how many credits.
    private static PaymentDecision? Report(PaymentDraft draft, ProviderFact fact)
    {
        // What says how many credits it grants needs no checkout: the name is the app's own.
        if (fact.Marks is { Payment: { } known, Credits: null })
        {
            // A name that none of ours can have will never be there; what came back of its money may still turn out to be ours.
            return fact is PaymentTold or DetailsTold && !PaymentId.TryParse(known, out _) ? new PaymentDecision.Nothing("it is about no payment of this ledger") : new PaymentDecision.Waits($"There is no payment {known} yet.");
        }

        // What only says which intent paid an invoice may come before the invoice itself.
        if (fact is DetailsTold { Method: null, Refs: { InvoiceId: { } invoice, PaymentIntentId: not null } }) return new PaymentDecision.Waits($"The invoice {invoice} that it paid is not known yet.");
        if (fact is not PaymentTold told) return fact is DetailsTold ? new PaymentDecision.Nothing("it is about no payment of this ledger") : new PaymentDecision.Waits("The payment that it is about is not known yet.");
        if (fact.Marks is not { Account: { } account, Credits: { } text }) return new PaymentDecision.Nothing("it is about no payment of this ledger");
        if (told.Status != PaymentStatus.Succeeded) return new PaymentDecision.Nothing("the payment is opened by its money");
        if (told.Amount is not { Amount: > 0 } amount) return Refuse(draft.Payment, "It succeeded without an amount.");
        if (!Currencies.IsKnown(amount.Currency)) return Refuse(draft.Payment, $"Its currency {amount.Currency} is not known.");
        if (!Credits.TryParse(text, out var credits) || !credits.IsPositive || credits > Credits.AmountMax) return Refuse(draft.Payment, "ledger_credits must be a plain decimal number of credits, more than 0.");
        if (!AccountId.TryParse(account, out var id)) return Refuse(draft.Payment, "ledger_account is no account's id.");
        if (draft.Account is not { Exists: true } found || found.Id != id) return new PaymentDecision.Waits($"There is no account {account} yet.");
        if (credits.Scale > found.Scale) return Refuse(draft.Payment, $"ledger_credits has more decimals than account {account} counts.");
        draft.Add(new PaymentReported { Account = id, Provider = fact.Provider, Amount = amount, CreditAmount = credits });
        return null;
    }

    private static PaymentDecision.Refused? Told(PaymentDraft draft, PaymentTold told, bool allowsDebt)
    {
        var payment = draft.Payment;
        // Whether what is billed is given up, its invoice says: another try may follow one that was.
        if (payment.IsBilled == true && told.Status is PaymentStatus.Canceled or PaymentStatus.Expired) return null;
        // The page of a plan pays for a plan, and for nothing else.
        if (told is { Status: not PaymentStatus.Expired, Refs: { CheckoutSessionId: not null, SubscriptionId: not null } } && payment.Purpose != PaymentPurpose.Subscription) return null;
        if (told.Status == PaymentStatus.Succeeded) return Paid(draft, told);
        // Where all of the money went back by a refund that was begun here, the provider may tell that refund as a void.
        if (told.Reverses && payment.HasSucceeded && payment.Refunded == payment.Amount.Amount && payment.Refunds.Any(refund => refund is { IsOurs: true, Counts: true })) return null;
        if (told.Reverses && told.Status is PaymentStatus.Failed or PaymentStatus.Canceled && payment.HasSucceeded)
        {
            draft.Add(new PaymentReversed { To = told.Status, Reason = told.Reason, Refs = New(told.Refs) });
            draft.PlanUnpaid("its payment was taken back");
            Settle(draft, allowsDebt, null, told.Reason);
            return null;
        }

        if (payment.IsReversed || payment.HasSucceeded || payment.IsMismatched) return null;
        var to = told.MayStillSucceed && Rank(told.Status) >= Rank(PaymentStatus.Expired) ? payment.Standing : told.Status;
        if (to is PaymentStatus.PartiallyRefunded or PaymentStatus.Refunded or PaymentStatus.Disputed or PaymentStatus.DisputeLost) return Refuse(payment, "A payment's refunds and disputes are told one by one.");
        var tried = to == payment.Standing && told.MayStillSucceed && told.Reason is not null && told.Reason != payment.FailureReason;
        if (Rank(to) > Rank(payment.Standing) || tried) draft.Add(new PaymentAdvanced { To = to, Reason = told.Reason, Refs = New(told.Refs), Method = told.Method });
        return null;
    }

    private static PaymentDecision.Refused? Paid(PaymentDraft draft, PaymentTold told)
    {
        var payment = draft.Payment;
        if (payment.IsReversed || payment.HasSucceeded)
        {
            draft.Fulfil(fromProvider: true); // what stood in the way once may not any more
            return null;
        }

        // An invoice may be paid in parts; of what it comes to it tells itself.
        if (payment.IsBilled == true && told.Amount != payment.Amount) return null;
        var wrong = told.Amount is not { } received ? "It succeeded without an amount."
            : received.Currency != payment.Amount.Currency ? $"It was paid in {received.Currency}, and {payment.Amount} was asked."
            : received.Amount != payment.Amount.Amount ? $"{received} was paid, and {payment.Amount} was asked."
            : null;
        if (wrong is not null)
        {
            if (payment.IsMismatched) return Refuse(payment, wrong);
            draft.Mismatch(wrong, told.Amount, New(told.Refs));
            return null;
        }

        draft.Add(new PaymentSucceeded { Received = payment.Amount, PaidAt = told.At, Refs = New(told.Refs), Method = told.Method });
        draft.Fulfil(fromProvider: true);
        Settle(draft, allowsDebt: false, null, null);
        return null;
    }

    private static PaymentDecision? Refunded(PaymentDraft draft, RefundTold told, bool allowsDebt)
    {
        var payment = draft.Payment;
        if (Before(payment, "A refund") is { } waits) return waits;
        if (told.Amount.Currency != payment.Amount.Currency) return Refuse(payment, $"It refunds {told.Amount.Currency}, and {payment.Amount} was paid.");
        if (told.Amount.Amount <= 0 || told.Amount.Amount > payment.Amount.Amount) return Refuse(payment, $"It refunds {told.Amount}, and {payment.Amount} was paid.");
        var known = payment.FindRefund(told.OurRefundId) ?? payment.FindRefund(told.RefundId);
        var twice = known is not null && known.Id != told.RefundId && payment.FindRefund(told.RefundId) is { } second && second != known;
        if (known is not null && !twice && Rank(told.Status) <= Rank(known.Status) && (known.ProviderId is not null || told.RefundId == known.Id) && known.NextTry is null) return null;
        // What the provider never had an id for has not been told by it before.
        var status = known is { ProviderId: not null } && Rank(told.Status) < Rank(known.Status) ? known.Status : told.Status;
        draft.Add(new RefundAdvanced
        {
            Refund = known?.Id ?? told.RefundId,
            ProviderId = told.RefundId,
            Amount = payment.Amount with { Amount = known?.Amount ?? told.Amount.Amount },
            To = status,
            Reason = told.Reason,
        });
        Settle(draft, allowsDebt, known?.Id ?? told.RefundId, told.Reason);
        return null;
    }

    private static PaymentDecision? RefundedSoFar(PaymentDraft draft, RefundedSoFarTold told, bool allowsDebt)
    {
        var payment = draft.Payment;
        if (told.Total.Amount == 0) return null;
        if (Before(payment, "A refund") is { } waits) return waits;
        if (told.Total.Currency != payment.Amount.Currency) return Refuse(payment, $"It refunds {told.Total.Currency}, and {payment.Amount} was paid.");
        if (told.Total.Amount < 0 || told.Total.Amount > payment.Amount.Amount) return Refuse(payment, $"It refunds {told.Total}, and {payment.Amount} was paid.");
        if (told.Total.Amount <= payment.RefundTotal) return null;
        draft.Add(new RefundTotalTold { Total = told.Total });
        Settle(draft, allowsDebt, null, null);
        return null;
    }

    private static PaymentDecision? Disputed(PaymentDraft draft, DisputeTold told, bool allowsDebt)
    {
        var payment = draft.Payment;
        if (Before(payment, "A dispute") is { } waits) return waits;
        if (told.Amount.Currency != payment.Amount.Currency) return Refuse(payment, $"It disputes {told.Amount.Currency}, and {payment.Amount} was paid.");
        var known = payment.FindDispute(told.DisputeId);
        if (known is not null && Rank(told.Status) <= Rank(known.Status)) return null;
        draft.Add(new DisputeAdvanced { Dispute = told.DisputeId, Amount = told.Amount with { Amount = Math.Clamp(told.Amount.Amount, 0, payment.Amount.Amount) }, To = told.Status, Reason = told.Reason });
        if (told.Status is DisputeStatus.Lost or DisputeStatus.Withdrawn) draft.PlanUnpaid("its payment was disputed, and the money is gone");
        if (payment.Purchase is not { } purchase || draft.Account is null) return null;
        if (told.Status == DisputeStatus.Open) Do(draft, new FreezeLot { Account = payment.Account, Transaction = purchase, Dispute = told.DisputeId });

        // What is unfrozen pays debt at once, so what is lost is taken before.
        Settle(draft, allowsDebt, told.DisputeId, told.Reason);
        if (told.Status is DisputeStatus.Withdrawn or DisputeStatus.Won or DisputeStatus.Lost && known?.Status == DisputeStatus.Open) Do(draft, new UnfreezeLot { Account = payment.Account, Transaction = purchase, Dispute = told.DisputeId });
        return null;
    }

    // What leads here is kept for each reference, though the payment itself shows one of a kind.
    private static void Learn(PaymentDraft draft, ProviderFact fact, PaymentPast past)
    {
        var payment = draft.Payment;
        var isNew = fact.Refs.With(payment.Refs) != payment.Refs;
        foreach (var reference in payment.LeadingOf(fact.Refs)) isNew |= !past.Refs.ContainsKey(Payment.RefName(fact.Provider, reference));
        // The invoice of the page of a plan: whatever names only that is about this payment.
        var byInvoice = payment is { Subscription: not null, LeadsByInvoice: not true } && fact.Refs.InvoiceId is { } invoice && !past.Refs.ContainsKey(Payment.RefName(fact.Provider, invoice));
        var refs = byInvoice || (isNew && !draft.HasLearnt) ? New(fact.Refs) : null;
        var method = fact is DetailsTold { Method: { } shown } && payment.Method != shown && (payment.Method is null || fact.Refs.ChargeId == payment.Refs.ChargeId || (payment.Method.ProviderId is null && shown.ProviderId is not null)) ? shown : null;
        if (refs is not null || method is not null) draft.Add(new PaymentDetailsLearnt { Refs = refs, Method = method, ByInvoice = byInvoice ? true : null });
    }

    private static PaymentDecision.Waits? Before(Payment payment, string what) =>
        payment.HasSucceeded || payment.IsReversed || payment.IsMismatched ? null : new($"{what} came before the payment {payment.Id} itself.");

    private static void Settle(PaymentDraft draft, bool allowsDebt, string? cause, string? reason)
    {
        if (draft.SettleCredits(allowsDebt, fromProvider: true, cause, reason) is { } refused) draft.Add(new AttentionNeeded { Reason = refused.Detail });
    }

    private static void Do(PaymentDraft draft, AccountCommand command)
    {
        if (draft.Run(command, out _) is { } refused) draft.Add(new AttentionNeeded { Reason = refused.Detail });
    }

    private static ProviderRefs? New(ProviderRefs refs) => refs == ProviderRefs.None ? null : refs;

    private static PaymentDecision.Refused Refuse(Payment payment, string what) => new(new FactRefused(payment.Id, what));

    /// <summary>States without money move up only, whatever comes in which order.</summary>
    private static int Rank(PaymentStatus status) => status switch
    {
        PaymentStatus.Pending => 0,
        PaymentStatus.RequiresAction => 1,
        PaymentStatus.Authorized => 2,
        PaymentStatus.Challenged => 3,
        PaymentStatus.Expired => 4,
        PaymentStatus.Canceled => 5,
        PaymentStatus.Failed => 6,
        _ => 7,
    };

    private static int Rank(RefundStatus status) => status switch { RefundStatus.Pending => 0, RefundStatus.Succeeded => 1, _ => 2 };

    private static int Rank(DisputeStatus status) => status switch { DisputeStatus.Inquiry => 0, DisputeStatus.Open => 1, DisputeStatus.Withdrawn => 2, DisputeStatus.Won => 3, _ => 4 };
}
