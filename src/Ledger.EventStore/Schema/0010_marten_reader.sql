-- A team that reads the ledger with Marten logs in as a member of ledger_marten: every tenant's events and streams, and not one right to change them.
-- It reads, besides, what Marten's daemon asks for: the progression and the sequence's last value.
do $$ begin
    if not exists (select from pg_roles where rolname = 'ledger_marten') then create role ledger_marten nologin; end if;
exception
    when duplicate_object or unique_violation then null; -- made for another database of this server at the same moment
    when insufficient_privilege then
        raise insufficient_privilege using message = 'the database user may not create the role ledger_marten: let an administrator run `create role ledger_marten nologin` once';
end $$;

grant usage on schema ledger to ledger_marten;
grant select on ledger.mt_events, ledger.mt_streams, ledger.mt_event_progression, ledger.mt_high_water_skips to ledger_marten;
grant select on sequence ledger.mt_events_sequence to ledger_marten;

create policy marten_all_tenants on ledger.mt_events for select to ledger_marten using (true);
create policy marten_all_tenants on ledger.mt_streams for select to ledger_marten using (true);
create policy marten_all_tenants on ledger.mt_event_progression for select to ledger_marten using (true);
create policy marten_all_tenants on ledger.mt_high_water_skips for select to ledger_marten using (true);
