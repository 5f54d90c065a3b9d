using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Tests.Payments;

public sealed class Closed_families_of_payments
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 13, 0, 0, TimeSpan.Zero);

    public static TheoryData<Type> Events => [.. new[] { typeof(PaymentEvent), typeof(CatalogEvent), typeof(CustomerEvent) }.SelectMany(Concrete)];

    [Theory]
    [MemberData(nameof(Events))]
    public void Every_event_has_samples_with_few_members_and_with_all(Type type)
    {
        var samples = PaymentSamples.All.Where(sample => sample.Event.GetType() == type).Select(sample => sample.Event).ToList();
        samples.Count.ShouldBeGreaterThanOrEqualTo(2);
        foreach (var property in type.GetProperties().Where(property => property.CanWrite && Nullable.GetUnderlyingType(property.PropertyType) is not null)) samples.ShouldContain(sample => property.GetValue(sample) != null, property.Name);
    }

    [Fact]
    public void Every_event_of_a_payment_changes_its_state_and_none_makes_evolve_throw_even_on_an_empty_one()
    {
        var payment = Payment.None(PaymentWorld.First) with
        {
            Version = 5,
            Provider = "stripe",
            Amount = new(8000, "usd"),
            Attention = "look",
            Page = new() { ExpiresAt = Now },
            Refunds = [new() { Id = "rfd_1", Amount = 500, Status = RefundStatus.Pending, CreatedAt = Now, NextTry = Now }],
        };
        foreach (var group in PaymentSamples.All.Where(sample => sample.Event is PaymentEvent).GroupBy(sample => sample.Event.GetType()))
        {
            var unchanged = payment with { Version = 6, UpdatedAt = Now };
            group.ShouldContain(sample => payment.Evolve((PaymentEvent)sample.Event, Now) != unchanged, group.Key.Name);
            foreach (var sample in group) Payment.None(PaymentWorld.First).Evolve((PaymentEvent)sample.Event, Now).Version.ShouldBe(1);
        }
    }

    [Fact]
    public void All_events_commands_decisions_and_facts_are_sealed_and_each_command_has_its_handler()
    {
        foreach (var family in new[] { typeof(PaymentEvent), typeof(CatalogEvent), typeof(CatalogEntry), typeof(CustomerEvent), typeof(PaymentCommand), typeof(PaymentDecision), typeof(CatalogDecision), typeof(ProviderFact) }) Concrete(family).ShouldAllBe(type => type.IsSealed);
        foreach (var command in Concrete(typeof(PaymentCommand)))
        {
            var handler = typeof(PaymentCommand).Assembly.GetType($"{command.FullName}Handler").ShouldNotBeNull();
            handler.GetMethod("Handle").ShouldNotBeNull().GetParameters()[0].ParameterType.ShouldBe(command);
        }
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("pay_", false)]
    [InlineData("pay_0123456789abcdefghjkmnpqrs", true)]
    [InlineData("pay_0123456789abcdefghjkmnpqri", false)]
    [InlineData("PAY_0123456789abcdefghjkmnpqrs", false)]
    [InlineData("pay_0123456789abcdefghjkmnpqrst", false)]
    public void A_payments_id_has_one_shape(string text, bool fits) => PaymentId.TryParse(text, out _).ShouldBe(fits);

    [Fact]
    public void A_payments_id_is_made_of_its_bits()
    {
        PaymentId.Of(0).Value.ShouldBe("pay_" + new string('0', 26));
        PaymentId.Of(UInt128.MaxValue).Value.ShouldBe("pay_7" + new string('z', 25));
        PaymentId.Of(33).Behind("chk_").ShouldBe("chk_" + new string('0', 24) + "11");
    }

    private static IEnumerable<Type> Concrete(Type family) => family.Assembly.GetTypes().Where(type => type.IsSubclassOf(family) && !type.IsAbstract);
}
