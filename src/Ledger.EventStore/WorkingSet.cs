using System.Buffers;
using Npgsql;

namespace Ledger.EventStore;

/// <summary>A stream while a batch is decided: what was loaded, and what the batch has made of it so far.</summary>
internal sealed class StreamSlot(StreamRef stream, IStreamModel model)
{
    public StreamRef Stream => stream;

    public IStreamModel Model => model;

    public long LoadedVersion;
    public DateTimeOffset? LoadedDue;
    public long Version;
    public DateTimeOffset RecordedAt = DateTimeOffset.MinValue;
    public byte[] Hash = Origin;

    private static readonly byte[] Origin = EventHash.Origin.ToArray();

    private object? state;

    /// <summary>That of a stream without events is made only where no other is set: nearly all are known or loaded.</summary>
    public object State
    {
        get => state ??= model.Initial(stream);
        set => state = value;
    }

    /// <summary>The saved form of the state, and the length of the one that was loaded.</summary>
    public byte[] SavedState = [];
    public int SavedLength;

    public bool IsSeeded;

    public bool IsChanged => Version != LoadedVersion;

    /// <summary>The stream as the batch leaves it. What is due on it is what its row says: one that was only looked at keeps the row that was found.</summary>
    public CachedStream Left => new(Version, RecordedAt, Hash, Version == 0 ? null : IsChanged ? Model.DueAt(State) : LoadedDue, State);
}

/// <summary>An event that the batch will write.</summary>
internal sealed record PendingEvent(StoredEvent Stored, byte[] Json, byte[] HeadersJson);

/// <summary>A copy of a stream's state that the batch will keep for reading as of then.</summary>
internal sealed record PendingCheckpoint(StreamSlot Slot, long Version, DateTimeOffset RecordedAt, byte[] Hash, byte[] State);

/// <summary>The row of an idempotency key.</summary>
internal readonly record struct KeyRow(UInt128 Fingerprint, StreamRef Stream, long Version, short Answer);

/// <summary>
/// All that one batch has loaded and decided. Each group of works is applied as a whole or taken back as a whole, so a refusal, or a fault in
/// one decision, leaves no trace in what its neighbours see.
/// </summary>
internal sealed class WorkingSet(StreamModels models, EventCatalog catalog) : IDecisionContext
{
    private List<NpgsqlBatchCommand>? writes;

    public EventCatalog Catalog => catalog;

    /// <summary>A checkpoint of a stream is kept at each multiple of this version.</summary>
    public const int CheckpointEvery = 1_000;

    private readonly Dictionary<StreamRef, StreamSlot> slots = [];
    private readonly Dictionary<(string Tenant, string Key), KeyRow> keys = [];
    private readonly Dictionary<FactName, string> facts = [];
    private readonly Dictionary<(StreamRef, string), List<string>> factKinds = [];
    private readonly Dictionary<(StreamRef, long), (object, DateTimeOffset)> events = [];
    private readonly HashSet<FactName> factsToWrite = [];
    private readonly ArrayBufferWriter<byte> buffer = new(1024);
    private readonly Stack<SlotBefore> slotsBefore = new();
    private readonly Stack<FactBefore> factsBefore = new();
    private readonly Stack<(string Tenant, string Key)> keysMade = new();
    private readonly List<FactWrite> collected = [];

    public DateTimeOffset Clock { get; set; }

    public long LastSeqId { get; set; }

    /// <summary>How many events other nodes have appended since this one had the lock last.</summary>
    public long Foreign { get; set; }

    /// <summary>Whether the keys were taken for new without asking: where one is not, the commit is refused.</summary>
    public bool KeysAreAssumed { get; set; }

    public List<PendingEvent> Events { get; } = [];

    public List<PendingCheckpoint> Checkpoints { get; } = [];

    public List<(string Tenant, string Key, KeyRow Row)> NewKeys { get; } = [];

    public IEnumerable<StreamSlot> Slots => slots.Values;

    public IEnumerable<(FactName Name, string Data)> FactsToWrite => factsToWrite.Select(name => (name, facts[name]));

    public StreamSlot Slot(StreamRef stream)
    {
        if (!slots.TryGetValue(stream, out var slot)) slots.Add(stream, slot = new StreamSlot(stream, models.Of(stream)));
        return slot;
    }

    public bool Has(StreamRef stream) => slots.ContainsKey(stream);

    /// <summary>Takes a stream as it is known, instead of loading it.</summary>
    public void Seed(StreamRef stream, in CachedStream known)
    {
        var slot = Slot(stream);
        slot.IsSeeded = true;
        (slot.Version, slot.LoadedVersion, slot.RecordedAt, slot.Hash, slot.LoadedDue, slot.State) = (known.Version, known.Version, known.RecordedAt, known.Hash, known.Due, known.State);
    }

    /// <summary>Whether a stream was taken as it is known.</summary>
    public bool IsSeeded(StreamRef stream) => slots.TryGetValue(stream, out var slot) && slot.IsSeeded;

    /// <summary>Forgets a stream that was taken as it was known: another writer has changed it. Nothing may have been decided yet.</summary>
    public void Drop(StreamRef stream) => slots.Remove(stream);

    /// <summary>A stream as this batch leaves it; false where the batch did not name it.</summary>
    public bool TryLeft(StreamRef stream, out CachedStream left)
    {
        var named = slots.TryGetValue(stream, out var slot);
        left = named ? slot!.Left : default;
        return named;
    }

    /// <summary>The row of a key that this batch found or makes.</summary>
    public bool TryKey(string tenant, string key, out KeyRow row) => keys.TryGetValue((tenant, key), out row);

    /// <summary>Saves the states that the batch has changed: what is decided is complete.</summary>
    public void Finish()
    {
        foreach (var slot in slots.Values)
        {
            if (!slot.IsChanged) continue;
            slot.SavedState = Saved(slot);
            slot.SavedLength = slot.SavedState.Length;
        }
    }

    /// <summary>Makes the statements that write the batch, ahead of the time at which the database waits for them.</summary>
    public void Prepare()
    {
        writes = [];
        BatchWrites.AddTo(writes, this);
    }

    /// <summary>The statements that write the batch; they are not kept.</summary>
    public List<NpgsqlBatchCommand> TakeWrites()
    {
        if (writes is null) Prepare();
        var taken = writes!;
        writes = null;
        return taken;
    }

    public void Loaded(string tenant, string key, KeyRow row) => keys[(tenant, key)] = row;

    public void Loaded(FactName name, string data)
    {
        if (facts.TryAdd(name, data)) AddToKind(name);
    }

    public void Loaded(StreamRef stream, long version, object @event, DateTimeOffset recordedAt) => events[(stream, version)] = (@event, recordedAt);

    public bool TryKey(Work work, out KeyRow row)
    {
        row = default;
        return work.Key is not null && TryKey(work.Tenant, work.Key, out row);
    }

    public DateTimeOffset NowFor(params ReadOnlySpan<StreamRef> streams)
    {
        var now = Clock;
        foreach (var stream in streams)
        {
            if (slots.TryGetValue(stream, out var slot) && slot.RecordedAt > now) now = slot.RecordedAt;
        }

        return now;
    }

    public long Version(StreamRef stream) => Named(stream).Version;

    public object State(StreamRef stream) => Named(stream).State;

    public string? Fact(FactName name) => facts.GetValueOrDefault(name);

    public IReadOnlyList<(string Key, string Data)> FactsOfKind(StreamRef stream, string kind) =>
        factKinds.TryGetValue((stream, kind), out var names) ? names.Order(StringComparer.Ordinal).Select(key => (key, facts[new FactName(stream, kind, key)])).ToList() : [];

    public (object Event, DateTimeOffset RecordedAt)? Event(StreamRef stream, long version) => events.TryGetValue((stream, version), out var found) ? found : null;

    /// <summary>Decides a group; the outcomes are those of its works, in order. What was accepted is durable only after the commit.</summary>
    public Outcome[] Decide(WorkGroup group)
    {
        slotsBefore.Clear();
        factsBefore.Clear();
        keysMade.Clear();
        var outcomes = new Outcome[group.Works.Count];
        var before = Events.Count;
        for (var i = 0; i < outcomes.Length; i++)
        {
            try
            {
                outcomes[i] = Decide(group.Works[i]);
            }
            catch
            {
                TakeBack(before);
                throw;
            }

            if (outcomes.Length == 1 || outcomes[i] is Outcome.Accepted or Outcome.Done) continue;
            TakeBack(before);
            for (var other = 0; other < outcomes.Length; other++)
            {
                if (other != i) outcomes[other] = new Outcome.GroupRefused();
            }

            return outcomes;
        }

        return outcomes;
    }

    private Outcome Decide(Work work)
    {
        if (TryKey(work, out var row))
        {
            return row.Fingerprint == work.Fingerprint ? new Outcome.Done(row.Stream, row.Version, row.Answer, work.Attempted) : new Outcome.KeyReused();
        }

        var verdict = work.Decide(this);
        if (verdict.Refusal is not null) return new Outcome.Refused(verdict.Refusal);
        var first = Events.Count;
        var now = Clock;
        foreach (var append in verdict.Appends)
        {
            var slot = Named(append.Stream);
            if (slot.RecordedAt > now) now = slot.RecordedAt;
        }

        foreach (var append in verdict.Appends)
        {
            var slot = Named(append.Stream);
            foreach (var @event in append.Events) Apply(slot, @event, now, work.Meta);
        }

        if (work.Key is not null)
        {
            var key = (work.Tenant, work.Key);
            var made = new KeyRow(work.Fingerprint, verdict.AnswerStream, verdict.AnswerVersion, verdict.Answer);
            keys.Add(key, made);
            NewKeys.Add((work.Tenant, work.Key, made));
            keysMade.Push(key);
        }

        var stored = new StoredEvent[Events.Count - first];
        for (var i = 0; i < stored.Length; i++) stored[i] = Events[first + i].Stored;
        return new Outcome.Accepted(stored, verdict.AnswerStream, verdict.AnswerVersion, verdict.Answer, Named(verdict.AnswerStream).State);
    }

    private void Apply(StreamSlot slot, object @event, DateTimeOffset now, EventMeta meta)
    {
        var (version, state) = (slot.Version, slot.State);
        slotsBefore.Push(new SlotBefore(slot, version, slot.RecordedAt, slot.Hash, state, Checkpoints.Count));
        var type = catalog.NameOf(@event);
        buffer.ResetWrittenCount();
        catalog.Write(@event, buffer);
        var newHash = EventHash.Of(slot.Hash, slot.Stream, version + 1, type, now, meta, buffer.WrittenSpan);
        var json = buffer.WrittenSpan.ToArray();
        slot.State = slot.Model.Evolve(state, @event, now);
        slot.Version = version + 1;
        slot.RecordedAt = now;
        slot.Hash = newHash;
        var stored = new StoredEvent(LastSeqId + Events.Count + 1, EventHash.IdOf(newHash), slot.Stream, slot.Version, type, @event, now, meta, newHash);
        Events.Add(new PendingEvent(stored, json, Headers.WithHash(meta, newHash)));
        events[(slot.Stream, slot.Version)] = (@event, now);
        collected.Clear();
        slot.Model.CollectFacts(slot.Stream, slot.State, collected);
        foreach (var fact in collected) Write(fact);
        if (slot.Version % CheckpointEvery == 0) Checkpoints.Add(new PendingCheckpoint(slot, slot.Version, now, newHash, Saved(slot)));
    }

    public byte[] Saved(StreamSlot slot)
    {
        buffer.ResetWrittenCount();
        slot.Model.Save(slot.State, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    private void Write(FactWrite fact)
    {
        var had = facts.TryGetValue(fact.Name, out var old);
        var isNew = factsToWrite.Add(fact.Name);
        facts[fact.Name] = fact.Data;
        if (!had) AddToKind(fact.Name);
        factsBefore.Push(new FactBefore(fact.Name, had ? old : null, isNew));
    }

    private void AddToKind(FactName name)
    {
        if (!factKinds.TryGetValue((name.Stream, name.Kind), out var names)) factKinds.Add((name.Stream, name.Kind), names = []);
        names.Add(name.Key);
    }

    private void TakeBack(int eventsBefore)
    {
        while (slotsBefore.TryPop(out var was))
        {
            (was.Slot.Version, was.Slot.RecordedAt, was.Slot.Hash, was.Slot.State) = (was.Version, was.RecordedAt, was.Hash, was.State);
            Checkpoints.RemoveRange(was.Checkpoints, Checkpoints.Count - was.Checkpoints);
        }

        while (factsBefore.TryPop(out var fact)) TakeBack(fact);
        while (keysMade.TryPop(out var key))
        {
            keys.Remove(key);
            NewKeys.RemoveAt(NewKeys.Count - 1);
        }

        for (var i = eventsBefore; i < Events.Count; i++) events.Remove((Events[i].Stored.Stream, Events[i].Stored.Version));
        Events.RemoveRange(eventsBefore, Events.Count - eventsBefore);
    }

    private void TakeBack(FactBefore fact)
    {
        if (fact.IsNew) factsToWrite.Remove(fact.Name);
        if (fact.Data is not null)
        {
            facts[fact.Name] = fact.Data;
            return;
        }

        facts.Remove(fact.Name);
        factKinds[(fact.Name.Stream, fact.Name.Kind)].Remove(fact.Name.Key);
    }

    /// <summary>A stream ahead of an event, to be put back where the event's group comes to nothing.</summary>
    private readonly record struct SlotBefore(StreamSlot Slot, long Version, DateTimeOffset RecordedAt, byte[] Hash, object State, int Checkpoints);

    /// <summary>A fact ahead of a write, and whether that was the first in this batch; no data where there was none.</summary>
    private readonly record struct FactBefore(FactName Name, string? Data, bool IsNew);

    private StreamSlot Named(StreamRef stream) =>
        slots.TryGetValue(stream, out var slot) ? slot : throw new InvalidOperationException($"The stream {stream} was not named by the work, so it was not loaded.");
}
