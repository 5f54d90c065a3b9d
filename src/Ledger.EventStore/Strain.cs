using System.Diagnostics;

namespace Ledger.EventStore;

/// <summary>
/// How many works were under way at once lately: a moving average over some seconds, so that one slow moment is no strain, by Little's law (the times that works took, added up, over the time that
/// passed). It tells a writer at its limit from a busy one, however fast the machine. What is under way at other nodes is judged by what they append beside this one: all share one database.
/// </summary>
internal sealed class Strain
{
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(2);

    // The average goes no higher, so a flood that is over is forgotten within seconds.
    private const double AtOnceMax = 512;

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    private double average;
    private double here;
    private double elsewhere;
    private double value;
    private long lastAt;

    public double Value => Stopwatch.GetElapsedTime(Interlocked.Read(ref lastAt)) > Silence ? 0 : Volatile.Read(ref value);

    /// <summary>Takes note of a batch that was answered now. Lines of bulk requests count as single commands do: whoever fills in much waits for the writer as well.</summary>
    /// <param name="groups">The batch.</param>
    /// <param name="appended">Its events.</param>
    /// <param name="foreign">The events that other nodes have appended since the batch before.</param>
    public void Add(IReadOnlyList<WorkGroup> groups, int appended, long foreign)
    {
        var sum = 0L;
        // What is refused appends nothing, and was work all the same.
        var works = Math.Max(appended, groups.Sum(group => group.Works.Count));
        foreach (var group in groups) sum += Stopwatch.GetElapsedTime(group.EnqueuedAt).Ticks;

        var now = Stopwatch.GetTimestamp();
        var since = Stopwatch.GetElapsedTime(Interlocked.Exchange(ref lastAt, now), now);
        var weight = 1 - Math.Exp(-(since / Memory));
        if (since.Ticks == 0) return;
        double Mixed(double had, double more) => (weight * more / since.Ticks) + ((1 - weight) * had);
        (average, here, elsewhere) = (Math.Min(AtOnceMax, Mixed(average, sum)), Mixed(here, works), Mixed(elsewhere, foreign));
        Volatile.Write(ref value, here > 0 ? average * (1 + (elsewhere / here)) : average);
    }
}
