namespace Ledger.Api.Maintenance;

/// <summary>
/// Does all that is due on any stream, on every node: each kind has a lane of its own, so that what waits for a provider holds up nothing that only time has to settle. Decisions never wait for it: they judge by time.
/// After days of standing still it does what is due in due order; nothing is left out, since each command settles all that is due by its time.
/// </summary>
internal sealed class DueWorker(IEnumerable<IDueKind> kinds, DueDesk desk, ILogger<DueWorker> logger) : BackgroundService, IDueWaker
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MeasureEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan EndMax = TimeSpan.FromSeconds(15);

    private readonly IDueKind[] all = [.. kinds];
    private volatile TaskCompletionSource woken = New();

    /// <inheritdoc/>
    public void Wake() => Interlocked.Exchange(ref woken, New()).TrySetResult();

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(all.Select(kind => Task.Run(() => RunAsync(kind, stoppingToken), CancellationToken.None)).Append(Task.Run(() => MeasureAsync(stoppingToken), CancellationToken.None)));

    private async Task RunAsync(IDueKind kind, CancellationToken stopping)
    {
        var lane = new DueLane(kind, desk, logger);
        while (!stopping.IsCancellationRequested)
        {
            // A wake that comes while one looks counts for the next look.
            var wake = woken.Task;
            try
            {
                await lane.GiveBackAsync();
                // A database that hangs must not hold up the end of the service: what is taken all the same is free again after its lease.
                await lane.BeginAsync(null, null, mayCall: true, CancellationToken.None, stopping).WaitAsync(stopping);
                if (lane.IsFull) await lane.EndSomeAsync(stopping);
                else await PauseAsync(lane, wake, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure)
            {
                logger.LogWarning(failure, "What is due on streams of the kind {Kind} can't be read; it is tried again.", kind.Kind);
                await Task.WhenAny(Task.Delay(Look, stopping));
            }
        }

        try
        {
            // What is under way ends before the store does.
            await lane.EndAsync(EndMax);
        }
        catch (Exception failure)
        {
            logger.LogWarning(failure, "What this node was at of the kind {Kind} could not be given back; it is free after its lease.", kind.Kind);
        }
    }

    /// <summary>Until it is time to look, the clock was moved, or something has ended.</summary>
    private static async Task PauseAsync(DueLane lane, Task wake, CancellationToken stopping)
    {
        using var pause = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var look = Task.Delay(Look, pause.Token);
        await Task.WhenAny(wake, look, lane.IsIdle ? look : lane.EndedAsync(pause.Token));
        await pause.CancelAsync();
    }

    private async Task MeasureAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                MaintenanceMetrics.Measure(all.Select(kind => kind.Kind), await desk.MeasureAsync(CancellationToken.None).WaitAsync(stopping));
            }
            catch (Exception failure)
            {
                if (!stopping.IsCancellationRequested) logger.LogWarning(failure, "What is due could not be measured.");
            }

            await Task.WhenAny(Task.Delay(MeasureEvery, stopping));
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
