-- What providers tell: one row for each thing told, whatever became of it, and the raw text in a table of its own, from which it can be erased.
-- A delivery is identified by tenant, provider and the provider's id of the event, for ever.
create table ledger.webhook_deliveries (
    tenant_id       text collate "C" not null,
    id              text collate "C" not null,
    provider        text collate "C" not null,
    event_id        text collate "C" not null,
    type            text        not null,
    object_id       text,
    api_version     text,
    live            boolean,
    status          text        not null default 'received',
    reason          text,
    payment_id      text,
    facts           jsonb,
    refs            text[]      not null default '{}',
    sha256          bytea       not null,
    repeats         integer     not null default 0,
    round           integer     not null default 1,
    attempts        integer     not null default 0,
    tries           integer     not null default 0,
    faults          integer     not null default 0,
    unconfirmed     boolean     not null default false,
    received_at     timestamptz not null default clock_timestamp(),
    begun_at        timestamptz not null default clock_timestamp(),
    attempted_at    timestamptz,
    next_attempt_at timestamptz default clock_timestamp(),
    settled_at      timestamptz,
    constraint webhook_deliveries_pkey primary key (tenant_id, id),
    constraint webhook_deliveries_event unique (tenant_id, provider, event_id),
    constraint webhook_deliveries_status check (status in ('received', 'applied', 'ignored', 'waiting', 'failed')),
    constraint webhook_deliveries_sha256 check (octet_length(sha256) = 32),
    -- What is settled is not taken again; what is not settled always has its next time.
    constraint webhook_deliveries_open check ((status in ('received', 'waiting')) = (next_attempt_at is not null))
) with (fillfactor = 80);
create index webhook_deliveries_due on ledger.webhook_deliveries (provider, next_attempt_at) where next_attempt_at is not null;
create index webhook_deliveries_by_age on ledger.webhook_deliveries (tenant_id, received_at desc, id desc);
create index webhook_deliveries_by_status on ledger.webhook_deliveries (tenant_id, status, received_at desc, id desc);
create index webhook_deliveries_waiting on ledger.webhook_deliveries using gin (refs) where status = 'waiting';
comment on table ledger.webhook_deliveries is 'Each notification of a payment provider whose signature held: what it is, and what became of it.';
comment on column ledger.webhook_deliveries.event_id is 'The provider''s id of the event; where it gives none, what identifies the news.';
comment on column ledger.webhook_deliveries.reason is 'Why it waits, was ignored or has failed.';
comment on column ledger.webhook_deliveries.facts is 'What was read from the body, without personal data; it stays when the body is erased.';
comment on column ledger.webhook_deliveries.refs is 'The provider''s references in it: when a payment with one of them becomes known, what waits for it is tried at once.';
comment on column ledger.webhook_deliveries.repeats is 'How often it came again.';
comment on column ledger.webhook_deliveries.round is 'How often it was applied from the beginning: 1, and one more for each replay.';
comment on column ledger.webhook_deliveries.attempts is 'How often a worker took it, over all rounds: whoever marks it names the number that it took.';
comment on column ledger.webhook_deliveries.tries is 'How often it was tried in this round.';
comment on column ledger.webhook_deliveries.faults is 'How often the program failed over it in this round.';
comment on column ledger.webhook_deliveries.unconfirmed is 'A hint that the provider has not confirmed: when it comes again, the provider is asked again.';
comment on column ledger.webhook_deliveries.begun_at is 'When this round began: a delivery that waits is given up three days after that.';
comment on column ledger.webhook_deliveries.next_attempt_at is 'When it is to be tried; while a worker has it, when another may take it. Null once it is settled.';

create table ledger.webhook_bodies (
    tenant_id   text collate "C" not null,
    delivery_id text collate "C" not null,
    body        bytea,
    received_at timestamptz not null default clock_timestamp(),
    erased_at   timestamptz,
    erased_by   text,
    constraint webhook_bodies_pkey primary key (tenant_id, delivery_id),
    constraint webhook_bodies_erased check ((body is null) = (erased_at is not null) and (erased_at is null) = (erased_by is null))
);
create index webhook_bodies_kept on ledger.webhook_bodies (tenant_id, received_at) where body is not null;
comment on table ledger.webhook_bodies is 'The raw body of each delivery, as it came. It may hold personal data, so it is erased on request and after the tenant''s retention; its SHA-256 and the facts stay with the delivery.';

-- Of what was refused nothing is kept but how often it came.
create table ledger.webhook_refusals (
    tenant_id text collate "C" not null,
    provider  text collate "C" not null,
    day       date        not null,
    fault     text        not null,
    count     bigint      not null default 1,
    constraint webhook_refusals_pkey primary key (tenant_id, provider, day, fault)
) with (fillfactor = 50);
comment on table ledger.webhook_refusals is 'How many notifications were refused for their signature, by UTC day.';

alter table ledger.webhook_deliveries enable row level security;
alter table ledger.webhook_bodies enable row level security;
alter table ledger.webhook_refusals enable row level security;
create policy writer_all_tenants on ledger.webhook_deliveries to ledger_writer using (true) with check (true);
create policy writer_all_tenants on ledger.webhook_bodies to ledger_writer using (true) with check (true);
create policy writer_all_tenants on ledger.webhook_refusals to ledger_writer using (true) with check (true);
grant select, insert, update on ledger.webhook_deliveries to ledger_writer;
grant select, insert, update on ledger.webhook_bodies to ledger_writer;
grant select, insert, update on ledger.webhook_refusals to ledger_writer;
