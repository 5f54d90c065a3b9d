using System.Diagnostics;
using System.Threading.Channels;
using Npgsql;

namespace Ledger.Api.Webhooks;

/// <summary>
/// Applies what was received, on every node: each provider has a lane of its own, so that a slow one holds up no other. A receipt wakes the lane of its node at once; what other
/// nodes left, and what is due again, is found by looking twice a second.
/// </summary>
internal sealed class InboxWorker(DeliveryStore store, Inbox inbox, ProviderDirectory providers, InboxOptions options, TimeProvider clock, ILogger<InboxWorker> logger) : BackgroundService
{
    private static readonly TimeSpan EndMax = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, Channel<bool>> wakes = providers.Names.ToDictionary(name => name, _ => Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }), StringComparer.Ordinal);

    /// <summary>Says that something of a provider is due.</summary>
    public void Wake(string provider) => wakes[provider].Writer.TryWrite(true);

    /// <summary>Applies a delivery that was taken, and writes down what became of it.</summary>
    public async Task<Judgement> WorkAsync(Delivery taken, CancellationToken cancellationToken)
    {
        var judged = await JudgeAsync(taken, cancellationToken);
        var retryIn = RetryIn(taken, ref judged);
        // What was done is marked although the service stops: the next node would only find that out again.
        await store.MarkAsync(taken, judged, retryIn, CancellationToken.None);
        InboxMetrics.Tried(taken, judged.Status, clock.GetUtcNow());
        if (judged is { Status: DeliveryStatus.Applied, Refs.Count: > 0 } && await store.WakeAsync(taken.Tenant, judged.Refs, CancellationToken.None) > 0) Wake(taken.Provider);
        if (judged.Status == DeliveryStatus.Failed) logger.LogWarning("Delivery {Id} of {Provider} for tenant {Tenant} is parked: {Reason}", taken.Id, taken.Provider, taken.Tenant, judged.Reason);
        return judged;
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(wakes.Keys.Select(provider => Task.Run(() => RunAsync(provider, stoppingToken), CancellationToken.None)));

    private async Task RunAsync(string provider, CancellationToken stopping)
    {
        var lanes = new List<Lane>(options.AtOnceMax);
        while (!stopping.IsCancellationRequested)
        {
            lanes.RemoveAll(lane => lane.Work.IsCompleted);
            var slow = lanes.Where(lane => Stopwatch.GetElapsedTime(lane.Since) >= options.SlowAfter).ToList();
            var slots = Math.Min(options.AtOnceMax - (lanes.Count - slow.Count), options.AllMax - lanes.Count);
            if (slots <= 0)
            {
                // Until one ends, or is slow and leaves its place.
                await Task.WhenAny([.. lanes.Select(lane => lane.Work), Task.Delay(options.LookEvery, stopping)]);
                continue;
            }

            var held = slow.GroupBy(lane => lane.Tenant, StringComparer.Ordinal).Where(tenant => tenant.Count() >= options.SlowEachMax).Select(tenant => tenant.Key);
            var taken = await TakeAsync(provider, slots, held, stopping);
            foreach (var delivery in taken) lanes.Add(new Lane(delivery.Tenant, Stopwatch.GetTimestamp(), RunOneAsync(delivery, stopping)));
            if (taken.Count < slots) await WaitAsync(wakes[provider].Reader, stopping);
        }

        // What is under way ends before the store does.
        await Task.WhenAny(Task.WhenAll(lanes.Select(lane => lane.Work)), Task.Delay(EndMax, CancellationToken.None));
    }

    private async Task<IReadOnlyList<Delivery>> TakeAsync(string provider, int slots, IEnumerable<string> without, CancellationToken stopping)
    {
        try
        {
            // A database that hangs must not hold up the end of the service: what is taken all the same is free again after its lease.
            return await store.TakeAsync(provider, slots, without, options.Lease, CancellationToken.None).WaitAsync(stopping);
        }
        catch (Exception failure)
        {
            if (!stopping.IsCancellationRequested) logger.LogWarning(failure, "What {Provider} told can't be read from the inbox; it is tried again.", provider);
            return [];
        }
    }

    private async Task RunOneAsync(Delivery delivery, CancellationToken stopping)
    {
        try
        {
            await WorkAsync(delivery, stopping);
        }
        catch (Exception failure)
        {
            // Nothing is lost: once the lease is over somebody takes it again.
            logger.LogWarning(failure, "What became of delivery {Id} could not be written down; it is applied again later.", delivery.Id);
        }
    }

    private async Task<Judgement> JudgeAsync(Delivery taken, CancellationToken cancellationToken)
    {
        // It was taken again and again and never marked: each time its node ended.
        if (taken.Status == DeliveryStatus.Received && taken.Tries > options.UnendedMax) return new Judgement(DeliveryStatus.Failed, $"It was tried {options.UnendedMax} times and no try came to an end.");
        try
        {
            return await inbox.ApplyAsync(taken, dryRun: false, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new Judgement(DeliveryStatus.Waiting, "The service was stopped.") { Faults = taken.Faults, RetryIn = TimeSpan.Zero };
        }
        catch (Exception failure) when (failure is NpgsqlException or TimeoutException or IOException)
        {
            return new Judgement(DeliveryStatus.Waiting, "The database did not answer.") { Faults = taken.Faults, RetryIn = Inbox.NotNowWait };
        }
        catch (Exception failure)
        {
            logger.LogError(failure, "Delivery {Id} of {Provider} for tenant {Tenant} could not be applied.", taken.Id, taken.Provider, taken.Tenant);
            var faults = taken.Faults + 1;
            return new Judgement(faults >= options.FaultsMax ? DeliveryStatus.Failed : DeliveryStatus.Waiting, $"The program failed over it ({failure.GetType().Name}). The service's log says more under its id.") { Faults = faults };
        }
    }

    /// <summary>When it is tried again; what has waited too long is given up.</summary>
    private TimeSpan? RetryIn(Delivery taken, ref Judgement judged)
    {
        if (judged.Status is not (DeliveryStatus.Waiting or DeliveryStatus.Received)) return null;
        if (clock.GetUtcNow() - taken.BegunAt >= options.GiveUpAfter)
        {
            judged = judged with { Status = DeliveryStatus.Failed, Reason = $"Given up after {options.GiveUpAfter.TotalDays:0.#} days. {judged.Reason}" };
            return null;
        }

        return judged.RetryIn ?? options.WaitAfter(taken.Tries, Random.Shared.NextDouble());
    }

    private async Task WaitAsync(ChannelReader<bool> woken, CancellationToken stopping)
    {
        using var look = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        look.CancelAfter(options.LookEvery);
        try
        {
            await woken.ReadAsync(look.Token);
        }
        catch (OperationCanceledException) when (look.IsCancellationRequested)
        {
            // Time to look, or to stop.
        }
    }

    private sealed record Lane(string Tenant, long Since, Task Work);
}
