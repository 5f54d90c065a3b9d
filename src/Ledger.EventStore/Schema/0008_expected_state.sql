-- A writer that decided on what it has in memory states all that it took for granted: the last position, and the time. Either may have moved since.
create function ledger.expect_state(expected bigint, assumed timestamptz) returns void language plpgsql as $$
declare
    position bigint;
    shifted timestamptz;
begin
    select case when s.is_called then s.last_value else 0 end, clock_timestamp() + c.shift into position, shifted from ledger.mt_events_sequence s, ledger.clock c;
    if position <> expected then
        raise exception 'another writer has appended since position %', expected using errcode = 'LG001';
    end if;
    if assumed not between shifted - interval '1 second' and shifted + interval '1 second' then
        raise exception 'it was decided at %, and now is %', assumed, shifted using errcode = 'LG002';
    end if;
end $$;
comment on function ledger.expect_state is 'Raises LG001 where the last position is another one than expected, and LG002 where the time is more than a second from what was assumed. Called under the writer''s lock.';
