-- What was used by day, and the alerts that were raised: derived from the events of quotas by the projection "usage_days", written in the same commit.
create table ledger.usage_days (
    tenant_id  text    collate "C" not null,
    account_id text    collate "C" not null,
    metric     text    collate "C" not null,
    day        date    not null,
    category   text    collate "C" not null,
    added      numeric not null,
    posts      bigint  not null,
    used       numeric,
    peak       numeric,
    version    bigint  not null,
    constraint usage_days_pkey primary key (tenant_id, account_id, metric, day, category)
);
comment on table ledger.usage_days is 'What was posted of each metric by day, UTC, and category.';
comment on column ledger.usage_days.tenant_id is 'The tenant.';
comment on column ledger.usage_days.account_id is 'The account.';
comment on column ledger.usage_days.metric is 'The metric, as it is metered (storage in bytes).';
comment on column ledger.usage_days.day is 'The day, UTC, on which it happened.';
comment on column ledger.usage_days.category is 'What part of the metric it is; empty for none.';
comment on column ledger.usage_days.added is 'What was added on that day, less what was taken off.';
comment on column ledger.usage_days.posts is 'How many posts there were.';
comment on column ledger.usage_days.used is 'How much of the whole metric was used after the last post that counted; null where none did.';
comment on column ledger.usage_days.peak is 'The most of the whole metric that was used after any of them.';
comment on column ledger.usage_days.version is 'The version of the account''s quotas that changed the row last.';

create table ledger.alerts (
    tenant_id   text    collate "C" not null,
    account_id  text    collate "C" not null,
    version     bigint  not null,
    kind        text    not null,
    metric      text    collate "C",
    percent     integer,
    threshold   numeric not null,
    value       numeric not null,
    limit_value numeric,
    raised_at   timestamptz not null,
    cleared_at  timestamptz,
    constraint alerts_pkey primary key (tenant_id, account_id, version)
);
comment on table ledger.alerts is 'Alerts that were raised of low balances and quotas.';
comment on column ledger.alerts.tenant_id is 'The tenant.';
comment on column ledger.alerts.account_id is 'The account.';
comment on column ledger.alerts.version is 'The version of the account''s quotas that raised it.';
comment on column ledger.alerts.kind is 'low_balance or quota.';
comment on column ledger.alerts.metric is 'The metric; null for the balance.';
comment on column ledger.alerts.percent is 'The percentage of the limit; null for the balance.';
comment on column ledger.alerts.threshold is 'The level that was crossed.';
comment on column ledger.alerts.value is 'What was available, or used.';
comment on column ledger.alerts.limit_value is 'The limit; null for the balance.';
comment on column ledger.alerts.raised_at is 'When it was raised.';
comment on column ledger.alerts.cleared_at is 'When it was well on the other side again; null where it has not been.';

do $$
declare t text;
begin
    foreach t in array array['usage_days', 'alerts'] loop
        execute format('alter table ledger.%I enable row level security', t);
        execute format('create policy writer_all_tenants on ledger.%I to ledger_writer using (true) with check (true)', t);
    end loop;
end $$;
grant select, insert, update on ledger.usage_days, ledger.alerts to ledger_writer;
