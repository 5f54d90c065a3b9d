using Ledger.EventStore;

namespace Ledger.Api.Maintenance;

/// <summary>Does what is due on streams of one kind, many at once, the longest due first. Not for several threads but where it says so.</summary>
/// <param name="kind">The kind.</param>
/// <param name="desk">Who is at what.</param>
/// <param name="logger">Where faults are told.</param>
internal sealed class DueLane(IDueKind kind, DueDesk desk, ILogger logger)
{
    // What has ended within so long is given back together.
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(20);

    private readonly List<Task<(Claim Claim, Settled Settled)>> running = new(kind.AtOnceMax);
    private readonly Dictionary<string, int> ofTenant = new(StringComparer.Ordinal);

    /// <summary>Whether every place is taken.</summary>
    public bool IsFull => running.Count == kind.AtOnceMax;

    /// <summary>Whether nothing is under way.</summary>
    public bool IsIdle => running.Count == 0;

    /// <summary>Takes as many as there is room for, and begins with them.</summary>
    /// <param name="holder">The run that asks; null for a worker.</param>
    /// <param name="until">What is due later is left.</param>
    /// <param name="mayCall">Whether providers may be asked.</param>
    /// <param name="cancellationToken">Ends the taking.</param>
    /// <param name="stopping">The service stops.</param>
    /// <returns>How many were taken.</returns>
    public async Task<int> BeginAsync(string? holder, DateTimeOffset? until, bool mayCall, CancellationToken cancellationToken, CancellationToken stopping)
    {
        var all = 0;
        while (!IsFull)
        {
            var full = Full().ToList();
            var taken = await desk.TakeAsync(kind.Kind, kind.AtOnceMax - running.Count, tenant => kind.OfTenantMax - ofTenant.GetValueOrDefault(tenant), full, kind.Lease, holder, until, cancellationToken);
            foreach (var claim in taken)
            {
                ofTenant[claim.Stream.Tenant] = ofTenant.GetValueOrDefault(claim.Stream.Tenant) + 1;
                running.Add(DoAsync(claim, mayCall, stopping));
            }

            all += taken.Count;
            // A tenant that has all that it may have by now hides nobody: there is another look, without it.
            if (Full().Count() == full.Count) break;
        }

        return all;
    }

    private IEnumerable<string> Full() => ofTenant.Where(one => one.Value >= kind.OfTenantMax).Select(one => one.Key);

    /// <summary>Waits until something has ended, a little longer for what ends with it, and gives it back.</summary>
    /// <returns>What has ended.</returns>
    public async Task<IReadOnlyList<(Claim Claim, Settled Settled)>> EndSomeAsync(CancellationToken stopping)
    {
        if (running.Count == 0) return [];
        await EndedAsync(stopping);
        stopping.ThrowIfCancellationRequested();
        return await GiveBackAsync();
    }

    /// <summary>Ends when something has ended, a little later for what ends with it.</summary>
    public async Task EndedAsync(CancellationToken stopping)
    {
        var all = Task.WhenAll(running);
        await Task.WhenAny(Task.WhenAny(running), Task.Delay(Timeout.InfiniteTimeSpan, stopping));
        await Task.WhenAny(all, Task.Delay(Gather, stopping));
    }

    /// <summary>Gives back what has ended, and waits for nothing.</summary>
    public async Task<IReadOnlyList<(Claim Claim, Settled Settled)>> GiveBackAsync()
    {
        var ended = new List<(Claim Claim, Settled Settled)>();
        for (var i = running.Count - 1; i >= 0; i--)
        {
            if (!running[i].IsCompleted) continue;
            ended.Add(await running[i]);
            running.RemoveAt(i);
        }

        if (ended.Count == 0) return [];
        foreach (var (claim, _) in ended) ofTenant[claim.Stream.Tenant]--;
        await desk.GiveBackAsync([.. ended.Select(e => (e.Claim, e.Settled.After(e.Claim.Tries)))]);
        return ended;
    }

    /// <summary>Waits until all that is under way has ended, at most this long.</summary>
    public async Task EndAsync(TimeSpan atMost)
    {
        await Task.WhenAny(Task.WhenAll(running), Task.Delay(atMost, CancellationToken.None));
        await GiveBackAsync();
    }

    /// <summary>Does one; whatever goes wrong, it is tried again later and others go on.</summary>
    private async Task<(Claim Claim, Settled Settled)> DoAsync(Claim claim, bool mayCall, CancellationToken stopping)
    {
        try
        {
            var settled = await Task.Run(() => kind.DoAsync(claim, mayCall, stopping), CancellationToken.None);
            MaintenanceMetrics.Settled(kind.Kind, settled);
            return (claim, settled);
        }
        catch (Exception failure)
        {
            if (!stopping.IsCancellationRequested) logger.LogError(failure, "What is due on {Stream} of tenant {Tenant} could not be done; it is tried again.", claim.Stream.Id, claim.Stream.Tenant);
            return (claim, stopping.IsCancellationRequested ? Settled.Later(TimeSpan.Zero) : Settled.Failed());
        }
    }
}
