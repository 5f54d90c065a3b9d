using System.Diagnostics;

namespace Ledger.EventStore.Projections;

/// <summary>How fast the daemon goes on: in small pieces with long rests while commands press, in large ones with a little patience under load, at once where somebody waits.</summary>
/// <param name="options">Sizes and times.</param>
/// <param name="stopped">Set when the daemon is to end; it ends every rest.</param>
/// <param name="underWay">How many commands are under way.</param>
internal sealed class ProjectionPace(ProjectionOptions options, WaitHandle stopped, Func<double> underWay)
{
    private static readonly TimeSpan LookForReaders = TimeSpan.FromMilliseconds(10);

    private const double FarBehindShare = 0.7;

    // A large piece would press on the commands for as long as it is to rest.
    private readonly ProjectionOptions small = options with
    {
        PageMax = Math.Clamp(options.GiveWayPageMax, 1, options.PageMax),
        FeedPageMax = Math.Clamp(options.GiveWayPageMax, 1, options.FeedPageMax),
    };

    /// <summary>Whether so many commands are under way that read models give way to them.</summary>
    public bool IsPressed => underWay() > options.GiveWayAbove;

    /// <summary>How large the next piece may be.</summary>
    /// <param name="lag">By how many events the read models are behind.</param>
    public ProjectionOptions Sizes(long lag) => IsPressed && lag <= options.GiveWayLagMax ? small : options;

    /// <summary>How long to rest after work while commands press: what is left to do keeps, and a larger batch later is cheaper. It does not grow without end, and who waits for what is not far does not wait in vain.</summary>
    /// <param name="worked">How long the work took.</param>
    /// <param name="lag">By how many events the read models are behind.</param>
    /// <param name="awaited">Whether a query waits for them here.</param>
    public TimeSpan RestAfter(TimeSpan worked, long lag, bool awaited)
    {
        var share = options.StrainedShare;
        // The further behind, the more: at some distance they keep up with nearly whatever comes.
        if (lag > options.GiveWayLagMax) share = Math.Max(options.BehindShare, Math.Min(FarBehindShare, options.BehindShare * lag / Math.Max(1, options.GiveWayLagMax)));
        else if (awaited && lag <= options.FeedMax) share = options.BehindShare;
        var rest = worked * ((1 - share) / share);
        return rest < options.RestMax ? rest : options.RestMax;
    }

    /// <summary>Rests so long, or until nothing presses any more.</summary>
    /// <param name="worked">How long the work took.</param>
    /// <param name="lag">By how many events the read models are behind.</param>
    /// <param name="progress">Tells whether anybody waits.</param>
    public void Rest(TimeSpan worked, long lag, ProjectionProgress progress)
    {
        var since = Stopwatch.GetTimestamp();
        TimeSpan Left() => RestAfter(worked, lag, progress.IsAwaited) - Stopwatch.GetElapsedTime(since);
        while (IsPressed && Left() is { Ticks: > 0 } left && !stopped.WaitOne(left < LookForReaders ? left : LookForReaders))
        {
        }
    }

    /// <summary>
    /// The more comes, the longer it is worth to wait for more: few large batches write each row once and leave the processors to the writer. Whoever waits ends that.
    /// </summary>
    /// <param name="taken">So many events were taken.</param>
    /// <param name="began">When, in the milliseconds of <see cref="Environment.TickCount64"/>.</param>
    /// <param name="progress">Tells whether anybody waits.</param>
    public void WaitForMore(int taken, long began, ProjectionProgress progress)
    {
        if (taken >= options.PageMax / 2) return;
        var patience = TimeSpan.FromMilliseconds(Math.Clamp(taken, options.PaceMin.TotalMilliseconds, options.PaceMax.TotalMilliseconds));
        TimeSpan Left() => (progress.IsAwaited ? options.PaceMin : patience) - TimeSpan.FromMilliseconds(Environment.TickCount64 - began);
        while (Left() is { Ticks: > 0 } left && !stopped.WaitOne(left < LookForReaders ? left : LookForReaders))
        {
        }
    }
}
