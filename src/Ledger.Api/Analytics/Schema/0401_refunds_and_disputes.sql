-- What refunds and disputes of payments left, for analysts. A view only ever gains columns, at its end.

create or replace view analytics.accounts with (security_invoker = true) as
select a.id as account_id, a.owner_kind, a.owner_id, a.unit, a.status, e.timestamp as opened_at, t.recorded_at as last_activity_at,
       coalesce(t.balance, 0) as balance, coalesce(t.held, 0) as held, coalesce(t.balance - t.held, 0) as unheld, coalesce(t.purchased, 0) as purchased, coalesce(t.granted, 0) as granted,
       coalesce(t.consumed, 0) as consumed, coalesce(t.refunded, 0) as refunded, coalesce(t.revoked, 0) as revoked, coalesce(t.expired, 0) as expired, coalesce(t.adjusted, 0) as adjusted,
       coalesce(t.transferred, 0) as transferred,
       coalesce(t.frozen, 0) as frozen, coalesce(t.balance - t.held - t.frozen, 0) as available
from ledger.accounts a
left join ledger.account_totals t on t.tenant_id = a.tenant_id and t.account_id = a.id
left join ledger.mt_events e on e.seq_id = a.opened;
comment on column analytics.accounts.frozen is 'What lots hold whose payment is disputed: it counts in the balance and can''t be spent.';
comment on column analytics.accounts.available is 'balance - held - frozen: what may be spent without the overdraft.';

create or replace view analytics.lots with (security_invoker = true) as
select l.account_id, l.lot_id, l.kind, l.origin, l.source, l.priority, l.created_at, l.expires_at, l.amount, l.remaining, l.used, l.given_back, l.expired, l.revoked, l.adjusted, l.transferred,
       l.ended, l.currency, l.cost as cost_minor, l.cost_recognised as cost_recognised_minor, l.cost_expired as cost_expired_minor, l.cost_refunded as cost_refunded_minor,
       l.cost_adjusted as cost_adjusted_minor, l.cost_moved as cost_moved_minor, l.payment_id, l.parent_account_id, l.parent_lot_id,
       l.shortfall, l.disputes, l.disputes > 0 and l.remaining > 0 as frozen
from ledger.lots l;
comment on column analytics.lots.shortfall is 'Of what was refunded of its purchase: what nothing covered.';
comment on column analytics.lots.disputes is 'How many disputes of its payment are open.';
comment on column analytics.lots.frozen is 'Whether it holds something that can''t be spent, because its payment is disputed.';

create or replace view analytics.purchases with (security_invoker = true) as
select l.account_id, l.lot_id, l.created_at as bought_at, l.amount as credits, l.cost as price_minor, l.currency, l.payment_id, l.used - l.given_back - l.replaced as credits_used, l.expired as credits_expired,
       l.purchase_refunded as credits_refunded, l.remaining as credits_remaining, l.replaced as credits_replaced, l.transferred as credits_transferred, l.revoked as credits_revoked, l.adjusted as credits_adjusted,
       div(l.cost::numeric * l.purchase_refunded, l.amount) as refunded_minor,
       l.shortfall as credits_uncovered
from ledger.lots l
where l.origin = 'purchase';
comment on column analytics.purchases.credits_uncovered is 'Of credits_refunded: what nothing covered, a loss.';
