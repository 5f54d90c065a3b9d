using Ledger.EventStore.Verification;

namespace Ledger.Api.Verification;

/// <summary>Seals each day soon after it is over. Every node has one; a day is sealed once. After a pause of days it catches up.</summary>
internal sealed class RootMaker(DayRoots roots, ILogger<RootMaker> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                int made;
                do
                {
                    made = await roots.SealAsync(stoppingToken);
                    if (made > 0) logger.LogInformation("{Count} days have their root.", made);
                }
                while (made > 0);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (UnreadableHashException failure)
            {
                logger.LogError(failure, "A day can't be sealed: {Reason}", failure.Message);
            }
            catch (Exception failure)
            {
                // Nothing waits for a root; the next look makes it.
                logger.LogWarning(failure, "The roots of the days that are over could not be made; it is tried again.");
            }

            try
            {
                await Task.Delay(Pause, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
