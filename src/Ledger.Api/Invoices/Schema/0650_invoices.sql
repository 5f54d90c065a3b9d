-- Invoices: derived from their events by the projection "invoices", written in the same commit.
create table ledger.invoices (
    tenant_id       text    collate "C" not null,
    id              text    collate "C" not null,
    version         bigint  not null,
    number          text    collate "C" not null,
    account_id      text    collate "C" not null,
    payment_id      text    collate "C",
    subscription_id text    collate "C",
    status          text    not null,
    currency        text    collate "C" not null,
    subtotal        bigint  not null,
    discount        bigint  not null,
    tax             bigint  not null,
    total           bigint  not null,
    credited        bigint  not null,
    issued_at       timestamptz not null,
    due_at          timestamptz,
    paid_at         timestamptz,
    updated_at      timestamptz not null,
    position        bigint  not null,
    constraint invoices_pkey primary key (tenant_id, id),
    constraint invoices_number unique (tenant_id, number),
    constraint invoices_total check (total = subtotal - discount and total > 0 and tax between 0 and total),
    constraint invoices_credited check (credited between 0 and total)
);
create index invoices_newest on ledger.invoices (tenant_id, position desc);
create index invoices_of_account on ledger.invoices (tenant_id, account_id, position desc);
create index invoices_of_subscription on ledger.invoices (tenant_id, subscription_id, position desc) where subscription_id is not null;
comment on table ledger.invoices is 'Each invoice as it is now.';
comment on column ledger.invoices.tenant_id is 'The tenant.';
comment on column ledger.invoices.id is 'The invoice.';
comment on column ledger.invoices.version is 'How many events made it.';
comment on column ledger.invoices.number is 'Its number, without gaps within the tenant and year.';
comment on column ledger.invoices.account_id is 'The account that it is for.';
comment on column ledger.invoices.payment_id is 'The payment that it is for; null where none was made here.';
comment on column ledger.invoices.subscription_id is 'The subscription that it is for; null where it is for none.';
comment on column ledger.invoices.status is 'pending, paid, failed, refunded or void.';
comment on column ledger.invoices.currency is 'ISO 4217, lower case.';
comment on column ledger.invoices.subtotal is 'The sum of its lines, in minor units.';
comment on column ledger.invoices.discount is 'What is taken off that.';
comment on column ledger.invoices.tax is 'The tax in the total.';
comment on column ledger.invoices.total is 'What is to be paid, the tax in it.';
comment on column ledger.invoices.credited is 'What its credit notes come to.';
comment on column ledger.invoices.issued_at is 'When it was written.';
comment on column ledger.invoices.due_at is 'When it has to be paid; null where it was paid when it was written.';
comment on column ledger.invoices.paid_at is 'When it was paid.';
comment on column ledger.invoices.updated_at is 'When it changed last.';
comment on column ledger.invoices.position is 'The position of its first event among all events.';

alter table ledger.invoices enable row level security;
create policy writer_all_tenants on ledger.invoices to ledger_writer using (true) with check (true);
grant select, insert, update on ledger.invoices to ledger_writer;
