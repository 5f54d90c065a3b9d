-- What each tenant sells: derived from the events of its catalogue by the projection "catalog", written in the same commit. What every tenant begins with, and has not changed, has no row.
create table ledger.catalog (
    tenant_id   text    collate "C" not null,
    kind        text    not null,
    id          text    collate "C" not null,
    version     bigint  not null,
    name        text    not null,
    price       bigint,
    currency    text    collate "C",
    active      boolean not null,
    archived    boolean not null,
    sort_order  integer not null,
    updated_at  timestamptz not null,
    entry       text    not null,
    constraint catalog_pkey primary key (tenant_id, kind, id),
    constraint catalog_kind check (kind in ('package', 'plan', 'product'))
);
create index catalog_order on ledger.catalog (tenant_id, kind, sort_order, id);
comment on table ledger.catalog is 'Packages, plans and products of each tenant as they are now.';
comment on column ledger.catalog.tenant_id is 'The tenant.';
comment on column ledger.catalog.kind is 'package, plan or product.';
comment on column ledger.catalog.id is 'Its id within the kind.';
comment on column ledger.catalog.version is 'The version that a sale pins now.';
comment on column ledger.catalog.name is 'What people know it by.';
comment on column ledger.catalog.price is 'What it costs, in minor units of the currency; null where it has no price.';
comment on column ledger.catalog.currency is 'ISO 4217, lower case.';
comment on column ledger.catalog.active is 'Whether it is sold; false where it is archived.';
comment on column ledger.catalog.archived is 'Whether it was taken from sale for good.';
comment on column ledger.catalog.sort_order is 'Its place in lists, lower first.';
comment on column ledger.catalog.updated_at is 'When it changed last.';
comment on column ledger.catalog.entry is 'All of it, as JSON.';

alter table ledger.catalog enable row level security;
create policy writer_all_tenants on ledger.catalog to ledger_writer using (true) with check (true);
grant select, insert, update on ledger.catalog to ledger_writer;
