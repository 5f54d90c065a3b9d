-- A payment, or an administrator's word, may change who renews a subscription; the index kept who did when it began.
with last as (
    select distinct on (tenant_id, stream_id) tenant_id, stream_id, data ->> 'provider' as provider
    from ledger.mt_events
    where type in ('trial_paid', 'period_started') and stream_id like 'subscription/%' and data ->> 'provider' is not null
    order by tenant_id, stream_id, version desc
)
update ledger.subscriptions s set provider = last.provider from last
where s.tenant_id = last.tenant_id and last.stream_id = 'subscription/' || s.id and s.provider <> last.provider;
