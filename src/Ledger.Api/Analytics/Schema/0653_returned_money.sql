-- Where less was paid than had been asked, a credit note over the rest was never money: what came back is what the notes say beyond it.
create or replace view analytics.payments with (security_invoker = true) as
select p.id as payment_id, p.account_id, p.purpose, p.status, p.provider, p.currency, p.amount as amount_minor, p.refunded as refunded_minor, coalesce(greatest(i.credited - greatest(i.total - p.amount, 0), 0), p.refunded) as returned_minor,
       p.credit_amount as credits, p.revoked as credits_revoked, p.shortfall as credits_uncovered, p.item_kind, p.item_id, p.quantity, p.needs_attention, p.created_at, p.paid_at, i.number as invoice_number
from ledger.payments p
left join ledger.invoices i on i.tenant_id = p.tenant_id and i.payment_id = p.id;
