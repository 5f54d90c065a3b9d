using System.Diagnostics;

namespace Ledger.EventStore;

/// <summary>
/// How many works were under way at once lately: a moving average over some hundred milliseconds, by Little's law (the times that works took, added up, over the time that
/// passed). It tells a writer at its limit from a busy one, however fast the machine.
/// </summary>
internal sealed class Strain
{
    private static readonly TimeSpan Memory = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    private double average;
    private long lastAt;

    public double Value => Stopwatch.GetElapsedTime(Interlocked.Read(ref lastAt)) > Silence ? 0 : Volatile.Read(ref average);

    /// <summary>Takes note of a batch that was answered now. Lines of bulk requests count as single commands do: whoever fills in much waits for the writer as well.</summary>
    public void Add(IReadOnlyList<WorkGroup> groups)
    {
        var sum = 0L;
        foreach (var group in groups) sum += Stopwatch.GetElapsedTime(group.EnqueuedAt).Ticks;

        var now = Stopwatch.GetTimestamp();
        var since = Stopwatch.GetElapsedTime(Interlocked.Exchange(ref lastAt, now), now);
        var weight = Math.Min(1, since / Memory);
        if (since.Ticks > 0) Volatile.Write(ref average, (weight * sum / since.Ticks) + ((1 - weight) * average));
    }
}
