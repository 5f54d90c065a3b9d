using System.Collections.Immutable;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Domain.Subscriptions;

namespace Ledger.Domain.Payments;

/// <summary>A command on a payment and the account that it is for. Both are appended to in one commit, or neither.</summary>
public abstract record PaymentCommand
{
    /// <summary>The payment.</summary>
    public required PaymentId Payment { get; init; }

    /// <summary>The subscription that a payment which it begins would open or renew; null for none.</summary>
    public virtual SubscriptionId? Subscription => null;

    /// <summary>The same command with what is sold as it is in the catalogue now; null where nothing is sold.</summary>
    public virtual PaymentCommand WithItem(CatalogItem? item) => this;

    /// <summary>Hands the command to its handler.</summary>
    /// <param name="payment">The state of <see cref="Payment"/>; one without events where there is none.</param>
    /// <param name="account">The state of its account; null where the command knows of none.</param>
    /// <param name="past">What was loaded for it.</param>
    /// <param name="now">Business time, UTC, in whole microseconds, never before the last event of the payment or the account.</param>
    public abstract PaymentDecision Decide(Payment payment, Account? account, PaymentPast past, DateTimeOffset now);
}

/// <summary>What was loaded for a command besides the states.</summary>
/// <param name="AccountFacts">Facts of the account and its tenant: the purchase's lot, and who counted the payment.</param>
/// <param name="Refs">Which payments the provider's references of a fact lead to, by <see cref="Payments.Payment.RefName"/>; those that lead nowhere are not there.</param>
public sealed record PaymentPast(ImmutableArray<Fact> AccountFacts, ImmutableDictionary<string, PaymentId> Refs)
{
    /// <summary>Nothing was loaded.</summary>
    public static PaymentPast Empty { get; } = new([], ImmutableDictionary<string, PaymentId>.Empty);

    /// <summary>The account's subscription and invoices, and what the tenant has set.</summary>
    public BillingStates Billing { get; init; } = new();

    /// <summary>What any command on this payment may need of its account.</summary>
    public static Names NamesOf(PaymentId payment, TransactionId? purchase) =>
        purchase is { } bought ? Names.Of(FactName.Payment(payment.Value), FactName.Lot(bought.FirstLot)) : Names.Of(FactName.Payment(payment.Value));
}

/// <summary>What a command on a payment comes to.</summary>
public abstract record PaymentDecision
{
    private PaymentDecision()
    {
    }

    /// <summary>Refused; nothing is appended.</summary>
    public static PaymentDecision Refuse(Refusal refusal) => new Refused(refusal);

    /// <summary>Events to append; the payment's last one answers.</summary>
    /// <param name="Payment">Of the payment; at least one.</param>
    /// <param name="Account">Of its account; none where it stays as it is.</param>
    /// <param name="After">The payment after them.</param>
    public sealed record Accepted(ImmutableArray<PaymentEvent> Payment, ImmutableArray<AccountEvent> Account, Payment After) : PaymentDecision
    {
        /// <summary>Of other streams: the account's subscription, its invoices.</summary>
        public ImmutableArray<StreamEvents> Beside { get; init; } = [];

        /// <summary>What is left of its period's credits, and will be taken back with a refund that has begun, once all of the money has gone; null where nothing will.</summary>
        public Credits? PeriodCredits { get; init; }
    }

    /// <summary>Nothing has to change.</summary>
    /// <param name="Why">Why not, for a list of what was told.</param>
    public sealed record Nothing(string Why) : PaymentDecision;

    /// <summary>It can't be done yet: something else has to be known first. Try again later.</summary>
    /// <param name="Why">What is missing.</param>
    public sealed record Waits(string Why) : PaymentDecision;

    /// <summary>Refused for a reason.</summary>
    public sealed record Refused(Refusal Refusal) : PaymentDecision;
}
