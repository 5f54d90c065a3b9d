using System.Collections.Immutable;
using System.Diagnostics;
using Ledger.Domain.Payments;
using Ledger.Providers;

namespace Ledger.Api.Webhooks;

/// <summary>
/// Asks a provider how payments stand: one question at a time for each payment, and not too often. Whoever comes while it is being asked waits for the next answer,
/// since the one under way may be older than the news; all that came by then share that one.
/// </summary>
/// <param name="options">How long an answer may take, and how often one payment is asked about.</param>
internal sealed class HintAsker(InboxOptions options)
{
    private readonly Dictionary<(string, string, string), Entry> entries = [];

    /// <summary>What the provider says now, asked after this was called.</summary>
    /// <param name="adapter">Who is asked.</param>
    /// <param name="settings">The tenant's settings.</param>
    /// <param name="tenant">The tenant.</param>
    /// <param name="refs">What names the payment.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ProviderException">It could not be asked.</exception>
    public async Task<ImmutableArray<ProviderFact>> AskAsync(IPaymentProvider adapter, ProviderSettings settings, string tenant, ProviderRefs refs, CancellationToken cancellationToken)
    {
        var key = (tenant, adapter.Name, NameOf(refs) ?? throw new ArgumentException("Nothing is named that could be asked about.", nameof(refs)));
        var came = Stopwatch.GetTimestamp();
        var entry = Enter(key);
        try
        {
            await entry.Turn.WaitAsync(cancellationToken);
            try
            {
                if (entry.AskedAt > came) return entry.Answer;
                if (entry.AskedAt > 0 && options.AskEvery - Stopwatch.GetElapsedTime(entry.AskedAt) is { Ticks: > 0 } early) await Task.Delay(early, cancellationToken);
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                limit.CancelAfter(options.AskTimeMax);
                var askedAt = Stopwatch.GetTimestamp();
                entry.Answer = await AskAsync(adapter, settings, refs, limit.Token, cancellationToken);
                entry.AskedAt = askedAt;
                return entry.Answer;
            }
            finally
            {
                entry.Turn.Release();
            }
        }
        finally
        {
            Leave(key, entry);
        }
    }

    /// <summary>The order, else the strongest reference, else the subscription; null where none is told.</summary>
    public static string? NameOf(ProviderRefs refs) => refs.OrderId ?? (refs.Leading is [var first, ..] ? first : refs.SubscriptionId);

    private static async Task<ImmutableArray<ProviderFact>> AskAsync(IPaymentProvider adapter, ProviderSettings settings, ProviderRefs refs, CancellationToken limit, CancellationToken stopping)
    {
        try
        {
            return await adapter.AskAsync(settings, refs, limit);
        }
        catch (ProviderException failure) when (failure.Fault == ProviderFault.NotFound)
        {
            return [];
        }
        catch (OperationCanceledException failure) when (!stopping.IsCancellationRequested)
        {
            throw new ProviderException("It did not answer in time.", ProviderFault.Unknown, inner: failure);
        }
    }

    private Entry Enter((string, string, string) key)
    {
        lock (entries)
        {
            if (!entries.TryGetValue(key, out var entry)) entries.Add(key, entry = new Entry());
            entry.Users++;
            return entry;
        }
    }

    /// <summary>What nobody waits for is forgotten once it may be asked about again.</summary>
    private void Leave((string, string, string) key, Entry entry)
    {
        lock (entries)
        {
            if (--entry.Users > 0) return;
            if (entry.AskedAt == 0) entries.Remove(key);
            foreach (var (old, idle) in entries.Count > IdleMax ? entries.Where(e => e.Value.Users == 0 && Stopwatch.GetElapsedTime(e.Value.AskedAt) >= options.AskEvery).ToList() : []) entries.Remove(old);
        }
    }

    private const int IdleMax = 256;

    private sealed class Entry
    {
        public SemaphoreSlim Turn { get; } = new(1);

        public int Users { get; set; }

        public long AskedAt { get; set; }

        public ImmutableArray<ProviderFact> Answer { get; set; } = [];
    }
}
