-- Lots with all that came of them, and the journal: every event as balanced postings, kept as sums. Derived from the events alone by the projection "books".
-- Each table is a parent with one part. A rebuild fills another part beside it and then puts it in place, so everything else (queries, views, policies, grants) names the parent.

create table ledger.lots (
    created_at        timestamptz not null,
    expires_at        timestamptz,
    cost              bigint,
    cost_recognised   bigint,
    cost_expired      bigint,
    cost_refunded     bigint,
    cost_adjusted     bigint,
    cost_moved        bigint,
    priority          smallint    not null,
    tenant_id         text collate "C" not null,
    account_id        text collate "C" not null,
    lot_id            text collate "C" not null,
    kind              text        not null,
    origin            text        not null,
    source            text,
    amount            numeric     not null,
    remaining         numeric     not null,
    used              numeric     not null,
    given_back        numeric     not null,
    expired           numeric     not null,
    revoked           numeric     not null,
    adjusted          numeric     not null,
    transferred       numeric     not null,
    replaced          numeric     not null,
    purchase_refunded numeric     not null,
    ended             text,
    currency          text,
    payment_id        text collate "C",
    parent_account_id text collate "C",
    parent_lot_id     text collate "C",
    constraint lots_pkey primary key (tenant_id, account_id, lot_id),
    constraint lots_remaining check (remaining >= 0 and remaining <= amount)
) partition by range (account_id);
create table ledger.lots_1 partition of ledger.lots for values from (minvalue) to (maxvalue) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

comment on table ledger.lots is 'Every lot with all that came of it: amount = remaining + used - given_back + expired + revoked + adjusted + transferred. Money is in minor units of the lot''s currency. What has ended by time counts once that is written.';
comment on column ledger.lots.created_at is 'When it came.';
comment on column ledger.lots.expires_at is 'When it ends; null for never.';
comment on column ledger.lots.cost is 'What was paid for it; null where nothing was.';
comment on column ledger.lots.cost_recognised is 'Of the cost: recognised as revenue, less what refunds of consumptions reversed.';
comment on column ledger.lots.cost_expired is 'Of the cost: recognised as breakage.';
comment on column ledger.lots.cost_refunded is 'Of the cost: released by refunds of its own purchase.';
comment on column ledger.lots.cost_adjusted is 'Of the cost: recognised by negative adjustments and forfeits.';
comment on column ledger.lots.cost_moved is 'Of the cost: gone on into other lots.';
comment on column ledger.lots.priority is '0 to 255; lower burns first.';
comment on column ledger.lots.tenant_id is 'The tenant; the one without a name is *DEFAULT*.';
comment on column ledger.lots.account_id is 'The account.';
comment on column ledger.lots.lot_id is 'The lot. Behind lot_ its id is that of the transaction that made it behind txn_, and a number where that made several.';
comment on column ledger.lots.kind is 'purchased or granted.';
comment on column ledger.lots.origin is 'What sort of transaction made it: purchase, grant, adjustment, transfer or refund (of a consumption, to a lot that had ended).';
comment on column ledger.lots.source is 'Why it was given: subscription, bonus, referral, promotion or compensation; null where it was bought or adjusted.';
comment on column ledger.lots.amount is 'All credits that came in with it.';
comment on column ledger.lots.remaining is 'What it still holds.';
comment on column ledger.lots.used is 'Consumed and captured from it, and debt that it paid.';
comment on column ledger.lots.given_back is 'Given back to it by refunds of consumptions.';
comment on column ledger.lots.expired is 'Ended by time.';
comment on column ledger.lots.revoked is 'Taken by refunds of purchases, its own or another.';
comment on column ledger.lots.adjusted is 'Taken by negative adjustments and forfeits.';
comment on column ledger.lots.transferred is 'Gone to other accounts.';
comment on column ledger.lots.replaced is 'Of what was used: what refunds gave back after its end, as another lot.';
comment on column ledger.lots.purchase_refunded is 'How much of its purchase was refunded, whatever that was taken from.';
comment on column ledger.lots.ended is 'What took its last credits: depleted, expired, revoked or transferred; null while it holds some.';
comment on column ledger.lots.currency is 'The currency of its money; null where nothing was paid.';
comment on column ledger.lots.payment_id is 'The payment that it was bought with.';
comment on column ledger.lots.parent_account_id is 'The account that its credits were transferred from.';
comment on column ledger.lots.parent_lot_id is 'The lot that its credits were in before: of parent_account_id, or of the same account where it takes the place of a lot that had ended and was paid for.';

-- The chart of accounts; the program has the same one.
create table ledger.journal_accounts (
    code    integer not null,
    name    text    not null,
    measure text    not null,
    side    text    not null,
    constraint journal_accounts_pkey primary key (code)
);
insert into ledger.journal_accounts (code, name, measure, side) values
    (1000, 'Cash clearing', 'money', 'debit'),
    (1500, 'Receivable for debt', 'units', 'debit'),
    (2000, 'Deferred revenue', 'money', 'credit'),
    (2100, 'Refunds payable', 'money', 'credit'),
    (2500, 'Credits outstanding, bought', 'units', 'credit'),
    (2510, 'Credits outstanding, granted', 'units', 'credit'),
    (2900, 'Transfers clearing, cost', 'money', 'credit'),
    (2950, 'Transfers clearing, credits', 'units', 'credit'),
    (4000, 'Recognised revenue', 'money', 'credit'),
    (4010, 'Revenue reversed by refunds of consumptions', 'money', 'debit'),
    (4020, 'Revenue refunded with purchases', 'money', 'debit'),
    (4100, 'Breakage revenue', 'money', 'credit'),
    (4200, 'Revenue from forfeits and adjustments', 'money', 'credit'),
    (5000, 'Credits sold', 'units', 'debit'),
    (5100, 'Promotional expense, credits granted', 'units', 'debit'),
    (5110, 'Credits granted with subscriptions', 'units', 'debit'),
    (5120, 'Credits granted as compensation', 'units', 'debit'),
    (5200, 'Credits adjusted up', 'units', 'debit'),
    (6000, 'Credits consumed', 'units', 'credit'),
    (6010, 'Consumptions refunded', 'units', 'debit'),
    (6100, 'Credits expired, bought', 'units', 'credit'),
    (6110, 'Credits expired, granted', 'units', 'credit'),
    (6200, 'Credits revoked by refunds of purchases', 'units', 'credit'),
    (6300, 'Credits adjusted down or forfeited', 'units', 'credit'),
    (9000, 'Rounding of cost shares', 'money', 'debit');
comment on table ledger.journal_accounts is 'The chart of accounts of the journal.';
comment on column ledger.journal_accounts.code is 'Its number.';
comment on column ledger.journal_accounts.name is 'Its name.';
comment on column ledger.journal_accounts.measure is 'units (credits) or money (minor units of a currency).';
comment on column ledger.journal_accounts.side is 'The side on which it grows: debit or credit.';

create table ledger.journal_days (
    first_version            bigint not null,
    last_version             bigint not null,
    day                      date   not null,
    tenant_id                text collate "C" not null,
    account_id               text collate "C" not null,
    currency                 text,
    more                     jsonb,
    opening                  jsonb,
    u_receivable             numeric,
    u_outstanding_paid       numeric,
    u_outstanding_free       numeric,
    u_transfers              numeric,
    u_sold                   numeric,
    u_promotion              numeric,
    u_subscription           numeric,
    u_compensation           numeric,
    u_adjusted_up            numeric,
    u_consumed               numeric,
    u_consumption_refunded   numeric,
    u_expired_paid           numeric,
    u_expired_free           numeric,
    u_revoked                numeric,
    u_adjusted_down          numeric,
    m_cash                   numeric,
    m_deferred               numeric,
    m_refunds_payable        numeric,
    m_transfers              numeric,
    m_revenue                numeric,
    m_revenue_reversed       numeric,
    m_revenue_refunded       numeric,
    m_breakage               numeric,
    m_forfeited              numeric,
    m_rounding               numeric,
    constraint journal_days_pkey primary key (tenant_id, account_id, day)
) partition by range (day);
create table ledger.journal_days_1 partition of ledger.journal_days for values from (minvalue) to (maxvalue) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
comment on table ledger.journal_days is 'The sums of the postings of each account on each day (UTC) that has any: debits are above 0, credits below, so the credits of a row add up to 0, and so does its money. ledger.journal_daily has them as rows.';
comment on column ledger.journal_days.first_version is 'The version of the day''s first posting.';
comment on column ledger.journal_days.last_version is 'The version of the day''s last posting.';
comment on column ledger.journal_days.day is 'The day, UTC, by when events were recorded.';
comment on column ledger.journal_days.tenant_id is 'The tenant.';
comment on column ledger.journal_days.account_id is 'The account.';
comment on column ledger.journal_days.currency is 'The currency of the money in this row; null where the day moved none.';
comment on column ledger.journal_days.more is 'The sums in the day''s other currencies, by currency and code; null where there are none.';
comment on column ledger.journal_days.opening is 'The bought lots of earlier days that this day touched, by the end of their ids: what remained when it did, what had moved on, what was refunded of the purchase. With them the cost of each posting follows from the day''s events.';
comment on column ledger.journal_days.u_receivable is '1500, Receivable for debt: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_outstanding_paid is '2500, Credits outstanding, bought: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_outstanding_free is '2510, Credits outstanding, granted: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_transfers is '2950, Transfers clearing, credits: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_sold is '5000, Credits sold: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_promotion is '5100, Promotional expense, credits granted: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_subscription is '5110, Credits granted with subscriptions: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_compensation is '5120, Credits granted as compensation: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_adjusted_up is '5200, Credits adjusted up: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_consumed is '6000, Credits consumed: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_consumption_refunded is '6010, Consumptions refunded: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_expired_paid is '6100, Credits expired, bought: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_expired_free is '6110, Credits expired, granted: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_revoked is '6200, Credits revoked by refunds of purchases: debits less credits; null where there were none.';
comment on column ledger.journal_days.u_adjusted_down is '6300, Credits adjusted down or forfeited: debits less credits; null where there were none.';
comment on column ledger.journal_days.m_cash is '1000, Cash clearing: debits less credits; null where there were none.';
comment on column ledger.journal_days.m_deferred is '2000, Deferred revenue: debits less credits; null where there were none.';
comment on column ledger.journal_days.m_refunds_payable is '2100, Refunds payable: debits less credits; null where there were none.';
comment on column ledger.journal_days.m_transfers is '2900, Transfers clearing, cost: debits less credits; null where there were none.';
comment on column ledger.journal_days.m_revenue is '4000, Recognised revenue: debits less credits; null where there were none.';
comment on column ledger.journal_days.m_revenue_reversed is '4010, Revenue reversed by refunds of consumptions: debits less credits; null where there were none.';
comment on column ledger.journal_days.m_revenue_refunded is '4020, Revenue refunded with purchases: debits less credits; null where there were none.';
comment on column ledger.journal_days.m_breakage is '4100, Breakage revenue: debits less credits; null where there were none.';
comment on column ledger.journal_days.m_forfeited is '4200, Revenue from forfeits and adjustments: debits less credits; null where there were none.';
comment on column ledger.journal_days.m_rounding is '9000, Rounding of cost shares: debits less credits; null where there were none.';

create table ledger.journal_totals (
    day       date  not null,
    tenant_id text collate "C" not null,
    units     jsonb not null,
    money     jsonb not null,
    constraint journal_totals_pkey primary key (tenant_id, day)
) partition by range (day);
create table ledger.journal_totals_1 partition of ledger.journal_totals for values from (minvalue) to (maxvalue) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
comment on table ledger.journal_totals is 'The sums of the postings of each tenant on each day (UTC) that has any, over all of its accounts.';
comment on column ledger.journal_totals.day is 'The day, UTC, by when events were recorded.';
comment on column ledger.journal_totals.tenant_id is 'The tenant.';
comment on column ledger.journal_totals.units is 'By unit and code: debits above 0, credits below.';
comment on column ledger.journal_totals.money is 'By currency and code, in minor units: debits above 0, credits below.';

create table ledger.journal_units (
    tenant_id  text collate "C" not null,
    account_id text collate "C" not null,
    unit       text not null,
    constraint journal_units_pkey primary key (tenant_id, account_id)
) partition by range (account_id);
create table ledger.journal_units_1 partition of ledger.journal_units for values from (minvalue) to (maxvalue);
comment on table ledger.journal_units is 'The unit that each account counts.';
comment on column ledger.journal_units.tenant_id is 'The tenant.';
comment on column ledger.journal_units.account_id is 'The account.';
comment on column ledger.journal_units.unit is 'The unit.';

create table ledger.lot_transfers (
    recorded_at   timestamptz not null,
    tenant_id     text collate "C" not null,
    account_id    text collate "C" not null,
    to_account_id text collate "C" not null,
    amount        numeric not null,
    lots          text    not null,
    constraint lot_transfers_pkey primary key (tenant_id, account_id, to_account_id)
) partition by range (account_id);
create table ledger.lot_transfers_1 partition of ledger.lot_transfers for values from (minvalue) to (maxvalue) with (fillfactor = 70);
comment on table ledger.lot_transfers is 'What each account sent to another last, so that the lots that came there know those that they were in before.';
comment on column ledger.lot_transfers.recorded_at is 'When that was recorded.';
comment on column ledger.lot_transfers.tenant_id is 'The tenant.';
comment on column ledger.lot_transfers.account_id is 'The payer.';
comment on column ledger.lot_transfers.to_account_id is 'The receiver.';
comment on column ledger.lot_transfers.amount is 'How many credits.';
comment on column ledger.lot_transfers.lots is 'The payer''s lots in the order drawn, separated by spaces.';

-- The sums as rows.
create view ledger.journal_daily with (security_invoker = true) as
select j.tenant_id, j.account_id, j.day, s.code, 'units' as measure, u.unit as asset, s.amount
from ledger.journal_days j
join ledger.journal_units u on u.tenant_id = j.tenant_id and u.account_id = j.account_id
cross join lateral (values (1500, j.u_receivable), (2500, j.u_outstanding_paid), (2510, j.u_outstanding_free), (2950, j.u_transfers), (5000, j.u_sold), (5100, j.u_promotion), (5110, j.u_subscription), (5120, j.u_compensation), (5200, j.u_adjusted_up), (6000, j.u_consumed), (6010, j.u_consumption_refunded), (6100, j.u_expired_paid), (6110, j.u_expired_free), (6200, j.u_revoked), (6300, j.u_adjusted_down)) as s(code, amount)
where s.amount <> 0
union all
select j.tenant_id, j.account_id, j.day, s.code, 'money', j.currency, s.amount
from ledger.journal_days j
cross join lateral (values (1000, j.m_cash), (2000, j.m_deferred), (2100, j.m_refunds_payable), (2900, j.m_transfers), (4000, j.m_revenue), (4010, j.m_revenue_reversed), (4020, j.m_revenue_refunded), (4100, j.m_breakage), (4200, j.m_forfeited), (9000, j.m_rounding)) as s(code, amount)
where s.amount <> 0
union all
select j.tenant_id, j.account_id, j.day, s.key::int, 'money', m.key, s.value::numeric
from ledger.journal_days j
cross join lateral jsonb_each(j.more) m
cross join lateral jsonb_each_text(m.value) s
where j.more is not null and s.value::numeric <> 0;
comment on view ledger.journal_daily is 'The sums of the postings of each account on each day by code of the chart: debits above 0, credits below. asset is the unit or the currency; money is in minor units.';

-- The single postings, from the events of each day and the sums' own account of how the day found its lots. Each event is taken apart into steps, each of which moves one lot (or none);
-- what is deferred of a lot's cost depends on what remains of it alone, so the money of a step is the difference of what is deferred after it and before it.
create view ledger.journal_postings with (security_invoker = true) as
select s.tenant_id, s.account_id, s.day, s.version, s.seq_id, s.recorded_at, p.code, case when p.code in (1500, 2500, 2510, 2950) or p.code between 5000 and 6999 then 'units' else 'money' end as measure,
       case when p.code in (1500, 2500, 2510, 2950) or p.code between 5000 and 6999 then s.unit else s.currency end as asset, p.amount, s.lot_id
from (
    select t.*, (t.cost - div(t.cost * (t.lot_amount - t.after), t.lot_amount)) - (t.cost - div(t.cost * (t.lot_amount - t.after + t.delta), t.lot_amount)) as deferred,
           div(t.cost * t.moved_after, t.lot_amount) - div(t.cost * (t.moved_after - t.moved), t.lot_amount) as moved_cost,
           div(t.cost * t.refunded_after, t.lot_amount) - div(t.cost * (t.refunded_after - t.refunded), t.lot_amount) as price,
           div(t.cost * (t.lot_amount - t.after), t.lot_amount) - div(t.cost * (t.lot_amount - t.after - t.own), t.lot_amount) as released
    from (
        select j.tenant_id, j.account_id, j.day, u.unit, e.version, e.seq_id, e.timestamp as recorded_at, e.type, (e.data->>'amount')::numeric as amount, e.data->>'source' as source,
               coalesce((e.data->>'negative')::boolean, false) as negative, e.data->>'lot' as own_lot,
               st.purpose, st.lot_id, st.delta, st.moved, st.refunded, st.own, l.kind, l.origin, l.cost::numeric as cost, l.currency, l.amount as lot_amount,
               coalesce((j.opening->right(st.lot_id, -20)->>0)::numeric, 0) + sum(st.delta) over w as after,
               coalesce((j.opening->right(st.lot_id, -20)->>1)::numeric, 0) + sum(st.moved) over w as moved_after,
               coalesce((j.opening->right(st.lot_id, -20)->>2)::numeric, 0) + sum(st.refunded) over w as refunded_after
        from ledger.journal_days j
        join ledger.journal_units u on u.tenant_id = j.tenant_id and u.account_id = j.account_id
        join ledger.mt_events e on e.tenant_id = j.tenant_id collate "default" and e.stream_id = ('account/' || j.account_id) collate "default" and e.version between j.first_version and j.last_version
        cross join lateral (
            select 'event' as purpose, 0 as step, 0 as ord, null::text as lot_id, 0::numeric as delta, 0::numeric as moved, 0::numeric as refunded, 0::numeric as own
            where e.data ? 'allocations'
            union all
            select case when a.part ? 'lot' then 'take' else 'debt' end, 1, a.ord, a.part->>'lot', -(a.part->>'amount')::numeric, case when e.type = 'credits_transferred_out' then (a.part->>'amount')::numeric else 0 end, 0, 0
            from jsonb_array_elements(e.data->'allocations') with ordinality as a(part, ord)
            where e.type in ('credits_consumed', 'hold_captured', 'purchase_refunded', 'credits_transferred_out', 'lot_expired') or (e.type = 'credits_adjusted' and (e.data->>'negative')::boolean)
            union all
            select 'debt', 1, a.ord, null, (a.part->>'amount')::numeric, 0, 0, 0
            from jsonb_array_elements(e.data->'allocations') with ordinality as a(part, ord)
            where not a.part ? 'lot' and (e.type in ('credits_purchased', 'credits_granted', 'consumption_refunded', 'credits_transferred_in') or (e.type = 'credits_adjusted' and not coalesce((e.data->>'negative')::boolean, false)))
            union all
            select 'make', 1, 0, e.data->>'lot', (e.data->>'amount')::numeric, 0, 0, 0
            where e.type in ('credits_purchased', 'credits_granted') or (e.type = 'credits_adjusted' and not coalesce((e.data->>'negative')::boolean, false))
            union all
            select 'make', 1, n.ord, n.lot->>'id', (n.lot->>'amount')::numeric, 0, 0, 0
            from jsonb_array_elements(e.data->'lots') with ordinality as n(lot, ord)
            where e.type in ('consumption_refunded', 'credits_transferred_in') and n.lot->>'transactionId' = e.data->>'id'
            union all
            select 'return', 2, a.ord, a.part->>'lot', (a.part->>'amount')::numeric, 0, 0, 0
            from jsonb_array_elements((e.data->'allocations') || coalesce(e.data->'pays', '[]')) with ordinality as a(part, ord)
            where e.type = 'consumption_refunded' and a.part ? 'lot'
              and not coalesce(e.data->'lots' @> jsonb_build_array(jsonb_build_object('id', a.part->'lot', 'transactionId', e.data->'id')), false)
            union all
            select 'pay', 3, a.ord, a.part->>'lot', -(a.part->>'amount')::numeric, 0, 0, 0
            from jsonb_array_elements(e.data->'pays') with ordinality as a(part, ord)
            union all
            select 'move', 4, n.ord, o.lot->>'id', 0, (n.lot->>'amount')::numeric, 0, 0
            from jsonb_array_elements(e.data->'lots') with ordinality as n(lot, ord)
            join jsonb_array_elements(e.data->'lots') with ordinality as o(lot, ord) on o.ord = n.ord + 1
            where e.type = 'consumption_refunded' and n.lot->>'transactionId' = e.data->>'id' and n.lot ? 'cost'
            union all
            select 'refund', 5, 0, e.data->>'lot', 0, 0, (e.data->>'amount')::numeric,
                   coalesce((select sum((a.part->>'amount')::numeric) from jsonb_array_elements(e.data->'allocations') as a(part) where a.part->>'lot' = e.data->>'lot'), 0)
            where e.type = 'purchase_refunded'
        ) st
        left join ledger.lots l on l.tenant_id = j.tenant_id and l.account_id = j.account_id and l.lot_id = st.lot_id
        window w as (partition by j.tenant_id, j.account_id, j.day, st.lot_id order by e.version, st.step, st.ord rows unbounded preceding)
    ) t
) s
cross join lateral (values
    (case when s.kind = 'purchased' then 2500 when s.kind = 'granted' then 2510 end, -s.delta),
    (case when s.purpose = 'debt' then 1500 end, -s.delta),
    (case when s.purpose = 'take' and s.type = 'lot_expired' then case s.kind when 'purchased' then 6100 else 6110 end end, s.delta),
    (case when s.purpose = 'event' then case s.type when 'credits_purchased' then 5000
        when 'credits_granted' then case s.source when 'subscription' then 5110 when 'compensation' then 5120 else 5100 end
        when 'credits_adjusted' then case when s.negative then 6300 else 5200 end
        when 'credits_consumed' then 6000 when 'hold_captured' then 6000 when 'consumption_refunded' then 6010 when 'purchase_refunded' then 6200
        when 'credits_transferred_out' then 2950 when 'credits_transferred_in' then 2950 end end,
     case when s.negative or s.type in ('credits_consumed', 'hold_captured', 'purchase_refunded', 'credits_transferred_out') then -s.amount else s.amount end),
    (2000, -s.deferred),
    (case s.purpose when 'make' then case s.origin when 'purchase' then 1000 when 'transfer' then 2900 else 4010 end
        when 'return' then 4010 when 'pay' then 4000
        when 'take' then case s.type when 'lot_expired' then 4100 when 'credits_adjusted' then 4200 when 'credits_consumed' then 4000 when 'hold_captured' then 4000
            when 'purchase_refunded' then case when s.lot_id <> s.own_lot then 4000 end end end, s.deferred),
    (case when s.purpose = 'take' and s.type = 'credits_transferred_out' then 2900 end, -s.moved_cost),
    (case when s.purpose = 'take' and s.type = 'credits_transferred_out' then 9000 end, s.moved_cost + s.deferred),
    (case when s.purpose = 'refund' then 2100 end, -s.price),
    (case when s.purpose = 'refund' then case when s.own = s.amount then 9000 else 4020 end end, s.price - s.released)
) as p(code, amount)
where p.code is not null and p.amount <> 0;
comment on view ledger.journal_postings is 'Every posting: debits above 0, credits below; those of an event add up to 0 in its unit and in each currency. Ask by tenant, account and day: then only the events of those days are read. asset is the unit or the currency; money is in minor units.';

do $$
declare t text;
begin
    foreach t in array array['lots', 'journal_days', 'journal_totals', 'journal_units', 'lot_transfers'] loop
        execute format('alter table ledger.%I enable row level security', t);
        execute format('alter table ledger.%I enable row level security', t || '_1');
        execute format('create policy writer_all_tenants on ledger.%I to ledger_writer using (true) with check (true)', t);
        execute format('grant select, insert, update on ledger.%I to ledger_writer', t);
    end loop;
end $$;
alter table ledger.journal_accounts enable row level security;
create policy everybody on ledger.journal_accounts for select using (true);
grant select on ledger.journal_accounts, ledger.journal_daily, ledger.journal_postings to ledger_writer;
