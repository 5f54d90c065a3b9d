using Ledger.Domain;

namespace Ledger.Api.ReadModels;

/// <summary>The postings of one event: what it debits (above 0) and credits (below 0), each account of the chart once. In every measure they add up to nothing.</summary>
public sealed class JournalEntry
{
    private readonly decimal[] units = new decimal[ChartOfAccounts.Units.Length];
    private readonly List<KeyValuePair<string, decimal[]>> money = [];

    /// <summary>Units, by <see cref="UnitCode"/>.</summary>
    public IReadOnlyList<decimal> Units => units;

    /// <summary>Minor units of each currency, by <see cref="MoneyCode"/>.</summary>
    public IReadOnlyList<KeyValuePair<string, decimal[]>> Money => money;

    /// <summary>Debits units.</summary>
    public void Debit(UnitCode code, decimal amount) => units[(int)code] += amount;

    /// <summary>Credits units.</summary>
    public void Credit(UnitCode code, decimal amount) => units[(int)code] -= amount;

    /// <summary>Debits money; nothing where there is none or nothing was paid.</summary>
    public void Debit(MoneyCode code, string? currency, long amount)
    {
        if (amount == 0 || currency is null) return;
        foreach (var (known, sums) in money)
        {
            if (known != currency) continue;
            sums[(int)code] += amount;
            return;
        }

        var first = new decimal[ChartOfAccounts.Money.Length];
        first[(int)code] = amount;
        money.Add(new(currency, first));
    }

    /// <summary>Credits money; nothing where there is none or nothing was paid.</summary>
    public void Credit(MoneyCode code, string? currency, long amount) => Debit(code, currency, -amount);

    /// <summary>Fails where debits and credits differ.</summary>
    public void CheckBalanced()
    {
        Invariant.Holds(Sum(units) == 0, "the postings of an event in units add up to nothing");
        foreach (var (_, sums) in money) Invariant.Holds(Sum(sums) == 0, "the postings of an event in money add up to nothing");
    }

    /// <summary>The sums with those of one event; null stands for zeros.</summary>
    internal static decimal[]? Add(decimal[]? sums, IReadOnlyList<decimal> more)
    {
        decimal[]? added = null;
        for (var at = 0; at < more.Count; at++)
        {
            if (more[at] == 0) continue;
            added ??= sums is null ? new decimal[more.Count] : [.. sums];
            added[at] += more[at];
        }

        return added ?? sums;
    }

    private static decimal Sum(decimal[] amounts)
    {
        var sum = 0m;
        foreach (var amount in amounts) sum += amount;
        return sum;
    }
}
