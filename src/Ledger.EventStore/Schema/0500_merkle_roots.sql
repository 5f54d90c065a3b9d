-- A root for each UTC day that is over: whoever keeps a copy of it outside can tell later whether any event of that day or of a day before it was changed,
-- moved, added or taken away. A root is made once and never changed; the service may only add one.
create table ledger.merkle_roots (
    day          date        not null,
    first_seq_id bigint      not null,
    last_seq_id  bigint      not null,
    events       bigint      not null,
    tree         bytea       not null,
    previous     bytea       not null,
    root         bytea       not null,
    blocks       bytea       not null,
    sealed_at    timestamptz not null default clock_timestamp(),
    constraint merkle_roots_pkey primary key (day),
    constraint merkle_roots_first unique (first_seq_id, day),
    constraint merkle_roots_sizes check (octet_length(tree) = 32 and octet_length(previous) = 32 and octet_length(root) = 32 and octet_length(blocks) % 32 = 0)
);
-- Hashes do not compress.
alter table ledger.merkle_roots alter column blocks set storage external;
comment on table ledger.merkle_roots is 'The Merkle root over the positions and hashes of all events of each UTC day that is over, chained to the root of the day before.';
comment on column ledger.merkle_roots.blocks is 'The hashes of the subtrees over each 1,024 events, in order, from which the path of one event is made without reading the whole day.';

-- What runs of the verification in the background found.
create table ledger.verifications (
    id         bigint generated always as identity,
    started_at timestamptz not null default clock_timestamp(),
    started_by text        not null,
    key        text collate "C" not null,
    seen_at    timestamptz not null default clock_timestamp(),
    ended_at   timestamptz,
    state      text        not null,
    done       bigint      not null default 0,
    total      bigint      not null default 0,
    report     jsonb,
    constraint verifications_pkey primary key (id),
    constraint verifications_key unique (key),
    constraint verifications_state check (state in ('running', 'passed', 'failed', 'cancelled', 'broken'))
);
comment on table ledger.verifications is 'Runs of the verification that were started over the API: how far they are and what they found.';

alter table ledger.merkle_roots enable row level security;
alter table ledger.verifications enable row level security;
create policy writer_all_tenants on ledger.merkle_roots to ledger_writer using (true) with check (true);
create policy writer_all_tenants on ledger.verifications to ledger_writer using (true) with check (true);
grant select, insert on ledger.merkle_roots to ledger_writer;
grant select, insert, update on ledger.verifications to ledger_writer;
