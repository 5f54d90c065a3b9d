using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

/// <summary>A provider goes over to periods of another length when it is asked: so it is asked just before the running one ends.</summary>
public sealed class Other_lengths_at_a_provider
{
    private static readonly DateTimeOffset End = SubscriptionWorld.Begin.AddMonths(1);

    private static SubscriptionWorld Monthly(out SubscriptionId id)
    {
        var world = new SubscriptionWorld();
        id = world.Buy("basic", "stripe").Subscription;
        world.Tell(id, world.Told(ToldSubscriptionStatus.Active));
        world.Tell(id, world.Invoiced(InvoiceNews.Paid));
        return world;
    }

    private static SubscriptionTold Told(SubscriptionWorld world, string price, DateTimeOffset start, DateTimeOffset end) =>
        world.Told(ToldSubscriptionStatus.Active, start, price) with { Items = [new("si_1", price, 1, start, end)] };

    private static string Refused(SubscriptionDecision decision) => decision.ShouldBeOfType<SubscriptionDecision.Refused>().Refusal.ShouldBeOfType<SubscriptionConflict>().What;

    [Fact]
    public void Another_length_is_asked_for_an_hour_before_the_end_and_begins_with_what_is_told()
    {
        var world = Monthly(out var id);
        world.Change(id, "basic-year", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
        (world[id].Scheduled?.Plan.Id, world[id].Asks.Count, world[id].NextStepAt).ShouldBe(("basic-year", 0, End.AddHours(-1)));
        world.Wait(End.AddHours(-1));
        world[id].Asks.Single().ShouldBe(new ProviderAction(world[id].Version, ProviderActionKind.Change, "price_basic_y", NotAfter: End));
        Refused(world.Change(id, "plus", ChangeWhen.PeriodEnd)).ShouldContain("being asked");
        Refused(world.Cancel(id, ChangeWhen.PeriodEnd)).ShouldContain("being asked");
        world.Answer(id);
        world[id].NextStepAt.ShouldBe(End + Subscription.ProviderWait, "it is asked once");
        var (start, end) = (world.Now, world.Now.AddYears(1));
        world.Tell(id, Told(world, "price_basic_y", start, end), "basic-year");
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, start, "in_2", "price_basic_y", 10_000, end), "basic-year");
        (world[id].Plan.Id, world[id].Period, world[id].CurrentPeriodEnd, world[id].Scheduled, world[id].GrantedPeriod).ShouldBe(("basic-year", 2, end, null, 2));
        world.Account.Available.ShouldBe(1_300, "the month's own credits keep their end");
        world.Wait(End);
        world.Account.Available.ShouldBe(1_250, "and roll then");

        // And back: shorter ones are had the same way.
        Refused(world.Change(id, "basic")).ShouldContain("end of the period");
        world.Change(id, "basic", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
        world.Wait(end.AddHours(-1));
        world[id].Asks.Single().PriceId.ShouldBe("price_basic_m");
        world.Answer(id);
        world.Tell(id, Told(world, "price_basic_m", world.Now, world.Now.AddMonths(1)), "basic");
        (world[id].Plan.Id, world[id].Period).ShouldBe(("basic", 3));
        world.Check();
    }

    [Fact]
    public void Where_it_was_not_asked_for_in_time_the_period_is_renewed_and_it_waits_for_the_next_end()
    {
        var world = Monthly(out var id);
        world.Change(id, "basic-year", ChangeWhen.PeriodEnd);
        world.Wait(End.AddMinutes(5));
        world[id].Asking!.NotAfter.ShouldBe(End, "whoever tells it sees that it is too late");
        world.Answer(id, "too late");
        var next = SubscriptionWorld.Begin.AddMonths(2);
        world.Tell(id, Told(world, "price_basic_m", End, next));
        (world[id].Period, world[id].Plan.Id, world[id].Scheduled?.Plan.Id, world[id].NextStepAt).ShouldBe((2, "basic", "basic-year", next.AddHours(-1)));
        world.Wait(next.AddHours(-1));
        world[id].Asking!.NotAfter.ShouldBe(next);
        world.Check();
    }

    [Fact]
    public void What_it_has_refused_for_good_keeps_nobody_from_leaving_or_from_asking_again()
    {
        SubscriptionWorld Declined(out SubscriptionId id)
        {
            var world = Monthly(out id);
            world.Change(id, "basic-year", ChangeWhen.PeriodEnd);
            world.Wait(End.AddHours(-1));
            world.Answer(id, "card_declined");
            (world[id].Asks.Count, world[id].NextStepAt).ShouldBe((0, End + Subscription.ProviderWait), "by itself it asks once");
            return world;
        }

        var left = Declined(out var one);
        left.Cancel(one, ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
        (left[one].CancelAtPeriodEnd, left[one].Scheduled, left[one].Asks.Single().Kind).ShouldBe((true, null, ProviderActionKind.CancelAtPeriodEnd));
        left.Live_until(End.AddMinutes(1));
        left[one].Status.ShouldBe(SubscriptionStatus.Canceled);

        var other = Declined(out var two);
        other.Change(two, "plus", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
        (other[two].Scheduled?.Plan.Id, other[two].Asks.Single().PriceId).ShouldBe(("plus", "price_plus_m"));

        var again = Declined(out var three);
        again.Now = End.AddMinutes(-30);
        again.Change(three, "basic-year", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
        (again[three].Asks.Single().PriceId, again[three].Asks.Single().NotAfter).ShouldBe(("price_basic_y", End));
        Refused(again.Cancel(three, ChangeWhen.PeriodEnd)).ShouldContain("being asked");
        again.Check();
    }

    [Fact]
    public void News_of_the_renewal_that_come_when_it_is_past_due_already_leave_what_waits()
    {
        var world = Monthly(out var id);
        world.Change(id, "basic-year", ChangeWhen.PeriodEnd);
        world.Wait(End.AddHours(2));
        world.Answer(id, "too late");
        world[id].Status.ShouldBe(SubscriptionStatus.PastDue);
        var next = SubscriptionWorld.Begin.AddMonths(2);
        world.Tell(id, Told(world, "price_basic_m", End, next));
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, End, "in_2", end: next));
        (world[id].Status, world[id].Scheduled?.Plan.Id, world[id].NextStepAt).ShouldBe((SubscriptionStatus.Active, "basic-year", next.AddHours(-1)));
        world.Check();
    }

    [Fact]
    public void What_is_given_up_before_it_was_asked_for_is_never_asked_for()
    {
        foreach (var giveUp in new Func<SubscriptionWorld, SubscriptionId, SubscriptionDecision>[] { (w, id) => w.Change(id, "basic", ChangeWhen.PeriodEnd), (w, id) => w.Cancel(id, ChangeWhen.PeriodEnd) })
        {
            var world = Monthly(out var id);
            world.Change(id, "basic-year", ChangeWhen.PeriodEnd);
            giveUp(world, id).ShouldBe(SubscriptionDecision.Accept);
            world.Wait(End.AddMinutes(-1));
            (world[id].Scheduled, world[id].Asks.Count(ask => ask.Kind == ProviderActionKind.Change)).ShouldBe((null, 0));
        }

        // What the provider was asked for before it is taken back there.
        var other = Monthly(out var one);
        other.Change(one, "plus", ChangeWhen.PeriodEnd);
        other.Change(one, "basic-year", ChangeWhen.PeriodEnd);
        other[one].Asks.Select(ask => ask.PriceId).ShouldBe(["price_plus_m", "price_basic_m"]);
        other.Change(one, "plus", ChangeWhen.PeriodEnd);
        (other[one].Asks[^1].PriceId, other[one].NextStepAt).ShouldBe(("price_plus_m", End + Subscription.ProviderWait));
    }

    [Fact]
    public void Other_seats_in_the_portal_leave_what_waits()
    {
        var world = new SubscriptionWorld();
        world.Sell("team-year", SubscriptionWorld.Plan("team", 30_000, PlanInterval.Year) with { Seats = new(2, 10, new Money(5_000, "usd")) });
        var id = world.Buy("team", "stripe").Subscription;
        SubscriptionTold Seats(long quantity) => world.Told(ToldSubscriptionStatus.Active, SubscriptionWorld.Begin) with { Items = [new("si_1", "price_team_m", quantity, SubscriptionWorld.Begin, End)] };
        world.Tell(id, Seats(2));
        world.Tell(id, world.Invoiced(InvoiceNews.Paid, price: "price_team_m"));
        world.Change(id, "team-year", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
        world.Now = world.Now.AddDays(1);
        world.Tell(id, Seats(5));
        (world[id].Seats, world[id].Scheduled?.Plan.Id, world[id].Scheduled?.Seats, world[id].NextStepAt).ShouldBe((5, "team-year", 5, End.AddHours(-1)));
        world.Check();
    }

    [Fact]
    public void What_can_not_be_asked_for_any_more_is_refused()
    {
        var world = Monthly(out var id);
        Refused(world.Change(id, "for-good", ChangeWhen.PeriodEnd)).ShouldContain("no lifetime");
        world.Now = End.AddMinutes(-4);
        Refused(world.Change(id, "basic-year", ChangeWhen.PeriodEnd)).ShouldContain("in a moment");
        world.Now = End.AddMinutes(30);
        Refused(world.Change(id, "basic-year", ChangeWhen.PeriodEnd)).ShouldContain("in a moment");
        world.Change(id, "plus", ChangeWhen.PeriodEnd).ShouldBe(SubscriptionDecision.Accept);
    }
}
