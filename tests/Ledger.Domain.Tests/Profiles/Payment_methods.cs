using Ledger.Domain.Profiles;

namespace Ledger.Domain.Tests.Profiles;

public sealed class Payment_methods
{
    private static readonly AccountId Id = new("acct_1");
    private Profile profile = Profile.None(Id);
    private int hours;

    [Fact]
    public void The_first_is_the_default_another_takes_its_place_and_where_it_goes_the_newest_does()
    {
        Do(Keep("a"));
        Do(Keep("b"));
        Do(Keep("c"));
        (profile.Default, profile.Methods.Count).ShouldBe(("pmt_a", 3));
        Do(Keep("b") with { AsDefault = true });
        profile.Default.ShouldBe("pmt_b");
        Do(new RemovePaymentMethod { Account = Id, Id = "pmt_b" });
        profile.Default.ShouldBe("pmt_c");
        Do(new ChangePaymentMethod { Account = Id, Id = "pmt_a", AsDefault = true, ExpYear = 2031 });
        (profile.Default, profile.Find("pmt_a")!.ExpYear, profile.Find("pmt_a")!.Brand).ShouldBe(("pmt_a", 2031, "visa"));
        Do(new RemovePaymentMethod { Account = Id });
        (profile.Default, profile.Methods.Count).ShouldBe((null, 0));
        Do(Keep("d"));
        profile.Default.ShouldBe("pmt_d");
    }

    [Fact]
    public void What_was_removed_is_not_learnt_again_by_itself_and_kept_again_by_who_says_so()
    {
        var learnt = Keep("a") with { IsLearnt = true };
        Do(learnt);
        Do(new RemovePaymentMethod { Account = Id, Id = "pmt_a" });
        Decide(learnt).Events.ShouldBeEmpty();
        Do(Keep("b") with { IsLearnt = true });
        Do(Keep("a"));
        profile.Methods.Count.ShouldBe(2);
        profile.Removed.ShouldBeEmpty();
        for (var i = 0; i < 120; i++)
        {
            Do(Keep($"m{i}"));
            Do(new RemovePaymentMethod { Account = Id, Id = $"pmt_m{i}" });
        }

        (profile.Removed.Count, profile.Removed[^1]).ShouldBe((100, "stripe:pm_m119"));
    }

    [Fact]
    public void What_is_as_it_was_happens_not()
    {
        Do(Keep("a"));
        var before = profile;
        Decide(Keep("a")).Events.ShouldBeEmpty();
        Do(Keep("a") with { Method = Method("a") with { Last4 = "1111" } });
        (profile.Methods.Single().Last4, profile.Methods.Single().KeptAt).ShouldBe(("1111", before.Methods.Single().KeptAt));
        Decide(new SetOnboarding { Account = Id, Complete = false }).Events.ShouldBeEmpty();
        Do(new SetOnboarding { Account = Id, Complete = true });
        profile.IsOnboarded.ShouldBeTrue();
        Do(new ErasePersonalData { Account = Id });
        profile.ErasedAt.ShouldNotBeNull();
    }

    [Fact]
    public void A_providers_method_is_of_one_account_and_an_account_has_only_so_many()
    {
        Keep("a").Decide(profile, new AccountId("acct_2")).Refusal.ShouldBeOfType<Conflict>();
        Keep("a").Decide(profile, Id).Refusal.ShouldBeNull();
        for (var n = 0; n < Profile.MethodsMax; n++) Do(Keep($"m{n}"));
        Decide(Keep("one-more")).Refusal.ShouldBeOfType<LimitReached>();
        Decide(Keep("m7") with { Method = Method("m7") with { Brand = "amex" } }).Refusal.ShouldBeNull("one that is kept may change");
        Decide(new RemovePaymentMethod { Account = Id, Id = "pmt_none" }).Refusal.ShouldBeOfType<PaymentMethodNotFound>();
        Decide(new ChangePaymentMethod { Account = Id, Id = "pmt_none" }).Refusal.ShouldBeOfType<PaymentMethodNotFound>();
    }

    [Fact]
    public void Who_has_a_method_follows_from_the_last_event_alone()
    {
        Do(Keep("a"));
        profile.Evolve(new PaymentMethodKept { Id = "pmt_b", Provider = "stripe", ProviderMethodId = "pm_b", Type = "card" }, At()).Told().ShouldBe(new MethodHeld("stripe:pm_b", true));
        profile.Evolve(new PaymentMethodRemoved { Id = "pmt_a" }, At()).Told().ShouldBe(new MethodHeld("stripe:pm_a", false));
        profile.Told().ShouldBeNull("the default was chosen last");
        foreach (var (_, happened) in ProfileSamples.All) Profile.None(Id).Evolve((ProfileEvent)happened, At()).Version.ShouldBe(1);
        typeof(ProfileEvent).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(ProfileEvent)) || type.IsSubclassOf(typeof(ProfileCommand))).ShouldAllBe(type => type.IsSealed);
    }

    private static PaymentMethod Method(string name) => new("pmt_" + name, "stripe", "pm_" + name, "card", "visa", "4242", 12, 2030, default);

    private static KeepPaymentMethod Keep(string name) => new() { Account = Id, Method = Method(name) };

    private ProfileDecision Decide(ProfileCommand command) => command.Decide(profile, null);

    private void Do(ProfileCommand command)
    {
        var decision = Decide(command);
        decision.Refusal.ShouldBeNull();
        foreach (var happened in decision.Events) profile = profile.Evolve(happened, At());
        (profile.Default is null ? 0 : profile.Methods.Count(method => method.Id == profile.Default)).ShouldBe(Math.Min(1, profile.Methods.Count), "one default where there are any");
    }

    private DateTimeOffset At() => new DateTimeOffset(2026, 11, 20, 0, 0, 0, TimeSpan.Zero).AddHours(hours++);
}
