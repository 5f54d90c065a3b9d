using System.Collections.Immutable;

namespace Ledger.Domain.Payments;

public sealed partial record Payment
{
    /// <summary>How long after a page was opened, and again after its end, the provider is asked how it went, where nobody told.</summary>
    public static readonly TimeSpan AskAfter = TimeSpan.FromMinutes(10);

    private ValueList<string> learnt = [];

    /// <summary>The references that the last event brought and that lead to this payment, as <c>provider:reference</c>. Not saved.</summary>
    public ValueList<string> Learnt() => learnt;

    // ---- Evolve: total, without rules. What was decided stands in the event; witnesses are never read. ----

    /// <summary>The payment after <paramref name="happened"/>, which was recorded at <paramref name="recordedAt"/> as its next version.</summary>
    public Payment Evolve(PaymentEvent happened, DateTimeOffset recordedAt)
    {
        var next = this with { Version = Version + 1, UpdatedAt = recordedAt, learnt = [] };
        switch (happened)
        {
            case PaymentIntended e:
                return next with
                {
                    Account = e.Account,
                    Purpose = e.Purpose,
                    Item = e.Item,
                    Subscription = e.Subscription,
                    Provider = e.Provider,
                    Amount = e.Amount,
                    ListPrice = e.ListPrice,
                    CreditAmount = e.CreditAmount,
                    Metadata = e.Metadata,
                    Charge = e.Charge,
                    CreatedAt = recordedAt,
                    Page = e.Provider is null ? null : new() { ExpiresAt = e.ExpiresAt, SuccessUrl = e.SuccessUrl, CancelUrl = e.CancelUrl, KeepsMethod = e.KeepsMethod == true },
                    NextCall = e.Provider is null ? null : recordedAt,
                };
            case PaymentReported e:
                return next with { Account = e.Account, Purpose = PaymentPurpose.Credits, Provider = e.Provider, Amount = e.Amount, ListPrice = e.Amount, CreditAmount = e.CreditAmount, CreatedAt = recordedAt };
            case PaymentBilled e:
                next = next with { Account = e.Account, Purpose = PaymentPurpose.Subscription, Provider = e.Provider, Subscription = e.Subscription, Item = e.Item, Amount = e.Amount, ListPrice = e.Amount, IsBilled = true, LeadsByInvoice = true, CreatedAt = recordedAt };
                return next.Knowing(e.Refs, newest: true);
            case CheckoutPageOpened e:
                var page = (Page ?? new() { ExpiresAt = recordedAt }) with { RedirectUrl = e.RedirectUrl, Token = e.Token };
                return next.Knowing(e.Refs, newest: !HasSucceeded) with { Page = page, NextCall = IsOver ? null : recordedAt + AskAfter };
            case ProviderCallTried { Call: ProviderCall.Refund } e:
                return next.WithRefund(e.Refund, refund => refund with { Tries = refund.Tries + 1, NextTry = e.NextAt, Reason = refund.Reason });
            case ProviderCallTried { Call: ProviderCall.Open } e:
                return next with { NextCall = e.NextAt, Page = Page is null ? null : Page with { Tries = Page.Tries + 1 } };
            case ProviderCallTried { Call: ProviderCall.Charge } e:
                return next with { NextCall = e.NextAt, Page = Page is null ? null : Page with { Tries = Page.Tries + 1 }, IsCharged = IsCharged || e.Reason is null };
            case ProviderCallTried e:
                return next with { NextCall = e.NextAt, Asked = Asked + 1 };
            case ChargeBegun:
                return next with { IsChargeBegun = true };
            case PaymentAdvanced e:
                next = next.Knowing(e.Refs, newest: !HasSucceeded) with { Standing = e.To, FailureReason = e.Reason ?? FailureReason, Method = Method ?? e.Method };
                return next.IsOver ? next with { NextCall = null } : next;
            case PaymentSucceeded e:
                return next.Knowing(e.Refs, newest: true) with
                {
                    Standing = PaymentStatus.Succeeded,
                    Amount = IsBilled == true ? e.Received : Amount,
                    FailureReason = null,
                    IsMismatched = false,
                    Attention = IsMismatched ? null : Attention,
                    Method = e.Method ?? Method,
                    PaidAt = e.PaidAt ?? recordedAt,
                    NextCall = null,
                };
            case PaymentFulfilled e:
                return next with { IsFulfilled = true, Purchase = e.Purchase };
            case PaymentMismatched e:
                return next.Knowing(e.Refs, newest: !HasSucceeded) with { Standing = PaymentStatus.Failed, IsMismatched = true, FailureReason = e.Reason, Attention = e.Reason, NextCall = null };
            case PaymentReversed e:
                return next.Knowing(e.Refs, newest: false) with { Standing = e.To, IsReversed = true, FailureReason = e.Reason ?? FailureReason, NextCall = null };
            case PaymentDetailsLearnt e:
                next = next with { LeadsByInvoice = LeadsByInvoice ?? e.ByInvoice };
                return next.Knowing(e.Refs, newest: !HasSucceeded) with { Method = e.Method ?? Method };
            case RefundStarted e:
                return next with
                {
                    Refunds = [.. Refunds.AsSpan(), new() { Id = e.Refund, Amount = e.Amount.Amount, Status = RefundStatus.Pending, IsOurs = true, KeepsCredits = e.KeepsCredits, Reason = e.Reason, CreatedAt = recordedAt, NextTry = recordedAt, IsBesideTotal = RefundTotal > 0 }],
                };
            case RefundAdvanced e:
                return next.Advanced(e, recordedAt);
            case RefundTotalTold e:
                // From here on it may hold those that were begun here before.
                return next.WithRefunds(refund => refund.IsBesideTotal, refund => refund with { IsBesideTotal = false }) with { RefundTotal = Math.Max(RefundTotal, e.Total.Amount) };
            case DisputeAdvanced e:
                return next.Advanced(e, recordedAt);
            case PaymentCreditsRevoked e:
                return next with { Revoked = Revoked + e.Amount, Shortfall = Shortfall + e.Shortfall };
            case PaymentCreditsRestored e:
                return next with { Revoked = Revoked - e.Amount, Shortfall = Shortfall - e.Shortfall };
            case AttentionNeeded e:
                return next with { Attention = e.Reason };
            case AttentionResolved:
                return next with { Attention = null, Resolved = IsBilled == true ? Attention : null };
        }

        return next;
    }

    /// <summary>Whether nothing more is to be waited for.</summary>
    private bool IsOver => Standing is PaymentStatus.Succeeded or PaymentStatus.Failed or PaymentStatus.Canceled or PaymentStatus.Expired;

    private Payment Knowing(ProviderRefs? refs, bool newest)
    {
        if (refs is null) return this;
        var leading = LeadingOf(refs);
        var names = new string[leading.Length];
        for (var i = 0; i < names.Length; i++) names[i] = RefName(Provider ?? "", leading[i]);
        return this with { Refs = newest ? Refs.With(refs) : refs.With(Refs), learnt = ValueList.Create<string>(names) };
    }

    /// <summary>Those of some references that lead to this payment: the invoice, where that is known to.</summary>
    public ImmutableArray<string> LeadingOf(ProviderRefs refs)
    {
        ArgumentNullException.ThrowIfNull(refs);
        return (LeadsByInvoice == true ? refs : refs with { InvoiceId = null }).Leading;
    }

    /// <summary>How a reference is named in the tenant: <c>stripe:pi_...</c>.</summary>
    public static string RefName(string provider, string reference) => $"{provider}:{reference}";

    private Payment WithRefund(string? id, Func<Refund, Refund> change) => WithRefunds(refund => refund.Id == id, change);

    private Payment WithRefunds(Func<Refund, bool> which, Func<Refund, Refund> change)
    {
        var refunds = Refunds.AsSpan().ToArray();
        for (var i = 0; i < refunds.Length; i++)
        {
            if (which(refunds[i])) refunds[i] = change(refunds[i]);
        }

        return this with { Refunds = ValueList.Create<Refund>(refunds) };
    }

    // What was told of a refund by the provider's id before that was known to be one of ours is the same refund.
    private Payment Advanced(RefundAdvanced e, DateTimeOffset recordedAt)
    {
        var refunds = new List<Refund>();
        Refund? mine = null, other = null;
        foreach (var refund in Refunds)
        {
            if (refund.Id == e.Refund) mine = refund;
            else if (e.ProviderId is not null && (refund.ProviderId == e.ProviderId || refund.Id == e.ProviderId)) other = refund;
        }

        var known = mine ?? other;
        foreach (var refund in Refunds)
        {
            if (refund == known)
            {
                refunds.Add(refund with { Status = e.To, ProviderId = e.ProviderId ?? refund.ProviderId, Reason = e.Reason ?? refund.Reason, NextTry = null });
            }
            else if (mine is null || refund != other)
            {
                refunds.Add(refund);
            }
        }

        if (known is null) refunds.Add(new() { Id = e.Refund, ProviderId = e.ProviderId, Amount = e.Amount.Amount, Status = e.To, Reason = e.Reason, CreatedAt = recordedAt });
        return this with { Refunds = [.. refunds] };
    }

    private Payment Advanced(DisputeAdvanced e, DateTimeOffset recordedAt)
    {
        var disputes = new List<Dispute>();
        var found = false;
        foreach (var dispute in Disputes)
        {
            var same = dispute.Id == e.Dispute;
            found |= same;
            disputes.Add(same ? dispute with { Status = e.To, Amount = e.Amount.Amount, Reason = e.Reason ?? dispute.Reason } : dispute);
        }

        if (!found) disputes.Add(new(e.Dispute, e.Amount.Amount, e.To, e.Reason, recordedAt));
        return this with { Disputes = [.. disputes] };
    }
}
