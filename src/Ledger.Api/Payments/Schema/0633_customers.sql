-- Which account is a provider's customer is a fact of its tenant from here on. Those that were linked before have theirs from their events: of several accounts with one customer, the last one that was linked.
insert into ledger.facts (tenant_id, stream_id, kind, key, data)
select distinct on (e.tenant_id, n.key) e.tenant_id, '', 'customer', n.key,
       case when e.type = 'customer_linked' then jsonb_build_object('account', e.data->>'account') else '{}'::jsonb end
from ledger.mt_events e, lateral (select split_part(substr(e.stream_id, length('customer/') + 1), ':', 1) || ':' || (e.data->>'customerId') as key) n
where e.type in ('customer_linked', 'customer_unlinked')
order by e.tenant_id, n.key, e.seq_id desc
on conflict on constraint facts_pkey do nothing;
