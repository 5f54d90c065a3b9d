namespace Ledger.Api.Maintenance;

/// <summary>
/// Keeps a lease for as long as somebody is at it, by lengthening it again and again: so it can be short, and what a node that died was at is free soon, however long a call may take. Where it can't be lengthened it runs out, and another node
/// asks too: with the same keys, so that it does no harm.
/// </summary>
internal sealed class KeptLease : IAsyncDisposable
{
    /// <summary>For so long a lease is good that nobody lengthens.</summary>
    public static readonly TimeSpan Time = TimeSpan.FromSeconds(15);

    private readonly CancellationTokenSource ended = new();
    private readonly Task keeping;

    private KeptLease(Func<CancellationToken, Task<bool>> keep, ILogger logger, TimeSpan every) => keeping = KeepAsync(keep, logger, every, ended.Token);

    /// <summary>Keeps a lease that was just taken, until this is disposed of.</summary>
    /// <param name="keep">Makes it good for <see cref="Time"/> from now; false where somebody else has it by now.</param>
    /// <param name="logger">Where faults are told.</param>
    /// <param name="every">How often; null for four times while it is good.</param>
    public static KeptLease Hold(Func<CancellationToken, Task<bool>> keep, ILogger logger, TimeSpan? every = null) => new(keep, logger, every ?? Time / 4);

    /// <summary>Lets go of it; whoever took it gives it back after this.</summary>
    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await keeping;
        ended.Dispose();
    }

    private static async Task KeepAsync(Func<CancellationToken, Task<bool>> keep, ILogger logger, TimeSpan every, CancellationToken ended)
    {
        using var timer = new PeriodicTimer(every);
        while (true)
        {
            try
            {
                if (!await timer.WaitForNextTickAsync(ended) || !await keep(ended)) return;
            }
            catch (OperationCanceledException) when (ended.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                logger.LogWarning(failure, "A lease could not be made longer; it is tried again, and until then it stands as it was.");
            }
        }
    }
}
