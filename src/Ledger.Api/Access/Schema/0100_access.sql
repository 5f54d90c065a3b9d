-- Who may call: tenants, API keys, and the idempotency keys of the requests that change them.

create table ledger.tenants (
    id                    text        not null,
    name                  text        not null,
    status                text        not null default 'active',
    rate_limit_per_second integer,
    created_at            timestamptz not null default now(),
    updated_at            timestamptz not null default now(),
    constraint tenants_pkey primary key (id),
    constraint tenants_id_form check (id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    constraint tenants_name_length check (char_length(name) between 1 and 200),
    constraint tenants_status_known check (status in ('active', 'suspended')),
    constraint tenants_rate_limit_range check (rate_limit_per_second between 1 and 1000000)
);
comment on table ledger.tenants is 'Each app''s own room. Tenant default is always there; the event tables call it *DEFAULT*.';

insert into ledger.tenants (id, name) values ('default', 'Default');

-- A key is 256 random bits, so an unsalted SHA-256 keeps it: there is nothing to guess it from. The key itself is shown once and kept nowhere.
create table ledger.api_keys (
    id                    text        not null,
    tenant_id             text,
    name                  text        not null,
    prefix                text        not null,
    hash                  bytea       not null,
    roles                 text[]      not null,
    rate_limit_per_second integer,
    created_at            timestamptz not null default now(),
    created_by            text        not null,
    expires_at            timestamptz,
    revoked_at            timestamptz,
    revoked_by            text,
    constraint api_keys_pkey primary key (id),
    constraint api_keys_hash_key unique (hash),
    constraint api_keys_tenant_fkey foreign key (tenant_id) references ledger.tenants (id),
    constraint api_keys_id_form check (id ~ '^key_[A-Za-z0-9]{20,40}$'),
    constraint api_keys_name_length check (char_length(name) between 1 and 200),
    constraint api_keys_hash_length check (octet_length(hash) = 32),
    constraint api_keys_roles_known check (roles <@ array['app', 'reader', 'analyst', 'admin', 'operator'] and cardinality(roles) between 1 and 5),
    -- An operator belongs to no tenant and has no other role; every other key belongs to one.
    constraint api_keys_operator_alone check (case when tenant_id is null then roles = array['operator'] else not 'operator' = any (roles) end),
    constraint api_keys_rate_limit_range check (rate_limit_per_second between 1 and 1000000),
    constraint api_keys_revocation check ((revoked_at is null) = (revoked_by is null))
);
create index api_keys_by_age on ledger.api_keys (created_at desc, id desc);
create index api_keys_of_tenant on ledger.api_keys (tenant_id, created_at desc, id desc);
comment on table ledger.api_keys is 'API keys by their SHA-256. A revoked one stays, so that its id keeps its meaning.';

-- Keys and tenants have no event stream, so their idempotency keys are kept here. The scope is the caller's tenant; an operator's is empty.
create table ledger.access_requests (
    scope       text        not null,
    key         text        not null,
    fingerprint uuid        not null,
    api_key_id  text        not null,
    created_at  timestamptz not null default now(),
    constraint access_requests_pkey primary key (scope, key),
    constraint access_requests_api_key_fkey foreign key (api_key_id) references ledger.api_keys (id)
);
comment on table ledger.access_requests is 'Accepted requests that made or revoked an API key, by their idempotency key.';

grant select, insert, update on ledger.tenants to ledger_writer;
grant select, insert, update on ledger.api_keys to ledger_writer;
grant select, insert on ledger.access_requests to ledger_writer;

do $$
declare t text;
begin
    foreach t in array array['tenants', 'api_keys', 'access_requests'] loop
        execute format('alter table ledger.%I enable row level security', t);
        execute format('create policy writer_all_tenants on ledger.%I to ledger_writer using (true) with check (true)', t);
    end loop;
end $$;
