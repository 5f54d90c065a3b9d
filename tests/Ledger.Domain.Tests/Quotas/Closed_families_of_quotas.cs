using Ledger.Domain.Quotas;

namespace Ledger.Domain.Tests.Quotas;

public sealed class Closed_families_of_quotas
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 13, 0, 0, TimeSpan.Zero);

    public static TheoryData<Type> Events => [.. Concrete(typeof(QuotaEvent))];

    [Theory]
    [MemberData(nameof(Events))]
    public void Every_event_has_samples_with_few_members_and_with_all_and_changes_the_state(Type type)
    {
        var samples = QuotaSamples.All.Where(sample => sample.Event.GetType() == type).Select(sample => (QuotaEvent)sample.Event).ToList();
        samples.Count.ShouldBeGreaterThanOrEqualTo(2);
        foreach (var property in type.GetProperties().Where(property => property.CanWrite && Nullable.GetUnderlyingType(property.PropertyType) is not null)) samples.ShouldContain(sample => property.GetValue(sample) != null, property.Name);
        var rich = new Quota { Version = 5, Overrides = [new("users", 3)], Standing = [new(AlertKind.LowBalance, null, null, 30, null, 7)], TopUp = new() { WakeAt = Now } };
        var unchanged = rich with { Version = 6 };
        samples.ShouldContain(sample => rich.Evolve(sample, Now) != unchanged);
        foreach (var sample in samples) new Quota().Evolve(sample, Now).Version.ShouldBe(1);
    }

    [Fact]
    public void All_events_commands_and_decisions_are_sealed_and_each_command_has_its_handler()
    {
        foreach (var family in new[] { typeof(QuotaEvent), typeof(QuotaCommand), typeof(QuotaDecision) }) Concrete(family).ShouldAllBe(type => type.IsSealed);
        foreach (var command in Concrete(typeof(QuotaCommand)))
        {
            var handler = command.Assembly.GetType($"{command.FullName}Handler").ShouldNotBeNull();
            handler.GetMethod("Handle").ShouldNotBeNull().GetParameters()[0].ParameterType.ShouldBe(command);
        }
    }

    private static IEnumerable<Type> Concrete(Type family) => family.Assembly.GetTypes().Where(type => type.IsSubclassOf(family) && !type.IsAbstract);
}
