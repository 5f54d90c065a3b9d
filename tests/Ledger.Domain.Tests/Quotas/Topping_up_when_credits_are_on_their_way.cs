using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Quotas;

/// <summary>Credits that a subscription brings go before credits that are bought.</summary>
public sealed class Topping_up_when_credits_are_on_their_way
{
    private static IReadOnlyList<PaymentIntended> Bought(QuotaWorld world) => [.. world.Happened.OfType<PaymentIntended>()];

    private static QuotaWorld Ready(Credits balance)
    {
        var world = QuotaWorld.Opened(balance);
        var settings = new AutoTopUp { Threshold = 10, Package = "small", Quantity = 2, Price = new(0, ""), MaxPerMonth = 3, CooldownMinutes = 60, Enabled = true };
        world.Send(new SetAutoTopUp { Account = QuotaWorld.Id, Settings = settings }).ShouldBeOfType<QuotaDecision.Accepted>();
        return world;
    }

    [Fact]
    public void What_is_due_on_the_subscription_comes_first_since_it_may_bring_the_credits()
    {
        var world = Ready(12);
        world.SubscriptionDueSince = world.Now;
        world.Consume(10);
        Bought(world).ShouldBeEmpty();
        world.Quota.TopUp.WakeAt.ShouldBe(world.Now.AddSeconds(10));
        world.Pass(TimeSpan.FromSeconds(15));
        Bought(world).ShouldBeEmpty();
        world.Quota.TopUp.Failures.ShouldBe(0);
        world.SubscriptionDueSince = null;
        world.Pass(TimeSpan.FromSeconds(20));
        Bought(world).Count.ShouldBe(1, "it brought none");

        var renewed = Ready(12);
        renewed.SubscriptionDueSince = renewed.Now;
        renewed.Consume(10);
        renewed.SubscriptionDueSince = null;
        renewed.Grant(100);
        renewed.Pass(TimeSpan.FromHours(1));
        (Bought(renewed).Count, renewed.Quota.NextDue, renewed.Account.Watch!.Below).ShouldBe((0, null, 10));
    }

    [Fact]
    public void What_can_not_be_done_on_the_subscription_for_long_is_looked_at_ever_more_seldom()
    {
        var world = Ready(12);
        // It has stood still for days already: the first look is soon all the same.
        world.SubscriptionDueSince = world.Now.AddDays(-2);
        world.Consume(10);
        world.Quota.TopUp.WakeAt.ShouldBe(world.Now.AddSeconds(10));
        var version = world.Quota.Version;
        world.Now = world.Now.AddSeconds(5);
        world.Send(new SettleQuota { Account = QuotaWorld.Id });
        world.Quota.Version.ShouldBe(version, "a look before its time changes nothing");
        world.Pass(TimeSpan.FromDays(1));
        world.Happened.OfType<TopUpWaits>().Count().ShouldBeInRange(20, 27, "an hour at most");

        var other = Ready(12);
        other.SubscriptionDueSince = other.Now;
        other.Consume(10);
        other.Pass(TimeSpan.FromHours(1));
        other.Happened.OfType<TopUpWaits>().Count().ShouldBeInRange(5, 12, "each wait is twice as long");
        (Bought(world).Count, Bought(other).Count).ShouldBe((0, 0));
    }

    [Fact]
    public void Credits_of_a_renewal_that_its_provider_has_yet_to_call_paid_are_waited_for()
    {
        var end = QuotaWorld.Begin.AddHours(1);
        QuotaWorld Renewing(out Subscription live)
        {
            var world = Ready(12).With();
            live = world.Live! with { Provider = "stripe", RenewsAtProvider = true, Period = 1, GrantedPeriod = 1, CurrentPeriodEnd = end };
            live = live with { Plan = live.Plan with { Terms = live.Plan.Terms with { CreditsPerPeriod = 100 } } };
            world.Live = live;
            world.Pass(TimeSpan.FromHours(1));
            world.Consume(10);
            return world;
        }

        // Nothing is told yet; then the period has begun; then it is paid.
        var paid = Renewing(out var running);
        Bought(paid).ShouldBeEmpty("the period's credits lapse with its end, and the next ones are on their way");
        (paid.Quota.TopUp.WakeAt, paid.Quota.TopUp.Failures).ShouldBe((end.AddMinutes(5), 0));
        paid.Pass(TimeSpan.FromMinutes(20));
        var next = running with { Period = 2, CurrentPeriodStart = end, CurrentPeriodEnd = end.AddMonths(1) };
        paid.Live = next;
        paid.Pass(TimeSpan.FromMinutes(50));
        Bought(paid).ShouldBeEmpty();
        paid.Grant(100);
        paid.Live = next with { GrantedPeriod = 2 };
        paid.Pass(TimeSpan.FromHours(2));
        (Bought(paid).Count, paid.Quota.NextDue, paid.Account.Watch!.Below).ShouldBe((0, null, 10));

        // A day is enough, and it is not looked at all the time.
        var silent = Renewing(out running);
        silent.Live = running with { Period = 2, CurrentPeriodStart = end, CurrentPeriodEnd = end.AddMonths(1) };
        silent.Pass(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        Bought(silent).ShouldBeEmpty();
        silent.Happened.OfType<TopUpWaits>().Count().ShouldBeLessThan(40);
        silent.Pass(TimeSpan.FromSeconds(1));
        Bought(silent).Count.ShouldBe(1);

        // Where no credits are to come, or a payment is known to be missing, nothing is waited for.
        foreach (var none in new[]
        {
            running with { Status = SubscriptionStatus.PastDue }, running with { CancelAtPeriodEnd = true }, running with { RenewsAtProvider = false },
            running with { Plan = running.Plan with { Terms = running.Plan.Terms with { CreditsPerPeriod = 0 } } }, running with { CurrentPeriodEnd = end.AddDays(9) },
        })
        {
            var world = Ready(12);
            world.Pass(TimeSpan.FromHours(1));
            world.Live = none;
            world.Consume(10);
            Bought(world).Count.ShouldBe(1);
        }
    }
}
