-- What tenants set for their providers. It takes the place of what the environment says, member by member. Not derived from events: secrets belong into none.
create table ledger.tenant_settings (
    tenant_id  text collate "C" not null,
    name       text        not null,
    value      text        not null,
    updated_at timestamptz not null default now(),
    updated_by text        not null,
    constraint tenant_settings_pkey primary key (tenant_id, name)
);
comment on table ledger.tenant_settings is 'Settings of tenants, secrets among them: read by the service alone.';

alter table ledger.tenant_settings enable row level security;
create policy writer_all_tenants on ledger.tenant_settings to ledger_writer using (true) with check (true);
grant select, insert, update, delete on ledger.tenant_settings to ledger_writer;
