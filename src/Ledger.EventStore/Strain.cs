using System.Diagnostics;

namespace Ledger.EventStore;

/// <summary>
/// How many works were under way at once lately: the lower one of two moving averages, over some seconds, so that one slow moment is no strain, and over some hundred milliseconds, so that it is soon over, by Little's law (the times that works took, added up, over the time that
/// passed). It tells a writer at its limit from a busy one, however fast the machine. What is under way at other nodes is judged by what they append beside this one: all share one database.
/// </summary>
internal sealed class Strain
{
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShortMemory = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    private double average;
    private double latest;
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
        if (since.Ticks == 0) return;
        double Mixed(TimeSpan memory, double had, double more)
        {
            var weight = 1 - Math.Exp(-(since / memory));
            return (weight * more / since.Ticks) + ((1 - weight) * had);
        }

        (average, latest) = (Mixed(Memory, average, sum), Mixed(ShortMemory, latest, sum));
        (here, elsewhere) = (Mixed(Memory, here, works), Mixed(Memory, elsewhere, foreign));
        var lower = Math.Min(average, latest);
        Volatile.Write(ref value, here > 0 ? lower * (1 + (elsewhere / here)) : lower);
    }
}
