-- Numbers of the parts that rebuilds make: none is given twice, so nobody who is late can take a new part for the one that he was filling.
create sequence ledger.table_parts start with 2 maxvalue 999999999;
comment on sequence ledger.table_parts is 'The numbers in the names of tables that rebuilds make and put in place.';
grant usage on sequence ledger.table_parts to ledger_writer;
