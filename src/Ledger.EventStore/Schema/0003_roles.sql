-- The service runs as ledger_writer: it owns nothing and can neither change nor delete an event.
grant usage on schema ledger to ledger_writer;
grant select, insert on ledger.mt_events to ledger_writer;
grant select, insert, update on ledger.mt_streams to ledger_writer;
grant select, update on sequence ledger.mt_events_sequence to ledger_writer;
grant select, insert, update, delete on ledger.mt_event_progression to ledger_writer;
grant select on ledger.mt_high_water_skips to ledger_writer;
grant select, insert, update on ledger.stream_states to ledger_writer;
grant select, insert on ledger.stream_checkpoints to ledger_writer;
grant select, insert, update, delete on ledger.facts to ledger_writer;
grant select, insert, update, delete on ledger.due to ledger_writer;
grant select, insert, delete on ledger.idempotency_keys to ledger_writer;
grant select, insert, update, delete on ledger.outbox to ledger_writer;
grant select, update on ledger.clock to ledger_writer;
grant select on ledger.schema_versions to ledger_writer;

-- Row-level security on every table: the writer's batch holds many tenants, so its policy names all of them;
-- its isolation is the composite key and the tenant that comes from the credential. Any other role sees no row.
do $$
declare t text;
begin
    foreach t in array array['mt_streams', 'mt_events', 'mt_event_progression', 'mt_high_water_skips', 'stream_states', 'stream_checkpoints',
                             'facts', 'due', 'idempotency_keys', 'outbox', 'clock'] loop
        execute format('alter table ledger.%I enable row level security', t);
        execute format('create policy writer_all_tenants on ledger.%I to ledger_writer using (true) with check (true)', t);
    end loop;
end $$;
