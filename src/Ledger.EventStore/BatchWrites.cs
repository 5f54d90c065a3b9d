using Npgsql;
using NpgsqlTypes;
using static Ledger.EventStore.WriterConnection;

namespace Ledger.EventStore;

/// <summary>The statements that write a batch: each takes arrays, so a batch of any size is the same few statements.</summary>
internal static class BatchWrites
{
    private const string InsertEvents =
        """
        insert into ledger.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, correlation_id, causation_id, headers, is_archived)
        select *, false from unnest($1::bigint[], $2::uuid[], $3::text[], $4::bigint[], $5::jsonb[], $6::text[], $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::jsonb[])
        """;

    private const string InsertStreams =
        """
        insert into ledger.mt_streams (tenant_id, id, type, version, timestamp, created, is_archived)
        select tenant, id, type, version, at, at, false from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[]) as q(tenant, id, type, version, at)
        """;

    private const string UpdateStreams =
        """
        update ledger.mt_streams s set version = q.version, timestamp = q.at
        from unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[]) as q(tenant, id, version, at)
        where s.tenant_id = q.tenant and s.id = q.id
        """;

    private const string InsertStates =
        """
        insert into ledger.stream_states (tenant_id, stream_id, version, recorded_at, hash, format, state)
        select * from unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::bytea[], $6::smallint[], $7::bytea[])
        """;

    private const string UpdateStates =
        """
        update ledger.stream_states s set version = q.version, recorded_at = q.at, hash = q.hash, format = q.format, state = q.state
        from unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::bytea[], $6::smallint[], $7::bytea[]) as q(tenant, id, version, at, hash, format, state)
        where s.tenant_id = q.tenant and s.stream_id = q.id
        """;

    private const string InsertCheckpoints =
        """
        insert into ledger.stream_checkpoints (tenant_id, stream_id, version, recorded_at, hash, format, state)
        select * from unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::bytea[], $6::smallint[], $7::bytea[])
        """;

    private const string InsertKeys =
        """
        insert into ledger.idempotency_keys (tenant_id, key, fingerprint, stream_id, version, answer, created_at)
        select tenant, key, fingerprint, stream, version, answer, $7 from unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::smallint[]) as q(tenant, key, fingerprint, stream, version, answer)
        """;

    private const string UpsertFacts =
        """
        insert into ledger.facts (tenant_id, stream_id, kind, key, data)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[])
        on conflict on constraint facts_pkey do update set data = excluded.data
        """;

    private const string UpsertDue =
        """
        insert into ledger.due (tenant_id, stream_id, at)
        select * from unnest($1::text[], $2::text[], $3::timestamptz[])
        on conflict on constraint due_pkey do update set at = excluded.at
        """;

    private const string DeleteDue =
        """
        delete from ledger.due d using unnest($1::text[], $2::text[]) as q(tenant, id) where d.tenant_id = q.tenant and d.stream_id = q.id
        """;

    private const string InsertMessages =
        """
        insert into ledger.outbox (tenant_id, topic, key, payload, created_at)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::timestamptz[]) on conflict on constraint outbox_topic_key do nothing
        """;

    public static void AddTo(IList<NpgsqlBatchCommand> commands, WorkingSet set)
    {
        AddEvents(commands, set.Events);
        if (set.Catalog.MessageOf is { } messageOf) AddMessages(commands, set.Events, messageOf);
        AddStreams(commands, set);
        if (set.Checkpoints.Count > 0)
        {
            var kept = set.Checkpoints;
            commands.Add(Command(InsertCheckpoints,
                Texts(kept, c => Tenants.Stored(c.Slot.Stream.Tenant)), Texts(kept, c => c.Slot.Stream.Id), Column(NpgsqlDbType.Bigint, kept, c => c.Version),
                Column(NpgsqlDbType.TimestampTz, kept, c => c.RecordedAt.UtcDateTime), Column(NpgsqlDbType.Bytea, kept, c => c.Hash),
                Column(NpgsqlDbType.Smallint, kept, c => c.Slot.Model.Format), Column(NpgsqlDbType.Bytea, kept, c => c.State)));
        }

        var keys = set.NewKeys;
        if (keys.Count > 0)
        {
            commands.Add(Command(InsertKeys,
                Texts(keys, k => Tenants.Stored(k.Tenant)), Texts(keys, k => k.Key), Column(NpgsqlDbType.Uuid, keys, k => ToGuid(k.Row.Fingerprint)),
                Texts(keys, k => k.Row.Stream.Id), Column(NpgsqlDbType.Bigint, keys, k => k.Row.Version), Column(NpgsqlDbType.Smallint, keys, k => k.Row.Answer),
                Value(NpgsqlDbType.TimestampTz, set.Clock.UtcDateTime)));
        }

        var facts = set.FactsToWrite.OrderBy(f => f.Name.Stream.Tenant, StringComparer.Ordinal).ThenBy(f => f.Name.Stream.Id, StringComparer.Ordinal).ToList();
        if (facts.Count > 0)
        {
            commands.Add(Command(UpsertFacts,
                Texts(facts, f => Tenants.Stored(f.Name.Stream.Tenant)), Texts(facts, f => f.Name.Stream.Id), Texts(facts, f => f.Name.Kind), Texts(facts, f => f.Name.Key),
                Column(NpgsqlDbType.Jsonb, facts, f => f.Data)));
        }
    }

    private static void AddEvents(IList<NpgsqlBatchCommand> commands, List<PendingEvent> events)
    {
        if (events.Count == 0) return;
        commands.Add(Command(InsertEvents,
            Column(NpgsqlDbType.Bigint, events, e => e.Stored.SeqId), Column(NpgsqlDbType.Uuid, events, e => e.Stored.Id), Texts(events, e => e.Stored.Stream.Id),
            Column(NpgsqlDbType.Bigint, events, e => e.Stored.Version), Column(NpgsqlDbType.Jsonb, events, e => e.Json), Texts(events, e => e.Stored.Type),
            Column(NpgsqlDbType.TimestampTz, events, e => e.Stored.RecordedAt.UtcDateTime), Texts(events, e => Tenants.Stored(e.Stored.Stream.Tenant)),
            Texts(events, e => e.Stored.Meta.Correlation), Texts(events, e => e.Stored.Meta.Causation), Column(NpgsqlDbType.Jsonb, events, e => e.HeadersJson)));
    }

    private static void AddMessages(IList<NpgsqlBatchCommand> commands, List<PendingEvent> events, Func<StoredEvent, OutboxMessage?> messageOf)
    {
        List<(StoredEvent Event, OutboxMessage Message)>? messages = null;
        foreach (var pending in events)
        {
            if (messageOf(pending.Stored) is { } message) (messages ??= []).Add((pending.Stored, message));
        }

        if (messages is null) return;
        commands.Add(Command(InsertMessages,
            Texts(messages, m => Tenants.Stored(m.Event.Stream.Tenant)), Texts(messages, m => m.Message.Topic), Texts(messages, m => m.Message.Key), Column(NpgsqlDbType.Jsonb, messages, m => m.Message.Payload),
            Column(NpgsqlDbType.TimestampTz, messages, m => m.Event.RecordedAt.UtcDateTime)));
    }

    private static void AddStreams(IList<NpgsqlBatchCommand> commands, WorkingSet set)
    {
        List<StreamSlot> born = [], moved = [], dueNever = [];
        List<(StreamSlot Slot, DateTimeOffset At)> dueNow = [];
        foreach (var slot in set.Slots)
        {
            if (!slot.IsChanged) continue;
            (slot.LoadedVersion == 0 ? born : moved).Add(slot);
            var due = slot.Model.DueAt(slot.State);
            if (due == slot.LoadedDue) continue;
            if (due is null) dueNever.Add(slot);
            else dueNow.Add((slot, due.Value));
        }

        if (born.Count > 0)
        {
            commands.Add(Command(InsertStreams, Stored(born), Ids(born), Texts(born, s => s.Model.Kind), Versions(born), Times(born)));
            commands.Add(Command(InsertStates, Stored(born), Ids(born), Versions(born), Times(born), Hashes(born), Formats(born), States(born)));
        }

        if (moved.Count > 0)
        {
            commands.Add(Command(UpdateStreams, Stored(moved), Ids(moved), Versions(moved), Times(moved)));
            commands.Add(Command(UpdateStates, Stored(moved), Ids(moved), Versions(moved), Times(moved), Hashes(moved), Formats(moved), States(moved)));
        }

        if (dueNow.Count > 0)
        {
            commands.Add(Command(UpsertDue,
                Texts(dueNow, d => Tenants.Stored(d.Slot.Stream.Tenant)), Texts(dueNow, d => d.Slot.Stream.Id), Column(NpgsqlDbType.TimestampTz, dueNow, d => d.At.UtcDateTime)));
        }

        if (dueNever.Count > 0) commands.Add(Command(DeleteDue, Stored(dueNever), Ids(dueNever)));
    }

    private static NpgsqlParameter Stored(List<StreamSlot> slots) => Texts(slots, s => Tenants.Stored(s.Stream.Tenant));

    private static NpgsqlParameter Ids(List<StreamSlot> slots) => Texts(slots, s => s.Stream.Id);

    private static NpgsqlParameter Versions(List<StreamSlot> slots) => Column(NpgsqlDbType.Bigint, slots, s => s.Version);

    private static NpgsqlParameter Times(List<StreamSlot> slots) => Column(NpgsqlDbType.TimestampTz, slots, s => s.RecordedAt.UtcDateTime);

    private static NpgsqlParameter Hashes(List<StreamSlot> slots) => Column(NpgsqlDbType.Bytea, slots, s => s.Hash);

    private static NpgsqlParameter Formats(List<StreamSlot> slots) => Column(NpgsqlDbType.Smallint, slots, s => s.Model.Format);

    private static NpgsqlParameter States(List<StreamSlot> slots) => Column(NpgsqlDbType.Bytea, slots, s => s.SavedState);

    private static NpgsqlParameter Column<T, TValue>(NpgsqlDbType type, List<T> items, Func<T, TValue> of)
    {
        var values = new TValue[items.Count];
        for (var i = 0; i < values.Length; i++) values[i] = of(items[i]);
        return Array(type, values);
    }
}
