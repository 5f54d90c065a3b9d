using System.Collections.Concurrent;
using System.Data.Common;

namespace Ledger.Api.Access;

/// <summary>The database can't confirm a credential now, and none in memory is fresh enough.</summary>
internal sealed class UnconfirmedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// What the database said a moment ago. An entry counts for three seconds from the time at which the question was asked, so what is changed there
/// is known on every node soon after; while it is being asked again (once, however many wait) those that wait, wait. Where the database does not
/// answer, an entry counts for two seconds more, and then nothing does. Nothing is remembered of what was not found: what is new works at once.
/// </summary>
/// <typeparam name="TKey">What is asked for.</typeparam>
/// <typeparam name="TValue">What is found.</typeparam>
/// <param name="load">Asks the database; null where there is none.</param>
/// <param name="clock">Tells the time.</param>
internal sealed class FreshCache<TKey, TValue>(Func<TKey, CancellationToken, Task<TValue?>> load, TimeProvider clock) : IDisposable
    where TKey : notnull
    where TValue : class
{
    /// <summary>So long an entry counts.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(3);

    /// <summary>So long it counts where the database does not answer.</summary>
    public static readonly TimeSpan GraceFor = TimeSpan.FromSeconds(4.5);

    /// <summary>From this age on the next use asks again in the background, so that a busy credential never waits.</summary>
    public static readonly TimeSpan RefreshAfter = TimeSpan.FromSeconds(2);

    /// <summary>So long the database has for its answer.</summary>
    public static readonly TimeSpan LoadTime = TimeSpan.FromSeconds(1.5);

    /// <summary>Most entries; beyond it the stale ones go, then all.</summary>
    public const int EntriesMax = 20_000;

    /// <summary>Most questions to the database at once.</summary>
    public const int LoadsMax = 8;

    /// <summary>Most that wait for one of those; others are turned away.</summary>
    public const int WaitersMax = 256;

    private readonly ConcurrentDictionary<TKey, Entry> entries = new();
    private readonly ConcurrentDictionary<TKey, Task<TValue?>> loading = new();
    private readonly SemaphoreSlim loads = new(LoadsMax);
    private int waiters;

    /// <summary>What stands under a key; null where nothing does.</summary>
    /// <exception cref="UnconfirmedException">The database does not answer, and memory has nothing fresh enough.</exception>
    public ValueTask<TValue?> GetAsync(TKey key)
    {
        if (!entries.TryGetValue(key, out var entry)) return new(LoadAsync(key));
        var age = clock.GetElapsedTime(entry.AskedAt);
        if (age < RefreshAfter) return new(entry.Value);
        if (age < FreshFor)
        {
            // Whatever comes of it is seen by the next use, which then waits.
            if (!loading.ContainsKey(key)) _ = LoadAsync(key).ContinueWith(static t => t.Exception, TaskScheduler.Default);
            return new(entry.Value);
        }

        return new(ConfirmAsync(key, entry));
    }

    public void Dispose() => loads.Dispose();

    private async Task<TValue?> ConfirmAsync(TKey key, Entry entry)
    {
        try
        {
            return await LoadAsync(key);
        }
        catch (UnconfirmedException) when (clock.GetElapsedTime(entry.AskedAt) < GraceFor)
        {
            return entry.Value;
        }
    }

    private Task<TValue?> LoadAsync(TKey key)
    {
        if (loading.TryGetValue(key, out var running)) return running;
        var mine = new TaskCompletionSource<TValue?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var winner = loading.GetOrAdd(key, mine.Task);
        if (ReferenceEquals(winner, mine.Task)) _ = RunAsync(key, mine);
        return winner;
    }

    private async Task RunAsync(TKey key, TaskCompletionSource<TValue?> result)
    {
        try
        {
            var value = await AskAsync(key);
            loading.TryRemove(key, out _);
            result.SetResult(value);
        }
        catch (Exception failure)
        {
            loading.TryRemove(key, out _);
            result.SetException(failure is DbException or TimeoutException or OperationCanceledException ? new UnconfirmedException("The database does not answer.", failure) : failure);
        }
    }

    private async Task<TValue?> AskAsync(TKey key)
    {
        using var limit = new CancellationTokenSource(LoadTime, clock);
        if (!loads.Wait(0, CancellationToken.None))
        {
            if (Interlocked.Increment(ref waiters) > WaitersMax)
            {
                Interlocked.Decrement(ref waiters);
                throw new UnconfirmedException("Too many unknown credentials at once.");
            }

            try
            {
                await loads.WaitAsync(limit.Token);
            }
            finally
            {
                Interlocked.Decrement(ref waiters);
            }
        }

        try
        {
            var askedAt = clock.GetTimestamp();
            var value = await load(key, limit.Token);
            if (value is null) entries.TryRemove(key, out _);
            else Keep(key, new Entry(value, askedAt));
            return value;
        }
        finally
        {
            loads.Release();
        }
    }

    private void Keep(TKey key, Entry entry)
    {
        if (entries.Count >= EntriesMax && !entries.ContainsKey(key))
        {
            foreach (var (old, e) in entries)
            {
                if (clock.GetElapsedTime(e.AskedAt) >= FreshFor) entries.TryRemove(old, out _);
            }

            if (entries.Count >= EntriesMax) entries.Clear();
        }

        entries[key] = entry;
    }

    private sealed record Entry(TValue Value, long AskedAt);
}
