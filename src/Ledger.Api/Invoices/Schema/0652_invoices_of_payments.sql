-- Payments and their invoices are shown side by side.
create index invoices_of_payment on ledger.invoices (tenant_id, payment_id) where payment_id is not null;
