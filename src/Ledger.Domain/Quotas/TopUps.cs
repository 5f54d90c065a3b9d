using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Quotas;

// Credits that are bought by themselves: the rules of the README, section Auto top-up.
internal static class TopUps
{
    private const string TurnedOff = "auto top-up was turned off";
    private const string SubscriptionFirst = "what is due on the subscription comes first";
    private const string RenewalFirst = "the credits of the subscription's period are on their way: its provider has yet to say that it is paid";
    private const long QuantityMax = StartCheckout.QuantityMax;

    // Providers forget the key of a call after a day; with room for what a call may take, and for clocks.
    private static readonly TimeSpan ChargeLife = TimeSpan.FromHours(20);
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstRenewalLook = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LookMax = TimeSpan.FromHours(1);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromHours(1);
    private static readonly TimeSpan RetryMax = TimeSpan.FromDays(7);
    private static readonly TimeSpan HeldUp = TimeSpan.FromDays(1);

    /// <summary>Ends the one that is under way where its payment has ended, and begins the next where too little is available and nothing stands in the way.</summary>
    public static void Settle(QuotaDraft draft)
    {
        if (draft.Quota.TopUp.Open is not null && !End(draft)) return;
        if (draft.Quota.AutoTopUp is not { } settings) return;
        foreach (var late in draft.States.Vain)
        {
            if (late.PaidAt is { } paidAt && draft.Quota.TopUp.Vain.Contains(late.Id)) draft.Add(new TopUpPaidLate { Payment = late.Id, PaidAt = paidAt });
        }

        if (!settings.Enabled || draft.Account.Status == AccountStatus.Closed || draft.Account.Available >= settings.Threshold)
        {
            Wait(draft, null, null);
            return;
        }

        if (TakenBack(draft) is { } taken) Wait(draft, HeldUntil(draft, taken), taken);
        else if (Earliest(draft.Quota, settings, draft.Now) is var (time, why)) Wait(draft, time, why);
        else if (draft.Account.Status == AccountStatus.Frozen) Wait(draft, draft.Now + FirstRetry, "the account is frozen");
        else if (draft.States.SubscriptionDueSince is { } due) Wait(draft, EverLater(draft, due, FirstLook, SubscriptionFirst), SubscriptionFirst);
        else if (draft.States.Live?.CreditsAwaitedSince(draft.Now) is { } since) Wait(draft, Sooner(EverLater(draft, since, FirstRenewalLook, RenewalFirst), since + Subscription.CreditsWait), RenewalFirst);
        else if (Wrong(draft, settings) is { } wrong) draft.Add(new TopUpWaits { Until = draft.Now + RetryAfter(draft.Quota.TopUp.Failures), Reason = wrong, Failed = true });
        else Begin(draft, settings);
    }

    /// <summary>Calls the one that is under way off, where the provider was not asked for it yet; else it takes its course.</summary>
    public static void CallOff(QuotaDraft draft)
    {
        if (draft.Quota.TopUp.Open is not { } open || draft.States.Last is not { } payment || payment.Id != open || !payment.CanBeCalledOff()) return;
        draft.CallOff(TurnedOff);
        draft.Add(new TopUpEnded { Payment = open, Reason = TurnedOff });
    }

    /// <summary>Why nobody is charged again who has asked money back, or got it; null where nobody has.</summary>
    public static string? TakenBack(QuotaDraft draft)
    {
        if (draft.Account.Frozen.IsPositive) return "a payment of the account is disputed";
        return draft.Quota.TopUp.Open is null && draft.States.Last is { } last && (last.IsReversed || last.Status is PaymentStatus.PartiallyRefunded or PaymentStatus.Refunded or PaymentStatus.Disputed or PaymentStatus.DisputeLost)
            ? "the money of the last one went back, or is asked back: set the auto top-up again"
            : null;
    }

    /// <summary>What must be available for nothing to be bought; null where that is not what is waited for.</summary>
    public static Credits? Level(QuotaDraft draft) =>
        draft.Quota is { AutoTopUp: { Enabled: true } settings, TopUp: { Open: null, WakeAt: null } } && draft.Account.Status != AccountStatus.Closed ? settings.Threshold : null;

    /// <summary>Why so many of a package can't be bought for an account; null where they can.</summary>
    public static string? Objection(Package package, long quantity, Account account)
    {
        if (quantity is < 1 or > QuantityMax) return $"must have a quantity between 1 and {QuantityMax}";
        if (package.Price.Amount == 0) return "costs nothing; take a package with a price";
        if ((Int128)package.Price.Amount * quantity > 1_000_000_000_000_000) return "makes the total larger than any payment may be";
        if (package.CreditAmount.Value * quantity > Credits.AmountMax.Value) return $"makes more than {Credits.AmountMax} credits";
        return package.CreditAmount.Scale > account.Scale ? "has credits with more decimals than the account counts; choose another package" : null;
    }

    // True where nothing is under way any more.
    private static bool End(QuotaDraft draft)
    {
        var top = draft.Quota.TopUp;
        var payment = draft.States.Last;
        switch (payment?.Standing)
        {
            case PaymentStatus.Succeeded:
                draft.Add(new TopUpEnded { Payment = top.Open!.Value, IsPaid = true });
                return true;
            case PaymentStatus.Pending or PaymentStatus.Authorized or PaymentStatus.Challenged:
                if (top.WakeAt <= draft.Now) draft.Add(new TopUpWaits { Until = draft.Now + Doubled(FirstLook, top.Looks + 1, LookMax) });
                return false;
            default:
                // Nobody is there to authenticate: what asks for that has failed. Where it is paid later all the same, its credits come.
                draft.Add(new TopUpEnded { Payment = top.Open!.Value, Reason = payment?.FailureReason ?? "the payment came to nothing", NotBefore = draft.Now + RetryAfter(top.Failures) });
                return true;
        }
    }

    private static (DateTimeOffset Time, string Why)? Earliest(Quota quota, AutoTopUp settings, DateTimeOffset now)
    {
        var top = quota.TopUp;
        if (top.NotBefore > now) return (top.NotBefore.Value, top.Reason ?? "the last try was in vain");
        if (top.StartedAt?.AddMinutes(settings.CooldownMinutes) is { } cool && cool > now) return (cool, "the last one is not long enough ago (cooldownMinutes)");
        var month = QuotaPeriod.MonthOf(now);
        return top.Month == month && top.InMonth >= settings.MaxPerMonth ? (month.AddMonths(1), "there were enough of them in this month (maxPerMonth)") : null;
    }

    private static string? Wrong(QuotaDraft draft, AutoTopUp settings)
    {
        if (draft.States.Package is not { IsForSale: true, Entry: Package package } item || item.Id != settings.Package) return $"the package {settings.Package} is not sold any more";
        if (Objection(package, settings.Quantity, draft.Account) is { } objection) return $"the package {settings.Package} {objection}";
        if (package.Price.Currency != settings.Price.Currency || (Int128)package.Price.Amount * settings.Quantity > settings.Price.Amount) return $"the package {settings.Package} costs more than was agreed: set the auto top-up again";
        if (draft.LookedUp is { Method: null, NoMethod: null }) draft.LookAgain();
        return draft.LookedUp.Method is null ? draft.LookedUp.NoMethod ?? "" : null;
    }

    private static void Begin(QuotaDraft draft, AutoTopUp settings)
    {
        var (item, method, number) = (draft.States.Package!, draft.LookedUp.Method!, draft.Quota.TopUp.Number + 1);
        var package = (Package)item.Entry!;
        var total = package.Price with { Amount = package.Price.Amount * settings.Quantity };
        draft.Begin(new PaymentIntended
        {
            Account = draft.Account.Id,
            Purpose = PaymentPurpose.Credits,
            Item = new(ItemKind.Package, item.Id, item.Version, package.Name, settings.Quantity, package.Price, package.ExpiresAfterDays),
            Amount = total,
            ListPrice = total,
            CreditAmount = package.CreditAmount.Value * settings.Quantity,
            Provider = method.Provider,
            ExpiresAt = draft.Now + ChargeLife,
            Charge = new(method.CustomerId, method.MethodId),
            Metadata = Metadata.Of([new("autoTopup", number.ToString(System.Globalization.CultureInfo.InvariantCulture))]),
        });
        draft.Add(new TopUpStarted { Number = number, Payment = draft.States.Next, Available = draft.Account.Available, CheckAt = draft.Now + FirstLook });
    }

    // The same time until that has come, so that a look before it changes nothing.
    private static DateTimeOffset HeldUntil(QuotaDraft draft, string why, TimeSpan? wait = null) => draft.Quota.TopUp is { WakeAt: { } at, Reason: { } known } && known == why && at > draft.Now ? at : draft.Now + (wait ?? HeldUp);

    // The first look is soon. From then on as long again as it has been so: each wait doubles the time that has passed, and needs no counter.
    private static DateTimeOffset EverLater(QuotaDraft draft, DateTimeOffset since, TimeSpan first, string why)
    {
        var passed = draft.Quota.TopUp is { WakeAt: not null, Reason: { } known } && known == why ? draft.Now - since : first;
        return HeldUntil(draft, why, TimeSpan.FromTicks(Math.Clamp(passed.Ticks, first.Ticks, LookMax.Ticks)));
    }

    private static DateTimeOffset Sooner(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static void Wait(QuotaDraft draft, DateTimeOffset? until, string? why)
    {
        if (draft.Quota.TopUp.WakeAt != until) draft.Add(new TopUpWaits { Until = until, Reason = why });
    }

    private static TimeSpan RetryAfter(int failures) => Doubled(FirstRetry, failures, RetryMax);

    private static TimeSpan Doubled(TimeSpan first, int times, TimeSpan max) => times >= 20 ? max : TimeSpan.FromTicks(Math.Min(max.Ticks, first.Ticks << times));
}
