-- Payments: derived from their events by the projection "payments", written in the same commit. What is not derived (leases, payers' mail addresses) stands in tables of its own.
create table ledger.payments (
    tenant_id       text    collate "C" not null,
    id              text    collate "C" not null,
    version         bigint  not null,
    account_id      text    collate "C" not null,
    purpose         text    not null,
    status          text    not null,
    provider        text    collate "C",
    amount          bigint  not null,
    currency        text    collate "C" not null,
    refunded        bigint  not null,
    credit_amount   numeric,
    revoked         numeric not null,
    shortfall       numeric not null,
    item_kind       text,
    item_id         text    collate "C",
    item_version    bigint,
    quantity        bigint,
    needs_attention boolean not null,
    created_at      timestamptz not null,
    paid_at         timestamptz,
    updated_at      timestamptz not null,
    position        bigint  not null,
    constraint payments_pkey primary key (tenant_id, id)
);
create index payments_newest on ledger.payments (tenant_id, position desc);
create index payments_of_account on ledger.payments (tenant_id, account_id, position desc);
create index payments_attention on ledger.payments (tenant_id, position desc) where needs_attention;
comment on table ledger.payments is 'Each payment as it is now.';
comment on column ledger.payments.tenant_id is 'The tenant.';
comment on column ledger.payments.id is 'The payment.';
comment on column ledger.payments.version is 'How many events made it.';
comment on column ledger.payments.account_id is 'The account that it is for.';
comment on column ledger.payments.purpose is 'credits, subscription or product.';
comment on column ledger.payments.status is 'Where it stands.';
comment on column ledger.payments.provider is 'The provider; null where nothing was to be paid.';
comment on column ledger.payments.amount is 'What is to be paid, or was, in minor units of the currency.';
comment on column ledger.payments.currency is 'ISO 4217, lower case.';
comment on column ledger.payments.refunded is 'What has gone back, or is about to, in minor units.';
comment on column ledger.payments.credit_amount is 'The credits that it buys; null where it buys none.';
comment on column ledger.payments.revoked is 'Credits that were taken back.';
comment on column ledger.payments.shortfall is 'Credits that should have been taken back and could not be.';
comment on column ledger.payments.item_kind is 'package, plan or product; null for a payment that was not begun here.';
comment on column ledger.payments.item_id is 'What was sold, by its id in the catalogue.';
comment on column ledger.payments.item_version is 'Its version when it was sold.';
comment on column ledger.payments.quantity is 'How many were sold.';
comment on column ledger.payments.needs_attention is 'Whether somebody has to look at it.';
comment on column ledger.payments.created_at is 'When it began here.';
comment on column ledger.payments.paid_at is 'When it was paid.';
comment on column ledger.payments.updated_at is 'When it changed last.';
comment on column ledger.payments.position is 'The position of its first event among all events.';

-- Who asks the provider about a payment now. A row stays: attempts counts the calls that were begun, those included whose end nobody saw.
create table ledger.payment_leases (
    tenant_id  text collate "C" not null,
    payment_id text collate "C" not null,
    until      timestamptz not null,
    attempts   integer     not null,
    constraint payment_leases_pkey primary key (tenant_id, payment_id)
);
comment on table ledger.payment_leases is 'Who asks a provider about a payment just now, and how often that was begun.';

-- Personal data, so not in events: it can be erased.
create table ledger.checkout_contacts (
    tenant_id  text collate "C" not null,
    payment_id text collate "C" not null,
    email      text,
    name       text,
    created_at timestamptz not null default now(),
    constraint checkout_contacts_pkey primary key (tenant_id, payment_id)
);
comment on table ledger.checkout_contacts is 'What a checkout said of its payer, for the provider''s page; not in any event.';

do $$
declare t text;
begin
    foreach t in array array['payments', 'payment_leases', 'checkout_contacts'] loop
        execute format('alter table ledger.%I enable row level security', t);
        execute format('create policy writer_all_tenants on ledger.%I to ledger_writer using (true) with check (true)', t);
    end loop;
end $$;
grant select, insert, update on ledger.payments to ledger_writer;
grant select, insert, update, delete on ledger.payment_leases, ledger.checkout_contacts to ledger_writer;
