using System.Text.RegularExpressions;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Tests.Payments;

/// <summary>Every pair of where a payment stands and what is told of it, against the table in the law.</summary>
public sealed partial class The_state_machine
{
    private static readonly PaymentStatus[] Standings =
        [PaymentStatus.Pending, PaymentStatus.RequiresAction, PaymentStatus.Authorized, PaymentStatus.Challenged, PaymentStatus.Expired, PaymentStatus.Canceled, PaymentStatus.Failed, PaymentStatus.Succeeded];

    private static readonly Dictionary<string, Func<PaymentWorld, ProviderFact>> Tellings = new(StringComparer.Ordinal)
    {
        ["pending"] = world => world.Told(PaymentStatus.Pending),
        ["requires_action"] = world => world.Told(PaymentStatus.RequiresAction),
        ["authorized"] = world => world.Told(PaymentStatus.Authorized),
        ["challenged"] = world => world.Told(PaymentStatus.Challenged),
        ["expired"] = world => world.Told(PaymentStatus.Expired),
        ["canceled"] = world => world.Told(PaymentStatus.Canceled),
        ["failed"] = world => world.Told(PaymentStatus.Failed),
        ["failed, may succeed"] = world => world.Told(PaymentStatus.Failed, again: true, reason: "declined"),
        ["succeeded"] = world => world.Told(PaymentStatus.Succeeded),
        ["succeeded, other amount"] = world => world.Told(PaymentStatus.Succeeded, 1),
        ["canceled, reversed"] = world => world.Told(PaymentStatus.Canceled, reverses: true),
        ["refund in part"] = _ => PaymentWorld.Refunded(500),
        ["refund in full"] = _ => PaymentWorld.Refunded(1500),
        ["sum of refunds"] = _ => PaymentWorld.Total(500),
        ["inquiry"] = _ => PaymentWorld.Disputed(DisputeStatus.Inquiry),
        ["dispute open"] = _ => PaymentWorld.Disputed(DisputeStatus.Open),
        ["dispute withdrawn"] = _ => PaymentWorld.Disputed(DisputeStatus.Withdrawn),
        ["dispute won"] = _ => PaymentWorld.Disputed(DisputeStatus.Won),
        ["dispute lost"] = _ => PaymentWorld.Disputed(DisputeStatus.Lost),
    };

    public static TheoryData<string, string, string> Cells()
    {
        var cells = new TheoryData<string, string, string>();
        var lines = File.ReadAllLines(Path.Combine(Root, "src", "Ledger.Domain", "Payments", "README.md")).SkipWhile(line => !line.StartsWith("| told |", StringComparison.Ordinal)).TakeWhile(line => line.StartsWith('|')).ToList();
        var standings = Split(lines[0])[1..];
        foreach (var line in lines.Skip(2))
        {
            var cell = Split(line);
            for (var at = 0; at < standings.Length; at++) cells.Add(standings[at], cell[0], cell[at + 1]);
        }

        return cells;
    }

    [Fact]
    public void The_table_has_every_pair()
    {
        var cells = Cells().Select(row => row.Data).ToList();
        cells.Count.ShouldBe(Standings.Length * Tellings.Count);
        cells.Select(cell => cell.Item1).Distinct().ShouldBe(Standings.Select(Word), ignoreOrder: true);
        cells.Select(cell => cell.Item2).Distinct().ShouldBe(Tellings.Keys, ignoreOrder: true);
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Each_pair_does_what_the_table_says(string standing, string told, string expected)
    {
        var world = new PaymentWorld();
        world.Buy();
        if (standing != "pending") world.Tell(world.Told(Standings.Single(status => Word(status) == standing))).ShouldBeOfType<PaymentDecision.Accepted>();
        Word(world.Payment.Status).ShouldBe(standing);
        var credits = world.Account.Balance;
        var decision = world.Tell(Tellings[told](world));
        switch (expected)
        {
            case "waits":
                decision.ShouldBeOfType<PaymentDecision.Waits>();
                break;
            case "-":
                Word(world.Payment.Status).ShouldBe(standing);
                world.Account.Balance.ShouldBe(credits);
                break;
            default:
                Word(world.Payment.Status).ShouldBe(expected.Split(' ')[0]);
                break;
        }

        var has = world.Payment.Status is PaymentStatus.Succeeded or PaymentStatus.Disputed or PaymentStatus.PartiallyRefunded;
        if (!has) world.Account.Balance.ShouldBe(0, "credits are there for money alone");
    }

    private static string Word(PaymentStatus status) => Capital().Replace(status.ToString(), match => (match.Index == 0 ? "" : "_") + match.Value.ToLowerInvariant());

    private static string[] Split(string line) => [.. line.Trim().Trim('|').Split('|').Select(cell => cell.Trim().Trim('`'))];

    private static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Ledger.sln"))) folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests are not below the repository.");
            return folder.FullName;
        }
    }

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capital();
}
