-- Who leads each asynchronous projection and how far it has come. The row is the fence: every write of a projection's rows moves it in the same
-- transaction, and only for the leader of this epoch at the expected position.
create table ledger.projections (
    name         text collate "C" not null,
    version      integer not null,
    state        text    not null default 'running',
    last_seq_id  bigint  not null default 0,
    epoch        bigint  not null default 0,
    owner        text,
    heartbeat_at timestamptz,
    error        text,
    error_at     timestamptz,
    constraint projections_pkey primary key (name),
    constraint projections_state check (state in ('running', 'paused', 'failed')),
    constraint projections_position check (last_seq_id >= 0)
) with (fillfactor = 20);
comment on table ledger.projections is 'Each asynchronous projection: version of its rows, position, leader with its epoch and heartbeat.';

-- Streams whose events a projection could not take. It goes on without them; a retry replays them from first_seq_id on.
create table ledger.projection_parked (
    tenant_id     text collate "C" not null,
    projection    text collate "C" not null,
    stream_id     text collate "C" not null,
    first_seq_id  bigint  not null,
    first_version bigint  not null,
    tries         integer not null,
    error         text    not null,
    since         timestamptz not null default now(),
    constraint projection_parked_pkey primary key (tenant_id, projection, stream_id)
);
comment on table ledger.projection_parked is 'Streams that a projection has put aside: the first event that it could not take, how often it was tried, and why not.';

-- The rebuild of a projection that is under way, or how the last one ended.
create table ledger.projection_rebuilds (
    projection   text collate "C" not null,
    id           uuid    not null,
    node         text    not null,
    phase        text    not null,
    position     bigint  not null default 0,
    goal         bigint  not null default 0,
    cancelled    boolean not null default false,
    error        text,
    started_at   timestamptz not null default clock_timestamp(),
    heartbeat_at timestamptz not null default clock_timestamp(),
    constraint projection_rebuilds_pkey primary key (projection),
    constraint projection_rebuilds_phase check (phase in ('copying', 'indexing', 'catching_up', 'swapping', 'done', 'cancelled', 'failed'))
);
comment on table ledger.projection_rebuilds is 'Each projection''s present or last rebuild: how far it has come, and how it ended.';

-- Moves projections that stand at the same place, or none of them: whoever is not the leader any more is refused, whatever it has written in this transaction.
create function ledger.advance_projections(names text[], epochs bigint[], expected bigint, reached bigint) returns void language plpgsql as $$
declare moved integer;
begin
    update ledger.projections p set last_seq_id = reached, heartbeat_at = clock_timestamp(), error = null, error_at = null
    from unnest(names, epochs) as q(name, epoch)
    where p.name = q.name and p.epoch = q.epoch and p.last_seq_id = expected and p.state = 'running';
    get diagnostics moved = row_count;
    if moved <> cardinality(names) then
        raise exception 'another leader has taken over, or the projection was stopped' using errcode = 'LP001';
    end if;
    insert into ledger.mt_event_progression (name, last_seq_id, last_updated)
    select q.name || ':All', reached, transaction_timestamp() from unnest(names) as q(name)
    on conflict on constraint pk_mt_event_progression do update set last_seq_id = excluded.last_seq_id, last_updated = excluded.last_updated;
end $$;
comment on function ledger.advance_projections is 'The fenced step of projections: fails with LP001 for whoever does not lead all of them at the expected position.';

grant select, insert, update, delete on ledger.projections, ledger.projection_parked, ledger.projection_rebuilds to ledger_writer;

do $$
declare t text;
begin
    foreach t in array array['projections', 'projection_parked', 'projection_rebuilds'] loop
        execute format('alter table ledger.%I enable row level security', t);
        execute format('create policy writer_all_tenants on ledger.%I to ledger_writer using (true) with check (true)', t);
    end loop;
end $$;
