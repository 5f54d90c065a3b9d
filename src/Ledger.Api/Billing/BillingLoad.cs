using System.Collections.Immutable;
using Ledger.Api.Commands;
using Ledger.Domain;
using Ledger.Domain.Accounts;
using Ledger.Domain.Billing;
using Ledger.Domain.Catalog;
using Ledger.Api.Payments;
using Ledger.Domain.Invoices;
using Ledger.Domain.Payments;
using Ledger.Domain.Subscriptions;
using Ledger.EventStore;
using FactName = Ledger.Domain.Accounts.FactName;

namespace Ledger.Api.Billing;

/// <summary>
/// What a command that may move an account's subscription or invoices has to have loaded: the account, its place for a subscription, the tenant's invoice numbers, then (from what these say) the
/// live subscription. One place names it and reads it, for payments and subscriptions alike.
/// </summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Account">The account; null where none is known, and then nothing is loaded.</param>
/// <param name="Policy">What the tenant has set.</param>
internal sealed record BillingLoad(string Tenant, AccountId? Account, BillingPolicy Policy)
{
    /// <summary>Facts of the account that the command names by itself.</summary>
    public ImmutableArray<FactName> Facts { get; init; } = [];

    /// <summary>The subscription that the command is about; the live one is loaded besides.</summary>
    public SubscriptionId? Subscription { get; init; }

    /// <summary>Invoices that the command may be about.</summary>
    public ImmutableArray<InvoiceId> Invoices { get; init; } = [];

    /// <summary>Payments that the command may be about, where it is no command on a payment.</summary>
    public ImmutableArray<PaymentId> Payments { get; init; } = [];

    /// <summary>References that say which of them it is about.</summary>
    public ImmutableArray<string> PaymentRefs { get; init; } = [];

    /// <summary>No command goes on for more periods of a subscription than this.</summary>
    public const int PeriodsMax = 120;

    /// <summary>The invoices of a subscription that a command may write by a time: those of the running period, of all that have begun by then, and of the next, which may be begun early.</summary>
    /// <param name="subscription">As it is.</param>
    /// <param name="now">Business time.</param>
    public static IEnumerable<InvoiceId> InvoicesOf(Subscription subscription, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        if (!subscription.Exists) return [InvoiceId.Of(subscription.Id, 1)];
        var shortest = subscription.Plan.Terms.Interval == PlanInterval.Month || subscription.Scheduled?.Plan.Terms.Interval == PlanInterval.Month ? 28 : 365;
        var begun = (subscription.CurrentPeriodEnd ?? subscription.StartsAt) is { } end && end <= now ? (int)Math.Min(PeriodsMax, ((now - end).TotalDays / shortest) + 1) : 0;
        var first = Math.Max(1, subscription.Period);
        return Enumerable.Range(0, begun + 2).Select(n => InvoiceId.Of(subscription.Id, first + n));
    }

    /// <summary>Whether an invoice that may be written was not named: the subscriptions are others by now than when they were looked at, and must be looked at again.</summary>
    public bool LacksInvoices(IDecisionContext context, DateTimeOffset now) =>
        Account is not null && Ids(context).Any(id => InvoicesOf((Subscription)context.State(SubscriptionModel.StreamOf(Tenant, id)), now).Any(invoice => !Invoices.Contains(invoice)));

    /// <summary>Whether a reference leads to a payment that was not named: it has been opened, or learnt, since it was looked at.</summary>
    public bool LacksPayment(IDecisionContext context) => PaymentRefs.Any(reference => LedTo(context, reference) is { } led && !Payments.Contains(led));

    /// <summary>Names what is known before anything is loaded.</summary>
    public void Name(Needs needs)
    {
        if (Account is not { } account) return;
        var stream = AccountModel.StreamOf(Tenant, account);
        needs.Stream(stream);
        needs.Stream(SubscriberModel.StreamOf(Tenant, account));
        needs.Stream(InvoicingModel.StreamOf(Tenant));
        foreach (var fact in Facts) needs.Fact(AccountModel.Name(stream, fact));
        foreach (var invoice in Invoices) needs.Stream(InvoiceModel.StreamOf(Tenant, invoice));
        foreach (var payment in Payments) needs.Stream(PaymentModel.StreamOf(Tenant, payment));
        foreach (var reference in PaymentRefs) needs.Fact(PaymentModel.RefOf(Tenant, reference));
        if (Subscription is { } subscription) needs.Stream(SubscriptionModel.StreamOf(Tenant, subscription));
    }

    /// <summary>Names what follows from that: the live subscription.</summary>
    public void NameMore(IDecisionContext loaded, Needs needs)
    {
        foreach (var id in Ids(loaded)) needs.Stream(SubscriptionModel.StreamOf(Tenant, id));
    }

    /// <summary>All streams that time must not run back on.</summary>
    public IEnumerable<StreamRef> Streams(IDecisionContext context)
    {
        if (Account is not { } account) yield break;
        yield return AccountModel.StreamOf(Tenant, account);
        yield return SubscriberModel.StreamOf(Tenant, account);
        yield return InvoicingModel.StreamOf(Tenant);
        foreach (var id in Ids(context)) yield return SubscriptionModel.StreamOf(Tenant, id);
        foreach (var invoice in Invoices) yield return InvoiceModel.StreamOf(Tenant, invoice);
        foreach (var payment in Payments) yield return PaymentModel.StreamOf(Tenant, payment);
    }

    /// <summary>Reads all of it.</summary>
    public BillingStates Read(IDecisionContext context)
    {
        if (Account is not { } account) return new BillingStates { Policy = Policy };
        var stream = AccountModel.StreamOf(Tenant, account);
        var subscriptions = Ids(context).ToImmutableDictionary(id => id, id => (Subscription)context.State(SubscriptionModel.StreamOf(Tenant, id)));
        var facts = ImmutableArray.CreateBuilder<Fact>();
        foreach (var name in Facts)
        {
            if (context.Fact(AccountModel.Name(stream, name)) is { } json) facts.Add(new Fact(name, EventJson.ReadFact(name.Kind, json)));
        }

        return new BillingStates
        {
            Account = (Account)context.State(stream),
            AccountFacts = facts.ToImmutable(),
            Subscriber = (Subscriber)context.State(SubscriberModel.StreamOf(Tenant, account)),
            Subscriptions = subscriptions,
            Invoicing = (Invoicing)context.State(InvoicingModel.StreamOf(Tenant)),
            Invoices = Invoices.ToImmutableDictionary(id => id, id => (Invoice)context.State(InvoiceModel.StreamOf(Tenant, id))),
            Payments = Payments.ToImmutableDictionary(id => id, id => (Payment)context.State(PaymentModel.StreamOf(Tenant, id))),
            PaymentRefs = PaymentRefs.Where(reference => LedTo(context, reference) is not null).Distinct().ToImmutableDictionary(reference => reference, reference => LedTo(context, reference)!.Value),
            Policy = Policy,
        };
    }

    /// <summary>What a decision appends besides the account's events.</summary>
    public IEnumerable<Append> Appends(ImmutableArray<StreamEvents> beside) => beside.Select(stream => new Append(new StreamRef(Tenant, $"{stream.Kind}/{stream.Id}"), stream.Events));

    private PaymentId? LedTo(IDecisionContext context, string reference) => context.Fact(PaymentModel.RefOf(Tenant, reference)) is { } led ? PaymentModel.LedTo(led) : null;

    private IEnumerable<SubscriptionId> Ids(IDecisionContext context)
    {
        if (Subscription is { } own) yield return own;
        if (((Subscriber)context.State(SubscriberModel.StreamOf(Tenant, Account!.Value))).Live is { } live && live != Subscription) yield return live;
    }
}
