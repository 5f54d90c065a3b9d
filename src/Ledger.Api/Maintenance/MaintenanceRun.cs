using Ledger.EventStore;

namespace Ledger.Api.Maintenance;

/// <summary>
/// Does all that time has made due, at once, for an operator who wants to see it done. It has the word meanwhile: the workers of all nodes take nothing, so that what it counts is all that was done. What providers are to be asked
/// is left to the workers.
/// </summary>
internal sealed class MaintenanceRun(IEnumerable<IDueKind> kinds, DueDesk desk, TestClock clock, IEnumerable<IDueWaker> workers, ILogger<MaintenanceRun> logger)
{
    /// <summary>A run over HTTP ends after so long and says that there is more.</summary>
    public static readonly TimeSpan OverHttpMax = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan TurnLease = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan KeepEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TurnWaitMax = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan OthersWaitMax = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs until nothing is due, or the time is over.</summary>
    /// <param name="at">What is due later is left; where it is later than now, the clock is moved there first, which Development alone may do. Null for now.</param>
    /// <param name="atMost">It begins nothing new after so long.</param>
    /// <param name="told">Told how many more streams are settled.</param>
    /// <param name="cancellationToken">Ends it between two streams; what is done is done.</param>
    /// <returns>What was done; null where another run has the word.</returns>
    public async Task<MaintenanceBody?> RunAsync(DateTimeOffset? at, TimeSpan atMost, Action<long>? told, CancellationToken cancellationToken)
    {
        var holder = Guid.NewGuid().ToString("N");
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (!await desk.TakeTurnAsync(holder, TurnLease, cancellationToken))
        {
            if (waited.Elapsed > TurnWaitMax) return null;
            await Task.Delay(Look, cancellationToken);
        }

        var clockwork = System.Diagnostics.Stopwatch.StartNew();
        try
        {
            if (at is { } time && time > (await clock.ReadAsync(cancellationToken)).Now) await clock.MoveToAsync(time, cancellationToken);
            var counts = new MaintenanceCounts();
            bool more;
            // What one kind does may make something due on another, and what others were at may be due again.
            do more = await RoundAsync(holder, at, counts, told, () => clockwork.Elapsed < atMost, cancellationToken);
            while (more && clockwork.Elapsed < atMost);
            return counts.ToBody((await clock.ReadAsync(CancellationToken.None)).Now, more);
        }
        finally
        {
            await desk.EndTurnAsync(holder);
            foreach (var worker in workers) worker.Wake();
        }
    }

    /// <summary>Settles each kind until nothing is due on it; true where something was done, so that others may be due now.</summary>
    private async Task<bool> RoundAsync(string holder, DateTimeOffset? at, MaintenanceCounts counts, Action<long>? told, Func<bool> isTime, CancellationToken cancellationToken)
    {
        var done = 0L;
        foreach (var kind in kinds.Where(kind => kind.SettlesTime))
        {
            var lane = new DueLane(kind, desk, logger);
            var kept = System.Diagnostics.Stopwatch.StartNew();
            var others = System.Diagnostics.Stopwatch.StartNew();
            var left = new HashSet<string>(StringComparer.Ordinal);
            while (isTime())
            {
                if (kept.Elapsed > KeepEvery && await desk.TakeTurnAsync(holder, TurnLease, cancellationToken)) kept.Restart();
                var taken = await lane.BeginAsync(holder, at, mayCall: false, cancellationToken, CancellationToken.None);
                if (lane.IsIdle)
                {
                    if (others.Elapsed > OthersWaitMax || !await desk.AreOthersAtItAsync(kind.Kind, kind.Lease, left, cancellationToken)) break;
                    await Task.Delay(Look, cancellationToken);
                    continue;
                }

                var ended = await lane.EndSomeAsync(cancellationToken);
                foreach (var (claim, settled) in ended)
                {
                    counts.Add(settled);
                    if (settled.LeaveAlone is not null) left.Add(claim.Stream.Id);
                    if (settled.Events.Count > 0) done++;
                }

                told?.Invoke(ended.Count(e => e.Settled.LeaveAlone is null));
                if (taken > 0) others.Restart();
            }

            await lane.EndAsync(kind.Lease);
        }

        return done > 0;
    }
}
