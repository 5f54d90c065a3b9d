using Ledger.Api.Access;
using Ledger.Api.Demo;

namespace Ledger.Api.Tests.Demo;

public sealed class Prices_and_plans
{
    [Theory]
    [InlineData(1, 0, "0.00003")]
    [InlineData(0, 1, "0.00024")]
    [InlineData(374, 44, "0.02178")]
    [InlineData(14_050, 1_000, "0.6615")]
    [InlineData(10_000_000, 10_000_000, "2700")]
    public void cost_is_exact(int input, int output, string credits) =>
        TokenPrice.Default.Of(input, output).ShouldBe(decimal.Parse(credits, System.Globalization.CultureInfo.InvariantCulture));

    [Fact]
    public void no_cost_needs_more_than_six_decimals_and_none_is_above_its_estimate()
    {
        var finest = new TokenPrice(0.001m, 0.999m);
        foreach (var call in MadeTrace.Make(2_000, 3).Append(new(default, 1, 0)).Append(new(default, 3, 1_024)).Append(new(default, 3, 1_025)).Append(new(default, TraceFile.TokensMax, TraceFile.TokensMax)))
        {
            var cost = finest.Of(call.InputTokens, call.OutputTokens);
            cost.ShouldBe(decimal.Round(cost, 6));
            cost.ShouldBeLessThanOrEqualTo(finest.Estimate(call));
            cost.ShouldBeGreaterThan(0);
        }

        Should.Throw<ArgumentException>(() => new TokenPrice(0.0001m, 1));
        Should.Throw<ArgumentException>(() => new TokenPrice(1, 0));
    }

    [Fact]
    public void every_call_has_one_user_and_every_package_its_share()
    {
        var plan = new DemoPlan(200, 19_366);
        plan.Users.SelectMany(user => user.Calls).Order().ShouldBe(Enumerable.Range(1, 19_366));
        plan.Users.CountBy(user => user.Package.Name).ToDictionary().ShouldBe(new Dictionary<string, int> { ["Small"] = 100, ["Medium"] = 60, ["Large"] = 40 }, ignoreOrder: true);
        plan.Users.Count(user => user.HasBonus).ShouldBe(40);
        plan.Users[0].Name.ShouldBe("u001");
        new DemoPlan(200, 19_366).Users.Select(user => string.Join(',', user.Calls)).ShouldBe(plan.Users.Select(user => string.Join(',', user.Calls)));
    }

    [Fact]
    public void a_fixed_share_fails_and_another_is_refunded()
    {
        Enumerable.Range(1, 100_000).Count(DemoPlan.Fails).ShouldBeInRange(1_800, 2_200);
        Enumerable.Range(1, 100_000).Count(DemoPlan.IsRefunded).ShouldBeInRange(850, 1_150);
    }

    [Theory]
    [InlineData(0, 1, 1, "r", "--users")]
    [InlineData(10_001, 1, 1, "r", "--users")]
    [InlineData(1, 0, 1, "r", "--calls")]
    [InlineData(1, 1_000_001, 1, "r", "--calls")]
    [InlineData(1, 1, 0, "r", "--concurrency")]
    [InlineData(1, 1, 1_001, "r", "--concurrency")]
    [InlineData(1, 1, 1, "", "--run")]
    [InlineData(1, 1, 1, "a b", "--run")]
    public void options_have_limits(int users, int calls, int concurrency, string run, string named) =>
        Should.Throw<ConfigurationException>(() => Options(users, calls, concurrency, run).Checked()).Message.ShouldStartWith(named);

    [Fact]
    public void options_may_be_at_their_limits()
    {
        Options(DemoOptions.UsersMax, TraceFile.CallsMax, DemoOptions.ConcurrencyMax, new string('r', DemoOptions.RunMax)).Checked();
        Options(1, 1, 1, new DemoOptions { Url = new Uri("http://x"), ApiKey = "k" }.Run).Checked();
        Should.Throw<ConfigurationException>(() => Options(1, 1, 1, new string('r', DemoOptions.RunMax + 1)).Checked());
        Should.Throw<ConfigurationException>(() => (Options(1, 1, 1, "r") with { Speed = 0 }).Checked());
    }

    private static DemoOptions Options(int users, int calls, int concurrency, string run) => new() { Url = new Uri("http://x"), ApiKey = "k", Users = users, Calls = calls, Concurrency = concurrency, Run = run };
}
