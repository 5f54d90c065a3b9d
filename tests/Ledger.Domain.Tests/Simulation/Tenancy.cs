using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Tests.Simulation;

/// <summary>A tenant in memory: one clock, one catalogue, one series of invoice numbers, and an agenda of all that comes: people, providers, news on their way, and workers who are late now and then.</summary>
internal sealed class Tenancy
{
    /// <summary>A year from here has a month's last day to begin with, a turn of the year, and a leap day.</summary>
    public static readonly DateTimeOffset Begin = new(2027, 3, 31, 12, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<Action, (DateTimeOffset At, long Turn)> agenda = new();
    private readonly Dictionary<int, (long Invoice, long Note)> numbers = [];
    private long turns;

    public Tenancy(int seed, int accounts)
    {
        Random = new(seed);
        Policy = BillingPolicy.Default with { GraceDays = Random.Next(0, 15), AllowsDebt = Random.Next(2) == 0, TaxPercent = Random.Next(3) * 9.5m };
        Sell("free", Plan("free", 0, limits: (5, 1, 50)));
        Sell("gratis", Plan("gratis", 0, credits: 10, limits: (10, 1, 50)));
        Sell("basic", Plan("basic", 1_000, credits: 100, rollover: 50, limits: (20, 3, 500)));
        Sell("plus", Plan("plus", 2_000, credits: 400, rollover: 100, limits: (60, 10, 2_000)));
        Sell("top", Plan("top", 5_000, credits: 1_000, limits: (200, 50, 9_000)));
        Sell("basic-year", Plan("basic", 10_000, PlanInterval.Year, credits: 1_200, limits: (240, 3, 500)));
        Sell("team", Plan("team", 3_000, credits: 100, limits: (100, 10, 4_000)) with { Seats = new(2, 10, new Money(500, "usd")) });
        Sell("for-good", Plan("for-good", 90_000, PlanInterval.Lifetime, credits: 5_000, limits: (90, 5, 900)));
        Sell("term", Plan("term", 4_000, PlanInterval.Fixed, credits: 300, limits: (40, 4, 800)) with { TermDays = 45 });
        Sell("tried", Plan("tried", 1_500, credits: 50, trialDays: 10, limits: (30, 3, 700)));
        Providers = new(this);
        Households = [.. Enumerable.Range(1, accounts).Select(number => new Household(this, number))];
    }

    public Random Random { get; }

    public DateTimeOffset Now { get; private set; } = Begin;

    public BillingPolicy Policy { get; }

    public Dictionary<string, CatalogItem> Plans { get; } = new(StringComparer.Ordinal);

    public CatalogItem Package { get; } = CatalogItem.Begin(ItemKind.Package, "medium");

    public Providers Providers { get; }

    public IReadOnlyList<Household> Households { get; }

    public Invoicing Invoicing { get; private set; } = new();

    /// <summary>Which payment a provider's reference leads to.</summary>
    public Dictionary<string, PaymentId> PaymentRefs { get; } = new(StringComparer.Ordinal);

    /// <summary>Which subscription a provider's name for one leads to.</summary>
    public Dictionary<string, SubscriptionId> SubscriptionRefs { get; } = new(StringComparer.Ordinal);

    /// <summary>What happened how often.</summary>
    public SortedDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether nobody begins anything any more: what is on its way arrives.</summary>
    public bool IsQuiet { get; set; }

    /// <summary>Until when no worker does anything.</summary>
    public DateTimeOffset StandsStillUntil { get; set; }

    public void Count(string what) => Counts[what] = Counts.GetValueOrDefault(what) + 1;

    public void Sell(string id, Plan plan) => Plans[id] = new CatalogItem { Kind = ItemKind.Plan, Id = id, Events = Plans.GetValueOrDefault(id)?.Events + 1 ?? 1, Entry = plan };

    /// <summary>The plan of a provider's price, as it is sold now.</summary>
    public CatalogItem? PlanAt(string? price) => price is null ? null : Plans.Values.FirstOrDefault(item => ((Plan)item.Entry!).PriceAt("stripe") == price);

    public void At(DateTimeOffset time, Action act) => agenda.Enqueue(act, (time, turns++));

    /// <summary>Lives through the time until then, each thing at its time.</summary>
    public void LiveUntil(DateTimeOffset end)
    {
        while (agenda.TryPeek(out var act, out var due) && due.At <= end)
        {
            agenda.Dequeue();
            if (due.At > Now) Now = due.At;
            act();
        }

        Now = end;
    }

    /// <summary>One in so many.</summary>
    public bool OneIn(int many) => Random.Next(many) == 0;

    public TimeSpan Minutes(int from, int to) => TimeSpan.FromMinutes(Random.Next(from, to));

    /// <summary>The tenant's numbers go on by one, each year anew, whichever accounts they are for.</summary>
    public void Evolve(InvoicingEvent happened)
    {
        Invoicing = Invoicing.Evolve(happened);
        var (year, isInvoice, number) = happened switch
        {
            InvoiceNumbered e => (e.Year, true, e.Number),
            CreditNoteNumbered e => (e.Year, false, e.Number),
            _ => throw new InvalidOperationException($"{happened.GetType().Name} is no number."),
        };
        var last = numbers.GetValueOrDefault(year);
        var expected = (isInvoice ? last.Invoice : last.Note) + 1;
        if (number != expected || year != Now.Year) throw new InvalidOperationException($"Number {number} of {year} was given where {expected} of {Now.Year} is next.");
        numbers[year] = isInvoice ? (number, last.Note) : (last.Invoice, number);
    }

    private static Plan Plan(string tier, long cents, PlanInterval interval = PlanInterval.Month, decimal credits = 0, decimal rollover = 0, int trialDays = 0, (int Exports, int Users, int Storage) limits = default) => new()
    {
        Name = tier,
        Tier = tier,
        Active = true,
        Price = new(cents, "usd"),
        Interval = interval,
        CreditsPerPeriod = credits,
        RolloverMax = rollover,
        TrialDays = trialDays,
        Limits = [new("exports", limits.Exports), new("storage_mb", limits.Storage), new("users", limits.Users)],
        ProviderRefs = cents == 0 || interval is PlanInterval.Lifetime or PlanInterval.Fixed ? [] : [new("stripe", $"price_{tier}_{interval}")],
    };
}
