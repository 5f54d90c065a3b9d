using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Tests.Payments;

public sealed class Paying
{
    private readonly PaymentWorld world = new();

    [Fact]
    public void An_intent_pins_what_was_sold_and_is_due_at_the_provider_at_once()
    {
        world.Buy(quantity: 2).ShouldBeOfType<PaymentDecision.Accepted>();
        var payment = world.Payment;
        payment.Item.ShouldBe(new SoldItem(ItemKind.Package, "medium", 1, "Medium", 2, new Money(1500, "usd")));
        (payment.Amount, payment.CreditAmount, payment.Status).ShouldBe((new Money(3000, "usd"), (Credits?)30, PaymentStatus.Pending));
        payment.NextDue.ShouldBe(world.Now);
        payment.DueBy(world.Now).ShouldBe([(ProviderCall.Open, null)]);
        world.Page();
        world.Payment.Page!.RedirectUrl.ShouldBe("https://pay.example/cs_1");
        world.Payment.NextDue.ShouldBe(world.Now + Payment.AskAfter);
    }

    [Fact]
    public void Where_nothing_is_told_the_provider_is_asked_ever_more_seldom_and_once_more_when_the_page_has_closed()
    {
        world.Buy();
        world.Page();
        var opened = world.Now;
        var asked = new List<TimeSpan>();
        while (world.Payment.Status == PaymentStatus.Pending)
        {
            world.Now = world.Payment.NextDue!.Value;
            world.Payment.DueBy(world.Now).ShouldBe([(ProviderCall.Ask, null)]);
            asked.Add(world.Now - opened);
            world.Send(new RecordProviderCall { Payment = PaymentWorld.First, Call = ProviderCall.Ask, IsUnknown = true });
        }

        world.Payment.Status.ShouldBe(PaymentStatus.Expired);
        asked.Select(time => time.TotalMinutes).ShouldBe([10, 50, 210, 570, 930, 1290, (23 * 60) + 10]);
    }

    [Fact]
    public void What_is_paid_is_fulfilled_once_whatever_is_told_how_often()
    {
        world.Buy();
        world.Page();
        world.Pay().ShouldBeOfType<PaymentDecision.Accepted>();
        world.Pay().ShouldBeOfType<PaymentDecision.Nothing>();
        world.Tell(world.Told(PaymentStatus.Succeeded) with { Refs = new() { CheckoutSessionId = "cs_1", PaymentIntentId = "pi_1" } }).ShouldBeOfType<PaymentDecision.Nothing>();
        world.Account.Balance.ShouldBe(15);
        world.Happened.OfType<CreditsPurchased>().ShouldHaveSingleItem().ShouldSatisfyAllConditions(e => e.PaymentId.ShouldBe(PaymentWorld.First.Value), e => e.Price.ShouldBe(new Money(1500, "usd")));
        (world.Payment.Status, world.Payment.IsFulfilled, world.Payment.NextDue).ShouldBe((PaymentStatus.Succeeded, true, null));
        world.Payment.Refs.ShouldBe(new ProviderRefs { CheckoutSessionId = "cs_1", PaymentIntentId = "pi_1" });
    }

    [Fact]
    public void A_free_package_that_the_account_can_not_take_is_refused()
    {
        world.Open();
        var lots = Enumerable.Range(10, Account.LotsMax).Select(version => new Lot
        {
            Id = LotId.For(PaymentWorld.Tag, version),
            Kind = LotKind.Granted,
            Origin = LotOrigin.Grant,
            Amount = 1,
            Remaining = 1,
            Priority = 100,
            CreatedAt = world.Now,
            TransactionId = TransactionId.For(PaymentWorld.Tag, version),
        });
        var full = world.Account with { Lots = [.. lots], Balance = Account.LotsMax, Version = 20_000 };
        var free = CatalogItem.Begin(ItemKind.Package, "gift") with { Entry = new Package { Name = "Gift", Active = true, Price = new(0, "usd"), CreditAmount = 3 } };
        Refusal(new StartCheckout { Payment = PaymentWorld.First, Account = PaymentWorld.Id, Item = free, Quantity = 1 }.Decide(Payment.None(PaymentWorld.First), full, PaymentPast.Empty, world.Now)).ShouldBeOfType<LimitReached>();
    }

    [Fact]
    public void A_total_of_nothing_is_delivered_in_the_commit_of_its_intent()
    {
        var free = CatalogItem.Begin(ItemKind.Package, "gift") with { Entry = new Package { Name = "Gift", Active = true, Price = new(0, "usd"), CreditAmount = 3 } };
        world.Buy(item: free, provider: null).ShouldBeOfType<PaymentDecision.Accepted>().Payment.Length.ShouldBe(3);
        (world.Payment.Status, world.Account.Balance, world.Payment.NextDue).ShouldBe((PaymentStatus.Succeeded, (Credits)3, null));
    }

    [Theory]
    [InlineData(1499, "usd", "1499 usd was paid")]
    [InlineData(1501, "usd", "1501 usd was paid")]
    [InlineData(1500, "eur", "paid in eur")]
    public void Money_that_is_not_what_was_asked_is_never_fulfilled_and_asks_for_attention(long amount, string currency, string reason)
    {
        world.Buy();
        world.Tell(world.Told(PaymentStatus.Succeeded, amount, currency));
        (world.Payment.Status, world.Account.Balance).ShouldBe((PaymentStatus.Failed, Credits.Zero));
        world.Payment.Attention.ShouldNotBeNull().ShouldContain(reason);
        world.Tell(world.Told(PaymentStatus.Succeeded, amount, currency)).ShouldBeOfType<PaymentDecision.Refused>().Refusal.Detail.ShouldContain(reason);
        world.Pay();
        (world.Payment.Status, world.Account.Balance, world.Payment.Attention).ShouldBe((PaymentStatus.Succeeded, (Credits)15, null), "the right money comes after it");
    }

    [Fact]
    public void A_paid_checkout_is_fulfilled_on_a_frozen_account_and_waits_on_a_closed_one()
    {
        world.Buy();
        world.Do(new FreezeAccount { Account = PaymentWorld.Id });
        world.Pay();
        (world.Account.Balance, world.Payment.Attention).ShouldBe(((Credits)15, null));

        var other = new PaymentWorld();
        other.Buy();
        other.Do(new CloseAccount { Account = PaymentWorld.Id });
        other.Pay();
        (other.Payment.Status, other.Account.Status).ShouldBe((PaymentStatus.Succeeded, AccountStatus.Closed));
        other.Payment.Attention.ShouldNotBeNull().ShouldContain("closed");
        other.Happened.OfType<CreditsPurchased>().ShouldHaveSingleItem();
    }

    [Fact]
    public void Credits_of_a_package_that_ends_are_counted_from_the_payment_on()
    {
        var item = CatalogItem.Begin(ItemKind.Package, "monthly") with { Entry = new Package { Name = "Monthly", Active = true, Price = new(100, "usd"), CreditAmount = 1, ExpiresAfterDays = 30 } };
        world.Buy(item: item);
        world.Now = world.Now.AddDays(2);
        world.Tell(world.Told(PaymentStatus.Succeeded, 100));
        world.Account.Lots.ShouldHaveSingleItem().ExpiresAt.ShouldBe(world.Now.AddDays(30));
    }

    [Fact]
    public void A_product_is_delivered_without_credits()
    {
        var item = CatalogItem.Begin(ItemKind.Product, "ws_1") with { Entry = new Product { Name = "Workshop", Type = "workshop", Active = true, Price = new(9900, "usd") } };
        world.Buy(item: item);
        world.Tell(world.Told(PaymentStatus.Succeeded, 9900));
        (world.Payment.Purpose, world.Payment.IsFulfilled, world.Payment.Purchase, world.Account.Balance).ShouldBe((PaymentPurpose.Product, true, null, Credits.Zero));
    }

    [Fact]
    public void A_checkout_is_refused_before_anything_is_stored()
    {
        var package = CatalogItem.Begin(ItemKind.Package, "small");
        Refusal(world.Buy(open: false)).ShouldBeOfType<AccountNotFound>();
        world.Open(scale: 0);
        Refusal(world.Buy(item: CatalogItem.Begin(ItemKind.Package, "none"))).ShouldBeOfType<EntryNotFound>();
        Refusal(world.Buy(item: CatalogItem.Begin(ItemKind.Plan, "pro-monthly"), quantity: 2)).ShouldBeOfType<InvalidRequest>().Member.ShouldBe("item.quantity");
        Refusal(world.Buy(item: package with { IsArchived = true })).ShouldBeOfType<EntryConflict>().State.ShouldBe("archived");
        Refusal(world.Buy(item: package with { Entry = package.Entry! with { Active = false } })).ShouldBeOfType<EntryConflict>().State.ShouldBe("inactive");
        Refusal(world.Buy(quantity: 0)).ShouldBeOfType<InvalidRequest>();
        Refusal(world.Buy(quantity: StartCheckout.QuantityMax + 1)).ShouldBeOfType<InvalidRequest>();
        Refusal(world.Buy(provider: null)).ShouldBeOfType<InvalidRequest>();
        Refusal(world.Buy(item: package with { Entry = (Package)package.Entry! with { CreditAmount = 0.5m } })).ShouldBeOfType<InvalidRequest>().Detail.ShouldContain("decimals");
        world.Do(new CloseAccount { Account = PaymentWorld.Id });
        Refusal(world.Buy()).ShouldBeOfType<AccountIsClosed>();
        world.Payment.Exists.ShouldBeFalse();
    }

    [Fact]
    public void A_payment_that_nobody_began_here_is_opened_by_its_money_where_it_names_account_and_credits()
    {
        var told = world.Told(PaymentStatus.Succeeded) with { Marks = new(Tenant: "default", Account: "acct_1", Credits: "7.5") };
        world.Tell(told).ShouldBeOfType<PaymentDecision.Waits>();
        world.Open();
        world.Tell(told with { Status = PaymentStatus.Pending }).ShouldBeOfType<PaymentDecision.Nothing>();
        world.Tell(told with { Marks = told.Marks with { Credits = null } }).ShouldBeOfType<PaymentDecision.Nothing>();
        foreach (var wrong in new[] { "", "-1", "0", "1e3", "1,5", "0.0000001", "1000000000001" }) world.Tell(told with { Marks = told.Marks with { Credits = wrong } }).ShouldBeOfType<PaymentDecision.Refused>();
        world.Tell(told with { Marks = told.Marks with { Tenant = "other" } }).ShouldBeOfType<PaymentDecision.Refused>();
        world.Tell(told).ShouldBeOfType<PaymentDecision.Accepted>();
        world.Tell(told).ShouldBeOfType<PaymentDecision.Nothing>();
        (world.Account.Balance, world.Payment.Status, world.Payment.Item).ShouldBe(((Credits)7.5m, PaymentStatus.Succeeded, null));
    }

    [Fact]
    public void What_comes_too_early_waits_and_what_is_a_hint_is_asked_first()
    {
        world.Tell(world.Told(PaymentStatus.Succeeded) with { Marks = new(Payment: PaymentWorld.First.Value) }).ShouldBeOfType<PaymentDecision.Waits>();
        world.Tell(PaymentWorld.Refunded(100)).ShouldBeOfType<PaymentDecision.Waits>();
        world.Buy();
        world.Tell(PaymentWorld.Refunded(100)).ShouldBeOfType<PaymentDecision.Waits>();
        world.Tell(PaymentWorld.Total(100)).ShouldBeOfType<PaymentDecision.Waits>();
        world.Tell(PaymentWorld.Disputed(DisputeStatus.Open)).ShouldBeOfType<PaymentDecision.Waits>();
        world.Tell(world.Told(PaymentStatus.Succeeded) with { IsHint = true }).ShouldBeOfType<PaymentDecision.Waits>();
        world.Payment.Version.ShouldBe(1);
    }

    [Fact]
    public void What_belongs_to_another_tenant_account_payment_or_provider_is_refused()
    {
        world.Buy();
        world.Buy(PaymentId.Of(2));
        var told = world.Told(PaymentStatus.Succeeded);
        foreach (var wrong in new ProviderFact[]
        {
            told with { Marks = new(Tenant: "other") }, told with { Marks = new(Account: "acct_2") }, told with { Marks = new(Payment: PaymentId.Of(2).Value) }, told with { Provider = "midtrans" },
        })
        {
            world.Tell(wrong).ShouldBeOfType<PaymentDecision.Refused>();
        }

        world.Pay();
        world.Tell(told, PaymentId.Of(2)).ShouldBeOfType<PaymentDecision.Refused>().Refusal.Detail.ShouldContain("pi_1");
        world.Account.Balance.ShouldBe(15);
    }

    [Fact]
    public void A_reversal_takes_back_what_was_delivered()
    {
        world.Buy();
        world.Pay();
        world.Tell(world.Told(PaymentStatus.Canceled)).ShouldBeOfType<PaymentDecision.Nothing>("a late word changes no money");
        world.Tell(world.Told(PaymentStatus.Canceled, reverses: true));
        (world.Payment.Status, world.Account.Balance, world.Payment.Revoked).ShouldBe((PaymentStatus.Canceled, Credits.Zero, (Credits)15));
        world.Pay().ShouldBeOfType<PaymentDecision.Nothing>("it is not granted again");
    }

    [Fact]
    public void Calls_to_the_provider_are_repeated_ever_later_and_end_with_the_page()
    {
        world.Buy();
        var tried = new RecordProviderCall { Payment = PaymentWorld.First, Call = ProviderCall.Open, Reason = "no answer" };
        var pauses = Enumerable.Range(0, 14).Select(_ =>
        {
            world.Send(tried).ShouldBeOfType<PaymentDecision.Accepted>();
            return (int)(world.Payment.NextDue!.Value - world.Now).TotalSeconds;
        }).ToList();
        pauses.ShouldBe([2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600]);
        world.Now = world.Payment.Page!.ExpiresAt;
        world.Payment.DueBy(world.Now).ShouldBe([(ProviderCall.Ask, null)], "a page that has closed is not opened any more");
        world.Send(tried with { Call = ProviderCall.Ask, Reason = null, IsUnknown = true });
        (world.Payment.Status, world.Payment.NextDue).ShouldBe((PaymentStatus.Expired, null));
        world.Pay();
        (world.Payment.Status, world.Account.Balance).ShouldBe((PaymentStatus.Succeeded, (Credits)15), "money wins over words");
    }

    [Fact]
    public void What_the_provider_refuses_for_good_fails()
    {
        world.Buy();
        world.Send(new RecordProviderCall { Payment = PaymentWorld.First, Call = ProviderCall.Open, Reason = "amount_too_small", IsFinal = true });
        (world.Payment.Status, world.Payment.FailureReason, world.Payment.NextDue).ShouldBe((PaymentStatus.Failed, "amount_too_small", null));
        world.Send(new RecordProviderCall { Payment = PaymentWorld.First, Call = ProviderCall.Open, Reason = "again" }).ShouldBeOfType<PaymentDecision.Nothing>();
    }

    [Fact]
    public void An_app_that_told_of_the_payment_itself_has_bought_the_credits_already()
    {
        world.Buy();
        world.Do(new PurchaseCredits { Account = PaymentWorld.Id, CreditAmount = 15, Price = new(1500, "usd"), PaymentId = PaymentWorld.First.Value });
        world.Pay();
        (world.Account.Balance, world.Payment.Purchase).ShouldBe(((Credits)15, world.Happened.OfType<CreditsPurchased>().Single().Id));
    }

    private static Refusal Refusal(PaymentDecision decision) => decision.ShouldBeOfType<PaymentDecision.Refused>().Refusal;

    [Fact]
    public void What_somebody_has_looked_at_is_off_the_list_until_there_is_a_new_reason()
    {
        var resolve = new ResolvePayment { Payment = PaymentWorld.First, Reason = "refunded in the dashboard" };
        world.Send(resolve).ShouldBeOfType<PaymentDecision.Refused>().Refusal.ShouldBeOfType<PaymentNotFound>();
        world.Buy();
        world.Send(resolve).ShouldBeOfType<PaymentDecision.Refused>().Refusal.ShouldBeOfType<NothingToResolve>().State.ShouldBe(PaymentStatus.Pending);
        world.Tell(world.Told(PaymentStatus.Succeeded, amount: 1400));
        world.Payment.Attention.ShouldNotBeNull();
        var before = world.Payment;

        world.Send(resolve).ShouldBeOfType<PaymentDecision.Accepted>().Payment.ShouldBe([new AttentionResolved { Status = PaymentStatus.Failed, Reason = "refunded in the dashboard" }]);
        (world.Payment.Attention, world.Payment.Status, world.Payment.FailureReason, world.Payment.Refunded, world.Account.Balance).ShouldBe((null, before.Status, before.FailureReason, before.Refunded, Credits.Zero), "nothing else moves");
        world.Send(resolve).ShouldBeOfType<PaymentDecision.Refused>();
        // The right money after it is delivered all the same.
        world.Pay();
        (world.Payment.Status, world.Account.Balance).ShouldBe((PaymentStatus.Succeeded, (Credits)15));
    }

    [Fact]
    public void The_page_of_a_plan_pays_for_no_package()
    {
        world.Buy();
        world.Tell(world.Told(PaymentStatus.Succeeded) with { Refs = new() { CheckoutSessionId = "cs_1", SubscriptionId = "sub_1" } }).ShouldBeOfType<PaymentDecision.Accepted>();
        (world.Payment.Status, world.Payment.Refs.SubscriptionId, world.Account.Balance).ShouldBe((PaymentStatus.Pending, "sub_1", Credits.Zero));
    }
}
