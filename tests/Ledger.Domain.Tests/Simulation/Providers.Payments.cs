using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Simulation;

// Pages, charges, refunds and disputes.
internal sealed partial class Providers
{
    private readonly Dictionary<PaymentId, Charge> taken = [];
    private readonly Dictionary<PaymentId, PaymentStatus> declined = [];
    private readonly Dictionary<string, (string Id, RefundStatus Status)> refunds = new(StringComparer.Ordinal);

    /// <summary>Somebody stands at the page of a checkout, and pays, or does not.</summary>
    public void Visit(Household home, PaymentId id)
    {
        var payment = home[id];
        if (payment.Page is not { } page || taken.ContainsKey(id) || declined.ContainsKey(id)) return;
        if (page.RedirectUrl is null && page.ExpiresAt > tenant.Now)
        {
            tenant.At(tenant.Now.AddMinutes(20), () => Visit(home, id)); // its page is not open yet
            return;
        }

        if (page.ExpiresAt <= tenant.Now)
        {
            declined[id] = PaymentStatus.Expired;
            Tell(home, Told(payment, PaymentStatus.Expired));
            return;
        }

        var first = Random.Next(12);
        if (first == 0) Tell(home, Told(payment, PaymentStatus.Failed) with { Reason = "card_declined", MayStillSucceed = true });
        if (first == 1) Tell(home, Told(payment, payment.Provider == "stripe" ? PaymentStatus.RequiresAction : PaymentStatus.Challenged));
        if (first == 2)
        {
            declined[id] = payment.Provider == "stripe" ? PaymentStatus.Expired : PaymentStatus.Failed;
            Tell(home, Told(payment, declined[id]) with { Reason = "deny" });
            return;
        }

        Take(home, payment);
    }

    private void Take(Household home, Payment payment)
    {
        tenant.Count($"paid by {payment.Provider}");
        if (payment.Provider == "stripe" && payment.Subscription is { } subscription && home[subscription] is { RenewsAtProvider: true } plan && plan.Checkout == payment.Id)
        {
            Begin(home, payment, plan);
            return;
        }

        taken[payment.Id] = Charged(home, payment.Provider!, RefsOf(payment), payment.Amount, payment.Id);
        Tell(home, Told(payment, PaymentStatus.Succeeded));
        // Stripe tells it as a session and as an intent.
        if (payment.Provider == "stripe") Tell(home, Told(payment, PaymentStatus.Succeeded) with { Refs = RefsOf(payment) with { CheckoutSessionId = null } });
    }

    private Charge Charged(Household home, string provider, ProviderRefs refs, Money amount, PaymentId? payment)
    {
        var charge = new Charge { Home = home, Provider = provider, Refs = refs, Amount = amount, Payment = payment };
        charges.Add(charge);
        return charge;
    }

    /// <summary>A refund at the provider's own pages: in part or in full, and sometimes the bank sends it back days later.</summary>
    public void RefundThere(Charge charge)
    {
        if (charge.IsDisputed || charge.Kept <= 0) return;
        tenant.Count("refund there");
        Refund(charge, NewId("re"), null, tenant.OneIn(2) ? charge.Kept : Random.Next(1, (int)Math.Min(charge.Kept, int.MaxValue - 1) + 1));
    }

    private RefundTold Refund(Charge charge, string id, string? ours, long amount)
    {
        charge.Refunded += amount;
        var told = new RefundTold { Provider = charge.Provider, Refs = charge.Refs, At = Now, RefundId = id, OurRefundId = ours, Amount = charge.Amount with { Amount = amount }, Status = RefundStatus.Pending };
        Tell(charge.Home, told);
        if (charge.Provider == "stripe") Tell(charge.Home, new RefundedSoFarTold { Provider = charge.Provider, Refs = charge.Refs, At = Now, Total = charge.Amount with { Amount = charge.Refunded } });
        var fails = tenant.OneIn(8);
        tenant.At(tenant.Now + tenant.Minutes(1, fails ? 12_000 : 600), () =>
        {
            if (fails) charge.Refunded -= amount;
            if (ours is not null) refunds[ours] = (id, fails ? RefundStatus.Failed : RefundStatus.Succeeded);
            tenant.Count(fails ? "refund failed" : "refund done");
            Tell(charge.Home, told with { At = Now, Status = fails ? RefundStatus.Failed : RefundStatus.Succeeded, Reason = fails ? "expired_or_canceled_card" : null });
        });
        return told;
    }

    /// <summary>The payer's bank asks the money back; weeks later it is decided.</summary>
    public void Dispute(Charge charge)
    {
        if (charge.IsDisputed || charge.Refunded > 0 || charge.Lost > 0) return;
        tenant.Count("dispute");
        charge.IsDisputed = true;
        var told = new DisputeTold { Provider = charge.Provider, Refs = charge.Refs, At = Now, DisputeId = NewId("dp"), Amount = charge.Amount, Status = DisputeStatus.Open, Reason = "fraudulent" };
        if (tenant.OneIn(4)) Tell(charge.Home, told with { Status = DisputeStatus.Inquiry });
        Tell(charge.Home, told);
        tenant.At(tenant.Now.AddDays(Random.Next(1, 40)), () =>
        {
            var lost = tenant.OneIn(2);
            charge.IsDisputed = false;
            if (lost) charge.Lost = charge.Amount.Amount;
            tenant.Count(lost ? "dispute lost" : "dispute won");
            Tell(charge.Home, told with { At = Now, Status = lost ? DisputeStatus.Lost : DisputeStatus.Won });
        });
    }

    /// <summary>A worker asks something about a payment: it is answered, refused, or the answer is lost on its way.</summary>
    public void Answer(Household home, Payment payment, ProviderCall call, Refund? refund)
    {
        var lost = !tenant.IsQuiet && tenant.OneIn(12);
        var came = new RecordProviderCall { Payment = payment.Id, Call = call, Refund = refund?.Id };
        switch (call)
        {
            case ProviderCall.Open:
                if (lost) home.Send(came with { Reason = "no way there" });
                else home.Send(new RecordCheckoutPage { Payment = payment.Id, Refs = RefsOf(payment) with { PaymentIntentId = null, TransactionId = null }, RedirectUrl = "https://pay.example/" + payment.Id, Attempt = 1 });
                break;
            case ProviderCall.Charge:
                if (!taken.ContainsKey(payment.Id) && !declined.ContainsKey(payment.Id))
                {
                    // The same key gives the same answer, however often it is asked.
                    if (tenant.OneIn(4)) declined[payment.Id] = tenant.OneIn(3) ? PaymentStatus.RequiresAction : PaymentStatus.Failed;
                    else Take(home, payment);
                }

                if (!lost) home.Hear(taken.ContainsKey(payment.Id) ? Told(payment, PaymentStatus.Succeeded) : Told(payment, declined[payment.Id]) with { Reason = "card_declined" });
                home.Send(came with { Reason = lost ? "no way there" : null });
                break;
            case ProviderCall.Refund:
                AnswerRefund(home, payment, refund!, came, lost);
                break;
            default:
                var facts = Stands(payment);
                if (!lost) foreach (var fact in facts) home.Hear(fact);
                home.Send(came with { Reason = lost ? "no way there" : null, IsUnknown = !lost && facts.Count == 0 });
                break;
        }
    }

    private void AnswerRefund(Household home, Payment payment, Refund refund, RecordProviderCall came, bool lost)
    {
        var charge = taken.GetValueOrDefault(payment.Id);
        if (!refunds.TryGetValue(refund.Id, out var known))
        {
            if (charge is null || charge.IsDisputed || charge.Kept < refund.Amount || tenant.OneIn(15))
            {
                home.Send(came with { Reason = "charge_disputed", IsFinal = true });
                return;
            }

            known = refunds[refund.Id] = (NewId("re"), RefundStatus.Pending);
            Refund(charge, known.Id, refund.Id, refund.Amount);
        }

        if (!lost) home.Hear(new RefundTold { Provider = charge!.Provider, Refs = charge.Refs, At = Now, RefundId = known.Id, OurRefundId = refund.Id, Amount = charge.Amount with { Amount = refund.Amount }, Status = known.Status });
        if (home[payment.Id].FindRefund(refund.Id) is { NextTry: not null }) home.Send(came with { Reason = lost ? "no way there" : "it has not said yet" });
    }

    private List<ProviderFact> Stands(Payment payment)
    {
        if (taken.ContainsKey(payment.Id)) return [Told(payment, PaymentStatus.Succeeded)];
        if (declined.TryGetValue(payment.Id, out var status)) return [Told(payment, status)];
        return payment.Page is { ExpiresAt: var end } && end > tenant.Now ? [Told(payment, PaymentStatus.Pending)] : tenant.OneIn(2) ? [] : [Told(payment, PaymentStatus.Expired)];
    }

    private PaymentTold Told(Payment payment, PaymentStatus status) => new()
    {
        Provider = payment.Provider!,
        Refs = status == PaymentStatus.Expired ? RefsOf(payment) with { PaymentIntentId = null } : RefsOf(payment),
        Marks = new("default", payment.Account.Value, payment.Id.Value),
        At = Now,
        Status = status,
        Amount = payment.Amount,
    };

    private static ProviderRefs RefsOf(Payment payment) => payment.Provider == "stripe"
        ? new() { CheckoutSessionId = payment.Charge is null ? $"cs_{payment.Id.Value}" : null, PaymentIntentId = $"pi_{payment.Id.Value}" }
        : new() { OrderId = payment.Id.Value, TransactionId = $"mt_{payment.Id.Value}" };
}
