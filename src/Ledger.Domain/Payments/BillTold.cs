using Ledger.Domain.Invoices;

namespace Ledger.Domain.Payments;

// What a provider's invoice says besides its payment.
internal sealed record BillTold(ValueList<InvoiceLine>? Lines, Money? Discount, string? HostedUrl);
