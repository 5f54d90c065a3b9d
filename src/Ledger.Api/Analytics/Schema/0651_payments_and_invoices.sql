-- Money for analysts: payments and invoices, one by one and by day. It stands behind both tables, so it has a later number than the other views.
do $$
declare t text;
begin
    foreach t in array array['payments', 'invoices'] loop
        execute format('create policy analyst_own_tenant on ledger.%I for select to ledger_analyst using (tenant_id = (select ledger.sql_tenant()))', t);
        execute format('create policy reader_own_accounts on ledger.%I for select to ledger_reader using (tenant_id = (select ledger.sql_tenant()) and account_id = any ((select ledger.sql_accounts())::text[]))', t);
        execute format('grant select on ledger.%I to ledger_analyst, ledger_reader', t);
    end loop;
end $$;

create view analytics.payments with (security_invoker = true) as
select p.id as payment_id, p.account_id, p.purpose, p.status, p.provider, p.currency, p.amount as amount_minor, p.refunded as refunded_minor, coalesce(i.credited, p.refunded) as returned_minor,
       p.credit_amount as credits, p.revoked as credits_revoked, p.shortfall as credits_uncovered, p.item_kind, p.item_id, p.quantity, p.needs_attention, p.created_at, p.paid_at, i.number as invoice_number
from ledger.payments p
left join ledger.invoices i on i.tenant_id = p.tenant_id and i.payment_id = p.id;
comment on view analytics.payments is 'Each payment as it is now.';
comment on column analytics.payments.payment_id is 'The payment.';
comment on column analytics.payments.account_id is 'The account that it is for.';
comment on column analytics.payments.purpose is 'credits, subscription or product.';
comment on column analytics.payments.status is 'Where it stands.';
comment on column analytics.payments.provider is 'The provider; null where nothing was to be paid.';
comment on column analytics.payments.currency is 'ISO 4217, lower case.';
comment on column analytics.payments.amount_minor is 'What is to be paid, or was, in minor units.';
comment on column analytics.payments.refunded_minor is 'What was refunded, or is about to be.';
comment on column analytics.payments.returned_minor is 'All that went back: refunds, lost disputes, reversals.';
comment on column analytics.payments.credits is 'The credits that it buys; null where it buys none.';
comment on column analytics.payments.credits_revoked is 'Credits that were taken back.';
comment on column analytics.payments.credits_uncovered is 'Credits that should have been taken back and could not be.';
comment on column analytics.payments.item_kind is 'package, plan or product; null for a payment that was not begun here.';
comment on column analytics.payments.item_id is 'What was sold, by its id in the catalogue.';
comment on column analytics.payments.quantity is 'How many were sold.';
comment on column analytics.payments.needs_attention is 'Whether somebody has to look at it.';
comment on column analytics.payments.created_at is 'When it began.';
comment on column analytics.payments.paid_at is 'When it was paid; null where it was not.';
comment on column analytics.payments.invoice_number is 'The number of its invoice; null where it has none.';

create view analytics.payments_daily with (security_invoker = true) as
select p.account_id, (p.paid_at at time zone 'UTC')::date as day, p.currency, p.provider, count(*) as payments, sum(p.amount_minor)::bigint as received_minor, sum(p.returned_minor)::bigint as returned_minor,
       sum(p.amount_minor - p.returned_minor)::bigint as kept_minor
from analytics.payments p
where p.paid_at is not null and p.amount_minor > 0
group by p.account_id, (p.paid_at at time zone 'UTC')::date, p.currency, p.provider;
comment on view analytics.payments_daily is 'Money of an account by the day of payment (UTC), currency and provider. What went back later is shown on the day on which it had been paid.';
comment on column analytics.payments_daily.account_id is 'The account.';
comment on column analytics.payments_daily.day is 'The day of payment, UTC.';
comment on column analytics.payments_daily.currency is 'ISO 4217, lower case.';
comment on column analytics.payments_daily.provider is 'The provider.';
comment on column analytics.payments_daily.payments is 'How many.';
comment on column analytics.payments_daily.received_minor is 'What came, in minor units.';
comment on column analytics.payments_daily.returned_minor is 'What went back of it by now.';
comment on column analytics.payments_daily.kept_minor is 'What stayed.';

create view analytics.invoices with (security_invoker = true) as
select i.id as invoice_id, i.number, i.account_id, i.payment_id, i.subscription_id, i.status, i.currency, i.subtotal as subtotal_minor, i.discount as discount_minor, i.total - i.tax as net_minor, i.tax as tax_minor,
       i.total as total_minor, i.credited as credited_minor, i.issued_at, i.due_at, i.paid_at
from ledger.invoices i;
comment on view analytics.invoices is 'Each invoice as it is now.';
comment on column analytics.invoices.invoice_id is 'The invoice.';
comment on column analytics.invoices.number is 'Its number, without gaps within a year.';
comment on column analytics.invoices.account_id is 'The account that it is for.';
comment on column analytics.invoices.payment_id is 'The payment that it is for; null where none was made here.';
comment on column analytics.invoices.subscription_id is 'The subscription that it is for; null where it is for none.';
comment on column analytics.invoices.status is 'pending, paid, failed, refunded or void.';
comment on column analytics.invoices.currency is 'ISO 4217, lower case.';
comment on column analytics.invoices.subtotal_minor is 'The sum of its lines, in minor units.';
comment on column analytics.invoices.discount_minor is 'What is taken off that.';
comment on column analytics.invoices.net_minor is 'The total without its tax.';
comment on column analytics.invoices.tax_minor is 'The tax in the total.';
comment on column analytics.invoices.total_minor is 'What is to be paid.';
comment on column analytics.invoices.credited_minor is 'What its credit notes come to.';
comment on column analytics.invoices.issued_at is 'When it was written.';
comment on column analytics.invoices.due_at is 'When it has to be paid; null where it was paid when it was written.';
comment on column analytics.invoices.paid_at is 'When it was paid; null where it was not.';

create view analytics.invoices_daily with (security_invoker = true) as
select i.account_id, (i.issued_at at time zone 'UTC')::date as day, i.currency, count(*) as invoices, count(*) filter (where i.paid_at is not null) as paid, sum(i.total)::bigint as total_minor, sum(i.total - i.tax)::bigint as net_minor,
       sum(i.tax)::bigint as tax_minor, coalesce(sum(i.total) filter (where i.paid_at is not null), 0)::bigint as paid_minor, sum(i.credited)::bigint as credited_minor
from ledger.invoices i
where i.status <> 'void'
group by i.account_id, (i.issued_at at time zone 'UTC')::date, i.currency;
comment on view analytics.invoices_daily is 'Invoices of an account by the day of issue (UTC) and currency, those that were taken back aside.';
comment on column analytics.invoices_daily.account_id is 'The account.';
comment on column analytics.invoices_daily.day is 'The day of issue, UTC.';
comment on column analytics.invoices_daily.currency is 'ISO 4217, lower case.';
comment on column analytics.invoices_daily.invoices is 'How many.';
comment on column analytics.invoices_daily.paid is 'How many of them are paid.';
comment on column analytics.invoices_daily.total_minor is 'Their totals, in minor units.';
comment on column analytics.invoices_daily.net_minor is 'Their totals without taxes.';
comment on column analytics.invoices_daily.tax_minor is 'The taxes in them.';
comment on column analytics.invoices_daily.paid_minor is 'The totals of those that are paid.';
comment on column analytics.invoices_daily.credited_minor is 'What their credit notes come to by now.';

grant select on analytics.payments, analytics.payments_daily, analytics.invoices, analytics.invoices_daily to ledger_analyst, ledger_reader;
