using System.Collections.Concurrent;

namespace Ledger.Api.Access;

/// <summary>
/// A limit of requests a second with one second's worth in stock. It keeps one number, the time at which the stock would be full again
/// (the generic cell rate algorithm of ATM), so taking is one compare-and-swap. Each node counts for itself.
/// </summary>
/// <param name="perSecond">Requests a second.</param>
/// <param name="clock">Tells the time; only differences count.</param>
internal sealed class TokenBucket(int perSecond, TimeProvider clock)
{
    private readonly double interval = (double)clock.TimestampFrequency / perSecond;
    private long full = clock.GetTimestamp();

    public int PerSecond => perSecond;

    /// <summary>Takes one; false with the whole seconds after which one is there again.</summary>
    public bool TryTake(out int retryAfterSeconds)
    {
        retryAfterSeconds = 0;
        while (true)
        {
            var seen = Interlocked.Read(ref full);
            var now = clock.GetTimestamp();
            var next = Math.Max(seen, now) + interval;
            var wait = next - now - clock.TimestampFrequency;
            if (wait > 1)
            {
                retryAfterSeconds = Math.Max(1, (int)Math.Ceiling(wait / clock.TimestampFrequency));
                return false;
            }

            if (Interlocked.CompareExchange(ref full, (long)Math.Ceiling(next), seen) == seen) return true;
        }
    }
}

/// <summary>The buckets in use: one for each key and tenant that has a limit, kept over refreshes of the credential.</summary>
/// <param name="clock">Tells the time.</param>
internal sealed class RateLimits(TimeProvider clock)
{
    /// <summary>Most requests a second that a limit may be.</summary>
    public const int PerSecondMax = 1_000_000;

    private readonly ConcurrentDictionary<string, TokenBucket> buckets = new(StringComparer.Ordinal);

    /// <summary>The buckets that count for a key and its tenant.</summary>
    public TokenBucket[] For(string key, int? keyLimit, string? tenant, int? tenantLimit)
    {
        if (keyLimit is null && tenantLimit is null) return [];
        var limits = new List<TokenBucket>(2);
        if (keyLimit is { } k) limits.Add(Bucket("key:" + key, k));
        if (tenant is not null && tenantLimit is { } t) limits.Add(Bucket("tenant:" + tenant, t));
        return [.. limits];
    }

    private TokenBucket Bucket(string name, int perSecond) =>
        buckets.AddOrUpdate(name, _ => new TokenBucket(perSecond, clock), (_, old) => old.PerSecond == perSecond ? old : new TokenBucket(perSecond, clock));
}
