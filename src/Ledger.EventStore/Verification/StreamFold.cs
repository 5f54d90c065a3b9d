using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Ledger.EventStore.Verification;

/// <summary>The row of a stream as it stands beside its events.</summary>
internal sealed record StreamRow(string? Type, long? Version, DateTimeOffset Timestamp, DateTimeOffset Created, bool? IsArchived);

/// <summary>What a checkpoint must be.</summary>
internal sealed record FoldedCheckpoint(long SeqId, DateTimeOffset RecordedAt, byte[] Hash, byte[] StateDigest);

/// <summary>What the fold knows of a fact: a digest of its body, and the position that wrote it.</summary>
internal readonly record struct FoldedFact(UInt128 Body, long SeqId);

/// <summary>What a fold needs of its surroundings.</summary>
internal sealed record FoldContext(EventCatalog Catalog, StreamModels Models, IReadOnlyDictionary<string, IStreamAudit> Audits, Findings Findings, TenantFacts TenantFacts);

/// <summary>One stream while its events go by: each is held against the one before it and against what the stream has come to.</summary>
internal sealed class StreamFold
{
    private readonly FoldContext context;
    private readonly IStreamAudit? audit;
    private readonly ArrayBufferWriter<byte> buffer = new();
    private readonly List<FactWrite> collected = [];

    public StreamFold(StreamRef stream, FoldContext context)
    {
        (Stream, this.context) = (stream, context);
        Model = context.Models.Of(stream);
        audit = context.Audits.GetValueOrDefault(Model.Kind);
        Tell(() => State = Model.Initial(stream), null, null, "the stream's name is none of its kind");
    }

    public StreamRef Stream { get; }

    public IStreamModel Model { get; }

    public StreamRow? Row { get; set; }

    public long Version { get; private set; }

    public long LastSeqId { get; private set; }

    public DateTimeOffset First { get; private set; }

    public DateTimeOffset RecordedAt { get; private set; } = DateTimeOffset.MinValue;

    public byte[] Hash { get; private set; } = EventHash.Origin.ToArray();

    /// <summary>The state; null since an event could not be applied, which was told.</summary>
    public object? State { get; private set; }

    /// <summary>Whether the time that its row was made stands on one of its events.</summary>
    public bool CreatedSeen { get; private set; }

    public bool StateSeen { get; set; }

    public bool DueSeen { get; set; }

    public Dictionary<UInt128, FoldedFact>? Facts { get; private set; }

    public Dictionary<long, FoldedCheckpoint>? Checkpoints { get; private set; }

    public void Apply(StoredRow row)
    {
        if (row.Version != Version + 1) Find(row, "versions of a stream rise by one", Shown.Of(Version + 1), Shown.Of(row.Version));
        if (row.RecordedAt < RecordedAt) Find(row, "times of a stream do not fall", "not before " + Shown.Of(RecordedAt), Shown.Of(row.RecordedAt));
        if (row.Odd is not null) Find(row, "the writer leaves these columns empty", null, row.Odd);
        if (CanonicalOf(row) is { } canonical) Tell(() => CheckHash(row, canonical), row.SeqId, row.Version, "the hash can't be made again");
        Version = Math.Max(row.Version, Version + 1);
        LastSeqId = row.SeqId;
        if (Version == 1 || First == default) First = row.RecordedAt;
        if (Row is not null && Row.Created == row.RecordedAt) CreatedSeen = true;
        RecordedAt = row.RecordedAt;
        Hash = row.Hash.Length == EventHash.Size ? row.Hash : new byte[EventHash.Size];
        if (State is { } state) Tell(() => Fold(row, state), row.SeqId, row.Version, "the event can't be read and applied");
    }

    /// <summary>The state as it is saved.</summary>
    public byte[] Saved(object state)
    {
        buffer.ResetWrittenCount();
        Model.Save(state, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Tells what differs beside the events.</summary>
    public void Find(long? seqId, long? version, string what, string? expected, string? found) => Find(FindingKind.Beside, seqId, version, what, expected, found);

    private void Find(FindingKind kind, long? seqId, long? version, string what, string? expected, string? found) =>
        context.Findings.Add(new Finding(seqId, Stream.Tenant, Stream.Id, version, what, expected, found) { Kind = kind });

    private void Find(StoredRow row, string what, string? expected, string? found) => Find(FindingKind.Event, row.SeqId, row.Version, what, expected, found);

    private byte[]? CanonicalOf(StoredRow row)
    {
        try
        {
            if (!PlainNumbers.All(row.Data)) Find(row, "numbers are stored as the writer writes them, without needless zeros", "plain numbers", Encoding.UTF8.GetString(row.Data));
            return CanonicalJson.Of(row.Data);
        }
        catch (JsonException failure)
        {
            Find(row, "the data has no canonical form", "JSON that the writer writes", failure.Message);
            return null;
        }
    }

    private void CheckHash(StoredRow row, byte[] canonical)
    {
        var meta = new EventMeta(row.Correlation, row.Causation, row.Actor);
        var hash = EventHash.Of(Hash, Stream, row.Version, row.Type, row.RecordedAt, meta, canonical);
        if (!hash.AsSpan().SequenceEqual(row.Hash)) Find(row, "the hash follows from the event and the hash before it", Shown.Hex(hash), row.Hash.Length == 0 ? "none" : Shown.Hex(row.Hash));
        var headers = row.Headers.Length == 0 ? null : Encoding.UTF8.GetString(CanonicalJson.Of(row.Headers));
        var expected = row.Hash.Length == 0 ? null : Encoding.UTF8.GetString(CanonicalJson.Of(Headers.WithHash(meta, row.Hash)));
        if (headers is null || headers != expected) Find(row, "the headers hold an actor and the hash, and no more", expected ?? "a hash", headers);
        var id = row.Hash.Length == 0 ? Guid.Empty : EventHash.IdOf(row.Hash);
        if (id != row.Id) Find(row, "the id is the first half of the hash", id.ToString(), row.Id.ToString());
    }

    private void Fold(StoredRow row, object before)
    {
        State = null; // until all went well
        var happened = context.Catalog.Read(row.Type, row.Data);
        var after = Model.Evolve(before, happened, row.RecordedAt);
        if (audit?.Witness(Stream, before, happened, after) is { } wrong) Find(row, wrong.What, wrong.Expected, wrong.Found);
        collected.Clear();
        Model.CollectFacts(Stream, after, collected);
        foreach (var fact in collected)
        {
            var folded = new FoldedFact(FactDigest.OfBody(Encoding.UTF8.GetBytes(fact.Data)), row.SeqId);
            if (fact.Name.Stream.Id.Length == 0) context.TenantFacts.Put(fact.Name, folded);
            else (Facts ??= [])[FactDigest.OfName(fact.Name.Kind, fact.Name.Key)] = folded;
        }

        if (Version % WorkingSet.CheckpointEvery == 0)
            (Checkpoints ??= [])[Version] = new FoldedCheckpoint(row.SeqId, row.RecordedAt, Hash, SHA256.HashData(Saved(after)));
        State = after;
    }

    /// <summary>Does something that stored bytes may make fail in any way; a failure is a finding.</summary>
    private void Tell(Action action, long? seqId, long? version, string what)
    {
        try
        {
            action();
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Find(FindingKind.Event, seqId, version, what, "an event of a known type that fits its stream", failure.Message);
        }
    }

    /// <summary>What the finished stream itself must be.</summary>
    public void Finish()
    {
        if (Version == 0)
        {
            Find(null, null, "a row in mt_streams has events", "events", string.Create(CultureInfo.InvariantCulture, $"a row at version {Row?.Version} without any"));
            return;
        }

        if (Row is null) Find(LastSeqId, Version, "a stream has its row in mt_streams", "a row", null);
        else CompareRow(Row);
        if (State is not null && audit?.Whole(State) is { } wrong) Find(LastSeqId, Version, wrong.What, wrong.Expected, wrong.Found);
    }

    private void CompareRow(StreamRow row)
    {
        if (row.Version != Version) Find(LastSeqId, Version, "version in mt_streams", Shown.Of(Version), row.Version?.ToString(CultureInfo.InvariantCulture));
        if (row.Type != Model.Kind) Find(LastSeqId, Version, "type in mt_streams", Model.Kind, row.Type);
        if (row.Timestamp != RecordedAt) Find(LastSeqId, Version, "timestamp in mt_streams", Shown.Of(RecordedAt), Shown.Of(row.Timestamp));
        if (!CreatedSeen) Find(LastSeqId, Version, "created in mt_streams", Shown.Of(First), Shown.Of(row.Created));
        if (row.IsArchived != false) Find(LastSeqId, Version, "is_archived in mt_streams", "false", row.IsArchived?.ToString(CultureInfo.InvariantCulture));
    }
}
