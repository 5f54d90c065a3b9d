using Ledger.Api.Access;

namespace Ledger.Api.Tests.Access;

public sealed class Roles_and_limits
{
    /// <summary>The table of the contract: rows are roles, columns what a route lets in.</summary>
    [Theory]
    [InlineData(Roles.App, true, true, false, false, false, false)]
    [InlineData(Roles.Reader, false, true, false, false, false, false)]
    [InlineData(Roles.Analyst, false, true, true, false, false, false)]
    [InlineData(Roles.Admin, true, true, true, true, true, false)]
    [InlineData(Roles.Operator, false, false, false, false, true, true)]
    [InlineData(Roles.User, false, true, false, false, false, false)]
    public void each_role_enters_where_the_table_says(Roles role, bool commands, bool queries, bool exports, bool administration, bool keys, bool operations)
    {
        var caller = new Caller { Id = "x", Roles = role };
        caller.Has(RoleSets.Commands).ShouldBe(commands);
        caller.Has(RoleSets.Queries).ShouldBe(queries);
        caller.Has(RoleSets.Exports).ShouldBe(exports);
        caller.Has(RoleSets.Administration).ShouldBe(administration);
        caller.Has(RoleSets.Keys).ShouldBe(keys);
        caller.Has(RoleSets.Operations).ShouldBe(operations);
    }

    [Fact]
    public void the_development_key_has_every_role_but_that_of_a_user() =>
        RoleSets.ToWords(RoleSets.Development).ShouldBe(["app", "reader", "analyst", "admin", "operator"]);

    [Fact]
    public void roles_are_words_in_lower_case()
    {
        RoleSets.TryParse(["app", "admin"], out var roles).ShouldBeTrue();
        roles.ShouldBe(Roles.App | Roles.Admin);
        foreach (var bad in new[] { "App", "none", "", "root", "app,admin", "1" }) RoleSets.TryParse([bad], out _).ShouldBeFalse(bad);
    }

    [Fact]
    public void a_user_sees_its_owners_accounts_and_anybody_else_all()
    {
        var user = new Caller { Id = "sub:u_1", Roles = Roles.User, TenantOrNone = "acme", Owner = new OwnerRef("user", "u_1") };
        user.MaySee("user", "u_1").ShouldBeTrue();
        user.MaySee("user", "u_2").ShouldBeFalse();
        user.MaySee("workspace", "u_1").ShouldBeFalse();
        new Caller { Id = "k", Roles = Roles.Reader, TenantOrNone = "acme" }.MaySee("user", "u_2").ShouldBeTrue();
    }

    [Fact]
    public void tenants_have_ids_of_63_characters_and_no_more()
    {
        TenantId.IsValid(new string('a', TenantId.LengthMax)).ShouldBeTrue();
        TenantId.IsValid(new string('a', TenantId.LengthMax + 1)).ShouldBeFalse();
        foreach (var good in new[] { "default", "a", "0-_" }) TenantId.IsValid(good).ShouldBeTrue(good);
        foreach (var bad in new[] { "", "-a", "_a", "A", "a.b", "*DEFAULT*", "ä" }) TenantId.IsValid(bad).ShouldBeFalse(bad);
    }

    [Fact]
    public void a_key_is_256_bits_behind_a_mark()
    {
        var keys = Enumerable.Range(0, 100).Select(_ => KeyText.New()).ToList();
        keys.Distinct().Count().ShouldBe(100);
        keys.ShouldAllBe(k => KeyText.IsKey(k) && k.StartsWith("lk_") && k.Length == KeyText.Length);
        KeyText.IsKey(keys[0] + "A").ShouldBeFalse();
        KeyText.IsKey(keys[0].AsSpan()[..^1]).ShouldBeFalse();
        KeyText.IsKey(keys[0][..^1] + "=").ShouldBeFalse();
        KeyText.IsKey("pk_" + keys[0][3..]).ShouldBeFalse();
        KeyHash.Of(keys[0]).ShouldBe(KeyHash.Of(keys[0]));
        KeyHash.Of(keys[0]).ShouldNotBe(KeyHash.Of(keys[1]));
        KeyHash.Of(keys[0]).ToArray().ShouldBe(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(keys[0])));
    }

    [Fact]
    public void a_limit_lets_a_seconds_worth_through_and_then_one_at_a_time()
    {
        var clock = new SettableClock(DateTimeOffset.UnixEpoch);
        var bucket = new TokenBucket(10, clock);
        for (var i = 0; i < 10; i++) bucket.TryTake(out _).ShouldBeTrue();
        bucket.TryTake(out var wait).ShouldBeFalse();
        wait.ShouldBe(1);
        clock.Advance(TimeSpan.FromMilliseconds(100));
        bucket.TryTake(out _).ShouldBeTrue();
        bucket.TryTake(out _).ShouldBeFalse();
        clock.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 10; i++) bucket.TryTake(out _).ShouldBeTrue();
        bucket.TryTake(out _).ShouldBeFalse();
    }

    [Fact]
    public void a_limit_holds_over_refreshes_and_changes_with_its_number()
    {
        var limits = new RateLimits(new SettableClock(DateTimeOffset.UnixEpoch));
        limits.For("k", null, "t", null).ShouldBeEmpty();
        var first = limits.For("k", 5, "t", 100);
        first.Length.ShouldBe(2);
        limits.For("k", 5, "t", 100).ShouldBe(first);
        limits.For("k", 6, "t", 100)[0].ShouldNotBeSameAs(first[0]);
        limits.For("other", null, "t", 100).Single().ShouldBeSameAs(first[1]);
    }
}
