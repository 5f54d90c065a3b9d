using Ledger.EventStore;
using Ledger.EventStore.Projections;

namespace Ledger.Api.ReadModels;

/// <summary>
/// Keeps queries from being answered by read models that have not seen what their client has. With <c>minVersion</c> a query waits until that version is in; without it
/// waits a short time for the last event that the account has at present, so that a client finds what it has just written, and is then answered with what is there.
/// </summary>
internal sealed class Freshness(EventReader reader, ProjectionDesk projections)
{
    /// <summary>How long a query waits for the version that its client names.</summary>
    public static readonly TimeSpan MinVersionWaitMax = TimeSpan.FromSeconds(5);

    /// <summary>How long a query waits for what has been written by now, where its client names no version.</summary>
    public static readonly TimeSpan OwnWritesWaitMax = TimeSpan.FromSeconds(1);

    /// <summary>Waits until each of these read models has taken in a version of a stream.</summary>
    /// <param name="stream">The stream, which has that version.</param>
    /// <param name="version">The version.</param>
    /// <param name="readModels">The names of asynchronous projections.</param>
    /// <param name="atMost">How long to wait.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The first of them that has not come so far; null where all have.</returns>
    public async Task<string?> BehindAsync(StreamRef stream, long version, IReadOnlyList<string> readModels, TimeSpan atMost, CancellationToken cancellationToken)
    {
        if (readModels.Count == 0 || await reader.PositionAsync(stream, version, cancellationToken) is not { } position) return null;
        var waited = System.Diagnostics.Stopwatch.StartNew();
        foreach (var name in readModels)
        {
            var left = atMost - waited.Elapsed;
            if (!await projections.SeenAsync(name, position, left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken)) return name;
        }

        return null;
    }
}
