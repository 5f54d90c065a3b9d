using Ledger.Domain.Accounts;

namespace Ledger.Domain.Tests;

public sealed class ClosedFamilies
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 13, 0, 0, TimeSpan.Zero);

    public static TheoryData<Type> Events => [.. Concrete(typeof(AccountEvent))];

    [Theory]
    [MemberData(nameof(Events))]
    public void Every_event_has_samples_with_few_members_and_with_all(Type type)
    {
        var samples = Samples.All.Where(sample => sample.Event.GetType() == type).Select(sample => sample.Event).ToList();
        samples.Count.ShouldBeGreaterThanOrEqualTo(2);
        var optional = type.GetProperties().Where(property => property.CanWrite && Nullable.GetUnderlyingType(property.PropertyType) is not null
            || (!property.PropertyType.IsValueType && property.CustomAttributes.Any(attribute => attribute.AttributeType.Name == "NullableAttribute" && attribute.ConstructorArguments[0].Value is byte and 2)));
        foreach (var property in optional) samples.ShouldContain(sample => property.GetValue(sample) != null, property.Name);
    }

    [Theory]
    [MemberData(nameof(Events))]
    public void Every_event_changes_the_state_beyond_its_version(Type type)
    {
        var frozen = Rich();
        var open = frozen with { Status = AccountStatus.Open };
        Samples.All.Where(sample => sample.Event.GetType() == type).ShouldContain(sample => ChangesMore(frozen, sample.Event) && ChangesMore(open, sample.Event) || sample.Event is AccountFrozen && ChangesMore(open, sample.Event) || sample.Event is AccountUnfrozen && ChangesMore(frozen, sample.Event), type.Name);
    }

    [Theory]
    [MemberData(nameof(Events))]
    public void No_event_makes_evolve_throw_even_on_an_empty_account(Type type)
    {
        foreach (var (_, happened) in Samples.All.Where(sample => sample.Event.GetType() == type))
        {
            Account.Unopened(new("empty")).Evolve(happened, Now).Version.ShouldBe(1);
        }
    }

    [Fact]
    public void Samples_have_names_of_their_own() => Samples.All.Select(sample => sample.Name).ShouldBeUnique();

    [Fact]
    public void All_events_refusals_facts_and_commands_are_sealed()
    {
        foreach (var family in new[] { typeof(AccountEvent), typeof(Refusal), typeof(FactBody), typeof(AccountCommand), typeof(Decision) }) Concrete(family).ShouldAllBe(type => type.IsSealed);
    }

    [Fact]
    public void Every_command_has_a_handler_in_the_file_of_its_name()
    {
        foreach (var command in Concrete(typeof(AccountCommand)))
        {
            var handler = typeof(AccountCommand).Assembly.GetType($"{command.FullName}Handler").ShouldNotBeNull();
            handler.GetMethod("Handle").ShouldNotBeNull().GetParameters()[0].ParameterType.ShouldBe(command);
        }
    }

    [Fact]
    public void Records_with_lists_and_metadata_compare_by_value()
    {
        foreach (var (name, happened) in Samples.All)
        {
            if (happened is TransactionEvent transaction) (transaction with { Allocations = [.. transaction.Allocations] }).ShouldBe(transaction, name);
        }

        Metadata.Of([new("b", "2"), new("a", "1")]).ShouldBe(Metadata.Of([new("a", "1"), new("b", "2")]));
        Metadata.Of([new("a", "1")]).ShouldNotBe(Metadata.Of([new("a", "2")]));
        Metadata.Of([new("a", "1")]).GetHashCode().ShouldBe(Metadata.Of([new("a", "1")]).GetHashCode());
    }

    private static IEnumerable<Type> Concrete(Type family) => family.Assembly.GetTypes().Where(type => type.IsSubclassOf(family) && !type.IsAbstract);

    private static bool ChangesMore(Account before, AccountEvent happened)
    {
        var after = before.Evolve(happened, Now);
        return after != before with { Version = before.Version + 1, UpdatedAt = Now };
    }

    // An account that has every lot and hold that the samples name.
    private static Account Rich() => new()
    {
        Id = new("acct_1"),
        Version = 20,
        Tag = Samples.Tag,
        Status = AccountStatus.Frozen,
        Balance = 40,
        Held = 20,
        UpdatedAt = Now.AddDays(-1),
        Lots = [Lot(2), Lot(3)],
        Holds = [new(HoldId.For(Samples.Tag, 5), 20, Now.AddHours(-1), Now.AddHours(1))],
    };

    private static Lot Lot(long version) => new()
    {
        Id = LotId.For(Samples.Tag, version),
        Kind = LotKind.Granted,
        Origin = LotOrigin.Grant,
        Amount = 20,
        Remaining = 20,
        Priority = 100,
        CreatedAt = Now,
        TransactionId = TransactionId.For(Samples.Tag, version),
    };
}
