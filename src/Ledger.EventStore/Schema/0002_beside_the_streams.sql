-- What the store keeps beside the streams. Every row belongs to a tenant; every constraint has a name, so that conflicts are told apart by it.

-- The state of a stream as of its last version: what a command needs, so that no command replays a stream.
create table ledger.stream_states (
    tenant_id   text collate "C" not null,
    stream_id   text collate "C" not null,
    version     bigint      not null,
    recorded_at timestamptz not null,
    hash        bytea       not null,
    format      smallint    not null,
    state       bytea       not null,
    constraint stream_states_pkey primary key (tenant_id, stream_id)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);
comment on table ledger.stream_states is 'The folded state of each stream at its last version, with the hash of that version.';

-- Every 1,000 versions a copy of the state is kept, so that reading a stream as of then folds at most 1,000 events.
create table ledger.stream_checkpoints (
    tenant_id   text collate "C" not null,
    stream_id   text collate "C" not null,
    version     bigint      not null,
    recorded_at timestamptz not null,
    hash        bytea       not null,
    format      smallint    not null,
    state       bytea       not null,
    constraint stream_checkpoints_pkey primary key (tenant_id, stream_id, version)
);
comment on table ledger.stream_checkpoints is 'Copies of a stream''s state at versions that are multiples of 1,000.';

-- Keyed facts of a stream: what its state no longer holds but a later command may name. stream_id is empty for a fact of the whole tenant.
create table ledger.facts (
    tenant_id text collate "C" not null,
    stream_id text collate "C" not null,
    kind      text collate "C" not null,
    key       text collate "C" not null,
    data      jsonb not null,
    constraint facts_pkey primary key (tenant_id, stream_id, kind, key)
);
comment on table ledger.facts is 'Keyed facts derived from events, written in the commit of the event that made them.';

-- When something is due on a stream next; a sweep reads it in due order.
create table ledger.due (
    tenant_id text collate "C" not null,
    stream_id text collate "C" not null,
    at        timestamptz not null,
    constraint due_pkey primary key (tenant_id, stream_id)
);
create index due_at on ledger.due (at);
comment on table ledger.due is 'The next time at which something is due on a stream.';

-- The answer to a repeated command: which request it was and which event answered it. Kept for ever by default.
create table ledger.idempotency_keys (
    tenant_id   text collate "C" not null,
    key         text collate "C" not null,
    fingerprint uuid        not null,
    stream_id   text collate "C" not null,
    version     bigint      not null,
    answer      smallint    not null,
    created_at  timestamptz not null,
    constraint idempotency_keys_pkey primary key (tenant_id, key)
);
comment on table ledger.idempotency_keys is 'One row for each accepted command: the fingerprint of its request and the stream version that answers it.';

-- Messages that leave the database after the commit that made them.
create table ledger.outbox (
    position   bigint generated always as identity,
    tenant_id  text collate "C" not null,
    topic      text collate "C" not null,
    key        text collate "C" not null,
    payload    jsonb       not null,
    created_at timestamptz not null,
    constraint outbox_pkey primary key (position),
    constraint outbox_topic_key unique (tenant_id, topic, key)
);
comment on table ledger.outbox is 'Messages written in the commit of their event, delivered later, at least once.';

-- Business time is the database's clock plus this shift (zero but in tests and demonstrations).
create table ledger.clock (
    one   boolean  not null default true,
    shift interval not null default interval '0',
    constraint clock_pkey primary key (one),
    constraint clock_one check (one)
);
insert into ledger.clock default values;
comment on table ledger.clock is 'The shift of business time against the database''s clock.';
