using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json.Serialization;
using Ledger.EventStore;

namespace Ledger.EventStore.Tests;

/// <summary>A thing was made.</summary>
public sealed record ThingMade(string Name);

/// <summary>A thing was counted; <paramref name="By"/> above 100 leaves a fact.</summary>
public sealed record ThingCounted(decimal By, string? Note = null, DateTimeOffset? DueAt = null);

public sealed record Thing(StreamRef Stream, decimal Count, DateTimeOffset? Due, ThingCounted? Last);

/// <summary>The smallest model that uses all that a model can: state, facts and due times.</summary>
public sealed class ThingModel(short format = 1) : IStreamModel
{
    public string Kind => "thing";

    public short Format => format;

    public object Initial(StreamRef stream) => new Thing(stream, 0, null, null);

    public object Evolve(object state, object @event, DateTimeOffset recordedAt) =>
        @event is ThingCounted counted ? (Thing)state with { Count = ((Thing)state).Count + counted.By, Due = counted.DueAt, Last = counted } : (Thing)state with { Last = null };

    public void Save(object state, IBufferWriter<byte> into)
    {
        var thing = (Thing)state;
        var span = into.GetSpan(24);
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(thing.Count, bits);
        for (var i = 0; i < 4; i++) BinaryPrimitives.WriteInt32LittleEndian(span[(i * 4)..], bits[i]);
        BinaryPrimitives.WriteInt64LittleEndian(span[16..], thing.Due?.UtcTicks ?? 0);
        into.Advance(24);
    }

    public object Load(StreamRef stream, ReadOnlySpan<byte> saved)
    {
        var due = BinaryPrimitives.ReadInt64LittleEndian(saved[16..]);
        Span<int> bits = stackalloc int[4];
        for (var i = 0; i < 4; i++) bits[i] = BinaryPrimitives.ReadInt32LittleEndian(saved[(i * 4)..]);
        return new Thing(stream, new decimal(bits), due == 0 ? null : new DateTimeOffset(due, TimeSpan.Zero), null);
    }

    public void CollectFacts(StreamRef stream, object state, ICollection<FactWrite> into)
    {
        if (state is Thing { Last: { By: > 100 } large }) into.Add(new FactWrite(new FactName(stream, "large", large.Note ?? "any"), $"{{\"by\":{large.By}}}"));
    }

    public DateTimeOffset? DueAt(object state) => ((Thing)state).Due;

    public static EventCatalog Catalog() => new([typeof(ThingMade), typeof(ThingCounted)], Array.Empty<JsonConverter>());
}

/// <summary>Counts a thing, but never below zero.</summary>
public sealed class Count(StreamRef stream, decimal by, string? note = null, DateTimeOffset? due = null, Action<IDecisionContext>? look = null, bool fault = false) : Work
{
    public override void Name(Needs needs)
    {
        needs.Stream(stream);
        needs.Fact(new FactName(stream, "large", "wanted"));
        needs.FactsOfKind(stream, "large");
        needs.Event(stream, 1);
    }

    public override Verdict Decide(IDecisionContext context)
    {
        look?.Invoke(context);
        if (fault) throw new InvalidCastException("planted");
        var thing = (Thing)context.State(stream);
        if (thing.Count + by < 0) return Verdict.Refuse("below zero");
        return Verdict.Accept([new Append(stream, [new ThingCounted(by, note, due)])], stream, context.Version(stream) + 1);
    }
}

/// <summary>Moves a count from one thing to another, or does nothing.</summary>
public sealed class Move(StreamRef from, StreamRef to, decimal by) : Work
{
    public override void Name(Needs needs)
    {
        needs.Stream(from);
        needs.Stream(to);
    }

    public override Verdict Decide(IDecisionContext context) =>
        ((Thing)context.State(from)).Count < by
            ? Verdict.Refuse("below zero")
            : Verdict.Accept([new Append(from, [new ThingCounted(-by)]), new Append(to, [new ThingCounted(by)])], from, context.Version(from) + 1);
}

public static class Together
{
    /// <summary>Hands in works that are done all or not at all, and reads their answers.</summary>
    public static async Task<Outcome[]> TogetherAsync(this GroupCommit node, params Work[] works)
    {
        await node.SubmitTogetherAsync(works);
        return Array.ConvertAll(works, work => work.Answer());
    }
}
