using System.Buffers;

namespace Ledger.EventStore;

/// <summary>What the store must know of one kind of stream: how its state is folded, saved and brought back. Pure, and the same on every node.</summary>
public interface IStreamModel
{
    /// <summary>The kind: what stands before the slash in the ids of its streams; also Marten's stream type.</summary>
    string Kind { get; }

    /// <summary>The number of the saved form. A state saved in another form is folded anew from its events.</summary>
    short Format { get; }

    /// <summary>The state of a stream without events.</summary>
    object Initial(StreamRef stream);

    /// <summary>The state after one more event. Total: it never throws on history.</summary>
    object Evolve(object state, object @event, DateTimeOffset recordedAt);

    /// <summary>Writes the state down.</summary>
    void Save(object state, IBufferWriter<byte> into);

    /// <summary>Brings back what <see cref="Save"/> wrote.</summary>
    object Load(StreamRef stream, ReadOnlySpan<byte> saved);

    /// <summary>The keyed facts that the last <see cref="Evolve"/> produced.</summary>
    void CollectFacts(StreamRef stream, object state, ICollection<FactWrite> into);

    /// <summary>When something is due on the stream next; null where nothing is.</summary>
    DateTimeOffset? DueAt(object state);
}

/// <summary>A stream whose state is nothing but its version.</summary>
internal sealed class PlainModel(string kind) : IStreamModel
{
    private static readonly object Nothing = new();

    public string Kind => kind;

    public short Format => 1;

    public object Initial(StreamRef stream) => Nothing;

    public object Evolve(object state, object @event, DateTimeOffset recordedAt) => state;

    public void Save(object state, IBufferWriter<byte> into)
    {
    }

    public object Load(StreamRef stream, ReadOnlySpan<byte> saved) => Nothing;

    public void CollectFacts(StreamRef stream, object state, ICollection<FactWrite> into)
    {
    }

    public DateTimeOffset? DueAt(object state) => null;
}

/// <summary>The models of all kinds of streams.</summary>
public sealed class StreamModels
{
    private readonly Dictionary<string, IStreamModel> models;
    private readonly Dictionary<string, IStreamModel>.AlternateLookup<ReadOnlySpan<char>> byKind;

    /// <summary>Gathers the models; a kind that none stands for has no state but its version.</summary>
    public StreamModels(params IEnumerable<IStreamModel> models)
    {
        this.models = models.ToDictionary(m => m.Kind, StringComparer.Ordinal);
        byKind = this.models.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The model of a stream's kind.</summary>
    public IStreamModel Of(StreamRef stream) => byKind.TryGetValue(stream.Kind, out var model) ? model : new PlainModel(stream.Kind.ToString());
}
