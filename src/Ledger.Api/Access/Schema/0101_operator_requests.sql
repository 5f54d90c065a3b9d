-- Requests of operators that change no tenant, no API key and no stream, by their idempotency key: done says that it was carried out, so that one that was lost in between is carried out again.
create table ledger.operator_requests (
    key         text        not null,
    fingerprint uuid        not null,
    done        boolean     not null default false,
    created_at  timestamptz not null default now(),
    constraint operator_requests_pkey primary key (key)
);
comment on table ledger.operator_requests is 'Idempotency keys of operators'' requests to projections; an operator belongs to no tenant.';

alter table ledger.operator_requests enable row level security;
create policy writer_all_tenants on ledger.operator_requests to ledger_writer using (true) with check (true);
grant select, insert, update, delete on ledger.operator_requests to ledger_writer;
