using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Ledger.EventStore.Verification;

/// <summary>Holds what is stored beside the events (states, checkpoints, facts, due times, keys) against the folds of a pass: none may differ, be missing, or be there without cause.</summary>
internal sealed class BesideChecks(EventPass pass, FoldContext context, NpgsqlConnection connection)
{
    public long Checkpoints { get; private set; }

    public long Facts { get; private set; }

    public async Task RunAsync(int part, int parts, CancellationToken cancellationToken)
    {
        foreach (var fold in pass.Folds) fold.Finish();
        var its = EventPass.PartOf("stream_id", part, parts);
        await StatesAsync(its, cancellationToken);
        await CheckpointsAsync(its, cancellationToken);
        await FactsAsync(its, cancellationToken);
        await DueAsync(its, cancellationToken);
        foreach (var fold in pass.Folds) CheckMissing(fold);
    }

    /// <summary>Facts of whole tenants, once all passes are over.</summary>
    public static async Task<long> TenantFactsAsync(NpgsqlConnection connection, FoldContext context, CancellationToken cancellationToken)
    {
        long count = 0;
        await EachAsync(connection, "select tenant_id, kind, key, data::text from ledger.facts where stream_id = ''", reader =>
        {
            count++;
            var (tenant, kind, key) = (StoredRow.TenantOf(reader.GetString(0)), reader.GetString(1), reader.GetString(2));
            var known = context.TenantFacts.Take(tenant, kind, key, out var fact);
            Compare(context.Findings, new StreamRef(tenant, ""), kind, key, known ? fact : null, Encoding.UTF8.GetBytes(reader.GetString(3)));
        }, cancellationToken);
        foreach (var (tenant, fact) in context.TenantFacts.Rest) context.Findings.Add(new Finding(fact.SeqId, tenant, "", null, "a fact of the tenant that the event wrote", "a row in facts", null) { Kind = FindingKind.Beside });
        return count;
    }

    /// <summary>
    /// Each key leads to an event that it caused, or to one that had been there before and can be its answer; each event's key is there. Fingerprints are of requests, which nothing else holds.
    /// </summary>
    public static async Task<long> KeysAsync(NpgsqlConnection connection, FoldContext context, CancellationToken cancellationToken)
    {
        await EachAsync(connection,
            """
            select k.tenant_id, k.stream_id, k.version, k.key, k.answer, e.seq_id, e.causation_id
            from ledger.idempotency_keys k left join ledger.mt_events e on e.tenant_id = k.tenant_id and e.stream_id = k.stream_id and e.version = k.version
            where k.stream_id <> '' and (e.seq_id is null or k.answer = 0 and e.causation_id is distinct from k.key) or k.stream_id = '' and (k.version <> 0 or k.answer <> 0)
            """, reader =>
            {
                var found = reader.IsDBNull(5) ? "no such event" : reader.IsDBNull(6) ? "an event without a key" : "the event of the key " + reader.GetString(6);
                context.Findings.Add(new Finding(
                    reader.IsDBNull(5) ? null : reader.GetInt64(5), StoredRow.TenantOf(reader.GetString(0)), reader.GetString(1), reader.GetInt64(2), $"the key {reader.GetString(3)} leads to the event that answers it",
                    "the event of that key", found)
                { Kind = FindingKind.Beside });
            }, cancellationToken);
        await EachAsync(connection,
            """
            select k.tenant_id, k.stream_id, k.version, k.key, k.answer, e.seq_id, e.type, e.data::text,
                exists (select from ledger.mt_events c where c.tenant_id = k.tenant_id and c.causation_id = k.key)
                and not exists (select from ledger.mt_events c where c.tenant_id = k.tenant_id and c.causation_id = k.key and c.stream_id = k.stream_id)
            from ledger.idempotency_keys k join ledger.mt_events e on e.tenant_id = k.tenant_id and e.stream_id = k.stream_id and e.version = k.version
            where k.stream_id <> '' and k.answer <> 0
            """, reader =>
            {
                var stream = StreamOf(reader);
                var found = reader.GetBoolean(8) ? "an event of a stream that its command did not write to"
                    : MayAnswer(context, stream, reader.GetInt16(4), reader.GetString(6), reader.GetString(7)) ? null
                    : string.Create(CultureInfo.InvariantCulture, $"an event of type {reader.GetString(6)} with the answer {reader.GetInt16(4)}");
                if (found is null) return;
                context.Findings.Add(new Finding(reader.GetInt64(5), stream.Tenant, stream.Id, reader.GetInt64(2), $"the key {reader.GetString(3)} leads to an event that can answer it", "an event that its command found", found) { Kind = FindingKind.Beside });
            }, cancellationToken);
        await EachAsync(connection,
            """
            select e.seq_id, e.tenant_id, e.stream_id, e.version, e.causation_id from ledger.mt_events e
            where e.causation_id is not null and not exists (select from ledger.idempotency_keys k where k.tenant_id = e.tenant_id and k.key = e.causation_id)
            """, reader => context.Findings.Add(new Finding(
                reader.GetInt64(0), StoredRow.TenantOf(reader.IsDBNull(1) ? null : reader.GetString(1)), reader.IsDBNull(2) ? "" : reader.GetString(2), reader.GetInt64(3),
                "the idempotency key of the event is kept, so that it is not done twice", "the key " + reader.GetString(4), null)
            { Kind = FindingKind.Beside }), cancellationToken);
        await using var count = new NpgsqlCommand("select count(*) from ledger.idempotency_keys", connection) { CommandTimeout = 0 };
        return (long)(await count.ExecuteScalarAsync(cancellationToken))!;
    }

    private static bool MayAnswer(FoldContext context, StreamRef stream, short answer, string type, string data)
    {
        if (!context.Audits.TryGetValue(stream.Kind.ToString(), out var audit)) return true;
        try
        {
            return audit.MayAnswer(answer, context.Catalog.Read(type, data));
        }
        catch (Exception failure) when (failure is UnknownEventException or System.Text.Json.JsonException or FormatException or ArgumentException or InvalidOperationException or OverflowException)
        {
            return true; // told as an event that can't be read
        }
    }

    private Task StatesAsync(string part, CancellationToken cancellationToken) =>
        EachAsync(connection, $"select tenant_id, stream_id, version, recorded_at, hash, format, state from ledger.stream_states where {part}", reader =>
        {
            var stream = StreamOf(reader);
            if (pass.Find(stream) is not { Version: > 0 } fold)
            {
                context.Findings.Add(new Finding(null, stream.Tenant, stream.Id, reader.GetInt64(2), "a state belongs to a stream with events", null, "a state") { Kind = FindingKind.Beside });
                return;
            }

            fold.StateSeen = true;
            if (fold.State is null) return;
            void Differs(string what, string expected, string found) => fold.Find(fold.LastSeqId, fold.Version, what, expected, found);
            if (reader.GetInt64(2) != fold.Version) Differs("version of the state", Shown.Of(fold.Version), Shown.Of(reader.GetInt64(2)));
            if (Time(reader, 3) != fold.RecordedAt) Differs("time of the state", Shown.Of(fold.RecordedAt), Shown.Of(Time(reader, 3)));
            var hash = reader.GetFieldValue<byte[]>(4);
            if (!hash.AsSpan().SequenceEqual(fold.Hash)) Differs("hash in the state", Shown.Hex(fold.Hash), Shown.Hex(hash));
            CompareSaved(fold, reader.GetInt16(5), fold.LastSeqId, fold.Version, "the state", SHA256.HashData(fold.Saved(fold.State)), reader.GetFieldValue<byte[]>(6));
        }, cancellationToken);

    private Task CheckpointsAsync(string part, CancellationToken cancellationToken) =>
        EachAsync(connection, $"select tenant_id, stream_id, version, recorded_at, hash, format, state from ledger.stream_checkpoints where {part}", reader =>
        {
            Checkpoints++;
            var (stream, version) = (StreamOf(reader), reader.GetInt64(2));
            var fold = pass.Find(stream);
            if (fold?.Checkpoints is null || !fold.Checkpoints.Remove(version, out var expected))
            {
                if (fold is not { Version: > 0, State: null }) context.Findings.Add(new Finding(null, stream.Tenant, stream.Id, version, "a checkpoint stands at a multiple of 1,000 versions that the stream has", null, "a checkpoint") { Kind = FindingKind.Beside });
                return;
            }

            if (Time(reader, 3) != expected.RecordedAt) fold.Find(expected.SeqId, version, "time of the checkpoint", Shown.Of(expected.RecordedAt), Shown.Of(Time(reader, 3)));
            var hash = reader.GetFieldValue<byte[]>(4);
            if (!hash.AsSpan().SequenceEqual(expected.Hash)) fold.Find(expected.SeqId, version, "hash in the checkpoint", Shown.Hex(expected.Hash), Shown.Hex(hash));
            CompareSaved(fold, reader.GetInt16(5), expected.SeqId, version, "the checkpoint", expected.StateDigest, reader.GetFieldValue<byte[]>(6));
        }, cancellationToken);

    private Task FactsAsync(string part, CancellationToken cancellationToken) =>
        EachAsync(connection, $"select tenant_id, stream_id, kind, key, data::text from ledger.facts where stream_id <> '' and {part}", reader =>
        {
            Facts++;
            var (stream, kind, key) = (StreamOf(reader), reader.GetString(2), reader.GetString(3));
            var fold = pass.Find(stream);
            if (fold is { Version: > 0, State: null }) return;
            FoldedFact fact = default;
            var known = fold?.Facts is not null && fold.Facts.Remove(FactDigest.OfName(kind, key), out fact);
            Compare(context.Findings, stream, kind, key, known ? fact : null, Encoding.UTF8.GetBytes(reader.GetString(4)));
        }, cancellationToken);

    private Task DueAsync(string part, CancellationToken cancellationToken) =>
        EachAsync(connection, $"select tenant_id, stream_id, at from ledger.due where {part}", reader =>
        {
            var (stream, at) = (StreamOf(reader), Time(reader, 2));
            if (pass.Find(stream) is not { Version: > 0 } fold)
            {
                context.Findings.Add(new Finding(null, stream.Tenant, stream.Id, null, "what is due belongs to a stream with events", null, Shown.Of(at)) { Kind = FindingKind.Beside });
                return;
            }

            fold.DueSeen = true;
            if (fold.State is not null && fold.Model.DueAt(fold.State) is var expected && expected != at) fold.Find(fold.LastSeqId, fold.Version, "when something is due next", Shown.Of(expected), Shown.Of(at));
        }, cancellationToken);

    private static void CheckMissing(StreamFold fold)
    {
        if (fold.Version == 0) return;
        if (!fold.StateSeen) fold.Find(fold.LastSeqId, fold.Version, "a stream has a state", "a state", null);
        if (fold.State is null) return;
        if (!fold.DueSeen && fold.Model.DueAt(fold.State) is { } due) fold.Find(fold.LastSeqId, fold.Version, "when something is due next", Shown.Of(due), null);
        foreach (var (version, checkpoint) in fold.Checkpoints ?? []) fold.Find(checkpoint.SeqId, version, "a checkpoint is kept at each multiple of 1,000 versions", "a checkpoint", null);
        foreach (var fact in (fold.Facts ?? []).Values) fold.Find(fact.SeqId, null, "a fact that the event wrote is kept", "a row in facts", null);
    }

    private static void CompareSaved(StreamFold fold, short format, long seqId, long version, string what, byte[] expected, byte[] saved)
    {
        if (format < fold.Model.Format) return; // saved by an older program: it is folded anew whenever it is needed, so its bytes decide nothing
        if (format > fold.Model.Format) fold.Find(seqId, version, $"form of {what}", "at most " + Shown.Of(fold.Model.Format), Shown.Of(format));
        else if (!SHA256.HashData(saved).AsSpan().SequenceEqual(expected)) fold.Find(seqId, version, $"{what} is what the events fold to (SHA-256)", Shown.Hex(expected), Shown.Hex(SHA256.HashData(saved)));
    }

    private static void Compare(Findings findings, StreamRef stream, string kind, string key, FoldedFact? expected, byte[] stored)
    {
        if (expected is { } fact && fact.Body == FactDigest.OfBody(stored) && PlainNumbers.All(stored)) return;
        findings.Add(new Finding(expected?.SeqId, stream.Tenant, stream.Id, null, $"the fact {kind} {key}", expected is null ? null : "what the event wrote", Encoding.UTF8.GetString(stored)) { Kind = FindingKind.Beside });
    }

    private static StreamRef StreamOf(NpgsqlDataReader reader) => new(StoredRow.TenantOf(reader.GetString(0)), reader.GetString(1));

    private static DateTimeOffset Time(NpgsqlDataReader reader, int column) => new(reader.GetDateTime(column), TimeSpan.Zero);

    private static async Task EachAsync(NpgsqlConnection connection, string sql, Action<NpgsqlDataReader> each, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) each(reader);
    }
}
