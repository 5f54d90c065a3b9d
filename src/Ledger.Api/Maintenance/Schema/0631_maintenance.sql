-- Who is at what is due on a stream just now. A row is there while somebody is at it, and while a stream is left alone that could not be done; tries counts how often that was begun.
create table ledger.due_claims (
    tenant_id text collate "C" not null,
    stream_id text collate "C" not null,
    until     timestamptz not null,
    tries     integer     not null,
    constraint due_claims_pkey primary key (tenant_id, stream_id)
);
comment on table ledger.due_claims is 'Who is at what is due on a stream, and until when it is theirs; by real time.';

-- A run that an operator asked for has the word: while it is under way the workers take nothing, so that its counts are of all that it did.
create table ledger.maintenance_turn (
    one    boolean     not null default true,
    holder text        collate "C",
    until  timestamptz not null default '-infinity',
    constraint maintenance_turn_pkey primary key (one),
    constraint maintenance_turn_one check (one)
);
insert into ledger.maintenance_turn default values;
comment on table ledger.maintenance_turn is 'The run of maintenance that is under way, and until when it has the word; by real time.';

-- What a run answered, so that its key answers so again.
alter table ledger.operator_requests add column answer text;
comment on column ledger.operator_requests.answer is 'What was answered, as JSON; null where the answer is how things stand.';

do $$
declare t text;
begin
    foreach t in array array['due_claims', 'maintenance_turn'] loop
        execute format('alter table ledger.%I enable row level security', t);
        execute format('create policy writer_all_tenants on ledger.%I to ledger_writer using (true) with check (true)', t);
    end loop;
end $$;
grant select, insert, update, delete on ledger.due_claims to ledger_writer;
grant select, update on ledger.maintenance_turn to ledger_writer;
