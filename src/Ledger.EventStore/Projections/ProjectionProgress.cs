using System.Collections.Concurrent;

namespace Ledger.EventStore.Projections;

/// <summary>How far the projections that this node leads have come, and who waits for them.</summary>
internal sealed class ProjectionProgress
{
    private readonly ConcurrentDictionary<string, long> positions = new(StringComparer.Ordinal);
    private TaskCompletionSource moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int waiting;

    /// <summary>Whether somebody waits.</summary>
    public bool IsAwaited => Volatile.Read(ref waiting) > 0;

    /// <summary>The position of a projection that this node leads; null for another.</summary>
    public long? Of(string name) => positions.TryGetValue(name, out var position) ? position : null;

    public void Reached(string name, long position) => positions[name] = position;

    /// <summary>This node leads it no longer.</summary>
    public void Forget(string name) => positions.TryRemove(name, out _);

    /// <summary>Tells those that wait that something has moved.</summary>
    public void Tell()
    {
        if (IsAwaited) Interlocked.Exchange(ref moved, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    /// <summary>Waits until a projection that this node leads has passed a position; false after the time, or as soon as it is led elsewhere.</summary>
    public async Task<bool> WaitAsync(string name, long position, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Interlocked.Increment(ref waiting);
        try
        {
            while (true)
            {
                var next = Volatile.Read(ref moved).Task;
                if (Of(name) is not { } reached) return false;
                if (reached >= position) return true;
                var left = atMost - clock.Elapsed;
                if (left <= TimeSpan.Zero) return false;
                await Task.WhenAny(next, Task.Delay(left, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }
}
