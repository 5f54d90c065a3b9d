using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

/// <summary>Random commands, payments, news and waits over two years and more: the laws hold after each step, and a replay comes to the same.</summary>
public sealed class Random_subscriptions
{
    private static readonly string[] Plans = ["free", "gratis", "basic", "plus", "top", "team", "basic-year", "for-good"];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, Environment.GetEnvironmentVariable("LEDGER_TEST_FULL") == "1" ? 3000 : 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_laws_hold_whatever_happens(int seed)
    {
        var random = new Random(seed);
        var world = new SubscriptionWorld(random.Next(3) * 3, BillingPolicy.Default with { GraceDays = random.Next(0, 20) });
        var payments = new List<PaymentId>();
        var bought = Credits.Zero;
        for (var step = 0; step < 150; step++)
        {
            Act(world, random, payments, ref bought);
            var free = world.Account.Lots.Where(lot => lot.Kind == LotKind.Purchased).Aggregate(Credits.Zero, (sum, lot) => sum + lot.Remaining);
            free.ShouldBeLessThanOrEqualTo(bought);
        }

        world.Check();
        Once(world);
    }

    // What a period's plan gives, and what upgrades gave that was not taken back, is never more than any plan gives in a period of that length.
    private static void Once(SubscriptionWorld world)
    {
        var revoked = world.Happened.OfType<CreditsAdjusted>().Where(e => e.Negative).ToDictionary(e => e.Allocations[0].Lot!.Value, e => e.Amount);
        var granted = world.Happened.OfType<CreditsGranted>().Where(e => e.Period is not null && e.Period.Part != PeriodPart.Rolled).ToLookup(e => (e.Period!.Subscription, e.Period.Number));
        foreach (var one in world.Subscriptions)
        {
            var state = Subscription.None(one.Id);
            foreach (var (happened, at) in world.EventsOf(one.Id))
            {
                state = state.Evolve(happened, at);
                if (happened is PeriodGranted { Rolled: var rolled }) rolled.ShouldBeLessThanOrEqualTo(100);
                if (happened is not PeriodStarted) continue;
                var given = granted[(one.Id, state.Period)].Aggregate(Credits.Zero, (sum, e) => sum + e.Amount - revoked.GetValueOrDefault(e.Lot));
                given.ShouldBeLessThanOrEqualTo(state.Interval switch { PlanInterval.Month => 1000, PlanInterval.Year => 12_000, _ => 5000 }, $"{one.Id} {state.Period}");
            }
        }
    }

    private static void Act(SubscriptionWorld world, Random random, List<PaymentId> payments, ref Credits bought)
    {
        var plan = Plans[random.Next(Plans.Length)];
        var any = world.Live?.Id ?? world.Subscriptions.Select(one => one.Id).OrderBy(id => id.Value, StringComparer.Ordinal).ElementAtOrDefault(random.Next(Math.Max(1, world.Subscriptions.Count())));
        var id = any.Value is null ? SubscriptionId.Of(5) : any;
        var when = random.Next(2) == 0 ? ChangeWhen.Now : ChangeWhen.PeriodEnd;
        switch (random.Next(20))
        {
            case 0 or 1: world.Start(plan, out _, random.Next(4) == 0 ? random.Next(0, 30) : null, null, random.Next(5) == 0 ? world.Now.AddDays(random.Next(-200, 20)) : null); break;
            case 2: world.Change(id, plan, when); break;
            case 3: world.Cancel(id, random.Next(3) == 0 ? ChangeWhen.Now : ChangeWhen.PeriodEnd); break;
            case 4: world.Resume(id); break;
            case 5: world.Pause(id); break;
            case 6: world.Renew(id); break;
            case 7: world.PastDue(id); break;
            case 8 or 9:
                world.Checkout(plan, out var begun, plan is "free" or "gratis" ? null : random.Next(2) == 0 ? "midtrans" : "stripe");
                if (world[begun].Exists) payments.Add(begun);
                break;
            case 10 or 11 when payments.Count > 0:
                var payment = payments[random.Next(payments.Count)];
                if (world[payment].Provider is not null) world.Pay(payment);
                break;
            case 12 or 13:
                if (world.Live is not { RenewsAtProvider: true } told) goto default;
                var news = Enum.GetValues<ToldSubscriptionStatus>()[random.Next(8)];
                if (news == ToldSubscriptionStatus.Canceled && random.Next(3) > 0) news = ToldSubscriptionStatus.Active;
                world.Tell(told.Id, world.Told(news, told.CurrentPeriodStart, at: world.Now.AddSeconds(random.Next(-5, 5))) with { CancelAtPeriodEnd = random.Next(4) == 0 });
                break;
            case 14:
                if (world.Live is not { RenewsAtProvider: true } paid) goto default;
                var start = random.Next(2) == 0 ? paid.CurrentPeriodEnd : paid.CurrentPeriodStart;
                world.Tell(paid.Id, world.Invoiced(random.Next(4) == 0 ? InvoiceNews.PaymentFailed : InvoiceNews.Paid, start > world.Now ? paid.CurrentPeriodStart : start, $"in_{random.Next(10)}"));
                break;
            case 15:
                if (world.Live is { Asking: { } asking } asked) world.Send(new RecordSubscriptionCall { Subscription = asked.Id, Account = SubscriptionWorld.Id, Action = asking.Version, Reason = random.Next(2) == 0 ? "no" : null, IsFinal = random.Next(3) == 0 });
                break;
            case 16:
                world.Do(new ConsumeCredits { Account = SubscriptionWorld.Id, Amount = random.Next(1, 200) });
                break;
            case 17:
                world.Do(new PurchaseCredits { Account = SubscriptionWorld.Id, CreditAmount = 20, Price = new(2000, "usd") });
                bought += 20;
                break;
            case 18 when random.Next(2) == 0:
                world.Do(new HoldCredits { Account = SubscriptionWorld.Id, Amount = random.Next(1, 50), ExpiresAt = world.Now.AddDays(random.Next(1, 20)) });
                break;
            default:
                var until = world.Now.AddHours(random.Next(1, random.Next(4) == 0 ? 24 * 100 : 24 * 9));
                if (random.Next(2) == 0) world.Live_until(until);
                else world.Now = until;
                break;
        }
    }
}
