using System.Collections.Immutable;
using Ledger.Domain.Accounts;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Billing;

/// <summary>What a tenant has set that decisions about money follow.</summary>
public sealed record BillingPolicy
{
    /// <summary>The most days of grace.</summary>
    public const int GraceDaysMax = 90;

    /// <summary>As it is where nothing is set.</summary>
    public static BillingPolicy Default { get; } = new();

    /// <summary>Whether credits that were spent become debt when their money goes back; else they are a shortfall.</summary>
    public bool AllowsDebt { get; init; }

    /// <summary>How many days a subscription without its payment goes on; 0 to 90.</summary>
    public int GraceDays { get; init; } = 7;

    /// <summary>The tax that is in prices, in percent of the net amount, 0 to 100; 0 for none.</summary>
    public decimal TaxPercent { get; init; }

    /// <summary>The tax's name on invoices.</summary>
    public string? TaxName { get; init; }

    /// <summary>What invoices say of who sells; null where nothing is set.</summary>
    public Seller? Seller { get; init; }
}

/// <summary>What was loaded of an account and all that money moves beside it.</summary>
public sealed record BillingStates
{
    /// <summary>The account; an unopened one where there is none; null where no account is known.</summary>
    public Account? Account { get; init; }

    /// <summary>Facts of the account: lots that have ended, who counted a payment.</summary>
    public ImmutableArray<Fact> AccountFacts { get; init; } = [];

    /// <summary>The account's place for a subscription.</summary>
    public Subscriber Subscriber { get; init; } = new();

    /// <summary>Subscriptions by id: the live one, and the one that the command is about.</summary>
    public ImmutableDictionary<SubscriptionId, Subscription> Subscriptions { get; init; } = ImmutableDictionary<SubscriptionId, Subscription>.Empty;

    /// <summary>The tenant's invoice numbers.</summary>
    public Invoicing Invoicing { get; init; } = new();

    /// <summary>Invoices by id: those that the command may be about.</summary>
    public ImmutableDictionary<InvoiceId, Invoice> Invoices { get; init; } = ImmutableDictionary<InvoiceId, Invoice>.Empty;

    /// <summary>Payments by id: those that news of an invoice may be about. A command on a payment has its own beside this.</summary>
    public ImmutableDictionary<PaymentId, Payment> Payments { get; init; } = ImmutableDictionary<PaymentId, Payment>.Empty;

    /// <summary>Which payments the references of such news lead to, by <see cref="Payment.RefName"/>; those that lead nowhere are not there.</summary>
    public ImmutableDictionary<string, PaymentId> PaymentRefs { get; init; } = ImmutableDictionary<string, PaymentId>.Empty;

    /// <summary>What the tenant has set.</summary>
    public BillingPolicy Policy { get; init; } = BillingPolicy.Default;
}

/// <summary>Events of one stream besides the account's, in order.</summary>
/// <param name="Kind">The stream's kind: <c>subscriber</c>, <c>subscription</c>, <c>invoicing</c>, <c>invoice</c> or <c>payment</c>.</param>
/// <param name="Id">Its id within the kind.</param>
/// <param name="Events">At least one.</param>
public sealed record StreamEvents(string Kind, string Id, ImmutableArray<object> Events);
