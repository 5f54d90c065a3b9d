-- Credits of lots whose payment is disputed: they count in the balance and are not available. Before there were disputes nothing was frozen.

alter table ledger.account_totals add column frozen numeric not null default 0;
alter table ledger.account_days add column frozen numeric not null default 0;
comment on column ledger.account_totals.held is 'What active holds reserve; balance - held - frozen is available.';
comment on column ledger.account_totals.frozen is 'What lots hold whose payment is disputed.';
comment on column ledger.account_totals.revoked is 'All that was taken back of purchases, less what failed refunds gave back.';
comment on column ledger.account_days.frozen is 'What lots held then whose payment was disputed.';
comment on column ledger.account_days.revoked is 'All that had been taken back of purchases by then, less what failed refunds had given back.';
comment on column ledger.transactions.total is 'What all transactions of this type up to this one come to, as the account''s totals count them: 0 or more, but for adjustments and transfers, which have a sign.';
