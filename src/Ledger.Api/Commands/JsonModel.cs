using System.Buffers;
using System.Text.Json;
using Ledger.EventStore;

namespace Ledger.Api.Commands;

/// <summary>A kind of stream whose state is kept as JSON, written as events are.</summary>
/// <param name="kind">What stands before the slash in the ids of its streams.</param>
/// <typeparam name="TState">Its state.</typeparam>
public abstract class JsonModel<TState>(string kind) : IStreamModel
    where TState : class
{
    /// <inheritdoc/>
    public string Kind => kind;

    /// <inheritdoc/>
    public virtual short Format => 1;

    /// <summary>The id within the kind.</summary>
    protected string IdOf(StreamRef stream) => stream.Id[(kind.Length + 1)..];

    /// <inheritdoc/>
    public object Initial(StreamRef stream) => Begin(stream);

    /// <inheritdoc/>
    public object Evolve(object state, object @event, DateTimeOffset recordedAt) => Next((TState)state, @event, recordedAt);

    /// <inheritdoc/>
    public void Save(object state, IBufferWriter<byte> into)
    {
        using var writer = new Utf8JsonWriter(into);
        JsonSerializer.Serialize(writer, (TState)state, EventJson.Catalog.Json);
    }

    /// <inheritdoc/>
    public object Load(StreamRef stream, ReadOnlySpan<byte> saved) => JsonSerializer.Deserialize<TState>(saved, EventJson.Catalog.Json)!;

    /// <inheritdoc/>
    public virtual void CollectFacts(StreamRef stream, object state, ICollection<FactWrite> into)
    {
    }

    /// <inheritdoc/>
    public virtual DateTimeOffset? DueAt(object state) => null;

    /// <summary>The state of a stream without events.</summary>
    protected abstract TState Begin(StreamRef stream);

    /// <summary>The state after one more event. Total.</summary>
    protected abstract TState Next(TState state, object happened, DateTimeOffset recordedAt);
}
