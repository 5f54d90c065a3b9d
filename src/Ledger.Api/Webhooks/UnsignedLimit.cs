namespace Ledger.Api.Webhooks;

/// <summary>
/// How many notifications are taken in for which no signature stands: anybody can send them, and each is kept and makes its provider be asked. So many a minute of one tenant, and a few about one object; what is
/// refused may come again. Counted on each node by itself.
/// </summary>
/// <param name="options">How many.</param>
/// <param name="clock">Tells the time.</param>
internal sealed class UnsignedLimit(InboxOptions options, TimeProvider clock)
{
    /// <summary>Beyond so many counters those that are full again are forgotten.</summary>
    public const int CountersMax = 4_096;

    private static readonly TimeSpan Refill = TimeSpan.FromMinutes(1);

    private readonly Dictionary<(string Tenant, string Provider, string? About), (double Left, long At)> counters = [];

    /// <summary>How many counters there are.</summary>
    public int Count
    {
        get
        {
            lock (counters) return counters.Count;
        }
    }

    /// <summary>Whether one more is taken in.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="provider">The provider.</param>
    /// <param name="about">What it is about.</param>
    public bool TryTake(string tenant, string provider, string about)
    {
        lock (counters)
        {
            // What the tenant has no room for makes no counter, so there are never many.
            return Take((tenant, provider, null), options.UnsignedMax) && Take((tenant, provider, about), options.UnsignedEachMax);
        }
    }

    private bool Take((string, string, string?) key, int max)
    {
        var now = clock.GetTimestamp();
        var left = counters.TryGetValue(key, out var counter) ? Math.Min(max, counter.Left + (max * (clock.GetElapsedTime(counter.At, now) / Refill))) : max;
        if (counter == default && counters.Count >= CountersMax) Forget(now);
        counters[key] = (left < 1 ? left : left - 1, now);
        return left >= 1;
    }

    private void Forget(long now)
    {
        foreach (var (key, counter) in counters.ToList())
        {
            if (clock.GetElapsedTime(counter.At, now) >= Refill) counters.Remove(key);
        }
    }
}
