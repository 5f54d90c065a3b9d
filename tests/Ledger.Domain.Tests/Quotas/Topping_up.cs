using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Quotas;

namespace Ledger.Domain.Tests.Quotas;

public sealed class Topping_up
{
    private static readonly AutoTopUp Usual = new() { Threshold = 10, Package = "small", Quantity = 2, Price = new(0, ""), MaxPerMonth = 3, CooldownMinutes = 60, Enabled = true };

    private static IReadOnlyList<PaymentIntended> Bought(QuotaWorld world) => [.. world.Happened.OfType<PaymentIntended>()];

    private static QuotaDecision Set(QuotaWorld world, AutoTopUp? settings = null) => world.Send(new SetAutoTopUp { Account = QuotaWorld.Id, Settings = settings ?? Usual });

    private static QuotaWorld Ready(Credits balance, AutoTopUp? settings = null)
    {
        var world = QuotaWorld.Opened(balance);
        Set(world, settings).ShouldBeOfType<QuotaDecision.Accepted>();
        return world;
    }

    [Fact]
    public void Falling_below_the_threshold_buys_once_while_a_payment_is_under_way()
    {
        var world = Ready(12);
        world.Consume(2);
        Bought(world).ShouldBeEmpty("10 is not below 10");
        world.Consume(1);
        Bought(world).Single().ShouldSatisfyAllConditions(
            payment => payment.Amount.ShouldBe(new Money(1000, "usd")), payment => payment.CreditAmount.ShouldBe(10), payment => payment.Charge.ShouldBe(new SavedMethod("cus_1", "pm_1")), payment => payment.Provider.ShouldBe("fake"),
            payment => payment.Item.ShouldBe(new SoldItem(ItemKind.Package, "small", 1, "Small", 2, new(500, "usd"))), payment => payment.Purpose.ShouldBe(PaymentPurpose.Credits));
        world.Open!.DueBy(world.Now).Single().Call.ShouldBe(ProviderCall.Charge);
        world.Consume(5);
        world.Pass(TimeSpan.FromDays(3));
        Bought(world).Count.ShouldBe(1, "what is under way counts as if it were paid");
        world.Happened.OfType<TopUpWaits>().Count().ShouldBeLessThan(100, "it is looked at ever more seldom");
        world.Tell(PaymentStatus.Succeeded);
        world.Account.Available.ShouldBe(14);
        world.Pass(TimeSpan.FromHours(2));
        world.Quota.TopUp.ShouldSatisfyAllConditions(top => top.Open.ShouldBeNull(), top => top.Failures.ShouldBe(0), top => top.InMonth.ShouldBe(1), top => top.WakeAt.ShouldBeNull());
        world.Account.Watch!.Below.ShouldBe(10);
    }

    [Fact]
    public void Settings_begin_one_at_once_where_too_little_is_there_and_the_same_again_change_nothing()
    {
        var world = Ready(5);
        Bought(world).Count.ShouldBe(1);
        world.Quota.AutoTopUp!.Price.ShouldBe(new Money(1000, "usd"), "the price that is agreed is the catalogue's");
        var version = world.Quota.Version;
        Set(world);
        world.Quota.Version.ShouldBe(version);
    }

    [Fact]
    public void The_next_one_waits_for_the_cool_down()
    {
        var world = Ready(5);
        world.Tell(PaymentStatus.Succeeded);
        world.Pass(TimeSpan.FromMinutes(1));
        world.Consume(14);
        Bought(world).Count.ShouldBe(1);
        world.Quota.TopUp.WakeAt.ShouldBe(QuotaWorld.Begin.AddMinutes(60));
        world.Pass(TimeSpan.FromMinutes(58));
        Bought(world).Count.ShouldBe(1);
        world.Pass(TimeSpan.FromMinutes(1));
        Bought(world).Count.ShouldBe(2);
    }

    [Fact]
    public void After_a_decline_it_waits_twice_as_long_each_time_and_a_success_ends_that()
    {
        var world = Ready(5, Usual with { MaxPerMonth = 100 });
        var waits = new List<double>();
        for (var i = 0; i < 10; i++)
        {
            world.Tell(PaymentStatus.Failed);
            world.Pass(TimeSpan.FromSeconds(3_600));
            var next = world.Quota.TopUp.NotBefore;
            if (world.Quota.TopUp.Open is null) world.Pass(next!.Value - world.Now);
            waits.Add((world.Quota.TopUp.StartedAt!.Value - QuotaWorld.Begin).TotalHours);
            world.Quota.TopUp.Failures.ShouldBe(i + 1);
            world.Quota.TopUp.InMonth.ShouldBe(1, "declined ones do not count");
        }

        Bought(world).Count.ShouldBe(11);
        waits.Zip(waits.Skip(1), (one, other) => other - one).ShouldAllBe(wait => wait >= 0.99 && wait <= 168.1);
        waits.Zip(waits.Skip(1), (one, other) => other - one).Last().ShouldBeGreaterThan(160, "a week at most");
        world.Tell(PaymentStatus.Succeeded);
        world.Pass(TimeSpan.FromHours(2));
        world.Quota.TopUp.Failures.ShouldBe(0);
    }

    [Fact]
    public void No_more_are_begun_in_a_month_than_were_allowed()
    {
        var world = Ready(5, Usual with { CooldownMinutes = 0, MaxPerMonth = 2 });
        for (var i = 0; i < 5; i++)
        {
            if (world.Quota.TopUp.Open is not null) world.Tell(PaymentStatus.Succeeded);
            world.Pass(TimeSpan.FromMinutes(30));
            if (world.Account.Available >= 10) world.Consume(world.Account.Available - 1);
        }

        Bought(world).Count.ShouldBe(2);
        world.Quota.TopUp.ShouldSatisfyAllConditions(top => top.WakeAt.ShouldBe(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero)), top => top.Reason!.ShouldContain("maxPerMonth"));
        world.Pass(TimeSpan.FromDays(30));
        Bought(world).Count.ShouldBe(3);
    }

    [Fact]
    public void Where_nothing_can_be_charged_it_fails_with_the_reason_and_backs_off()
    {
        var world = QuotaWorld.Opened(5);
        world.Method = null;
        Set(world);
        Bought(world).ShouldBeEmpty();
        world.Quota.TopUp.ShouldSatisfyAllConditions(top => top.Reason.ShouldBe("there is no saved payment method that can be charged"), top => top.Failures.ShouldBe(1), top => top.WakeAt.ShouldBe(world.Now.AddHours(1)));
        world.Pass(TimeSpan.FromHours(1));
        world.Quota.TopUp.ShouldSatisfyAllConditions(top => top.Failures.ShouldBe(2), top => top.WakeAt.ShouldBe(world.Now.AddHours(2)));
        world.Method = new("fake", "cus_1", "pm_2");
        Set(world);
        Bought(world).Count.ShouldBe(1, "who sets it again has mended it");
    }

    [Fact]
    public void A_package_that_is_dearer_or_gone_by_now_is_not_bought()
    {
        foreach (var now in new[]
        {
            CatalogItem.Begin(ItemKind.Package, "small").Evolve(new PackageDefined { Package = new() { Name = "Small", Active = true, Price = new(501, "usd"), CreditAmount = 5 } }, QuotaWorld.Begin),
            CatalogItem.Begin(ItemKind.Package, "small").Evolve(new PackageArchived(), QuotaWorld.Begin),
        })
        {
            var world = Ready(12);
            world.Package = now;
            world.Consume(11);
            Bought(world).ShouldBeEmpty();
            world.Quota.TopUp.Failures.ShouldBe(1);
            world.Quota.TopUp.Reason.ShouldNotBeNull();
        }
    }

    [Fact]
    public void A_balance_that_comes_back_by_itself_ends_the_wait()
    {
        var world = Ready(5);
        world.Tell(PaymentStatus.Failed);
        world.Pass(TimeSpan.FromMinutes(5));
        world.Grant(50);
        world.Pass(TimeSpan.FromHours(3));
        Bought(world).Count.ShouldBe(1);
        world.Quota.NextDue.ShouldBeNull();
        world.Account.Watch!.Below.ShouldBe(10);
        world.Consume(46);
        Bought(world).Count.ShouldBe(2);
    }

    [Fact]
    public void What_is_off_frozen_or_closed_buys_nothing()
    {
        var off = Ready(5, Usual with { Enabled = false });
        (Bought(off).Count, off.Account.Watch, off.Quota.NextDue).ShouldBe((0, null, null));

        var frozen = Ready(20);
        frozen.Consume(5);
        frozen.Do(new FreezeAccount { Account = QuotaWorld.Id });
        frozen.Do(new HoldCredits { Account = QuotaWorld.Id, Amount = 1, ExpiresAt = frozen.Now.AddHours(1) });
        frozen.Do(new UnfreezeAccount { Account = QuotaWorld.Id });
        frozen.Consume(6);
        Bought(frozen).Count.ShouldBe(1);

        var closed = Ready(12);
        closed.Do(new CloseAccount { Account = QuotaWorld.Id, Forfeit = true, Reason = "gone" });
        (Bought(closed).Count, closed.Account.Watch).ShouldBe((0, null));
    }

    [Fact]
    public void A_payment_that_asks_for_its_payer_has_failed_here_and_its_credits_come_all_the_same_if_it_is_paid()
    {
        var world = Ready(5);
        var payment = world.Open!.Id;
        world.Tell(PaymentStatus.RequiresAction);
        world.Pass(TimeSpan.FromSeconds(10));
        world.Quota.TopUp.ShouldSatisfyAllConditions(top => top.Open.ShouldBeNull(), top => top.Failures.ShouldBe(1), top => top.NotBefore.ShouldBe(world.Now.AddHours(1)));
        payment.ShouldBe(PaymentId.Of(1));
    }

    [Fact]
    public void A_charge_that_waits_for_its_payer_is_asked_about_until_it_is_given_up()
    {
        var world = Ready(5);
        var waiting = world.Open!.Evolve(new PaymentAdvanced { To = PaymentStatus.RequiresAction }, QuotaWorld.Begin);
        PaymentDecision Asked(TimeSpan after) => RecordProviderCallHandler.Handle(new RecordProviderCall { Payment = waiting.Id, Call = ProviderCall.Ask }, waiting, world.Account, PaymentPast.Empty, QuotaWorld.Begin + after);
        waiting.DueBy(QuotaWorld.Begin).Single().Call.ShouldBe(ProviderCall.Ask);
        Asked(TimeSpan.FromHours(19)).ShouldBeOfType<PaymentDecision.Accepted>().After.ShouldSatisfyAllConditions(payment => payment.Status.ShouldBe(PaymentStatus.RequiresAction), payment => payment.NextCall.ShouldNotBeNull());
        Asked(TimeSpan.FromHours(20)).ShouldBeOfType<PaymentDecision.Accepted>().After.ShouldSatisfyAllConditions(payment => payment.Status.ShouldBe(PaymentStatus.Expired), payment => payment.NextCall.ShouldBeNull());
    }

    [Fact]
    public void A_charge_is_repeated_until_the_provider_has_taken_it_and_given_up_before_it_could_be_made_twice()
    {
        var world = Ready(5);
        var payment = world.Open!;
        var lost = new RecordProviderCall { Payment = payment.Id, Call = ProviderCall.Charge, Reason = "no answer" };
        PaymentDecision Decide(RecordProviderCall command, Payment now, TimeSpan after) => RecordProviderCallHandler.Handle(command, now, world.Account, PaymentPast.Empty, QuotaWorld.Begin + after);

        var tried = Decide(lost, payment, TimeSpan.FromMinutes(1)).ShouldBeOfType<PaymentDecision.Accepted>().After;
        tried.DueBy(QuotaWorld.Begin.AddMinutes(2)).Single().Call.ShouldBe(ProviderCall.Charge, "it is the same call with the same key");
        Decide(lost, tried, TimeSpan.FromHours(20)).ShouldBeOfType<PaymentDecision.Accepted>().After.Status.ShouldBe(PaymentStatus.Failed);
        var taken = Decide(lost with { Reason = null }, tried, TimeSpan.FromMinutes(2)).ShouldBeOfType<PaymentDecision.Accepted>().After;
        (taken.IsCharged, taken.Status).ShouldBe((true, PaymentStatus.Pending));
        taken.DueBy(QuotaWorld.Begin.AddDays(1)).Single().Call.ShouldBe(ProviderCall.Ask);
        Decide(lost with { IsFinal = true, Reason = "card_declined" }, tried, TimeSpan.FromMinutes(2)).ShouldBeOfType<PaymentDecision.Accepted>().After.FailureReason.ShouldBe("card_declined");
    }

    [Fact]
    public void Who_was_given_money_back_or_asks_for_it_is_not_charged_again_until_it_is_set_again()
    {
        var usd = new Money(1000, "usd");
        foreach (var (gone, over) in new (PaymentEvent Gone, PaymentEvent? Over)[]
        {
            (new RefundAdvanced { Refund = "re_1", ProviderId = "re_1", Amount = usd, To = RefundStatus.Succeeded }, new RefundAdvanced { Refund = "re_1", ProviderId = "re_1", Amount = usd, To = RefundStatus.Failed }),
            (new RefundAdvanced { Refund = "re_1", ProviderId = "re_1", Amount = usd with { Amount = 10 }, To = RefundStatus.Pending }, null),
            (new DisputeAdvanced { Dispute = "dp_1", Amount = usd, To = DisputeStatus.Open }, new DisputeAdvanced { Dispute = "dp_1", Amount = usd, To = DisputeStatus.Won }),
            (new DisputeAdvanced { Dispute = "dp_1", Amount = usd, To = DisputeStatus.Lost }, null),
            (new PaymentReversed { To = PaymentStatus.Failed }, null),
        })
        {
            var world = Ready(5, Usual with { MaxPerMonth = 100, CooldownMinutes = 0 });
            world.Tell(PaymentStatus.Succeeded);
            world.Pass(TimeSpan.FromHours(1));
            world.Happen(gone);
            world.Consume(10);
            world.Pass(TimeSpan.FromDays(9));
            Bought(world).Count.ShouldBe(1, gone.ToString());
            world.Quota.TopUp.ShouldSatisfyAllConditions(top => top.Reason!.ShouldContain("went back"), top => top.Failures.ShouldBe(0));
            world.Happened.OfType<TopUpWaits>().Count().ShouldBeLessThan(15, "looked at once a day");
            if (over is not null) world.Happen(over);
            else Set(world, Usual with { MaxPerMonth = 100, CooldownMinutes = 0 });
            world.Pass(TimeSpan.FromDays(1));
            Bought(world).Count.ShouldBe(2, gone.ToString());
        }
    }

    [Fact]
    public void It_is_turned_off_whatever_is_sold()
    {
        var world = Ready(12);
        world.Package = CatalogItem.Begin(ItemKind.Package, "small").Evolve(new PackageArchived(), QuotaWorld.Begin);
        var off = Usual with { Package = "", Quantity = 1, Threshold = 0, Enabled = false };
        Set(world, off).ShouldBeOfType<QuotaDecision.Accepted>();
        world.Quota.AutoTopUp.ShouldBe(Usual with { Price = new(1000, "usd"), Enabled = false }, "all else stays as it was");
        (world.Account.Watch, world.Quota.NextDue).ShouldBe((null, null));
        world.Package = CatalogItem.Begin(ItemKind.Package, "none");
        Set(world, Usual with { Threshold = 3, Enabled = false }).ShouldBeOfType<QuotaDecision.Accepted>();
        world.Quota.AutoTopUp!.ShouldSatisfyAllConditions(set => set.Threshold.ShouldBe(3), set => set.Price.ShouldBe(new Money(1000, "usd")), set => set.Enabled.ShouldBeFalse());
        Set(world).ShouldBeOfType<QuotaDecision.Refused>("what is on buys what is sold");
        var none = QuotaWorld.Opened(5);
        Set(none, off).ShouldBeOfType<QuotaDecision.Accepted>().Quota.ShouldBeEmpty();
    }

    [Fact]
    public void Turned_off_a_charge_that_nobody_was_asked_for_is_never_made_and_one_that_was_takes_its_course()
    {
        var on = Usual with { CooldownMinutes = 0 };
        var world = Ready(5, on);
        var open = world.Open!;
        Set(world, Usual with { Enabled = false }).ShouldBeOfType<QuotaDecision.Accepted>();
        var canceled = world.Happened.OfType<PaymentAdvanced>().Single();
        (canceled.To, canceled.Status).ShouldBe((PaymentStatus.Canceled, PaymentStatus.Canceled));
        world.Quota.TopUp.ShouldSatisfyAllConditions(top => top.Open.ShouldBeNull(), top => top.Failures.ShouldBe(0), top => top.InMonth.ShouldBe(0), top => top.WakeAt.ShouldBeNull(), top => top.Last.ShouldBeNull());
        var off = open.Evolve(canceled, world.Now);
        off.NextDue.ShouldBeNull();
        BeginChargeHandler.Handle(new BeginCharge { Payment = off.Id }, off, PaymentPast.Empty, world.Now).ShouldBeOfType<PaymentDecision.Nothing>("who was about to ask asks no more");
        Set(world, on);
        Bought(world).Count.ShouldBe(2, "turned on it begins anew");

        var asked = world.Open!;
        var begun = BeginChargeHandler.Handle(new BeginCharge { Payment = asked.Id }, asked, PaymentPast.Empty, world.Now).ShouldBeOfType<PaymentDecision.Accepted>().Payment.Single();
        world.Happen(begun);
        BeginChargeHandler.Handle(new BeginCharge { Payment = asked.Id }, world.Open!, PaymentPast.Empty, world.Now).ShouldBeOfType<PaymentDecision.Nothing>("it is begun once");
        world.Open!.DueBy(world.Now).Single().Call.ShouldBe(ProviderCall.Charge, "what was begun is asked for until it is known");
        Set(world, Usual with { Enabled = false });
        (world.Open?.Status, world.Happened.OfType<PaymentAdvanced>().Count()).ShouldBe((PaymentStatus.Pending, 1));
        world.Tell(PaymentStatus.Succeeded);
        world.Account.Available.ShouldBe(15);
    }

    [Fact]
    public void One_that_failed_first_and_was_paid_late_counts_in_the_month_in_which_it_was()
    {
        var world = Ready(5, Usual with { CooldownMinutes = 0, MaxPerMonth = 2 });
        var first = world.Open!.Id;
        world.Tell(PaymentStatus.RequiresAction);
        world.Pass(TimeSpan.FromHours(2));
        world.Tell(PaymentStatus.Succeeded);
        world.Pass(TimeSpan.FromHours(1));
        (Bought(world).Count, world.Quota.TopUp.InMonth).ShouldBe((2, 1));
        world.Pay(first);
        world.Consume(world.Account.Available - 1);
        Bought(world).Count.ShouldBe(2, "the first one was paid after all, and two are enough");
        world.Quota.TopUp.ShouldSatisfyAllConditions(top => top.InMonth.ShouldBe(2), top => top.Vain.ShouldBeEmpty(), top => top.Reason!.ShouldContain("maxPerMonth"));
        world.Send(new SettleQuota { Account = QuotaWorld.Id });
        world.Quota.TopUp.InMonth.ShouldBe(2, "it counts once");
        world.Pass(TimeSpan.FromDays(30));
        Bought(world).Count.ShouldBe(3);
    }

    [Fact]
    public void What_is_paid_in_another_month_than_the_running_one_counts_there()
    {
        var november = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
        var top = new TopUpState { Month = november, InMonth = 1, Vain = [PaymentId.Of(1)] };
        TopUpState Paid(DateTimeOffset at) => (new Quota { TopUp = top }).Evolve(new TopUpPaidLate { Payment = PaymentId.Of(1), PaidAt = at }, november).TopUp;
        (Paid(november.AddDays(-1)).InMonth, Paid(november.AddDays(1)).InMonth).ShouldBe((1, 2));
        (Paid(november.AddMonths(1)).InMonth, Paid(november.AddMonths(1)).Month).ShouldBe((1, november.AddMonths(1)));
    }

    [Fact]
    public void Settings_are_checked()
    {
        var world = QuotaWorld.Opened(50);
        Set(world, Usual with { Threshold = -1 }).ShouldBeOfType<QuotaDecision.Refused>().Refusal.ShouldBeOfType<InvalidAmount>();
        Set(world, Usual with { Quantity = 10_001 }).ShouldBeOfType<QuotaDecision.Refused>().Refusal.ShouldBeOfType<InvalidRequest>();
        world.Package = CatalogItem.Begin(ItemKind.Package, "none");
        Set(world).ShouldBeOfType<QuotaDecision.Refused>().Refusal.ShouldBeOfType<EntryNotFound>();
        world.Package = CatalogItem.Begin(ItemKind.Package, "small").Evolve(new PackageArchived(), QuotaWorld.Begin);
        Set(world).ShouldBeOfType<QuotaDecision.Refused>().Refusal.ShouldBeOfType<EntryConflict>();
        world.Quota.Version.ShouldBe(0);
    }
}
