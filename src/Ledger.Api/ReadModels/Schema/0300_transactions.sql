-- What came of each transaction event, one row each, and the balances of each account by day: derived from the events alone by the projection "transactions".
-- Each table is a parent with one part. A rebuild fills another part beside it and then puts it in place, so everything else (queries, views, policies, grants) names the parent.
-- Columns that most rows do not need are null there, which costs nothing; before = after - change, and the direction is the sign of change.

create table ledger.transactions (
    version          bigint      not null,
    seq_id           bigint      not null,
    recorded_at      timestamptz not null,
    occurred_at      timestamptz,
    refund_of        bigint,
    input_tokens     bigint,
    output_tokens    bigint,
    processing_ms    bigint,
    type             smallint    not null,
    success          boolean,
    tenant_id        text collate "C" not null,
    account_id       text collate "C" not null,
    change           numeric     not null,
    after            numeric     not null,
    total            numeric     not null,
    service          text collate "C",
    operation        text collate "C",
    resource_type    text collate "C",
    resource_id      text collate "C",
    actor            text collate "C",
    reference        text collate "C",
    other_account_id text collate "C",
    constraint transactions_pkey primary key (tenant_id, account_id, version)
) partition by range (version);
create table ledger.transactions_1 partition of ledger.transactions for values from (minvalue) to (maxvalue) with (autovacuum_vacuum_insert_scale_factor = 0.1);

-- What is not a consumption is rare, and asked for by its type.
create index transactions_type on ledger.transactions (tenant_id, account_id, type, version) where type <> 3;
-- A reference or a resource of an account is found by a hash of four bytes in place of its text; rows that share one by chance are told apart by the columns.
create index transactions_reference on ledger.transactions (hashtext(tenant_id || '/' || account_id || '/' || reference), version) where reference is not null;
create index transactions_resource on ledger.transactions (hashtext(tenant_id || '/' || account_id || '/' || resource_id), version) where resource_id is not null;
-- Rows come in the order of positions and nearly so of time, so a few bytes for many pages are enough to find a period.
create index transactions_time on ledger.transactions using brin (recorded_at, seq_id) with (pages_per_range = 32, autosummarize = on);

comment on table ledger.transactions is 'One row for each transaction of an account, in the order of its versions. The balance before is after - change; the full transaction is its event (tenant, stream account/<account_id>, version).';
comment on column ledger.transactions.version is 'The account''s version with this transaction; part of its id.';
comment on column ledger.transactions.seq_id is 'The position of its event among all events.';
comment on column ledger.transactions.recorded_at is 'When it was recorded: balances go by this time.';
comment on column ledger.transactions.occurred_at is 'When it happened, where the app said so; else null, and it happened when it was recorded.';
comment on column ledger.transactions.refund_of is 'The version of the transaction that this takes back; null for all but refunds.';
comment on column ledger.transactions.input_tokens is 'Tokens that the call read, where that was said.';
comment on column ledger.transactions.output_tokens is 'Tokens that the call wrote, where that was said.';
comment on column ledger.transactions.processing_ms is 'How long the call took in milliseconds, where that was said.';
comment on column ledger.transactions.type is '1 purchase, 2 grant, 3 consumption, 4 consumption_refund, 5 purchase_refund, 6 expiry, 7 adjustment, 8 transfer.';
comment on column ledger.transactions.success is 'Whether the call succeeded, where that was said.';
comment on column ledger.transactions.tenant_id is 'The tenant; the one without a name is *DEFAULT*.';
comment on column ledger.transactions.account_id is 'The account.';
comment on column ledger.transactions.change is 'By how much the balance rose, or fell where it is below 0; never 0.';
comment on column ledger.transactions.after is 'The balance after it.';
comment on column ledger.transactions.total is 'What all transactions of this type up to this one come to, as the account''s totals count them: more than 0, but for adjustments and transfers, which have a sign.';
comment on column ledger.transactions.service is 'The app''s service that a consumption was for.';
comment on column ledger.transactions.operation is 'What the service did.';
comment on column ledger.transactions.resource_type is 'The type of the thing that a consumption was for.';
comment on column ledger.transactions.resource_id is 'The thing that a consumption was for.';
comment on column ledger.transactions.actor is 'Who did it, in a shared account.';
comment on column ledger.transactions.reference is 'The app''s own id.';
comment on column ledger.transactions.other_account_id is 'The other account of a transfer.';

create table ledger.account_totals (
    version     bigint      not null,
    recorded_at timestamptz not null,
    day         date        not null,
    tenant_id   text collate "C" not null,
    account_id  text collate "C" not null,
    balance     numeric     not null,
    held        numeric     not null,
    purchased   numeric     not null,
    granted     numeric     not null,
    consumed    numeric     not null,
    refunded    numeric     not null,
    revoked     numeric     not null,
    expired     numeric     not null,
    adjusted    numeric     not null,
    transferred numeric     not null,
    constraint account_totals_pkey primary key (tenant_id, account_id)
) partition by range (account_id);
create table ledger.account_totals_1 partition of ledger.account_totals for values from (minvalue) to (maxvalue) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);
comment on table ledger.account_totals is 'The balance and totals of each account after its last event that moved or reserved credits. What has ended by time counts once that is written.';
comment on column ledger.account_totals.version is 'The version of that event.';
comment on column ledger.account_totals.recorded_at is 'When it was recorded.';
comment on column ledger.account_totals.day is 'Its day, UTC.';
comment on column ledger.account_totals.tenant_id is 'The tenant.';
comment on column ledger.account_totals.account_id is 'The account.';
comment on column ledger.account_totals.balance is 'All credits, less debt.';
comment on column ledger.account_totals.held is 'What active holds reserve; balance - held is available.';
comment on column ledger.account_totals.purchased is 'All that was ever bought.';
comment on column ledger.account_totals.granted is 'All that was ever given.';
comment on column ledger.account_totals.consumed is 'All that was ever spent.';
comment on column ledger.account_totals.refunded is 'All that was given back of consumptions.';
comment on column ledger.account_totals.revoked is 'All that was taken back of purchases.';
comment on column ledger.account_totals.expired is 'All that ended by time.';
comment on column ledger.account_totals.adjusted is 'All corrections, up less down.';
comment on column ledger.account_totals.transferred is 'All transfers, in less out.';

create table ledger.account_days (
    version     bigint not null,
    day         date   not null,
    tenant_id   text collate "C" not null,
    account_id  text collate "C" not null,
    balance     numeric not null,
    held        numeric not null,
    purchased   numeric not null,
    granted     numeric not null,
    consumed    numeric not null,
    refunded    numeric not null,
    revoked     numeric not null,
    expired     numeric not null,
    adjusted    numeric not null,
    transferred numeric not null,
    constraint account_days_pkey primary key (tenant_id, account_id, day)
) partition by range (day);
create table ledger.account_days_1 partition of ledger.account_days for values from (minvalue) to (maxvalue);
comment on table ledger.account_days is 'The totals of each account at the end (UTC) of each day with events, but its last one, which is in account_totals: a day is added with the first event of a later one. Totals count from the opening on, so what a period came to is the difference of two days.';
comment on column ledger.account_days.version is 'The version of the day''s last event that moved or reserved credits.';
comment on column ledger.account_days.day is 'The day, UTC.';
comment on column ledger.account_days.tenant_id is 'The tenant.';
comment on column ledger.account_days.account_id is 'The account.';
comment on column ledger.account_days.balance is 'The balance at the end of the day.';
comment on column ledger.account_days.held is 'What active holds reserved then.';
comment on column ledger.account_days.purchased is 'All that had been bought by then.';
comment on column ledger.account_days.granted is 'All that had been given by then.';
comment on column ledger.account_days.consumed is 'All that had been spent by then.';
comment on column ledger.account_days.refunded is 'All that had been given back of consumptions by then.';
comment on column ledger.account_days.revoked is 'All that had been taken back of purchases by then.';
comment on column ledger.account_days.expired is 'All that had ended by time by then.';
comment on column ledger.account_days.adjusted is 'All corrections by then, up less down.';
comment on column ledger.account_days.transferred is 'All transfers by then, in less out.';

-- The days with events, each with where it began, what moved it, and where it ended.
create view ledger.daily_balances with (security_invoker = true) as
select tenant_id, account_id, day,
       lead(day) over of_account as next_day,
       coalesce(lag(balance) over of_account, 0) as opening,
       purchased - coalesce(lag(purchased) over of_account, 0) as purchased,
       granted - coalesce(lag(granted) over of_account, 0) as granted,
       consumed - coalesce(lag(consumed) over of_account, 0) as consumed,
       refunded - coalesce(lag(refunded) over of_account, 0) as refunded,
       revoked - coalesce(lag(revoked) over of_account, 0) as revoked,
       expired - coalesce(lag(expired) over of_account, 0) as expired,
       adjusted - coalesce(lag(adjusted) over of_account, 0) as adjusted,
       transferred - coalesce(lag(transferred) over of_account, 0) as transferred,
       balance as closing,
       held as held
from (
    select tenant_id, account_id, day, balance, held, purchased, granted, consumed, refunded, revoked, expired, adjusted, transferred from ledger.account_days
    union all
    select tenant_id, account_id, day, balance, held, purchased, granted, consumed, refunded, revoked, expired, adjusted, transferred from ledger.account_totals
) days
window of_account as (partition by tenant_id, account_id order by day);
comment on view ledger.daily_balances is 'Each account on each day (UTC) with events: opening + purchased + granted + refunded + adjusted + transferred - consumed - revoked - expired = closing. Until next_day it stays as it closed.';

-- Every day of every account, from its first one until today: days without events follow from the one before.
create view ledger.daily_balances_filled with (security_invoker = true) as
select b.tenant_id, b.account_id, d.at::date as day,
       case when d.at::date = b.day then b.opening else b.closing end as opening,
       case when d.at::date = b.day then b.purchased else 0 end as purchased,
       case when d.at::date = b.day then b.granted else 0 end as granted,
       case when d.at::date = b.day then b.consumed else 0 end as consumed,
       case when d.at::date = b.day then b.refunded else 0 end as refunded,
       case when d.at::date = b.day then b.revoked else 0 end as revoked,
       case when d.at::date = b.day then b.expired else 0 end as expired,
       case when d.at::date = b.day then b.adjusted else 0 end as adjusted,
       case when d.at::date = b.day then b.transferred else 0 end as transferred,
       b.closing
from ledger.daily_balances b
cross join lateral generate_series(
    b.day::timestamp,
    coalesce(b.next_day - 1, greatest(b.day, ((clock_timestamp() + coalesce((select shift from ledger.clock), interval '0')) at time zone 'UTC')::date))::timestamp,
    interval '1 day') as d(at);
comment on view ledger.daily_balances_filled is 'Each account on every day (UTC) from its first one until today; a day without events opens and closes as the one before it closed.';

do $$
declare t text;
begin
    foreach t in array array['transactions', 'account_totals', 'account_days'] loop
        execute format('alter table ledger.%I enable row level security', t);
        execute format('alter table ledger.%I enable row level security', t || '_1');
        execute format('create policy writer_all_tenants on ledger.%I to ledger_writer using (true) with check (true)', t);
        execute format('grant select, insert, update on ledger.%I to ledger_writer', t);
    end loop;
end $$;
grant select on ledger.daily_balances, ledger.daily_balances_filled to ledger_writer;
