using System.Diagnostics;
using System.Globalization;
using Ledger.Domain.Accounts;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Simulation;

/// <summary>
/// The accounts of a tenant live through many days on all plans, beside each other and on one clock: people subscribe, change, pause, cancel, pay or don't, spend, post usage and ask money back; Stripe charges, declines, voids and
/// disputes by books of its own; news come late, twice and out of order; workers are days late now and then. After every event and after every day the laws hold. LEDGER_SEED repeats a run, LEDGER_TEST_FULL=1 is a year of
/// 1,000 accounts.
/// </summary>
public sealed class A_year_of_a_tenant(ITestOutputHelper output)
{
    private static readonly string[] Expected = ["checkout", "consume", "paid by midtrans", "paid by stripe", "told", "usage", "usage refused"];

    // Not in every short run.
    private static readonly string[] Rare =
    [
        "cancel", "change", "charge failed there", "close", "difference paid there", "dispute lost", "dispute won", "end there", "invoice voided there", "mark past due", "pause", "period paid there", "plan there", "portal", "refund",
        "refund done", "refund failed", "refund there", "renew", "resume", "start", "trial over there",
    ];

    private static bool IsFull { get; } = Environment.GetEnvironmentVariable("LEDGER_TEST_FULL") == "1";

    private static int Number(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var given) ? given : otherwise;

    [Fact]
    public void Whatever_people_providers_and_time_do_the_laws_hold_every_day()
    {
        var seed = Number("LEDGER_SEED", Environment.TickCount);
        output.WriteLine($"LEDGER_SEED={seed}");
        var (accounts, days) = (Number("LEDGER_ACCOUNTS", IsFull ? 1_000 : 24), Number("LEDGER_DAYS", IsFull ? 365 : 100));
        var watch = Stopwatch.StartNew();
        var tenant = new Tenancy(seed, accounts);
        var day = 0;
        try
        {
            var people = tenant.Households.Select(home => new People(tenant, home)).ToList();
            while (day < days)
            {
                foreach (var one in people) one.PlanDay(tenant.Now);
                // Four times a year all workers stand still, up to four days.
                if (tenant.OneIn(90)) tenant.StandsStillUntil = tenant.Now + tenant.Minutes(60, 4 * 24 * 60);
                if (tenant.OneIn(40)) Reprice(tenant);
                day++;
                tenant.LiveUntil(Tenancy.Begin.AddDays(day));
                Check(tenant, isReplayed: day % 30 == 0);
            }

            // Nobody begins anything any more: what is under way arrives, and what was missed is done.
            tenant.IsQuiet = true;
            for (var more = 0; more < 20; more++)
            {
                day++;
                tenant.LiveUntil(Tenancy.Begin.AddDays(day));
                Check(tenant, isReplayed: false);
            }

            Check(tenant, isReplayed: true);
            Agree(tenant);
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"Day {day} of LEDGER_SEED={seed} with {accounts} accounts and {days} days: {failure.Message}", failure);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{accounts} accounts, {days} days, {watch.Elapsed.TotalSeconds:0.0} s"));
        output.WriteLine(string.Join(", ", tenant.Counts.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value}"))));
        foreach (var (why, times) in tenant.Providers.Parked) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"given up {times}: {why}"));
        foreach (var expected in IsFull ? [.. Expected, .. Rare] : Expected) tenant.Counts.GetValueOrDefault(expected).ShouldBePositive($"'{expected}' never happened");
    }

    private static void Reprice(Tenancy tenant)
    {
        var id = tenant.Plans.Keys.ElementAt(tenant.Random.Next(tenant.Plans.Count));
        var plan = (Plan)tenant.Plans[id].Entry!;
        tenant.Sell(id, plan with { CreditsPerPeriod = plan.CreditsPerPeriod.Value + 1 });
    }

    private static void Check(Tenancy tenant, bool isReplayed)
    {
        long invoiced = 0, received = 0, without = 0;
        foreach (var home in tenant.Households)
        {
            home.CheckDay();
            if (isReplayed) home.Replay();
            if (tenant.Now > tenant.StandsStillUntil.AddHours(1)) home.Law(!(home.NextDue < tenant.Now.AddMinutes(-5)), () => $"something has been due since {home.NextDue}, and nobody did it");
            (invoiced, received, without) = (invoiced + home.Invoiced, received + home.Received, without + home.InvoicedWithout);
        }

        invoiced.ShouldBe(received + without, "invoices are what payments are, and what was given without one");
    }

    // All news have arrived: the ledger's books are those of the providers.
    private static void Agree(Tenancy tenant)
    {
        foreach (var charge in tenant.Providers.Charges.Where(charge => charge.Payment is not null))
        {
            var payment = charge.Home[charge.Payment!.Value];
            charge.Home.Law(payment.HasSucceeded, () => $"{charge.Amount} was taken for {payment.Id}, and it is {payment.Status}");
            charge.Home.Law(payment.Amount.Amount - payment.Refunded - payment.Lost == charge.Kept, () => $"{charge.Provider} has {charge.Kept} of {payment.Id}, and it says {payment.Amount.Amount} less {payment.Refunded} less {payment.Lost}: {string.Join(", ", payment.Refunds)}, told {payment.RefundTotal}");
        }

        foreach (var plan in tenant.Providers.Plans) Agree(tenant, plan);
    }

    private static void Agree(Tenancy tenant, PlanThere plan)
    {
        var home = plan.Home;
        var isParked = tenant.Providers.ParkedAbout.Contains(plan.Id);
        var here = home[tenant.SubscriptionRefs.GetValueOrDefault($"stripe:{plan.Id}")];
        var agrees = (plan.Rests && !plan.HasEnded ? ToldSubscriptionStatus.Paused : plan.Status) switch
        {
            ToldSubscriptionStatus.Canceled or ToldSubscriptionStatus.IncompleteExpired => here.HasEnded,
            // The money of a period may be lost that Stripe goes on from: past due here, until Stripe is asked at the end of the grace.
            ToldSubscriptionStatus.Active => here.Status == SubscriptionStatus.Active || (here.Status == SubscriptionStatus.PastDue && here.GraceEndsAt > tenant.Now),
            ToldSubscriptionStatus.Trialing => here.Status == SubscriptionStatus.Trialing,
            ToldSubscriptionStatus.Paused => here.Status == SubscriptionStatus.Paused,
            _ => here.Status == SubscriptionStatus.PastDue,
        };
        // Neither what could not begin here, nor what the provider refused to do, is forgotten: news of it are parked, or it is shown.
        home.Law(agrees || isParked || here.Attention is not null, () => $"{plan.Id} is {plan.Status} there, and {here.Id} is {here.Status} here");
        if (agrees && !plan.HasEnded && here.Attention is null)
        {
            home.Law((here.CurrentPeriodEnd - plan.End)?.Duration() <= TimeSpan.FromDays(1), () => $"the period of {plan.Id} ends {plan.End:O} there, and {here.CurrentPeriodEnd:O} here");
            home.Law(here.Plan.Terms.PriceAt("stripe") == plan.Price || here.Scheduled?.Plan.Terms.PriceAt("stripe") == plan.Price, () => $"{plan.Id} has {plan.Price} there, and {here.Plan.Id} here");
            home.Law(here.CancelAtPeriodEnd == plan.CancelAtPeriodEnd, () => $"{plan.Id} ends with its period {(plan.CancelAtPeriodEnd ? "there" : "here")} alone");
        }

        foreach (var invoice in plan.Invoices.Where(invoice => invoice.Charge is not null && !tenant.Providers.ParkedAbout.Contains(invoice.Id)))
            home.Law(tenant.PaymentRefs.TryGetValue($"stripe:{invoice.Id}", out var paid) && home[paid].PaidAt is not null, () => $"{invoice.Id} of {plan.Id} was paid on {invoice.PaidAt:O}, and no payment says so");

        foreach (var invoice in plan.Invoices.Where(invoice => invoice is { Charge: not null, IsPeriod: true }))
        {
            var isShown = tenant.Providers.ParkedAbout.Contains(invoice.Id) || (tenant.PaymentRefs.TryGetValue($"stripe:{invoice.Id}", out var payment) && (home[payment].Attention is not null || home[payment].IsFulfilled || home[payment].Status != PaymentStatus.Succeeded));
            // A period that the next one has followed already, when its invoice is heard of, gives nothing.
            var isOver = plan.Invoices.Exists(later => later.IsPeriod && later.Charge is not null && later.PaidAt > invoice.PaidAt);
            home.Law(home.PaidInvoices.Contains(invoice.Id) || isShown || isOver || home.Account.Status == AccountStatus.Closed, () => $"{invoice.Id} of {plan.Id} was paid on {invoice.PaidAt:O}, and neither gave a period nor is it shown to anybody");
        }
    }
}
