-- What was used, by the hour: derived from the events alone by the projection "usage".
-- In a key an absent text is empty (a text that was given never is). What a call was for besides (its resource) stands in ledger.transactions and, for calls that
-- were not charged, in ledger.uncharged_calls: where each call has a resource of its own, a sum by resource would be as long as the list of calls.

create table ledger.usage_hours (
    hour          timestamptz not null,
    count         bigint      not null,
    successes     bigint      not null,
    failures      bigint      not null,
    tenant_id     text collate "C" not null,
    account_id    text collate "C" not null,
    service       text collate "C" not null,
    operation     text collate "C" not null,
    actor         text collate "C" not null,
    amount        numeric     not null,
    input_tokens  numeric,
    output_tokens numeric,
    processing_ms numeric,
    constraint usage_hours_pkey primary key (tenant_id, account_id, hour, service, operation, actor)
) partition by range (hour);
create table ledger.usage_hours_1 partition of ledger.usage_hours for values from (minvalue) to (maxvalue) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
create index usage_hours_time on ledger.usage_hours using brin (hour) with (pages_per_range = 32, autosummarize = on);
comment on table ledger.usage_hours is 'Consumptions by account, hour in which they occurred, service, operation and actor. Refunds and calls that were not charged are not in it: see the view ledger.usage.';
comment on column ledger.usage_hours.hour is 'The hour (UTC) in which the calls occurred.';
comment on column ledger.usage_hours.count is 'How many consumptions.';
comment on column ledger.usage_hours.successes is 'How many said that they succeeded.';
comment on column ledger.usage_hours.failures is 'How many said that they failed.';
comment on column ledger.usage_hours.tenant_id is 'The tenant.';
comment on column ledger.usage_hours.account_id is 'The account.';
comment on column ledger.usage_hours.service is 'The app''s service; empty where none was named.';
comment on column ledger.usage_hours.operation is 'What the service did; empty where that was not named.';
comment on column ledger.usage_hours.actor is 'Who did it; empty where nobody was named.';
comment on column ledger.usage_hours.amount is 'The credits consumed.';
comment on column ledger.usage_hours.input_tokens is 'Tokens read; null where no call said.';
comment on column ledger.usage_hours.output_tokens is 'Tokens written; null where no call said.';
comment on column ledger.usage_hours.processing_ms is 'Milliseconds taken; null where no call said.';

create table ledger.uncharged_calls (
    version       bigint      not null,
    occurred_at   timestamptz not null,
    input_tokens  bigint,
    output_tokens bigint,
    processing_ms bigint,
    success       boolean,
    tenant_id     text collate "C" not null,
    account_id    text collate "C" not null,
    service       text collate "C",
    operation     text collate "C",
    resource_type text collate "C",
    resource_id   text collate "C",
    actor         text collate "C",
    constraint uncharged_calls_pkey primary key (tenant_id, account_id, version)
) partition by range (version);
create table ledger.uncharged_calls_1 partition of ledger.uncharged_calls for values from (minvalue) to (maxvalue);
comment on table ledger.uncharged_calls is 'Calls that cost nothing: what the release of a hold said was used.';
comment on column ledger.uncharged_calls.version is 'The account''s version with the release.';
comment on column ledger.uncharged_calls.occurred_at is 'When the call happened.';
comment on column ledger.uncharged_calls.input_tokens is 'Tokens that it read, where that was said.';
comment on column ledger.uncharged_calls.output_tokens is 'Tokens that it wrote, where that was said.';
comment on column ledger.uncharged_calls.processing_ms is 'How long it took in milliseconds, where that was said.';
comment on column ledger.uncharged_calls.success is 'Whether it succeeded, where that was said.';
comment on column ledger.uncharged_calls.tenant_id is 'The tenant.';
comment on column ledger.uncharged_calls.account_id is 'The account.';
comment on column ledger.uncharged_calls.service is 'The service that the hold was for.';
comment on column ledger.uncharged_calls.operation is 'What the service was to do.';
comment on column ledger.uncharged_calls.resource_type is 'The type of the thing that the hold was for.';
comment on column ledger.uncharged_calls.resource_id is 'The thing that the hold was for.';
comment on column ledger.uncharged_calls.actor is 'Who did it.';

create table ledger.hold_purposes (
    version       bigint not null,
    tenant_id     text collate "C" not null,
    account_id    text collate "C" not null,
    service       text collate "C",
    operation     text collate "C",
    resource_type text collate "C",
    resource_id   text collate "C",
    actor         text collate "C",
    constraint hold_purposes_pkey primary key (tenant_id, account_id, version)
) partition by range (version);
create table ledger.hold_purposes_1 partition of ledger.hold_purposes for values from (minvalue) to (maxvalue);
comment on table ledger.hold_purposes is 'What a hold was placed for, where it said: its release says only what was used.';
comment on column ledger.hold_purposes.version is 'The account''s version with the hold.';
comment on column ledger.hold_purposes.tenant_id is 'The tenant.';
comment on column ledger.hold_purposes.account_id is 'The account.';
comment on column ledger.hold_purposes.service is 'The service that it is for.';
comment on column ledger.hold_purposes.operation is 'What the service is to do.';
comment on column ledger.hold_purposes.resource_type is 'The type of the thing that it is for.';
comment on column ledger.hold_purposes.resource_id is 'The thing that it is for.';
comment on column ledger.hold_purposes.actor is 'Who placed it.';

-- Usage with the calls that were not charged, and with what was refunded. A refund counts where its consumption does: in that hour, service, operation and of that actor.
create view ledger.usage with (security_invoker = true) as
select tenant_id, account_id, hour, nullif(service, '') as service, nullif(operation, '') as operation, nullif(actor, '') as actor,
       amount, 0::numeric as refunded, count, successes, failures, input_tokens, output_tokens, processing_ms
from ledger.usage_hours
union all
select tenant_id, account_id, date_trunc('hour', occurred_at, 'UTC'), service, operation, actor,
       0, 0, 1, case when success then 1 else 0 end, case when success then 0 when not success then 1 else 0 end, input_tokens, output_tokens, processing_ms
from ledger.uncharged_calls
union all
select r.tenant_id, r.account_id, date_trunc('hour', coalesce(c.occurred_at, c.recorded_at), 'UTC'), c.service, c.operation, c.actor,
       0, r.change, 0, 0, 0, null, null, null
from ledger.transactions r
join ledger.transactions c on c.tenant_id = r.tenant_id and c.account_id = r.account_id and c.version = r.refund_of
where r.type = 4;
comment on view ledger.usage is 'Usage by account, hour (UTC) in which it occurred, service, operation and actor; sum over the rows of a group. A call is a consumption, or one that the release of a hold logged and that cost nothing. amount - refunded is what the calls cost in the end.';

do $$
declare t text;
begin
    foreach t in array array['usage_hours', 'uncharged_calls', 'hold_purposes'] loop
        execute format('alter table ledger.%I enable row level security', t);
        execute format('alter table ledger.%I enable row level security', t || '_1');
        execute format('create policy writer_all_tenants on ledger.%I to ledger_writer using (true) with check (true)', t);
        execute format('grant select, insert, update on ledger.%I to ledger_writer', t);
    end loop;
end $$;
grant select on ledger.usage to ledger_writer;
