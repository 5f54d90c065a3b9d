-- What analysts read: schema analytics, views over the read models with names for people. Who reads is held to a tenant (and an owner) by row-level security on the tables below,
-- since every view runs with the rights of whoever asks (security_invoker). Nobody of them may use schema ledger itself: a view names its tables by identity, a person can't.

do $$ begin
    if not exists (select from pg_roles where rolname = 'ledger_analyst') then create role ledger_analyst nologin; end if;
exception
    when duplicate_object or unique_violation then null; -- made for another database of this server at the same moment
    when insufficient_privilege then
        raise insufficient_privilege using message = 'the database user may not create the role ledger_analyst: let an administrator run `create role ledger_analyst nologin; create role ledger_reader nologin` once';
end $$;
do $$ begin
    if not exists (select from pg_roles where rolname = 'ledger_reader') then create role ledger_reader nologin; end if;
exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then
        raise insufficient_privilege using message = 'the database user may not create the role ledger_reader: let an administrator run `create role ledger_reader nologin` once';
end $$;

-- A login that stands here is bound: no setting of its session shows it anything else. One that does not (a pooler's) is believed what its session sets.
create table ledger.sql_logins (
    login      text not null,
    tenant_id  text not null,
    owner_kind text,
    owner_id   text,
    constraint sql_logins_pkey primary key (login),
    constraint sql_logins_tenant_fkey foreign key (tenant_id) references ledger.tenants (id),
    constraint sql_logins_owner check ((owner_kind is null) = (owner_id is null)),
    constraint sql_logins_owner_kind check (owner_kind in ('user', 'workspace'))
);
comment on table ledger.sql_logins is 'Database logins of analysts and readers that are bound to a tenant, and to an owner where one is named.';
comment on column ledger.sql_logins.login is 'The login''s name.';
comment on column ledger.sql_logins.tenant_id is 'The tenant that it is held to, as clients name it.';
comment on column ledger.sql_logins.owner_kind is 'user or workspace: the owner that it is held to; null for all of the tenant.';
comment on column ledger.sql_logins.owner_id is 'The owner''s id.';
alter table ledger.sql_logins enable row level security;
create policy writer_all_tenants on ledger.sql_logins to ledger_writer using (true) with check (true);
grant select, insert, update, delete on ledger.sql_logins to ledger_writer;

-- What a session may see. session_user is who logged in: set role changes nothing in it. Nothing set, or another than the login is bound to: null, and no row equals null.
create function ledger.sql_scope(bound text, setting text) returns text language sql stable parallel safe set search_path = pg_catalog, pg_temp
    return case when bound is null then nullif(current_setting(setting, true), '') when coalesce(current_setting(setting, true), '') in ('', bound) then bound end;
create function ledger.sql_tenant() returns text language sql stable parallel safe security definer set search_path = pg_catalog, pg_temp
    return (select case t.name when 'default' then '*DEFAULT*' else t.name end
            from (select ledger.sql_scope((select l.tenant_id from ledger.sql_logins l where l.login = session_user), 'ledger.tenant') as name) t);
create function ledger.sql_accounts() returns text[] language sql stable parallel safe security definer set search_path = pg_catalog, pg_temp
    return (select coalesce(array_agg(a.id), '{}') from ledger.accounts a
            where a.tenant_id = ledger.sql_tenant()
              and a.owner_kind = ledger.sql_scope((select l.owner_kind from ledger.sql_logins l where l.login = session_user), 'ledger.owner_kind')
              and a.owner_id = ledger.sql_scope((select l.owner_id from ledger.sql_logins l where l.login = session_user), 'ledger.owner_id'));
revoke all on function ledger.sql_scope(text, text), ledger.sql_tenant(), ledger.sql_accounts() from public;
grant execute on function ledger.sql_tenant() to ledger_analyst, ledger_reader;
grant execute on function ledger.sql_accounts() to ledger_reader;

do $$
declare t text;
begin
    foreach t in array array['transactions', 'account_totals', 'account_days', 'usage_hours', 'uncharged_calls', 'lots', 'journal_days', 'journal_units'] loop
        execute format('create policy analyst_own_tenant on ledger.%I for select to ledger_analyst using (tenant_id = (select ledger.sql_tenant()))', t);
        execute format('create policy reader_own_accounts on ledger.%I for select to ledger_reader using (tenant_id = (select ledger.sql_tenant()) and account_id = any ((select ledger.sql_accounts())::text[]))', t);
        execute format('grant select on ledger.%I to ledger_analyst, ledger_reader', t);
    end loop;
end $$;
create policy analyst_own_tenant on ledger.accounts for select to ledger_analyst using (tenant_id = (select ledger.sql_tenant()));
create policy reader_own_accounts on ledger.accounts for select to ledger_reader using (tenant_id = (select ledger.sql_tenant()) and id = any ((select ledger.sql_accounts())::text[]));
create policy analyst_own_tenant on ledger.mt_events for select to ledger_analyst using (tenant_id = (select ledger.sql_tenant()));
create policy reader_own_accounts on ledger.mt_events for select to ledger_reader
    using (tenant_id = (select ledger.sql_tenant()) and stream_id = any (select 'account/' || account from unnest((select ledger.sql_accounts())) as account));
create policy analyst_own_tenant on ledger.journal_totals for select to ledger_analyst using (tenant_id = (select ledger.sql_tenant()));
create policy sql_reads_time on ledger.clock for select to ledger_analyst, ledger_reader using (true);
grant select on ledger.accounts, ledger.clock, ledger.journal_accounts, ledger.daily_balances, ledger.daily_balances_filled, ledger.usage, ledger.journal_daily, ledger.journal_postings to ledger_analyst, ledger_reader;
grant select (seq_id, stream_id, version, data, type, timestamp, tenant_id) on ledger.mt_events to ledger_analyst, ledger_reader;
grant select on ledger.journal_totals to ledger_analyst;

create schema analytics;
comment on schema analytics is 'Views for analysts. Credits are exact decimals in the account''s unit; money is in minor units of its currency, in columns that end in _minor; days are UTC.';

create view analytics.clock with (security_invoker = true) as
select clock_timestamp() + c.shift as now, ((clock_timestamp() + c.shift) at time zone 'UTC')::date as today from ledger.clock c;

create view analytics.accounts with (security_invoker = true) as
select a.id as account_id, a.owner_kind, a.owner_id, a.unit, a.status, e.timestamp as opened_at, t.recorded_at as last_activity_at,
       coalesce(t.balance, 0) as balance, coalesce(t.held, 0) as held, coalesce(t.balance - t.held, 0) as unheld, coalesce(t.purchased, 0) as purchased, coalesce(t.granted, 0) as granted,
       coalesce(t.consumed, 0) as consumed, coalesce(t.refunded, 0) as refunded, coalesce(t.revoked, 0) as revoked, coalesce(t.expired, 0) as expired, coalesce(t.adjusted, 0) as adjusted,
       coalesce(t.transferred, 0) as transferred
from ledger.accounts a
left join ledger.account_totals t on t.tenant_id = a.tenant_id and t.account_id = a.id
left join ledger.mt_events e on e.seq_id = a.opened;

create view analytics.transactions with (security_invoker = true) as
select t.account_id, t.version, t.seq_id as position, t.recorded_at, coalesce(t.occurred_at, t.recorded_at) as occurred_at,
       (array['purchase', 'grant', 'consumption', 'consumption_refund', 'purchase_refund', 'expiry', 'adjustment', 'transfer'])[t.type] as type,
       case when t.change > 0 then 'credit' else 'debit' end as direction, abs(t.change) as amount, t.change, t.after - t.change as balance_before, t.after as balance_after, t.total as running_total,
       t.service, t.operation, t.resource_type, t.resource_id, t.actor, t.reference, t.refund_of as refund_of_version, t.other_account_id, t.input_tokens, t.output_tokens, t.processing_ms, t.success
from ledger.transactions t;

create view analytics.lots with (security_invoker = true) as
select l.account_id, l.lot_id, l.kind, l.origin, l.source, l.priority, l.created_at, l.expires_at, l.amount, l.remaining, l.used, l.given_back, l.expired, l.revoked, l.adjusted, l.transferred,
       l.ended, l.currency, l.cost as cost_minor, l.cost_recognised as cost_recognised_minor, l.cost_expired as cost_expired_minor, l.cost_refunded as cost_refunded_minor,
       l.cost_adjusted as cost_adjusted_minor, l.cost_moved as cost_moved_minor, l.payment_id, l.parent_account_id, l.parent_lot_id
from ledger.lots l;

create view analytics.purchases with (security_invoker = true) as
select l.account_id, l.lot_id, l.created_at as bought_at, l.amount as credits, l.cost as price_minor, l.currency, l.payment_id, l.used - l.given_back - l.replaced as credits_used, l.expired as credits_expired,
       l.purchase_refunded as credits_refunded, l.remaining as credits_remaining, l.replaced as credits_replaced, l.transferred as credits_transferred, l.revoked as credits_revoked, l.adjusted as credits_adjusted,
       div(l.cost::numeric * l.purchase_refunded, l.amount) as refunded_minor
from ledger.lots l
where l.origin = 'purchase';

create view analytics.usage_hourly with (security_invoker = true) as
select u.account_id, u.hour, u.service, u.operation, u.actor, sum(u.count)::bigint as calls, sum(u.successes)::bigint as succeeded, sum(u.failures)::bigint as failed, sum(u.amount) as credits,
       sum(u.refunded) as credits_refunded, sum(u.input_tokens) as input_tokens, sum(u.output_tokens) as output_tokens, sum(u.processing_ms) as processing_ms
from ledger.usage u
group by u.account_id, u.hour, u.service, u.operation, u.actor;

create view analytics.usage_daily with (security_invoker = true) as
select u.account_id, (u.hour at time zone 'UTC')::date as day, u.service, u.operation, u.actor, sum(u.count)::bigint as calls, sum(u.successes)::bigint as succeeded, sum(u.failures)::bigint as failed,
       sum(u.amount) as credits, sum(u.refunded) as credits_refunded, sum(u.input_tokens) as input_tokens, sum(u.output_tokens) as output_tokens, sum(u.processing_ms) as processing_ms
from ledger.usage u
group by u.account_id, (u.hour at time zone 'UTC')::date, u.service, u.operation, u.actor;

create view analytics.daily_balances with (security_invoker = true) as
select b.account_id, b.day, b.opening, b.purchased, b.granted, b.consumed, b.refunded, b.revoked, b.expired, b.adjusted, b.transferred, b.closing from ledger.daily_balances_filled b;

create view analytics.chart_of_accounts with (security_invoker = true) as
select c.code, c.name, c.measure, c.side from ledger.journal_accounts c;

create view analytics.journal_totals with (security_invoker = true) as
select t.day, s.key::integer as code, c.name as code_name, a.key as unit, s.value::numeric as credits, null::text as currency, null::numeric as money_minor
from ledger.journal_totals t cross join lateral jsonb_each(t.units) a cross join lateral jsonb_each_text(a.value) s join ledger.journal_accounts c on c.code = s.key::integer
union all
select t.day, s.key::integer, c.name, null, null, a.key, s.value::numeric
from ledger.journal_totals t cross join lateral jsonb_each(t.money) a cross join lateral jsonb_each_text(a.value) s join ledger.journal_accounts c on c.code = s.key::integer;

create view analytics.journal_daily with (security_invoker = true) as
select j.account_id, j.day, j.code, c.name as code_name, case when j.measure = 'units' then j.asset end as unit, case when j.measure = 'units' then j.amount end as credits,
       case when j.measure = 'money' then j.asset end as currency, case when j.measure = 'money' then j.amount end as money_minor
from ledger.journal_daily j join ledger.journal_accounts c on c.code = j.code;

create view analytics.journal with (security_invoker = true) as
select j.account_id, j.day, j.version, j.seq_id as position, j.recorded_at, j.code, c.name as code_name, j.lot_id, case when j.measure = 'units' then j.asset end as unit,
       case when j.measure = 'units' then j.amount end as credits, case when j.measure = 'money' then j.asset end as currency, case when j.measure = 'money' then j.amount end as money_minor
from ledger.journal_postings j join ledger.journal_accounts c on c.code = j.code;

grant usage on schema analytics to ledger_analyst, ledger_reader;
grant select on all tables in schema analytics to ledger_analyst;
grant select on analytics.clock, analytics.accounts, analytics.transactions, analytics.lots, analytics.purchases, analytics.usage_hourly, analytics.usage_daily, analytics.daily_balances,
    analytics.chart_of_accounts, analytics.journal_daily, analytics.journal to ledger_reader;

comment on view analytics.clock is 'Business time: one row. Use it in place of now(), which a shifted clock (in tests and demonstrations) differs from.';
comment on column analytics.clock.now is 'The time.';
comment on column analytics.clock.today is 'The day, UTC.';

comment on view analytics.accounts is 'Every account with its balance and totals now. What has ended by time counts once that is written.';
comment on column analytics.accounts.account_id is 'The account.';
comment on column analytics.accounts.owner_kind is 'user or workspace.';
comment on column analytics.accounts.owner_id is 'The owners id.';
comment on column analytics.accounts.unit is 'The unit that its credits are in.';
comment on column analytics.accounts.status is 'open, frozen or closed.';
comment on column analytics.accounts.opened_at is 'When it was opened.';
comment on column analytics.accounts.last_activity_at is 'When its balance or its holds last changed; null where nothing has.';
comment on column analytics.accounts.balance is 'All its credits less its debt; below 0 it owes.';
comment on column analytics.accounts.held is 'What active holds reserve.';
comment on column analytics.accounts.unheld is 'balance - held.';
comment on column analytics.accounts.purchased is 'Ever bought.';
comment on column analytics.accounts.granted is 'Ever given.';
comment on column analytics.accounts.consumed is 'Ever spent.';
comment on column analytics.accounts.refunded is 'Given back of consumptions.';
comment on column analytics.accounts.revoked is 'Taken back of purchases.';
comment on column analytics.accounts.expired is 'Ended by time.';
comment on column analytics.accounts.adjusted is 'Corrections, up less down.';
comment on column analytics.accounts.transferred is 'Transfers, in less out.';

comment on view analytics.transactions is 'Every change of a balance, the oldest of an account with the lowest version. balance_before + change = balance_after, which is the balance_before of the next.';
comment on column analytics.transactions.account_id is 'The account.';
comment on column analytics.transactions.version is 'The accounts version with it; with account_id the key.';
comment on column analytics.transactions.position is 'Its place among all events of the ledger.';
comment on column analytics.transactions.recorded_at is 'When it was recorded; balances go by this.';
comment on column analytics.transactions.occurred_at is 'When it happened, as the app says; else when it was recorded.';
comment on column analytics.transactions.type is 'purchase, grant, consumption, consumption_refund, purchase_refund, expiry, adjustment or transfer.';
comment on column analytics.transactions.direction is 'credit (the balance rose) or debit.';
comment on column analytics.transactions.amount is 'How much, above 0.';
comment on column analytics.transactions.change is 'The same with its sign.';
comment on column analytics.transactions.balance_before is 'The balance before.';
comment on column analytics.transactions.balance_after is 'The balance after.';
comment on column analytics.transactions.running_total is 'All of this type on this account up to this one; adjustments and transfers with their signs.';
comment on column analytics.transactions.service is 'The apps service.';
comment on column analytics.transactions.operation is 'What the service did.';
comment on column analytics.transactions.resource_type is 'The type of the thing that it was for.';
comment on column analytics.transactions.resource_id is 'The thing that it was for.';
comment on column analytics.transactions.actor is 'Who did it, in a shared account.';
comment on column analytics.transactions.reference is 'The apps own id.';
comment on column analytics.transactions.refund_of_version is 'Of refunds: the version of the transaction that it takes back.';
comment on column analytics.transactions.other_account_id is 'Of transfers: the other account.';
comment on column analytics.transactions.input_tokens is 'Tokens that the call read.';
comment on column analytics.transactions.output_tokens is 'Tokens that the call wrote.';
comment on column analytics.transactions.processing_ms is 'How long the call took, in milliseconds.';
comment on column analytics.transactions.success is 'Whether the call succeeded, where the app said.';

comment on view analytics.lots is 'Every lot: credits that came together, with what became of them. amount = remaining + used - given_back + expired + revoked + adjusted + transferred.';
comment on column analytics.lots.account_id is 'The account.';
comment on column analytics.lots.lot_id is 'The lot.';
comment on column analytics.lots.kind is 'purchased or granted.';
comment on column analytics.lots.origin is 'What made it: purchase, grant, adjustment, transfer or refund.';
comment on column analytics.lots.source is 'Why it was given: subscription, bonus, referral, promotion or compensation; null where it was bought or adjusted.';
comment on column analytics.lots.priority is '0 to 255; lower burns first.';
comment on column analytics.lots.created_at is 'When it came.';
comment on column analytics.lots.expires_at is 'When it ends; null for never.';
comment on column analytics.lots.amount is 'The credits that came.';
comment on column analytics.lots.remaining is 'What it still holds.';
comment on column analytics.lots.used is 'Consumed from it, and debt that it paid.';
comment on column analytics.lots.given_back is 'Given back to it by refunds of consumptions.';
comment on column analytics.lots.expired is 'Ended by time.';
comment on column analytics.lots.revoked is 'Taken by refunds of purchases.';
comment on column analytics.lots.adjusted is 'Taken by corrections and forfeits.';
comment on column analytics.lots.transferred is 'Gone to other accounts.';
comment on column analytics.lots.ended is 'What took its last credits: depleted, expired, revoked or transferred; null while it holds some.';
comment on column analytics.lots.currency is 'The currency of its money; null where nothing was paid.';
comment on column analytics.lots.cost_minor is 'What was paid for it, in minor units.';
comment on column analytics.lots.cost_recognised_minor is 'Of that: recognised as revenue.';
comment on column analytics.lots.cost_expired_minor is 'Of that: breakage.';
comment on column analytics.lots.cost_refunded_minor is 'Of that: released by refunds of its purchase.';
comment on column analytics.lots.cost_adjusted_minor is 'Of that: recognised by corrections and forfeits.';
comment on column analytics.lots.cost_moved_minor is 'Of that: gone on into other lots.';
comment on column analytics.lots.payment_id is 'The payment that it was bought with.';
comment on column analytics.lots.parent_account_id is 'Where its credits were before, if they were transferred.';
comment on column analytics.lots.parent_lot_id is 'The lot that its credits were in before.';

comment on view analytics.purchases is 'Every purchase with what became of its credits.';
comment on column analytics.purchases.account_id is 'The buyers account.';
comment on column analytics.purchases.lot_id is 'The lot that was bought.';
comment on column analytics.purchases.bought_at is 'When.';
comment on column analytics.purchases.credits is 'How many credits.';
comment on column analytics.purchases.price_minor is 'What was paid, in minor units.';
comment on column analytics.purchases.currency is 'The currency.';
comment on column analytics.purchases.payment_id is 'The payment.';
comment on column analytics.purchases.credits_used is 'Used of them, less what was given back. credits = credits_remaining + credits_used + credits_replaced + credits_expired + credits_revoked + credits_adjusted + credits_transferred.';
comment on column analytics.purchases.credits_expired is 'Ended by time.';
comment on column analytics.purchases.credits_refunded is 'Refunded of the purchase.';
comment on column analytics.purchases.credits_remaining is 'Not used yet.';
comment on column analytics.purchases.credits_replaced is 'Used, and given back after the lot had ended: a new lot, whose parent this is, has them.';
comment on column analytics.purchases.credits_transferred is 'Transferred to other accounts.';
comment on column analytics.purchases.credits_revoked is 'Taken from this lot by refunds of purchases, this one or another.';
comment on column analytics.purchases.credits_adjusted is 'Taken by adjustments down.';
comment on column analytics.purchases.refunded_minor is 'The refunded credits share of the price, in minor units, rounded down.';

comment on view analytics.usage_hourly is 'Calls and what they cost, by account, hour, service, operation and actor. A refund counts in the hour of its consumption.';
comment on column analytics.usage_hourly.account_id is 'The account.';
comment on column analytics.usage_hourly.hour is 'The hour (UTC) in which the calls occurred.';
comment on column analytics.usage_hourly.service is 'The apps service; null where none was named.';
comment on column analytics.usage_hourly.operation is 'What the service did.';
comment on column analytics.usage_hourly.actor is 'Who did it.';
comment on column analytics.usage_hourly.calls is 'How many calls, those that cost nothing too.';
comment on column analytics.usage_hourly.succeeded is 'How many said that they succeeded.';
comment on column analytics.usage_hourly.failed is 'How many said that they failed.';
comment on column analytics.usage_hourly.credits is 'Credits consumed.';
comment on column analytics.usage_hourly.credits_refunded is 'Of that: refunded.';
comment on column analytics.usage_hourly.input_tokens is 'Tokens read; null where no call said.';
comment on column analytics.usage_hourly.output_tokens is 'Tokens written; null where no call said.';
comment on column analytics.usage_hourly.processing_ms is 'Milliseconds taken; null where no call said.';

comment on view analytics.usage_daily is 'usage_hourly by day.';
comment on column analytics.usage_daily.account_id is 'The account.';
comment on column analytics.usage_daily.day is 'The day (UTC) on which the calls occurred.';
comment on column analytics.usage_daily.service is 'The apps service; null where none was named.';
comment on column analytics.usage_daily.operation is 'What the service did.';
comment on column analytics.usage_daily.actor is 'Who did it.';
comment on column analytics.usage_daily.calls is 'How many calls, those that cost nothing too.';
comment on column analytics.usage_daily.succeeded is 'How many said that they succeeded.';
comment on column analytics.usage_daily.failed is 'How many said that they failed.';
comment on column analytics.usage_daily.credits is 'Credits consumed.';
comment on column analytics.usage_daily.credits_refunded is 'Of that: refunded.';
comment on column analytics.usage_daily.input_tokens is 'Tokens read; null where no call said.';
comment on column analytics.usage_daily.output_tokens is 'Tokens written; null where no call said.';
comment on column analytics.usage_daily.processing_ms is 'Milliseconds taken; null where no call said.';

comment on view analytics.daily_balances is 'Every account on every day from its first movement until today: opening + purchased + granted + refunded + adjusted + transferred - consumed - revoked - expired = closing. Name an account or a day where there are many.';
comment on column analytics.daily_balances.account_id is 'The account.';
comment on column analytics.daily_balances.day is 'The day (UTC), by when things were recorded.';
comment on column analytics.daily_balances.opening is 'The balance when it began.';
comment on column analytics.daily_balances.purchased is 'Bought on it.';
comment on column analytics.daily_balances.granted is 'Given.';
comment on column analytics.daily_balances.consumed is 'Spent.';
comment on column analytics.daily_balances.refunded is 'Given back of consumptions.';
comment on column analytics.daily_balances.revoked is 'Taken back of purchases.';
comment on column analytics.daily_balances.expired is 'Ended by time.';
comment on column analytics.daily_balances.adjusted is 'Corrections, up less down.';
comment on column analytics.daily_balances.transferred is 'Transfers, in less out.';
comment on column analytics.daily_balances.closing is 'The balance when it ended.';

comment on view analytics.chart_of_accounts is 'The accounts of the journal; docs/analysts.md explains each.';
comment on column analytics.chart_of_accounts.code is 'Its number.';
comment on column analytics.chart_of_accounts.name is 'Its name.';
comment on column analytics.chart_of_accounts.measure is 'units or money.';
comment on column analytics.chart_of_accounts.side is 'The side on which it grows: debit or credit.';

comment on view analytics.journal_totals is 'The journals sums of the whole tenant by day: debits above 0, credits below. A row is of credits or of money, never of both.';
comment on column analytics.journal_totals.day is 'The day, UTC.';
comment on column analytics.journal_totals.code is 'The code of the chart.';
comment on column analytics.journal_totals.code_name is 'Its name.';
comment on column analytics.journal_totals.unit is 'The unit of credits; null in a row of money.';
comment on column analytics.journal_totals.credits is 'Debits less credits, in the unit.';
comment on column analytics.journal_totals.currency is 'The currency; null in a row of credits.';
comment on column analytics.journal_totals.money_minor is 'Debits less credits, in minor units.';

comment on view analytics.journal_daily is 'The journals sums of each account by day: debits above 0, credits below. A row is of credits or of money, never of both.';
comment on column analytics.journal_daily.account_id is 'The account.';
comment on column analytics.journal_daily.day is 'The day, UTC.';
comment on column analytics.journal_daily.code is 'The code of the chart.';
comment on column analytics.journal_daily.code_name is 'Its name.';
comment on column analytics.journal_daily.unit is 'The unit of credits; null in a row of money.';
comment on column analytics.journal_daily.credits is 'Debits less credits, in the unit.';
comment on column analytics.journal_daily.currency is 'The currency; null in a row of credits.';
comment on column analytics.journal_daily.money_minor is 'Debits less credits, in minor units.';

comment on view analytics.journal is 'Every single posting, made from the events when it is asked for: name an account or a few days. Those of one version of an account add up to 0 in its unit and in each currency.';
comment on column analytics.journal.account_id is 'The account.';
comment on column analytics.journal.day is 'The day, UTC.';
comment on column analytics.journal.version is 'The accounts version with the event that it comes from.';
comment on column analytics.journal.position is 'The events place among all.';
comment on column analytics.journal.recorded_at is 'When the event was recorded.';
comment on column analytics.journal.code is 'The code of the chart.';
comment on column analytics.journal.code_name is 'Its name.';
comment on column analytics.journal.lot_id is 'The lot that it is about; null where it is about none.';
comment on column analytics.journal.unit is 'The unit of credits; null in a posting of money.';
comment on column analytics.journal.credits is 'Above 0 a debit, below 0 a credit, in the unit.';
comment on column analytics.journal.currency is 'The currency; null in a posting of credits.';
comment on column analytics.journal.money_minor is 'Above 0 a debit, below 0 a credit, in minor units.';
