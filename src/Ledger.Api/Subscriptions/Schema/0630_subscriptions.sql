-- Subscriptions: derived from their events by the projection "subscriptions", written in the same commit.
create table ledger.subscriptions (
    tenant_id  text    collate "C" not null,
    id         text    collate "C" not null,
    version    bigint  not null,
    account_id text    collate "C" not null,
    provider   text    collate "C" not null,
    status     text    not null,
    is_live    boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    position   bigint  not null,
    constraint subscriptions_pkey primary key (tenant_id, id)
);
create index subscriptions_newest on ledger.subscriptions (tenant_id, position desc);
create index subscriptions_of_account on ledger.subscriptions (tenant_id, account_id, position desc);
create index subscriptions_live on ledger.subscriptions (tenant_id, account_id) where is_live;
comment on table ledger.subscriptions is 'Each subscription as it is now.';
comment on column ledger.subscriptions.tenant_id is 'The tenant.';
comment on column ledger.subscriptions.id is 'The subscription.';
comment on column ledger.subscriptions.version is 'How many events made it.';
comment on column ledger.subscriptions.account_id is 'The account that it is for.';
comment on column ledger.subscriptions.provider is 'Who renews it: manual, or a provider.';
comment on column ledger.subscriptions.status is 'How it stands, as its last event left it.';
comment on column ledger.subscriptions.is_live is 'Whether it takes the one place that its account has.';
comment on column ledger.subscriptions.created_at is 'When it began here.';
comment on column ledger.subscriptions.updated_at is 'When it changed last.';
comment on column ledger.subscriptions.position is 'The position of its first event among all events.';

alter table ledger.subscriptions enable row level security;
create policy writer_all_tenants on ledger.subscriptions to ledger_writer using (true) with check (true);
grant select, insert, update on ledger.subscriptions to ledger_writer;
