using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

public sealed class Hearing_of_subscriptions
{
    private readonly SubscriptionWorld world = new();

    private static DateTimeOffset On(int month, int day) => SubscriptionWorld.On(2026, month, day);

    private SubscriptionId Bought(out PaymentId payment)
    {
        (payment, var id) = world.Buy("basic", "stripe");
        return id;
    }

    private SubscriptionId Active()
    {
        var id = Bought(out var payment);
        world.Pay(payment);
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active));
        world.Tell(id, world.Invoiced(InvoiceNews.Paid));
        return id;
    }

    [Fact]
    public void Its_first_period_is_granted_by_the_invoice_whatever_comes_first()
    {
        Action<SubscriptionWorld, SubscriptionId, PaymentId>[] news =
        [
            (world, _, payment) => world.Pay(payment),
            (world, id, _) => world.Tell(id, world.Told(ToldSubscriptionStatus.Active)),
            (world, id, _) => world.Tell(id, world.Invoiced(InvoiceNews.Paid)),
        ];
        foreach (var order in new int[][] { [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0] })
        {
            var world = new SubscriptionWorld();
            var (payment, id) = world.Buy("basic", "stripe");
            foreach (var step in order)
            {
                news[step](world, id, payment);
                news[step](world, id, payment);
                world[id].GrantedPeriod.ShouldBe(order.TakeWhile(one => one != step).Append(step).Contains(2) ? 1 : 0, "a paid invoice grants, and nothing else");
            }

            (world[id].Status, world[id].Period, world.Account.Balance, world[payment].IsFulfilled).ShouldBe((SubscriptionStatus.Active, 1, 100, true));
            (world[id].Refs.SubscriptionId, world[id].Refs.CustomerId, world[id].Refs.ItemId).ShouldBe(("sub_x", "cus_1", "si_1"));
            world.Invoices.ShouldHaveSingleItem().Payment.ShouldBe(payment);
            world.Check();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_renewal_is_granted_once_whichever_of_invoice_and_update_comes_first(bool invoiceFirst)
    {
        var id = Active();
        world.Wait(On(2, 28).AddMinutes(2));
        world[id].Status.ShouldBe(SubscriptionStatus.Active, "its word is waited for");
        void Update() => world.Tell(id, world.Told(ToldSubscriptionStatus.Active, On(2, 28)));
        void Paid() => world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(2, 28), "in_2"));
        if (invoiceFirst) Paid();
        Update();
        Paid();
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(2, 28), "in_2b"));
        (world[id].Status, world[id].Period, world[id].CurrentPeriodStart, world.Account.Balance).ShouldBe((SubscriptionStatus.Active, 2, On(2, 28), 150));
        world.Invoices.Select(invoice => invoice.Number).ShouldBe(["INV-2026-000001", "INV-2026-000002", "INV-2026-000003"], ignoreOrder: true);
        (world.Billed("in_2").IsFulfilled, world.Billed("in_2").Attention, world[id].PaidBy).ShouldBe((true, null, world.Billed("in_2").Id));
        (world.Billed("in_2b").Status, world.Billed("in_2b").IsFulfilled).ShouldBe((PaymentStatus.Succeeded, false));
        world.Billed("in_2b").Attention!.ShouldContain("paid before");
        world.Check();
    }

    [Fact]
    public void A_payment_that_stays_away_is_past_due_and_then_over_and_the_provider_is_told()
    {
        var id = Active();
        world.Wait(On(2, 28).AddHours(1));
        (world[id].Status, world[id].PastDueSince, world[id].GraceEndsAt).ShouldBe((SubscriptionStatus.PastDue, On(2, 28).AddHours(1), On(3, 7).AddHours(1)), "its grace begins with what was seen");
        world.Tell(id, world.Invoiced(InvoiceNews.PaymentFailed, On(2, 28), "in_2"));
        (world[id].Status, world[id].GraceEndsAt, world.Billed("in_2").Status, world.BillOf("in_2").Status).ShouldBe((SubscriptionStatus.PastDue, On(3, 7).AddHours(1), PaymentStatus.Failed, InvoiceStatus.Failed));
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(2, 28), "in_2"));
        (world[id].Status, world.Account.Balance).ShouldBe((SubscriptionStatus.Active, 150));
        world.Tell(id, world.Invoiced(InvoiceNews.PaymentFailed, On(2, 28), "in_2")).ShouldBeOfType<SubscriptionDecision.Nothing>("it was paid since");
        world.Tell(id, world.Invoiced(InvoiceNews.ActionRequired, On(3, 28), "in_3"));
        world[id].Status.ShouldBe(SubscriptionStatus.PastDue);
        world.Wait(world[id].GraceEndsAt!.Value);
        (world[id].Status, world[id].Asking!.Kind).ShouldBe((SubscriptionStatus.PastDue, ProviderActionKind.Ask), "it is asked first");
        world.Answer(id);
        (world[id].Status, world[id].Asking!.Kind).ShouldBe((SubscriptionStatus.Canceled, ProviderActionKind.CancelNow));
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active)).ShouldBe(SubscriptionDecision.Accept);
        world[id].Status.ShouldBe(SubscriptionStatus.Canceled, "what has ended stays ended");
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(3, 28), "in_3")).ShouldBe(SubscriptionDecision.Accept);
        (world[id].Status, world.Billed("in_3").Status, world.Billed("in_3").IsFulfilled, world.Account.Balance).ShouldBe((SubscriptionStatus.Canceled, PaymentStatus.Succeeded, false, 150));
        world.Billed("in_3").Attention!.ShouldContain("it has ended");
        world.Check();
    }

    [Fact]
    public void What_has_ended_here_and_still_charges_there_is_ended_there_each_time_that_it_is_heard_of()
    {
        var id = Active();
        world.Now = On(2, 10);
        world.Cancel(id);
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, SubscriptionWorld.Begin)).ShouldBe(SubscriptionDecision.Accept);
        world[id].Asks.Count.ShouldBe(1, "it is on its way");
        world.Answer(id, "You may not do that.");
        (world[id].Status, world[id].Asking).ShouldBe((SubscriptionStatus.Canceled, null));
        world.Now = On(2, 28).AddHours(1);
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, On(2, 28)));
        (world[id].Status, world[id].Asking!.Kind).ShouldBe((SubscriptionStatus.Canceled, ProviderActionKind.CancelNow), "it goes on to charge");
        world.Answer(id);
        world.Now = world.Now.AddHours(1);
        world.Tell(id, world.Told(ToldSubscriptionStatus.Canceled));
        world[id].Asking.ShouldBeNull();
        world.Check();
    }

    [Fact]
    public void Older_news_change_nothing()
    {
        var id = Active();
        world.Now = On(2, 10);
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, SubscriptionWorld.Begin) with { CancelAtPeriodEnd = true, CanceledAt = world.Now });
        world[id].CancelAtPeriodEnd.ShouldBeTrue();
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, SubscriptionWorld.Begin, at: On(2, 12)));
        world[id].CancelAtPeriodEnd.ShouldBeFalse();
        world.Tell(id, world.Told(ToldSubscriptionStatus.PastDue, SubscriptionWorld.Begin, at: On(2, 11))).ShouldBeOfType<SubscriptionDecision.Nothing>();
        world.Tell(id, world.Told(ToldSubscriptionStatus.Incomplete, SubscriptionWorld.Begin, at: On(2, 12))).ShouldBeOfType<SubscriptionDecision.Nothing>("of the same second, and less far on");
        world[id].Status.ShouldBe(SubscriptionStatus.Active);
        world.Tell(id, world.Told(ToldSubscriptionStatus.Canceled, at: On(2, 12)));
        world[id].Status.ShouldBe(SubscriptionStatus.Canceled);
        world[id].Asking.ShouldBeNull();
    }

    [Fact]
    public void Seats_that_have_no_price_are_not_what_it_counts()
    {
        var plan = SubscriptionWorld.Plan("crew", 3000) with { Seats = new(2, 10) };
        world.Sell("crew", plan);
        world.Checkout("crew", out var payment, "stripe", seats: 7).ShouldBeOfType<PaymentDecision.Accepted>();
        var id = world[payment].Subscription!.Value;
        SubscriptionTold Told(string price = "price_crew_m") => world.Told(ToldSubscriptionStatus.Active, SubscriptionWorld.Begin, price);
        world.Tell(id, Told(), "crew");
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, price: "price_crew_m"));
        world[id].Seats.ShouldBe(7, "it charges one of the plan's price");

        world.Sell("crew-year", SubscriptionWorld.Plan("crew", 30_000, PlanInterval.Year) with { Seats = new(2, 10, new Money(5_000, "usd")) });
        world.Change(id, "crew-year", ChangeWhen.PeriodEnd, seats: 6).ShouldBe(SubscriptionDecision.Accept);
        world.Now = On(2, 5);
        world.Tell(id, Told(), "crew");
        (world[id].Seats, world[id].Scheduled?.Seats).ShouldBe((7, 6));

        world.Sell("crew-plus", SubscriptionWorld.Plan("crewplus", 6000) with { Seats = new(3, 5) });
        world.Now = On(2, 6);
        world.Tell(id, Told("price_crewplus_m"), "crew-plus");
        (world[id].Plan.Id, world[id].Seats).ShouldBe(("crew-plus", 3), "as many as the plan is for");

        var other = new SubscriptionWorld();
        other.Sell("crew", plan);
        var begun = SubscriptionId.Of(77);
        other.Tell(begun, other.Told(ToldSubscriptionStatus.Active, price: "price_crew_m") with { Marks = new(Account: "acct_1") }, "crew").ShouldBe(SubscriptionDecision.Accept);
        other[begun].Seats.ShouldBe(2);
    }

    [Fact]
    public void Two_states_of_one_second_are_asked_about_and_the_answer_decides()
    {
        var id = Active();
        world.Now = On(2, 10);
        SubscriptionTold Told(ToldSubscriptionStatus status) => world.Told(status, SubscriptionWorld.Begin);
        world.Tell(id, Told(ToldSubscriptionStatus.Active));
        world[id].Asks.ShouldBeEmpty();
        world.Tell(id, Told(ToldSubscriptionStatus.Paused));
        (world[id].Status, world[id].Asking?.Kind).ShouldBe((SubscriptionStatus.Paused, ProviderActionKind.Ask));
        world.Tell(id, Told(ToldSubscriptionStatus.Active));
        world.Tell(id, Told(ToldSubscriptionStatus.PastDue));
        (world[id].Status, world[id].Asks.Count).ShouldBe((SubscriptionStatus.PastDue, 1), "it is asked once");

        world.Now = world.Now.AddSeconds(2);
        world.Tell(id, Told(ToldSubscriptionStatus.Paused) with { CancelAtPeriodEnd = true });
        world.Answer(id);
        (world[id].Status, world[id].CancelAtPeriodEnd, world[id].Asks.Count).ShouldBe((SubscriptionStatus.Paused, true, 0), "that it is asked makes its answer no older");
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, SubscriptionWorld.Begin, at: On(2, 10))).ShouldBeOfType<SubscriptionDecision.Nothing>();

        world.Resume(id);
        var asks = world[id].Asks.Count;
        world.Tell(id, Told(ToldSubscriptionStatus.Paused));
        (world[id].Status, world[id].Asks.Count).ShouldBe((SubscriptionStatus.Active, asks), "what it has yet to be told is answered too");
        world.Check();
    }

    [Fact]
    public void A_trial_at_the_provider_begins_with_its_page_and_is_paid_later()
    {
        world.Checkout("basic", out var payment, "stripe", trialDays: 14);
        var id = world[payment].Subscription!.Value;
        (world[payment].Amount.Amount, world[payment].Status, world[payment].NextDue, world[id].TrialDays).ShouldBe((0, PaymentStatus.Pending, world.Now, 14));
        world.Pay(payment);
        (world[id].Status, world[id].TrialEnd, world[payment].IsFulfilled).ShouldBe((SubscriptionStatus.Trialing, On(2, 14), true));
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, amount: 0, end: On(2, 14)));
        world.Tell(id, world.Told(ToldSubscriptionStatus.Trialing));
        (world.Account.Balance, world.Invoices.Count(), world[id].Status).ShouldBe((0, 0, SubscriptionStatus.Trialing));
        world.Tell(id, world.Told(ToldSubscriptionStatus.Trialing, SubscriptionWorld.Begin, at: world.Now.AddSeconds(1)) with { TrialEndsSoon = true });
        world[id].IsTrialEndAnnounced.ShouldBeTrue();
        world.Now = On(2, 14).AddMinutes(5);
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, On(2, 14)));
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(2, 14), "in_2"));
        (world[id].Status, world[id].Period, world.Account.Balance, world.Invoices.Count()).ShouldBe((SubscriptionStatus.Active, 1, 100, 1));
        world.Cancel(id);
        world.Checkout("basic", out _, "stripe", trialDays: 14).ShouldBeOfType<PaymentDecision.Refused>("one trial for each account and tier");
        world.Checkout("basic", out var again, "stripe");
        world[again].Amount.Amount.ShouldBe(1000);
        world.Check();
    }

    [Fact]
    public void What_settles_a_change_is_no_period_and_a_period_of_another_length_begins_when_it_is_told()
    {
        var id = Active();
        world.Now = On(2, 10);
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, id: "in_p", amount: 700, proration: true)).ShouldBe(SubscriptionDecision.Accept);
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, id: "in_p", amount: 700, proration: true)).ShouldBeOfType<SubscriptionDecision.Nothing>();
        (world.Account.Balance, world.Billed("in_p").IsFulfilled, world.BillOf("in_p").Lines[0].Description).ShouldBe((100, true, "basic, rest of the period"));
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, price: "price_basic_y") with { Items = [new("si_1", "price_basic_y", 1, world.Now, world.Now.AddYears(1))] }, "basic-year");
        (world[id].Period, world[id].Plan.Id, world[id].CurrentPeriodEnd).ShouldBe((2, "basic-year", On(2, 10).AddYears(1)));
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, id: "in_y", price: "price_basic_y", amount: 10000, end: world.Now.AddYears(1)));
        world.Account.Balance.ShouldBe(1300, "what was left of the month stays until its end");
        world.Live_until(On(3, 1));
        world.Account.Balance.ShouldBe(1250, "and then rolls");
        world.Check();
    }

    [Fact]
    public void What_is_wanted_here_is_told_there_in_order_and_what_comes_from_there_meanwhile_is_old()
    {
        var id = Active();
        world.Cancel(id, ChangeWhen.PeriodEnd);
        world.Resume(id);
        world[id].Asks.Select(ask => ask.Kind).ShouldBe([ProviderActionKind.CancelAtPeriodEnd, ProviderActionKind.UndoCancel]);
        (world[id].NextDue, world[id].NextCall).ShouldBe((world.Now, world.Now));
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, SubscriptionWorld.Begin, at: world.Now.AddSeconds(1)) with { CancelAtPeriodEnd = true });
        world[id].CancelAtPeriodEnd.ShouldBeFalse();
        var first = world[id].Asking!;
        SubscriptionDecision Call(long action, string? reason = null, bool final = false) => world.Send(new RecordSubscriptionCall { Subscription = id, Account = SubscriptionWorld.Id, Action = action, Reason = reason, IsFinal = final });
        Call(first.Version, "no answer");
        Call(first.Version, "no answer");
        (world[id].Tries, world[id].NextCall).ShouldBe((2, world.Now.AddSeconds(4)));
        Call(first.Version);
        (world[id].Asking!.Kind, world[id].Tries, world[id].NextCall).ShouldBe((ProviderActionKind.UndoCancel, 0, world.Now));
        Call(first.Version).ShouldBeOfType<SubscriptionDecision.Nothing>();
        Call(world[id].Asking!.Version, "no such subscription", final: true);
        (world[id].Asking, world[id].Attention, world[id].NextCall).ShouldBe((null, "no such subscription", null));
        world.Change(id, "plus").ShouldBe(SubscriptionDecision.Accept);
        world[id].Asking.ShouldBe(new ProviderAction(world[id].Version, ProviderActionKind.Change, "price_plus_m", null, true, PinnedPlan.Of(world.Plans["plus"])));
        world.Account.Balance.ShouldBe(100, "until the provider has done it");
        world.Answer(id);
        world.Account.Balance.ShouldBe(400);
        world.Check();
    }

    [Fact]
    public void One_that_was_begun_there_is_taken_in_where_it_names_an_account_and_a_price()
    {
        var id = SubscriptionId.Of(77);
        var told = world.Told(ToldSubscriptionStatus.Active);
        world.Tell(id, told).ShouldBeOfType<SubscriptionDecision.Nothing>();
        told = told with { Marks = new(Account: "acct_1") };
        world.Tell(id, told).ShouldBeOfType<SubscriptionDecision.Waits>().Why.ShouldContain("price_basic_m");
        world.Tell(id, told with { Marks = new(Account: "acct_1", Payment: PaymentId.Of(5).Value) }, "basic").ShouldBeOfType<SubscriptionDecision.Waits>();
        world.Tell(id, told with { Marks = new(Account: "acct_1", Tenant: "other") }, "basic").ShouldBeOfType<SubscriptionDecision.Refused>();
        world.Tell(id, told with { IsHint = true }, "basic").ShouldBeOfType<SubscriptionDecision.Waits>();
        world.Tell(id, told, "basic").ShouldBe(SubscriptionDecision.Accept);
        (world[id].Status, world[id].RenewsAtProvider, world.Subscriber.Live, world.Account.Balance).ShouldBe((SubscriptionStatus.Active, true, id, Credits.Zero));
        world.Tell(id, world.Invoiced(InvoiceNews.Paid));
        (world.Account.Balance, world.Invoices.Count()).ShouldBe((100, 1));
        var second = SubscriptionId.Of(78);
        world.Tell(second, told with { SubscriptionId = "sub_y" }, "basic").ShouldBeOfType<SubscriptionDecision.Waits>().Why.ShouldContain(id.Value);
        world.Tell(id, told with { SubscriptionId = "sub_y" }).ShouldBeOfType<SubscriptionDecision.Refused>();
        world.Tell(id, told with { Marks = new(Account: "acct_9") }).ShouldBeOfType<SubscriptionDecision.Refused>();
        world.Tell(id, told with { Provider = "fake" }).ShouldBeOfType<SubscriptionDecision.Refused>();
        world.Check();
    }

    [Fact]
    public void On_a_closed_account_nothing_is_granted_and_the_provider_is_told_to_stop()
    {
        var id = Active();
        world.Do(new CloseAccount { Account = SubscriptionWorld.Id, Forfeit = true });
        world.Now = On(2, 28);
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(2, 28), "in_2"));
        (world[id].Status, world[id].Asking!.Kind, world.Account.Balance).ShouldBe((SubscriptionStatus.Canceled, ProviderActionKind.CancelNow, Credits.Zero));
    }

    [Fact]
    public void Paused_there_it_gives_nothing_until_it_is_paid_again()
    {
        var id = Active();
        world.Pause(id);
        world[id].Asking!.Kind.ShouldBe(ProviderActionKind.Pause);
        world.Send(new RecordSubscriptionCall { Subscription = id, Account = SubscriptionWorld.Id, Action = world[id].Asking!.Version });
        world.Wait(On(2, 28).AddHours(2));
        world.Tell(id, world.Told(ToldSubscriptionStatus.Paused, On(2, 28)));
        (world[id].Status, world[id].Period, world.Account.Balance).ShouldBe((SubscriptionStatus.Paused, 2, Credits.Zero));
        world.Now = On(3, 5);
        world.Resume(id);
        world.Send(new RecordSubscriptionCall { Subscription = id, Account = SubscriptionWorld.Id, Action = world[id].Asking!.Version });
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active, On(2, 28)));
        (world[id].Status, world[id].Period, world.Account.Balance).ShouldBe((SubscriptionStatus.Active, 2, Credits.Zero));
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, On(2, 28), "in_2"));
        world.Account.Balance.ShouldBe(150);
        world.Check();
    }
}
