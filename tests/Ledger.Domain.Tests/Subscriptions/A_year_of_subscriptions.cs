using System.Globalization;
using Ledger.Domain.Accounts;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Subscriptions;

/// <summary>
/// Accounts on all plans live through many days: people start, change, cancel, pause and spend, pay at providers or don't, providers tell late, twice and out of order, and workers are sometimes days late. After every step the laws of
/// <see cref="SubscriptionWorld"/> hold; after every day those of money do. LEDGER_SEED repeats a run, LEDGER_TEST_FULL=1 is a year of 1,000 accounts.
/// </summary>
public sealed class A_year_of_subscriptions(ITestOutputHelper output)
{
    private static readonly string[] Plans = ["free", "gratis", "basic", "plus", "top", "basic-year", "team", "for-good", "tried"];
    private static readonly string[] Sold = ["basic", "plus", "top", "basic-year", "team"];

    private static bool IsFull { get; } = Environment.GetEnvironmentVariable("LEDGER_TEST_FULL") == "1";

    [Fact]
    public void Whatever_people_providers_and_time_do_the_laws_hold_every_day()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LEDGER_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount;
        output.WriteLine($"LEDGER_SEED={seed}");
        var (accounts, days) = IsFull ? (1_000, 365) : (20, 60);
        var done = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var n = 0; n < accounts; n++)
        {
            try
            {
                new Life(new Random(seed + n), done).Live(days);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"Account {n} of LEDGER_SEED={seed}: {failure.Message}", failure);
            }
        }

        output.WriteLine(string.Join(", ", done.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value}"))));
        foreach (var expected in new[] { "start", "change", "cancel", "pause", "resume", "renew", "past_due", "checkout", "pay", "pay again", "consume" }) done.GetValueOrDefault(expected).ShouldBePositive($"{expected} was never done");
    }

    private sealed class Life(Random random, Dictionary<string, int> done)
    {
        private readonly SubscriptionWorld world = new();
        private readonly List<PaymentId> payments = [];
        private readonly List<PaymentId> paid = [];

        public void Live(int days)
        {
            world.Sell("tried", SubscriptionWorld.Plan("tried", 1_500, credits: 50, trialDays: 10));
            for (var day = 1; day <= days; day++)
            {
                for (var acts = random.Next(4); acts > 0; acts--)
                {
                    world.Now += TimeSpan.FromMinutes(random.Next(1, 400));
                    Act();
                }

                var end = SubscriptionWorld.Begin.AddDays(day);
                if (end > world.Now) world.Now = end;
                // The worker is late now and then, and the account is swept before its subscription or after it.
                if (random.Next(5) > 0) Settle();
                Check();
                if (day % 30 == 0) world.Check();
            }

            world.Settle();
            world.Check();
            Check();
            // A second time finds nothing.
            var happened = world.Happened.Count();
            world.Settle();
            world.Happened.Count().ShouldBe(happened);
        }

        private void Settle()
        {
            if (random.Next(2) == 0) world.Do(new SettleDue { Account = SubscriptionWorld.Id });
            world.Settle();
        }

        private void Act()
        {
            var plan = Plans[random.Next(Plans.Length)];
            var live = world.Live?.Id ?? world.Subscriptions.Select(one => (SubscriptionId?)one.Id).LastOrDefault();
            switch (random.Next(14))
            {
                case 0 or 1:
                    Count("start", world.Start(plan, out _, at: random.Next(8) == 0 ? world.Now.AddDays(random.Next(-40, 40)) : null));
                    break;
                case 2 when live is { } id:
                    Count("change", world.Change(id, plan, random.Next(2) == 0 ? ChangeWhen.Now : ChangeWhen.PeriodEnd));
                    break;
                case 3 when live is { } id && random.Next(3) == 0:
                    Count("cancel", world.Cancel(id, random.Next(3) == 0 ? ChangeWhen.Now : ChangeWhen.PeriodEnd));
                    break;
                case 4 when live is { } id:
                    Count("resume", world.Resume(id));
                    break;
                case 5 when live is { } id && random.Next(2) == 0:
                    Count("pause", world.Pause(id));
                    break;
                case 6 when live is { } id:
                    Count("renew", world.Renew(id));
                    break;
                case 7 when live is { } id && random.Next(2) == 0:
                    Count("past_due", world.PastDue(id));
                    break;
                case 8 or 9:
                    // Its own plan, as whoever renews; or another.
                    if (world.Live is { } own && random.Next(2) == 0) plan = own.Plan.Id;
                    else plan = Sold[random.Next(Sold.Length)];
                    if (world.Checkout(plan, out var payment) is PaymentDecision.Accepted && !world[payment].HasSucceeded)
                    {
                        payments.Add(payment);
                        Count("checkout", true);
                    }

                    break;
                case 10 or 11 when payments.Count > 0:
                    // Late, in any order; some never.
                    var at = random.Next(payments.Count);
                    if (world.Pay(payments[at]) is PaymentDecision.Accepted) Count("pay", true);
                    paid.Add(payments[at]);
                    payments.RemoveAt(at);
                    break;
                case 12 when paid.Count > 0:
                    // What could not be delivered may be when it is told again; what was is never delivered twice.
                    var (told, before) = (paid[random.Next(paid.Count)], world.Happened.Count());
                    var wasFulfilled = world[told].IsFulfilled;
                    world.Pay(told);
                    Count("pay again", true);
                    if (wasFulfilled && world.Happened.Skip(before).Any(one => one is PeriodGranted or PaymentFulfilled)) throw new InvalidOperationException("a payment that was told twice gave twice");
                    break;
                default:
                    var available = world.Account.AvailableAt(world.Now);
                    if (!available.IsPositive) break;
                    world.Do(new ConsumeCredits { Account = SubscriptionWorld.Id, Amount = random.Next(3) == 0 ? available : Credits.Min(available, random.Next(1, 60)) });
                    Count("consume", true);
                    break;
            }
        }

        // Each payment that came is invoiced once, over what was paid; and each lot that came with a period ends with one.
        private void Check()
        {
            foreach (var id in paid)
            {
                var payment = world[id];
                payment.HasSucceeded.ShouldBeTrue();
                (payment.IsFulfilled || payment.Attention is not null).ShouldBeTrue($"{id} was paid, and is neither fulfilled nor shown to anybody");
                var invoice = world.Invoices.Single(one => one.Id == InvoiceId.Of(id));
                (invoice.Payment, invoice.AmountPaid).ShouldBe((id, payment.Amount));
            }

            foreach (var id in payments) world.Invoices.ShouldNotContain(one => one.Id == InvoiceId.Of(id), "nothing is invoiced before it is paid");
            var numbered = world.Happened.OfType<InvoiceNumbered>().ToList();
            numbered.Select(one => one.Invoice).ShouldBeUnique();
            numbered.Count.ShouldBe(world.Invoices.Count());
        }

        private void Count(string what, SubscriptionDecision decision) => Count(what, decision is SubscriptionDecision.Accepted);

        private void Count(string what, bool isDone)
        {
            if (isDone) done[what] = done.GetValueOrDefault(what) + 1;
        }
    }
}
