-- Who stands behind an account, as the app says it. Personal data, so in no event: it can be erased.
create table ledger.contacts (
    tenant_id  text collate "C" not null,
    account_id text collate "C" not null,
    email      text,
    name       text,
    address    text,
    updated_at timestamptz not null default now(),
    updated_by text        not null,
    constraint contacts_pkey primary key (tenant_id, account_id)
);
comment on table ledger.contacts is 'Mail address, name and address of who stands behind an account; in no event, and erasable.';
comment on column ledger.contacts.tenant_id is 'The tenant.';
comment on column ledger.contacts.account_id is 'The account.';
comment on column ledger.contacts.email is 'Mail address.';
comment on column ledger.contacts.name is 'Name.';
comment on column ledger.contacts.address is 'Address, in lines; invoices show it.';
comment on column ledger.contacts.updated_at is 'When it was set last, by the real clock.';
comment on column ledger.contacts.updated_by is 'The credential that set it last.';

alter table ledger.contacts enable row level security;
create policy writer_all_tenants on ledger.contacts to ledger_writer using (true) with check (true);
grant select, insert, update, delete on ledger.contacts to ledger_writer;
