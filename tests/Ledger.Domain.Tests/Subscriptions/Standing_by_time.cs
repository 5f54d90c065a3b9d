using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

/// <summary>How a subscription stands by time is how the worker writes it down, whenever that comes by.</summary>
public sealed class Standing_by_time
{
    public static TheoryData<string, int> Cases()
    {
        var cases = new TheoryData<string, int>();
        foreach (var how in new[] { "free", "hand", "trial", "free trial", "ahead", "ahead, ends", "past due", "paused", "term", "scheduled", "provider", "provider trial", "closed" })
        {
            foreach (var days in new[] { 0, 14, 28, 30, 36, 45, 400 }) cases.Add(how, days);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void It_is_the_same_before_and_after_the_worker(string how, int days)
    {
        var world = new SubscriptionWorld(policy: new() { GraceDays = 5 });
        var id = Begun(world, how);
        world.Now = SubscriptionWorld.Begin.AddDays(days);
        var (before, seen) = (world[id], SubscriptionAt.Of(world[id], world.States(), world.Now));
        world[id].ShouldBe(before, "to look changes nothing");
        world.Wait(world.Now);
        (seen with { Version = 0 }).ShouldBe(world[id] with { Version = 0 });
        SubscriptionAt.Of(world[id], world.States(), world.Now).ShouldBe(world[id]);
    }

    [Fact]
    public void A_due_end_ends_what_it_entitles_to_at_once()
    {
        foreach (var (how, days) in new[] { ("trial", 14), ("ahead, ends", 28), ("past due", 5), ("term", 30), ("closed", 28) })
        {
            var world = new SubscriptionWorld(policy: new() { GraceDays = 5 });
            var id = Begun(world, how);
            Subscription Seen(TimeSpan later) => SubscriptionAt.Of(world[id], world.States(), SubscriptionWorld.Begin + later);
            Seen(TimeSpan.FromDays(days) - TimeSpan.FromMicroseconds(1)).Entitles.ShouldBeTrue(how);
            var (live, ended) = SubscriptionAt.Both(world[id], null, world.States(), SubscriptionWorld.Begin.AddDays(days));
            (live, ended?.Entitles).ShouldBe((null, false), how);
        }
    }

    private static SubscriptionId Begun(SubscriptionWorld world, string how)
    {
        SubscriptionId id;
        switch (how)
        {
            case "free": return world.Start("gratis");
            case "trial": return world.Start("basic", trialDays: 14);
            case "free trial": return world.Start("gratis", trialDays: 14);
            case "term": return world.Start("term");
            case "ahead" or "ahead, ends":
                (var payment, id) = world.Buy("basic");
                world.Pay(payment);
                if (how != "ahead") world.Cancel(id, ChangeWhen.PeriodEnd);
                return id;
            case "provider" or "provider trial":
                id = world.Buy("basic", "stripe").Subscription;
                world.Tell(id, world.Told(how == "provider" ? ToldSubscriptionStatus.Active : ToldSubscriptionStatus.Trialing));
                if (how == "provider") world.Tell(id, world.Invoiced(InvoiceNews.Paid));
                return id;
        }

        id = world.Start("basic");
        if (how == "past due") world.PastDue(id);
        if (how == "paused") world.Pause(id);
        if (how == "scheduled") world.Change(id, "plus", ChangeWhen.PeriodEnd);
        if (how == "closed") world.Do(new Ledger.Domain.Accounts.CloseAccount { Account = SubscriptionWorld.Id, Forfeit = true });
        return id;
    }
}
