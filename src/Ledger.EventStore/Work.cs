namespace Ledger.EventStore;

/// <summary>
/// One command as the store sees it: it names what it needs, the store loads that, and <see cref="Decide"/> says what is to be appended.
/// A work may be decided more than once (after a lost connection), so deciding changes nothing but what it returns.
/// </summary>
public abstract class Work
{
    private object? answer;
    private TaskCompletionSource<Outcome>? alone;
    private WorkBundle? bundle;

    /// <summary>The tenant that the command came from, as clients name it.</summary>
    public required string Tenant { get; init; }

    /// <summary>Its idempotency key: the command is done once for each key and tenant, for ever. Null for work that is idempotent by its state.</summary>
    public string? Key { get; init; }

    /// <summary>What the key stands for: the same key with another fingerprint is refused.</summary>
    public UInt128 Fingerprint { get; init; }

    /// <summary>Who and what made the events.</summary>
    public EventMeta Meta { get; init; } = EventMeta.None;

    /// <summary>Names the streams, facts and past events that the decision needs.</summary>
    public abstract void Name(Needs needs);

    /// <summary>Names what follows from what was loaded first; most commands name nothing here, and a second round trip is spared.</summary>
    public virtual void NameMore(IDecisionContext loaded, Needs needs)
    {
    }

    /// <summary>Decides. Pure: the same loaded state and time give the same verdict.</summary>
    public abstract Verdict Decide(IDecisionContext context);

    /// <summary>What became of it, once it is answered.</summary>
    /// <exception cref="DecisionFailedException">Its decision failed.</exception>
    public Outcome Answer() => Volatile.Read(ref answer) switch
    {
        Outcome outcome => outcome,
        Exception fault => throw fault,
        _ => throw new InvalidOperationException("It has not been answered yet."),
    };

    internal bool Attempted { get; set; }

    internal long EnqueuedAt { get; set; }

    /// <summary>Said ahead of handing it in: somebody waits for this work alone.</summary>
    internal Task<Outcome> Expect() => (alone = new TaskCompletionSource<Outcome>(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Said ahead of handing it in: somebody waits for all works of a bundle.</summary>
    internal void Expect(WorkBundle all) => bundle = all;

    internal void Complete(Outcome outcome)
    {
        if (!TryAnswer(outcome)) return;
        alone?.SetResult(outcome);
        bundle?.Answered();
    }

    internal void Fail(Exception exception)
    {
        if (!TryAnswer(exception)) return;
        alone?.SetException(exception);
        bundle?.Answered();
    }

    private bool TryAnswer(object given) => Interlocked.CompareExchange(ref answer, given, null) is null;
}

/// <summary>Gathers what works need, each thing once.</summary>
public sealed class Needs
{
    internal HashSet<StreamRef> Streams { get; } = [];

    internal HashSet<FactName> Facts { get; } = [];

    internal HashSet<(StreamRef Stream, string Kind)> FactKinds { get; } = [];

    internal HashSet<(StreamRef Stream, long Version)> Events { get; } = [];

    internal bool HasFacts => Facts.Count + FactKinds.Count + Events.Count > 0;

    /// <summary>The state of a stream, to be appended to or only looked at.</summary>
    public void Stream(StreamRef stream) => Streams.Add(stream);

    /// <summary>One fact.</summary>
    public void Fact(FactName name) => Facts.Add(name);

    /// <summary>All facts of one kind of a stream.</summary>
    public void FactsOfKind(StreamRef stream, string kind) => FactKinds.Add((stream, kind));

    /// <summary>The event at a version of a stream.</summary>
    public void Event(StreamRef stream, long version) => Events.Add((stream, version));

    internal void Clear()
    {
        Streams.Clear();
        Facts.Clear();
        FactKinds.Clear();
        Events.Clear();
    }
}

/// <summary>What a decision sees: everything as it is after all that was decided before it.</summary>
public interface IDecisionContext
{
    /// <summary>Business time for a decision about these streams: UTC, whole microseconds, never before the last event of any of them.</summary>
    DateTimeOffset NowFor(params ReadOnlySpan<StreamRef> streams);

    /// <summary>The last version of a named stream; 0 where it has no event.</summary>
    long Version(StreamRef stream);

    /// <summary>The state of a named stream.</summary>
    object State(StreamRef stream);

    /// <summary>The body of a named fact as JSON text; null where there is none.</summary>
    string? Fact(FactName name);

    /// <summary>All facts of a named kind, by key.</summary>
    IReadOnlyList<(string Key, string Data)> FactsOfKind(StreamRef stream, string kind);

    /// <summary>The event at a named version, and when it was recorded; null where there is none.</summary>
    (object Event, DateTimeOffset RecordedAt)? Event(StreamRef stream, long version);
}

/// <summary>Events that one decision appends to one stream, in order.</summary>
public readonly record struct Append(StreamRef Stream, IReadOnlyList<object> Events);

/// <summary>What was decided: appended, refused, or nothing to do.</summary>
public sealed class Verdict
{
    private Verdict()
    {
    }

    /// <summary>What is appended, stream by stream.</summary>
    public IReadOnlyList<Append> Appends { get; private init; } = [];

    /// <summary>Why it was refused; null where it was not.</summary>
    public object? Refusal { get; private init; }

    /// <summary>The stream whose event answers the command.</summary>
    public StreamRef AnswerStream { get; private init; }

    /// <summary>The version that answers the command.</summary>
    public long AnswerVersion { get; private init; }

    /// <summary>A word of the rooms above about the answer, kept with the key.</summary>
    public short Answer { get; private init; }

    /// <summary>Events are appended, and one version of one stream answers.</summary>
    public static Verdict Accept(IReadOnlyList<Append> appends, StreamRef answerStream, long answerVersion, short answer = 0) =>
        new() { Appends = appends, AnswerStream = answerStream, AnswerVersion = answerVersion, Answer = answer };

    /// <summary>Nothing is written, the key is not used up, and the caller hears why.</summary>
    public static Verdict Refuse(object refusal) => new() { Refusal = refusal };
}

/// <summary>What became of a work.</summary>
public abstract record Outcome
{
    /// <summary>It is durable.</summary>
    /// <param name="Events">All its events, in order.</param>
    /// <param name="Stream">The stream whose version answers.</param>
    /// <param name="Version">The version that answers.</param>
    /// <param name="Answer">The word that the verdict gave.</param>
    /// <param name="State">The answering stream's state after this work.</param>
    public sealed record Accepted(IReadOnlyList<StoredEvent> Events, StreamRef Stream, long Version, short Answer, object State) : Outcome;

    /// <summary>It was refused; nothing was written.</summary>
    /// <param name="Reason">What the verdict said.</param>
    public sealed record Refused(object Reason) : Outcome;

    /// <summary>It was done before, under the same key, by the same request.</summary>
    /// <param name="Stream">The stream whose version answers.</param>
    /// <param name="Version">The version that answers.</param>
    /// <param name="Answer">The word that was kept with the key.</param>
    /// <param name="First">This very work did it, in an attempt whose answer was lost: it is no replay to its caller.</param>
    public sealed record Done(StreamRef Stream, long Version, short Answer, bool First) : Outcome;

    /// <summary>The key was used by another request.</summary>
    public sealed record KeyReused : Outcome;

    /// <summary>Another work of the same atomic group was refused; nothing was written.</summary>
    public sealed record GroupRefused : Outcome;

    /// <summary>The queue was full, or the work waited too long, or the database could not be reached: nothing was done.</summary>
    public sealed record Overloaded : Outcome;

    /// <summary>The connection broke at commit and the outcome could not be learnt in time.</summary>
    public sealed record Unknown : Outcome;
}
