-- The daily comparison with each provider: one row for each day, which is also the lease of the node that makes it.
create table ledger.reconciliations (
    tenant_id   text collate "C" not null,
    provider    text collate "C" not null,
    day         date        not null,
    until       timestamptz not null,
    attempts    integer     not null default 1,
    begun_at    timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    compared    bigint,
    differing   bigint,
    healed      bigint,
    report      jsonb,
    error       text,
    constraint reconciliations_pkey primary key (tenant_id, provider, day),
    -- What is finished has its report.
    constraint reconciliations_finished check ((finished_at is null) = (report is null))
);
comment on table ledger.reconciliations is 'The daily comparison of the ledger with each payment provider, and what it found.';
comment on column ledger.reconciliations.tenant_id is 'The tenant.';
comment on column ledger.reconciliations.provider is 'The provider.';
comment on column ledger.reconciliations.day is 'The UTC day that it was made on; it covers the days before.';
comment on column ledger.reconciliations.until is 'While it is not finished: when another node may take it.';
comment on column ledger.reconciliations.attempts is 'How often a node took it.';
comment on column ledger.reconciliations.finished_at is 'When it ended, or was given up; null while it is under way or will be tried again.';
comment on column ledger.reconciliations.compared is 'How many payments were compared.';
comment on column ledger.reconciliations.differing is 'How many of them differ, those included that were put right.';
comment on column ledger.reconciliations.healed is 'How many of them were put right.';
comment on column ledger.reconciliations.report is 'All of it, as GET /v1/reports/reconciliation answers it.';
comment on column ledger.reconciliations.error is 'Why the last attempt came to nothing.';

alter table ledger.reconciliations enable row level security;
create policy writer_all_tenants on ledger.reconciliations to ledger_writer using (true) with check (true);
grant select, insert, update, delete on ledger.reconciliations to ledger_writer;
