namespace Ledger.EventStore;

/// <summary>What other writers have appended since a position, as a writer learns it under its lock: the streams that they changed, where these are not too many.</summary>
internal sealed class ForeignEvents(long since, int max)
{
    public long Since => since;

    /// <summary>At most so many events are looked at.</summary>
    public int Max => max;

    /// <summary>The streams of these events, one for each event.</summary>
    public List<StreamRef> Streams { get; } = [];

    /// <summary>Whether these are all events up to the last position. A position before the one that was known is another database's, say a restored one.</summary>
    public bool AreAll(long last) => last >= since && last - since <= max;
}
