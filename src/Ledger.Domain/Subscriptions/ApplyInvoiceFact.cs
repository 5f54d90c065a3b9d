using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Payments;

namespace Ledger.Domain.Subscriptions;

/// <summary>A provider told of an invoice of a subscription. It is safe to apply twice and late. Its plan is the one that the provider's price leads to, where one does.</summary>
public sealed record ApplyInvoiceFact : SubscriptionCommand
{
    /// <summary>What was told.</summary>
    public required InvoiceTold Fact { get; init; }

    /// <summary>The tenant that it came for, as clients name it.</summary>
    public required string Tenant { get; init; }

    /// <inheritdoc/>
    public override SubscriptionDecision Decide(BillingDraft draft, CatalogItem? plan) => ApplyInvoiceFactHandler.Handle(this, draft, plan);
}

/// <summary>Applies what providers tell of invoices.</summary>
public static class ApplyInvoiceFactHandler
{
    /// <summary>x</summary>
    public static SubscriptionDecision Handle(ApplyInvoiceFact command, BillingDraft draft, CatalogItem? plan) => SubscriptionDecision.Refuse(new SubscriptionNotFound(command.Subscription));
}
