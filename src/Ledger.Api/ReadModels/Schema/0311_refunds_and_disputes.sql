-- Refunds and disputes of the payments behind purchases: what they left on lots, what they cost, and their postings. What was written before has none of it, so rows stay as they are.

alter table ledger.lots add column shortfall numeric not null default 0, add column disputes integer not null default 0;
comment on column ledger.lots.revoked is 'Taken by refunds of purchases, its own or another, less what failed refunds gave back.';
comment on column ledger.lots.replaced is 'Of what was used: what came back after its end, as another lot. What had been revoked and comes back so counts as used.';
comment on column ledger.lots.purchase_refunded is 'How much of its purchase was refunded, whatever that was taken from, the shortfall included.';
comment on column ledger.lots.shortfall is 'Of what was refunded of its purchase: what nothing covered.';
comment on column ledger.lots.disputes is 'How many disputes of its payment are open; while there is one, what it holds is frozen.';
comment on column ledger.lots.origin is 'What sort of transaction made it: purchase, grant, adjustment, transfer or refund (credits on their way back whose own lot could not take them).';

insert into ledger.journal_accounts (code, name, measure, side) values
    (1010, 'Cash clearing, refunds and disputes of payments', 'money', 'credit'),
    (7000, 'Losses on refunds and disputes', 'money', 'debit');

alter table ledger.journal_days add column m_cash_refunded numeric, add column m_losses numeric;
comment on column ledger.journal_days.m_cash_refunded is '1010, Cash clearing, refunds and disputes of payments: debits less credits; null where there were none.';
comment on column ledger.journal_days.m_losses is '7000, Losses on refunds and disputes: debits less credits; null where there were none.';

create or replace view ledger.journal_daily with (security_invoker = true) as
select j.tenant_id, j.account_id, j.day, s.code, 'units' as measure, u.unit as asset, s.amount
from ledger.journal_days j
join ledger.journal_units u on u.tenant_id = j.tenant_id and u.account_id = j.account_id
cross join lateral (values (1500, j.u_receivable), (2500, j.u_outstanding_paid), (2510, j.u_outstanding_free), (2950, j.u_transfers), (5000, j.u_sold), (5100, j.u_promotion), (5110, j.u_subscription), (5120, j.u_compensation), (5200, j.u_adjusted_up), (6000, j.u_consumed), (6010, j.u_consumption_refunded), (6100, j.u_expired_paid), (6110, j.u_expired_free), (6200, j.u_revoked), (6300, j.u_adjusted_down)) as s(code, amount)
where s.amount <> 0
union all
select j.tenant_id, j.account_id, j.day, s.code, 'money', j.currency, s.amount
from ledger.journal_days j
cross join lateral (values (1000, j.m_cash), (2000, j.m_deferred), (2100, j.m_refunds_payable), (2900, j.m_transfers), (4000, j.m_revenue), (4010, j.m_revenue_reversed), (4020, j.m_revenue_refunded), (4100, j.m_breakage), (4200, j.m_forfeited), (9000, j.m_rounding), (1010, j.m_cash_refunded), (7000, j.m_losses)) as s(code, amount)
where s.amount <> 0
union all
select j.tenant_id, j.account_id, j.day, s.key::int, 'money', m.key, s.value::numeric
from ledger.journal_days j
cross join lateral jsonb_each(j.more) m
cross join lateral jsonb_each_text(m.value) s
where j.more is not null and s.value::numeric <> 0;

create or replace view ledger.journal_postings with (security_invoker = true) as
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
               case when e.data ? 'refund' then 1010 else 2100 end as back_from, case when e.data ? 'elsewhere' then 4020 else 9000 end as made_up_by,
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
            where not a.part ? 'lot' and (e.type in ('credits_purchased', 'credits_granted', 'consumption_refunded', 'purchase_restored', 'credits_transferred_in') or (e.type = 'credits_adjusted' and not coalesce((e.data->>'negative')::boolean, false)))
            union all
            select 'debt', 1, a.ord, null, (a.part->>'amount')::numeric, 0, 0, 0
            from jsonb_array_elements(e.data->'pays') with ordinality as a(part, ord)
            where e.type = 'lot_unfrozen'
            union all
            select 'make', 1, 0, e.data->>'lot', (e.data->>'amount')::numeric, 0, 0, 0
            where e.type in ('credits_purchased', 'credits_granted') or (e.type = 'credits_adjusted' and not coalesce((e.data->>'negative')::boolean, false))
            union all
            select 'make', 1, n.ord, n.lot->>'id', (n.lot->>'amount')::numeric, 0, 0, 0
            from jsonb_array_elements(e.data->'lots') with ordinality as n(lot, ord)
            where e.type in ('consumption_refunded', 'purchase_restored', 'credits_transferred_in') and n.lot->>'transactionId' = e.data->>'id'
            union all
            select 'return', 2, a.ord, a.part->>'lot', (a.part->>'amount')::numeric, 0, 0, 0
            from jsonb_array_elements((e.data->'allocations') || coalesce(e.data->'pays', '[]')) with ordinality as a(part, ord)
            where e.type in ('consumption_refunded', 'purchase_restored') and a.part ? 'lot'
              and not coalesce(e.data->'lots' @> jsonb_build_array(jsonb_build_object('id', a.part->'lot', 'transactionId', e.data->'id')), false)
            union all
            select 'pay', 3, a.ord, a.part->>'lot', -(a.part->>'amount')::numeric, 0, 0, 0
            from jsonb_array_elements(e.data->'pays') with ordinality as a(part, ord)
            union all
            select 'move', 4, n.ord, o.lot->>'id', 0, (n.lot->>'amount')::numeric - coalesce((e.data->>'elsewhere')::numeric, 0), 0, 0
            from jsonb_array_elements(e.data->'lots') with ordinality as n(lot, ord)
            join jsonb_array_elements(e.data->'lots') with ordinality as o(lot, ord) on o.ord = n.ord + 1
            where e.type in ('consumption_refunded', 'purchase_restored') and n.lot->>'transactionId' = e.data->>'id' and n.lot ? 'cost'
            union all
            select 'refund', 5, 0, e.data->>'lot', 0, 0, (e.data->>'amount')::numeric,
                   coalesce((select sum((a.part->>'amount')::numeric) from jsonb_array_elements(e.data->'allocations') as a(part) where a.part->>'lot' = e.data->>'lot'), 0)
            where e.type = 'purchase_refunded'
            union all
            -- the way back, in reverse: the shortfall comes off first, and the price of what returns is counted before it pays debt
            select 'refund', 2, 1000000, e.data->>'lot', 0, 0, -(e.data->>'amount')::numeric,
                   -coalesce((select sum((a.part->>'amount')::numeric) from jsonb_array_elements((e.data->'allocations') || coalesce(e.data->'pays', '[]')) as a(part) where a.part->>'lot' = e.data->>'lot'), 0)
            where e.type = 'purchase_restored'
            union all
            select 'loss', case when e.type = 'purchase_refunded' then 6 else 1 end, 0, e.data->>'lot', 0, 0,
                   case when e.type in ('purchase_refunded', 'shortfall_recorded') then 1 else -1 end * (e.data->'shortfall'->>'amount')::numeric, 0
            where e.data ? 'shortfall' and e.type in ('purchase_refunded', 'shortfall_recorded', 'purchase_restored', 'shortfall_lifted')
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
        when 'credits_consumed' then 6000 when 'hold_captured' then 6000 when 'consumption_refunded' then 6010 when 'purchase_refunded' then 6200 when 'purchase_restored' then 6200
        when 'credits_transferred_out' then 2950 when 'credits_transferred_in' then 2950 end end,
     case when s.negative or s.type in ('credits_consumed', 'hold_captured', 'purchase_refunded', 'credits_transferred_out') then -s.amount else s.amount end),
    (2000, -s.deferred),
    (case s.purpose when 'make' then case when s.type = 'purchase_restored' then s.made_up_by when s.origin = 'purchase' then 1000 when s.origin = 'transfer' then 2900 else 4010 end
        when 'return' then case when s.type = 'consumption_refunded' then 4010 end when 'pay' then 4000
        when 'take' then case s.type when 'lot_expired' then 4100 when 'credits_adjusted' then 4200 when 'credits_consumed' then 4000 when 'hold_captured' then 4000
            when 'purchase_refunded' then case when s.lot_id <> s.own_lot then 4000 end end end, s.deferred),
    (case when s.purpose = 'take' and s.type = 'credits_transferred_out' then 2900 end, -s.moved_cost),
    (case when s.purpose = 'take' and s.type = 'credits_transferred_out' then 9000 end, s.moved_cost + s.deferred),
    (case when s.purpose in ('refund', 'loss') then s.back_from end, -s.price),
    (case when s.purpose = 'refund' then case when s.type = 'purchase_restored' then s.made_up_by when s.own = s.amount then 9000 else 4020 end end, s.price - s.released),
    (case when s.purpose = 'loss' then 7000 end, s.price)
) as p(code, amount)
where p.code is not null and p.amount <> 0;
