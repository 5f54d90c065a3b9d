using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

public sealed class Closed_families_of_subscriptions
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 13, 0, 0, TimeSpan.Zero);

    public static TheoryData<Type> Events => [.. new[] { typeof(SubscriptionEvent), typeof(SubscriberEvent) }.SelectMany(Concrete)];

    [Theory]
    [MemberData(nameof(Events))]
    public void Every_event_has_samples_with_few_members_and_with_all(Type type)
    {
        var samples = SubscriptionSamples.All.Where(sample => sample.Event.GetType() == type).Select(sample => sample.Event).ToList();
        samples.Count.ShouldBeGreaterThanOrEqualTo(2);
        foreach (var property in type.GetProperties().Where(property => property.CanWrite && Nullable.GetUnderlyingType(property.PropertyType) is not null)) samples.ShouldContain(sample => property.GetValue(sample) != null, property.Name);
    }

    [Fact]
    public void Every_event_changes_the_state_and_none_makes_evolve_throw_even_on_an_empty_one()
    {
        var pro = SubscriptionSamples.All.Select(sample => sample.Event).OfType<SubscriptionStarted>().First().Plan;
        var rich = Subscription.None(SubscriptionId.Of(1)) with
        {
            Version = 6,
            Plan = pro,
            Status = SubscriptionStatus.PastDue,
            CancelAtPeriodEnd = true,
            Scheduled = new(pro),
            Rolls = [Now],
            Asks = [new(7, ProviderActionKind.Pause), new(8, ProviderActionKind.Resume)],
            NextCall = Now.AddDays(-1),
        };
        foreach (var group in SubscriptionSamples.All.Where(sample => sample.Event is SubscriptionEvent).GroupBy(sample => sample.Event.GetType()))
        {
            var unchanged = rich with { Version = 7, UpdatedAt = Now };
            group.ShouldContain(sample => rich.Evolve((SubscriptionEvent)sample.Event, Now) != unchanged, group.Key.Name);
            foreach (var sample in group) Subscription.None(SubscriptionId.Of(1)).Evolve((SubscriptionEvent)sample.Event, Now).Version.ShouldBe(1);
        }
    }

    [Fact]
    public void All_events_commands_and_decisions_are_sealed_and_each_command_has_its_handler()
    {
        foreach (var family in new[] { typeof(SubscriptionEvent), typeof(SubscriberEvent), typeof(SubscriptionCommand), typeof(SubscriptionDecision) }) Concrete(family).ShouldAllBe(type => type.IsSealed);
        foreach (var command in Concrete(typeof(SubscriptionCommand)))
        {
            var handler = typeof(SubscriptionCommand).Assembly.GetType($"{command.FullName}Handler").ShouldNotBeNull();
            handler.GetMethod("Handle").ShouldNotBeNull().GetParameters()[0].ParameterType.ShouldBe(command);
        }
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("sub_", false)]
    [InlineData("sub_0123456789abcdefghjkmnpqrs", true)]
    [InlineData("sub_0123456789abcdefghjkmnpqri", false)]
    [InlineData("pay_0123456789abcdefghjkmnpqrs", false)]
    public void A_subscriptions_id_has_one_shape(string text, bool fits) => SubscriptionId.TryParse(text, out _).ShouldBe(fits);

    private static IEnumerable<Type> Concrete(Type family) => family.Assembly.GetTypes().Where(type => type.IsSubclassOf(family) && !type.IsAbstract);
}
