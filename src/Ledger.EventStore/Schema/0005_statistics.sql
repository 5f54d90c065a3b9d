-- Nobody plans by what stands in these columns, and sampling long JSON costs the automatic ANALYZE more than all else (a tenth of two cores under load).
-- Marten does not look at statistics targets, so this is no drift of its tables.
alter table ledger.mt_events alter column data set statistics 0, alter column headers set statistics 0, alter column id set statistics 0,
    alter column correlation_id set statistics 0, alter column causation_id set statistics 0;
alter table ledger.stream_states alter column state set statistics 0, alter column hash set statistics 0;
alter table ledger.stream_checkpoints alter column state set statistics 0, alter column hash set statistics 0;
alter table ledger.idempotency_keys alter column fingerprint set statistics 0;
alter table ledger.facts alter column data set statistics 0;
