using System.Collections.Concurrent;
using System.Diagnostics;
using Ledger.EventStore;

namespace Ledger.Api.Payments;

/// <summary>
/// Asks providers what is due on payments: pages that their request could not open, refunds, how a payment stands of which nothing is heard, and whether a page that has closed was paid. Every node does
/// it; the lease of a payment keeps two from asking at once, and the provider's keys make a call that is repeated after a crash the same call.
/// </summary>
internal sealed class PaymentWorker(PaymentCalls calls, EventReader reader, ILogger<PaymentWorker> logger) : BackgroundService
{
    /// <summary>At most so many payments are asked about at once on each node.</summary>
    public const int AtOnceMax = 16;

    private const int PageMax = 200;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan OthersAreAtIt = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LeaveAlone = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan EndMax = TimeSpan.FromSeconds(15);

    // Payments that this node is at, or had no luck with: others go first, so that what can't be done holds up nobody.
    private readonly ConcurrentDictionary<StreamRef, long> passedOver = new();

    /// <summary>Does all that is due now; returns how many payments were asked about.</summary>
    public async Task<int> OnceAsync(CancellationToken cancellationToken)
    {
        var done = 0;
        await Parallel.ForEachAsync(await DueAsync(cancellationToken), new ParallelOptions { MaxDegreeOfParallelism = AtOnceMax, CancellationToken = cancellationToken }, async (stream, stop) =>
        {
            if (await DoAsync(stream, stop)) Interlocked.Increment(ref done);
        });
        return done;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var running = new List<Task>(AtOnceMax);
        while (!stoppingToken.IsCancellationRequested)
        {
            running.RemoveAll(task => task.IsCompleted);
            foreach (var stream in (await TryDueAsync(stoppingToken)).Take(AtOnceMax - running.Count))
            {
                passedOver[stream] = long.MaxValue;
                running.Add(DoAsync(stream, stoppingToken));
            }

            try
            {
                // A full house waits for a place, others for what is due next.
                if (running.Count == AtOnceMax) await Task.WhenAny(running).WaitAsync(stoppingToken);
                else await Task.Delay(Look, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        await Task.WhenAny(Task.WhenAll(running), Task.Delay(EndMax, CancellationToken.None));
    }

    private async Task<IReadOnlyList<StreamRef>> TryDueAsync(CancellationToken stopping)
    {
        try
        {
            return await DueAsync(CancellationToken.None).WaitAsync(stopping); // a database that hangs must not hold up the end of the service
        }
        catch (Exception failure)
        {
            if (!stopping.IsCancellationRequested) logger.LogWarning(failure, "What is due on payments can't be read; it is tried again.");
            return [];
        }
    }

    private async Task<IReadOnlyList<StreamRef>> DueAsync(CancellationToken cancellationToken)
    {
        foreach (var (stream, until) in passedOver)
        {
            if (until < Stopwatch.GetTimestamp()) passedOver.TryRemove(stream, out _);
        }

        var due = await reader.DueAsync(PaymentModel.StreamKind, PageMax + passedOver.Count, cancellationToken);
        return [.. due.Select(d => d.Stream).Where(stream => !passedOver.ContainsKey(stream))];
    }

    /// <summary>Asks about one payment; whatever goes wrong, it is tried again later and others go on.</summary>
    private async Task<bool> DoAsync(StreamRef stream, CancellationToken stopping)
    {
        TimeSpan? leaveAlone = null;
        try
        {
            var done = await calls.DoDueAsync(stream.Tenant, PaymentModel.PaymentOf(stream), stopping);
            if (!done) leaveAlone = OthersAreAtIt;
            return done;
        }
        catch (Exception failure)
        {
            leaveAlone = LeaveAlone;
            if (!stopping.IsCancellationRequested) logger.LogError(failure, "What is due on {Payment} of tenant {Tenant} could not be asked; it is tried again.", PaymentModel.PaymentOf(stream), stream.Tenant);
            return false;
        }
        finally
        {
            if (leaveAlone is { } pause) passedOver[stream] = Stopwatch.GetTimestamp() + (long)(pause.TotalSeconds * Stopwatch.Frequency);
            else passedOver.TryRemove(stream, out _);
        }
    }
}
