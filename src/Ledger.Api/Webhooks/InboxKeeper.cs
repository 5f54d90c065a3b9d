using Ledger.EventStore;

namespace Ledger.Api.Webhooks;

/// <summary>How long tenants keep raw bodies.</summary>
internal interface IRetentionSource
{
    /// <summary>A tenant's retention in days; null where it has set none.</summary>
    ValueTask<int?> DaysAsync(string tenant, CancellationToken cancellationToken);
}

/// <summary>Keeps the inbox in order: writes counts, measures what is open, and erases bodies whose time is over. Every node does it; what two do at once is done once.</summary>
internal sealed class InboxKeeper(DeliveryStore store, DeliveryDesk desk, RefusalCounts refusals, IRetentionSource retention, InboxOptions options, TimeProvider clock, ILogger<InboxKeeper> logger) : BackgroundService
{
    /// <summary>At most so many bodies are erased in one statement.</summary>
    public const int ErasedMax = 1_000;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan EraseEvery = TimeSpan.FromHours(1);

    /// <summary>Erases all bodies that are older than their tenant keeps them.</summary>
    /// <returns>How many.</returns>
    public async Task<int> EraseAsync(CancellationToken cancellationToken)
    {
        var all = 0;
        await desk.ForgetContactsAsync(cancellationToken);
        foreach (var tenant in await desk.TenantsAsync(cancellationToken))
        {
            var days = await retention.DaysAsync(tenant, cancellationToken) ?? options.RetentionDays;
            int erased;
            do all += erased = await desk.EraseOldAsync(tenant, days, ErasedMax, cancellationToken);
            while (erased == ErasedMax);
        }

        return all;
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryAsync(refusals.WriteAsync, "Counts of refused notifications could not be written.", cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var erasedAt = DateTimeOffset.MinValue;
        while (!stoppingToken.IsCancellationRequested)
        {
            await TryAsync(refusals.WriteAsync, "Counts of refused notifications could not be written; they are kept.", stoppingToken);
            await TryAsync(async stop => InboxMetrics.Measure(await store.OpenAsync(stop)), "The inbox could not be measured.", stoppingToken);
            if (clock.GetUtcNow() - erasedAt >= EraseEvery && await TryAsync(async stop => await EraseAsync(stop), "Old bodies of notifications could not be erased; it is tried again.", stoppingToken)) erasedAt = clock.GetUtcNow();
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

    private async Task<bool> TryAsync(Func<CancellationToken, Task> act, string told, CancellationToken cancellationToken)
    {
        try
        {
            // A database that hangs must not hold up the end of the service.
            await act(cancellationToken).WaitAsync(cancellationToken);
            return true;
        }
        catch (Exception failure)
        {
            if (!cancellationToken.IsCancellationRequested) logger.LogWarning(failure, "{What}", told);
            return false;
        }
    }
}
