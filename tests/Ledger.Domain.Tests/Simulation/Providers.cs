using System.Globalization;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Tests.Simulation;

/// <summary>Money that a provider took, and where it is by now: what the ledger has to come to in the end.</summary>
internal sealed class Charge
{
    public required Household Home { get; init; }

    public required string Provider { get; init; }

    public required ProviderRefs Refs { get; init; }

    public required Money Amount { get; init; }

    /// <summary>The payment of a checkout, or of a charge that began here; null for what the provider charges by itself.</summary>
    public PaymentId? Payment { get; init; }

    public long Refunded { get; set; }

    public long Lost { get; set; }

    public bool IsDisputed { get; set; }

    public long Kept => Amount.Amount - Refunded - Lost;
}

/// <summary>The other side: providers with their own books, whose news come late, twice and out of order, and whose answers get lost.</summary>
internal sealed partial class Providers(Tenancy tenant)
{
    // What waits for something is tried again, as the inbox does: for about five days.
    private const int TriesMax = 30;

    private readonly List<Charge> charges = [];
    private readonly SortedDictionary<string, int> parked = new(StringComparer.Ordinal);
    private int made;

    public IReadOnlyList<Charge> Charges => charges;

    /// <summary>News that were given up, for a person to look at, by their reason.</summary>
    public IReadOnlyDictionary<string, int> Parked => parked;

    /// <summary>The names of what some of these are about.</summary>
    public HashSet<string> ParkedAbout { get; } = new(StringComparer.Ordinal);

    private Random Random => tenant.Random;

    // Providers count seconds.
    private DateTimeOffset Now => new(tenant.Now.Ticks - (tenant.Now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    /// <summary>News leave now: most are here within a minute, some in hours or days, and some come twice.</summary>
    public void Tell(Household home, ProviderFact fact)
    {
        Deliver(home, fact, 0, Delay());
        if (tenant.OneIn(6)) Deliver(home, fact, 0, Delay());
    }

    private void Deliver(Household home, ProviderFact fact, int tries, TimeSpan delay) => tenant.At(tenant.Now + delay, () =>
    {
        tenant.Count("told");
        if (home.Hear(fact) is not { } unheard) return;
        if (!unheard.IsFinal && tries < TriesMax)
        {
            Deliver(home, fact, tries + 1, TimeSpan.FromHours(4));
            return;
        }

        var why = Reason(fact, unheard.Why);
        parked[why] = parked.GetValueOrDefault(why) + 1;
        foreach (var name in new[] { fact.Refs.SubscriptionId, fact.Refs.InvoiceId, fact.Refs.PaymentIntentId }.OfType<string>()) ParkedAbout.Add(name);
    });

    private TimeSpan Delay() => tenant.IsQuiet ? TimeSpan.FromSeconds(1) : Random.Next(10) switch
    {
        < 7 => TimeSpan.FromSeconds(Random.Next(1, 60)),
        < 9 => tenant.Minutes(1, 360),
        _ => tenant.Minutes(1, 3 * 24 * 60),
    };

    // Reasons name things: without the names alike ones are one.
    private static string Reason(ProviderFact fact, string why) => $"{fact.GetType().Name}: {string.Join(' ', why.Split(' ').Select(word => word.Any(char.IsAsciiDigit) || word.Contains('_', StringComparison.Ordinal) ? "..." : word))}";

    private string NewId(string prefix) => string.Create(CultureInfo.InvariantCulture, $"{prefix}_{++made}");
}
