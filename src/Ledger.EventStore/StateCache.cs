namespace Ledger.EventStore;

/// <summary>A stream's state as the writer left it.</summary>
internal readonly record struct CachedStream(long Version, DateTimeOffset RecordedAt, byte[] Hash, DateTimeOffset? Due, object State);

/// <summary>
/// The states that the writer used last, in memory. They are true as long as nobody else appends to their streams, which the writer learns under its lock (see docs/adr/0012).
/// Two generations: what is used moves to the young one; when that is full it becomes the old one, and what nobody used meanwhile is dropped. Not for several threads.
/// </summary>
internal sealed class StateCache(int streamsMax, long bytesMax)
{
    // What a state takes beside its saved form, and how much more room objects take than packed bytes.
    private const int Overhead = 500;
    private const int Unpacked = 5;

    private Dictionary<StreamRef, (CachedStream Stream, int Size)> young = [];
    private Dictionary<StreamRef, (CachedStream Stream, int Size)> old = [];
    private long bytes;

    public bool TryGet(StreamRef stream, out CachedStream found)
    {
        if (young.TryGetValue(stream, out var entry))
        {
            found = entry.Stream;
            return true;
        }

        if (!old.Remove(stream, out entry))
        {
            found = default;
            return false;
        }

        Add(stream, entry);
        found = entry.Stream;
        return true;
    }

    /// <summary>Keeps a stream's state; <paramref name="size"/> is the length of its saved form in bytes.</summary>
    public void Put(StreamRef stream, CachedStream state, int size)
    {
        Remove(stream);
        Add(stream, (state, size));
    }

    /// <summary>Forgets one stream.</summary>
    public void Remove(StreamRef stream)
    {
        if (young.Remove(stream, out var had)) bytes -= Weight(had.Size);
        else old.Remove(stream);
    }

    public void Clear()
    {
        young.Clear();
        old.Clear();
        bytes = 0;
    }

    private void Add(StreamRef stream, (CachedStream Stream, int Size) entry)
    {
        if (young.Count >= streamsMax / 2 || bytes + Weight(entry.Size) > bytesMax / 2)
        {
            (old, young) = (young, old);
            young.Clear();
            bytes = 0;
        }

        young.Add(stream, entry);
        bytes += Weight(entry.Size);
    }

    private static long Weight(int size) => Overhead + ((long)Unpacked * size);
}
