using System.Globalization;

namespace Ledger.EventStore.Verification;

/// <summary>How exactly a difference names its place; what is more exact is told first.</summary>
public enum FindingKind
{
    /// <summary>An event, a position or a version itself: its position is the bad one.</summary>
    Event,

    /// <summary>The root of a day: its position begins the range in which something was changed.</summary>
    Root,

    /// <summary>Something beside the events: its position is that of the event from which it follows.</summary>
    Beside,
}

/// <summary>A difference between what is stored and what follows from the events.</summary>
/// <param name="SeqId">The position that it is about; null where it is about none.</param>
/// <param name="Tenant">The tenant; null where it is about no stream.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Version">The version in the stream.</param>
/// <param name="What">What differs, in words.</param>
/// <param name="Expected">What should be there; null where nothing should.</param>
/// <param name="Found">What is there; null where nothing is.</param>
public sealed record Finding(long? SeqId, string? Tenant, string? Stream, long? Version, string What, string? Expected, string? Found)
{
    /// <summary>How exact its place is.</summary>
    public FindingKind Kind { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        var where = SeqId is null ? "" : string.Create(CultureInfo.InvariantCulture, $"position {SeqId}");
        if (Stream is not null) where += string.Create(CultureInfo.InvariantCulture, $"{(where.Length > 0 ? ", " : "")}stream {Stream} of tenant {Tenant}{(Version is null ? "" : $", version {Version}")}");
        return $"{(where.Length > 0 ? where + ": " : "")}{What}; expected {Expected ?? "nothing"}, found {Found ?? "nothing"}";
    }
}

/// <summary>Gathers differences from several threads: all are counted, and the first are kept: what is wrong with events themselves, by position, then roots, then what stands beside.</summary>
public sealed class Findings
{
    /// <summary>At most so many are kept.</summary>
    public const int KeptMax = 100;

    private const int TextMax = 200;

    private readonly PriorityQueue<Finding, (FindingKind, long, long)> kept = new(Comparer<(FindingKind, long, long)>.Create(static (left, right) => right.CompareTo(left)));
    private readonly Lock gate = new();

    /// <summary>How many there were.</summary>
    public long Count { get; private set; }

    /// <summary>The first of them: by kind, and within it by position; what is about no position comes last.</summary>
    public IReadOnlyList<Finding> First
    {
        get
        {
            lock (gate) return [.. kept.UnorderedItems.OrderBy(item => item.Priority).Select(item => item.Element)];
        }
    }

    /// <summary>Adds one.</summary>
    public void Add(Finding finding)
    {
        ArgumentNullException.ThrowIfNull(finding);
        var shown = finding with { Expected = Short(finding.Expected), Found = Short(finding.Found) };
        lock (gate)
        {
            // Of equal positions the first one told stays first.
            kept.Enqueue(shown, (finding.Kind, finding.SeqId ?? long.MaxValue, Count++));
            if (kept.Count > KeptMax) kept.Dequeue();
        }
    }

    /// <summary>Counts differences that are too many to be told one by one.</summary>
    public void AddUntold(long count)
    {
        lock (gate) Count += count;
    }

    /// <summary>Whether an event itself is among the differences.</summary>
    public bool HasEvents
    {
        get
        {
            lock (gate) return kept.UnorderedItems.Any(item => item.Element.Kind == FindingKind.Event);
        }
    }

    private static string? Short(string? text) => text is { Length: > TextMax } ? text[..TextMax] + "..." : text;
}

/// <summary>What a verification looked at and found.</summary>
public sealed record VerificationReport
{
    /// <summary>How many events it read.</summary>
    public required long Events { get; init; }

    /// <summary>How many streams they make.</summary>
    public required long Streams { get; init; }

    /// <summary>The last position that it read; 0 where there are none.</summary>
    public required long LastSeqId { get; init; }

    /// <summary>How many keyed facts it compared.</summary>
    public required long Facts { get; init; }

    /// <summary>How many checkpoints it compared.</summary>
    public required long Checkpoints { get; init; }

    /// <summary>How many idempotency keys it followed to their events.</summary>
    public required long Keys { get; init; }

    /// <summary>How many rows of read models it compared with a rebuild; 0 where it did not.</summary>
    public required long ReadModelRows { get; init; }

    /// <summary>How many stored roots it made again.</summary>
    public required long Roots { get; init; }

    /// <summary>How many published roots it made again.</summary>
    public required long PublishedRoots { get; init; }

    /// <summary>The last position that a stored root covers; 0 where there is none.</summary>
    public required long RootedTo { get; init; }

    /// <summary>The last position that a published root covers; 0 where none was given.</summary>
    public required long PublishedTo { get; init; }

    /// <summary>How many differences there are.</summary>
    public required long Differences { get; init; }

    /// <summary>The first of them, at most <see cref="Findings.KeptMax"/>: by kind, and within it by position. The first one names the first bad position.</summary>
    public required IReadOnlyList<Finding> First { get; init; }

    /// <summary>What a reader should know beside: what could not be looked at.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Took { get; init; }

    /// <summary>Whether nothing differs.</summary>
    public bool IsClean => Differences == 0;
}

/// <summary>How far a verification is.</summary>
/// <param name="Done">Events read, those of each pass counted.</param>
/// <param name="Total">Events to read in all.</param>
/// <param name="Differences">Differences so far.</param>
public readonly record struct VerificationProgress(long Done, long Total, long Differences);
