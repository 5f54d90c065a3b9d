using Ledger.EventStore.Projections;

namespace Ledger.Api.ReadModels;

/// <summary>The body of a request to a projection: nothing.</summary>
public sealed record ProjectionRequest;

/// <summary>A projection as answered.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind"><c>async</c>, or <c>inline</c>: written in the commit of its events, and so never behind.</param>
/// <param name="State"><c>running</c>, <c>paused</c>, <c>failed</c>, <c>outdated</c> (its rows are of another version: rebuild it) or <c>inline</c>.</param>
/// <param name="Version">The version of its rows.</param>
/// <param name="ProgramVersion">The version that this program would write.</param>
/// <param name="Position">The position that it has come to.</param>
/// <param name="Highest">The highest committed position.</param>
/// <param name="LagEvents">How many positions it is behind.</param>
/// <param name="LagMs">Age of the oldest event that it has not applied, in milliseconds.</param>
/// <param name="Leader">The node that leads it.</param>
/// <param name="HeartbeatAgeMs">How long ago that node was last heard of, in milliseconds.</param>
/// <param name="Error">What keeps it from going on.</param>
/// <param name="ParkedStreams">How many streams it has put aside.</param>
/// <param name="Parked">The first of them; only in the answer about one projection.</param>
/// <param name="Rebuild">Its present or last rebuild.</param>
public sealed record ProjectionBody(
    string Name, string Kind, string State, int Version, int ProgramVersion, long Position, long Highest, long LagEvents, long LagMs, string? Leader, long? HeartbeatAgeMs, string? Error,
    int ParkedStreams, IReadOnlyList<ParkedBody>? Parked, RebuildBody? Rebuild)
{
    internal static ProjectionBody Of(ProjectionStatus status, IReadOnlyList<ParkedStream>? parked = null) => new(
        status.Name, status.Kind, status.State, status.Version, status.ProgramVersion, status.Position, status.Highest, status.LagEvents, status.LagMs, status.Leader, status.HeartbeatAgeMs, status.Error, status.Parked,
        parked is null ? null : [.. parked.Select(p => new ParkedBody(p.FirstSeqId, p.Tries, p.Error, p.Since))],
        status.Rebuild is { } r ? new RebuildBody(r.Phase, r.Position, r.Goal, r.EventsPerSecond, r.RemainingSeconds, r.StartedAt, r.Error) : null);
}

/// <summary>A stream that a projection has put aside. An operator reads no account, so it is told by position alone.</summary>
/// <param name="FirstPosition">The position of the event that it could not take.</param>
/// <param name="Tries">How often it was tried.</param>
/// <param name="Error">Why not.</param>
/// <param name="Since">When it was put aside.</param>
public sealed record ParkedBody(long FirstPosition, int Tries, string Error, DateTimeOffset Since);

/// <summary>A rebuild as answered.</summary>
/// <param name="Phase"><c>copying</c>, <c>indexing</c>, <c>catching_up</c>, <c>swapping</c>; or how it ended: <c>done</c>, <c>cancelled</c>, <c>failed</c>, <c>lost</c> (its process is gone).</param>
/// <param name="Position">The position that it has come to.</param>
/// <param name="Goal">The highest position when it was last looked.</param>
/// <param name="EventsPerSecond">Events a second.</param>
/// <param name="RemainingSeconds">How long the rest will take at that rate.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="Error">Why it failed.</param>
public sealed record RebuildBody(string Phase, long Position, long Goal, long EventsPerSecond, long? RemainingSeconds, DateTimeOffset StartedAt, string? Error);
