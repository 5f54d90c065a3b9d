namespace Ledger.EventStore.Verification;

/// <summary>Something that does not add up.</summary>
/// <param name="What">What it is, in words.</param>
/// <param name="Expected">What follows from the events.</param>
/// <param name="Found">What stands there.</param>
public readonly record struct Disagreement(string What, string Expected, string Found);

/// <summary>What the rooms above know of one kind of stream that must hold, besides what the store sees by itself.</summary>
public interface IStreamAudit
{
    /// <summary>The kind of stream.</summary>
    string Kind { get; }

    /// <summary>Compares what an event says of itself with the states before and after it; null where they agree.</summary>
    Disagreement? Witness(StreamRef stream, object before, object @event, object after);

    /// <summary>Looks whether a state adds up in itself; null where it does.</summary>
    Disagreement? Whole(object state);

    /// <summary>Whether an event can be the answer that a key keeps.</summary>
    /// <param name="answer">The word of the rooms above that is kept with the key; never 0.</param>
    /// <param name="event">The event that the key leads to.</param>
    bool MayAnswer(short answer, object @event) => true;
}
