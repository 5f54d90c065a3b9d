using System.Text.RegularExpressions;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

/// <summary>Every pair of how a subscription stands and what happens to it, against the table in the law.</summary>
public sealed partial class The_table_of_subscriptions
{
    private static readonly Dictionary<string, (string Who, Func<SubscriptionWorld, SubscriptionId, object> Happens)> Rows = new(StringComparer.Ordinal)
    {
        ["dearer plan now"] = ("hand", (world, id) => world.Change(id, "plus")),
        ["cheaper plan now"] = ("hand", (world, id) => world.Change(id, "gratis")),
        ["other plan at the period's end"] = ("hand", (world, id) => world.Change(id, "plus", ChangeWhen.PeriodEnd)),
        ["cancel now"] = ("hand", (world, id) => world.Cancel(id)),
        ["cancel at the period's end"] = ("hand", (world, id) => world.Cancel(id, ChangeWhen.PeriodEnd)),
        ["resume"] = ("hand", (world, id) => world.Resume(id)),
        ["cancel at the period's end, resume"] = ("hand", (world, id) => world.Cancel(id, ChangeWhen.PeriodEnd) is SubscriptionDecision.Refused refused ? refused : world.Resume(id)),
        ["cancel at the period's end, its time"] = ("hand", (world, id) => world.Cancel(id, ChangeWhen.PeriodEnd) is SubscriptionDecision.Refused refused ? refused : Time(world, id)),
        ["pause"] = ("hand", (world, id) => world.Pause(id)),
        ["renew"] = ("hand", (world, id) => world.Renew(id)),
        ["mark past due"] = ("hand", (world, id) => world.PastDue(id)),
        ["its time, free"] = ("free", Time),
        ["its time, by hand"] = ("hand", Time),
        ["its time, fixed term"] = ("term", Time),
        ["its time, paid ahead"] = ("ahead", Time),
        ["its time, at its provider"] = ("provider", Time),
        ["its time, at its provider, asked"] = ("provider", (world, id) => Time(world, id) is var done && world[id].Asking?.Kind == ProviderActionKind.Ask ? world.Answer(id) : done),
        ["its payment is refunded in full"] = ("ahead", Refunded),
        ["paid by a payment"] = ("ahead", (world, id) => Paid(world, id)),
        ["its payment is lost"] = ("ahead", Lost),
        ["told incomplete"] = ("provider", (world, id) => world.Tell(id, world.Told(ToldSubscriptionStatus.Incomplete))),
        ["told trialing"] = ("provider", (world, id) => world.Tell(id, world.Told(ToldSubscriptionStatus.Trialing))),
        ["told active"] = ("provider", (world, id) => world.Tell(id, world.Told(ToldSubscriptionStatus.Active))),
        ["told past_due"] = ("provider", (world, id) => world.Tell(id, world.Told(ToldSubscriptionStatus.PastDue))),
        ["told unpaid"] = ("provider", (world, id) => world.Tell(id, world.Told(ToldSubscriptionStatus.Unpaid))),
        ["told paused"] = ("provider", (world, id) => world.Tell(id, world.Told(ToldSubscriptionStatus.Paused))),
        ["told canceled"] = ("provider", (world, id) => world.Tell(id, world.Told(ToldSubscriptionStatus.Canceled))),
        ["told incomplete_expired"] = ("provider", (world, id) => world.Tell(id, world.Told(ToldSubscriptionStatus.IncompleteExpired))),
        ["invoice of the next period paid"] = ("provider", (world, id) => world.Tell(id, world.Invoiced(InvoiceNews.Paid, world[id].Period > 0 ? world[id].CurrentPeriodEnd : world[id].TrialEnd, "in_9"))),
        ["invoice of the next period failed"] = ("provider", (world, id) => world.Tell(id, world.Invoiced(InvoiceNews.PaymentFailed, world[id].CurrentPeriodEnd, "in_9"))),
        ["its account is closed, its time"] = ("hand", (world, id) => Closed(world, id)),
    };

    public static TheoryData<string, string, string> Cells()
    {
        var cells = new TheoryData<string, string, string>();
        var lines = File.ReadAllLines(Path.Combine(Root, "src", "Ledger.Domain", "Subscriptions", "README.md")).SkipWhile(line => !line.StartsWith("| happens |", StringComparison.Ordinal)).TakeWhile(line => line.StartsWith('|')).ToList();
        var states = Split(lines[0])[1..];
        foreach (var line in lines.Skip(2))
        {
            var cell = Split(line);
            for (var at = 0; at < states.Length; at++) cells.Add(states[at], cell[0], cell[at + 1]);
        }

        return cells;
    }

    [Fact]
    public void The_table_has_every_pair()
    {
        var cells = Cells().Select(row => row.Data).ToList();
        cells.Count.ShouldBe(Enum.GetValues<SubscriptionStatus>().Length * Rows.Count);
        cells.Select(cell => cell.Item1).Distinct().ShouldBe(Enum.GetValues<SubscriptionStatus>().Select(Word), ignoreOrder: true);
        cells.Select(cell => cell.Item2).Distinct().ShouldBe(Rows.Keys, ignoreOrder: true);
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Each_pair_does_what_the_table_says(string state, string happens, string expected) => Outcome(state, happens).ShouldBe(expected);

    private static string Outcome(string state, string happens)
    {
        var status = Enum.GetValues<SubscriptionStatus>().Single(one => Word(one) == state);
        var (who, act) = Rows[happens];
        var world = new SubscriptionWorld();
        if (Reach(world, who, status) is not { } id) return "";
        world[id].Status.ShouldBe(status);
        var before = world[id];
        var decision = act(world, id);
        world.Check();
        var after = world[id].Status;
        if (decision is SubscriptionDecision.Refused or PaymentDecision.Refused)
        {
            if (!happens.Contains(',', StringComparison.Ordinal)) world[id].ShouldBe(before, "what is refused changes nothing");
            return "409";
        }

        if (decision is SubscriptionDecision.Waits) return "waits";
        return after == status && world[id].Period == before.Period ? "-" : after == status ? $"{Word(after)}, next" : Word(after);
    }

    // How each status is come to; null where it can't be.
    private static SubscriptionId? Reach(SubscriptionWorld world, string who, SubscriptionStatus status)
    {
        if (who == "provider") return AtProvider(world, status);
        var plan = who switch { "free" => "gratis", "term" => "term", _ => "basic" };
        if (status is SubscriptionStatus.Incomplete or SubscriptionStatus.IncompleteExpired)
        {
            SubscriptionId begun;
            if (who == "free") begun = world.Start(plan, at: world.Now.AddDays(5));
            else (_, begun) = world.Buy(plan);
            if (status == SubscriptionStatus.Incomplete) return begun;
            if (who == "free") world.Start("basic");
            world.Wait(world.Now.AddDays(6));
            return begun;
        }

        if (who == "ahead" && status is not (SubscriptionStatus.Trialing or SubscriptionStatus.Expired))
        {
            var (payment, bought) = world.Buy(plan);
            world.Pay(payment);
            return Go(world, bought, status);
        }

        if (who == "free" && status is (SubscriptionStatus.PastDue or SubscriptionStatus.Expired)) return null;
        var id = world.Start(plan, trialDays: status is SubscriptionStatus.Trialing or SubscriptionStatus.Expired ? 14 : null);
        if (who == "ahead" && status == SubscriptionStatus.Expired) world.Checkout(plan, out _);
        if (status == SubscriptionStatus.Expired) world.Wait(world.Now.AddDays(14));
        if (who == "ahead" && status == SubscriptionStatus.Trialing)
        {
            var (payment, renewed) = world.Buy(plan);
            renewed.ShouldBe(id);
            world.Pay(payment);
        }

        return Go(world, id, status);
    }

    private static SubscriptionId Go(SubscriptionWorld world, SubscriptionId id, SubscriptionStatus status)
    {
        if (status == SubscriptionStatus.PastDue) world.PastDue(id);
        if (status == SubscriptionStatus.Paused) world.Pause(id);
        if (status == SubscriptionStatus.Canceled)
        {
            if (world[id].Provider != Subscription.Manual) world.Checkout("basic", out _);
            world.Cancel(id);
        }

        world.Now = world.Now.AddDays(1);
        return id;
    }

    private static SubscriptionId? AtProvider(SubscriptionWorld world, SubscriptionStatus status)
    {
        var (payment, id) = world.Buy("basic", "stripe");
        switch (status)
        {
            case SubscriptionStatus.Incomplete: return id;
            case SubscriptionStatus.Expired: return null;
            case SubscriptionStatus.IncompleteExpired: world.Tell(id, world.Told(ToldSubscriptionStatus.IncompleteExpired)); break;
            case SubscriptionStatus.Trialing: world.Tell(id, world.Told(ToldSubscriptionStatus.Trialing)); break;
            default:
                world.Pay(payment);
                world.Tell(id, world.Told(ToldSubscriptionStatus.Active));
                world.Tell(id, world.Invoiced(InvoiceNews.Paid));
                if (status == SubscriptionStatus.PastDue) world.Tell(id, world.Told(ToldSubscriptionStatus.PastDue, at: world.Now.AddSeconds(1)));
                if (status == SubscriptionStatus.Paused) world.Tell(id, world.Told(ToldSubscriptionStatus.Paused, at: world.Now.AddSeconds(1)));
                if (status == SubscriptionStatus.Canceled) world.Tell(id, world.Told(ToldSubscriptionStatus.Canceled));
                break;
        }

        world.Now = world.Now.AddDays(1);
        return id;
    }

    private static SubscriptionDecision Time(SubscriptionWorld world, SubscriptionId id)
    {
        if (world[id].Status == SubscriptionStatus.Trialing) world.Wait(world[id].NextStepAt!.Value); // that it ends soon
        if (world[id].NextStepAt is { } next) world.Wait(next);
        return SubscriptionDecision.Accept;
    }

    private static SubscriptionDecision Closed(SubscriptionWorld world, SubscriptionId id)
    {
        world.Do(new Ledger.Domain.Accounts.CloseAccount { Account = SubscriptionWorld.Id, Forfeit = true });
        return Time(world, id);
    }

    // The open checkout's payment, or one for the next period; where there can be no checkout any more, one that was begun in time.
    private static PaymentDecision Paid(SubscriptionWorld world, SubscriptionId id)
    {
        var before = world[id];
        if (before.Status is SubscriptionStatus.Incomplete or SubscriptionStatus.IncompleteExpired) return world.Pay(before.Checkout!.Value);
        if (before.HasEnded) return world.Pay(world.Payments.Single(one => one.Subscription == id && one.Status == PaymentStatus.Pending).Id);
        var decision = world.Checkout("basic", out var payment);
        return decision is PaymentDecision.Refused ? decision : world.Pay(payment);
    }

    private static object Lost(SubscriptionWorld world, SubscriptionId id)
    {
        if (world[id].Checkout is not { } payment || world[payment].Status == PaymentStatus.Pending) return SubscriptionDecision.Accept;
        return world.Tell(payment, new DisputeTold { Provider = "midtrans", DisputeId = "dp_1", Amount = world[payment].Amount, Status = DisputeStatus.Lost });
    }

    private static object Refunded(SubscriptionWorld world, SubscriptionId id)
    {
        if (world[id].Checkout is not { } payment || world[payment].Status == PaymentStatus.Pending) return SubscriptionDecision.Accept;
        return world.Tell(payment, new RefundTold { Provider = "midtrans", RefundId = "re_1", Amount = world[payment].Amount, Status = RefundStatus.Succeeded });
    }

    private static string Word(SubscriptionStatus status) => Capital().Replace(status.ToString(), match => (match.Index == 0 ? "" : "_") + match.Value.ToLowerInvariant());

    private static string[] Split(string line) => [.. line.Trim()[1..^1].Split('|').Select(cell => cell.Trim().Trim('`'))];

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
