using System.Diagnostics;

namespace Ledger.EventStore;

/// <summary>The database's clock between two looks at it: what it told last, and what has passed since by this machine's steady clock. Never ahead of the database's. Not for several threads.</summary>
internal sealed class KnownTime
{
    /// <summary>After so long the database is asked again; the commit makes sure besides that the time is right to a second.</summary>
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(250);

    private DateTimeOffset told;
    private long at;

    /// <summary>Takes note of what the database has just told.</summary>
    public void Learn(DateTimeOffset clock) => (told, at) = (clock, Stopwatch.GetTimestamp());

    /// <summary>The clock was moved, or nothing is sure.</summary>
    public void Forget() => at = 0;

    /// <summary>The time now, in whole microseconds; false where the database must be asked.</summary>
    public bool TryEstimate(out DateTimeOffset now)
    {
        now = default;
        if (at == 0) return false;
        var passed = Stopwatch.GetElapsedTime(at);
        if (passed > AskEvery) return false;
        now = told.AddTicks(passed.Ticks - (passed.Ticks % TimeSpan.TicksPerMicrosecond));
        return true;
    }
}
