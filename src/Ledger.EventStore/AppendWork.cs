namespace Ledger.EventStore;

/// <summary>A stream was not at the version that the writer expected.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Expected">The version that was expected; 0 for a stream that should not exist yet.</param>
/// <param name="Actual">The version that it has.</param>
public sealed record VersionConflict(StreamRef Stream, long Expected, long Actual);

/// <summary>Appends given events to streams whose versions are as expected: all of them, or nothing.</summary>
/// <param name="appends">What is appended; the expected version null where any will do.</param>
public sealed class AppendWork(params IReadOnlyList<(StreamRef Stream, long? ExpectedVersion, IReadOnlyList<object> Events)> appends) : Work
{
    /// <inheritdoc/>
    public override void Name(Needs needs)
    {
        ArgumentNullException.ThrowIfNull(needs);
        foreach (var (stream, _, _) in appends) needs.Stream(stream);
    }

    /// <inheritdoc/>
    public override Verdict Decide(IDecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var (stream, expected, _) in appends)
        {
            var actual = context.Version(stream);
            if (expected is not null && expected != actual) return Verdict.Refuse(new VersionConflict(stream, expected.Value, actual));
        }

        var (first, _, events) = appends[0];
        return Verdict.Accept(appends.Select(a => new Append(a.Stream, a.Events)).ToList(), first, context.Version(first) + events.Count);
    }
}
