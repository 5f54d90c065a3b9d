-- Which accounts there are, by owner and status: derived from their events, written in the same commit.
create table ledger.accounts (
    tenant_id  text   collate "C" not null,
    id         text   collate "C" not null,
    owner_kind text   not null,
    owner_id   text   collate "C" not null,
    unit       text   not null,
    status     text   not null,
    opened     bigint not null,
    constraint accounts_pkey primary key (tenant_id, id),
    constraint accounts_status check (status in ('open', 'frozen', 'closed'))
);
create index accounts_opened on ledger.accounts (tenant_id, opened desc);
create index accounts_owner on ledger.accounts (tenant_id, owner_id, opened desc);
comment on table ledger.accounts is 'The accounts of each tenant by owner and status; opened is the position of the event that opened them.';

alter table ledger.accounts enable row level security;
create policy writer_all_tenants on ledger.accounts to ledger_writer using (true) with check (true);
grant select, insert, update on ledger.accounts to ledger_writer;
