using Ledger.Api.Http;
using Ledger.EventStore;
using Ledger.EventStore.Projections;

namespace Ledger.Api.ReadModels;

/// <summary>
/// Keeps queries from being answered by read models that have not seen what their client has. With <c>minVersion</c> a query waits until that version is in; without it
/// waits a short time for the last event that the account has at present, so that a client finds what it has just written, and is then answered with what is there.
/// A stream that a projection has put aside is behind in it, however far the projection has come.
/// </summary>
internal sealed class Freshness(EventReader reader, ProjectionDesk projections)
{
    /// <summary>How long a query waits for the version that its client names.</summary>
    public static readonly TimeSpan MinVersionWaitMax = TimeSpan.FromSeconds(5);

    /// <summary>How long a query waits for what has been written by now, where its client names no version.</summary>
    public static readonly TimeSpan OwnWritesWaitMax = TimeSpan.FromSeconds(2);

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

        // Looked at last: a stream is put aside by the step that passes its event.
        return await ParkedAsync(readModels, stream.Tenant, (stream.Id, version), cancellationToken);
    }

    /// <summary>Waits until each of these read models has taken in all that is committed when this is asked, for reports over a whole tenant.</summary>
    /// <param name="tenant">The tenant, as clients name it.</param>
    /// <param name="readModels">The names of asynchronous projections.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>What the client is told of the first that has not come so far within 5 s, or has put a stream of the tenant aside; null where all are whole.</returns>
    public async Task<Problem?> BehindAsync(string tenant, IReadOnlyList<string> readModels, CancellationToken cancellationToken)
    {
        await using var command = reader.Source.CreateCommand("select seq_id from ledger.mt_events order by seq_id desc limit 1");
        if (await command.ExecuteScalarAsync(cancellationToken) is not long latest) return null;
        var waited = System.Diagnostics.Stopwatch.StartNew();
        foreach (var name in readModels)
        {
            var left = MinVersionWaitMax - waited.Elapsed;
            if (!await projections.SeenAsync(name, latest, left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken))
                return Behind($"The read model {name} has not come to what was recorded when this was asked for: try again in a moment.");
        }

        return await ParkedAsync(readModels, tenant, null, cancellationToken) is { } parked
            ? Behind($"The read model {parked} has put accounts of this tenant aside, so what it says of the tenant is not whole: an operator has to retry or rebuild it (see /v1/projections).")
            : null;
    }

    private static Problem Behind(string detail) => new(ProblemTypes.ReadModelBehind, detail) { RetryAfterSeconds = 1 };

    /// <summary>The first of these read models that has put aside this stream at or below this version, or any stream of the tenant where none is named. Nearly always the table is empty.</summary>
    private async Task<string?> ParkedAsync(IReadOnlyList<string> readModels, string tenant, (string Id, long Version)? stream, CancellationToken cancellationToken)
    {
        await using var command = reader.Source.CreateCommand(
            "select projection from ledger.projection_parked where tenant_id = $1 and projection = any($2)" + (stream is null ? "" : " and stream_id = $3 and first_version <= $4") + " limit 1");
        command.Parameters.AddWithValue(Tenants.Stored(tenant));
        command.Parameters.AddWithValue(readModels.ToArray());
        if (stream is var (id, version))
        {
            command.Parameters.AddWithValue(id);
            command.Parameters.AddWithValue(version);
        }

        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }
}
