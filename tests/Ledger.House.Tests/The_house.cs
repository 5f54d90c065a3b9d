namespace Ledger.House.Tests;

public sealed class The_house
{
    private static readonly HouseRule[] All = [.. DependencyRules.All, .. CodeRules.All, .. PackageRules.All, .. PaperRules.All];

    public static TheoryData<string> Rules => [.. All.Select(rule => rule.Name)];

    [Theory]
    [MemberData(nameof(Rules))]
    public void keeps_the_rule(string name) => All.Single(rule => rule.Name == name).Check(Tree.Repository).ShouldBeEmpty();

    [Theory]
    [MemberData(nameof(Rules))]
    public void sees_the_rule_broken(string name)
    {
        var rule = All.Single(rule => rule.Name == name);
        rule.Planted.ShouldNotBeEmpty();
        foreach (var tree in rule.Planted) rule.Check(tree).ShouldNotBeEmpty($"not seen in {tree.Files[0]}");
    }

    [Fact]
    public void is_read_as_a_whole() => Tree.Repository.Projects.Count().ShouldBeGreaterThan(8);
}
