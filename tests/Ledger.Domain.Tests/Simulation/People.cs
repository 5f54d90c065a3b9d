using Ledger.Domain.Accounts;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Simulation;

/// <summary>What the people of an account do, at random: subscribe, change their minds, pay or don't, spend, and ask money back.</summary>
internal sealed class People(Tenancy tenant, Household home)
{
    private static readonly string[] Metered = ["exports", "users", "storage_mb", "ai_credits"];

    private static readonly string[] Categories = ["a", "b"];

    private readonly List<(HoldId Id, Credits Amount)> holds = [];
    private readonly List<TransactionId> consumptions = [];

    private Random Random => tenant.Random;

    // Some live at Stripe: they take no plan that somebody gives them.
    private bool IsAtStripe => home.Number % 3 == 0;

    /// <summary>The day's acts, at times of its own.</summary>
    public void PlanDay(DateTimeOffset day)
    {
        for (var acts = Random.Next(4); acts > 0; acts--) tenant.At(day.AddMinutes(Random.Next(24 * 60)), Act);
    }

    private void Act()
    {
        if (tenant.IsQuiet) return;
        switch (Random.Next(30))
        {
            case < 8:
                OfPlans();
                break;
            case < 13:
                Checkout();
                break;
            case < 15:
                MoneyBack();
                break;
            case < 18:
                AtTheProvider();
                break;
            case < 22:
                Usage();
                break;
            case 22:
                Settings();
                break;
            default:
                Spend();
                break;
        }
    }

    private string AnyPlan() => tenant.Plans.Keys.ElementAt(Random.Next(tenant.Plans.Count));

    private void OfPlans()
    {
        var any = home.Live?.Id ?? home.Subscriptions.OrderByDescending(one => one.CreatedAt).Select(one => (SubscriptionId?)one.Id).FirstOrDefault();
        var when = tenant.OneIn(2) ? ChangeWhen.Now : ChangeWhen.PeriodEnd;
        switch (Random.Next(8))
        {
            case 0 or 1:
                var id = SubscriptionId.Of(home.NewName());
                DateTimeOffset? at = tenant.OneIn(8) ? tenant.Now.AddDays(Random.Next(-60, 60)) : null;
                Count("start", home.Send(new StartSubscription { Subscription = id, Account = home.Id, PlanId = AnyPlan(), TrialDays = tenant.OneIn(6) ? Random.Next(0, 30) : null, StartAt = at, MayGivePaid = !IsAtStripe && tenant.OneIn(2) }));
                break;
            case 2 or 3 when any is { } own:
                Count("change", home.Send(new ChangeSubscription { Subscription = own, Account = home.Id, PlanId = tenant.OneIn(8) ? null : AnyPlan(), Seats = tenant.OneIn(8) ? Random.Next(1, 12) : null, When = when, MayGivePaid = tenant.OneIn(2), Prorate = !tenant.OneIn(4) }));
                break;
            case 4 when any is { } own && tenant.OneIn(3):
                Count("cancel", home.Send(new CancelSubscription { Subscription = own, Account = home.Id, When = tenant.OneIn(3) ? ChangeWhen.Now : ChangeWhen.PeriodEnd, Reason = "enough" }));
                break;
            case 5 when any is { } own:
                Count("resume", home.Send(new ResumeSubscription { Subscription = own, Account = home.Id }));
                break;
            case 6 when any is { } own && tenant.OneIn(2):
                Count("pause", home.Send(new PauseSubscription { Subscription = own, Account = home.Id }));
                break;
            case 7 when any is { } own:
                if (tenant.OneIn(4)) Count("mark past due", home.Send(new MarkPastDue { Subscription = own, Account = home.Id, Reason = "bounced" }));
                else Count("renew", home.Send(new RenewSubscription { Subscription = own, Account = home.Id, MayGivePaid = true }));
                break;
        }
    }

    // The plan that the account has, as who renews; another one; or credits. Most who begin pay.
    private void Checkout()
    {
        var payment = PaymentId.Of(home.NewName());
        var provider = IsAtStripe || tenant.OneIn(4) ? "stripe" : "midtrans";
        var item = tenant.OneIn(3) ? tenant.Package : tenant.Plans[home.Live is { } live && !tenant.OneIn(3) ? live.Plan.Id : AnyPlan()];
        var decision = home.Send(new StartCheckout { Payment = payment, Account = home.Id, Item = item, Quantity = item == tenant.Package ? Random.Next(1, 4) : 1, Provider = provider });
        if (decision is not PaymentDecision.Accepted) return;
        tenant.Count("checkout");
        if (tenant.OneIn(5)) return;
        tenant.At(tenant.Now + (tenant.OneIn(6) ? tenant.Minutes(60, 1_600) : tenant.Minutes(1, 30)), () => tenant.Providers.Visit(home, payment));
    }

    private void MoneyBack()
    {
        if (home.Payments.Where(one => one.HasSucceeded && one.Amount.Amount > 0).OrderByDescending(one => one.PaidAt).ElementAtOrDefault(Random.Next(3)) is not { } payment || !tenant.OneIn(3)) return;
        var left = payment.Amount.Amount - payment.Refunded - payment.Lost;
        var decision = home.Send(new StartRefund { Payment = payment.Id, Refund = $"rfd_{home.NewName():x}", Amount = tenant.OneIn(2) || left < 2 ? null : Random.Next(1, (int)Math.Min(left, 1_000_000)), KeepsCredits = tenant.OneIn(5), AllowsDebt = tenant.OneIn(4), Reason = "asked for" });
        if (decision is PaymentDecision.Accepted) tenant.Count("refund");
    }

    private void AtTheProvider()
    {
        if (tenant.OneIn(3))
        {
            var plan = tenant.Providers.Plans.LastOrDefault(one => one.Home == home && !one.HasEnded);
            if (plan is not null) tenant.Providers.Portal(plan);
            return;
        }

        if (!tenant.OneIn(4)) return;
        var charge = tenant.Providers.Charges.LastOrDefault(one => one.Home == home && one.Kept > 0);
        if (charge is null) return;
        if (tenant.OneIn(2)) tenant.Providers.RefundThere(charge);
        else tenant.Providers.Dispute(charge);
    }

    private void Usage()
    {
        var metric = Metered[Random.Next(Metered.Length)];
        var mode = metric is "exports" or "ai_credits" || tenant.OneIn(2) ? UsageMode.Add : UsageMode.Set;
        Credits quantity = metric == "storage_mb" ? Random.Next(1, 200) : Random.Next(1, 8);
        if (mode == UsageMode.Add && metric is "users" or "storage_mb" && tenant.OneIn(4)) quantity = -quantity;
        var category = metric == "storage_mb" && tenant.OneIn(2) ? Categories[Random.Next(2)] : null;
        DateTimeOffset? at = tenant.OneIn(8) ? tenant.Now.AddHours(-Random.Next(34 * 24)) : null;
        if (home.Send(new RecordUsage { Account = home.Id, Metric = metric, Quantity = quantity, Mode = mode, Category = category, OccurredAt = at, Enforce = !tenant.OneIn(4) }) is QuotaDecision.Accepted) tenant.Count("usage");
    }

    private void Settings()
    {
        switch (Random.Next(5))
        {
            case 0:
                home.Override(Metered[Random.Next(3)], tenant.OneIn(2) ? null : Random.Next(0, 300));
                break;
            case 1:
                home.Send(new SetAlerts { Account = home.Id, Settings = new([50, 10], tenant.OneIn(2) ? [80, 100] : [50]) });
                break;
            case 2:
                home.Method = tenant.OneIn(3) ? null : new("stripe", $"cus_{home.Number}", "pm_1");
                break;
            case 3 when tenant.OneIn(40):
                if (home.Do(new CloseAccount { Account = home.Id, Forfeit = true }) is null) tenant.Count("close");
                break;
            default:
                var isOn = !tenant.OneIn(4);
                home.Send(new SetAutoTopUp { Account = home.Id, Settings = new() { Threshold = Random.Next(5, 60), Package = "medium", Quantity = 1, Price = new(0, ""), MaxPerMonth = Random.Next(1, 5), CooldownMinutes = Random.Next(2_000), Enabled = isOn } });
                if (isOn) home.Method ??= new("stripe", $"cus_{home.Number}", "pm_1");
                break;
        }
    }

    private void Spend()
    {
        var available = home.Account.AvailableAt(tenant.Now);
        switch (Random.Next(12))
        {
            case 0:
                home.Do(new GrantCredits { Account = home.Id, Amount = Random.Next(1, 50), Source = GrantSource.Bonus, ExpiresAt = tenant.OneIn(2) ? tenant.Now.AddDays(Random.Next(1, 60)) : null });
                break;
            case 1 when available >= 1:
                if (home.Do(new HoldCredits { Account = home.Id, Amount = Credits.Min(available.DownTo(home.Account.Scale), Random.Next(1, 30)), ExpiresAt = tenant.Now + tenant.Minutes(1, 10_000) }) is null) holds.Add((home.Account.Holds[^1].Id, home.Account.Holds[^1].Amount));
                break;
            case 2 when holds.Count > 0:
                var (hold, amount) = holds[^1];
                holds.RemoveAt(holds.Count - 1);
                if (tenant.OneIn(3)) home.Do(new ReleaseHold { Account = home.Id, Hold = hold });
                else home.Do(new CaptureHold { Account = home.Id, Hold = hold, Amount = tenant.OneIn(2) ? null : amount });
                break;
            case 3 when consumptions.Count > 0:
                home.Do(new RefundConsumption { Account = home.Id, Transaction = consumptions[^1], Reason = "failed call" });
                consumptions.RemoveAt(consumptions.Count - 1);
                break;
            case 4 when tenant.OneIn(4):
                home.Do(tenant.OneIn(2) ? new FreezeAccount { Account = home.Id } : new UnfreezeAccount { Account = home.Id });
                break;
            default:
                if (!available.IsPositive) break;
                var next = home.Account.Version;
                if (home.Do(new ConsumeCredits { Account = home.Id, Amount = tenant.OneIn(3) ? available : Credits.Min(available, Random.Next(1, 60)) }) is not null || home.Account.Version == next) break;
                tenant.Count("consume");
                consumptions.Add(TransactionId.For(home.Account.Tag, home.Account.Version));
                break;
        }
    }

    private void Count(string what, SubscriptionDecision decision)
    {
        if (decision is SubscriptionDecision.Accepted) tenant.Count(what);
    }
}
