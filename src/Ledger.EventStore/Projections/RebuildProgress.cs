namespace Ledger.EventStore.Projections;

/// <summary>How far a rebuild has come.</summary>
/// <param name="Phase"><c>copying</c>, <c>indexing</c>, <c>catching_up</c>, <c>swapping</c>, then <c>done</c>, <c>cancelled</c> or <c>failed</c>.</param>
/// <param name="Position">The position that it has come to.</param>
/// <param name="Goal">The highest position when it was last looked.</param>
/// <param name="EventsPerSecond">Events a second so far, those that the projection does not read included.</param>
/// <param name="Remaining">How long the events that are left will take at that rate; null where that is not known yet.</param>
public readonly record struct RebuildProgress(string Phase, long Position, long Goal, double EventsPerSecond, TimeSpan? Remaining)
{
    internal static RebuildProgress Of(string phase, long position, long goal, TimeSpan took)
    {
        var rate = took.TotalSeconds > 0 ? position / took.TotalSeconds : 0;
        return new RebuildProgress(phase, position, goal, rate, rate > 0 ? TimeSpan.FromSeconds(Math.Max(0, goal - position) / rate) : null);
    }
}

/// <summary>What operators asked for can't be done as things stand; the message says what to do.</summary>
public sealed class ProjectionRefusedException(string message, Exception? inner = null) : Exception(message, inner);
