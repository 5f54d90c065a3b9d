-- A writer that decided ahead, on states that it kept in memory, states at which position it did so: if another writer has appended since, nothing is written.
create function ledger.expect_position(expected bigint) returns void language plpgsql as $$
begin
    if (select case when is_called then last_value else 0 end from ledger.mt_events_sequence) <> expected then
        raise exception 'another writer has appended since position %', expected using errcode = 'LG001';
    end if;
end $$;
comment on function ledger.expect_position is 'Raises LG001 where the last position is another one than expected. Called under the writer''s lock.';
