using Ledger.EventStore.Verification;

namespace Ledger.Api.Verification;

/// <summary>A difference between what is stored and what follows from the events.</summary>
/// <param name="Position">The position of the event that it is about.</param>
/// <param name="TenantId">The tenant.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Version">The version in the stream.</param>
/// <param name="What">What differs.</param>
/// <param name="Expected">What should be there; absent where nothing should.</param>
/// <param name="Found">What is there; absent where nothing is.</param>
public sealed record DifferenceBody(long? Position, string? TenantId, string? Stream, long? Version, string What, string? Expected, string? Found)
{
    internal static DifferenceBody Of(Finding finding) => new(finding.SeqId, finding.Tenant, finding.Stream, finding.Version, finding.What, finding.Expected, finding.Found);
}

/// <summary>What a verification looked at and found.</summary>
public sealed record ReportBody
{
    /// <summary>How many differences there are.</summary>
    public required long Differences { get; init; }

    /// <summary>The first of them, at most 100: what is wrong with events themselves, by position, then roots of days, then what stands beside. The first one names the first bad position.</summary>
    public required IReadOnlyList<DifferenceBody> First { get; init; }

    /// <summary>How many events it read.</summary>
    public required long Events { get; init; }

    /// <summary>The last position that it read.</summary>
    public required long LastPosition { get; init; }

    /// <summary>How many streams the events make.</summary>
    public required long Streams { get; init; }

    /// <summary>How many facts it compared.</summary>
    public required long Facts { get; init; }

    /// <summary>How many checkpoints it compared.</summary>
    public required long Checkpoints { get; init; }

    /// <summary>How many idempotency keys it followed to their events.</summary>
    public required long Keys { get; init; }

    /// <summary>How many rows of read models it compared with a rebuild.</summary>
    public required long ReadModelRows { get; init; }

    /// <summary>How many roots of days it made again.</summary>
    public required long Roots { get; init; }

    /// <summary>The last position that a stored root covers.</summary>
    public required long RootedTo { get; init; }

    /// <summary>How many published roots it was given and made again.</summary>
    public required long PublishedRoots { get; init; }

    /// <summary>The last position that a published root covers.</summary>
    public required long PublishedTo { get; init; }

    /// <summary>What a reader should know beside.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>How long it took, in milliseconds.</summary>
    public required long TookMs { get; init; }

    internal static ReportBody Of(VerificationReport report) => new()
    {
        Differences = report.Differences,
        First = [.. report.First.Select(DifferenceBody.Of)],
        Events = report.Events,
        LastPosition = report.LastSeqId,
        Streams = report.Streams,
        Facts = report.Facts,
        Checkpoints = report.Checkpoints,
        Keys = report.Keys,
        ReadModelRows = report.ReadModelRows,
        Roots = report.Roots,
        RootedTo = report.RootedTo,
        PublishedRoots = report.PublishedRoots,
        PublishedTo = report.PublishedTo,
        Notes = [.. report.Notes, .. Guarantees.Of(report)],
        TookMs = (long)report.Took.TotalMilliseconds,
    };
}

/// <summary>What a verification can promise, in plain words: it depends on whether a root was kept where nobody who writes to the database can reach.</summary>
internal static class Guarantees
{
    public static IEnumerable<string> Of(VerificationReport report)
    {
        yield return "By itself the database shows every change that leaves a trace in it: in an event, a number, a chain, a state, a fact or a root.";
        if (report.PublishedRoots == 0)
        {
            yield return "Whoever can rewrite every table can rewrite the stored roots too. That no event, number or order was changed, and no tail cut, is shown only against roots that were published and kept elsewhere: --roots FILE.";
        }
        else if (report.Differences == 0)
        {
            yield return $"Up to position {report.PublishedTo} the published roots show that no event, number or order was changed and nothing was cut off, whoever had the database.";
        }

        var covered = Math.Max(report.PublishedTo, report.PublishedRoots > 0 ? 0 : report.RootedTo);
        if (report.LastSeqId > covered)
            yield return $"Positions {covered + 1} to {report.LastSeqId} are in no {(report.PublishedRoots > 0 ? "published root" : "root")} yet: today's events get theirs after midnight UTC. Until then a tail that is cut off together with everything that follows from it leaves no trace.";
    }
}
